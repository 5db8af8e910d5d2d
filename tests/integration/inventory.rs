use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

use lockgate::decision::decide;
use lockgate::docker::{Form, ROUTES, Route};
use lockgate::policy::{CATALOG, Policy};
use serde_json::{Value, json};

use crate::support::{FakeHost, envelope, policy};

/// Paths for all of which lockgate's table has one row.
const SUBTREES: &[(&str, &str)] = &[("/debug/", "* /debug/{name:.*}")];

/// Routes on which a form changes nothing although moby's source reads one, and why.
const HARMLESS_FORMS: &[(&str, &str)] = &[
    (
        "POST /images/load",
        "the archive is the body, so that a form leaves none",
    ),
    (
        "PUT /containers/{name:.*}/archive",
        "the archive is the body, so that a form leaves none",
    ),
    (
        "POST /plugins/pull",
        "20.10 only, which then finds no privileges in what is left of the body and refuses",
    ),
    (
        "POST /plugins/{name:.*}/upgrade",
        "20.10 only, which then finds no privileges in what is left of the body and refuses",
    ),
];

/// Routes with a JSON body that `unknown-field` judges.
const READ_BODIES: &[&str] = &[
    "POST /containers/create",
    "POST /containers/{name:.*}/start",
    "POST /containers/{name:.*}/update",
    "POST /containers/{name:.*}/exec",
    "POST /containers/{name:.*}/checkpoints",
    "POST /volumes/create",
    "POST /networks/create",
    "POST /networks/{id:.*}/connect",
    "POST /services/create",
    "POST /services/{id}/update",
];

/// Routes with a JSON body that no rule looks into, and why none needs to.
const UNREAD_BODIES: &[(&str, &str)] = &[
    (
        "POST /containers/{name:.*}/copy",
        "a path inside the container",
    ),
    (
        "POST /exec/{name:.*}/start",
        "streams of an exec that was judged",
    ),
    (
        "POST /commit",
        "defaults of an image; a container made of it is judged by what its own request says",
    ),
    (
        "POST /images/{name:.*}/push",
        "credentials for the registry",
    ),
    ("POST /auth", "credentials, which no plugin is shown"),
    (
        "PUT /volumes/{name:.*}",
        "where a cluster volume is available",
    ),
    (
        "POST /swarm/init",
        "`swarm-administration` judges the route",
    ),
    (
        "POST /swarm/join",
        "`swarm-administration` judges the route",
    ),
    (
        "POST /swarm/update",
        "`swarm-administration` judges the route",
    ),
    (
        "POST /swarm/unlock",
        "`swarm-administration` judges the route",
    ),
    (
        "POST /nodes/{id}/update",
        "`swarm-administration` judges the route",
    ),
    ("POST /secrets/create", "content, not settings"),
    ("POST /secrets/{id}/update", "labels"),
    ("POST /configs/create", "content, not settings"),
    ("POST /configs/{id}/update", "labels"),
    ("POST /plugins/pull", "`plugin-change` judges the route"),
    (
        "POST /plugins/{name:.*}/upgrade",
        "`plugin-change` judges the route",
    ),
    (
        "POST /plugins/{name:.*}/set",
        "`plugin-change` judges the route",
    ),
    (
        "POST /networks/{id:.*}/disconnect",
        "a container, and whether it has to be there",
    ),
];

/// Routes whose query `unknown-field` judges.
const READ_QUERIES: &[&str] = &["POST /build"];

/// Fields that are known and yet refused as unknown, and why.
const REFUSED: &[(&str, &str)] = &[(
    "POST /containers/create body HostConfig.Capabilities",
    "the whole list of capabilities for API 1.40; engines of today that find it refuse the create",
)];

/// What a field holds where the example for its kind of JSON would not do.
const EXAMPLES: &[(&str, &str)] = &[
    ("HostConfig.SecurityOpt", r#"["no-new-privileges"]"#),
    ("LogConfig", r#"{"Type":"json-file"}"#),
    ("RestartPolicy", r#"{"Name":"always"}"#),
    ("SecurityOpt", r#"["no-new-privileges"]"#),
    ("securityopt", r#""no-new-privileges""#),
];

/// A field that no engine has.
const INVENTED: &str = "Teleport";

/// The rows of a table, without its comments and its head.
fn rows<const COLUMNS: usize>(
    table: &'static str,
) -> impl Iterator<Item = [&'static str; COLUMNS]> {
    table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            cells.try_into().unwrap()
        })
}

/// Names what only one of two lists has.
fn assert_same(list: &str, ours: &BTreeSet<String>, moby: &BTreeSet<String>) {
    let missing: Vec<_> = moby.difference(ours).collect();
    let extra: Vec<_> = ours.difference(moby).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "{list}: to be sorted in are {missing:#?}, no engine has {extra:#?}"
    );
}

// === Routes ===

/// A row of `routes.tsv`.
#[derive(Debug)]
struct MobyRoute {
    method: &'static str,
    pattern: &'static str,
    /// What is read beside the query: `json`, `form`, `stream`, `connection`.
    reads: Vec<&'static str>,
}

static MOBY_ROUTES: LazyLock<Vec<MobyRoute>> = LazyLock::new(|| {
    rows(include_str!("../data/moby/routes.tsv"))
        .map(|[method, pattern, reads, _api, _since, _until]| MobyRoute {
            method,
            pattern,
            reads: reads.split(',').collect(),
        })
        .collect()
});

impl MobyRoute {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.pattern)
    }

    /// The name of the row that lockgate's table has for it.
    fn row(&self) -> String {
        SUBTREES
            .iter()
            .find(|(folder, _)| self.pattern.starts_with(folder))
            .map_or_else(|| self.name(), |(_, row)| (*row).to_owned())
    }
}

