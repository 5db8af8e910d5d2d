//! The decision log: lines go to a thread of their own, so that a slow disk holds no answer up.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// How many lines may wait for the disk. Beyond that they are lost, counted, and said.
const WAITING_LIMIT: usize = 4096;

/// Who may read the log: its owner. It names users and images.
const LOG_MODE: u32 = 0o600;

/// Where decisions are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogTarget {
    /// Standard output; under systemd that is the journal.
    Stdout,
    /// A file, appended to.
    File(PathBuf),
}

impl std::fmt::Display for LogTarget {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stdout => formatter.write_str("on standard output"),
            Self::File(path) => write!(formatter, "`{}`", path.display()),
        }
    }
}

enum Message {
    Line(String),
    Reopen,
}

/// The decision log.
#[derive(Debug)]
pub struct DecisionLog {
    sender: Mutex<Option<SyncSender<Message>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    lost: Arc<AtomicU64>,
}

impl DecisionLog {
    /// Opens the log and starts its thread.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or the thread cannot be started.
    pub fn open(target: LogTarget) -> io::Result<Self> {
        let file = open(&target)?;
        let (sender, receiver) = sync_channel(WAITING_LIMIT);
        let lost = Arc::new(AtomicU64::new(0));
        let its_lost = Arc::clone(&lost);
        let writer = std::thread::Builder::new()
            .name("decision-log".to_owned())
            .spawn(move || write_all(&receiver, &target, file, &its_lost))?;
        Ok(Self {
            sender: Mutex::new(Some(sender)),
            writer: Mutex::new(Some(writer)),
            lost,
        })
    }

    /// Hands a line over; never waits.
    pub fn write(&self, line: String) {
        self.send(Message::Line(line));
    }

    /// Opens the file anew, for those who move it away.
    pub fn reopen(&self) {
        self.send(Message::Reopen);
    }

    /// Writes what waits and ends.
    pub fn close(&self) {
        drop(
            self.sender
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let writer = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(writer) = writer {
            // It ends when the last sender is gone, and cannot be helped if it panicked.
            let _ = writer.join();
        }
    }

    fn send(&self, message: Message) {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = sender
            .as_ref()
            .is_some_and(|sender| sender.try_send(message).is_ok());
        if !sent {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn open(target: &LogTarget) -> io::Result<Option<File>> {
    match target {
        LogTarget::Stdout => Ok(None),
        LogTarget::File(path) => OpenOptions::new()
            .append(true)
            .create(true)
            .mode(LOG_MODE)
            .open(path)
            .map(Some),
    }
}

fn write_all(
    receiver: &Receiver<Message>,
    target: &LogTarget,
    mut file: Option<File>,
    lost: &AtomicU64,
) {
    while let Ok(message) = receiver.recv() {
        match message {
            Message::Line(mut line) => {
                line.push('\n');
                let written = if let Some(file) = &mut file {
                    file.write_all(line.as_bytes())
                } else {
                    let mut stdout = io::stdout().lock();
                    stdout
                        .write_all(line.as_bytes())
                        .and_then(|()| stdout.flush())
                };
                if let Err(error) = written {
                    tracing::error!("a decision could not be logged: {error}");
                }
            }
            Message::Reopen => match open(target) {
                Ok(opened) => file = opened,
                Err(error) => tracing::error!("the decision log cannot be opened anew: {error}"),
            },
        }
        let lost = lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            tracing::error!("{lost} decisions were not logged: the log is too slow");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_arrive_whole_and_in_order_and_after_the_file_was_moved() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("decisions.log");
        let log = DecisionLog::open(LogTarget::File(path.clone())).unwrap();
        for number in 0..100 {
            log.write(format!("{number}"));
        }
        let moved = folder.path().join("decisions.log.1");
        std::fs::rename(&path, &moved).unwrap();
        log.reopen();
        log.write("after".to_owned());
        log.close();
        let before = std::fs::read_to_string(moved).unwrap();
        assert_eq!(before.lines().count(), 100);
        assert!(before.starts_with("0\n1\n2\n"));
        assert_eq!(std::fs::read_to_string(path).unwrap(), "after\n");
    }
}
