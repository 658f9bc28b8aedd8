//! The head of a safetensors file, written before the first number is known.

use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// Names, types and places of arrays, in the order in which their bytes will follow.
#[derive(Debug, Default)]
pub(crate) struct Header {
    entries: Map<String, Value>,
    end: u64,
}

impl Header {
    /// Announces an array of `bytes` bytes.
    pub(crate) fn place(&mut self, name: &str, kind: &str, shape: &[usize], bytes: u64) {
        let begin = self.end;
        self.end += bytes;
        let entry = json!({ "dtype": kind, "shape": shape, "data_offsets": [begin, self.end] });
        self.entries.insert(name.to_owned(), entry);
    }

    /// Writes it, padded so that the arrays lie aligned. `metadata`: an object whose values are strings.
    pub(crate) fn write(mut self, metadata: Value, out: &mut dyn Write) -> io::Result<()> {
        self.entries.insert("__metadata__".to_owned(), metadata);
        let mut words = Value::Object(self.entries).to_string().into_bytes();
        words.resize(words.len().next_multiple_of(8), b' ');
        out.write_all(&(words.len() as u64).to_le_bytes())?;
        out.write_all(&words)
    }
}