fn name(route: &Route) -> String {
    format!("{} {}", route.method, route.pattern)
}

fn names_of_routes_reading(what: &str) -> BTreeSet<String> {
    MOBY_ROUTES
        .iter()
        .filter(|route| route.reads.contains(&what))
        .map(MobyRoute::name)
        .collect()
}

#[test]
fn every_route_of_every_engine_is_in_the_table_in_the_order_of_moby() {
    let mut moby: Vec<_> = MOBY_ROUTES.iter().map(MobyRoute::row).collect();
    moby.dedup();
    let table: Vec<_> = ROUTES.iter().map(name).collect();
    assert_same(
        "ROUTES",
        &table.iter().cloned().collect(),
        &moby.iter().cloned().collect(),
    );
    assert_eq!(table, moby, "the first row that matches counts");
}

#[test]
fn every_route_that_takes_a_form_says_so() {
    let taking = names_of_routes_reading("form");
    let silent = ROUTES
        .iter()
        .filter(|route| route.form == Form::No)
        .map(name)
        .filter(|name| taking.contains(name))
        .collect();
    let harmless = HARMLESS_FORMS.iter().map(|(name, _)| (*name).to_owned());
    assert_same(
        "`.form()` in ROUTES, or HARMLESS_FORMS",
        &harmless.collect(),
        &silent,
    );
}

#[test]
fn every_body_is_read_or_left_for_a_reason() {
    let sorted = READ_BODIES
        .iter()
        .chain(UNREAD_BODIES.iter().map(|(name, _)| name))
        .map(|name| (*name).to_owned());
    assert_same(
        "READ_BODIES or UNREAD_BODIES",
        &sorted.collect(),
        &names_of_routes_reading("json"),
    );
}

// === Fields ===

/// A row of `fields.tsv`.
#[derive(Debug)]
struct MobyField {
    route: &'static str,
    /// `query` or `body`.
    place: &'static str,
    path: &'static str,
    json: &'static str,
}

static MOBY_FIELDS: LazyLock<Vec<MobyField>> = LazyLock::new(|| {
    rows(include_str!("../data/moby/fields.tsv"))
        .map(
            |[route, place, path, json, _go, _since, _until]| MobyField {
                route,
                place,
                path,
                json,
            },
        )
        .collect()
});

/// Enforces `unknown-field` and nothing else.
static UNKNOWN_FIELD: LazyLock<Policy> = LazyLock::new(|| {
    let mut text = String::new();
    for rule in CATALOG {
        let mode = if rule.id == "unknown-field" {
            "deny"
        } else {
            "off"
        };
        writeln!(text, "[rules.{}]\nmode = \"{mode}\"", rule.id).unwrap();
    }
    policy(&text)
});

/// A step on the way to a field.
#[derive(Debug, Clone, Copy)]
enum Step<'p> {
    /// Into a field of an object.
    Field(&'p str),
    /// To the first item of a list.
    Item,
    /// To a value of a map.
    Value,
}

/// The steps to a path, each with the path so far: `Mounts[].Type` is a field, an item and a field.
fn steps(path: &str) -> Vec<(Step<'_>, String)> {
    let mut steps = Vec::new();
    let mut here = String::new();
    for part in path.split('.') {
        let name = part.trim_end_matches(['[', ']', '{', '}']);
        if !here.is_empty() {
            here.push('.');
        }
        here.push_str(name);
        steps.push((Step::Field(name), here.clone()));
        let mut rest = part.strip_prefix(name).unwrap();
        while !rest.is_empty() {
            let (step, mark) = match rest.strip_prefix("[]") {
                Some(_) => (Step::Item, "[]"),
                None => (Step::Value, "{}"),
            };
            here.push_str(mark);
            steps.push((step, here.clone()));
            rest = rest.strip_prefix(mark).unwrap();
        }
    }
    steps
}

