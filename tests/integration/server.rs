use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use lockgate::protocol::{AUTHZ_REQ, AUTHZ_RES};
use serde_json::json;

use crate::support::{
    Connection, HungFolder, Serve, Served, ask, create, decisions, envelope, hardened,
    hardened_with, head, ids_in, wait_until,
};

const HOST_PID_OFF: &str = "[rules.host-pid]\nmode = \"off\"\n";

fn host_pid() -> Vec<u8> {
    create(&hardened_with("PidMode", json!("host")))
}

/// Whether a container with `--pid=host` is refused, by name.
fn refuses_host_pid(served: &Served) -> bool {
    let reply = served.ask(&host_pid());
    assert_eq!(
        ids_in(&reply.msg),
        if reply.allow {
            vec![]
        } else {
            vec!["host-pid"]
        }
    );
    !reply.allow
}

fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

// === The socket ===

#[test]
fn the_socket_is_roots_alone_and_its_folder_is_made() {
    let serve = Serve::with_policy("");
    let folder = serve.at("new/folder");
    let _served = serve.option("--socket", folder.join("gate.sock")).start();
    assert_eq!(mode_of(&folder.join("gate.sock")), 0o600);
    let names: Vec<OsString> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name())
        .collect();
    assert_eq!(names, ["gate.sock"], "a draft was left behind");
}

#[test]
fn a_living_socket_is_not_taken_away() {
    let first = Serve::new("").start();
    let (code, stderr, _) = Serve::with_policy("")
        .option("--socket", first.socket())
        .fail();
    assert_eq!(code, Some(1));
    let path = first.socket();
    assert!(
        stderr.contains(&format!(
            "lockgate: another gate is listening on `{}`; stop it first, or choose another --socket\n",
            path.display()
        )),
        "{stderr}"
    );
    assert!(first.ask(&create(&hardened())).allow);
}

#[test]
fn a_file_or_a_link_is_not_taken_away() {
    let serve = Serve::new("");
    fs::write(serve.at("gate.sock"), "precious").unwrap();
    let (code, stderr, folder) = serve.fail();
    assert_eq!(code, Some(1));
    assert!(
        stderr.contains("is not a socket; remove it, or choose another --socket"),
        "{stderr}"
    );
    let file = folder.path().join("gate.sock");
    assert_eq!(fs::read_to_string(file).unwrap(), "precious");
    let serve = Serve::new("");
    symlink(serve.at("elsewhere"), serve.at("gate.sock")).unwrap();
    let (code, stderr, folder) = serve.fail();
    assert_eq!(code, Some(1));
    assert!(stderr.contains("is not a socket"), "{stderr}");
    assert!(folder.path().join("gate.sock").is_symlink());
}

#[test]
fn a_dead_socket_is_replaced() {
    let serve = Serve::new("");
    drop(UnixListener::bind(serve.at("gate.sock")).unwrap());
    assert!(serve.start().ask(&create(&hardened())).allow);
}

