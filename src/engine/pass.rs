//! New tokens through the blocks of a model, into a trace: the whole prompt, a part of it again, or one token more.

use super::answer::answer;
use super::{Job, LogitRows, RunError};
use crate::model::{Context, HeadId, Hook, Model, Part, Repeats, See, Sums, Token};
use crate::trace::Trace;
use std::sync::Arc;

/// Sends new tokens through every block; the trace grows by their rows.
///
/// `begin`: the block to begin at and the residual stream before it, [token, width]; none: the embedding.
pub(super) fn advance(
    model: &Model,
    trace: &mut Trace,
    ids: &[u32],
    begin: Option<(usize, Vec<f32>)>,
    context: Context<'_>,
    job: &Job,
    on_layer: &mut dyn FnMut(usize, &mut Trace),
) -> Result<(), RunError> {
    let network = &model.network;
    let begins = trace.spec.decoder_start();
    let source: Vec<u32> = trace.source.iter().map(|token| token.id).collect();
    let source_repeats = Repeats::of(&source);
    let (changes, first) = (Arc::clone(&trace.changes), context.first);
    let mut means = (*trace.means).clone();
    let embeds = begin.is_none();
    let (from, mut x) = begin.unwrap_or((if first == 0 { 0 } else { begins }, Vec::new()));
    let mut memory = Vec::new();
    let reads_source = begins > 0 && first == 0;
    if reads_source && from == 0 {
        x = network.embed_source(&source, &mut |_, _: &mut [f32]| {});
    }
    for layer in from..trace.n_layers() {
        if reads_source && layer == from.max(begins) {
            if from < begins {
                *trace.source_output_mut() = std::mem::take(&mut x);
            }
            memory = network.memory(trace.source_output());
        }
        if layer == begins && (embeds || from < begins) {
            let see: See<'_, f32> = &mut |hook, data| changes.apply(hook, 0, first, data, &mut means);
            x = match trace.second.filter(|_| first == 0) {
                Some(second) => network.embed_pair(ids, second, see),
                None => network.embed(ids, first, see),
            };
        }
        let repeats = match trace.spec.blocks[layer].part {
            Part::Only | Part::Decoder => context.repeats,
            Part::Encoder => &source_repeats,
            Part::Cross => &Repeats::default(),
        };
        if job.is_cancelled() {
            return Err(RunError::Cancelled);
        }
        changes.apply(Hook::ResidPre, layer, first, &mut x, &mut means);
        let kept = trace.layer_mut(layer);
        kept.resid_pre.extend_from_slice(&x);
        let scales = changes.touches_scale(layer);
        let context = Context { repeats, scales, ..context };
        x = network.block(layer, x, &memory, &mut kept.state, context, &mut |hook, data| {
            // Done before it was kept
            if hook != Hook::ResidPre {
                changes.apply(hook, layer, first, data, &mut means);
            }
        });
        // One token more is a step of whoever asked for it
        if context.first == 0 {
            job.report("Running the prompt", (layer + 1) as f32 / trace.n_layers() as f32);
        }
        on_layer(layer, trace);
    }
    trace.means = Arc::new(means);
    trace.has_nan |= x.iter().any(|x| x.is_nan());
    trace.output_mut().extend_from_slice(&x);
    Ok(())
}

/// Refuses changes that leave a query, from `first` on, nothing to look at.
pub(super) fn check_rows(trace: &Trace, first: usize) -> Result<(), RunError> {
    for (&layer, edits) in &trace.changes.attention {
        let spec = &trace.spec.blocks[layer].attention;
        let rows = first..trace.query_tokens(layer).len();
        if let Some((head, query)) = edits.empty_row(spec, rows, trace.key_tokens(layer).len()) {
            return Err(RunError::EmptyRow { head: HeadId { layer, head }, query });
        }
    }
    Ok(())
}

/// Adds one token after which all earlier ones turn otherwise than before: the whole pass anew.
fn start_again(
    model: &Model,
    trace: &mut Trace,
    token: Token,
    repeats: &mut Repeats,
    job: &Job,
) -> Result<(), RunError> {
    let mut tokens = trace.tokens.to_vec();
    tokens.push(token);
    let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
    let all = Repeats::of(&ids);
    let mut longer = Trace::new(trace.model_name.clone(), trace.spec.clone(), trace.prompt.clone(), tokens);
    (longer.source, longer.second) = (trace.source.clone(), trace.second);
    (longer.changes, longer.means) = (Arc::clone(&trace.changes), Arc::clone(&trace.means));
    check_rows(&longer, ids.len() - 1)?;
    longer.first_map_seconds = trace.first_map_seconds;
    longer.forward_seconds = trace.forward_seconds;
    let context = Context { first: 0, repeats: &all, thumbnails: true, scales: false };
    advance(model, &mut longer, &ids, None, context, job, &mut |_, _| {})?;
    answer(model, &mut longer, LogitRows::Answer);
    (*trace, *repeats) = (longer, all);
    Ok(())
}

/// Adds one token; when that is cancelled half-way, the trace is as it was.
pub(super) fn append(
    model: &Model,
    trace: &mut Trace,
    token: Token,
    repeats: &mut Repeats,
    job: &Job,
) -> Result<(), RunError> {
    let first = trace.n_tokens();
    if trace.spec.turns_change_at(first + 1) {
        return start_again(model, trace, token, repeats, job);
    }
    let id = token.id;
    let begins = trace.spec.decoder_start();
    let before: Vec<Vec<Sums>> =
        (begins..trace.n_layers()).map(|layer| trace.layer(layer).state.sums()).collect();
    repeats.push(id);
    Arc::make_mut(&mut trace.tokens).push(token);
    let context = Context { first, repeats, thumbnails: false, scales: false };
    let outcome = check_rows(trace, first)
        .and_then(|()| advance(model, trace, &[id], None, context, job, &mut |_, _| {}));
    if let Err(error) = outcome {
        for (layer, sums) in (begins..).zip(&before) {
            trace.shorten(layer, first, sums);
        }
        Arc::make_mut(&mut trace.tokens).pop();
        return Err(error);
    }
    answer(model, trace, LogitRows::Answer);
    Ok(())
}
