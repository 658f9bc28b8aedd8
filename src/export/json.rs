//! JSON: one object with the tokens and the arrays, nested as their shapes say.

use std::io::Write;

use serde_json::{Value, json};

use crate::trace::Token;

use super::arrays::{self, Source};
use super::error::ExportError;
use super::options::Options;

/// Writes `{"mnemoscope", "model", "prompt", ("interventions": […],) "tokens": [{"id", "text"}], "heads": {name: […]}, "arrays": {name: […]}}`;
/// for encoder–decoder models with `"source"` before the (target's) tokens.
pub(super) fn write(source: &Source<'_>, options: &Options, out: &mut dyn Write) -> Result<(), ExportError> {
    let entries = arrays::entries(source.trace, &options.what, &options.selection)?;
    let trace = source.trace;
    write!(out, "{{\"mnemoscope\":{}", json!(env!("CARGO_PKG_VERSION")))?;
    write!(out, ",\"model\":{},\"prompt\":{}", json!(trace.model_name), json!(trace.prompt))?;
    if !trace.interventions().is_empty() {
        write!(out, ",\"interventions\":{}", json!(trace.interventions()))?;
    }
    if trace.spec.encoder.is_some() {
        write!(out, ",\"source\":{}", listed(&trace.source))?;
    }
    write!(out, ",\"tokens\":{},\"heads\":{{", listed(&trace.tokens))?;
    let with_heads =
        entries.iter().filter_map(|entry| entry.heads.as_ref().map(|heads| (&entry.name, heads)));
    for (index, (name, heads)) in with_heads.enumerate() {
        write!(out, "{}{}:{}", comma(index), json!(name), json!(heads))?;
    }
    write!(out, "}},\"arrays\":{{")?;
    for (index, entry) in entries.iter().enumerate() {
        write!(out, "{}{}:", comma(index), json!(entry.name))?;
        let mut at = 0;
        entry.stream(source, &mut |values| {
            for &value in values {
                nested(out, &entry.shape, at, value)?;
                at += 1;
            }
            Ok(())
        })?;
        if entry.is_empty() {
            write!(out, "[]")?;
        }
    }
    writeln!(out, "}}}}")?;
    Ok(())
}

/// `[{"id", "text"}]`, as every JSON that holds tokens has them.
pub fn listed(tokens: &[Token]) -> Value {
    tokens.iter().map(|token| json!({ "id": token.id, "text": token.text })).collect()
}

fn comma(index: usize) -> &'static str {
    if index == 0 { "" } else { "," }
}

/// Writes the `at`-th value with the brackets that open before it and close after it. What is no number is `null`.
fn nested(out: &mut dyn Write, shape: &[usize], at: usize, value: f32) -> std::io::Result<()> {
    let boundaries = |at: usize| {
        let mut size = 1;
        shape.iter().rev().take_while(move |&&n| {
            size *= n;
            at.is_multiple_of(size)
        })
    };
    let opening = boundaries(at).count();
    if opening < shape.len() {
        out.write_all(b",")?;
    }
    out.write_all(&b"[[[["[..opening.min(4)])?;
    if value.is_finite() {
        write!(out, "{value}")?;
    } else {
        out.write_all(b"null")?;
    }
    out.write_all(&b"]]]]"[..boundaries(at + 1).count().min(4)])
}
