//! The same thing said in other ways: keys, values, documents, request targets, headers.

use std::rc::Rc;

use serde_json::{Value, json};

use crate::dice::Dice;
use crate::draft::{Draft, Edit, Meant, content_type};
use crate::http::Framing;
use crate::json::{Json, Member};
use crate::values::{Catalogue, Field};

/// A member of the body.
#[derive(Debug, Clone, Copy)]
enum Aim {
    /// The one that was set last, or any.
    Subject(usize),
    /// The object that all host settings are in.
    HostConfig,
    Any(usize),
}

impl Aim {
    fn at_random(dice: &mut Dice) -> Self {
        let throw = dice.throw();
        *dice.weighted(&[
            (6, Self::Subject(throw)),
            (2, Self::HostConfig),
            (2, Self::Any(throw)),
        ])
    }

    fn path(self, draft: &Draft) -> Option<Vec<String>> {
        let body = draft.body.as_ref()?;
        let any = |throw: usize| {
            let paths = body.paths();
            (!paths.is_empty()).then(|| paths[throw % paths.len()].clone())
        };
        match self {
            Self::Subject(throw) => draft.subject.clone().or_else(|| any(throw)),
            Self::HostConfig => body
                .get("HostConfig")
                .map(|_| vec!["HostConfig".to_owned()]),
            Self::Any(throw) => any(throw),
        }
    }
}

/// One way of throwing a change.
type Way = fn(&mut Dice, &Rc<Catalogue>) -> Edit;

/// Any of the ways below.
pub(crate) fn any(dice: &mut Dice, catalogue: &Rc<Catalogue>) -> Edit {
    let ways: [(usize, Way); 7] = [
        (30, |dice, _| key(dice)),
        (25, twice),
        (8, |dice, _| place(dice)),
        (if catalogue.verbatim { 0 } else { 10 }, |dice, _| {
            value(dice)
        }),
        (12, |dice, _| target(dice)),
        (5, |dice, _| document(dice)),
        (10, |dice, _| header(dice)),
    ];
    dice.weighted(&ways)(dice, catalogue)
}

/// The names of all ways.
pub(crate) fn kinds() -> impl Iterator<Item = &'static str> {
    let keys = KEY_SPELLINGS.iter().map(|(kind, _)| *kind);
    keys.chain(SECOND_VALUES.iter().map(|(kind, _)| *kind))
        .chain(PLACES.iter().map(|(kind, _)| *kind))
        .chain(VALUE_SPELLINGS.iter().map(|(kind, _)| *kind))
        .chain(DOCUMENTS.iter().map(|(kind, ..)| *kind))
        .chain(TARGETS.iter().map(|(kind, _)| *kind))
        .chain(HEADERS.iter().map(|(kind, _)| *kind))
}

fn on_member(kind: &str, aim: Aim, change: impl Fn(&mut Vec<Member>, usize) + 'static) -> Edit {
    Edit::new(
        kind,
        format!("{kind} ({aim:?})"),
        Meant::Odd,
        move |draft| {
            let Some(path) = aim.path(draft) else {
                return;
            };
            let Some(members) = draft.body.as_mut().and_then(|body| body.parent_of(&path)) else {
                return;
            };
            let name = path.last().expect("a path has a last name");
            if let Some(at) = members.iter().position(|member| member.name == *name) {
                change(members, at);
            }
        },
    )
}

// === keys ===

/// A key that Go takes for the same, or that looks as if it did.
fn key(dice: &mut Dice) -> Edit {
    let aim = Aim::at_random(dice);
    let (kind, respell) = *dice.pick(KEY_SPELLINGS);
    let throw = dice.throw();
    on_member(kind, aim, move |members, at| {
        members[at].spelling = respell(&members[at].name, throw);
    })
}

type Respell = fn(&str, usize) -> Vec<u8>;

