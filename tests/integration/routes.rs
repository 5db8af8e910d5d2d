use std::collections::{BTreeMap, BTreeSet};

use lockgate::decision::decide;
use lockgate::docker::{ROUTES, Route};
use lockgate::policy::Policy;

use crate::support::{FakeHost, envelope_of, policy};

/// The preset `default`, with what it leaves to the operator switched on.
const STRICT: &str = "
[rules.opaque-build]
mode = \"deny\"
[rules.swarm-administration]
mode = \"deny\"
[rules.host-secrets]
mode = \"deny\"
[rules.foreign-image]
mode = \"deny\"
allow = [\"registry.example.com/ops/*\"]
";

/// A call of every route: method, target, whether dockerd takes parameters from a form in the body,
/// the rules that refuse it under [`STRICT`], and the body when it has to have one. Written by hand
/// from moby's handlers; each is as harmless as its route lets it be.
const CALLS: &str = r#"
GET     | /containers/web/checkpoints              |      |                      |
POST    | /containers/web/checkpoints              |      |                      | {"CheckpointID":"c1","Exit":true}
DELETE  | /containers/web/checkpoints/c1           |      |                      |
HEAD    | /containers/web/archive?path=/etc/passwd |      | host-secrets         |
GET     | /containers/json?all=1                   |      |                      |
GET     | /containers/web/export                   |      | host-secrets         |
GET     | /containers/web/changes                  |      |                      |
GET     | /containers/web/json                     |      |                      |
GET     | /containers/web/top?ps_args=aux          |      |                      |
GET     | /containers/web/logs?stdout=1            |      |                      |
GET     | /containers/web/stats?stream=0           |      |                      |
GET     | /containers/web/attach/ws?stdin=1        |      | host-secrets         |
GET     | /exec/0f1e/json                          |      |                      |
GET     | /containers/web/archive?path=/etc/passwd |      | host-secrets         |
POST    | /containers/create?name=web              |      |                      | {"Image":"registry.example.com/ops/web","User":"1000:1000","HostConfig":{"NetworkMode":"none","CapDrop":["ALL"],"SecurityOpt":["no-new-privileges"],"Memory":67108864,"NanoCpus":10000000,"PidsLimit":64,"ReadonlyRootfs":true}}
POST    | /containers/web/kill?signal=TERM         | form |                      |
POST    | /containers/web/pause                    | form |                      |
POST    | /containers/web/unpause                  | form |                      |
POST    | /containers/web/restart?t=1              | form |                      |
POST    | /containers/web/start                    | form |                      |
POST    | /containers/web/stop?t=1                 | form |                      |
POST    | /containers/web/wait?condition=removed   | form |                      |
POST    | /containers/web/resize?h=1&w=1           | form |                      |
POST    | /containers/web/attach?stream=1          | form |                      |
POST    | /containers/web/copy                     |      | host-secrets         |
POST    | /containers/web/exec                     |      |                      | {"Cmd":["id"]}
POST    | /exec/0f1e/start                         |      |                      |
POST    | /exec/0f1e/resize?h=1&w=1                | form |                      |
POST    | /containers/web/rename?name=db           | form |                      |
POST    | /containers/web/update                   |      |                      | {"NanoCpus":500000000}
POST    | /containers/prune                        | form |                      |
POST    | /commit?container=web&repo=mine          |      |                      |
PUT     | /containers/web/archive?path=/tmp        |      |                      |
DELETE  | /containers/web?force=1                  |      |                      |
GET     | /images/json                             |      |                      |
GET     | /images/search?term=web                  |      |                      |
GET     | /images/get?names=web                    |      |                      |
GET     | /images/web/get                          |      |                      |
GET     | /images/web/history                      |      |                      |
GET     | /images/web/json                         |      |                      |
GET     | /images/web/attestations                 |      |                      |
POST    | /images/load?quiet=1                     |      | foreign-image        |
POST    | /images/create?fromImage=registry.example.com/ops/web&tag=1 | form | |
POST    | /images/web/push?tag=1                   | form |                      |
POST    | /images/web/tag?repo=mine                | form |                      |
POST    | /images/prune                            | form |                      |
DELETE  | /images/web                              |      |                      |
OPTIONS | /containers/create                       |      |                      |
GET     | /_ping                                   |      |                      |
HEAD    | /_ping                                   |      |                      |
GET     | /events                                  |      |                      |
GET     | /info                                    |      |                      |
GET     | /version                                 |      |                      |
GET     | /system/df                               |      |                      |
POST    | /auth                                    |      |                      |
GET     | /volumes                                 |      |                      |
GET     | /volumes/data                            |      |                      |
POST    | /volumes/create                          |      |                      | {"Name":"data","Driver":"local","DriverOpts":{},"Labels":{}}
POST    | /volumes/prune                           | form |                      |
PUT     | /volumes/data?version=1                  |      |                      |
DELETE  | /volumes/data                            |      |                      |
POST    | /build?memory=67108864&cpuquota=50000&networkmode=none&t=mine | form | |
POST    | /build/prune?all=1                       | form |                      |
POST    | /build/cancel?id=0f1e                    | form |                      |
POST    | /session                                 |      | foreign-image opaque-build |
POST    | /swarm/init                              |      | swarm-administration |
POST    | /swarm/join                              |      | swarm-administration |
POST    | /swarm/leave?force=1                     | form | swarm-administration |
GET     | /swarm                                   |      | host-secrets         |
GET     | /swarm/unlockkey                         |      | host-secrets         |
POST    | /swarm/update?version=1                  |      | swarm-administration |
POST    | /swarm/unlock                            |      | swarm-administration |
GET     | /services                                |      |                      |
GET     | /services/web                            |      |                      |
POST    | /services/create                         |      |                      | {"Name":"web","TaskTemplate":{"ContainerSpec":{"Image":"registry.example.com/ops/web","User":"1000:1000","ReadOnly":true,"CapabilityDrop":["ALL"],"Privileges":{"NoNewPrivileges":true}},"Resources":{"Limits":{"MemoryBytes":67108864,"NanoCPUs":500000000,"Pids":64}},"Networks":[{"Target":"apps_default"}]}}
POST    | /services/web/update?version=12          |      |                      | {"Name":"web","TaskTemplate":{"ContainerSpec":{"Image":"registry.example.com/ops/web","User":"1000:1000","ReadOnly":true,"CapabilityDrop":["ALL"],"Privileges":{"NoNewPrivileges":true}},"Resources":{"Limits":{"MemoryBytes":67108864,"NanoCPUs":500000000,"Pids":64}},"Networks":[{"Target":"apps_default"}]}}
DELETE  | /services/web                            |      |                      |
GET     | /services/web/logs                       |      |                      |
GET     | /nodes                                   |      |                      |
GET     | /nodes/self                              |      |                      |
DELETE  | /nodes/4x                                |      | swarm-administration |
POST    | /nodes/4x/update?version=1               |      | swarm-administration |
GET     | /tasks                                   |      |                      |
GET     | /tasks/4x                                |      |                      |
GET     | /tasks/4x/logs                           |      |                      |
GET     | /secrets                                 |      |                      |
POST    | /secrets/create                          |      |                      |
DELETE  | /secrets/4x                              |      |                      |
GET     | /secrets/4x                              |      |                      |
POST    | /secrets/4x/update?version=1             |      |                      |
GET     | /configs                                 |      | host-secrets         |
POST    | /configs/create                          |      |                      |
DELETE  | /configs/4x                              |      |                      |
GET     | /configs/4x                              |      | host-secrets         |
POST    | /configs/4x/update?version=1             |      |                      |
GET     | /plugins                                 |      |                      |
GET     | /plugins/vieux/sshfs/json                |      |                      |
GET     | /plugins/privileges?remote=vieux/sshfs   |      |                      |
DELETE  | /plugins/vieux/sshfs                     |      | plugin-change        |
POST    | /plugins/vieux/sshfs/enable?timeout=30   | form | plugin-change        |
POST    | /plugins/vieux/sshfs/disable             | form | plugin-change        |
POST    | /plugins/pull?remote=vieux/sshfs         |      | plugin-change        |
POST    | /plugins/vieux/sshfs/push                | form |                      |
POST    | /plugins/vieux/sshfs/upgrade?remote=vieux/sshfs |  | plugin-change     |
POST    | /plugins/vieux/sshfs/set                 |      | plugin-change        |
POST    | /plugins/create?name=vieux/sshfs         | form | plugin-change        |
GET     | /distribution/web/json                   |      |                      |
POST    | /grpc                                    |      | foreign-image opaque-build |
GET     | /networks                                |      |                      |
GET     | /networks/                               |      |                      |
GET     | /networks/apps                           |      |                      |
POST    | /networks/create                         |      |                      | {"Name":"apps","Driver":"bridge"}
POST    | /networks/apps/connect                   |      |                      | {"Container":"web"}
POST    | /networks/apps/disconnect                |      |                      |
POST    | /networks/prune                          | form |                      |
DELETE  | /networks/apps                           |      |                      |
GET     | /debug/vars                              |      | host-secrets         |
POST    | /debug/pprof/symbol                      |      | host-secrets         |
"#;

/// A row of [`CALLS`].
#[derive(Debug)]
struct Row {
    method: &'static str,
    target: &'static str,
    takes_form: bool,
    refused_by: Vec<&'static str>,
    body: Option<&'static str>,
}

impl Row {
    fn all() -> Vec<Self> {
        CALLS.trim().lines().map(Self::of).collect()
    }

    fn of(line: &'static str) -> Self {
        let [method, target, form, rules, body] = line
            .splitn(5, '|')
            .map(str::trim)
            .collect::<Vec<_>>()
            .try_into()
            .unwrap();
        Self {
            method,
            target,
            takes_form: form == "form",
            refused_by: rules.split_whitespace().collect(),
            body: Some(body).filter(|body| !body.is_empty()),
        }
    }

    fn path(&self) -> &'static str {
        self.target
            .split_once('?')
            .map_or(self.target, |(path, _)| path)
    }

    fn route(&self) -> &'static Route {
        Route::find(self.method, self.path())
            .unwrap_or_else(|| panic!("{} {} has no route", self.method, self.target))
    }

    /// What refuses it when it is sent in this way.
    fn refusal(
        &self,
        target: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
        policy: &Policy,
    ) -> Vec<&'static str> {
        let headers: BTreeMap<String, String> = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let body = body.map(str::as_bytes);
        let envelope = envelope_of(self.method, target, body, None, &headers);
        decide(&envelope, policy, &FakeHost::default())
            .verdict()
            .denying()
    }
}

