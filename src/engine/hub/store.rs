//! Hugging Face's cache, so that its own programs find what we fetched and we what they did.
//!
//! `models--OWNER--NAME/blobs/ETAG` holds a file once, `snapshots/REVISION/FILE` points to it, `refs/main` names the
//! revision. A file that is on its way ends in `.incomplete`.

use super::client::{Client, Rest};
use super::{HubError, Part};
use crate::engine::Job;
use sha2::{Digest as _, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Tries without a single new byte before a connection is given up.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(300);
const CHUNK: usize = 1 << 16;

/// One model's folder in the cache.
pub(super) struct Store {
    folder: PathBuf,
    name: String,
    revision: String,
}

impl Store {
    pub(super) fn new(hub: &Path, name: &str, revision: &str) -> Self {
        let folder = hub.join(format!("models--{}", name.replace('/', "--")));
        Self { folder, name: name.to_owned(), revision: revision.to_owned() }
    }

    /// Where the model lies once all its parts are there.
    pub(super) fn snapshot(&self) -> PathBuf {
        self.folder.join("snapshots").join(&self.revision)
    }
    fn blob(&self, part: &Part) -> PathBuf {
        self.folder.join("blobs").join(&part.etag)
    }
    fn incomplete(&self, part: &Part) -> PathBuf {
        self.folder.join("blobs").join(format!("{}.incomplete", part.etag))
    }

    /// Bytes of a part that are here already.
    pub(super) fn have(&self, part: &Part) -> u64 {
        let length = |file: PathBuf| std::fs::metadata(file).map(|about| about.len()).ok();
        length(self.blob(part)).or_else(|| length(self.incomplete(part))).unwrap_or(0).min(part.bytes)
    }

    /// Fetches what is missing of a part, checks it, and puts it where it belongs.
    pub(super) fn fetch(
        &self,
        part: &Part,
        client: &Client,
        url: &str,
        job: &Job,
        report: &dyn Fn(u64),
    ) -> Result<(), HubError> {
        if !self.blob(part).is_file() {
            self.download(part, client, url, job, report)?;
        }
        self.point(part)
    }

    fn download(
        &self,
        part: &Part,
        client: &Client,
        url: &str,
        job: &Job,
        report: &dyn Fn(u64),
    ) -> Result<(), HubError> {
        let path = self.incomplete(part);
        let told = |source| HubError::Write { file: path.clone(), source };
        std::fs::create_dir_all(self.folder.join("blobs")).map_err(told)?;
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(told)?;
        let mut sum = Sum::of(&mut file, job).map_err(told)?;
        let mut tries = 0;
        while sum.bytes < part.bytes {
            if job.is_cancelled() {
                return Err(HubError::Cancelled);
            }
            let before = sum.bytes;
            match self.some(part, client, url, &mut file, &mut sum, job, report) {
                Ok(()) if sum.bytes >= part.bytes => break,
                Err(error @ HubError::Connection { .. }) if tries + 1 >= TRIES => return Err(error),
                Ok(()) | Err(HubError::Connection { .. }) => {} // it ended early
                Err(error) => return Err(error),
            }
            tries = if sum.bytes > before { 0 } else { tries + 1 };
            if tries >= TRIES {
                let reason = format!("it ends after {} of {} bytes", sum.bytes, part.bytes);
                return Err(HubError::Connection { url: url.to_owned(), reason });
            }
            std::thread::sleep(PAUSE * tries);
        }
        file.sync_all().map_err(told)?;
        drop(file);
        if let Err(error) = sum.check(part) {
            std::fs::remove_file(&path).map_err(told)?;
            return Err(error);
        }
        std::fs::rename(&path, self.blob(part)).map_err(told)
    }

    /// One connection: as many bytes as it gives.
    #[expect(clippy::too_many_arguments, reason = "the state of one download, used here only")]
    fn some(
        &self,
        part: &Part,
        client: &Client,
        url: &str,
        file: &mut File,
        sum: &mut Sum,
        job: &Job,
        report: &dyn Fn(u64),
    ) -> Result<(), HubError> {
        let told = |source| HubError::Write { file: self.incomplete(part), source };
        let Some(Rest { from, mut body }) = client.rest(&self.name, url, sum.bytes)? else {
            // Nothing follows what we have, so what we have is wrong
            return sum.restart(file, 0).map_err(told);
        };
        if from != sum.bytes {
            sum.restart(file, from).map_err(told)?;
        }
        let mut chunk = vec![0; CHUNK];
        loop {
            if job.is_cancelled() {
                return Err(HubError::Cancelled);
            }
            let read = body
                .read(&mut chunk)
                .map_err(|error| HubError::Connection { url: url.to_owned(), reason: error.to_string() })?;
            if read == 0 {
                return Ok(());
            }
            file.write_all(&chunk[..read]).map_err(told)?;
            sum.add(&chunk[..read]);
            if sum.bytes > part.bytes {
                return Ok(()); // longer than announced: the check says so
            }
            report(sum.bytes);
        }
    }

    /// Lets the snapshot point to the blob; where links are not to be had, it gets a copy.
    fn point(&self, part: &Part) -> Result<(), HubError> {
        let link = self.snapshot().join(&part.file);
        let told = |source| HubError::Write { file: link.clone(), source };
        if link.is_file() {
            return Ok(());
        }
        std::fs::create_dir_all(self.snapshot()).map_err(told)?;
        match std::fs::remove_file(&link) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(told(error)),
            _ => {}
        }
        #[cfg(unix)]
        let linked = std::os::unix::fs::symlink(Path::new("../../blobs").join(&part.etag), &link);
        #[cfg(not(unix))]
        let linked: std::io::Result<()> = Err(std::io::ErrorKind::Unsupported.into());
        linked.or_else(|_| std::fs::copy(self.blob(part), &link).map(|_| ())).map_err(told)
    }

    /// Names the revision, now that all its parts are there.
    pub(super) fn finish(&self) -> Result<(), HubError> {
        let file = self.folder.join("refs/main");
        let told = |source| HubError::Write { file: file.clone(), source };
        let folder = self.folder.join("refs");
        std::fs::create_dir_all(&folder).map_err(told)?;
        let mut temporary = tempfile::NamedTempFile::new_in(&folder).map_err(told)?;
        temporary.write_all(self.revision.as_bytes()).map_err(told)?;
        temporary.persist(&file).map_err(|error| told(error.error))?;
        Ok(())
    }
}