#[test]
fn only_root_is_answered() {
    // As somebody else would come in if the mode of the socket were opened by mistake.
    const ASK: &str = "
import socket, sys
gate = socket.socket(socket.AF_UNIX)
gate.settimeout(20)
gate.connect(sys.argv[1])
try:
    gate.sendall(b'POST /Plugin.Activate HTTP/1.1\\r\\nHost:\\r\\nContent-Length: 0\\r\\n\\r\\n')
    print(gate.recv(1000))
except (BrokenPipeError, ConnectionResetError):
    print(b'')
";
    let served = Serve::new("").start();
    let open = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    open(served.folder.path(), 0o755);
    open(&served.socket(), 0o777);
    let ask_as = |user: u32| {
        let output = Command::new("python3")
            .args(["-c", ASK])
            .arg(served.socket())
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .current_dir("/")
            .uid(user)
            .gid(user)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(ask_as(0).contains("HTTP/1.1 200 OK"));
    assert_eq!(ask_as(65534), "b''\n");
    let stderr = served.stderr();
    assert!(
        stderr.contains("user 65534 is not root and was not answered on the socket"),
        "{stderr}"
    );
    assert!(served.ask(&create(&hardened())).allow);
}

#[test]
fn systemd_hands_its_socket_over_and_keeps_it() {
    let mut activate = Command::new("systemd-socket-activate");
    activate.env_clear().env("PATH", "/usr/bin:/bin");
    let serve = Serve::through(activate);
    let socket = serve.at("from-systemd.sock");
    fs::write(serve.at("policy.toml"), "").unwrap();
    let mut notify = OsString::from("NOTIFY_SOCKET=");
    notify.push(serve.at("notify"));
    let (policy, log) = (serve.at("policy.toml"), serve.at("decisions.log"));
    // Not at this one: what systemd hands over comes first.
    let unused = serve.at("unused.sock");
    let mut served = serve
        .option("--listen", &socket)
        .option("--setenv", notify)
        .flag(env!("CARGO_BIN_EXE_lockgate"))
        .flag("serve")
        .option("--policy", policy)
        .option("--socket", &unused)
        .option("--log", log)
        .spawn();
    // The first who asks starts it, and waits.
    wait_until("systemd listens", || UnixStream::connect(&socket).is_ok());
    assert_eq!(ids_in(&ask(&socket, &host_pid()).msg), ["host-pid"]);
    assert_eq!(served.told(), "READY=1");
    assert!(!unused.exists());
    served.signal("TERM");
    assert_eq!(served.end(), Some(0));
    assert!(socket.exists(), "the socket is systemd's to remove");
    let stderr = served.stderr();
    assert!(
        stderr.contains("listening on the socket that systemd handed over"),
        "{stderr}"
    );
}

// === Its end ===

/// A gate in the middle of a call that ends it when it is stopped, with the rest of the call.
fn stopped_in_the_middle_of_a_call() -> (Served, Connection, Vec<u8>) {
    let served = Serve::new("").start();
    let body = host_pid();
    let mut running = Connection::open(&served.socket());
    running.send(&head(AUTHZ_REQ, "", body.len()));
    running.send(&body[..10]);
    // Accepted after the first one; and an idle connection must not hold the end up.
    let mut idle = Connection::open(&served.socket());
    assert!(idle.ask(AUTHZ_RES, b"").reply().allow);
    served.signal("TERM");
    assert_eq!(served.told(), "STOPPING=1");
    wait_until("nobody new is let in", || {
        UnixStream::connect(served.socket()).is_err()
    });
    (served, running, body[10..].to_vec())
}

#[test]
fn the_end_waits_for_a_call_that_runs() {
    let (mut served, mut running, rest) = stopped_in_the_middle_of_a_call();
    running.send(&rest);
    assert_eq!(ids_in(&running.receive().reply().msg), ["host-pid"]);
    assert_eq!(served.end(), Some(0));
    assert!(!served.socket().exists());
    // Its decision is in the log all the same.
    assert_eq!(served.decisions(1)[0]["verdict"], "deny");
}

#[test]
fn the_end_leaves_the_socket_of_a_successor_alone() {
    let (mut first, mut running, rest) = stopped_in_the_middle_of_a_call();
    let second = Serve::with_policy("")
        .option("--socket", first.socket())
        .start();
    running.send(&rest);
    assert!(!running.receive().reply().allow);
    assert_eq!(first.end(), Some(0));
    assert!(
        first.socket().exists(),
        "the first gate removed the socket of the second"
    );
    assert!(ask(&first.socket(), &create(&hardened())).allow);
    drop(second);
}

#[test]
fn sigint_ends_it_too() {
    let mut served = Serve::new("").start();
    served.signal("INT");
    assert_eq!(served.end(), Some(0));
    assert!(!served.socket().exists());
}

// === Reload ===

#[test]
fn a_reload_takes_the_new_policy() {
    let served = Serve::new("").start();
    assert!(refuses_host_pid(&served));
    fs::write(served.at("policy.toml"), HOST_PID_OFF).unwrap();
    // Not before it is told: a file that is half written is no policy.
    assert!(refuses_host_pid(&served));
    assert!(served.reload().contains("reloaded"));
    assert!(!refuses_host_pid(&served));
    let logged = served.decisions(3);
    let digest = |at: usize| logged[at]["policy"]["digest"].as_str().unwrap();
    assert_eq!(digest(0), digest(1));
    assert_ne!(digest(0), digest(2));
}

#[test]
fn a_reload_of_a_bad_or_missing_policy_keeps_the_last_good_one() {
    let served = Serve::new("[rules.host-uts]\nmode = \"off\"\n").start();
    let uts = create(&hardened_with("UTSMode", json!("host")));
    let fails_and_the_old_one_holds = || {
        let status = served.reload();
        assert!(status.contains("the last reload failed"), "{status}");
        assert!(refuses_host_pid(&served));
        assert!(served.ask(&uts).allow);
    };
    let faulty = "[rules.host-pid]\nmode = \"of\"\n";
    fs::write(served.at("policy.toml"), faulty).unwrap();
    fails_and_the_old_one_holds();
    let stderr = served.stderr();
    assert!(
        stderr.contains("the policy was not reloaded, the last good one holds")
            && stderr.contains("policy.toml:2:8: unknown value `of`"),
        "{stderr}"
    );
    fs::remove_file(served.at("policy.toml")).unwrap();
    fails_and_the_old_one_holds();
    let stderr = served.stderr();
    assert!(
        stderr.contains("policy.toml: the policy cannot be read: No such file"),
        "{stderr}"
    );
    // And it can be mended.
    fs::write(served.at("policy.toml"), "").unwrap();
    assert!(served.reload().contains("reloaded"));
    assert_eq!(ids_in(&served.ask(&uts).msg), ["host-uts"]);
}

#[test]
fn the_usual_file_may_be_missing_until_it_was_there() {
    let serve = Serve::bare();
    let (root, socket) = (serve.at("host"), serve.at("gate.sock"));
    fs::create_dir_all(root.join("etc/lockgate")).unwrap();
    let file = root.join("etc/lockgate/policy.toml");
    let served = serve
        .option("--socket", socket)
        .option("--host-root", root)
        .start();
    let stderr = served.stderr();
    assert!(stderr.contains("policy built-in default"), "{stderr}");
    assert!(refuses_host_pid(&served));
    fs::write(&file, HOST_PID_OFF).unwrap();
    assert!(served.reload().contains("reloaded"));
    assert!(!refuses_host_pid(&served));
    fs::remove_file(&file).unwrap();
    assert!(served.reload().contains("the last reload failed"));
    assert!(!refuses_host_pid(&served), "the built-in policy took over");
}

#[test]
fn calls_during_reloads_are_answered_by_one_policy_or_the_other() {
    let served = Serve::new("").start();
    thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut connection = Connection::open(&served.socket());
            for _ in 0..300 {
                let reply = connection.ask(AUTHZ_REQ, &host_pid()).reply();
                assert!(reply.allow || ids_in(&reply.msg) == ["host-pid"]);
            }
        });
        for policy in ["", HOST_PID_OFF].iter().cycle().take(20) {
            fs::write(served.at("policy.toml"), policy).unwrap();
            assert!(served.reload().contains("reloaded"));
        }
        asking.join().unwrap();
    });
}

