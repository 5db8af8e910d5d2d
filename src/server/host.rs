//! The host as it is: its links, its size, its calendar.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::civil::Date;

use crate::docker::{Host, HostPath, HostSize};

/// How many links one path may lead over.
// Linux fs/namei.c: MAXSYMLINKS.
const LINK_LIMIT: usize = 40;

/// The real host, seen below `root`: `/`, or the place where a managed plugin has it mounted.
#[derive(Debug)]
pub struct FsHost {
    root: PathBuf,
    size: HostSize,
    unified_cgroups: bool,
}

impl FsHost {
    /// Looks the host's size up once.
    ///
    /// # Errors
    ///
    /// When there is no directory at `root`: every link would look like a plain path then.
    pub fn new(root: PathBuf) -> io::Result<Self> {
        if !fs::metadata(&root)?.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let online = fs::read_to_string("/sys/devices/system/cpu/online").unwrap_or_default();
        Ok(Self {
            size: HostSize {
                memory: meminfo_bytes(&meminfo, "MemTotal:"),
                swap: meminfo_bytes(&meminfo, "SwapTotal:"),
                cpus: count_ranges(online.trim()),
            },
            unified_cgroups: root.join("sys/fs/cgroup/cgroup.controllers").exists(),
            root,
        })
    }

    fn on_disk(&self, path: &HostPath) -> PathBuf {
        path.segments()
            .fold(self.root.clone(), |whole, segment| whole.join(segment))
    }
}

impl Host for FsHost {
    // Link by link instead of `canonicalize`: that one would leave `root`, and fails on what dockerd
    // is yet to create.
    fn resolve(&self, path: &HostPath) -> Result<HostPath, String> {
        let mut done = HostPath::root();
        let mut rest: VecDeque<String> = path.segments().map(ToOwned::to_owned).collect();
        let mut links: usize = 0;
        while let Some(segment) = rest.pop_front() {
            if segment == ".." {
                done = done.parent();
                continue;
            }
            let next = done.join(&segment);
            let on_disk = self.on_disk(&next);
            match fs::symlink_metadata(&on_disk) {
                Ok(file) if file.is_symlink() => {
                    links = links.saturating_add(1);
                    if links > LINK_LIMIT {
                        return Err("too many symbolic links".to_owned());
                    }
                    let target = read_link(&on_disk)?;
                    if target.starts_with('/') {
                        done = HostPath::root();
                    }
                    for segment in target.rsplit('/').filter(|part| !matches!(*part, "" | ".")) {
                        rest.push_front(segment.to_owned());
                    }
                }
                Ok(_) => done = next,
                Err(error)
                    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
                {
                    // Nothing below it can be a link, so what is left only has to be put together.
                    return Ok(rest.iter().fold(next, |path, segment| {
                        if segment == ".." {
                            path.parent()
                        } else {
                            path.join(segment)
                        }
                    }));
                }
                Err(error) => return Err(in_words(&error)),
            }
        }
        Ok(done)
    }

    fn today(&self) -> Date {
        jiff::tz::TimeZone::UTC
            .to_datetime(jiff::Timestamp::now())
            .date()
    }

    fn size(&self) -> HostSize {
        self.size
    }

    fn has_unified_cgroups(&self) -> bool {
        self.unified_cgroups
    }

    // Only the engine's own answers tell; see `seen`.
    fn is_swarm_network(&self, _id: &str) -> bool {
        false
    }
}

/// A host that looks no path up, and remembers that it was asked to.
pub(super) struct HostWithoutDisk<'a> {
    host: &'a dyn Host,
    asked: AtomicBool,
}

impl<'a> HostWithoutDisk<'a> {
    pub(super) fn new(host: &'a dyn Host) -> Self {
        Self {
            host,
            asked: AtomicBool::new(false),
        }
    }

    /// Whether a decision made with this host is worth nothing.
    pub(super) fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Host for HostWithoutDisk<'_> {
    fn resolve(&self, _path: &HostPath) -> Result<HostPath, String> {
        self.asked.store(true, Ordering::Relaxed);
        Err("not looked up".to_owned())
    }

    fn today(&self) -> Date {
        self.host.today()
    }

    fn size(&self) -> HostSize {
        self.host.size()
    }

    fn has_unified_cgroups(&self) -> bool {
        self.host.has_unified_cgroups()
    }

    fn is_swarm_network(&self, id: &str) -> bool {
        self.host.is_swarm_network(id)
    }
}

fn read_link(path: &Path) -> Result<String, String> {
    fs::read_link(path)
        .map_err(|error| in_words(&error))?
        .into_os_string()
        .into_string()
        .map_err(|_| "a link whose target is not text".to_owned())
}

fn in_words(error: &std::io::Error) -> String {
    error.kind().to_string()
}

// Linux: `MemTotal:       24677120 kB`.
fn meminfo_bytes(meminfo: &str, key: &str) -> Option<i64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix(key))?;
    let kibibytes: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

// Linux: `0-3,6`.
fn count_ranges(ranges: &str) -> Option<i64> {
    let mut count: i64 = 0;
    for range in ranges.split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (i64, i64) = (first.parse().ok()?, last.parse().ok()?);
        count = count
            .checked_add(last.checked_sub(first)?)?
            .checked_add(1)?;
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn resolve(root: &Path, path: &str) -> Result<String, String> {
        FsHost::new(root.to_owned())
            .unwrap()
            .resolve(&HostPath::parse(path).unwrap())
            .map(|path| path.to_string())
    }

    #[test]
    fn links_are_followed_inside_the_root() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("srv/data")).unwrap();
        fs::create_dir_all(root.join("etc")).unwrap();
        symlink("/etc", root.join("srv/absolute")).unwrap();
        symlink("../../etc", root.join("srv/data/relative")).unwrap();
        symlink("../../../../etc", root.join("srv/data/above")).unwrap();
        symlink("absolute", root.join("srv/chain")).unwrap();
        symlink("loop", root.join("srv/loop")).unwrap();
        for (path, real) in [
            ("/srv/data", "/srv/data"),
            ("/srv/absolute", "/etc"),
            ("/srv/absolute/passwd", "/etc/passwd"),
            ("/srv/data/relative", "/etc"),
            ("/srv/data/above", "/etc"),
            ("/srv/chain/x/y", "/etc/x/y"),
            ("/not/there/yet", "/not/there/yet"),
            ("/", "/"),
        ] {
            assert_eq!(resolve(root, path).as_deref(), Ok(real), "{path}");
        }
        assert!(resolve(root, "/srv/loop").unwrap_err().contains("links"));
    }

    #[test]
    fn sizes_are_read() {
        let meminfo = "MemTotal:       24677120 kB\nSwapTotal:             0 kB\n";
        assert_eq!(meminfo_bytes(meminfo, "MemTotal:"), Some(24_677_120 * 1024));
        assert_eq!(meminfo_bytes(meminfo, "SwapTotal:"), Some(0));
        assert_eq!(meminfo_bytes("", "MemTotal:"), None);
        assert_eq!(count_ranges("0-3,6"), Some(5));
        assert_eq!(count_ranges(""), None);
    }
}
