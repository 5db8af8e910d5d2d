//! The compliant bodies that everything starts from.

use serde_json::{Value, json};

use crate::dice::Dice;
use crate::engine::{IMAGE, NETWORK, World};
use crate::plan::SUBJECT;

/// The least that a container create has to say.
pub(crate) fn hardened() -> Value {
    json!({
        "Image": IMAGE,
        "Cmd": ["sleep", "3600"],
        "HostConfig": {
            "NetworkMode": "none",
            "CapDrop": ["ALL"],
            "Memory": 67_108_864,
            "NanoCpus": 500_000_000,
            "ReadonlyRootfs": true,
            "CgroupnsMode": "private",
        },
    })
}

/// What different clients send for a hardened container.
pub(crate) fn any(dice: &mut Dice, world: &World) -> Value {
    match dice.between(0, 4) {
        0 => hardened(),
        1 => {
            let mut body = hardened();
            body["User"] = json!("1000:1000");
            body["HostConfig"]["MemorySwap"] = json!(67_108_864);
            body["HostConfig"]["PidsLimit"] = json!(64);
            body["HostConfig"]["SecurityOpt"] = json!(["no-new-privileges"]);
            body
        }
        2 => {
            let mut body = hardened();
            let host = body["HostConfig"].as_object_mut().unwrap();
            host.remove("NanoCpus");
            host.insert("CpuQuota".to_owned(), json!(50_000));
            host.insert("CpuPeriod".to_owned(), json!(100_000));
            host.insert("NetworkMode".to_owned(), json!(NETWORK));
            body["NetworkingConfig"] = json!({"EndpointsConfig": {NETWORK: {}}});
            body
        }
        3 => from_the_docker_client(),
        _ => sent_back(world),
    }
}

/// Every field, most of them at their zero value.
fn from_the_docker_client() -> Value {
    let case = include_str!("../cases/clients/docker-28-hardened.json");
    let case: Value = serde_json::from_str(case).unwrap();
    let mut body = case["request"]["body"].clone();
    body["Image"] = json!(IMAGE);
    body["Cmd"] = json!(["sleep", "3600"]);
    body["HostConfig"]["Mounts"] = json!([]);
    body["HostConfig"]["CgroupnsMode"] = json!("private");
    body
}

/// A container as inspect shows it, sent again as tools do that make a container anew.
fn sent_back(world: &World) -> Value {
    let mut body = world.compliant["Config"].clone();
    body["HostConfig"] = world.compliant["HostConfig"].clone();
    body["NetworkingConfig"] = json!({"EndpointsConfig": {}});
    // Lists of an older engine are refused on purpose: a newer one hides more.
    let host = body["HostConfig"].as_object_mut().unwrap();
    host.remove("MaskedPaths");
    host.remove("ReadonlyPaths");
    body
}

/// A hardened service. It has no task, so nothing is started.
pub(crate) fn service() -> Value {
    json!({
        "Name": SUBJECT,
        "TaskTemplate": {
            "ContainerSpec": {
                "Image": IMAGE,
                "CapabilityDrop": ["ALL"],
                "ReadOnly": true,
            },
            "Resources": {"Limits": {"MemoryBytes": 67_108_864, "NanoCPUs": 500_000_000}},
        },
        "Mode": {"Replicated": {"Replicas": 0}},
    })
}