// === Options ===

#[test]
fn a_bad_policy_stops_it_with_line_and_caret() {
    let (code, stderr, folder) = Serve::new("[rules.host-netwrok]\nmode = \"deny\"\n").fail();
    assert_eq!(code, Some(3));
    let start = format!(
        "lockgate: {}:1:8: unknown key `host-netwrok`; did you mean `host-network`?",
        folder.path().join("policy.toml").display()
    );
    let end = "\n   |\n 1 | [rules.host-netwrok]\n   |        ^^^^^^^^^^^^\n";
    assert!(
        stderr.starts_with(&start) && stderr.ends_with(end),
        "{stderr}"
    );
    assert!(!folder.path().join("gate.sock").exists());
}

#[test]
fn a_policy_file_that_was_named_has_to_be_there() {
    let serve = Serve::new("");
    fs::remove_file(serve.at("policy.toml")).unwrap();
    let (code, stderr, _) = serve.fail();
    assert_eq!(code, Some(3));
    assert!(stderr.contains("the policy cannot be read"), "{stderr}");
}

#[test]
fn faults_that_are_not_the_policys_end_with_one() {
    let serve = Serve::new("");
    fs::create_dir(serve.at("decisions.log")).unwrap();
    let (code, stderr, _) = serve.fail();
    assert_eq!(code, Some(1));
    assert!(
        stderr.contains("lockgate: cannot open the decision log"),
        "{stderr}"
    );
    let (code, stderr, _) = Serve::new("").variable("LOCKGATE_AUDIT", "perhaps").fail();
    assert_eq!(code, Some(1));
    assert!(stderr.contains("write `true` or `false`"), "{stderr}");
    let (code, stderr, _) = Serve::new("").flag("--adit").fail();
    assert_eq!(code, Some(1));
    assert!(stderr.contains("--audit"), "{stderr}");
}

