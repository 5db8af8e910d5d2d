//! Reading JSON as Go's `encoding/json` does, on top of `serde_json`.
//!
//! An adapter stands between `serde_json` and the derived types. It finds struct fields as Go finds
//! them (in any case, Unicode folds included), takes `null` for the zero value, and keeps what a
//! plain reading would lose: keys given twice, odd spellings, fields that nobody knows.

mod values;

pub(crate) use values::StrSlice;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};
use thiserror::Error;

use values::Zero;

/// How many notes of a kind one body may leave; the rest is not kept, so that a body of a million
/// unknown fields stays small in memory and in the message.
pub(crate) const NOTE_LIMIT: usize = 16;

/// The most entries of a list that is read (commands and environments are not): more than any
/// container needs, and each entry may take a look at the disk.
const LIST_LIMIT: usize = 1024;

/// The most entries of a map that is read: every port of TCP and UDP can be published.
const MAP_LIMIT: usize = 2 * 65_536;

/// What a reader of bodies says of a field that the type at hand does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// dockerd reads it, and it cannot weaken a container.
    Harmless,
    /// The same, and it holds an object of this type, or a list of them, whose fields are sorted, too.
    Object(&'static str),
    /// Some engines read it here although it belongs elsewhere.
    Misplaced,
    /// The same, and an empty list says something else than none.
    MisplacedList,
    /// Nobody here knows it.
    Unknown,
}

/// Sorts a field that a type does not have: the name of the type, then the name of the field in the
/// spelling that was sent. The answer also gives the right spelling where there is one.
pub(crate) type Sorter = fn(&str, &str) -> (Known, Option<&'static str>);

/// Something that was read, and that a person should hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Note {
    /// dockerd takes the field, but no client spells it so.
    OddSpelling { path: String, right: &'static str },
    /// A host setting at the top level that some engines apply.
    Misplaced { path: String },
    /// A field that is in no list, with a value that is not zero.
    Unknown { path: String },
}

/// What [`read`] found beside the value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    pub(crate) notes: Vec<Note>,
    /// How many unknown fields there were beyond [`NOTE_LIMIT`].
    pub(crate) more_unknown: usize,
}

impl Notes {
    /// The unknown fields, which a rule judges, and the other notes.
    pub(crate) fn split(self) -> (Vec<String>, Vec<Note>) {
        let mut unknown = Vec::new();
        let mut others = Vec::new();
        for note in self.notes {
            match note {
                Note::Unknown { path } => unknown.push(path),
                Note::OddSpelling { .. } | Note::Misplaced { .. } => others.push(note),
            }
        }
        if self.more_unknown > 0 {
            unknown.push(format!("{} more", self.more_unknown));
        }
        (unknown, others)
    }
}

/// Why a body could not be read in exactly one way.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum JsonError {
    /// Engines disagree about which of the two counts, or merge them.
    #[error("`{0}` is given twice")]
    Duplicate(String),
    /// dockerd would answer 400, or read something else than we do.
    #[error("{0}")]
    Invalid(String),
}

/// Reads `bytes` as one JSON value of type `T`, with nothing after it.
pub(crate) fn read<'de, T: Deserialize<'de>>(
    bytes: &'de [u8],
    sorter: Sorter,
) -> Result<(T, Notes), JsonError> {
    let state = State {
        sorter,
        inner: RefCell::default(),
    };
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = T::deserialize(Go {
        inner: &mut json,
        state: &state,
    })
    // moby 20.10 reads the first value only, later engines refuse most of what may follow it.
    // Stricter than Docker: anything but white space is refused.
    .and_then(|value| json.end().map(|()| value));
    let inner = state.inner.into_inner();
    match (value, inner.duplicate) {
        (_, Some(path)) => Err(JsonError::Duplicate(path)),
        (Ok(value), None) => Ok((value, inner.notes)),
        (Err(error), None) => {
            let path = render(&inner.path);
            Err(JsonError::Invalid(if path.is_empty() {
                error.to_string()
            } else {
                format!("`{path}`: {error}")
            }))
        }
    }
}

/// Whether Go would take `key` for the field `name`, which must be ASCII.
pub(crate) fn folds_to(key: &str, name: &str) -> bool {
    let mut wanted = name.chars();
    key.chars()
        .all(|char| wanted.next().is_some_and(|w| fold(char) == fold(w)))
        && wanted.next().is_none()
}

/// Simple case folding, as far as it can reach an ASCII letter.
// Go encoding/json fold.go: the orbits of K and S hold U+212A (Kelvin sign) and U+017F (long s).
fn fold(char: char) -> char {
    match char {
        '\u{212a}' => 'k',
        '\u{17f}' => 's',
        other => other.to_ascii_lowercase(),
    }
}

