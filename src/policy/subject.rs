//! Who asks.

/// The caller, as far as dockerd can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject<'a> {
    /// The common name of a TLS client certificate that dockerd has verified.
    Certificate(&'a str),
    /// Nobody that dockerd could name: the local socket, or TCP without client certificates.
    Anonymous,
}

impl<'a> Subject<'a> {
    /// The subject of a request.
    #[must_use]
    pub fn new(user: Option<&'a str>) -> Self {
        user.map_or(Self::Anonymous, Self::Certificate)
    }

    /// Its name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&'a str> {
        match self {
            Self::Certificate(name) => Some(name),
            Self::Anonymous => None,
        }
    }
}