#[test]
fn audit_is_switched_on_by_flag_environment_or_file() {
    let audits = |serve: Serve| !refuses_host_pid(&serve.start());
    assert!(!audits(Serve::new("")));
    assert!(audits(Serve::new("mode = \"audit\"\n")));
    assert!(audits(Serve::new("mode = \"enforce\"\n").flag("--audit")));
    for (value, audit) in [("1", true), ("true", true), ("0", false), ("", false)] {
        let by_variable = Serve::new("mode = \"enforce\"\n").variable("LOCKGATE_AUDIT", value);
        assert_eq!(audits(by_variable), audit, "{value:?}");
    }
    let both = Serve::new("").flag("--audit");
    assert!(
        audits(both.variable("LOCKGATE_AUDIT", "false")),
        "the flag comes before the environment"
    );
}

/// Names of files that an option is given by flag, by environment and by the policy file.
type Given<'a> = [Option<&'a str>; 3];

/// The values of an option: files in the folder, but for `-` and nothing.
fn value(serve: &Serve, name: &str) -> OsString {
    match name {
        "" | "-" => name.into(),
        name => serve.at(name).into(),
    }
}

/// A gate that is given an option in up to three ways.
fn given(option: &str, key: &str, given: Given<'_>) -> Serve {
    let [flag, variable, file] = given;
    let mut serve = Serve::with_policy("");
    if let Some(name) = file {
        let (table, key) = key.split_once('.').unwrap();
        let value = value(&serve, name);
        let text = format!("[{table}]\n{key} = \"{}\"\n", value.display());
        fs::write(serve.at("policy.toml"), text).unwrap();
    }
    if let Some(name) = flag {
        let value = value(&serve, name);
        serve = serve.option(&format!("--{option}"), value);
    }
    if let Some(name) = variable {
        let value = value(&serve, name);
        serve = serve.variable(&format!("LOCKGATE_{}", option.to_uppercase()), value);
    }
    serve
}

#[test]
fn the_socket_is_taken_from_flag_then_environment_then_file() {
    let taken = |ways: Given<'_>| {
        let served = given("socket", "server.socket", ways).start();
        fs::read_dir(served.folder.path())
            .unwrap()
            .map(|file| file.unwrap().file_name())
            .find(|name| Path::new(name).extension() == Some(OsStr::new("sock")))
            .unwrap()
    };
    let [flag, env, file] = ["flag.sock", "env.sock", "file.sock"].map(Some);
    assert_eq!(taken([flag, env, file]), "flag.sock");
    assert_eq!(taken([None, env, file]), "env.sock");
    assert_eq!(taken([None, None, file]), "file.sock");
    // As Docker does with the variables of a managed plugin that nobody has set.
    assert_eq!(taken([None, Some(""), file]), "file.sock");
}

