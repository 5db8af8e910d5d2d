//! `foreign-image`: images from where the operator trusts them.

use serde::{Deserialize, Serialize};

use super::{Finding, Meta, Mode, References};
use crate::docker::{Call, ImageRef, NewNames};

pub(super) static META: Meta = Meta {
    id: "foreign-image",
    title: "refuses images beyond `allow`, or without a digest where `digest` asks for one; and to give a name of `allow` to another image",
    why: "what is in the image runs; a name without a digest is whatever was last given that name",
    fix: "use an image of an allowed repository, with its digest (NAME@sha256:…)",
    options: &[
        (
            "allow",
            "repositories in their long form, `docker.io/library/alpine`; `registry.example.com/ops/*` for all below",
        ),
        ("digest", "whether the image has to be named with a digest"),
    ],
    references: References {
        guide: "",
        cis: "4.2, 5.28",
        pss: "",
        anssi: "",
    },
    exemptible: true,
    views: &["image", "new_names"],
};

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    pub(super) mode: Mode,
    allow: Vec<String>,
    digest: bool,
}

impl Options {
    fn allows(&self, image: &ImageRef) -> bool {
        // The beginning of an id names an image of any repository.
        self.allow.is_empty()
            || !image.may_be_id
                && self
                    .allow
                    .iter()
                    .any(|pattern| match pattern.strip_suffix('*') {
                        Some(prefix) => image.repository.starts_with(prefix),
                        None => &image.repository == pattern,
                    })
    }
}

pub(super) fn check(options: &Options, call: &Call) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(image) = call.image() {
        if !options.allows(image) {
            findings.push(Finding::new(
                format!("the image `{image}` is not of an allowed repository"),
                META.fix,
            ));
        }
        if options.digest && image.digest.is_none() {
            findings.push(Finding::new(
                format!("the image `{image}` has no digest"),
                META.fix,
            ));
        }
    }
    // Where names are trusted, nobody may give one to something else.
    if let Some(NewNames { by, names }) = call.new_names().filter(|_| !options.allow.is_empty()) {
        findings.extend(match names {
            None => Some(Finding::new(
                format!("it {by} images under any name, an allowed one too"),
                "pull the image from its repository",
            )),
            Some(names) => names.iter().find(|name| options.allows(name)).map(|name| {
                Finding::new(
                    format!("it {by} something as `{name}`, a name of an allowed repository"),
                    "use another name",
                )
            }),
        });
    }
    findings
}
