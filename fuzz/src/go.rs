//! JSON as Go's `encoding/json` reads it: a small, slow model, written from Go's documentation and
//! sources and not from lockgate's.
//!
//! It shares no code with `lockgate::docker`, not even the parser: text becomes a tree that keeps
//! order and repeated keys, and the tree is decoded into a typed value in place, as Go does it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{LazyLock, Mutex, PoisonError};

use regex::Regex;

/// How deep the model follows a value. Go goes to 10,000, by a stack that grows; what lies deeper
/// than this is beyond the model, and the caller has to leave it out.
const DEPTH_LIMIT: usize = 200;

/// A JSON value as it is written.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// A text, unescaped.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object: every key, in order.
    Object(Vec<(String, Json)>),
}

/// A whole body.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    /// The value.
    pub json: Json,
    /// Whether Go put U+FFFD in the place of something that is no Unicode.
    pub repaired: bool,
}

/// Why there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is no JSON, or there is something behind it.
    Syntax,
    /// It is nested deeper than the model follows.
    TooDeep,
}

/// Reads a body: one value, with nothing but white space around it.
///
/// # Errors
///
/// When there is no such value.
pub fn parse(bytes: &[u8]) -> Result<Body, Fault> {
    let mut parser = Parser {
        bytes,
        at: 0,
        repaired: false,
    };
    let json = parser.value(0)?;
    parser.space();
    if parser.at < bytes.len() {
        return Err(Fault::Syntax);
    }
    Ok(Body {
        json,
        repaired: parser.repaired,
    })
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
    repaired: bool,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Result<u8, Fault> {
        let byte = self.peek().ok_or(Fault::Syntax)?;
        self.at += 1;
        Ok(byte)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &str, json: Json) -> Result<Json, Fault> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(Fault::Syntax);
        }
        self.at += word.len();
        Ok(json)
    }

    fn value(&mut self, depth: usize) -> Result<Json, Fault> {
        if depth > DEPTH_LIMIT {
            return Err(Fault::TooDeep);
        }
        self.space();
        match self.peek().ok_or(Fault::Syntax)? {
            b'n' => self.word("null", Json::Null),
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            b'"' => Ok(Json::Text(self.text()?)),
            b'[' => self.list(depth),
            b'{' => self.object(depth),
            _ => self.number(),
        }
    }

    /// Whether another entry follows in a list or an object that ends with `end`.
    fn more(&mut self, first: bool, end: u8) -> Result<bool, Fault> {
        self.space();
        if self.peek() == Some(end) && first {
            self.at += 1;
            return Ok(false);
        }
        if first {
            return Ok(true);
        }
        match self.next()? {
            b',' => Ok(true),
            byte if byte == end => Ok(false),
            _ => Err(Fault::Syntax),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json, Fault> {
        self.at += 1;
        let mut list = Vec::new();
        while self.more(list.is_empty(), b']')? {
            list.push(self.value(depth + 1)?);
        }
        Ok(Json::List(list))
    }

    fn object(&mut self, depth: usize) -> Result<Json, Fault> {
        self.at += 1;
        let mut object = Vec::new();
        while self.more(object.is_empty(), b'}')? {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(Fault::Syntax);
            }
            let key = self.text()?;
            self.space();
            if self.next()? != b':' {
                return Err(Fault::Syntax);
            }
            object.push((key, self.value(depth + 1)?));
        }
        Ok(Json::Object(object))
    }

    fn number(&mut self) -> Result<Json, Fault> {
        static NUMBER: LazyLock<regex::bytes::Regex> = LazyLock::new(|| {
            regex::bytes::Regex::new(r"(?-u)^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
                .expect("a number's grammar")
        });
        let found = NUMBER.find(&self.bytes[self.at..]).ok_or(Fault::Syntax)?;
        self.at += found.len();
        let number = String::from_utf8_lossy(found.as_bytes()).into_owned();
        Ok(Json::Number(number))
    }

    fn text(&mut self) -> Result<String, Fault> {
        self.at += 1;
        let mut text = String::new();
        loop {
            match self.next()? {
                b'"' => return Ok(text),
                b'\\' => self.escape(&mut text)?,
                0..=0x1f => return Err(Fault::Syntax),
                _ => {
                    self.at -= 1;
                    text.push(self.char());
                }
            }
        }
    }

    /// The next character; U+FFFD for a byte that begins none.
    fn char(&mut self) -> char {
        let rest = &self.bytes[self.at..];
        for length in 1..=rest.len().min(4) {
            if let Some(char) = std::str::from_utf8(&rest[..length])
                .ok()
                .and_then(|text| text.chars().next())
            {
                self.at += length;
                return char;
            }
        }
        self.at += 1;
        self.repair()
    }

    fn repair(&mut self) -> char {
        self.repaired = true;
        char::REPLACEMENT_CHARACTER
    }

    fn escape(&mut self, text: &mut String) -> Result<(), Fault> {
        text.push(match self.next()? {
            byte @ (b'"' | b'\\' | b'/') => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.unit()?;
                let behind = self.at;
                // A pair of surrogates is one character; half a pair is none.
                let pair = if self.bytes[self.at..].starts_with(b"\\u") {
                    self.at += 2;
                    let low = self.unit()?;
                    char::decode_utf16([unit, low]).next().and_then(Result::ok)
                } else {
                    None
                };
                match (char::from_u32(unit.into()), pair) {
                    (None, Some(pair)) => pair,
                    (single, _) => {
                        self.at = behind;
                        single.unwrap_or_else(|| self.repair())
                    }
                }
            }
            _ => return Err(Fault::Syntax),
        });
        Ok(())
    }

    /// The four hex digits of a `\u`.
    fn unit(&mut self) -> Result<u16, Fault> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = char::from(self.next()?).to_digit(16).ok_or(Fault::Syntax)?;
            unit = unit * 16 + digit;
        }
        u16::try_from(unit).map_err(|_| Fault::Syntax)
    }
}