const KEY_SPELLINGS: &[(&str, Respell)] = &[
    ("key in lower case", |name, _| {
        name.to_lowercase().into_bytes()
    }),
    ("key in upper case", |name, _| {
        name.to_uppercase().into_bytes()
    }),
    ("key with one letter in the other case", |name, throw| {
        respell_one(name, throw, |char| {
            if char.is_uppercase() {
                char.to_lowercase().to_string()
            } else {
                char.to_uppercase().to_string()
            }
        })
    }),
    ("key with an escaped letter", |name, throw| {
        respell_one(name, throw, |char| format!("\\u{:04x}", u32::from(char)))
    }),
    ("key with a letter that folds", |name, throw| {
        fold(name, throw, |folded| folded.to_string())
    }),
    ("key with an escaped letter that folds", |name, throw| {
        fold(name, throw, |folded| {
            format!("\\u{:04x}", u32::from(folded))
        })
    }),
    ("key with a dotless i", |name, _| {
        name.replace('i', "ı").into_bytes()
    }),
    ("key with a space behind", |name, _| {
        format!("{name} ").into_bytes()
    }),
    ("key with invalid UTF-8", |name, _| {
        [name.as_bytes(), b"\xff"].concat()
    }),
    ("key with a lone surrogate", |name, _| {
        format!("{name}\\ud800").into_bytes()
    }),
    ("key with a NUL", |name, _| {
        format!("{name}\\u0000").into_bytes()
    }),
];

fn respell_one(name: &str, throw: usize, respell: impl Fn(char) -> String) -> Vec<u8> {
    let at = throw % name.chars().count().max(1);
    name.chars()
        .enumerate()
        .map(|(index, char)| {
            if index == at {
                respell(char)
            } else {
                char.to_string()
            }
        })
        .collect::<String>()
        .into_bytes()
}

/// With the Kelvin sign for a k, or the long s for an s.
fn fold(name: &str, throw: usize, respell: impl Fn(char) -> String) -> Vec<u8> {
    let folding: Vec<usize> = name
        .char_indices()
        .filter(|(_, char)| "kKsS".contains(*char))
        .map(|(at, _)| at)
        .collect();
    let Some(at) = folding.get(throw % folding.len().max(1)) else {
        return name.to_lowercase().into_bytes();
    };
    let folded = if name[*at..].starts_with(['k', 'K']) {
        '\u{212a}'
    } else {
        '\u{17f}'
    };
    format!("{}{}{}", &name[..*at], respell(folded), &name[at + 1..]).into_bytes()
}

// === the same key again ===

/// A second member for the same field, before or after the first.
fn twice(dice: &mut Dice, catalogue: &Rc<Catalogue>) -> Edit {
    let aim = Aim::at_random(dice);
    let (kind, second) = *dice.pick(SECOND_VALUES);
    let spelling = dice
        .percent(40)
        .then(|| (dice.pick(KEY_SPELLINGS).1, dice.throw()));
    let (before, throw) = (dice.percent(40), dice.throw());
    let catalogue = Rc::clone(catalogue);
    let what = format!(
        "{kind} ({aim:?}, {}, {})",
        if before { "before" } else { "after" },
        if spelling.is_some() {
            "spelt otherwise"
        } else {
            "spelt the same"
        },
    );
    Edit::new(kind, what, Meant::Odd, move |draft| {
        let Some(path) = aim.path(draft) else {
            return;
        };
        let Some(members) = draft.body.as_mut().and_then(|body| body.parent_of(&path)) else {
            return;
        };
        let name = path.last().expect("a path has a last name");
        let Some(at) = members.iter().position(|member| member.name == *name) else {
            return;
        };
        let (first, value) = second(&members[at].value, &path, &catalogue, throw);
        members[at].value = first;
        let mut member = Member::new(name, value);
        if let Some((respell, throw)) = spelling {
            member.spelling = respell(name, throw);
        }
        members.insert(if before { at } else { at + 1 }, member);
    })
}

/// From the value that stands there: what stands there afterwards, and what the second one has.
type Second = fn(&Json, &[String], &Catalogue, usize) -> (Json, Json);

const SECOND_VALUES: &[(&str, Second)] = &[
    ("key twice, once null", |first, _, _, _| {
        (first.clone(), Json::null())
    }),
    ("key twice, once empty", |first, _, _, _| {
        (first.clone(), empty(first))
    }),
    (
        "key twice, once with another value",
        |first, path, catalogue, throw| (first.clone(), other(path, catalogue, throw)),
    ),
    (
        "key twice, once with another value",
        |first, path, catalogue, throw| (first.clone(), other(path, catalogue, throw)),
    ),
    ("key twice, half of it each", |first, _, _, throw| {
        halves(first, throw)
    }),
];

fn empty(like: &Json) -> Json {
    match like {
        Json::Raw(bytes) if bytes.starts_with(b"t") || bytes.starts_with(b"f") => {
            Json::raw("false")
        }
        Json::Raw(_) => Json::raw("0"),
        Json::Text(_) => Json::Text(String::new()),
        Json::List(_) => Json::List(Vec::new()),
        Json::Object(_) => Json::Object(Vec::new()),
    }
}

