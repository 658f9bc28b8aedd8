//! Passages of a text file or of a folder of them, one after the other: never more than one is in memory.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

/// Files of a folder that are read.
const ENDINGS: [&str; 3] = ["txt", "text", "md"];
/// Bytes at the beginning of a file that tell whether it is a text.
const TOLD: u64 = 8192;
/// Folders within folders that are looked into.
const DEPTH: usize = 16;

/// A text that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// The file or folder
    #[error("cannot read {}: {source}", .path.display())]
    Read {
        /// Which
        path: PathBuf,
        /// What the system said
        source: io::Error,
    },
    /// A file that begins like no text in UTF-8
    #[error("{} is no text in UTF-8: there are zero bytes in it", .0.display())]
    Binary(PathBuf),
    /// A folder without a text
    #[error("no .txt, .text or .md file with text in {}", .0.display())]
    Empty(PathBuf),
}

/// Passages of a file or folder, in order of the files' names.
#[derive(Debug)]
pub struct Corpus {
    files: VecDeque<(PathBuf, u64)>,
    reader: Option<(PathBuf, BufReader<File>)>,
    /// The beginning of a character that the passage before had no room to end
    rest: Vec<u8>,
    passage: usize,
    read: u64,
    total: u64,
}

impl Corpus {
    /// Opens a file, or every text file in a folder. `passage`: bytes of a passage, at most.
    pub fn open(path: &Path, passage: usize) -> Result<Self, CorpusError> {
        let mut files = Vec::new();
        let wrong = |source| CorpusError::Read { path: path.to_owned(), source };
        if path.is_dir() {
            collect(path, DEPTH, &mut files).map_err(wrong)?;
            files.sort();
        } else {
            files.push((path.to_owned(), path.metadata().map_err(wrong)?.len()));
        }
        let total = files.iter().map(|file| file.1).sum();
        if total == 0 {
            return Err(CorpusError::Empty(path.to_owned()));
        }
        for (path, _) in &files {
            let wrong = |source| CorpusError::Read { path: path.clone(), source };
            let mut beginning = Vec::new();
            let file = File::open(path).map_err(wrong)?;
            file.take(TOLD).read_to_end(&mut beginning).map_err(wrong)?;
            if beginning.contains(&0) {
                return Err(CorpusError::Binary(path.clone()));
            }
        }
        Ok(Self {
            files: files.into(),
            reader: None,
            rest: Vec::new(),
            passage: passage.max(1),
            read: 0,
            total,
        })
    }

    /// Bytes of all its files.
    pub fn bytes(&self) -> u64 {
        self.total
    }

    /// Share that is read, in [0, 1].
    pub fn done(&self) -> f32 {
        (self.read as f64 / self.total as f64).min(1.0) as f32
    }

    /// The next passage: as many lines as fit, ended early by an empty one. Bytes that are not UTF-8 read `�`.
    pub fn next_passage(&mut self) -> Result<Option<String>, CorpusError> {
        let mut bytes = std::mem::take(&mut self.rest);
        loop {
            let Some((path, reader)) = &mut self.reader else {
                let Some((path, _)) = self.files.pop_front() else { return Ok(None) };
                let file = File::open(&path);
                let file = file.map_err(|source| CorpusError::Read { path: path.clone(), source })?;
                self.reader = Some((path, BufReader::new(file)));
                continue;
            };
            let room = (self.passage - bytes.len()) as u64;
            let before = bytes.len();
            let n = reader.by_ref().take(room).read_until(b'\n', &mut bytes);
            let n = n.map_err(|source| CorpusError::Read { path: path.clone(), source })?;
            self.read += n as u64;
            let blank = bytes[before..].trim_ascii().is_empty();
            if n == 0 {
                self.reader = None;
            }
            if n == 0 || blank || bytes.len() >= self.passage {
                self.rest = bytes.split_off(bytes.len() - if n == 0 { 0 } else { unfinished(&bytes) });
                let text = String::from_utf8_lossy(&bytes).trim().to_owned();
                if !text.is_empty() {
                    return Ok(Some(text));
                }
                bytes = std::mem::take(&mut self.rest);
            }
        }
    }
}

/// Bytes at the end that begin a character of UTF-8 without ending it; 0 where there is nothing else.
fn unfinished(bytes: &[u8]) -> usize {
    let begins = |n: &usize| {
        let end = std::str::from_utf8(&bytes[bytes.len() - n..]).err();
        end.is_some_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
    };
    (1..bytes.len().min(4)).find(begins).unwrap_or(0)
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<(PathBuf, u64)>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let text = path.extension().is_some_and(|own| ENDINGS.iter().any(|&ending| own == ending));
        if path.is_dir() && depth > 0 {
            collect(&path, depth - 1, files)?;
        } else if text && path.is_file() {
            let size = path.metadata()?.len();
            files.push((path, size));
        }
    }
    Ok(())
}
