//! The same prompt with interventions: what they need is read, and what they change is run again.

use super::answer::answer;
use super::pass::{advance, check_rows};
use super::resolve::resolve;
use super::run::{check_budget, run};
use super::{Job, LogitRows, Prompt, RunError, RunOptions};
use crate::model::{Context, Model, Repeats};
use crate::trace::{Changes, Intervention, Trace};
use std::path::PathBuf;
use std::time::Instant;

/// An intervention that this model, prompt or disk does not allow. Nothing was run.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum InterveneError {
    /// It names what is not there
    #[error("{what}: {intervention}")]
    Missing {
        /// The intervention
        intervention: String,
        /// What is not there
        what: String,
    },
    /// A file cannot be used
    #[error("cannot use {}: {why}", file.display())]
    File {
        /// The file
        file: PathBuf,
        /// What is wrong with it
        why: String,
    },
    /// The run to start from was itself changed
    #[error("the run to change has interventions of its own")]
    NotClean,
    /// The run failed
    #[error(transparent)]
    Run(#[from] RunError),
}

impl InterveneError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Missing { .. } => {
                "`mnemoscope info` lists layers and heads, `mnemoscope run` the tokens, docs/hooks.md the hooks"
                    .into()
            }
            Self::File { .. } => "save arrays with numpy.save or numpy.savez, prompts as UTF-8 text".into(),
            Self::NotClean => "start from a run without interventions".into(),
            Self::Run(error) => return error.hint(),
        })
    }
}

/// Runs the prompt of `clean`, a run without interventions, again with some: only the layers that come out otherwise.
///
/// `on_layer` sees the trace after each of them. Fails before anything is run where an intervention cannot be made.
pub fn intervene(
    model: &Model,
    clean: &Trace,
    interventions: &[Intervention],
    job: &Job,
    on_layer: &mut dyn FnMut(&Trace),
) -> Result<Trace, InterveneError> {
    let changes = resolve(model, clean, interventions, job)?;
    Ok(rerun(model, clean, changes, job, on_layer)?)
}

/// Runs a prompt, and where there are interventions again with them: the changed run alone comes back.
pub(super) fn run_changed(
    model: &Model,
    prompt: &Prompt,
    options: &RunOptions,
    interventions: &[Intervention],
    job: &Job,
) -> Result<Trace, InterveneError> {
    let clean = run(model, prompt, options, job, &mut |_| {})?;
    if interventions.is_empty() {
        return Ok(clean);
    }
    intervene(model, &clean, interventions, job, &mut |_| {})
}

/// The same with changes that are at hand.
pub(super) fn rerun(
    model: &Model,
    clean: &Trace,
    changes: Changes,
    job: &Job,
    on_layer: &mut dyn FnMut(&Trace),
) -> Result<Trace, RunError> {
    let start = Instant::now();
    let embeds = changes.first_layer().is_none();
    let (mut trace, first) = clean.branch(changes);
    let (n, n_source) = (trace.n_tokens(), trace.source.len());
    check_rows(&trace, 0)?;
    let logits = if clean.logits.len() > trace.spec.vocab { LogitRows::All } else { LogitRows::Answer };
    check_budget(&trace.spec, n, n_source, if logits == LogitRows::All { n } else { 1 }, None)?;
    let ids = trace.ids();
    let repeats = Repeats::of(&ids);
    let context = Context { first: 0, repeats: &repeats, thumbnails: true, scales: false };
    let begin = (!embeds).then(|| (first, clean.resid(first).to_vec()));
    trace.first_map_seconds = clean.first_map_seconds;
    advance(model, &mut trace, &ids, begin, context, job, &mut |_, trace| on_layer(trace))?;
    answer(model, &mut trace, logits);
    trace.forward_seconds = start.elapsed().as_secs_f64();
    Ok(trace)
}