/// Another value that this field may have; for an object, one with another field in it.
fn other(path: &[String], catalogue: &Catalogue, throw: usize) -> Json {
    let values: Vec<&Value> = catalogue
        .fields
        .iter()
        .filter(|field| field.path == path)
        .flat_map(Field::values)
        .collect();
    if let Some(value) = values.get(throw % values.len().max(1)) {
        return Json::from((*value).clone());
    }
    let below: Vec<(&[String], &Value)> = catalogue
        .fields
        .iter()
        .filter_map(|field| Some((field.path.strip_prefix(path)?, field)))
        .flat_map(|(rest, field)| field.values().map(move |value| (rest, value)))
        .collect();
    let mut object = Json::Object(Vec::new());
    if let Some((rest, value)) = below.get(throw % below.len().max(1)) {
        object.set(rest, Json::from((*value).clone()));
    }
    object
}

/// Objects and lists are merged, so each half is read as if the other stood there, too.
fn halves(whole: &Json, throw: usize) -> (Json, Json) {
    match whole {
        Json::Object(members) if !members.is_empty() => {
            let (one, two) = members.split_at(throw % members.len());
            (Json::Object(one.to_vec()), Json::Object(two.to_vec()))
        }
        Json::List(list) => {
            let (one, two) = list.iter().map(|value| halves(value, throw)).unzip();
            (Json::List(one), Json::List(two))
        }
        Json::Object(_) | Json::Text(_) | Json::Raw(_) => (whole.clone(), whole.clone()),
    }
}

// === other places ===

fn place(dice: &mut Dice) -> Edit {
    let throw = dice.throw();
    let (kind, change) = *dice.pick(PLACES);
    Edit::new(kind, kind.to_owned(), Meant::Odd, move |draft| {
        let subject = draft.subject.clone();
        if let Some(body) = &mut draft.body {
            change(body, subject.as_deref(), throw);
        }
    })
}

type Place = fn(&mut Json, Option<&[String]>, usize);

const PLACES: &[(&str, Place)] = &[
    ("moved to the top level", |body, subject, _| {
        lift(body, subject, true);
    }),
    ("copied to the top level", |body, subject, _| {
        lift(body, subject, false);
    }),
    ("all host settings at the top level", |body, _, _| {
        let members = body.members_mut();
        if let Some(at) = members
            .iter()
            .position(|member| member.name == "HostConfig")
        {
            let mut inner = members.remove(at);
            members.append(inner.value.members_mut());
        }
    }),
    (
        "all host settings at the top level, and HostConfig null",
        |body, _, _| {
            let members = body.members_mut();
            if let Some(at) = members
                .iter()
                .position(|member| member.name == "HostConfig")
            {
                let mut inner = members.remove(at);
                members.append(inner.value.members_mut());
                members.push(Member::new("HostConfig", Json::null()));
            }
        },
    ),
    ("nested in Resources", |body, subject, _| {
        nest(body, subject, "Resources");
    }),
    ("nested in HostConfig again", |body, subject, _| {
        nest(body, subject, "HostConfig");
    }),
    ("nested in Config", |body, subject, _| {
        nest(body, subject, "Config");
    }),
    ("members in another order", |body, _, throw| {
        turn(body, throw);
    }),
    ("an unknown member", |body, _, throw| {
        let values = [
            json!(true),
            json!(0),
            json!(null),
            json!({"a": [1]}),
            json!("x"),
        ];
        let value = values[throw % values.len()].clone();
        let members = body.members_mut();
        let members = match members
            .iter()
            .position(|member| member.name == "HostConfig")
        {
            Some(at) if throw % 2 == 0 => members[at].value.members_mut(),
            _ => members,
        };
        members.push(Member::new("Later", value.into()));
    }),
    ("nested beyond any use", |body, _, throw| {
        let depth = [100, 200, 9_000, 11_000][throw % 4];
        let deep = "[".repeat(depth) + &"]".repeat(depth);
        body.members_mut()
            .push(Member::new("Later", Json::raw(&deep)));
    }),
];

/// Takes the subject out of `HostConfig`, or copies it.
fn lift(body: &mut Json, subject: Option<&[String]>, away: bool) {
    let Some([host_config, name]) = subject else {
        return;
    };
    let Some(members) = body.parent_of(&[host_config.clone(), name.clone()]) else {
        return;
    };
    let Some(at) = members.iter().position(|member| member.name == *name) else {
        return;
    };
    let member = if away {
        members.remove(at)
    } else {
        members[at].clone()
    };
    body.members_mut().push(member);
}

