//! Changes that keep a request a request: JSON that stays JSON, targets that stay near a route. Half
//! of the time libFuzzer's own changes, of any bytes, are made instead.

use std::fmt::Write as _;

use lockgate::docker::ROUTES;

use crate::go::{self, Json, Type};
use crate::moby::{WRAPPED_CREATE, body_of};
use crate::mux::{self, Answer};
use crate::request::Request;

/// libFuzzer's own change: buffer, length of what is in it, length of what may be.
type Fallback = fn(&mut [u8], usize, usize) -> usize;

/// Texts that mean something somewhere.
const TEXTS: &[&str] = &[
    "",
    "host",
    "none",
    "bridge",
    "default",
    "private",
    "shareable",
    "container:a",
    "container:",
    "host:x",
    "0",
    "root",
    "1000:1000",
    "ALL",
    "all",
    "SYS_ADMIN",
    "cap_net_raw",
    "\u{17f}ys_adm\u{131}n",
    "/",
    "/etc:/x",
    "/srv/data:/x:ro",
    "/srv/link:/x:rshared,ro",
    "/srv/../etc:/x",
    "data:/x",
    "/x",
    "a:b:c:d",
    "bind",
    "volume",
    "tmpfs",
    "image",
    "local",
    "rexray",
    "type",
    "o",
    "device",
    "rbind",
    "bind,remount",
    "/etc",
    "..",
    "seccomp=unconfined",
    "seccomp:{}",
    "apparmor=unconfined",
    "label=disable",
    "disable",
    "no-new-privileges",
    "no-new-privileges:F",
    "writable-cgroups=0",
    "later=1",
    "rtprio",
    "size",
    "80/tcp",
    "8000-8080",
    "::",
    "com.docker.network.endpoint.sysctls",
    "net.ipv4.ip_forward=1,kernel.x=2",
    "kernel.core_pattern",
    "c0ffee",
    "runc",
    "alpine",
    "a@sha256:",
    "rwm",
    "b *:* rwm",
    "gpu",
    "shared",
    "json-file",
    "\u{0}",
    "\u{202e}",
];

/// Numbers that mean something somewhere.
const NUMBERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "-0",
    "9999",
    "10000",
    "1000000",
    "500000000",
    "67108864",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551615",
    "1e9",
    "1.0",
    "-1000",
];

/// A small random generator: a change has to follow from its seed.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice that always fall the same for the same seed.
    #[must_use]
    pub fn new(seed: u32) -> Self {
        Self(seed.into())
    }

    // Steele, Lea, Flood, "Fast splittable pseudorandom number generators": SplitMix64.
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut roll = self.0;
        roll = (roll ^ (roll >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        roll = (roll ^ (roll >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        roll ^ (roll >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.roll() % bound).unwrap_or_default()
    }

    fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }
}

/// Changes a request as `request` writes it: its JSON body, or any of its bytes.
pub fn request(data: &mut [u8], size: usize, limit: usize, seed: u32, fallback: Fallback) -> usize {
    let mut dice = Dice::new(seed);
    let request = Request::parse(&data[..size]);
    match (dice.one_in(2), go::parse(&request.body)) {
        (false, Ok(body)) => {
            let text = changed(body.json, road(&request, &mut dice), &mut dice);
            let head = size - request.body.len();
            fill(data, head, limit, &text)
        }
        _ => fallback(data, size, limit),
    }
}

/// The type of the body, or another that some engine or some road reads.
fn road(request: &Request, dice: &mut Dice) -> &'static Type {
    match mux::answer(&request.method, &request.target) {
        Answer::Routed { route, .. } if !dice.one_in(8) => body_of(route.pattern),
        _ => None,
    }
    .unwrap_or(&WRAPPED_CREATE)
}