#[derive(Debug)]
struct State {
    sorter: Sorter,
    inner: RefCell<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    path: Vec<Segment>,
    notes: Notes,
    duplicate: Option<String>,
}

#[derive(Debug, Clone)]
enum Segment {
    Field(&'static str),
    Key(String),
    Index(usize),
}

impl State {
    fn enter(&self, segment: Segment) {
        self.inner.borrow_mut().path.push(segment);
    }

    fn leave(&self) {
        self.inner.borrow_mut().path.pop();
    }

    fn path_of(&self, key: &str) -> String {
        let mut path = render(&self.inner.borrow().path);
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(key);
        path
    }

    /// Keeps a note. Unknown fields, which a policy may let pass, crowd out no other note.
    fn note(&self, note: Note) {
        let notes = &mut self.inner.borrow_mut().notes;
        let unknown = matches!(note, Note::Unknown { .. });
        let kept = notes
            .notes
            .iter()
            .filter(|kept| matches!(kept, Note::Unknown { .. }) == unknown)
            .count();
        if kept < NOTE_LIMIT {
            notes.notes.push(note);
        } else if unknown {
            notes.more_unknown = notes.more_unknown.saturating_add(1);
        }
    }

    fn duplicate<E: serde::de::Error>(&self, key: &str) -> E {
        let path = self.path_of(key);
        self.inner.borrow_mut().duplicate = Some(path);
        E::custom("given twice")
    }
}

fn render(path: &[Segment]) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Index(index) => {
                let _ = write!(text, "[{index}]");
            }
            Segment::Field(name) => push_name(&mut text, name),
            Segment::Key(name) => push_name(&mut text, name),
        }
    }
    text
}

fn push_name(text: &mut String, name: &str) {
    if !text.is_empty() {
        text.push('.');
    }
    text.push_str(name);
}

/// The type that the reader asked for; it says what `null` stands for.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// A [`StrSlice`].
    TextOrList,
    Bool,
    Integer,
    Text,
    List,
    Map,
    Struct(&'static str, &'static [&'static str]),
}

struct Go<'s, D> {
    inner: D,
    state: &'s State,
}

impl<D> Go<'_, D> {
    fn visit<'de, V: Visitor<'de>>(self, kind: Kind, visitor: V) -> Result<V::Value, D::Error>
    where
        D: Deserializer<'de>,
    {
        self.inner.deserialize_any(GoVisitor {
            visitor,
            kind,
            state: self.state,
        })
    }
}

