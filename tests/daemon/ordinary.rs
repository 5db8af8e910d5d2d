//! An ordinary day: plain, compliant work with the clients of three generations, none of which is
//! refused. The work itself stands in the files of `ordinary`.

use std::collections::BTreeSet;
use std::fs;

use crate::cases::HARDENED;
use crate::support::{Engine, Gated, IMAGE, on_each_engine, text};

on_each_engine! {
    the_docker_client,
    compose,
    pythons_client,
    services_of_a_swarm,
}

fn the_docker_client(engine: Engine) {
    let calls = [
        "DELETE /containers/{name}",
        "DELETE /images/{name}",
        "DELETE /networks/{id}",
        "DELETE /volumes/{name}",
        "POST /build",
        "POST /commit",
        "POST /containers/create",
        "POST /containers/prune",
        "POST /containers/{name}/attach",
        "POST /containers/{name}/exec",
        "POST /containers/{name}/kill",
        "POST /containers/{name}/pause",
        "POST /containers/{name}/rename",
        "POST /containers/{name}/restart",
        "POST /containers/{name}/start",
        "POST /containers/{name}/stop",
        "POST /containers/{name}/unpause",
        "POST /containers/{name}/update",
        "POST /containers/{name}/wait",
        "POST /exec/{name}/start",
        "POST /images/create",
        "POST /images/load",
        "POST /images/prune",
        "POST /images/{name}/tag",
        "POST /networks/create",
        "POST /networks/prune",
        "POST /networks/{id}/connect",
        "POST /networks/{id}/disconnect",
        "POST /session",
        "POST /volumes/create",
        "POST /volumes/prune",
        "PUT /containers/{name}/archive",
    ];
    // It builds with BuildKit, too.
    let noted = ["opaque-build"];
    work(engine, &Engine::ALL, "docker.sh", &calls, &noted);
}

fn compose(engine: Engine) {
    let calls = [
        "POST /containers/create",
        "POST /containers/{name}/exec",
        "POST /containers/{name}/kill",
        "POST /containers/{name}/pause",
        "POST /containers/{name}/start",
        "POST /networks/create",
        "POST /networks/{id}/connect",
        "POST /volumes/create",
    ];
    work(engine, &Engine::ALL, "compose.sh", &calls, &[]);
}

fn pythons_client(engine: Engine) {
    let calls = [
        "POST /commit",
        "POST /containers/create",
        "POST /containers/{name}/exec",
        "POST /containers/{name}/start",
        "POST /containers/{name}/update",
        "POST /images/create",
        "POST /images/load",
        "POST /networks/{id}/connect",
        "POST /volumes/create",
        "PUT /containers/{name}/archive",
    ];
    // It names networks by their ids, of which one is the default bridge's.
    let noted = ["default-bridge"];
    work(engine, &Engine::ALL, "python.py", &calls, &noted);
}

fn services_of_a_swarm(engine: Engine) {
    let calls = [
        "POST /configs/create",
        "POST /networks/create",
        "POST /nodes/{id}/update",
        "POST /secrets/create",
        "POST /services/create",
        "POST /services/{id}/update",
        "POST /swarm/init",
        "POST /swarm/leave",
    ];
    // The client has no option for the new privileges of services.
    let noted = ["new-privileges", "swarm-administration"];
    // Its own client only: services take their time.
    work(engine, &[engine], "swarm.sh", &calls, &noted);
}

/// Does the work with each of the clients. The gate has to see these calls among others, to refuse
/// none, and to note these rules, which are in audit mode, and no others.
fn work(engine: Engine, clients: &[Engine], program: &str, calls: &[&str], noted: &[&str]) {
    let gated = Gated::start(engine, "", false, &["--own-network"]);
    let folder = gated.folder.path().join("work");
    fs::create_dir(&folder).unwrap();
    for file in fs::read_dir(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/daemon/ordinary"
    ))
    .unwrap()
    {
        let file = file.unwrap();
        fs::copy(file.path(), folder.join(file.file_name())).unwrap();
    }
    for client in clients {
        let output = client
            .command(gated.folder.path())
            .args(["env", "--ignore-environment", "HOME=/root"])
            .arg("PATH=/usr/sbin:/usr/bin:/sbin:/bin")
            .arg(format!("DOCKER_HOST={}", gated.daemon.host()))
            .args(["timeout", "300"])
            .arg(folder.join(program))
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{program} with the clients of {}: {}\n{}{}",
            client.name(),
            output.status,
            text(&output.stdout),
            text(&output.stderr)
        );
    }

    // The log is written in the order of the decisions, behind the answers.
    let last = [&["create", "--name=the-last"], HARDENED, &[IMAGE]].concat();
    let output = gated.daemon.docker(&last);
    assert!(output.status.success(), "{output:?}");
    gated.decision_on("the-last");
    let decisions = gated.decisions();
    let refused: Vec<_> = decisions
        .iter()
        .filter(|decision| decision["verdict"] == "deny")
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
    let found: BTreeSet<&str> = decisions
        .iter()
        .flat_map(|decision| decision["rules"].as_array().unwrap())
        .map(|found| found["rule"].as_str().unwrap())
        .collect();
    assert_eq!(found, noted.iter().copied().collect());
    let seen: BTreeSet<&str> = decisions
        .iter()
        .map(|decision| decision["route"].as_str().unwrap())
        .collect();
    let missing: Vec<_> = calls.iter().filter(|call| !seen.contains(*call)).collect();
    assert!(missing.is_empty(), "{missing:?} of {seen:?}");
}