#[test]
fn the_log_is_taken_from_flag_then_environment_then_file() {
    let taken = |ways: Given<'_>| {
        let serve = given("log", "log.file", ways);
        let socket = serve.at("gate.sock");
        let served = serve.option("--socket", socket).start();
        assert!(refuses_host_pid(&served));
        let folder = served.stop();
        let names = ["flag.log", "env.log", "file.log", "stdout"];
        let mut written = names.into_iter().filter(|name| {
            fs::read_to_string(folder.path().join(name))
                .is_ok_and(|text| text.contains("\"verdict\":\"deny\""))
        });
        (written.next().unwrap(), written.next())
    };
    let [flag, env, file] = ["flag.log", "env.log", "file.log"].map(Some);
    assert_eq!(taken([flag, env, file]), ("flag.log", None));
    assert_eq!(taken([None, env, file]), ("env.log", None));
    assert_eq!(taken([None, None, file]), ("file.log", None));
    assert_eq!(taken([None, None, None]), ("stdout", None));
    assert_eq!(taken([Some("-"), env, file]), ("stdout", None));
    assert_eq!(taken([None, Some(""), file]), ("file.log", None));
}

#[test]
fn the_policy_is_taken_from_flag_then_environment_then_the_usual_file() {
    let refuses = |flag: Option<&str>, variable: Option<&str>| {
        let mut serve = Serve::bare();
        let (root, socket) = (serve.at(""), serve.at("gate.sock"));
        fs::create_dir_all(serve.at("etc/lockgate")).unwrap();
        fs::write(serve.at("etc/lockgate/policy.toml"), "").unwrap();
        fs::write(serve.at("off"), HOST_PID_OFF).unwrap();
        fs::write(serve.at("on"), "").unwrap();
        serve = serve.option("--socket", socket).option("--host-root", root);
        if let Some(name) = flag {
            let value = value(&serve, name);
            serve = serve.option("--policy", value);
        }
        if let Some(name) = variable {
            let value = value(&serve, name);
            serve = serve.variable("LOCKGATE_POLICY", value);
        }
        refuses_host_pid(&serve.start())
    };
    assert!(refuses(None, None));
    assert!(!refuses(None, Some("off")));
    assert!(!refuses(Some("off"), Some("on")));
    assert!(refuses(Some("on"), Some("off")));
    assert!(refuses(None, Some("")));
}

#[test]
fn reads_are_logged_only_when_asked_for() {
    let logged = |serve: Serve| {
        let served = serve.start();
        for (method, uri) in [
            ("GET", "/v1.41/containers/json"),
            ("HEAD", "/_ping"),
            ("GET", "/no/such/route"),
        ] {
            assert!(served.ask(&envelope(method, uri, None)).allow);
        }
        assert!(served.ask(&create(&hardened())).allow);
        // Refused, it is no plain read.
        let refused = served.ask(&envelope("GET", "/info#x", None));
        assert_eq!(ids_in(&refused.msg), ["unreadable-target"]);
        let folder = served.stop();
        let log = fs::read_to_string(folder.path().join("decisions.log")).unwrap();
        log.lines().count()
    };
    assert_eq!(logged(Serve::new("")), 2);
    assert_eq!(logged(Serve::new("").flag("--log-reads")), 5);
    assert_eq!(
        logged(Serve::new("").variable("LOCKGATE_LOG_READS", "yes")),
        5
    );
    assert_eq!(logged(Serve::new("[log]\nreads = true\n")), 5);
    assert_eq!(
        logged(Serve::new("[log]\nreads = false\n").variable("LOCKGATE_LOG_READS", "0")),
        2
    );
}

// === The log file ===

#[test]
fn the_log_file_is_roots_alone_and_is_opened_anew_by_a_reload() {
    let served = Serve::new("").start();
    let (log, moved) = (served.at("decisions.log"), served.at("decisions.log.1"));
    assert!(refuses_host_pid(&served));
    served.decisions(1);
    assert_eq!(mode_of(&log), 0o600);
    fs::rename(&log, &moved).unwrap();
    served.reload();
    assert!(served.ask(&create(&hardened())).allow);
    assert_eq!(decisions(&log, 1)[0]["verdict"], "allow");
    assert_eq!(decisions(&moved, 1)[0]["verdict"], "deny");
    assert_eq!(mode_of(&log), 0o600);
}

#[test]
fn a_log_that_is_there_is_continued() {
    let serve = Serve::new("");
    fs::write(serve.at("decisions.log"), "{\"earlier\":true}\n").unwrap();
    let served = serve.start();
    assert!(refuses_host_pid(&served));
    let lines = served.decisions(2);
    assert_eq!(lines[0]["earlier"], true);
    assert_eq!(lines[1]["verdict"], "deny");
}

