//! What Docker makes of the body of a container create: a second reading, field by field.

use std::collections::BTreeMap;

use lockgate::docker::Capability;

use crate::facts::{self, Facts};
use crate::go::{Json, Mismatch, Value};
use crate::moby::{CREATE, HOST_CONFIG, WRAPPED_CREATE};
use crate::mux::is_older;

/// A generation of engines, as far as they read a create in different ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// 20.10 to 26: host settings count at the top level, too.
    Wrapping,
    /// From 27 on.
    Plain,
}

impl Engine {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Wrapping, Self::Plain];

    /// What this engine would make a container of.
    ///
    /// # Errors
    ///
    /// When it would answer 400.
    pub fn read(self, body: &Json, version: Option<&str>) -> Result<Facts, Mismatch> {
        let request = match self {
            Self::Wrapping => WRAPPED_CREATE.decode(body)?,
            Self::Plain => CREATE.decode(body)?,
        };
        let mut config = match self {
            Self::Wrapping => wrapped_settings(&request),
            Self::Plain => inner_settings(&request),
        };
        adjust(&mut config, version);
        // moby oci/caps/utils.go NormalizeLegacyCapabilities: what has no name is refused.
        let unnamed = |name: &&str| config[*name].texts().contains(&"");
        if ["CapAdd", "CapDrop"].iter().any(unnamed) {
            return Err(Mismatch);
        }
        Ok(facts(&request, &Value::Struct(config)))
    }
}

type Fields = BTreeMap<&'static str, Value>;

/// The host settings below `HostConfig`.
fn inner_settings(request: &Value) -> Fields {
    let inner = request.field("HostConfig").target();
    match inner.cloned().unwrap_or_else(|| HOST_CONFIG.zero()) {
        Value::Struct(fields) => fields,
        other => panic!("no struct: {other:?}"),
    }
}

/// The host settings, with those of the top level.
// moby 20.10.24 runconfig/config_unix.go getHostConfig: all of the top level without an inner one;
// with one, five fields that are zero in it.
fn wrapped_settings(request: &Value) -> Fields {
    const LENT: &[&str] = &[
        "Memory",
        "MemorySwap",
        "CpuShares",
        "CpusetCpus",
        "VolumeDriver",
    ];
    let has_inner = request.field("HostConfig").target().is_some();
    let mut settings = inner_settings(request);
    for (name, kind) in HOST_CONFIG.fields() {
        if !has_inner || (LENT.contains(name) && settings[name] == kind.zero()) {
            settings.insert(name, request.field(name).clone());
        }
    }
    settings
}

/// What older versions of the API mean by nothing, on a host with cgroups of version 1.
// moby api/server/router/container/container_routes.go postContainersCreate.
fn adjust(config: &mut Fields, version: Option<&str>) {
    for (name, minor, default) in [("IpcMode", 40, "shareable"), ("CgroupnsMode", 41, "host")] {
        let older = version.is_some_and(|version| is_older(version, [1, minor]));
        if older && config[name].text().is_empty() {
            config.insert(name, Value::Text(default.to_owned()));
        }
    }
}

