//! Writing a trace: header, then array after array, one block of the model in memory beside the trace at most.

use super::{Header, Trace, VECTOR, VERSION, beside, changes};
use crate::model::Hook;
use crate::trace::HeadId;
use serde_json::{Map, Value, json};
use std::io::{self, Write};
use std::ops::ControlFlow;

/// Writes `trace` to `out`. `watch` is told the share done, and ends the writing when it answers `Break`.
///
/// Fails with `Interrupted` when ended so, and with `InvalidData` where the trace holds log-sum-exps that are no
/// numbers: such a file could not be opened again.
pub fn write(trace: &Trace, watch: &dyn Fn(f32) -> ControlFlow<()>, out: &mut dyn Write) -> io::Result<()> {
    if trace.head_ids().any(|head| trace.lse(head).iter().any(|lse| !lse.is_finite())) {
        let words = "this run's attention is NaN or infinite: a saved trace of it could not be opened again";
        return Err(io::Error::new(io::ErrorKind::InvalidData, words));
    }
    let n_layers = trace.layers_done();
    let mut header = Header::default();
    for layer in 0..n_layers {
        for (name, shape) in arrays(trace, layer) {
            place(&mut header, &name, &shape);
        }
    }
    if let Some((name, shape)) = trace.source_array() {
        place(&mut header, &name, &shape);
    }
    let (name, shape) = trace.output_array();
    place(&mut header, &name, &shape);
    let logits = if trace.answer_at.is_some() { trace.answer_logits() } else { &[] };
    if !logits.is_empty() {
        place(&mut header, Hook::Logits.stem(), &[1, logits.len()]);
    }
    if !trace.vector.is_empty() {
        place(&mut header, VECTOR, &[trace.vector.len()]);
    }
    let changed = changes::arrays(trace);
    for (name, shape, _) in &changed {
        place(&mut header, name, shape);
    }
    header.write(metadata(trace)?, out)?;

    for layer in 0..n_layers {
        if watch(layer as f32 / n_layers as f32).is_break() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        floats(trace.resid(layer), out)?;
        for part in [Trace::rot_q, Trace::rot_k, Trace::values] {
            floats(&part(trace, layer), out)?;
        }
        for head in 0..trace.heads(layer) {
            floats(trace.lse(HeadId { layer, head }), out)?;
        }
        let state = &trace.layer(layer).state;
        if let Some(relative) = &state.relative {
            floats(relative.table(), out)?;
        }
        if let Some(distances) = &state.distances {
            floats(distances.keys(), out)?;
            floats(distances.queries(), out)?;
        }
        floats(&state.sinks, out)?;
    }
    floats(trace.source_output(), out)?;
    floats(trace.resid(trace.n_layers()), out)?;
    floats(logits, out)?;
    floats(&trace.vector, out)?;
    changed.iter().try_for_each(|(_, _, numbers)| numbers.write(floats, out))
}

/// The arrays of one block, in order.
fn arrays(trace: &Trace, layer: usize) -> Vec<(String, Vec<usize>)> {
    let hooks = [Hook::ResidPre, Hook::RotQ, Hook::RotK, Hook::V];
    let spec = &trace.spec;
    let mut arrays: Vec<_> = hooks.map(|hook| (spec.hook_name(hook, layer), trace.shape(hook, layer))).into();
    arrays.push((beside(spec, layer, "lse"), vec![trace.heads(layer), trace.query_tokens(layer).len()]));
    let state = &trace.layer(layer).state;
    if let Some(relative) = &state.relative {
        let heads = trace.heads(layer);
        arrays.push((beside(spec, layer, "W_rel"), vec![relative.table().len() / heads, heads]));
    }
    if let Some(distances) = &state.distances {
        let attention = &spec.blocks[layer].attention;
        for (what, values) in [("rel_k", distances.keys()), ("rel_q", distances.queries())] {
            let row = attention.heads * attention.head_dim;
            let shape = vec![attention.heads, values.len() / row, attention.head_dim];
            arrays.push((beside(spec, layer, what), shape));
        }
    }
    if !state.sinks.is_empty() {
        arrays.push((beside(spec, layer, "sinks"), vec![state.sinks.len()]));
    }
    arrays
}

fn place(header: &mut Header, name: &str, shape: &[usize]) {
    let bytes = shape.iter().map(|&n| n as u64).product::<u64>() * size_of::<f32>() as u64;
    header.place(name, "F32", shape, bytes);
}

/// Everything that is no array. Values of safetensors metadata are strings, so what is more is JSON in a string.
fn metadata(trace: &Trace) -> io::Result<Value> {
    let texts: Map<String, Value> =
        trace.next.iter().map(|next| (next.id.to_string(), json!(next.text))).collect();
    let mut metadata = json!({
        "mnemoscope": VERSION,
        "spec": serde_json::to_string(&*trace.spec)?,
        "model": trace.model_name,
        "prompt": trace.prompt,
        "tokens": serde_json::to_string(&*trace.tokens)?,
        "source": serde_json::to_string(&*trace.source)?,
        "classes": serde_json::to_string(&*trace.classes)?,
        "texts": Value::Object(texts).to_string(),
        "interventions": serde_json::to_string(trace.interventions())?,
        "run": json!({
            "forward_s": trace.forward_seconds,
            "first_map_s": trace.first_map_seconds,
            "threads": trace.threads,
        }).to_string(),
    });
    if !trace.answers.is_empty() {
        metadata["answers"] = json!(serde_json::to_string(&*trace.answers)?);
    }
    if let Some(said) = changes::said(trace)? {
        metadata[changes::KEY] = json!(said);
    }
    if let Some(at) = trace.answer_at {
        metadata["answer_at"] = json!(at.to_string());
    }
    Ok(metadata)
}

fn floats(values: &[f32], out: &mut dyn Write) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(values.len().min(1 << 16) * size_of::<f32>());
    for part in values.chunks(1 << 16) {
        bytes.clear();
        bytes.extend(part.iter().flat_map(|value| value.to_le_bytes()));
        out.write_all(&bytes)?;
    }
    Ok(())
}
