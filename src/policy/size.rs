//! Amounts of memory and processors, as people write them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number of bytes, not negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(i64);

const UNITS: &[(&str, i64)] = &[
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
];

impl ByteSize {
    /// The number of bytes.
    #[must_use]
    pub fn bytes(self) -> i64 {
        self.0
    }

    /// As the docker command line takes it: `512m`.
    #[must_use]
    pub fn flag(self) -> String {
        for (unit, size) in UNITS {
            let letter = unit.chars().next().unwrap_or('b').to_ascii_lowercase();
            if self.0 > 0 && self.0.checked_rem(*size) == Some(0) && *unit != "TiB" {
                return format!("{}{letter}", self.0.checked_div(*size).unwrap_or_default());
            }
        }
        format!("{}", self.0)
    }

    fn parse(text: &str) -> Option<Self> {
        let digits = text
            .find(|char: char| !char.is_ascii_digit())
            .unwrap_or(text.len());
        let (number, unit) = text.split_at_checked(digits)?;
        let factor = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kb" | "kib" => 1 << 10,
            "m" | "mb" | "mib" => 1 << 20,
            "g" | "gb" | "gib" => 1 << 30,
            "t" | "tb" | "tib" => 1 << 40,
            _ => return None,
        };
        number.parse::<i64>().ok()?.checked_mul(factor).map(Self)
    }
}

impl From<i64> for ByteSize {
    fn from(bytes: i64) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, size) in UNITS {
            if self.0 >= *size {
                let tenths = i128::from(self.0)
                    .saturating_mul(10)
                    .checked_div(i128::from(*size))
                    .unwrap_or_default();
                let whole = tenths.checked_div(10).unwrap_or_default();
                return match tenths.checked_rem(10) {
                    None | Some(0) => write!(formatter, "{whole}{unit}"),
                    Some(rest) => write!(formatter, "{whole}.{rest}{unit}"),
                };
            }
        }
        write!(formatter, "{}B", self.0)
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

/// Reads `"4GiB"`, `"512m"` or a number of bytes; units are powers of 1024, as Docker's are.
impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = toml::Value::deserialize(deserializer)?;
        value
            .as_integer()
            .filter(|bytes| *bytes >= 0)
            .map(Self)
            .or_else(|| value.as_str().and_then(Self::parse))
            .ok_or_else(|| {
                serde::de::Error::custom(format!(
                    "{value} is not a size; write it as \"512MiB\" or \"4GiB\""
                ))
            })
    }
}

/// A number of processors, in billionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cpus(i64);

impl Cpus {
    /// From billionths of a processor.
    #[must_use]
    pub fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Billionths of a processor.
    #[must_use]
    pub fn nanos(self) -> i64 {
        self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
        if rest.len() > 9 || !rest.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let whole: i64 = whole.parse().ok()?;
        let rest: i64 = format!("{rest:0<9}").parse().ok()?;
        let nanos = whole.checked_mul(1_000_000_000)?.checked_add(rest)?;
        (nanos > 0).then_some(Self(nanos))
    }
}

impl fmt::Display for Cpus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.0.checked_div(1_000_000_000).unwrap_or_default();
        let rest = self.0.checked_rem(1_000_000_000).unwrap_or_default();
        let text = format!("{whole}.{rest:09}");
        formatter.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl Serialize for Cpus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads `2`, `1.5` or `"1.5"`.
impl<'de> Deserialize<'de> for Cpus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = toml::Value::deserialize(deserializer)?;
        let text = match &value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Float(number) => number.to_string(),
            toml::Value::Boolean(_)
            | toml::Value::Datetime(_)
            | toml::Value::Array(_)
            | toml::Value::Table(_) => String::new(),
        };
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "{value} is not a number of processors; write it as 2 or 1.5"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_shown() {
        for (text, bytes) in [
            ("512m", 512 << 20),
            ("4GiB", 4 << 30),
            ("1024", 1024),
            ("1 KiB", 1024),
        ] {
            assert_eq!(ByteSize::parse(text), Some(ByteSize(bytes)), "{text}");
        }
        for text in ["", "4x", "-1", "m", "9999999999999g"] {
            assert_eq!(ByteSize::parse(text), None, "{text}");
        }
        assert_eq!(ByteSize(512 << 20).to_string(), "512MiB");
        assert_eq!(ByteSize((1 << 30) + (1 << 29)).to_string(), "1.5GiB");
        assert_eq!(ByteSize(i64::MAX).to_string(), "8388607.9TiB");
        assert_eq!(ByteSize(17).to_string(), "17B");
        assert_eq!(ByteSize(512 << 20).flag(), "512m");
        assert_eq!(ByteSize((512 << 20) + 1).flag(), "536870913");
    }

    #[test]
    fn processors_are_read_and_shown() {
        for (text, nanos) in [
            ("2", 2_000_000_000),
            ("1.5", 1_500_000_000),
            ("0.01", 10_000_000),
        ] {
            assert_eq!(Cpus::parse(text), Some(Cpus(nanos)), "{text}");
            assert_eq!(Cpus(nanos).to_string(), text);
        }
        for text in ["", "0", "-1", "x", "1.0000000001"] {
            assert_eq!(Cpus::parse(text), None, "{text}");
        }
    }
}