fn facts(request: &Value, config: &Value) -> Facts {
    let text = |name: &str| config.field(name).text();
    let mut facts = Facts::default();
    facts.image(request.field("Image").text());
    facts.flag("privileged", config.field("Privileged").is_true());
    for (what, name) in [("add", "CapAdd"), ("drop", "CapDrop")] {
        for capability in config.field(name).texts() {
            facts.capability(what, &Capability::parse(capability));
        }
    }
    namespaces(&mut facts, request, config);
    for name in ["CgroupParent", "Cgroup"] {
        if !text(name).is_empty() {
            facts.text(&format!("HostConfig.{name}"), text(name));
        }
    }
    for name in [
        "Memory",
        "MemorySwap",
        "NanoCpus",
        "CpuPeriod",
        "CpuQuota",
        "CpuRealtimeRuntime",
        "OomScoreAdj",
    ] {
        facts.number(&format!("HostConfig.{name}"), config.field(name).int());
    }
    let ulimits = config
        .field("Ulimits")
        .list()
        .iter()
        .filter_map(Value::target);
    facts.flag(
        "real-time priority",
        // moby daemon/oci_linux.go: RLIMIT_ and the name in upper case.
        ulimits.into_iter().any(|limit| {
            limit.field("Name").text().to_uppercase() == "RTPRIO"
                && (limit.field("Soft").int() != 0 || limit.field("Hard").int() != 0)
        }),
    );
    let pids = config.field("PidsLimit").target().map(Value::int);
    facts.number("HostConfig.PidsLimit", pids.unwrap_or_default());
    facts.flag("read-only root", config.field("ReadonlyRootfs").is_true());
    mounts(&mut facts, config);
    let mut storage = config.field("StorageOpt").entries();
    facts.flag(
        "bounded root",
        // moby daemon/graphdriver: the key in any case; zero is no bound.
        storage.any(|(key, size)| {
            key.eq_ignore_ascii_case("size")
                && !size.text().starts_with('-')
                && size.text().contains(|char| matches!(char, '1'..='9'))
        }),
    );
    for device in config.field("Devices").list() {
        let rights = device.field("CgroupPermissions").text();
        facts.device(&facts::raw_path(device.field("PathOnHost").text()), rights);
    }
    facts.texts("device rule", config.field("DeviceCgroupRules").texts());
    for request in config.field("DeviceRequests").list() {
        let driver = Some(request.field("Driver").text()).filter(|driver| !driver.is_empty());
        let capabilities = request.field("Capabilities").list().iter();
        let names = driver
            .into_iter()
            .chain(capabilities.flat_map(Value::texts))
            .chain(request.field("DeviceIDs").texts());
        facts.device_request(names);
    }
    security(&mut facts, &config.field("SecurityOpt").texts());
    for name in ["MaskedPaths", "ReadonlyPaths"] {
        let paths = config.field(name);
        let set = *paths != Value::List(None);
        facts.system_paths(name, set.then(|| paths.texts()).as_deref());
    }
    for (target, options) in config.field("Tmpfs").entries() {
        facts.text(&format!("HostConfig.Tmpfs.{target}"), options.text());
    }
    facts.text("User", request.field("User").text());
    facts.texts("group", config.field("GroupAdd").texts());
    facts.flag("all ports", config.field("PublishAllPorts").is_true());
    for (port, bindings) in config.field("PortBindings").entries() {
        let field = format!("HostConfig.PortBindings.{port}");
        // moby container_routes.go handlePortBindingsBC: none is one without address and port.
        if bindings.list().is_empty() {
            facts.port(&field, "", "");
        }
        for binding in bindings.list() {
            let (ip, port) = (binding.field("HostIp"), binding.field("HostPort"));
            facts.port(&field, ip.text(), port.text());
        }
    }
    facts.text("log driver", config.field("LogConfig").field("Type").text());
    for (name, _) in config.field("Sysctls").entries() {
        facts.text("sysctl", name);
    }
    let kill_disabled = config.field("OomKillDisable").target();
    facts.flag("no OOM killer", kill_disabled.is_some_and(Value::is_true));
    facts.text("runtime", text("Runtime"));
    for (name, _) in config.field("Annotations").entries() {
        facts.text("annotation", name);
    }
    facts
}

// moby api/types/container/hostconfig_unix.go, hostconfig.go.
fn namespaces(facts: &mut Facts, request: &Value, config: &Value) {
    let text = |name: &str| config.field(name).text();
    let own = match network(text("NetworkMode")) {
        // moby initializeNetworking: a disabled network is an empty namespace of its own; the model,
        // as lockgate, lets `host` be `host` all the same.
        mode if mode != "host" && request.field("NetworkDisabled").is_true() => "own".to_owned(),
        mode => mode,
    };
    facts.namespace("HostConfig.NetworkMode", &own);
    for name in ["PidMode", "UTSMode", "UsernsMode", "CgroupnsMode"] {
        facts.namespace(&format!("HostConfig.{name}"), &shared(text(name)));
    }
    let ipc = match text("IpcMode") {
        "shareable" => "shareable".to_owned(),
        mode => shared(mode),
    };
    facts.namespace("HostConfig.IpcMode", &ipc);
    let networking = request.field("NetworkingConfig").target();
    for (name, endpoint) in networking
        .into_iter()
        .flat_map(|networking| networking.field("EndpointsConfig").entries())
    {
        let field = format!("NetworkingConfig.EndpointsConfig.{name}");
        let endpoint = endpoint.target();
        let id = endpoint.map_or("", |endpoint| endpoint.field("NetworkID").text());
        for (field, name) in [(field.clone(), name), (format!("{field}.NetworkID"), id)] {
            let mode = network(name);
            if !name.is_empty() && mode != "own" {
                facts.namespace(&field, &mode);
            }
        }
        let options = endpoint.map(|endpoint| endpoint.field("DriverOpts").entries());
        for (_, list) in options
            .into_iter()
            .flatten()
            .filter(|(key, _)| *key == "com.docker.network.endpoint.sysctls")
        {
            for setting in list.text().split(',') {
                facts.text("sysctl", setting.split('=').next().unwrap_or_default());
            }
        }
    }
}

