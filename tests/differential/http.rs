//! HTTP to the byte: requests that no client library would send.

use std::fmt::Write as _;
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

/// How long dockerd may take for one answer. A build takes longest.
const PATIENCE: Duration = Duration::from_secs(120);

/// Stands for the status where dockerd closes the connection without a word, as it does when a
/// handler of its own panics.
const NO_ANSWER: u16 = 0;

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    /// In this order, and a name more than once if it stands here more than once.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) framing: Framing,
}

/// How the end of the body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// `Content-Length`; left out where there is no body.
    Length,
    /// `Transfer-Encoding: chunked`, in chunks of this size.
    Chunked(usize),
    /// `Transfer-Encoding: chunked` and a `Content-Length` beside it.
    ChunkedWithLength(usize),
    /// The body stands there, and nothing says so.
    Untold,
    /// The body stands there, and its length is said to be zero.
    Denied,
}

/// One answer.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            framing: Framing::Length,
        }
    }

    pub(crate) fn json(method: &str, target: &str, body: &Value) -> Self {
        Self {
            headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
            body: body.to_string().into_bytes(),
            ..Self::new(method, target)
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n",
            self.method, self.target
        );
        let mut header = |name: &str, value: &str| {
            let _ = write!(head, "{name}: {value}\r\n");
        };
        for (name, value) in &self.headers {
            header(name, value);
        }
        let length = self.body.len().to_string();
        match self.framing {
            Framing::Length if self.body.is_empty() => {}
            Framing::Length => header("Content-Length", &length),
            Framing::Chunked(_) => header("Transfer-Encoding", "chunked"),
            Framing::ChunkedWithLength(_) => {
                header("Content-Length", &length);
                header("Transfer-Encoding", "chunked");
            }
            Framing::Untold => {}
            Framing::Denied => header("Content-Length", "0"),
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        match self.framing {
            Framing::Chunked(size) | Framing::ChunkedWithLength(size) => {
                for chunk in self.body.chunks(size) {
                    bytes.extend(format!("{:x}\r\n", chunk.len()).bytes());
                    bytes.extend(chunk);
                    bytes.extend(b"\r\n");
                }
                bytes.extend(b"0\r\n\r\n");
            }
            Framing::Length | Framing::Untold | Framing::Denied => bytes.extend(&self.body),
        }
        bytes
    }

    /// Sends it on a connection of its own.
    ///
    /// # Errors
    ///
    /// When dockerd cannot be reached, or its answer cannot be read.
    pub(crate) fn send(&self, socket: &Path) -> io::Result<Response> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        // dockerd may answer, and close, before it has read all of a long body.
        let _ = stream.write_all(&self.bytes());
        let mut answer = Vec::new();
        match stream.read_to_end(&mut answer) {
            // So it closes when it was not done reading.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
            Err(error) => return Err(error),
            Ok(_) => {}
        }
        if answer.is_empty() {
            return Ok(Response {
                status: NO_ANSWER,
                body: Vec::new(),
            });
        }
        Response::parse(&answer).ok_or_else(|| {
            let text = String::from_utf8_lossy(&answer);
            io::Error::new(io::ErrorKind::InvalidData, format!("no answer: {text:?}"))
        })
    }
}

/// For people: what is not printable is escaped, and what is long is cut.
impl std::fmt::Display for Request {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", printable(&self.bytes(), 6_000))
    }
}

impl Response {
    fn parse(answer: &[u8]) -> Option<Self> {
        let mut rest = answer;
        loop {
            let end = rest.windows(4).position(|four| four == b"\r\n\r\n")?;
            let (head, body) = (&rest[..end], &rest[end + 4..]);
            let head = String::from_utf8_lossy(head).to_ascii_lowercase();
            let status: u16 = head.split(' ').nth(1)?.parse().ok()?;
            // `100 Continue` stands before the answer.
            if (100..200).contains(&status) && status != 101 {
                rest = body;
                continue;
            }
            let chunked = head.contains("\r\ntransfer-encoding: chunked");
            let body = if chunked {
                unchunked(body)?
            } else {
                body.to_vec()
            };
            return Some(Self { status, body });
        }
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON, or null where it is something else.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl std::fmt::Display for Response {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{} {}",
            self.status,
            printable(&self.body, 600).trim_end()
        )
    }
}

fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..end]).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend(rest.get(end + 2..end + 2 + size)?);
        rest = rest.get(end + 2 + size + 2..)?;
    }
}

/// Bytes as text in which everything can be seen.
pub(crate) fn printable(bytes: &[u8], most: usize) -> String {
    let mut text = String::new();
    for &byte in bytes.iter().take(most) {
        match byte {
            b'\n' | b' '..=b'~' => text.push(char::from(byte)),
            b'\r' => {}
            _ => {
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
    }
    if bytes.len() > most {
        let _ = write!(text, "… ({} bytes in all)", bytes.len());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        let answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n";
        let response = Response::parse(answer).unwrap();
        assert_eq!(response.status, 201);
        assert_eq!(response.json()["a"], 1);
        let response = Response::parse(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        assert!(response.is_success() && response.json().is_null());
        assert!(Response::parse(b"").is_none());
    }
}
