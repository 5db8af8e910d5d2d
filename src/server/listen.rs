//! The socket: the one that systemd hands over, or one of our own. Only root is answered.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::serve::Listener;
use thiserror::Error;
use tokio::net::unix::SocketAddr;
use tokio::net::{UnixListener, UnixStream};

/// Who may write to the socket file: its owner, root.
const SOCKET_MODE: u32 = 0o600;

/// The user that dockerd runs as.
const ROOT: u32 = 0;

/// How long to wait after a failed accept: descriptors may have run out, and others go back first.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why there is no socket to listen on.
#[derive(Debug, Error)]
pub enum ListenError {
    /// Somebody answers there.
    #[error("another gate is listening on `{0}`; stop it first, or choose another --socket")]
    InUse(PathBuf),
    /// Something else lies there.
    #[error("`{0}` is not a socket; remove it, or choose another --socket")]
    NotASocket(PathBuf),
    /// The file system or the kernel said no.
    #[error("cannot listen on `{path}`: {error}")]
    Io {
        /// The socket.
        path: PathBuf,
        /// What was said.
        error: io::Error,
    },
    /// systemd handed something over that is no Unix socket.
    #[error("what systemd handed over is not a Unix stream socket: {0}")]
    Inherited(io::Error),
}

/// A socket that answers root and closes the door to everybody else.
#[derive(Debug)]
pub struct RootOnly {
    listener: UnixListener,
}

/// The socket that systemd handed over, if it did.
///
/// # Errors
///
/// When what was handed over is no Unix socket.
pub fn inherited() -> Result<Option<RootOnly>, ListenError> {
    let mut handed_over = listenfd::ListenFd::from_env();
    if handed_over.len() == 0 {
        return Ok(None);
    }
    handed_over
        .take_unix_listener(0)
        .and_then(|listener| listener.map(RootOnly::from_std).transpose())
        .map_err(ListenError::Inherited)
}

/// Makes a socket of our own at `path`, mode 0600, and its directory where that is missing.
///
/// A dead socket that an earlier run left is replaced; a living one, or any other file, is not.
///
/// # Errors
///
/// When the place is taken or cannot be written to.
pub fn bind(path: &Path) -> Result<RootOnly, ListenError> {
    let failed = |error| ListenError::Io {
        path: path.to_owned(),
        error,
    };
    match fs::symlink_metadata(path) {
        Ok(file) if !file.file_type().is_socket() => {
            return Err(ListenError::NotASocket(path.to_owned()));
        }
        Ok(_) if StdUnixStream::connect(path).is_ok() => {
            return Err(ListenError::InUse(path.to_owned()));
        }
        Ok(_) => fs::remove_file(path).map_err(failed)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(failed)?;
            }
        }
        Err(error) => return Err(failed(error)),
    }
    // Under another name until its mode is right, so that nobody else ever finds it open.
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", std::process::id()));
    let listener = UnixListener::bind(&draft).map_err(failed)?;
    fs::set_permissions(&draft, fs::Permissions::from_mode(SOCKET_MODE))
        .and_then(|()| fs::rename(&draft, path))
        .map_err(failed)?;
    Ok(RootOnly { listener })
}

impl RootOnly {
    fn from_std(listener: std::os::unix::net::UnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self {
            listener: UnixListener::from_std(listener)?,
        })
    }
}

impl Listener for RootOnly {
    type Io = UnixStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => match stream.peer_cred() {
                    Ok(peer) if peer.uid() == ROOT => return (stream, address),
                    Ok(peer) => tracing::warn!(
                        "user {} is not root and was not answered on the socket",
                        peer.uid()
                    ),
                    Err(error) => tracing::warn!("a caller without credentials: {error}"),
                },
                Err(error) => {
                    tracing::warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_dead_socket_is_replaced_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/lockgate.sock");
        let first = bind(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, SOCKET_MODE);
        assert!(matches!(bind(&path), Err(ListenError::InUse(_))));
        drop(first);
        drop(bind(&path).unwrap());
        let file = folder.path().join("file");
        fs::write(&file, "precious").unwrap();
        assert!(matches!(bind(&file), Err(ListenError::NotASocket(_))));
        assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
        let below_file = file.join("lockgate.sock");
        assert!(matches!(bind(&below_file), Err(ListenError::Io { .. })));
    }
}
