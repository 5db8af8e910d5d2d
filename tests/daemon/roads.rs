use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::process::{Command, Output};

use crate::cases::HARDENED;
use crate::support::{Engine, Gate, Gated, IMAGE, on_each_engine, rules_in, text, wait_until};

on_each_engine! {
    what_weakens_is_refused_on_each_road_and_what_is_harmless_works,
    what_the_default_policy_only_audits_works_and_services_are_judged_as_containers_are,
}

/// A road to a container, or past one: what is tried on it on a daemon behind the gate.
type Road = (&'static str, fn(&Gated));

/// On each of them what weakens is refused by name and leaves nothing behind, and the harmless use
/// has its effect.
const ROADS: &[Road] = &[
    ("start", start),
    ("exec", exec),
    ("update", update),
    ("checkpoint", checkpoint),
    ("classic build", classic_build),
    ("BuildKit", buildkit),
    ("image", image),
    ("volume", volume),
    ("network", network),
    ("plugin", plugin),
    ("swarm", swarm),
    ("host read", host_read),
    ("form", form),
];

/// What `default` only audits or leaves alone is refused.
const STRICT: &str = r#"
[rules]
unlimited-memory = { mode = "deny", max = "256MiB" }
unlimited-pids = { mode = "deny" }
root-user = { mode = "deny" }
foreign-image = { mode = "deny", allow = ["docker.io/lockgate/*"] }
opaque-build = { mode = "deny" }
swarm-administration = { mode = "deny" }
host-secrets = { mode = "deny" }
"#;

fn what_weakens_is_refused_on_each_road_and_what_is_harmless_works(engine: Engine) {
    // In this order, so that the folder is the last to go. The policy holds only now: the image
    // that the containers are made of comes by a road that it closes.
    let Gated {
        folder,
        daemon,
        gate,
    } = gated(engine);
    drop(gate);
    let socket = folder.path().join("plugins/lockgate.sock");
    let gate = Gate::start(folder.path(), &socket, STRICT, false);
    walk(
        ROADS,
        &Gated {
            daemon,
            gate,
            folder,
        },
    );
}

fn what_the_default_policy_only_audits_works_and_services_are_judged_as_containers_are(
    engine: Engine,
) {
    let roads: &[Road] = &[
        ("audited build", audited_build),
        ("audited image", audited_image),
        ("audited read", audited_read),
        ("service", service),
    ];
    walk(roads, &gated(engine));
}

/// A daemon with a network of its own, so that it may make networks and Swarms, and with
/// checkpoints, which are experimental.
fn gated(engine: Engine) -> Gated {
    Gated::start(
        engine,
        "",
        false,
        &["--own-network", "--", "--experimental"],
    )
}

/// Tries each of the roads, and names those that failed.
fn walk(roads: &[Road], gated: &Gated) {
    let fails = |(name, road): &&Road| {
        std::thread::scope(|scope| {
            // The name of its thread stands before what a failed assertion says.
            let thread = std::thread::Builder::new().name((*name).to_owned());
            let walker = thread.spawn_scoped(scope, || road(gated)).unwrap();
            walker.join().is_err()
        })
    };
    let failed: Vec<&str> = roads.iter().filter(fails).map(|(name, _)| *name).collect();
    assert!(failed.is_empty(), "see above what failed on {failed:?}");
}

// === the roads, where the policy refuses what it can ===

fn start(gated: &Gated) {
    created(gated, "started");
    for (request, rules) in [
        // 20.10 puts these in place of the settings that the container was made with.
        (
            post(
                "/v1.23/containers/started/start",
                r#"{"CapDrop":["ALL"],"Memory":67108864,"NanoCpus":500000000,"PidsLimit":64,"ReadonlyRootfs":true,"CgroupnsMode":"private","NetworkMode":"host","Binds":["/usr/share:/mnt"]}"#,
            ),
            &["host-network", "host-paths", "start-override"][..],
        ),
        (
            request("POST /v1.23/containers/started/start", &[], ""),
            &["start-override"],
        ),
        (
            post("/containers/started/start", r#"{"PidMode":"host"}"#),
            &[
                "retained-capabilities",
                "host-pid",
                "unlimited-memory",
                "unlimited-swap",
                "unlimited-cpu",
                "unlimited-pids",
                "writable-rootfs",
                "start-override",
            ],
        ),
        (
            request(
                "POST /containers/started/start?checkpoint=any&checkpoint-dir=/usr/share",
                &[],
                "",
            ),
            &["host-paths"],
        ),
    ] {
        refused_raw(gated, &request, rules);
    }
    let settings = "{{.State.Status}} {{.HostConfig.NetworkMode}} {{.HostConfig.Binds}}";
    assert_eq!(inspected(gated, "started", settings), "created none []");
    done(gated, &["start", "started"]);
    assert_eq!(inspected(gated, "started", settings), "running none []");
}

fn exec(gated: &Gated) {
    running(gated, "executed");
    for (flags, rules) in [
        (&["--privileged"][..], &["privileged"][..]),
        (&["--user=0"], &["root-user"]),
        (&["--user=root"], &["root-user"]),
        (&["--user=65534:0"], &["root-user"]),
        (&["--privileged", "--user=0"], &["privileged", "root-user"]),
    ] {
        let command = [&["exec"], flags, &["executed", "true"]].concat();
        refused(gated, &command, rules);
    }
    assert_eq!(inspected(gated, "executed", "{{.ExecIDs}}"), "[]");
    // As the container's user, and as another that is not root.
    for (flags, user) in [(&[][..], "65534"), (&["--user=1000:1000"], "1000")] {
        let command = [&["exec"], flags, &["executed", "id", "-u"]].concat();
        assert_eq!(done(gated, &command), user);
    }
}

fn update(gated: &Gated) {
    running(gated, "updated");
    let limits = || {
        let settings = "{{with .HostConfig}}{{.Memory}} {{.NanoCpus}} {{.PidsLimit}}{{end}}";
        let enforced = done(gated, &["exec", "updated", "sh", "-c", LIMITS]);
        (inspected(gated, "updated", settings), enforced)
    };
    let before = limits();
    let expected = ("67108864 500000000 64", "67108864\n50000\n64");
    assert_eq!((&*before.0, &*before.1), expected);
    for (flags, rule) in [
        (&["--cpu-quota=-1"][..], "unlimited-cpu"),
        (&["--cpus=1000"], "unlimited-cpu"),
        (&["--cpu-period=1000"], "unlimited-cpu"),
        (&["--memory=512m", "--memory-swap=512m"], "unlimited-memory"),
        (&["--memory-swap=-1"], "unlimited-swap"),
        (&["--pids-limit=-1"], "unlimited-pids"),
    ] {
        refused(gated, &[&["update"], flags, &["updated"]].concat(), &[rule]);
    }
    for (body, rule) in [
        (r#"{"NanoCpus":1}"#, "unlimited-cpu"),
        (r#"{"PidsLimit":0}"#, "unlimited-pids"),
        (r#"{"CgroupParent":"/elsewhere"}"#, "cgroup-parent"),
        (r#"{"Future":1}"#, "unknown-field"),
    ] {
        refused_raw(gated, &post("/containers/updated/update", body), &[rule]);
    }
    assert_eq!(limits(), before);
    for flags in [
        &["--memory=32m", "--memory-swap=32m"][..],
        &["--cpus=0.25"],
        &["--pids-limit=32"],
    ] {
        done(gated, &[&["update"], flags, &["updated"]].concat());
    }
    let after = limits();
    let expected = ("33554432 250000000 32", "33554432\n25000\n32");
    assert_eq!((&*after.0, &*after.1), expected);
}

fn checkpoint(gated: &Gated) {
    running(gated, "checked");
    let path = "/containers/checked/checkpoints";
    for request in [
        post(
            path,
            r#"{"CheckpointID":"one","CheckpointDir":"/usr/share"}"#,
        ),
        request(&format!("GET {path}?dir=/usr/share"), &[], ""),
        request(&format!("DELETE {path}/one?dir=/usr/share"), &[], ""),
    ] {
        refused_raw(gated, &request, &["host-paths"]);
    }
    refused_raw(
        gated,
        &post(path, r#"{"CheckpointID":"one","CheckpointDir":"/etc"}"#),
        &["host-paths", "gate-tampering"],
    );
    // In dockerd's own directory; whether that can be done depends on the machine's criu.
    let (status, answer) = gated.daemon.raw(&post(path, r#"{"CheckpointID":"one"}"#));
    assert!([201, 500].contains(&status), "{answer}");
    let (status, answer) = gated.daemon.raw(&request(&format!("GET {path}"), &[], ""));
    assert_eq!(status, 200, "{answer}");
}

fn classic_build(gated: &Gated) {
    const LIMITED: &[&str] = &[
        "--memory=128m",
        "--memory-swap=128m",
        "--cpu-period=100000",
        "--cpu-quota=50000",
    ];
    let context = gated.folder.path().join("context");
    fs::create_dir(&context).unwrap();
    let steps = format!("FROM {IMAGE}\nRUN {LIMITS} && ! grep eth0 /proc/net/dev\n");
    fs::write(context.join("Dockerfile"), steps).unwrap();
    let build = |name: &str, limits: &[&str], flags: &[&str]| {
        Command::new("docker")
            .args([
                "-H",
                &gated.daemon.host(),
                "build",
                "--no-cache",
                "--tag",
                name,
            ])
            .args([limits, flags].concat())
            .arg(&context)
            .env("DOCKER_BUILDKIT", "0")
            .env("DOCKER_CONFIG", "/nonexistent")
            .output()
            .unwrap()
    };
    for (name, limits, flags, rules) in [
        ("weak", LIMITED, "--network=host", &["host-network"][..]),
        (
            "weak",
            &[],
            "--network=none",
            &["unlimited-memory", "unlimited-swap", "unlimited-cpu"],
        ),
        (
            "weak",
            LIMITED,
            "--cgroup-parent=/elsewhere",
            &["cgroup-parent"],
        ),
        ("weak", LIMITED, "--memory=512m", &["unlimited-memory"]),
        ("weak", LIMITED, "--cpu-quota=-1", &["unlimited-cpu"]),
        ("weak", LIMITED, "--ulimit=rtprio=99", &["unlimited-cpu"]),
        (
            "weak",
            LIMITED,
            "--security-opt=seccomp=unconfined",
            &["unconfined-seccomp"],
        ),
        (
            "lockgate/weak",
            LIMITED,
            "--network=none",
            &["foreign-image"],
        ),
    ] {
        is_refusal(&[name, flags], &build(name, limits, &[flags]), rules);
        assert!(!exists(gated, name), "{flags} built an image");
    }
    // The daemon would fetch what it builds.
    let remote = "POST /build?remote=http://127.0.0.1:1/&t=weak&memory=134217728&memswap=134217728&cpuperiod=100000&cpuquota=50000";
    refused_raw(gated, &request(remote, &[], ""), &["opaque-build"]);

    let output = build("built", LIMITED, &["--network=none"]);
    assert!(output.status.success(), "{output:?}");
    let said = text(&output.stdout);
    assert!(said.contains("\n134217728\n50000\n"), "{said}");
    assert!(exists(gated, "built"));
}

/// What leads to BuildKit, and what an engine answers that lets it pass.
fn buildkit_requests() -> [(Vec<u8>, u16); 3] {
    let upgrade = ["Upgrade: h2c"];
    [
        (request("POST /build?version=2", &[], ""), 200),
        (request("POST /session", &upgrade, ""), 101),
        (request("POST /grpc", &upgrade, ""), 101),
    ]
}

fn buildkit(gated: &Gated) {
    let [(build, _), (session, _), (grpc, _)] = buildkit_requests();
    refused_raw(gated, &build, &["opaque-build"]);
    // The names of what is built travel inside.
    for stream in [session, grpc] {
        refused_raw(gated, &stream, &["foreign-image", "opaque-build"]);
    }
}

fn image(gated: &Gated) {
    created(gated, "imaged");
    let archive = gated.folder.path().join("image.tar");
    let archive = archive.to_str().unwrap();
    done(gated, &["save", "--output", archive, IMAGE]);
    for command in [
        &["commit", "imaged", "lockgate/other"][..],
        &["tag", IMAGE, "lockgate/other"],
        &["import", archive, "docker.io/lockgate/other"],
        // What it would be called stands in the archive.
        &["load", "--input", archive],
        &["pull", "registry.example.com/lockgate/busybox"],
    ] {
        refused(gated, command, &["foreign-image"]);
    }
    assert!(!exists(gated, "lockgate/other"));
    for (command, name) in [
        (["commit", "imaged", "own/committed"], "own/committed"),
        (["tag", IMAGE, "own/tagged"], "own/tagged"),
    ] {
        done(gated, &command);
        assert!(exists(gated, name), "{name}");
    }
    // With a type, which clients give, this could be a form that has another name. (Two blocks of
    // nothing are an empty archive.)
    let import = "POST /images/create?fromSrc=-&repo=own/imported";
    let (status, answer) = gated.daemon.raw(&request(import, &[], &"\0".repeat(1024)));
    assert_eq!(status, 200, "{answer}");
    for name in ["own/committed", "own/tagged", "own/imported"] {
        let create = [&["create"], HARDENED, &[name, "true"]].concat();
        refused(gated, &create, &["foreign-image"]);
    }
}

fn volume(gated: &Gated) {
    for options in [
        &["--opt=type=none", "--opt=o=bind", "--opt=device=/usr/share"][..],
        &["--opt=device=/usr/share", "--opt=o=ro,rbind"],
        &[
            "--opt=type=overlay",
            "--opt=device=overlay",
            "--opt=o=lowerdir=/usr/share:/usr/lib",
        ],
        &["--opt=type=ext4", "--opt=device=/dev/disk"],
        &["--driver=other"],
    ] {
        let create = [&["volume", "create"], options, &["bad"]].concat();
        refused(gated, &create, &["host-paths"]);
    }
    assert_eq!(done(gated, &["volume", "ls", "--quiet"]), "");
    done(gated, &["volume", "create", "kept"]);
    let run = |volume, script| {
        let run = [
            &["run", "--rm", "--volume", volume],
            HARDENED,
            &[IMAGE, "sh", "-c", script],
        ];
        done(gated, &run.concat())
    };
    run("kept:/tmp", "echo kept >/tmp/file");
    assert_eq!(run("kept:/data:ro", "cat /data/file"), "kept");
}

fn network(gated: &Gated) {
    let networks = || {
        let list = done(gated, &["network", "ls", "--format={{.Name}}"]);
        list.lines().map(ToOwned::to_owned).collect::<BTreeSet<_>>()
    };
    let before = networks();
    for options in [
        &["--driver=macvlan", "--opt=parent=lo"][..],
        &["--driver=ipvlan", "--opt=parent=lo"],
        &["--config-only", "--opt=parent=lo"],
        &["--opt=com.docker.network.bridge.name=docker0"],
        &["--driver=host"],
        &["--driver=other"],
    ] {
        let create = [&["network", "create"], options, &["bad"]].concat();
        refused(gated, &create, &["host-network"]);
    }
    assert_eq!(networks(), before);

    done(gated, &["network", "create", "--internal", "inside"]);
    done(gated, &["network", "create", "outside"]);
    let answer = &["nc", "-ll", "-p", "8080", "-e", "echo", "here"];
    running_in(gated, "answering", "inside", answer);
    running_in(gated, "asking", "outside", &["sleep", "1000"]);
    refused(
        gated,
        &["network", "connect", "host", "asking"],
        &["host-network"],
    );
    let with_kernel_setting = post(
        "/networks/inside/connect",
        r#"{"Container":"asking","EndpointConfig":{"DriverOpts":{"com.docker.network.endpoint.sysctls":"net.ipv4.conf.IFNAME.forwarding=1"}}}"#,
    );
    refused_raw(gated, &with_kernel_setting, &["kernel-settings"]);
    let networks = "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}";
    assert_eq!(inspected(gated, "asking", networks), "outside");

    let interfaces = || {
        let count = "grep -c eth /proc/net/dev";
        done(gated, &["exec", "asking", "sh", "-c", count])
    };
    assert_eq!(interfaces(), "1");
    done(gated, &["network", "connect", "inside", "asking"]);
    assert_eq!(interfaces(), "2");
    let ask = ["exec", "asking", "nc", "answering", "8080"];
    wait_until("the other container answers", || {
        text(&gated.daemon.docker(&ask).stdout) == "here\n"
    });
    done(gated, &["network", "disconnect", "inside", "asking"]);
    assert_eq!(interfaces(), "1");
}

fn plugin(gated: &Gated) {
    for (line, body) in [
        ("POST /plugins/pull?remote=NAME", "[]"),
        (
            "POST /plugins/pull?remote=registry.example.com/x&name=NAME",
            "[]",
        ),
        ("POST /plugins/create?name=NAME", "{}"),
        ("POST /plugins/NAME/set", r#"["DEBUG=1"]"#),
        ("POST /plugins/NAME/upgrade?remote=NAME", "[]"),
        ("POST /plugins/NAME/enable?timeout=0", ""),
        ("POST /plugins/NAME/disable?force=1", ""),
        ("DELETE /plugins/NAME?force=1", ""),
    ] {
        for (name, rules) in [
            ("other", &["plugin-change"][..]),
            ("lockgate", &["plugin-change", "gate-tampering"]),
            ("lockgate:latest", &["plugin-change", "gate-tampering"]),
        ] {
            let line = line.replace("NAME", name);
            let headers = if body.is_empty() { &[] } else { JSON };
            refused_raw(gated, &request(&line, headers, body), rules);
        }
    }
    assert_eq!(done(gated, &["plugin", "ls", "--quiet"]), "");
}

fn swarm(gated: &Gated) {
    for command in [
        &["init", "--advertise-addr=127.0.0.1"][..],
        &["join", "--token=any", "127.0.0.1:1"],
        &["leave", "--force"],
    ] {
        refused(
            gated,
            &[&["swarm"], command].concat(),
            &["swarm-administration"],
        );
    }
    for line in [
        "POST /swarm/update?version=1&rotateWorkerToken=1",
        "POST /swarm/unlock",
        "POST /nodes/any/update?version=1",
        "DELETE /nodes/any",
    ] {
        let request = request(line, JSON, "{}");
        refused_raw(gated, &request, &["swarm-administration"]);
    }
    let state = done(gated, &["info", "--format={{.Swarm.LocalNodeState}}"]);
    assert_eq!(state, "inactive");
}

/// What a host, or a container, keeps to itself.
fn host_read(gated: &Gated) {
    running(gated, "read");
    for target in [
        "/swarm",
        "/swarm/unlockkey",
        "/configs",
        "/debug/vars",
        "/debug/pprof/cmdline",
        "/containers/read/archive?path=/etc/passwd",
        "/containers/read/export",
        "/containers/read/attach/ws?stream=1&stdin=1",
    ] {
        let request = request(&format!("GET {target}"), &[], "");
        refused_raw(gated, &request, &["host-secrets"]);
    }
    for target in [
        "/info",
        "/containers/read/json",
        "/containers/read/logs?stdout=1",
        "/containers/read/stats?stream=0&one-shot=1",
    ] {
        let request = request(&format!("GET {target}"), &[], "");
        let (status, answer) = gated.daemon.raw(&request);
        assert_eq!(status, 200, "{target}: {answer}");
    }
}

/// What dockerd reads from a form goes before the query, and no plugin is shown it.
fn form(gated: &Gated) {
    const FORM: &str = "Content-Type: application/x-www-form-urlencoded";
    running(gated, "formed");
    let tag = format!("POST /images/{IMAGE}/tag?repo=own/formed");
    for (line, body) in [
        (&*tag, "repo=lockgate/formed"),
        (
            "POST /images/create?fromImage=lockgate/busybox",
            "fromImage=x",
        ),
        ("POST /images/prune", "all=1"),
        (
            "POST /build?memory=6291456&cpuquota=50000",
            "networkmode=host",
        ),
        ("POST /containers/formed/start", "checkpoint-dir=/usr"),
        ("POST /containers/formed/rename?name=formed-2", "name=other"),
        ("POST /containers/formed/kill?signal=0", "signal=KILL"),
        ("POST /containers/prune", "filters={}"),
    ] {
        let (status, answer) = gated.daemon.raw(&request(line, &[FORM], body));
        assert_eq!(status, 403, "{line}: {answer}");
        assert_eq!(rules_in(&answer)[0], "form-body", "{line}: {answer}");
    }
    // The first type is dockerd's, the last is what a plugin is shown.
    for shown in ["text/plain", "application/json"] {
        let headers = [FORM, &format!("Content-Type: {shown}")];
        let request = request(&tag, &headers, "repo=lockgate/formed");
        refused_raw(gated, &request, &["form-body"]);
    }
    assert!(!exists(gated, "lockgate/formed"));
    assert_eq!(inspected(gated, "formed", "{{.Name}}"), "/formed");
    assert_eq!(inspected(gated, "formed", "{{.State.Status}}"), "running");
    for (line, expected) in [
        (&*tag, 201),
        ("POST /containers/formed/rename?name=renamed", 204),
        ("POST /containers/renamed/kill?signal=KILL", 204),
    ] {
        let (status, answer) = gated.daemon.raw(&request(line, &[], ""));
        assert_eq!(status, expected, "{line}: {answer}");
    }
    assert!(exists(gated, "own/formed"));
    assert_eq!(inspected(gated, "renamed", "{{.State.ExitCode}}"), "137");
}

// === the roads, where the policy leaves them open ===

fn audited_build(gated: &Gated) {
    for (request, expected) in buildkit_requests() {
        assert_eq!(status(gated, &request), expected, "{}", text(&request));
    }
    for route in ["POST /build", "POST /session", "POST /grpc"] {
        is_noted(gated, route, "opaque-build");
    }
}

fn audited_image(gated: &Gated) {
    let archive = gated.folder.path().join("image.tar");
    let archive = archive.to_str().unwrap();
    done(gated, &["tag", IMAGE, "lockgate/loaded"]);
    done(gated, &["save", "--output", archive, "lockgate/loaded"]);
    done(gated, &["rmi", "lockgate/loaded"]);
    done(gated, &["load", "--input", archive]);
    assert!(exists(gated, "lockgate/loaded"));
}

fn audited_read(gated: &Gated) {
    created(gated, "read");
    for target in [
        "/debug/vars",
        "/containers/read/archive?path=/etc/passwd",
        "/containers/read/export",
    ] {
        let request = request(&format!("GET {target}"), &[], "");
        let (status, answer) = gated.daemon.raw(&request);
        assert_eq!(status, 200, "{target}: {answer}");
    }
}

/// dockerd makes the containers of a service without asking, so the service is judged.
fn service(gated: &Gated) {
    done(gated, &["swarm", "init", "--advertise-addr=127.0.0.1"]);
    is_noted(gated, "POST /swarm/init", "swarm-administration");
    let overlay = ["--driver=overlay", "--internal", "joined"];
    done(gated, &[&["network", "create"], &overlay[..]].concat());

    weak_services(gated);
    assert_eq!(done(gated, &["service", "ls", "--quiet"]), "");

    done(gated, &service_create("hardened", &["--network=joined"]));
    let containers = || {
        let label = "--filter=label=com.docker.swarm.service.name=hardened";
        let list = done(gated, &["ps", "--quiet", label]);
        list.lines().map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    wait_until("the service runs", || !containers().is_empty());
    let container = &containers()[0];
    let inside = |script| done(gated, &["exec", container, "sh", "-c", script]);
    assert_eq!(inside(LIMITS), "67108864\n50000\n64");
    let process = inside("id -u; grep CapBnd /proc/self/status");
    assert_eq!(process, "65534\nCapBnd:\t0000000000000000");

    let specification = || inspected(gated, "hardened", "{{json .Spec}}");
    let before = specification();
    let command = ["service", "update", "--detach", "--no-resolve-image"];
    let update = |flag| [&command[..], &[flag, "hardened"]].concat();
    let bind = "--mount-add=type=bind,src=/usr/share,dst=/mnt";
    for (flag, rule) in [
        ("--cap-add=SYS_ADMIN", "added-capabilities"),
        ("--limit-cpu=0", "unlimited-cpu"),
        ("--network-add=host", "host-network"),
        ("--read-only=false", "writable-rootfs"),
        (bind, "host-paths"),
    ] {
        refused(gated, &update(flag), &[rule]);
    }
    let rollback = ["service", "rollback", "--detach", "hardened"];
    refused(gated, &rollback, &["start-override"]);
    assert_eq!(specification(), before);

    done(gated, &["service", "scale", "--detach", "hardened=2"]);
    wait_until("the service is scaled", || containers().len() == 2);
    done(gated, &update("--limit-memory=32m"));
    wait_until("the service is updated", || {
        let containers = containers();
        let memory = |container: &String| inspected(gated, container, "{{.HostConfig.Memory}}");
        containers.len() == 2 && containers.iter().all(|found| memory(found) == "33554432")
    });
}

fn service_create<'a>(name: &'a str, flags: &[&'a str]) -> Vec<&'a str> {
    let hardened = [
        "service",
        "create",
        "--detach",
        "--no-resolve-image",
        "--cap-drop=ALL",
        "--user=65534:65534",
        "--read-only",
        "--limit-memory=64m",
        "--limit-cpu=0.5",
        "--limit-pids=64",
        // So that its updates are quick.
        "--stop-signal=KILL",
        "--update-parallelism=2",
        "--name",
        name,
    ];
    [&hardened, flags, &[IMAGE, "sleep", "1000"]].concat()
}

fn weak_services(gated: &Gated) {
    let plain = ["service", "create", "--detach", IMAGE];
    let rules = [
        "retained-capabilities",
        "unlimited-memory",
        "unlimited-swap",
        "unlimited-cpu",
        "writable-rootfs",
    ];
    refused(gated, &plain, &rules);
    let bind = "--mount=type=bind,src=/usr/share,dst=/mnt";
    let volume = "--mount=type=volume,dst=/mnt,volume-driver=local,volume-opt=type=none,volume-opt=o=bind,volume-opt=device=/usr/share";
    for (flag, rules) in [
        ("--cap-add=SYS_ADMIN", &["added-capabilities"][..]),
        ("--limit-memory=0", &["unlimited-memory", "unlimited-swap"]),
        ("--limit-cpu=1000", &["unlimited-cpu"]),
        ("--read-only=false", &["writable-rootfs"]),
        ("--network=host", &["host-network"]),
        ("--sysctl=net.ipv4.ip_forward=1", &["kernel-settings"]),
        (bind, &["host-paths"]),
        (volume, &["host-paths"]),
    ] {
        refused(gated, &service_create("weak", &[flag]), rules);
    }

    // What no client writes.
    let hardened = r#""ReadOnly":true,"CapabilityDrop":["ALL"]"#;
    let unconfined = format!(r#"{hardened},"Privileges":{{"Seccomp":{{"Mode":"unconfined"}}}}"#);
    let host_network = r#","Networks":[{"Target":"host"}]"#;
    let plugin = r#","Runtime":"plugin","PluginSpec":{"name":"lockgate","remote":"lockgate"}"#;
    for (version, container, task, rules) in [
        ("", hardened, host_network, &["host-network"][..]),
        ("", hardened, plugin, &["plugin-change", "gate-tampering"]),
        ("", &unconfined, "", &["unconfined-seccomp"]),
        // Below 1.41 dockerd leaves out what is said of capabilities.
        ("/v1.40", hardened, "", &["retained-capabilities"]),
    ] {
        let limits = r#"{"MemoryBytes":67108864,"NanoCPUs":500000000}"#;
        let body = format!(
            r#"{{"Name":"weak","TaskTemplate":{{"ContainerSpec":{{"Image":"{IMAGE}",{container}}},"Resources":{{"Limits":{limits}}}{task}}}}}"#
        );
        refused_raw(
            gated,
            &post(&format!("{version}/services/create"), &body),
            rules,
        );
    }
}

// === steps ===

/// Prints the limits of memory, processors and processes; each version of cgroups has them in files
/// of its own.
const LIMITS: &str = "cd /sys/fs/cgroup; cat memory.max memory/memory.limit_in_bytes cpu.max cpu/cpu.cfs_quota_us pids.max pids/pids.max 2>/dev/null | cut -d ' ' -f 1";

fn created(gated: &Gated, name: &str) {
    let create = ["create", "--name", name];
    let command = [IMAGE, "sleep", "1000"];
    done(gated, &[&create, HARDENED, &command].concat());
}

fn running(gated: &Gated, name: &str) {
    created(gated, name);
    done(gated, &["start", name]);
}

fn running_in(gated: &Gated, name: &str, network: &str, command: &[&str]) {
    let mut run = vec!["run", "--detach", "--name", name, "--network", network];
    run.extend(HARDENED.iter().filter(|flag| **flag != "--network=none"));
    run.push(IMAGE);
    run.extend(command);
    done(gated, &run);
}

/// Runs the docker client, which has to succeed, and gives what it prints.
fn done(gated: &Gated, arguments: &[&str]) -> String {
    let output = gated.daemon.docker(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    text(&output.stdout).trim().to_owned()
}

/// What the daemon says of anything that has a name.
fn inspected(gated: &Gated, name: &str, template: &str) -> String {
    done(gated, &["inspect", "--format", template, name])
}

fn exists(gated: &Gated, image: &str) -> bool {
    !done(gated, &["images", "--quiet", image]).is_empty()
}

/// Runs the docker client, which has to be refused by these rules and no others.
fn refused(gated: &Gated, arguments: &[&str], rules: &[&str]) {
    is_refusal(arguments, &gated.daemon.docker(arguments), rules);
}

fn is_refusal(arguments: &[&str], output: &Output, rules: &[&str]) {
    assert!(!output.status.success(), "{arguments:?}: {output:?}");
    let message = text(&output.stderr);
    assert_eq!(rules_in(&message), rules, "{arguments:?}: {message}");
}

/// Sends a request, which has to be refused by these rules and no others.
fn refused_raw(gated: &Gated, request: &[u8], rules: &[&str]) {
    let (status, answer) = gated.daemon.raw(request);
    assert_eq!(status, 403, "{}\n{answer}", text(request));
    assert_eq!(rules_in(&answer), rules, "{}\n{answer}", text(request));
}

/// The log has to say that this call was let pass although the rule speaks against it.
fn is_noted(gated: &Gated, route: &str, rule: &str) {
    wait_until("the decision is logged", || {
        gated.decisions().iter().any(|decision| {
            let mut found = decision["rules"].as_array().unwrap().iter();
            decision["route"] == route
                && decision["verdict"] == "would-deny"
                && found.any(|found| found["rule"] == rule && found["effect"] == "audit")
        })
    });
}

const JSON: &[&str] = &["Content-Type: application/json"];

fn post(target: &str, json: &str) -> Vec<u8> {
    request(&format!("POST {target}"), JSON, json)
}

/// The bytes of a request: method and target, headers, body.
fn request(line: &str, headers: &[&str], body: &str) -> Vec<u8> {
    let length = format!("Content-Length: {}", body.len());
    let line = format!("{line} HTTP/1.1");
    [
        &[&*line, "Host: docker", "Connection: close", &length],
        headers,
        &["", body],
    ]
    .concat()
    .join("\r\n")
    .into_bytes()
}

/// Sends a request and gives the status of the answer, which may go on as a stream.
fn status(gated: &Gated, request: &[u8]) -> u16 {
    let mut stream = UnixStream::connect(gated.daemon.socket()).unwrap();
    stream.write_all(request).unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line.split(' ').nth(1).unwrap().parse().unwrap()
}