/// A value that is not zero, for a kind of JSON in the words of `fields.tsv`.
fn example(kind: &str) -> Value {
    let inside = |open, close| kind.strip_prefix(open)?.strip_suffix(close);
    if let Some(item) = inside('[', ']') {
        return json!([example(item)]);
    }
    if let Some(value) = inside('{', '}') {
        let value = example(value.strip_prefix("port:").unwrap_or(value));
        return json!({ key(kind): value });
    }
    match kind {
        "bool" => json!(true),
        "number" => json!(1),
        "string" | "repeated" => json!("x"),
        "address" => json!("192.0.2.1"),
        "prefix" => json!("192.0.2.0/24"),
        "mac" => json!("02:42:c0:00:02:01"),
        "base64" => json!("eA=="),
        "object" => json!({}),
        other => panic!("no example for `{other}`"),
    }
}

/// A key for a kind of map.
fn key(kind: &str) -> &'static str {
    if kind.starts_with("{port:") {
        "80/tcp"
    } else {
        "x"
    }
}

impl MobyField {
    /// What stands at another path of the same request.
    fn at(&self, path: &str) -> Option<&'static Self> {
        MOBY_FIELDS
            .iter()
            .find(|other| (other.route, other.place, other.path) == (self.route, self.place, path))
    }

    fn name(&self) -> String {
        format!("{} {} {}", self.route, self.place, self.path)
    }

    /// Whether it stands at the top level of a create, where only engines up to 26 read it.
    fn is_misplaced(&self) -> bool {
        self.route == "POST /containers/create"
            && (self.path == "Cpuset" || self.at(&format!("HostConfig.{}", self.path)).is_some())
    }

    /// An object with the field, and if wanted with another beside it that nobody knows.
    fn object(&self, with_unknown: bool) -> Value {
        let mut object = Value::Null;
        let mut here = &mut object;
        let mut before = String::new();
        for (step, path) in steps(self.path) {
            here = match step {
                Step::Field(name) => {
                    if with_unknown && path == self.path {
                        here[INVENTED] = json!(true);
                    }
                    &mut here[name]
                }
                Step::Item => {
                    *here = json!([null]);
                    &mut here[0]
                }
                Step::Value => &mut here[key(self.at(&before).unwrap().json)],
            };
            before = path;
        }
        *here = EXAMPLES
            .iter()
            .find(|(path, _)| *path == self.path)
            .map_or_else(
                || example(self.json),
                |(_, json)| serde_json::from_str(json).unwrap(),
            );
        object
    }

    /// What refuses a request with nothing but this.
    fn refused_by(&self, object: &Value) -> Vec<&'static str> {
        let (method, path) = self.route.split_once(' ').unwrap();
        let envelope = match self.place {
            "query" => envelope(method, &format!("{path}?{}", query(object)), None),
            // Below API 1.24, so that a start has a body; what is unknown hangs on no version.
            _ => envelope(
                method,
                &format!("/v1.23{path}"),
                Some(object.to_string().as_bytes()),
            ),
        };
        decide(&envelope, &UNKNOWN_FIELD, &FakeHost::default())
            .verdict()
            .denying()
    }
}

/// The fields of an object as parameters: text as it is, anything else as JSON.
fn query(object: &Value) -> String {
    let mut query = String::new();
    for (name, value) in object.as_object().unwrap() {
        write!(query, "&{name}=").unwrap();
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        for byte in text.bytes() {
            write!(query, "%{byte:02X}").unwrap();
        }
    }
    query
}

/// The fields of all requests that `unknown-field` judges.
fn judged() -> impl Iterator<Item = &'static MobyField> {
    MOBY_FIELDS.iter().filter(|field| {
        let routes = match field.place {
            "query" => READ_QUERIES,
            "body" => READ_BODIES,
            other => panic!("`fields.tsv` has a place `{other}`"),
        };
        routes.contains(&field.route)
    })
}

#[test]
fn no_field_of_any_engine_is_unknown() {
    let mut faults = Vec::new();
    for field in judged() {
        let object = field.object(false);
        let due: &[&str] = if field.is_misplaced() {
            &["ambiguous-body"]
        } else if REFUSED.iter().any(|(name, _)| *name == field.name()) {
            &["unknown-field"]
        } else {
            &[]
        };
        let refused = field.refused_by(&object);
        if refused != due {
            faults.push(format!(
                "{}: {refused:?}, not {due:?}: {object}",
                field.name()
            ));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_field_of_no_engine_is_unknown_beside_every_other() {
    let mut faults = Vec::new();
    for field in judged().filter(|field| !field.is_misplaced()) {
        // What an exporter of BuildKit is told, which is only read by it.
        let is_free = field.place == "query" && field.path.starts_with("outputs[]");
        let object = field.object(true);
        let is_unknown = field.refused_by(&object).contains(&"unknown-field");
        if is_unknown == is_free {
            faults.push(format!("{}: {object}", field.name()));
        }
    }
    assert!(
        faults.is_empty(),
        "taken with an unknown field, or not free: {faults:#?}"
    );
}