#[test]
fn there_is_a_call_of_every_route() {
    let name = |route: &Route| (route.method, route.pattern);
    let tried: BTreeSet<_> = Row::all().iter().map(Row::route).map(name).collect();
    let all: BTreeSet<_> = ROUTES.iter().map(name).collect();
    assert_eq!(tried, all);
}

#[test]
fn each_is_judged_alike_in_every_spelling_of_its_target() {
    let policy = policy(STRICT);
    for row in Row::all() {
        let target = row.target;
        let bare = target.strip_prefix('/').unwrap();
        let (first, rest) = bare.split_at(1);
        for spelling in [
            target.to_owned(),
            format!("/v1.44{target}"),
            format!("/v01.044{target}"),
            format!("/v1.44.{target}"),
            format!("/%76%31.44{target}"),
            format!("/v1.44/%{:02x}{rest}", first.as_bytes()[0]),
            format!("/v1.44%2F{bare}"),
            format!("http://docker/v1.44{target}"),
            format!("any+scheme:{target}"),
            format!("x:///v1.44{target}"),
        ] {
            assert_eq!(
                row.refusal(&spelling, &[], row.body, &policy),
                row.refused_by,
                "{} {spelling}",
                row.method
            );
        }
    }
}

// moby pkg/authorization/authz.go sendBody: a fragment that cannot be read hides the body.
#[test]
fn none_is_allowed_with_a_fragment() {
    let policy = policy(STRICT);
    for row in Row::all() {
        for tail in ["#", "#%zz", "?#%zz"] {
            let target = format!("/v1.44{}{tail}", row.target);
            let refusal = row.refusal(&target, &[], row.body, &policy);
            assert_eq!(
                refusal.first(),
                Some(&"unreadable-target"),
                "{} {target}",
                row.method
            );
        }
    }
}

