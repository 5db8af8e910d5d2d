//! What each field may be set to, as the files in `values` say.
//!
//! A field has three lists: what clients send for people who mean no harm (`benign`), what breaks a
//! rule or might, in the words of the API (`hostile`), and what no client sends (`odd`). Words that
//! begin with `$` stand for what is only known of a running daemon; see [`substitute`].

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::draft::{Edit, Meant};
use crate::engine::World;
use crate::json::Json;

/// The fields of one kind of body.
#[derive(Debug)]
pub(crate) struct Catalogue {
    pub(crate) fields: Vec<Field>,
    /// Whether values are only ever written as they stand there.
    pub(crate) verbatim: bool,
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) path: Vec<String>,
    values: Values,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Values {
    benign: Vec<Value>,
    hostile: Vec<Value>,
    odd: Vec<Value>,
}

impl Field {
    fn meant(&self, meant: Meant) -> &[Value] {
        match meant {
            Meant::Benign => &self.values.benign,
            Meant::Hostile => &self.values.hostile,
            Meant::Odd => &self.values.odd,
        }
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &Value> {
        let Values {
            benign,
            hostile,
            odd,
        } = &self.values;
        benign.iter().chain(hostile).chain(odd)
    }
}

impl Catalogue {
    fn read(file: &str, world: &World) -> Self {
        let rows: BTreeMap<String, Values> = serde_json::from_str(file).unwrap();
        let fields = rows
            .into_iter()
            .map(|(path, mut values)| {
                for list in [&mut values.benign, &mut values.hostile, &mut values.odd] {
                    for value in list {
                        substitute(value, world);
                    }
                }
                Field {
                    path: path.split('.').map(ToOwned::to_owned).collect(),
                    values,
                }
            })
            .collect();
        Self {
            fields,
            verbatim: false,
        }
    }

    /// The body of `POST /containers/create`.
    pub(crate) fn container(world: &World) -> Self {
        Self::read(include_str!("values/container.json"), world)
    }

    /// The body of a start in old versions: host settings, with no object around them.
    ///
    /// The daemon prepares such a container, so what would reach beyond it is left out, and sources
    /// of mounts that are not there, since it makes them.
    pub(crate) fn start(world: &World) -> Self {
        const LEFT_OUT: [&str; 6] = [
            "CgroupParent",
            "CpuRealtimePeriod",
            "CpuRealtimeRuntime",
            "Devices",
            "OomScoreAdj",
            "Sysctls",
        ];
        const NOT_ODD: [&str; 2] = ["Binds", "Mounts"];
        let fields = Self::container(world).fields.into_iter();
        let fields = fields.filter_map(|Field { path, mut values }| {
            let [first, name] = path.as_slice() else {
                return None;
            };
            if NOT_ODD.contains(&name.as_str()) {
                values.odd.clear();
            }
            (first == "HostConfig" && !LEFT_OUT.contains(&name.as_str())).then(|| Field {
                path: vec![name.clone()],
                values,
            })
        });
        Self {
            fields: fields.collect(),
            verbatim: true,
        }
    }

    /// The body of `POST /volumes/create`.
    pub(crate) fn volume(world: &World) -> Self {
        Self::read(include_str!("values/volume.json"), world)
    }

    /// The body of `POST /containers/ID/update`.
    pub(crate) fn update(world: &World) -> Self {
        Self::read(include_str!("values/update.json"), world)
    }

    /// The body of `POST /containers/ID/exec`.
    pub(crate) fn exec(world: &World) -> Self {
        Self::read(include_str!("values/exec.json"), world)
    }

    /// The body of `POST /networks/create`.
    pub(crate) fn network(world: &World) -> Self {
        Self::read(include_str!("values/network.json"), world)
    }

    /// The body of `POST /networks/ID/connect`.
    pub(crate) fn connect(world: &World) -> Self {
        Self::read(include_str!("values/connect.json"), world)
    }

    /// The body of `POST /services/create`.
    pub(crate) fn service(world: &World) -> Self {
        Self::read(include_str!("values/service.json"), world)
    }

    /// The query of `POST /build`.
    pub(crate) fn build(world: &World) -> Self {
        Self::read(include_str!("values/build.json"), world)
    }

    /// One field and one value for it. A field with many values is thrown more often than one with
    /// few, and yet none only seldom.
    pub(crate) fn throw(&self, dice: &mut Dice, meant: Meant) -> (&[String], &Value) {
        let choices: Vec<_> = self
            .fields
            .iter()
            .map(|field| (field, field.meant(meant)))
            .filter(|(_, values)| !values.is_empty())
            .map(|choice| (3 + choice.1.len(), choice))
            .collect();
        let (field, values) = *dice.weighted(&choices);
        (&field.path, dice.pick(values))
    }

    /// Sets one field of the body to one value.
    pub(crate) fn edit(&self, dice: &mut Dice, meant: Meant) -> Edit {
        let (path, value) = self.throw(dice, meant);
        let (path, name, value) = (path.to_vec(), path.join("."), value.clone());
        let what = format!("{name} = {value}");
        Edit::new(&name, what, meant, move |draft| {
            if let Some(body) = &mut draft.body {
                body.set(&path, Json::from(value.clone()));
                draft.subject = Some(path.clone());
            }
        })
    }
}

/// Puts what the daemon is like in the place of the words for it.
///
/// `$DIR`, and `$HOST_NETWORK` and `$OWN_NETWORK` with a length in brackets for the beginning of the
/// id, may stand anywhere in a text. `$MEMORY` and `$NANO_CPUS`, with `+` or `*` and a number behind,
/// and `$MASKED` and `$READ_ONLY` stand for the whole value.
fn substitute(value: &mut Value, world: &World) {
    match value {
        Value::String(text) => *value = substituted(text, world),
        Value::Array(list) => list.iter_mut().for_each(|value| substitute(value, world)),
        Value::Object(members) => {
            *members = std::mem::take(members)
                .into_iter()
                .map(|(name, mut value)| {
                    substitute(&mut value, world);
                    let name = substituted(&name, world);
                    (name.as_str().unwrap_or_default().to_owned(), value)
                })
                .collect();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn substituted(text: &str, world: &World) -> Value {
    match text {
        "$MASKED" => return json!(world.masked),
        "$READ_ONLY" => return json!(world.read_only),
        _ => {}
    }
    for (word, number) in [
        ("$MEMORY", world.memory),
        ("$NANO_CPUS", world.cpus * 1_000_000_000),
    ] {
        let Some(rest) = text.strip_prefix(word) else {
            continue;
        };
        let operand = || rest[1..].parse::<i64>().unwrap();
        return json!(match rest.chars().next() {
            None => number,
            Some('+') => number + operand(),
            Some('*') => number * operand(),
            Some(other) => panic!("{text}: what is {other}?"),
        });
    }
    let mut text = text.replace("$DIR", &world.dir);
    for (word, id) in [
        ("$HOST_NETWORK", &world.host_network),
        ("$OWN_NETWORK", &world.own_network),
    ] {
        for length in [3, 6, 8, 12] {
            text = text.replace(&format!("{word}[{length}]"), &id[..length]);
        }
        text = text.replace(word, id);
    }
    json!(text)
}
