//! A request that is still being put together, and the changes that are made to it.

use std::rc::Rc;

use crate::http::{Framing, Request};
use crate::json::Json;

/// A request in parts.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) method: String,
    /// What stands before the path: `http://host`.
    pub(crate) scheme: String,
    /// `/v1.41`, or nothing.
    pub(crate) version: String,
    pub(crate) path: String,
    /// With its question mark.
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Json>,
    /// What stands around the body's JSON.
    pub(crate) before: Vec<u8>,
    pub(crate) after: Vec<u8>,
    pub(crate) framing: Framing,
    /// The member of the body that was set last: the one that is worth hiding.
    pub(crate) subject: Option<Vec<String>>,
}

impl Draft {
    /// A request as any client sends it.
    pub(crate) fn new(version: &str, method: &str, path: &str, body: Option<Json>) -> Self {
        let headers = match body {
            Some(_) => vec![content_type("application/json")],
            None => Vec::new(),
        };
        Self {
            method: method.to_owned(),
            scheme: String::new(),
            version: version.to_owned(),
            path: path.to_owned(),
            query: String::new(),
            headers,
            body,
            before: Vec::new(),
            after: Vec::new(),
            framing: Framing::Length,
            subject: None,
        }
    }

    pub(crate) fn with_query(mut self, query: &str) -> Self {
        query.clone_into(&mut self.query);
        self
    }

    pub(crate) fn request(&self) -> Request {
        let mut body = self.before.clone();
        if let Some(json) = &self.body {
            body.extend(json.bytes());
        }
        body.extend(&self.after);
        Request {
            method: self.method.clone(),
            target: format!("{}{}{}{}", self.scheme, self.version, self.path, self.query),
            headers: self.headers.clone(),
            body,
            framing: self.framing,
        }
    }
}

pub(crate) fn content_type(value: &str) -> (String, String) {
    ("Content-Type".to_owned(), value.to_owned())
}

/// How a change is meant, from what is usual to what is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Meant {
    /// So clients say it for people who mean no harm.
    Benign,
    /// So clients say what breaks a rule, or might.
    Hostile,
    /// So no client says it.
    Odd,
}

/// One change of a draft. All chance in it was thrown when it was made.
#[derive(Clone)]
pub(crate) struct Edit {
    /// What kind of change it is, for the figures.
    pub(crate) kind: String,
    /// What it does, for the person who reads a find.
    pub(crate) what: String,
    pub(crate) meant: Meant,
    make: Rc<dyn Fn(&mut Draft)>,
}

impl Edit {
    pub(crate) fn new(
        kind: &str,
        what: String,
        meant: Meant,
        make: impl Fn(&mut Draft) + 'static,
    ) -> Self {
        Self {
            kind: kind.to_owned(),
            what,
            meant,
            make: Rc::new(make),
        }
    }

    pub(crate) fn apply(&self, draft: &mut Draft) {
        (self.make)(draft);
    }
}