fn nest(body: &mut Json, subject: Option<&[String]>, inside: &str) {
    let Some(path) = subject else {
        return;
    };
    let Some((members, name)) = body.parent_of(path).zip(path.last()) else {
        return;
    };
    if let Some(at) = members.iter().position(|member| member.name == *name) {
        let member = members.remove(at);
        members.push(Member::new(inside, Json::Object(vec![member])));
    }
}

fn turn(json: &mut Json, throw: usize) {
    if let Json::Object(members) = json {
        let count = members.len().max(1);
        members.rotate_left(throw % count);
        if throw % 2 == 1 {
            members.reverse();
        }
        for member in members {
            turn(&mut member.value, throw);
        }
    }
}

// === values ===

/// Members that name a driver. dockerd looks fifteen seconds for one that it does not have, so
/// their values are left alone.
const DRIVERS: &[&str] = &["Driver", "VolumeDriver", "LogConfig", "Name"];

fn value(dice: &mut Dice) -> Edit {
    let aim = Aim::at_random(dice);
    let (kind, change) = *dice.pick(VALUE_SPELLINGS);
    let throw = dice.throw();
    on_member(kind, aim, move |members, at| {
        if !DRIVERS.contains(&members[at].name.as_str()) {
            change(&mut members[at].value, throw);
        }
    })
}

type Rewrite = fn(&mut Json, usize);

const VALUE_SPELLINGS: &[(&str, Rewrite)] = &[
    ("null for a value", |value, _| *value = Json::null()),
    ("number in another form", |value, throw| {
        if let Json::Raw(bytes) = value {
            let digits = String::from_utf8_lossy(bytes).into_owned();
            let forms = [
                format!("{digits}.0"),
                format!("{digits}e0"),
                format!("\"{digits}\""),
                format!("0{digits}"),
                format!("+{digits}"),
                format!("-{digits}"),
                "-0".to_owned(),
                "9223372036854775808".to_owned(),
                "18446744073709551617".to_owned(),
                "1e400".to_owned(),
            ];
            *value = Json::raw(&forms[throw % forms.len()]);
        }
    }),
    ("list for a text, or text for a list", |value, _| {
        *value = match &*value {
            Json::List(list) if list.len() == 1 => list[0].clone(),
            Json::Raw(_) | Json::Text(_) | Json::List(_) | Json::Object(_) => {
                Json::List(vec![value.clone()])
            }
        };
    }),
    ("truth in another form", |value, throw| {
        let forms = ["1", "\"true\"", "0", "\"\"", "True", "[true]"];
        *value = Json::raw(forms[throw % forms.len()]);
    }),
    ("null in a list", |value, throw| {
        if let Json::List(list) = value {
            let at = throw % (list.len() + 1);
            list.insert(at, Json::null());
        }
    }),
    ("text with escaped letters", |value, _| {
        each_text(value, |text| {
            let units: Vec<_> = text
                .encode_utf16()
                .map(|unit| format!("\\u{unit:04x}"))
                .collect();
            units.concat().into_bytes()
        });
    }),
    ("text in the other case", |value, throw| {
        each_text(value, |text| {
            let text = if throw % 2 == 0 {
                text.to_uppercase()
            } else {
                text.to_lowercase()
            };
            text.into_bytes()
        });
    }),
    ("text with letters that fold", |value, _| {
        each_text(value, |text| {
            text.replace(['k', 'K'], "\u{212a}")
                .replace(['s', 'S'], "\u{17f}")
                .replace('i', "\u{131}")
                .into_bytes()
        });
    }),
    ("text with something behind", |value, throw| {
        let tails: [&[u8]; 8] = [
            b" ",
            b"\\u0000",
            b"\\n",
            b"\xff",
            b"\\ud800",
            b"/",
            b"/.",
            b"\xc2\xa0",
        ];
        each_text(value, |text| {
            [text.as_bytes(), tails[throw % tails.len()]].concat()
        });
    }),
    ("text with something before", |value, throw| {
        let heads = [" ", "/", "./", "\\t", "//", "\\u200b"];
        each_text(value, |text| {
            format!("{}{text}", heads[throw % heads.len()]).into_bytes()
        });
    }),
];

