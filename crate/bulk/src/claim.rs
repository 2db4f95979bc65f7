//! Claims: which process scores which range.
//!
//! A claim is a file that its owner creates exclusively and rewrites every few seconds with a
//! higher number. A process that sees a claim without change for a minute of its own clock takes it
//! over, so clocks of machines need not agree. If two processes score the same range after all,
//! both write the same file, and one of them replaces the other's: claims save work, and renaming
//! keeps the output right.

use std::{
    collections::{BTreeSet, HashMap},
    fs::{self, File, OpenOptions},
    io::{self, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{error::BulkError, owner::Owner};

/// Time between two signs of life.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Time after which a claim without signs of life is taken over.
const STALE: Duration = Duration::from_secs(60);

/// The claims on the ranges of a folder.
#[derive(Debug)]
pub(crate) struct Claims {
    folder: PathBuf,
    owner: Owner,
    held: Arc<Mutex<BTreeSet<PathBuf>>>,
    /// The claims of others: what they contained, and since when.
    seen: HashMap<PathBuf, (Vec<u8>, Instant)>,
    stale: Duration,
    /// Ends the heartbeat when it is dropped.
    _end: Sender<()>,
}

/// A claim that this process has. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Claim {
    path: PathBuf,
    held: Arc<Mutex<BTreeSet<PathBuf>>>,
}

impl Claims {
    /// The claims in a folder, which is created.
    ///
    /// # Errors
    ///
    /// If the folder cannot be created.
    pub(crate) fn new(folder: &Path) -> Result<Self, BulkError> {
        Self::with_times(folder, HEARTBEAT, STALE)
    }

    fn with_times(folder: &Path, heartbeat: Duration, stale: Duration) -> Result<Self, BulkError> {
        fs::create_dir_all(folder).map_err(|error| BulkError::write(folder, error))?;
        let (owner, held) = (Owner::this(), Arc::new(Mutex::new(BTreeSet::new())));
        let (end, ended) = channel();
        let (kept, text) = (Arc::clone(&held), owner.text());
        let beat = move || {
            let mut beats = 0_u64;
            while ended.recv_timeout(heartbeat) == Err(RecvTimeoutError::Timeout) {
                beats += 1;
                // Rewritten while the lock is held, so that no claim that has ended is written to.
                for path in lock(&kept).iter() {
                    // Another process may have taken it over.
                    let _ = rewrite(path, &content(&text, beats));
                }
            }
        };
        let started = thread::Builder::new().name("heartbeat".into()).spawn(beat);
        started.map_err(|error| BulkError::write(folder, error))?;
        Ok(Self { folder: folder.to_owned(), owner, held, seen: HashMap::new(), stale, _end: end })
    }

    /// A text that no other run has.
    pub(crate) fn token(&self) -> &str {
        &self.owner.token
    }

    /// Claims a range; `None` if another process has it.
    ///
    /// # Errors
    ///
    /// If the folder cannot be written.
    pub(crate) fn take(&mut self, name: &str) -> Result<Option<Claim>, BulkError> {
        let path = self.folder.join(format!("{name}.claim"));
        match self.create(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => return created.map(Some).map_err(|error| BulkError::write(&path, error)),
        }
        let found = match fs::read(&path) {
            Ok(found) => found,
            // It has just ended.
            Err(_) => return Ok(None),
        };
        if !self.is_stale(&path, &found) || !self.remove_stale(&path, &found) {
            return Ok(None);
        }
        self.seen.remove(&path);
        match self.create(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
            created => created.map(Some).map_err(|error| BulkError::write(&path, error)),
        }
    }

    fn create(&self, path: &Path) -> io::Result<Claim> {
        let mut created = File::create_new(path);
        if created.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            // Another process removed the folder because everything was complete.
            fs::create_dir_all(&self.folder)?;
            created = File::create_new(path);
        }
        let mut file = created?;
        let written = file.write_all(&content(&self.owner.text(), 0));
        if let Err(error) = written {
            let _ = fs::remove_file(path);
            return Err(error);
        }
        lock(&self.held).insert(path.to_owned());
        Ok(Claim { path: path.to_owned(), held: Arc::clone(&self.held) })
    }

    /// Whether the owner of a claim has ended.
    fn is_stale(&mut self, path: &Path, found: &[u8]) -> bool {
        let owner = String::from_utf8_lossy(found);
        if self.owner.has_ended(owner.lines().next().unwrap_or_default()) {
            return true;
        }
        match self.seen.get(path) {
            Some((before, since)) if before == found => since.elapsed() >= self.stale,
            _ => {
                self.seen.insert(path.to_owned(), (found.to_vec(), Instant::now()));
                false
            }
        }
    }

    /// Removes a claim if it still has this content. Of several processes, one succeeds.
    fn remove_stale(&self, path: &Path, found: &[u8]) -> bool {
        let taken = path.with_extension(format!("{}.ended", self.owner.token));
        if fs::rename(path, &taken).is_err() {
            return false;
        }
        let is_same = fs::read(&taken).is_ok_and(|content| content == found);
        if !is_same {
            // Another process was faster and has claimed the range: its claim is put back.
            let _ = fs::hard_link(&taken, path);
        }
        let _ = fs::remove_file(&taken);
        is_same
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut held = lock(&self.held);
        held.remove(&self.path);
        let _ = fs::remove_file(&self.path);
    }
}