/// Changes a method and a request target: another route, or any of its bytes.
pub fn route(data: &mut [u8], size: usize, limit: usize, seed: u32, fallback: Fallback) -> usize {
    let mut dice = Dice::new(seed);
    if dice.one_in(2) {
        return fallback(data, size, limit);
    }
    let route = &ROUTES[dice.below(ROUTES.len())];
    let mut path = dice
        .pick(&[
            "",
            "/v1.41",
            "/v1.23",
            "/v1.",
            "/v01.99.0",
            "/v",
            "/v1.41/v1.41",
        ])
        .to_owned();
    let mut rest = route.pattern;
    while let Some((literal, behind)) = rest.split_once('{') {
        path += literal;
        path += dice.pick(&[
            "", "a", "a/b", "json", "create", "a/json", "a\nb", "..", "a+b", "\u{e9}",
        ]);
        rest = behind.split_once('}').map_or("", |(_, behind)| behind);
    }
    path += rest;
    let mut text = format!("{} ", route.method);
    text += dice.pick(&["", "", "", "", "http://a", "foo:", "a+b://", "//a", "1:"]);
    for byte in path.bytes() {
        if byte.is_ascii_graphic() && byte != b'%' && !dice.one_in(16) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02x}");
        }
    }
    text += dice.pick(&[
        "",
        "",
        "?",
        "?name=a",
        "?name=%41+b&name=c",
        "?a;b",
        "?name=%zz",
        "?x=/auth",
    ]);
    fill(data, 0, limit, text.as_bytes())
}

/// Puts `text` into the buffer behind `head`, as much as it takes.
fn fill(data: &mut [u8], head: usize, limit: usize, text: &[u8]) -> usize {
    let room = limit.min(data.len()).saturating_sub(head);
    let size = text.len().min(room);
    data[head..head + size].copy_from_slice(&text[..size]);
    head + size
}

/// The text of `json` after a few changes.
fn changed(mut json: Json, kind: &Type, dice: &mut Dice) -> Vec<u8> {
    for _ in 0..=dice.below(3) {
        change(&mut json, kind, dice);
    }
    let mut text = String::new();
    let messy = dice.one_in(8);
    write(&json, messy, dice, &mut text);
    text.into_bytes()
}

/// Changes one place in `json`.
fn change(json: &mut Json, kind: &Type, dice: &mut Dice) {
    let kind = kind.behind_pointers();
    let deeper = !dice.one_in(4);
    match (json, kind) {
        (Json::Object(object), Type::Struct(_)) => {
            let at = dice.below(object.len());
            if let (true, Some((key, json))) = (deeper, object.get_mut(at))
                && let Some((_, kind)) = kind.field(key)
            {
                return change(json, kind, dice);
            }
            change_fields(object, kind, dice);
        }
        (Json::Object(map), Type::Map(inner)) => {
            let at = dice.below(map.len());
            match (deeper, map.get_mut(at)) {
                (true, Some((_, json))) => change(json, inner, dice),
                _ => map.push((dice.pick(TEXTS).to_owned(), made(inner, dice))),
            }
        }
        (Json::List(list), Type::List(inner)) => {
            let at = dice.below(list.len());
            match (deeper, list.get_mut(at)) {
                (true, Some(json)) => change(json, inner, dice),
                (false, Some(_)) if dice.one_in(2) => drop(list.remove(at)),
                _ => list.push(made(inner, dice)),
            }
        }
        (json, kind) => *json = made(kind, dice),
    }
}

/// Changes the fields of a struct.
fn change_fields(object: &mut Vec<(String, Json)>, kind: &Type, dice: &mut Dice) {
    let fields: Vec<_> = kind.fields().collect();
    let at = dice.below(object.len());
    match (dice.below(8), object.get_mut(at)) {
        (0, Some(_)) => drop(object.remove(at)),
        (1, Some((_, json))) => *json = Json::Null,
        (2, Some((key, _))) => *key = respelled(key, dice),
        (3, Some((key, _))) => {
            let again = (respelled(key, dice), Json::Null);
            object.push(again);
        }
        (4, Some(_)) => {
            let other = dice.below(object.len());
            object.swap(at, other);
        }
        (5, Some((key, _))) => {
            let again = kind
                .field(key)
                .map(|(name, kind)| ((*name).to_owned(), made(kind, dice)));
            object.extend(again);
        }
        _ if fields.is_empty() => object.push((dice.pick(TEXTS).to_owned(), Json::Bool(true))),
        _ => {
            let (name, kind) = fields[dice.below(fields.len())];
            object.push(((*name).to_owned(), made(kind, dice)));
        }
    }
}

/// A key in a spelling that Go may take for the same.
fn respelled(key: &str, dice: &mut Dice) -> String {
    let folds = |char: char| match char {
        'k' | 'K' => '\u{212a}',
        's' | 'S' => '\u{17f}',
        'i' | 'I' => '\u{131}',
        char => char.to_ascii_uppercase(),
    };
    let at = dice.below(key.len());
    key.char_indices()
        .map(
            |(place, char)| match (place == at, char.is_ascii_uppercase()) {
                (false, _) => char,
                (true, true) if dice.one_in(2) => char.to_ascii_lowercase(),
                (true, _) => folds(char),
            },
        )
        .collect()
}