/// A type of Go, as far as Docker's bodies need types.
#[derive(Debug)]
pub enum Type {
    /// `bool`.
    Bool,
    /// An integer, with its smallest and its largest value.
    Int(i128, i128),
    /// `string`, under any name.
    Text,
    /// `strslice.StrSlice`: a list of texts, or one text.
    TextOrList,
    /// A pointer.
    Pointer(&'static Type),
    /// A slice.
    List(&'static Type),
    /// `[2]uint`: further elements are dropped.
    Pair(&'static Type),
    /// A map with texts for keys.
    Map(&'static Type),
    /// A struct, with the fields of the structs that it embeds.
    Struct(&'static [&'static [Field]]),
}

/// A field of a struct: its name in JSON and its type.
pub type Field = (&'static str, Type);

/// A value of a [`Type`].
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Of `bool`.
    Bool(bool),
    /// Of an integer.
    Int(i128),
    /// Of a text.
    Text(String),
    /// Of a pointer; `None` is nil.
    Pointer(Option<Box<Value>>),
    /// Of a slice; `None` is nil.
    List(Option<Vec<Value>>),
    /// Of a map; `None` is nil.
    Map(Option<BTreeMap<String, Value>>),
    /// Of a struct.
    Struct(BTreeMap<&'static str, Value>),
}

/// A value does not fit its type: Docker answers 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mismatch;

impl Type {
    /// The fields of a struct; none for anything else.
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> {
        let groups: &[&[Field]] = match self {
            Self::Struct(groups) => groups,
            _ => &[],
        };
        groups.iter().flat_map(|group| group.iter())
    }

    /// The type without its pointers.
    #[must_use]
    pub fn behind_pointers(&self) -> &Self {
        match self {
            Self::Pointer(inner) => inner.behind_pointers(),
            other => other,
        }
    }

    /// The field of a struct that Go takes for `key`.
    // Go encoding/json decode.go object: the exact name first, then the first that folds to it.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&'static Field> {
        self.fields()
            .find(|(name, _)| *name == key)
            .or_else(|| self.fields().find(|(name, _)| folds_to(name, key)))
    }

    /// The zero value.
    #[must_use]
    pub fn zero(&self) -> Value {
        match self {
            Self::Bool => Value::Bool(false),
            Self::Int(..) => Value::Int(0),
            Self::Text => Value::Text(String::new()),
            Self::Pointer(_) => Value::Pointer(None),
            Self::TextOrList | Self::List(_) | Self::Pair(_) => Value::List(None),
            Self::Map(_) => Value::Map(None),
            Self::Struct(_) => Value::Struct(
                self.fields()
                    .map(|(name, kind)| (*name, kind.zero()))
                    .collect(),
            ),
        }
    }

    /// Decodes `json` into a value that is the zero value.
    ///
    /// # Errors
    ///
    /// When Go's `Unmarshal` gives an error.
    pub fn decode(&self, json: &Json) -> Result<Value, Mismatch> {
        let mut value = self.zero();
        self.decode_into(json, &mut value)?;
        Ok(value)
    }

    /// Decodes `json` over what `value` holds already.
    // Go encoding/json decode.go: object, array, literalStore.
    fn decode_into(&self, json: &Json, value: &mut Value) -> Result<(), Mismatch> {
        match (self, json, value) {
            // Null makes nil of what can be nil, and is no-one's business elsewhere.
            (Self::Pointer(_), Json::Null, value) => *value = Value::Pointer(None),
            (Self::TextOrList | Self::List(_), Json::Null, value) => *value = Value::List(None),
            (Self::Map(_), Json::Null, value) => *value = Value::Map(None),
            (_, Json::Null, _) => {}
            (Self::Pointer(inner), json, Value::Pointer(value)) => {
                let value = value.get_or_insert_with(|| Box::new(inner.zero()));
                inner.decode_into(json, value)?;
            }
            (Self::Bool, Json::Bool(on), value) => *value = Value::Bool(*on),
            (Self::Int(least, most), Json::Number(number), value) => {
                let number = number.parse().map_err(|_| Mismatch)?;
                if !(*least..=*most).contains(&number) {
                    return Err(Mismatch);
                }
                *value = Value::Int(number);
            }
            (Self::Text, Json::Text(text), value) => *value = Value::Text(text.clone()),
            (Self::TextOrList, Json::Text(text), value) => {
                *value = Value::List(Some(vec![Value::Text(text.clone())]));
            }
            // It has an UnmarshalJSON of its own, which begins anew.
            (Self::TextOrList, Json::List(_), value) => {
                *value = Self::List(&Self::Text).decode(json)?;
            }
            (Self::List(inner), Json::List(list), Value::List(value)) => {
                // A slice that has elements keeps them, and each is decoded over.
                let old = value.get_or_insert_default();
                old.truncate(list.len());
                old.resize_with(list.len(), || inner.zero());
                for (json, value) in list.iter().zip(old) {
                    inner.decode_into(json, value)?;
                }
            }
            (Self::Pair(inner), Json::List(list), Value::List(value)) => {
                let values = list.iter().take(2).map(|json| inner.decode(json));
                *value = Some(values.collect::<Result<_, _>>()?);
            }
            (Self::Map(inner), Json::Object(object), Value::Map(value)) => {
                let map = value.get_or_insert_default();
                for (key, json) in object {
                    map.insert(key.clone(), inner.decode(json)?);
                }
            }
            (Self::Struct(_), Json::Object(object), Value::Struct(value)) => {
                for (key, json) in object {
                    if let Some((name, kind)) = self.field(key) {
                        let value = value.entry(name).or_insert_with(|| kind.zero());
                        kind.decode_into(json, value)?;
                    }
                }
            }
            _ => return Err(Mismatch),
        }
        Ok(())
    }
}

/// Whether `key` is `name` but for its case, by Unicode's simple case folding.
fn folds_to(name: &'static str, key: &str) -> bool {
    static FOLDED: LazyLock<Mutex<HashMap<&'static str, Regex>>> = LazyLock::new(Mutex::default);
    FOLDED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .entry(name)
        .or_insert_with(|| Regex::new(&format!("^(?i:{name})$")).expect("a field's name"))
        .is_match(key)
}

impl Value {
    /// A field of a struct.
    ///
    /// # Panics
    ///
    /// When there is no such field: then the model is wrong.
    #[must_use]
    pub fn field(&self, name: &str) -> &Self {
        match self {
            Self::Struct(fields) => &fields[name],
            other => panic!("no struct with `{name}`: {other:?}"),
        }
    }

    /// What a pointer leads to.
    #[must_use]
    pub fn target(&self) -> Option<&Self> {
        match self {
            Self::Pointer(target) => target.as_deref(),
            other => Some(other),
        }
    }

    /// A truth value.
    #[must_use]
    pub fn is_true(&self) -> bool {
        *self == Self::Bool(true)
    }

    /// A number; zero for anything else.
    #[must_use]
    pub fn int(&self) -> i128 {
        match self {
            Self::Int(number) => *number,
            _ => 0,
        }
    }

    /// A text; empty for anything else.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }

    /// The elements of a list; none for anything else.
    #[must_use]
    pub fn list(&self) -> &[Self] {
        match self {
            Self::List(Some(list)) => list,
            _ => &[],
        }
    }

    /// The texts of a list.
    #[must_use]
    pub fn texts(&self) -> Vec<&str> {
        self.list().iter().map(Self::text).collect()
    }

    /// Keys and values of a map; none for anything else.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Self)> {
        let map = match self {
            Self::Map(map) => map.as_ref(),
            _ => None,
        };
        map.into_iter()
            .flatten()
            .map(|(key, value)| (key.as_str(), value))
    }

    /// The text that a map of texts has for `key`.
    #[must_use]
    pub fn entry(&self, key: &str) -> &str {
        self.entries()
            .find(|(name, _)| *name == key)
            .map_or("", |(_, value)| value.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static INNER: Type = Type::Struct(&[&[("Task", Type::Text), ("Size", INT)]]);
    const INT: Type = Type::Int(-10, 10);
    static OUTER: Type = Type::Struct(&[&[
        ("On", Type::Bool),
        ("Words", Type::TextOrList),
        ("Items", Type::List(&INNER)),
        ("Map", Type::Map(&Type::Text)),
        ("Inner", Type::Pointer(&INNER)),
    ]]);

    fn read(text: &str) -> Value {
        OUTER.decode(&parse(text.as_bytes()).unwrap().json).unwrap()
    }

    #[test]
    fn text_is_read_as_go_reads_it() {
        for (text, read) in [
            (&br#""a\u0041\n\/""#[..], "aA\n/"),
            (br#""\ud83d\ude00""#, "\u{1f600}"),
            (br#""\ud83d""#, "\u{fffd}"),
            (br#""\ud83dA""#, "\u{fffd}A"),
            (br#""\udc00\ud83d\ude00""#, "\u{fffd}\u{1f600}"),
            (
                b"\"a\xff\xc3\xa9\xe2\x82\"",
                "a\u{fffd}\u{e9}\u{fffd}\u{fffd}",
            ),
        ] {
            assert_eq!(parse(text).unwrap().json, Json::Text(read.to_owned()));
        }
        for text in [
            "",
            " ",
            "{",
            "{}}",
            "{} {}",
            "[1,]",
            "{,}",
            "{\"a\":1,}",
            "01",
            "1.",
            "+1",
            ".5",
            "'a'",
            "nul",
            "\"\u{1}\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\u{feff}{}",
            "{a:1}",
            "{\"a\" 1}",
            "1e",
            "--1",
            "\u{b}1",
        ] {
            assert_eq!(parse(text.as_bytes()), Err(Fault::Syntax), "{text:?}");
        }
        let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
        assert_eq!(parse(deep.as_bytes()), Err(Fault::TooDeep));
        for text in ["-0", "0.10", "1E+5", "[ ]", "{ }", " \r\n\t1"] {
            assert!(parse(text.as_bytes()).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn fields_are_found_in_any_case() {
        for key in [
            "Task",
            "task",
            "TASK",
            "Ta\u{17f}k",
            "tas\u{212a}",
            r"T\u0061sk",
        ] {
            let value = read(&format!("{{\"inner\":{{\"{key}\":\"x\"}}}}"));
            let inner = value.field("Inner").target().unwrap();
            assert_eq!(inner.field("Task").text(), "x", "{key}");
        }
        let value = read("{\"\u{131}nner\":{\"Task\":\"x\"}}");
        assert_eq!(value.field("Inner").target(), None);
    }

    #[test]
    fn keys_given_twice_merge() {
        let value = read(r#"{"On":true,"on":null,"Map":{"a":"1"},"Map":{"b":"2"}}"#);
        assert!(value.field("On").is_true());
        assert_eq!(value.field("Map").entry("a"), "1");
        assert_eq!(value.field("Map").entry("b"), "2");
        let value = read(r#"{"Items":[{"Task":"x"}],"Items":[{"Size":1},{}]}"#);
        assert_eq!(value.field("Items").list()[0].field("Task").text(), "x");
        assert_eq!(value.field("Items").list().len(), 2);
        let value = read(r#"{"Inner":{"Task":"x"},"Inner":{"Size":1}}"#);
        let inner = value.field("Inner").target().unwrap();
        assert_eq!(
            (inner.field("Task").text(), inner.field("Size").int()),
            ("x", 1)
        );
        assert_eq!(
            read(r#"{"Inner":{},"Inner":null}"#).field("Inner").target(),
            None
        );
    }

    #[test]
    fn values_have_to_fit_their_types() {
        assert_eq!(read(r#"{"Words":"a"}"#).field("Words").texts(), ["a"]);
        assert_eq!(
            read(r#"{"Words":["a",null]}"#).field("Words").texts(),
            ["a", ""]
        );
        assert_eq!(
            read(r#"{"Items":[null]}"#).field("Items").list(),
            [INNER.zero()]
        );
        assert_eq!(read("null"), OUTER.zero());
        for text in [
            r#"{"On":1}"#,
            r#"{"Inner":{"Size":1.0}}"#,
            r#"{"Inner":{"Size":"1"}}"#,
            r#"{"Inner":{"Size":11}}"#,
            r#"{"Inner":[]}"#,
            r#"{"Items":{}}"#,
            r#"{"Words":[1]}"#,
            r#"{"Map":{"a":1}}"#,
            "[]",
            "1",
        ] {
            let json = parse(text.as_bytes()).unwrap().json;
            assert_eq!(OUTER.decode(&json), Err(Mismatch), "{text}");
        }
    }
}
