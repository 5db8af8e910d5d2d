//! Who may do what in spite of a rule, why, and until when.

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::rules::{CATALOG, Meta};
use super::subject::Subject;
use crate::docker::ImageRef;
use crate::nearest;

/// One `[[exemptions]]` table.
///
/// It lifts its rules for its users and its images; where both are given, both have to fit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Raw")]
pub struct Exemption {
    rules: Vec<RuleName>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    users: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<ImagePin>,
    until: Day,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    rules: Vec<RuleName>,
    #[serde(default)]
    users: Vec<String>,
    #[serde(default)]
    images: Vec<ImagePin>,
    until: Day,
    reason: String,
}

impl TryFrom<Raw> for Exemption {
    type Error = &'static str;

    fn try_from(raw: Raw) -> Result<Self, Self::Error> {
        let Raw {
            rules,
            users,
            images,
            until,
            reason,
        } = raw;
        if rules.is_empty() {
            return Err("an exemption names the rules that it lifts: rules = [\"host-network\"]");
        }
        if users.is_empty() && images.is_empty() {
            return Err(
                "an exemption is for users or for images, not for everybody; add `users` or `images`",
            );
        }
        if users.iter().any(String::is_empty) {
            return Err(
                "a user in an exemption is the common name of a TLS certificate, not an empty text",
            );
        }
        if reason.trim().is_empty() {
            return Err("an exemption says why: reason = \"…; ticket 4711\"");
        }
        Ok(Self {
            rules,
            users,
            images,
            until,
            reason,
        })
    }
}

impl Exemption {
    /// Whether it names `rule`.
    #[must_use]
    pub fn names(&self, rule: &Meta) -> bool {
        self.rules.iter().any(|name| name.0 == rule.id)
    }

    /// Whether it is meant for this rule, caller and image; it may have run out all the same.
    #[must_use]
    pub fn fits(&self, rule: &Meta, subject: &Subject<'_>, image: Option<&ImageRef>) -> bool {
        let user_fits = self.users.is_empty()
            || subject
                .name()
                .is_some_and(|name| self.users.iter().any(|user| user == name));
        let image_fits = self.images.is_empty()
            || image.is_some_and(|image| self.images.iter().any(|pin| pin.fits(image)));
        self.names(rule) && user_fits && image_fits
    }

    /// Whether it holds on that day; its last day is `until`, in UTC.
    #[must_use]
    pub fn holds_on(&self, today: Date) -> bool {
        today <= self.until.0
    }

    /// The last day on which it holds.
    #[must_use]
    pub fn until(&self) -> Date {
        self.until.0
    }

    /// Why it is there.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// The id of a rule that may be exempted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct RuleName(&'static str);

impl<'de> Deserialize<'de> for RuleName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match CATALOG.iter().find(|meta| meta.id == text) {
            Some(meta) if meta.exemptible => Ok(Self(meta.id)),
            Some(_) => Err(serde::de::Error::custom(format!(
                "`{text}` protects the gate itself and has no exemptions"
            ))),
            None => Err(serde::de::Error::custom(format!(
                "unknown rule `{text}`{}",
                nearest::hint(&text, CATALOG.iter().map(|meta| meta.id))
            ))),
        }
    }
}

/// An image that is known by its content: `REPOSITORY@sha256:…`, or `sha256:…` for an image id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagePin {
    repository: Option<String>,
    digest: String,
}

impl ImagePin {
    /// Whether `image` is certain to be this one.
    #[must_use]
    pub fn fits(&self, image: &ImageRef) -> bool {
        image.digest.as_deref() == Some(self.digest.as_str())
            && self
                .repository
                .as_ref()
                .is_none_or(|repository| *repository == image.repository)
    }
}

impl<'de> Deserialize<'de> for ImagePin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let ImageRef {
            repository,
            tag: _,
            digest,
            may_be_id: _,
        } = ImageRef::parse(&text);
        let Some(digest) = digest else {
            return Err(serde::de::Error::custom(format!(
                "`{text}` has no digest; a tag is whatever it was last given to, so name the image as NAME@sha256:…"
            )));
        };
        Ok(Self {
            repository: Some(repository).filter(|repository| !repository.is_empty()),
            digest,
        })
    }
}

impl Serialize for ImagePin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.repository {
            Some(repository) => {
                serializer.collect_str(&format_args!("{repository}@{}", self.digest))
            }
            None => serializer.serialize_str(&self.digest),
        }
    }
}

/// A day, written as a TOML date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Day(Date);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = toml::value::Datetime::deserialize(deserializer)?;
        let day = match (value.date, value.time) {
            (Some(date), None) => i16::try_from(date.year)
                .ok()
                .zip(i8::try_from(date.month).ok())
                .zip(i8::try_from(date.day).ok())
                .and_then(|((year, month), day)| Date::new(year, month, day).ok()),
            _ => None,
        };
        day.map(Self).ok_or_else(|| {
            serde::de::Error::custom(format!("`{value}` is not a day; write it as 2027-03-31"))
        })
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
