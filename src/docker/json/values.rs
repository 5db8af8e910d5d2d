//! Values that are read in more than one form.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Whether a value is the zero value of its kind: an upgraded client may send a field that we do
/// not know yet, and does no harm while it is not set.
pub(super) struct Zero(pub(super) bool);

impl<'de> Deserialize<'de> for Zero {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ZeroVisitor;

        impl<'de> Visitor<'de> for ZeroVisitor {
            type Value = Zero;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("any value")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Zero, E> {
                Ok(Zero(!value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Zero, E> {
                Ok(Zero(value == 0))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Zero, E> {
                Ok(Zero(value == 0))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Zero, E> {
                Ok(Zero(value == 0.0))
            }

            fn visit_str<E>(self, value: &str) -> Result<Zero, E> {
                Ok(Zero(value.is_empty()))
            }

            fn visit_unit<E>(self) -> Result<Zero, E> {
                Ok(Zero(true))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Zero, A::Error> {
                let mut empty = true;
                while list.next_element::<IgnoredAny>()?.is_some() {
                    empty = false;
                }
                Ok(Zero(empty))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Zero, A::Error> {
                let mut empty = true;
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                    empty = false;
                }
                Ok(Zero(empty))
            }
        }

        deserializer.deserialize_any(ZeroVisitor)
    }
}

/// A list of texts that engines up to 28 also take as one text.
// moby api/types/strslice: UnmarshalJSON takes a string or an array; 29 and later take an array.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StrSlice(pub(crate) Vec<String>);

impl<'de> Deserialize<'de> for StrSlice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StrSliceVisitor;

        impl<'de> Visitor<'de> for StrSliceVisitor {
            type Value = StrSlice;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list of texts")
            }

            fn visit_str<E>(self, value: &str) -> Result<StrSlice, E> {
                Ok(StrSlice(vec![value.to_owned()]))
            }

            fn visit_unit<E>(self) -> Result<StrSlice, E> {
                Ok(StrSlice(Vec::new()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<StrSlice, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(StrSlice(texts))
            }
        }

        deserializer.deserialize_any(StrSliceVisitor)
    }
}