#[test]
fn a_body_that_is_due_and_does_not_arrive_is_a_refusal() {
    let policy = policy(STRICT);
    for row in Row::all().iter().filter(|row| row.body.is_some()) {
        for headers in [
            [].as_slice(),
            &[("Content-Type", "application/json")],
            &[
                ("Content-Type", "text/plain"),
                ("Content-Length", "2097152"),
            ],
            &[("Content-Length", "0")],
        ] {
            let refusal = row.refusal(row.target, headers, None, &policy);
            assert_eq!(refusal, ["missing-body"], "{} {headers:?}", row.target);
        }
    }
}

// moby: `r.ParseForm` puts the parameters of a form before those of the query.
#[test]
fn a_form_is_refused_where_dockerd_takes_one_and_is_nothing_elsewhere() {
    let policy = policy(STRICT);
    for row in Row::all() {
        for kind in [
            "application/x-www-form-urlencoded",
            "Application/X-WWW-Form-URLEncoded; charset=utf-8",
            "multipart/form-data; boundary=x",
        ] {
            let form = ("Content-Type", kind);
            let with_a_form = row.refusal(row.target, &[form], row.body, &policy);
            let mut due = row.refused_by.clone();
            if row.takes_form {
                due.insert(0, "form-body");
            }
            assert_eq!(with_a_form, due, "{} {} {kind}", row.method, row.target);
            let empty = [form, ("Content-Length", "0")];
            assert_eq!(
                row.refusal(row.target, &empty, row.body, &policy),
                row.refused_by,
                "{} {} {kind}, without a byte",
                row.method,
                row.target
            );
        }
    }
}