macro_rules! by_kind {
    ($($method:ident => $kind:expr),+ $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            self.visit($kind, visitor)
        }
    )+};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Go<'_, D> {
    type Error = D::Error;

    by_kind! {
        deserialize_any => Kind::TextOrList,
        deserialize_ignored_any => Kind::TextOrList,
        deserialize_identifier => Kind::TextOrList,
        deserialize_unit => Kind::TextOrList,
        deserialize_f32 => Kind::TextOrList,
        deserialize_f64 => Kind::TextOrList,
        deserialize_bytes => Kind::TextOrList,
        deserialize_byte_buf => Kind::TextOrList,
        deserialize_bool => Kind::Bool,
        deserialize_i8 => Kind::Integer,
        deserialize_i16 => Kind::Integer,
        deserialize_i32 => Kind::Integer,
        deserialize_i64 => Kind::Integer,
        deserialize_u8 => Kind::Integer,
        deserialize_u16 => Kind::Integer,
        deserialize_u32 => Kind::Integer,
        deserialize_u64 => Kind::Integer,
        deserialize_char => Kind::Text,
        deserialize_str => Kind::Text,
        deserialize_string => Kind::Text,
        deserialize_seq => Kind::List,
        deserialize_map => Kind::Map,
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.visit(Kind::Struct(name, fields), visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.inner.deserialize_option(OptionVisitor {
            visitor,
            state: self.state,
        })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.visit(Kind::TextOrList, visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.visit(Kind::List, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.visit(Kind::List, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Self::Error> {
        // Docker's bodies have no tagged unions, and closed enums would refuse what dockerd takes.
        Err(D::Error::custom("enums are read as text"))
    }
}

struct OptionVisitor<'s, V> {
    visitor: V,
    state: &'s State,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for OptionVisitor<'_, V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(formatter)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        self.visitor.visit_none()
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        self.visitor.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
        self.visitor.visit_some(Go {
            inner,
            state: self.state,
        })
    }
}

struct GoVisitor<'s, V> {
    visitor: V,
    kind: Kind,
    state: &'s State,
}

impl<'de, V: Visitor<'de>> GoVisitor<'_, V> {
    /// Goes on if a value of the kind `found` is due here. The error is our own: serde's would quote
    /// the value, and it may be a secret.
    fn due<E: serde::de::Error>(&self, due: bool, found: &str) -> Result<(), E> {
        if due {
            Ok(())
        } else {
            Err(E::invalid_type(Unexpected::Other(found), self))
        }
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for GoVisitor<'_, V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Struct(..) | Kind::Map => formatter.write_str("an object"),
            Kind::List => formatter.write_str("a list"),
            Kind::Integer => formatter.write_str("a whole number"),
            Kind::TextOrList | Kind::Bool | Kind::Text => self.visitor.expecting(formatter),
        }
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Self::Value, E> {
        self.due(matches!(self.kind, Kind::Bool), "a truth value")?;
        self.visitor.visit_bool(value)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Self::Value, E> {
        self.due(matches!(self.kind, Kind::Integer), "a number")?;
        self.visitor.visit_i64(value)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Self::Value, E> {
        let value = i64::try_from(value).map_err(|_| E::custom("a number beyond 64 bits"))?;
        self.visit_i64(value)
    }

    fn visit_f64<E: serde::de::Error>(self, _value: f64) -> Result<Self::Value, E> {
        Err(E::invalid_type(Unexpected::Other("a broken number"), &self))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Self::Value, E> {
        self.due(matches!(self.kind, Kind::Text | Kind::TextOrList), "text")?;
        self.visitor.visit_str(value)
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, value: &'de str) -> Result<Self::Value, E> {
        self.due(matches!(self.kind, Kind::Text | Kind::TextOrList), "text")?;
        self.visitor.visit_borrowed_str(value)
    }

    fn visit_string<E: serde::de::Error>(self, value: String) -> Result<Self::Value, E> {
        self.due(matches!(self.kind, Kind::Text | Kind::TextOrList), "text")?;
        self.visitor.visit_string(value)
    }

    /// `null`. Keys are never given twice here, so "leaves the field as it was" and "sets it to
    /// nil" both come to the zero value.
    fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        match self.kind {
            Kind::TextOrList => self.visitor.visit_unit(),
            Kind::Bool => self.visitor.visit_bool(false),
            Kind::Integer => self.visitor.visit_i64(0),
            Kind::Text => self.visitor.visit_str(""),
            Kind::List => self
                .visitor
                .visit_seq(Nothing(std::marker::PhantomData::<E>)),
            Kind::Map | Kind::Struct(..) => self
                .visitor
                .visit_map(Nothing(std::marker::PhantomData::<E>)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, inner: A) -> Result<Self::Value, A::Error> {
        match self.kind {
            // Derived types would read a list as their fields in order; Go does not.
            Kind::Struct(..) => Err(A::Error::invalid_type(Unexpected::Seq, &self)),
            Kind::TextOrList | Kind::Bool | Kind::Integer | Kind::Text | Kind::List | Kind::Map => {
                self.visitor.visit_seq(GoList {
                    inner,
                    state: self.state,
                    index: 0,
                })
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<Self::Value, A::Error> {
        match self.kind {
            Kind::Struct(name, fields) => self.visitor.visit_map(GoStruct {
                inner,
                state: self.state,
                name,
                fields,
                seen: vec![false; fields.len()],
                seen_others: BTreeSet::new(),
            }),
            Kind::TextOrList | Kind::Bool | Kind::Integer | Kind::Text | Kind::List | Kind::Map => {
                self.visitor.visit_map(GoMap {
                    inner,
                    state: self.state,
                    seen: BTreeSet::new(),
                })
            }
        }
    }
}

/// Looks for unknown fields in an object, or in a list of objects, that nobody reads.
#[derive(Clone, Copy)]
struct Inside<'s> {
    name: &'static str,
    state: &'s State,
}

impl<'de> DeserializeSeed<'de> for Inside<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Inside<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<(), A::Error> {
        let mut fields = GoStruct {
            inner,
            state: self.state,
            name: self.name,
            fields: &[],
            seen: Vec::new(),
            seen_others: BTreeSet::new(),
        };
        while let Some(key) = fields.inner.next_key::<Cow<'de, str>>()? {
            fields.skip(&key)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut index: usize = 0;
        loop {
            self.state.enter(Segment::Index(index));
            let more = list.next_element_seed(self)?.is_some();
            self.state.leave();
            if !more {
                return Ok(());
            }
            index = index.saturating_add(1);
        }
    }

    // What is no object at all dockerd refuses itself, or takes for none.
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _value: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _value: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _value: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _value: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _value: &str) -> Result<(), E> {
        Ok(())
    }
}

struct GoSeed<'s, S> {
    seed: S,
    state: &'s State,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for GoSeed<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
        self.seed.deserialize(Go {
            inner,
            state: self.state,
        })
    }
}

struct GoList<'s, A> {
    inner: A,
    state: &'s State,
    index: usize,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for GoList<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        // Stricter than Docker: it has no such limit.
        if self.index > LIST_LIMIT {
            return Err(A::Error::custom(format_args!(
                "more than {LIST_LIMIT} entries"
            )));
        }
        self.state.enter(Segment::Index(self.index));
        let element = self.inner.next_element_seed(GoSeed {
            seed,
            state: self.state,
        })?;
        self.state.leave();
        self.index = self.index.saturating_add(1);
        Ok(element)
    }
}