#[test]
fn a_log_that_cannot_be_written_holds_no_answer_up() {
    let serve = Serve::with_policy("");
    let socket = serve.at("gate.sock");
    let served = serve
        .option("--socket", socket)
        .option("--log", "/dev/full")
        .start();
    for _ in 0..3 {
        assert!(refuses_host_pid(&served));
    }
    wait_until("it says so", || {
        served
            .stderr()
            .contains("a decision could not be logged: No space left on device")
    });
}

// === The real host ===

#[test]
fn links_of_the_host_are_followed_below_its_root() {
    for by_file in [false, true] {
        let serve = Serve::with_policy("");
        let (root, socket) = (serve.at("host"), serve.at("gate.sock"));
        fs::create_dir_all(root.join("srv/data")).unwrap();
        fs::create_dir_all(root.join("etc/lockgate")).unwrap();
        symlink("/etc", root.join("srv/link")).unwrap();
        symlink("../../../../../etc/lockgate", root.join("srv/data/up")).unwrap();
        symlink("loop", root.join("srv/loop")).unwrap();
        let serve = if by_file {
            let text = format!("[server]\nhost-root = \"{}\"\n", root.display());
            fs::write(serve.at("policy.toml"), text).unwrap();
            serve
        } else {
            serve.option("--host-root", &root)
        };
        let served = serve.option("--socket", socket).start();
        let mounting = |path: &str| {
            let body = hardened_with("Binds", json!([format!("{path}:/x:ro")]));
            served.ask(&create(&body)).msg
        };
        assert_eq!(mounting("/srv/data"), "");
        assert_eq!(mounting("/srv/data/not/there"), "");
        for (path, phrase) in [
            (
                "/srv/link",
                "mounts `/srv/link` of the host, which is `/etc`",
            ),
            ("/srv/link/ssl", "which is `/etc/ssl`"),
            ("/srv/data/up", "which is `/etc/lockgate`"),
            ("/srv/loop", "which cannot be looked up"),
        ] {
            let refusal = mounting(path);
            assert_eq!(ids_in(&refusal)[0], "host-paths");
            assert!(refusal.contains(phrase), "{path}: {refusal}");
        }
    }
}

#[test]
fn limits_beyond_this_machine_are_none() {
    let served = Serve::new("").start();
    for (field, value, rule) in [
        ("NanoCpus", json!(i64::MAX), "unlimited-cpu"),
        ("Memory", json!(i64::MAX), "unlimited-memory"),
        ("MemorySwap", json!(i64::MAX), "unlimited-swap"),
    ] {
        let reply = served.ask(&create(&hardened_with(field, value)));
        assert!(ids_in(&reply.msg).contains(&rule), "{}", reply.msg);
        assert!(reply.msg.contains("which is no limit"), "{}", reply.msg);
    }
}

#[test]
fn a_file_system_that_hangs_holds_neither_other_calls_nor_the_end_up() {
    let mut served = Serve::new("").start();
    let hung = HungFolder::mount(served.at("hung"));
    let body = json!([format!("{}/x:/x", served.at("hung").display())]);
    let mounting = create(&hardened_with("Binds", body));
    // More than the gate has threads for.
    let mut waiting: Vec<Connection> = (0..40)
        .map(|_| {
            let mut connection = Connection::open(&served.socket());
            connection.send(&head(AUTHZ_REQ, "", mounting.len()));
            connection.send(&mounting);
            connection
        })
        .collect();
    thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    assert!(served.ask(&envelope("GET", "/_ping", None)).allow);
    assert!(served.ask(&create(&hardened())).allow);
    assert!(refuses_host_pid(&served));
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(3), "it took {took:?}");
    served.signal("TERM");
    for connection in &mut waiting {
        let reply = connection.receive().reply();
        assert_eq!(ids_in(&reply.msg), ["gate-failure"]);
    }
    assert_eq!(served.end(), Some(0));
    drop(hung);
}
