//! What a text goes on with when its cache keeps everything, and when it forgets.

use super::{EvictionError, Policy, checked, run_under};
use crate::engine::pass::append;
use crate::engine::{Job, RunError, Sampling, generate};
use crate::model::{Model, Repeats, Token, Tokenizer};
use crate::trace::Trace;
use serde::Serialize;

/// Two continuations of one text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Written {
    /// With everything kept
    pub all: Vec<Token>,
    /// Under the policy
    pub kept: Vec<Token>,
}

impl Written {
    /// The text of some tokens.
    pub fn text(tokens: &[Token]) -> String {
        tokens.iter().map(|token| token.text.as_str()).collect()
    }
}

/// Goes on with the text of `run` by up to `n` tokens, the likeliest each time: once with everything kept, once under a
/// policy, which keeps forgetting while it writes.
///
/// Under the policy each token takes a pass over the whole text, since a heavy hitter of now may be none a token later.
pub fn write_on(
    model: &Model,
    run: &Trace,
    policy: &Policy,
    n: usize,
    job: &Job,
) -> Result<Written, EvictionError> {
    checked(model, run, policy)?;
    let from = run.n_tokens();
    let mut all = run.clone();
    generate(model, &mut all, &Sampling::default(), n, &job.quiet(), &mut |_, _| true)?;
    let mut kept = run.clone();
    let mut repeats = Repeats::of(&kept.ids());
    let ends = model.writer().map_or_else(Vec::new, Tokenizer::ends);
    let room = run.spec.context.unwrap_or(usize::MAX).saturating_sub(from);
    for step in 0..n.min(room) {
        job.report("Writing with what is kept", step as f32 / n as f32);
        if job.is_cancelled() {
            return Err(RunError::Cancelled.into());
        }
        let (trace, _) = run_under(model, &kept, policy, &job.quiet())?;
        let Some(next) = trace.next.first() else { break };
        append(model, &mut kept, model.token(next.id), &mut repeats, &job.quiet())?;
        if ends.contains(&next.id) {
            break;
        }
    }
    job.report("Writing with what is kept", 1.0);
    let behind = |trace: &Trace| trace.tokens[from..].to_vec();
    Ok(Written { all: behind(&all), kept: behind(&kept) })
}
