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

/// log p(answer) after `token` of the clean run; none where the model gives no next or masked word.
pub(super) fn clean_log_p(model: &Model, clean: &Trace, token: usize, answer: u32) -> Option<f64> {
    log_probability(&logits_at(&model.network, clean, token), answer)
}

/// Drop of log p(answer), in nats, when the paths from each source token are cut in layers 0 to `layer`, [source];
/// a token's path to itself cannot be cut: NaN.
///
/// - causal models run only the tokens after the cut one, up to the asked one
/// - `clean` has no interventions, and `asked` names what is there
/// - fails with `Cancelled` where `progress` (told the share done) breaks off, or `job` is cancelled
pub(super) fn drops(
    model: &Model,
    clean: &Trace,
    asked: Asked,
    job: &Job,
    progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Result<Vec<f64>, RunError> {
    let before = clean_log_p(model, clean, asked.token, asked.answer).unwrap_or(f64::NAN);
    let n = sources(clean, asked.token);
    let repeats = Repeats::of(&clean.ids());
    let mut drops = vec![f64::NAN; n];
    for source in (0..n).filter(|&source| source != asked.token) {
        if progress(source as f32 / n as f32).is_break() {
            return Err(RunError::Cancelled);
        }
        let trace = without(model, clean, source, asked, &repeats, job)?;
        drops[source] = before - clean_log_p(model, &trace, asked.token, asked.answer).unwrap_or(f64::NAN);
    }
    Ok(drops)
}

/// The run without paths from `source`; its residual streams end with the last token that had to be run.
fn without(
    model: &Model,
    clean: &Trace,
    source: usize,
    asked: Asked,
    repeats: &Repeats,
    job: &Job,
) -> Result<Trace, RunError> {
    let (n, causal) = (clean.n_tokens(), clean.spec.is_causal());
    let first = match (causal, asked.paths) {
        (false, _) => 0,
        (true, Paths::All) => source + 1,
        (true, Paths::Direct) => asked.token,
    };
    // Where angles depend on how many tokens there are, all of them are run
    let turns = (asked.token + 2..=n).any(|n| clean.spec.turns_change_at(n));
    let end = if causal && !turns { asked.token + 1 } else { n };
    let changes = Changes { attention: edits(clean, source, asked), ..Changes::default() };
    let mut trace = clean.resumed(0, first, changes);
    check_rows(&trace, first)?;
    let width = clean.spec.width;
    let begin = Some((0, clean.resid(0)[first * width..end * width].to_vec()));
    let context = Context { first, repeats, thumbnails: false };
    advance(model, &mut trace, &clean.ids(), begin, context, &job.quiet(), &mut |_, _| {})?;
    Ok(trace)
}

fn edits(clean: &Trace, source: usize, asked: Asked) -> BTreeMap<usize, Arc<AttentionEdits>> {
    let cut = |queries: Range<usize>| Cut { queries, keys: source..source + 1 };
    let cuts = match asked.paths {
        Paths::All => vec![cut(0..source), cut(source + 1..usize::MAX)],
        Paths::Direct => vec![cut(asked.token..asked.token + 1)],
    };
    let of = |layer| {
        let mut edits = AttentionEdits::new(clean.heads(layer));
        edits.heads.iter_mut().for_each(|head| head.cuts.clone_from(&cuts));
        (layer, Arc::new(edits))
    };
    (0..=asked.layer).map(of).collect()
}