fn lock(held: &Mutex<BTreeSet<PathBuf>>) -> MutexGuard<'_, BTreeSet<PathBuf>> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The content of a claim, always of the same length.
fn content(owner: &str, beats: u64) -> Vec<u8> {
    format!("{owner}\n{beats:020}\n").into_bytes()
}

fn rewrite(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A claim of a process on another machine.
    const ELSEWHERE: &str = "elsewhere 1 1 0123456789abcdef\n00000000000000000000\n";

    #[test]
    fn a_range_has_one_owner() {
        let folder = tempfile::tempdir().unwrap();
        let mut one = Claims::new(folder.path()).unwrap();
        let mut other = Claims::new(folder.path()).unwrap();
        let claim = one.take("a").unwrap().unwrap();
        assert!(other.take("a").unwrap().is_none());
        assert!(other.take("b").unwrap().is_some());
        drop(claim);
        assert!(other.take("a").unwrap().is_some());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_claim_without_signs_of_life_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let (beat, stale) = (Duration::from_millis(20), Duration::from_millis(500));
        let mut claims = Claims::with_times(folder.path(), beat, stale).unwrap();
        let path = folder.path().join("a.claim");
        fs::write(&path, ELSEWHERE).unwrap();
        let start = Instant::now();
        let taken = loop {
            match claims.take("a").unwrap() {
                Some(claim) => break claim,
                None => thread::sleep(beat),
            }
        };
        assert!(start.elapsed() >= stale);
        // This one lives: nobody takes it.
        let mut other = Claims::with_times(folder.path(), beat, stale).unwrap();
        let start = Instant::now();
        while start.elapsed() < 3 * stale {
            assert!(other.take("a").unwrap().is_none());
            thread::sleep(beat);
        }
        drop(taken);
        assert!(other.take("a").unwrap().is_some());
    }

    #[test]
    fn a_claim_that_changed_in_between_is_put_back() {
        let folder = tempfile::tempdir().unwrap();
        let claims = Claims::new(folder.path()).unwrap();
        let path = folder.path().join("a.claim");
        fs::write(&path, ELSEWHERE).unwrap();
        assert!(!claims.remove_stale(&path, b"another content"));
        assert_eq!(fs::read_to_string(&path).unwrap(), ELSEWHERE);
        assert!(claims.remove_stale(&path, ELSEWHERE.as_bytes()));
        assert!(!path.exists());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_claim_of_a_killed_process_is_taken_over_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut claims = Claims::new(folder.path()).unwrap();
        // A process that cannot be: this one's number with another start.
        let mut parts: Vec<String> = claims.owner.text().split(' ').map(str::to_owned).collect();
        parts[2] = "1".into();
        fs::write(folder.path().join("a.claim"), content(&parts.join(" "), 3)).unwrap();
        assert!(claims.take("a").unwrap().is_some());
    }
}