/// Rewrites every text in a value; what comes back stands between quotes as it is.
fn each_text(value: &mut Json, rewrite: impl Fn(&str) -> Vec<u8> + Copy) {
    match value {
        Json::Text(text) => {
            *value = Json::Raw([b"\"", rewrite(text).as_slice(), b"\""].concat());
        }
        Json::List(list) => list.iter_mut().for_each(|value| each_text(value, rewrite)),
        Json::Object(members) => members
            .iter_mut()
            .filter(|member| !DRIVERS.contains(&member.name.as_str()))
            .for_each(|member| each_text(&mut member.value, rewrite)),
        Json::Raw(_) => {}
    }
}

// === the document ===

fn document(dice: &mut Dice) -> Edit {
    let (kind, before, after) = *dice.pick(DOCUMENTS);
    Edit::new(kind, kind.to_owned(), Meant::Odd, move |draft| {
        draft.before = before.to_vec();
        draft.after = after.to_vec();
    })
}

const DOCUMENTS: &[(&str, &[u8], &[u8])] = &[
    ("white space around the body", b" \r\n\t", b"\n \n"),
    ("a byte order mark", b"\xef\xbb\xbf", b""),
    ("a comment behind the body", b"", b"// x"),
    ("a vertical tab before the body", b"\x0b", b""),
    (
        "a second document",
        b"",
        b"{\"HostConfig\":{\"Privileged\":true}}",
    ),
    ("a harmless second document", b"", b" {}"),
    ("a harmless first document", b"{}", b""),
    ("a bracket behind the body", b"", b"]"),
    ("a brace behind the body", b"", b"}"),
    (
        "a brace and more behind the body",
        b"",
        b"} {\"Privileged\":true}",
    ),
    ("a NUL behind the body", b"", b"\0"),
    ("a comma behind the body", b"", b","),
    ("the body in a list", b"[", b"]"),
];

// === the request target ===

pub(crate) fn target(dice: &mut Dice) -> Edit {
    let throw = dice.throw();
    let (kind, change) = *dice.pick(TARGETS);
    Edit::new(
        kind,
        format!("{kind} ({throw})"),
        Meant::Odd,
        move |draft| {
            change(draft, throw);
        },
    )
}

type Retarget = fn(&mut Draft, usize);

const TARGETS: &[(&str, Retarget)] = &[
    ("percent-encoded letter in the path", |draft, throw| {
        draft.path = percent_encode(&draft.path, throw);
    }),
    ("percent-encoded letter in the version", |draft, throw| {
        draft.version = percent_encode(&draft.version, throw);
    }),
    ("percent-encoded slash", |draft, _| {
        let (first, rest) = draft.path.split_at(1);
        draft.path = format!("{first}{}", rest.replace('/', "%2f"));
    }),
    ("letter of the path encoded twice", |draft, throw| {
        draft.path = percent_encode(&draft.path, throw).replace('%', "%25");
    }),
    ("scheme before the path", |draft, throw| {
        let schemes = [
            "http://evil",
            "http://",
            "foo:",
            "foo://bar",
            "HTTP://a:1",
            "a+b-c.d://x@y",
        ];
        schemes[throw % schemes.len()].clone_into(&mut draft.scheme);
    }),
    ("version in another spelling", |draft, throw| {
        let Some(minor) = draft.version.strip_prefix("/v1.").map(ToOwned::to_owned) else {
            return;
        };
        let forms = [
            format!("/v1.{minor}.0"),
            format!("/v1.{minor}."),
            format!("/v01.{minor}"),
            format!("/v1.0{minor}"),
            format!("/v1.{minor}.0.0"),
            format!("/v1.{minor}.999"),
            format!("/v1..{minor}"),
            format!("/v.1.{minor}"),
            format!("/1.{minor}"),
            format!("/V1.{minor}"),
        ];
        draft.version.clone_from(&forms[throw % forms.len()]);
    }),
    ("another version", |draft, throw| {
        draft.version = format!("/v1.{}", 10 + throw % 50);
    }),
    ("no version", |draft, _| draft.version.clear()),
    ("more in the query", |draft, throw| {
        let more = [
            "x=/auth",
            "x=1",
            "#",
            "#%zz",
            "%zz",
            "a;b",
            "name=other",
            "?",
            "/auth",
            "%23",
            "ü",
            "=",
            "a%00b",
            "x=%2fauth",
        ];
        let sign = if draft.query.is_empty() { '?' } else { '&' };
        draft.query = format!("{}{sign}{}", draft.query, more[throw % more.len()]);
    }),
    ("query that begins with something else", |draft, throw| {
        let more = ["#%zz", "x=/auth", "name=first", ";"];
        let rest = draft.query.trim_start_matches('?');
        draft.query = format!("?{}&{rest}", more[throw % more.len()]);
    }),
    ("path that is cleaned", |draft, throw| {
        let forms = ["//", "/./", "/x/../", "/x/%2e%2e/", "/%2e/"];
        draft.path = draft.path.replacen('/', forms[throw % forms.len()], 1);
    }),
    ("something behind the path", |draft, throw| {
        let tails = ["/", ";x", "#x", "%20", "%00", "?", "/.", "%0a", "ü"];
        draft.path.push_str(tails[throw % tails.len()]);
    }),
    ("path in another case", |draft, _| {
        draft.path = draft.path.to_uppercase();
    }),
    ("another method", |draft, throw| {
        let methods = ["post", "PUT", "GET", "PATCH", "Post", "DELETE"];
        methods[throw % methods.len()].clone_into(&mut draft.method);
    }),
];