fn shared(mode: &str) -> String {
    match mode {
        "host" => "host".to_owned(),
        mode if mode.starts_with("container:") => mode.to_owned(),
        _ => "own".to_owned(),
    }
}

fn network(mode: &str) -> String {
    match mode {
        "" | "default" | "bridge" => "default bridge".to_owned(),
        mode if mode.chars().all(|char| char.is_ascii_hexdigit()) => format!("id {mode}"),
        mode => shared(mode),
    }
}

// moby volume/mounts/linux_parser.go, volume/local/local_unix.go.
fn mounts(facts: &mut Facts, config: &Value) {
    let driver = config.field("VolumeDriver").text();
    let none = Value::Map(None);
    for (at, from) in config.field("VolumesFrom").texts().into_iter().enumerate() {
        let source = format!("container {from}");
        facts.mount(&format!("HostConfig.VolumesFrom[{at}]"), &source, false, "");
    }
    for (at, bind) in config.field("Binds").texts().into_iter().enumerate() {
        let field = format!("HostConfig.Binds[{at}]");
        let parts: Vec<&str> = bind.split(':').collect();
        if parts.len() > 3 {
            facts.mount(&field, "unreadable", false, "");
            continue;
        }
        let source = if parts.len() > 1 && parts[0].starts_with('/') {
            facts::path(parts[0])
        } else {
            volume(driver, &none)
        };
        let modes: Vec<&str> = parts
            .get(2)
            .map_or(Vec::new(), |modes| modes.split(',').collect());
        facts.mount(&field, &source, modes.contains(&"ro"), spread(&modes));
    }
    for (at, mount) in config.field("Mounts").list().iter().enumerate() {
        let field = format!("HostConfig.Mounts[{at}]");
        let read_only = mount.field("ReadOnly").is_true();
        match mount.field("Type").text() {
            "bind" => {
                let options = mount.field("BindOptions").target();
                let weak = options.is_some_and(|o| o.field("ReadOnlyNonRecursive").is_true());
                let spread = options.map_or("", |o| o.field("Propagation").text());
                let source = facts::path(mount.field("Source").text());
                facts.mount(&field, &source, read_only && !weak, spread);
            }
            "volume" => {
                let config = mount
                    .field("VolumeOptions")
                    .target()
                    .and_then(|options| options.field("DriverConfig").target());
                let name = config.map_or("", |config| config.field("Name").text());
                let options = config.map_or(&none, |config| config.field("Options"));
                let flags: Vec<&str> = options.entry("o").split(',').map(str::trim).collect();
                facts.mount(&field, &volume(name, options), read_only, spread(&flags));
            }
            "tmpfs" | "image" => facts.mount(&field, "inner", read_only, ""),
            _ => facts.mount(&field, "unreadable", false, ""),
        }
    }
    if !driver.is_empty() {
        facts.mount("HostConfig.VolumeDriver", &volume(driver, &none), false, "");
    }
}

