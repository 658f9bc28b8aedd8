//! Safetensors: the arrays with their names and shapes, and where they came from as metadata.

use std::io::Write;

use serde_json::{Map, Value, json};

use crate::trace::Token;
use crate::trace::saved::Header;

use super::arrays::{self, Source};
use super::error::ExportError;
use super::options::{Dtype, Options};

/// Writes `tokens`, in encoder–decoder models `source_tokens`, and the arrays of `options`.
pub(super) fn write(source: &Source<'_>, options: &Options, out: &mut dyn Write) -> Result<(), ExportError> {
    let entries = arrays::entries(source.trace, &options.what, &options.selection)?;
    let kind = match options.dtype {
        Dtype::F32 => "F32",
        Dtype::F16 => "F16",
    };
    let mut header = Header::default();
    let texts = arrays::token_arrays(source.trace);
    for (name, tokens) in &texts {
        header.place(name, "I64", &[tokens.len()], 8 * tokens.len() as u64);
    }
    for entry in &entries {
        header.place(&entry.name, kind, &entry.shape, entry.len() * options.dtype.bytes());
    }
    let heads: Map<String, Value> = entries
        .iter()
        .filter_map(|entry| entry.heads.as_ref().map(|heads| (entry.name.clone(), json!(heads))))
        .collect();
    // Values of metadata are strings
    let words = |tokens: &[Token]| {
        json!(tokens.iter().map(|token| token.text.as_str()).collect::<Vec<_>>()).to_string()
    };
    let mut metadata = json!({
        "mnemoscope": env!("CARGO_PKG_VERSION"),
        "model": source.trace.model_name,
        "prompt": source.trace.prompt,
        "interventions": json!(source.trace.interventions()).to_string(),
        "token_texts": words(&source.trace.tokens),
        "heads": Value::Object(heads).to_string(),
    });
    if source.trace.spec.encoder.is_some() {
        metadata["source_token_texts"] = words(&source.trace.source).into();
    }
    header.write(metadata, out)?;

    for token in texts.iter().flat_map(|(_, tokens)| tokens.iter()) {
        out.write_all(&i64::from(token.id).to_le_bytes())?;
    }
    let mut bytes = Vec::new();
    for entry in entries {
        entry.stream(source, &mut |values| {
            bytes.clear();
            options.dtype.spell(values, &mut bytes);
            Ok(out.write_all(&bytes)?)
        })?;
    }
    Ok(())
}