/// Reads the value behind a key that was entered, and leaves it again.
fn value_of<'de, A: MapAccess<'de>, S: DeserializeSeed<'de>>(
    inner: &mut A,
    seed: S,
    state: &State,
) -> Result<S::Value, A::Error> {
    let value = inner.next_value_seed(GoSeed { seed, state })?;
    state.leave();
    Ok(value)
}

/// A Go map: its keys are exact.
struct GoMap<'s, A> {
    inner: A,
    state: &'s State,
    seen: BTreeSet<String>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for GoMap<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let Some(key) = self.inner.next_key::<String>()? else {
            return Ok(None);
        };
        if !self.seen.insert(key.clone()) {
            return Err(self.state.duplicate(&key));
        }
        if self.seen.len() > MAP_LIMIT {
            return Err(A::Error::custom(format_args!("more than {MAP_LIMIT} keys")));
        }
        self.state.enter(Segment::Key(key.clone()));
        seed.deserialize(key.into_deserializer()).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        value_of(&mut self.inner, seed, self.state)
    }
}

/// A Go struct: its fields are found in any case.
struct GoStruct<'s, A> {
    inner: A,
    state: &'s State,
    name: &'static str,
    fields: &'static [&'static str],
    seen: Vec<bool>,
    seen_others: BTreeSet<String>,
}

impl<'de, A: MapAccess<'de>> GoStruct<'_, A> {
    /// Deals with a key that the type does not have.
    fn skip(&mut self, key: &str) -> Result<(), A::Error> {
        let folded: String = key.chars().map(fold).collect();
        if !self.seen_others.insert(folded) {
            return Err(self.state.duplicate(key));
        }
        let (known, right) = (self.state.sorter)(self.name, key);
        if let Some(right) = right.filter(|right| *right != key) {
            self.state.note(Note::OddSpelling {
                path: self.state.path_of(key),
                right,
            });
        }
        match known {
            Known::Harmless => {
                self.inner.next_value::<IgnoredAny>()?;
            }
            Known::Object(name) => {
                self.state
                    .enter(Segment::Key(right.unwrap_or(key).to_owned()));
                self.inner.next_value_seed(Inside {
                    name,
                    state: self.state,
                })?;
                self.state.leave();
            }
            Known::Misplaced => {
                if !self.inner.next_value::<Zero>()?.0 {
                    self.state.note(Note::Misplaced {
                        path: self.state.path_of(right.unwrap_or(key)),
                    });
                }
            }
            Known::MisplacedList => {
                if self.inner.next_value::<Option<IgnoredAny>>()?.is_some() {
                    self.state.note(Note::Misplaced {
                        path: self.state.path_of(right.unwrap_or(key)),
                    });
                }
            }
            Known::Unknown => {
                if !self.inner.next_value::<Zero>()?.0 {
                    self.state.note(Note::Unknown {
                        path: self.state.path_of(key),
                    });
                }
            }
        }
        Ok(())
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for GoStruct<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        while let Some(key) = self.inner.next_key::<Cow<'de, str>>()? {
            let exact = self.fields.iter().position(|field| *field == key);
            let position =
                exact.or_else(|| self.fields.iter().position(|field| folds_to(&key, field)));
            let Some((position, field)) =
                position.and_then(|at| self.fields.get(at).map(|field| (at, *field)))
            else {
                self.skip(&key)?;
                continue;
            };
            if self.seen.get(position).copied().unwrap_or_default() {
                return Err(self.state.duplicate(&key));
            }
            if let Some(seen) = self.seen.get_mut(position) {
                *seen = true;
            }
            if exact.is_none() {
                self.state.note(Note::OddSpelling {
                    path: self.state.path_of(&key),
                    right: field,
                });
            }
            self.state.enter(Segment::Field(field));
            return seed.deserialize(field.into_deserializer()).map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        value_of(&mut self.inner, seed, self.state)
    }
}

/// An empty list or object.
struct Nothing<E>(std::marker::PhantomData<E>);

impl<'de, E: serde::de::Error> SeqAccess<'de> for Nothing<E> {
    type Error = E;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        _seed: S,
    ) -> Result<Option<S::Value>, E> {
        Ok(None)
    }
}

impl<'de, E: serde::de::Error> MapAccess<'de> for Nothing<E> {
    type Error = E;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, _seed: S) -> Result<Option<S::Value>, E> {
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, _seed: S) -> Result<S::Value, E> {
        Err(E::custom("no value without a key"))
    }
}

impl<'de, E: serde::de::Error> Deserializer<'de> for Nothing<E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests;