/// The length and SHA-256 of what has been written.
struct Sum {
    bytes: u64,
    sha256: Sha256,
}

impl Sum {
    /// Of a file that an earlier try left behind, which is read to its end.
    fn of(file: &mut File, job: &Job) -> std::io::Result<Self> {
        let mut sum = Self { bytes: 0, sha256: Sha256::new() };
        let mut chunk = vec![0; CHUNK];
        while !job.is_cancelled() {
            let read = file.read(&mut chunk)?;
            if read == 0 {
                break;
            }
            sum.add(&chunk[..read]);
        }
        Ok(sum)
    }
    fn add(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.bytes += bytes.len() as u64;
    }
    /// Cuts the file to its first `from` bytes, and sums those.
    fn restart(&mut self, file: &mut File, from: u64) -> std::io::Result<()> {
        file.set_len(from.min(self.bytes))?;
        file.rewind()?;
        *self = Self::of(file, &Job::new())?;
        Ok(())
    }
    fn check(self, part: &Part) -> Result<(), HubError> {
        if self.bytes != part.bytes {
            let (found, expected) = (self.bytes, part.bytes);
            return Err(HubError::Length { file: part.file.clone(), found, expected });
        }
        let found = format!("{:x}", self.sha256.finalize());
        match &part.sha256 {
            Some(expected) if *expected != found => {
                Err(HubError::Checksum { file: part.file.clone(), found, expected: expected.clone() })
            }
            _ => Ok(()),
        }
    }
}
