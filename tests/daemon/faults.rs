use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::{Daemon, Engine, Gate, Gated, folder, on_each_engine, rules_in, text};

on_each_engine! {
    without_the_gate_dockerd_refuses_everything_and_goes_on_when_it_is_back,
    a_request_that_dockerd_sends_again_without_its_body_is_refused,
}

fn without_the_gate_dockerd_refuses_everything_and_goes_on_when_it_is_back(engine: Engine) {
    // In this order, so that the folder is the last to go.
    let Gated {
        folder,
        daemon,
        gate,
    } = Gated::start(engine, "", false, &[]);
    assert!(daemon.docker(&["ps"]).status.success());
    drop(gate);
    // At once, since dockerd tries for a quarter of a minute to reach its plugin before it refuses.
    std::thread::scope(|scope| {
        for request in ["GET /info none ", "POST /v1.41/volumes/create json {}"] {
            let daemon = &daemon;
            scope.spawn(move || {
                let (status, answer) = daemon.raw(&crate::hostile::bytes(request));
                assert_eq!(status, 500, "{answer}");
                assert!(
                    answer.contains("plugin lockgate failed with error"),
                    "{answer}"
                );
            });
        }
    });
    let socket = folder.path().join("plugins/lockgate.sock");
    let _gate = Gate::start(folder.path(), &socket, "", false);
    let volumes = daemon.docker(&["volume", "ls", "--quiet"]);
    assert!(volumes.status.success(), "{volumes:?}");
    assert_eq!(text(&volumes.stdout), "");
}

fn a_request_that_dockerd_sends_again_without_its_body_is_refused(engine: Engine) {
    let folder = folder();
    let plugins = folder.path().join("plugins");
    std::fs::create_dir(&plugins).unwrap();
    let inner = folder.path().join("gate.sock");
    let _gate = Gate::start(folder.path(), &inner, "", false);
    let cut = Arc::new(AtomicBool::new(false));
    forward(&plugins.join("lockgate.sock"), &inner, Arc::clone(&cut));
    let daemon = Daemon::start(engine, folder.path(), &[]);
    cut.store(true, Ordering::SeqCst);
    let body = r#"{"Image":"lockgate/busybox","HostConfig":{"Privileged":true}}"#;
    let request = crate::hostile::bytes(&format!("POST /v1.41/containers/create json {body}"));
    let (status, answer) = daemon.raw(&request);
    assert!(!cut.load(Ordering::SeqCst), "no connection was cut");
    assert_eq!(status, 403, "{answer}");
    assert_eq!(rules_in(&answer), ["unreadable-envelope"]);
    assert!(answer.contains("send it again"), "{answer}");
    assert_eq!(daemon.containers(), 0);
}

/// Hands connections on to the gate; while `cut` is set, the next call is read whole and then its
/// connection closed, as a gate does that dies in the middle.
fn forward(from: &Path, to: &Path, cut: Arc<AtomicBool>) {
    let listener = UnixListener::bind(from).unwrap();
    let to = to.to_owned();
    std::thread::spawn(move || {
        for outer in listener.incoming() {
            let (mut outer, inner) = (outer.unwrap(), UnixStream::connect(&to).unwrap());
            let (mut back_to, mut back_from) =
                (outer.try_clone().unwrap(), inner.try_clone().unwrap());
            let cut = Arc::clone(&cut);
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut back_from, &mut back_to);
            });
            std::thread::spawn(move || {
                let mut inner = inner;
                let mut buffer = vec![0; 1 << 20];
                while let Ok(read @ 1..) = outer.read(&mut buffer) {
                    // One read holds a call of this size: dockerd writes it in one go.
                    if cut.swap(false, Ordering::SeqCst) {
                        break;
                    }
                    if inner.write_all(&buffer[..read]).is_err() {
                        break;
                    }
                }
                let _ = outer.shutdown(Shutdown::Both);
                let _ = inner.shutdown(Shutdown::Both);
            });
        }
    });
}