fn percent_encode(text: &str, throw: usize) -> String {
    let at = throw % text.len().max(1);
    text.bytes()
        .enumerate()
        .map(|(index, byte)| {
            if index == at && byte != b'/' {
                format!("%{byte:02x}")
            } else {
                char::from(byte).to_string()
            }
        })
        .collect()
}

// === headers and framing ===

fn header(dice: &mut Dice) -> Edit {
    let throw = dice.throw();
    let (kind, change) = *dice.pick(HEADERS);
    Edit::new(
        kind,
        format!("{kind} ({throw})"),
        Meant::Odd,
        move |draft| {
            change(draft, throw);
        },
    )
}

const HEADERS: &[(&str, Retarget)] = &[
    ("content type in another spelling", |draft, throw| {
        let types = [
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=\"x\"",
            "application/json; x",
            "application/json;",
            " application/json ",
            "application/json, text/plain",
            "application/json+x",
        ];
        draft.headers = vec![content_type(types[throw % types.len()])];
    }),
    ("another content type", |draft, throw| {
        let types = [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/octet-stream",
            "",
        ];
        draft.headers = vec![content_type(types[throw % types.len()])];
    }),
    ("no content type", |draft, _| draft.headers.clear()),
    ("two content types, JSON first", |draft, throw| {
        let types = ["text/plain", "application/x-www-form-urlencoded", ""];
        draft.headers = vec![
            content_type("application/json"),
            content_type(types[throw % types.len()]),
        ];
    }),
    ("two content types, JSON last", |draft, throw| {
        let types = ["text/plain", "application/x-www-form-urlencoded", ""];
        draft.headers = vec![
            content_type(types[throw % types.len()]),
            content_type("application/json"),
        ];
    }),
    ("chunked body", |draft, throw| {
        draft.framing = Framing::Chunked([1, 7, 4_096, 100_000][throw % 4]);
    }),
    ("chunked body with a length", |draft, _| {
        draft.framing = Framing::ChunkedWithLength(512);
    }),
    ("body that no header tells of", |draft, _| {
        draft.framing = Framing::Untold;
    }),
    ("body said to be empty", |draft, _| {
        draft.framing = Framing::Denied;
    }),
    ("no body", |draft, _| draft.body = None),
    ("body of a mebibyte", |draft, throw| {
        // Just below and beyond what engines show their plugins.
        let sizes = [
            1_000_000, 1_048_000, 1_048_576, 1_100_000, 4_194_304, 4_300_000,
        ];
        draft.after = vec![b' '; sizes[throw % sizes.len()]];
    }),
    ("chunked body of a mebibyte", |draft, _| {
        draft.after = vec![b' '; 1_100_000];
        draft.framing = Framing::Chunked(65_536);
    }),
    ("another header", |draft, throw| {
        let headers = [
            ("Expect", "100-continue"),
            ("Content-Encoding", "gzip"),
            ("X-HTTP-Method-Override", "GET"),
            ("Upgrade", "h2c"),
            ("X-Registry-Auth", "e30="),
            ("Authorization", "Basic eA=="),
            ("Trailer", "Content-Type"),
            ("Transfer-Encoding", "identity"),
        ];
        let (name, value) = headers[throw % headers.len()];
        draft.headers.push((name.to_owned(), value.to_owned()));
    }),
];