/// A value of a type, now and then of another.
fn made(kind: &Type, dice: &mut Dice) -> Json {
    if dice.one_in(24) {
        return [
            Json::Null,
            Json::Bool(true),
            Json::List(Vec::new()),
            Json::Object(Vec::new()),
        ][dice.below(4)]
        .clone();
    }
    match kind.behind_pointers() {
        Type::Bool => Json::Bool(dice.one_in(2)),
        Type::Int(..) => Json::Number(dice.pick(NUMBERS).to_owned()),
        Type::TextOrList if !dice.one_in(4) => {
            Json::List(vec![Json::Text(dice.pick(TEXTS).to_owned()); dice.below(3)])
        }
        Type::Text | Type::TextOrList => Json::Text(dice.pick(TEXTS).to_owned()),
        Type::List(inner) | Type::Pair(inner) => {
            Json::List((0..dice.below(3)).map(|_| made(inner, dice)).collect())
        }
        Type::Map(inner) => Json::Object(
            (0..dice.below(3))
                .map(|_| (dice.pick(TEXTS).to_owned(), made(inner, dice)))
                .collect(),
        ),
        kind @ Type::Struct(_) => {
            let mut object = Vec::new();
            for _ in 0..dice.below(4) {
                let fields: Vec<_> = kind.fields().collect();
                if let Some((name, kind)) = fields.get(dice.below(fields.len())) {
                    object.push(((*name).to_owned(), made(kind, dice)));
                }
            }
            Json::Object(object)
        }
        Type::Pointer(_) => Json::Null,
    }
}

/// The text of `json`, without anything that is not needed.
#[must_use]
pub fn plain_text(json: &Json) -> Vec<u8> {
    let mut text = String::new();
    write(json, false, &mut Dice::new(0), &mut text);
    text.into_bytes()
}

/// Writes JSON; a messy writer puts in spaces and escapes that nobody needs.
fn write(json: &Json, messy: bool, dice: &mut Dice, text: &mut String) {
    if messy && dice.one_in(8) {
        text.push_str(dice.pick(&[" ", "\t\r\n"]));
    }
    match json {
        Json::Null => text.push_str("null"),
        Json::Bool(on) => text.push_str(if *on { "true" } else { "false" }),
        Json::Number(number) => text.push_str(number),
        Json::Text(value) => write_text(value, messy, dice, text),
        Json::List(list) => {
            text.push('[');
            for (at, json) in list.iter().enumerate() {
                text.push_str(if at > 0 { "," } else { "" });
                write(json, messy, dice, text);
            }
            text.push(']');
        }
        Json::Object(object) => {
            text.push('{');
            for (at, (key, json)) in object.iter().enumerate() {
                text.push_str(if at > 0 { "," } else { "" });
                write_text(key, messy, dice, text);
                text.push(':');
                write(json, messy, dice, text);
            }
            text.push('}');
        }
    }
}

fn write_text(value: &str, messy: bool, dice: &mut Dice, text: &mut String) {
    text.push('"');
    for char in value.chars() {
        if char < ' ' || matches!(char, '"' | '\\') || messy && dice.one_in(8) {
            for unit in char.encode_utf16(&mut [0; 2]) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        } else {
            text.push(char);
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn untouched(_: &mut [u8], size: usize, _: usize) -> usize {
        size
    }

    #[test]
    fn json_stays_json_and_another_json() {
        let head = "POST /containers/create\n\n";
        let text = format!(r#"{head}{{"Image":"a\"\u0001","HostConfig":{{"Binds":["/:/x"]}}}}"#);
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..1000 {
            let mut data = text.clone().into_bytes();
            data.resize(1000, 0);
            let size = request(&mut data, text.len(), 1000, seed, untouched);
            let body = data[..size].strip_prefix(head.as_bytes()).unwrap();
            assert!(go::parse(body).is_ok(), "{}", String::from_utf8_lossy(body));
            seen.insert(body.to_vec());
        }
        assert!(seen.len() > 300, "{}", seen.len());
    }

    #[test]
    fn what_is_too_long_is_cut() {
        for seed in 0..100 {
            let mut data = *b"POST /a\n\n{}............";
            let size = request(&mut data, 11, 20, seed, untouched);
            assert!(size <= 20);
            assert!(data.starts_with(b"POST /a\n\n"));
            assert!(route(&mut data, size, 20, seed, untouched) <= 20);
        }
    }
}