fn volume(driver: &str, options: &Value) -> String {
    if !matches!(driver, "" | "local") {
        return format!("driver {driver}");
    }
    let (kind, device) = (options.entry("type"), options.entry("device"));
    let flags: Vec<&str> = options.entry("o").split(',').map(str::trim).collect();
    let binds = flags.contains(&"bind") || flags.contains(&"rbind");
    match kind {
        "" if device.is_empty() && !binds => "volume".to_owned(),
        _ if flags.contains(&"remount") => "unreadable".to_owned(),
        "" | "none" | "bind" => facts::raw_path(device),
        _ if binds => facts::raw_path(device),
        "tmpfs" | "nfs" | "nfs4" | "cifs" | "smb3" => "volume".to_owned(),
        kind => format!("file system {kind}"),
    }
}

/// The word among the modes of a mount that says how it spreads, if one does.
fn spread<'a>(modes: &[&'a str]) -> &'a str {
    let spreads = |mode: &&&str| matches!(**mode, "shared" | "rshared" | "slave" | "rslave");
    modes.iter().find(spreads).copied().unwrap_or_default()
}

// moby daemon/daemon_unix.go parseSecurityOpt.
fn security(facts: &mut Facts, options: &[&str]) {
    let (mut seccomp, mut apparmor, mut no_new_privileges, mut cgroups) = ("", "", None, false);
    let truth = |value: &str| match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    };
    for option in options {
        let separator = if option.contains('=') { '=' } else { ':' };
        match option.split_once(separator) {
            None if *option == "no-new-privileges" => no_new_privileges = Some(true),
            None if *option == "writable-cgroups" => cgroups = true,
            None if *option == "disable" => facts.text("label", "disable"),
            None if *option == "seccomp" => seccomp = "",
            None if *option == "apparmor" => apparmor = "",
            None if *option == "label" => facts.text("label", ""),
            Some(("seccomp", profile)) => seccomp = profile,
            Some(("apparmor", profile)) => apparmor = profile,
            Some(("label", label)) => facts.text("label", label),
            Some(("no-new-privileges", value)) => {
                no_new_privileges = Some(truth(value) == Some(true));
            }
            Some(("writable-cgroups", value)) => cgroups = truth(value) != Some(false),
            other => facts.text("unknown option", other.map_or(*option, |(key, _)| key)),
        }
    }
    facts.seccomp(seccomp);
    facts.text("apparmor", apparmor);
    facts.no_new_privileges(no_new_privileges);
    facts.flag("writable cgroups", cgroups);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go;

    fn has(engine: Engine, body: &str, fact: &str) -> bool {
        let json = go::parse(body.as_bytes()).unwrap().json;
        engine.read(&json, Some("1.41")).unwrap().has(fact)
    }

    #[test]
    fn bodies_that_fool_are_read_as_docker_reads_them() {
        for body in [
            r#"{"HostConfig":{"Privileged":true},"HostConfig":{"Memory":5}}"#,
            r#"{"HostConfig":{"Privileged":true},"hostconfig":{"Memory":5}}"#,
            r#"{"Ho\u017ftConfig":{"PRIVILEGED":true}}"#,
            r#"{"HostConfig":{"Privileged":false,"privileged":true}}"#,
            r#"{"HostConfig":{"Privileged":true,"Privileged":null}}"#,
            r#"{"HostConfig":{"Privil\u0065ged":true}}"#,
        ] {
            for engine in Engine::ALL {
                assert!(has(engine, body, "privileged: true"), "{body}");
            }
        }
        let text = r#"{"HostConfig":{"CapAdd":"SYS_ADMIN"}}"#;
        assert!(has(
            Engine::Plain,
            text,
            "capability: add Named(\"SYS_ADMIN\")"
        ));
    }

    #[test]
    fn only_older_engines_read_the_top_level() {
        for (body, older) in [
            (r#"{"Privileged":true}"#, true),
            (r#"{"Privileged":true,"HostConfig":null}"#, true),
            (r#"{"Privileged":true,"HostConfig":{}}"#, false),
        ] {
            assert_eq!(
                has(Engine::Wrapping, body, "privileged: true"),
                older,
                "{body}"
            );
            assert!(!has(Engine::Plain, body, "privileged: true"), "{body}");
        }
        let lent = r#"{"Memory":7,"HostConfig":{}}"#;
        assert!(has(Engine::Wrapping, lent, "HostConfig.Memory: 7"));
        assert!(has(Engine::Plain, lent, "HostConfig.Memory: 0"));
    }
}
