//! What a GGUF file says about itself: its keys, and the cursor that reads them without trusting a single count.

use crate::model::error::LoadError;
use crate::model::stored::{Storage, map_file};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Arrays within arrays deeper than this are a broken file.
const DEEPEST: usize = 8;

/// The keys of a GGUF file, such as `general.architecture` and `tokenizer.ggml.tokens`.
///
/// Arrays stay in the mapped file until they are asked for, so that a vocabulary costs nothing to skip.
#[derive(Clone, Debug)]
pub struct Metadata {
    storage: Arc<Storage>,
    values: BTreeMap<String, Value>,
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    /// Every kind of whole number; those above 2⁶³ are no count of anything
    Whole(i64),
    Real(f64),
    Flag(bool),
    Text(String),
    Array {
        kind: u32,
        len: usize,
        bytes: Range<usize>,
    },
}

impl Metadata {
    /// Reads a file's keys, and none of its tensors.
    pub fn open(file: &Path) -> Result<Self, LoadError> {
        let storage = Arc::new(map_file(file)?);
        super::header(&storage, file).map(|header| header.metadata)
    }

    /// Reads `count` pairs of key and value.
    pub(super) fn read(cursor: &mut Cursor<'_>, storage: &Arc<Storage>, count: u64) -> Result<Self, String> {
        let mut values = BTreeMap::new();
        for _ in 0..count {
            let key = cursor.text()?;
            let kind = cursor.u32()?;
            let value = value(cursor, kind).map_err(|reason| format!("key `{key}`: {reason}"))?;
            if values.insert(key.clone(), value).is_some() {
                return Err(format!("key `{key}` is there twice"));
            }
        }
        Ok(Self { storage: storage.clone(), values })
    }

    /// Every key, in alphabetical order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }
    /// A text.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.values.get(key)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
    /// A whole number that is not negative: a size, an id.
    pub fn count(&self, key: &str) -> Option<u64> {
        match *self.values.get(key)? {
            Value::Whole(x) => u64::try_from(x).ok(),
            _ => None,
        }
    }
    /// A number of any kind.
    pub fn number(&self, key: &str) -> Option<f64> {
        match *self.values.get(key)? {
            Value::Whole(x) => Some(x as f64),
            Value::Real(x) => Some(x),
            _ => None,
        }
    }
    /// Yes or no.
    pub fn flag(&self, key: &str) -> Option<bool> {
        match *self.values.get(key)? {
            Value::Flag(x) => Some(x),
            _ => None,
        }
    }
    /// An array of texts, such as a vocabulary; bytes that are no UTF-8 read `�`.
    pub fn texts(&self, key: &str) -> Option<Vec<String>> {
        let Value::Array { kind: STRING, len, bytes } = self.values.get(key)? else { return None };
        let mut cursor = Cursor { bytes: &self.storage.bytes()[..bytes.end], at: bytes.start };
        (0..*len).map(|_| cursor.text().ok()).collect()
    }
    /// An array of numbers or flags, such as tokens' scores and types.
    pub fn numbers(&self, key: &str) -> Option<Vec<f64>> {
        let Value::Array { kind, len, bytes } = self.values.get(key)? else { return None };
        let mut cursor = Cursor { bytes: &self.storage.bytes()[..bytes.end], at: bytes.start };
        let number = |_| match value(&mut cursor, *kind).ok()? {
            Value::Whole(x) => Some(x as f64),
            Value::Real(x) => Some(x),
            Value::Flag(x) => Some(f64::from(u8::from(x))),
            Value::Text(_) | Value::Array { .. } => None,
        };
        (0..*len).map(number).collect()
    }
    /// How many values an array has.
    pub fn len_of(&self, key: &str) -> Option<usize> {
        match *self.values.get(key)? {
            Value::Array { len, .. } => Some(len),
            _ => None,
        }
    }
}

const STRING: u32 = 8;
const ARRAY: u32 = 9;

/// Reads one value of a kind.
fn value(cursor: &mut Cursor<'_>, kind: u32) -> Result<Value, String> {
    Ok(match kind {
        0 => Value::Whole(i64::from(u8::from_le_bytes(cursor.take()?))),
        1 => Value::Whole(i64::from(i8::from_le_bytes(cursor.take()?))),
        2 => Value::Whole(i64::from(u16::from_le_bytes(cursor.take()?))),
        3 => Value::Whole(i64::from(i16::from_le_bytes(cursor.take()?))),
        4 => Value::Whole(i64::from(cursor.u32()?)),
        5 => Value::Whole(i64::from(i32::from_le_bytes(cursor.take()?))),
        6 => Value::Real(f64::from(f32::from_le_bytes(cursor.take()?))),
        7 => Value::Flag(u8::from_le_bytes(cursor.take()?) != 0),
        STRING => Value::Text(cursor.text()?),
        ARRAY => {
            let kind = cursor.u32()?;
            let len = cursor.u64()?;
            let start = cursor.at;
            skip(cursor, kind, len, 0)?;
            Value::Array { kind, len: len as usize, bytes: start..cursor.at }
        }
        10 => Value::Whole(cursor.u64()?.try_into().unwrap_or(i64::MAX)),
        11 => Value::Whole(i64::from_le_bytes(cursor.take()?)),
        12 => Value::Real(f64::from_le_bytes(cursor.take()?)),
        other => return Err(format!("kind {other} of value is unknown")),
    })
}

/// Steps over `len` values of a kind; each takes at least a byte, so the file's size bounds the work.
fn skip(cursor: &mut Cursor<'_>, kind: u32, len: u64, depth: usize) -> Result<(), String> {
    let size = match kind {
        0 | 1 | 7 => 1,
        2 | 3 => 2,
        4..=6 => 4,
        10..=12 => 8,
        STRING => {
            for _ in 0..len {
                let bytes = cursor.u64()?;
                cursor.step(bytes)?;
            }
            return Ok(());
        }
        ARRAY if depth < DEEPEST => {
            for _ in 0..len {
                let kind = cursor.u32()?;
                let len = cursor.u64()?;
                skip(cursor, kind, len, depth + 1)?;
            }
            return Ok(());
        }
        ARRAY => return Err("arrays lie too deep in each other".into()),
        other => return Err(format!("kind {other} of value is unknown")),
    };
    cursor.step(len.checked_mul(size).ok_or("an array is longer than the file")?)
}

/// A place in a file that never moves past its end.
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl Cursor<'_> {
    fn step(&mut self, n: u64) -> Result<(), String> {
        let left = self.bytes.len() - self.at;
        match usize::try_from(n) {
            Ok(n) if n <= left => self.at += n,
            _ => return Err(format!("{n} bytes are announced where {left} are left")),
        }
        Ok(())
    }
    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let bytes = self.bytes[self.at..].first_chunk().ok_or("the file ends within its header")?;
        self.at += N;
        Ok(*bytes)
    }
    pub(super) fn u32(&mut self) -> Result<u32, String> {
        self.take().map(u32::from_le_bytes)
    }
    pub(super) fn u64(&mut self) -> Result<u64, String> {
        self.take().map(u64::from_le_bytes)
    }
    pub(super) fn text(&mut self) -> Result<String, String> {
        let len = self.u64()?;
        let start = self.at;
        self.step(len)?;
        Ok(String::from_utf8_lossy(&self.bytes[start..self.at]).into_owned())
    }
}
