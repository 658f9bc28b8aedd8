//! What a source token is worth to an answer: the paths from it are cut, and the answer is asked for again.

use super::pass::{advance, check_rows};
use super::{Job, RunError};
use crate::analysis::{log_probability, logits_at, sources};
use crate::model::{AttentionEdits, Context, Cut, Model, Repeats};
use crate::trace::{Changes, Trace};
use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

/// Which edges to a source token are cut, in all heads.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::EnumIter,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Paths {
    /// From every other token: nobody hears of it, directly or through another
    #[default]
    All,
    /// From the asked token alone: it no longer looks there itself
    Direct,
}

/// What is cut, and what is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) token: usize,
    pub(super) layer: usize,
    pub(super) answer: u32,
    pub(super) paths: Paths,
}

/// log p(answer) after `token` of a run; none where the model gives no next or masked word.
pub(super) fn log_p(model: &Model, run: &Trace, token: usize, answer: u32) -> Option<f64> {
    log_probability(&logits_at(&model.network, run, token), answer)
}

/// Drop of log p(answer), in nats, when the paths from each source token are cut in layers 0 to `layer`, [source];
/// NaN where they cannot be cut: from a token to itself, and where a change leaves a query that token alone to look at.
///
/// - causal models run only the tokens after the cut one, up to the asked one
/// - a run with interventions keeps them: the cuts are added to them
/// - fails with `Cancelled` where `progress` (told the share done) breaks off, or `job` is cancelled
pub(super) fn drops(
    model: &Model,
    run: &Trace,
    asked: Asked,
    job: &Job,
    progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Result<Vec<f64>, RunError> {
    let before = log_p(model, run, asked.token, asked.answer).unwrap_or(f64::NAN);
    let n = sources(run, asked.token);
    let repeats = Repeats::of(&run.ids());
    let mut drops = vec![f64::NAN; n];
    for source in (0..n).filter(|&source| source != asked.token) {
        if progress(source as f32 / n as f32).is_break() {
            return Err(RunError::Cancelled);
        }
        let trace = match without(model, run, source, asked, &repeats, job) {
            Err(RunError::EmptyRow { .. }) => continue,
            other => other?,
        };
        drops[source] = before - log_p(model, &trace, asked.token, asked.answer).unwrap_or(f64::NAN);
    }
    Ok(drops)
}

/// The run without paths from `source`; its residual streams end with the last token that had to be run.
fn without(
    model: &Model,
    run: &Trace,
    source: usize,
    asked: Asked,
    repeats: &Repeats,
    job: &Job,
) -> Result<Trace, RunError> {
    let (n, causal) = (run.n_tokens(), run.spec.is_causal());
    // A mean over the prompt's tokens is another one where paths are cut
    let means = run.changes.takes_means();
    let first = match (causal && !means, asked.paths) {
        (false, _) => 0,
        (true, Paths::All) => source + 1,
        (true, Paths::Direct) => asked.token,
    };
    // Where angles depend on how many tokens there are, all of them are run
    let turns = (asked.token + 2..=n).any(|n| run.spec.turns_change_at(n));
    let end = if causal && !means && !turns { asked.token + 1 } else { n };
    let changes = Changes { attention: edits(run, source, asked), ..Changes::clone(&run.changes) };
    let mut trace = run.resumed(0, first, changes);
    trace.means = Arc::default();
    check_rows(&trace, first)?;
    let context = Context { first, repeats, thumbnails: false, scales: false };
    // From the embedding on, which may be changed as well
    advance(model, &mut trace, &run.ids()[first..end], None, context, &job.quiet(), &mut |_, _| {})?;
    Ok(trace)
}

fn edits(run: &Trace, source: usize, asked: Asked) -> BTreeMap<usize, Arc<AttentionEdits>> {
    let cut = |queries: Range<usize>| Cut { queries, keys: source..source + 1 };
    let cuts = match asked.paths {
        Paths::All => vec![cut(0..source), cut(source + 1..usize::MAX)],
        Paths::Direct => vec![cut(asked.token..asked.token + 1)],
    };
    let mut all = run.changes.attention.clone();
    for layer in 0..=asked.layer {
        let own = all.entry(layer).or_insert_with(|| Arc::new(AttentionEdits::new(run.heads(layer))));
        Arc::make_mut(own).heads.iter_mut().for_each(|head| head.cuts.extend(cuts.iter().cloned()));
    }
    all
}
