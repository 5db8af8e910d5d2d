//! Which rules hold for which call: read off the readers and the rules themselves.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::civil::Date;

use crate::docker::{Call, PlainHost, ROUTES, Reads, Route};
use crate::policy::CATALOG;
use crate::protocol::{AuthzRequest, Body};

/// The table in `policy/routes.md`.
pub(super) fn reference() -> String {
    let mut text = String::from(
        "# What is read of each call, and which rules hold for it\n\n\
        Made by `lockgate policy routes`; a test fails when it is not fresh.\n\n\
        Every call of the Docker API from 1.12 to 1.56, in the order in which dockerd matches them; each\n\
        also below `/v1.NN`. *Form* says that dockerd takes parameters from a form in the body before\n\
        those of the query, and never shows that body to a plugin: such a request is refused\n\
        (`form-body`). A body that is read and does not arrive is refused (`missing-body`), and one\n\
        that can be read in two ways (`ambiguous-body`), whatever the rules say. A call that is not\n\
        here is judged by `unknown-route`, and by `host-secrets` when it only reads.\n\n\
        | call | class | form | read | rules |\n| --- | --- | --- | --- | --- |\n",
    );
    for route in ROUTES {
        let _ = writeln!(
            text,
            "| `{route}` | {} | {} | {} | {} |",
            route.class.as_str(),
            if route.takes_form() { "form" } else { "" },
            route.reads.as_str(),
            rules(route)
        );
    }
    text
}

/// The rules that look at what is read of a call.
fn rules(route: &Route) -> String {
    let mut views = Vec::new();
    for (target, body) in samples(route.reads) {
        views.extend(sample(route, target, body).map_or_else(Vec::new, |call| call.views()));
    }
    let names: Vec<String> = CATALOG
        .iter()
        .filter(|meta| {
            // Many rules also speak of `privileged`, as what switches off what they look at.
            let own = |view: &&&str| **view != "privileged" || meta.views.len() == 1;
            meta.views
                .iter()
                .filter(own)
                .any(|view| views.contains(view))
        })
        .map(|meta| format!("`{}`", meta.id))
        .collect();
    names.join(", ")
}

/// Requests, as version and query and as body, that together have everything that can be read.
fn samples(reads: Reads) -> &'static [(&'static str, &'static str)] {
    match reads {
        Reads::ContainerStart => &[("/v1.23?", "{\"Memory\":1}")],
        Reads::Service => &[("?", "{\"TaskTemplate\":{\"PluginSpec\":{}}}")],
        Reads::Build => &[("?securityopt=a", "")],
        Reads::ImageCreate => &[("?fromImage=a", ""), ("?fromSrc=-", "")],
        Reads::Nothing
        | Reads::ContainerCreate
        | Reads::ContainerUpdate
        | Reads::ExecCreate
        | Reads::CheckpointCreate
        | Reads::CheckpointDirectory
        | Reads::VolumeCreate
        | Reads::NetworkCreate
        | Reads::NetworkConnect
        | Reads::BuildStream
        | Reads::ImageLoad
        | Reads::ImageTag
        | Reads::Commit
        | Reads::Plugin(_)
        | Reads::Swarm(_)
        | Reads::Secret(_) => &[("?", "{}")],
    }
}

fn sample(route: &Route, target: &str, body: &str) -> Option<Call> {
    let (version, query) = target.split_once('?')?;
    let path: String = route
        .pattern
        .split('/')
        .map(|segment| {
            if segment.starts_with('{') {
                "x"
            } else {
                segment
            }
        })
        .collect::<Vec<_>>()
        .join("/");
    let request = AuthzRequest {
        user: None,
        user_authn_method: None,
        request_method: route.method.replace('*', "GET").into(),
        request_uri: format!("{version}{path}?{query}").into(),
        request_body: match body {
            "" => Body::Absent,
            body => Body::Bytes(body.as_bytes().to_vec()),
        },
        request_headers: BTreeMap::new(),
        request_peer_certificates: Vec::new(),
        response_status_code: None,
        response_headers: BTreeMap::new(),
        response_body: Body::Absent,
    };
    let host = PlainHost { today: Date::MIN };
    Call::read(&request, &host).call
}
