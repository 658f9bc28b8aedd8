//! Two runs compared: whether both fit, and the comparison as a job.

use super::prompt::TARGET;
use super::{Job, Prompt, RunError, RunOptions, available_bytes, tokens_of};
use crate::analysis::compare::{self, CompareError, Comparison};
use crate::model::Model;
use crate::trace::{Trace, estimate_bytes};

/// Bytes that two runs will take together, counted before either begins. Fails where they would not fit.
pub fn both_fit(runs: [(&Model, &Prompt); 2], options: &RunOptions) -> Result<u64, RunError> {
    let mut needed = 0;
    let mut longest = 0;
    for (model, prompt) in runs {
        let n = tokens_of(model, prompt, options.cut)?.len();
        let (n_tokens, n_source) = if model.spec().encoder.is_some() { (TARGET, n) } else { (n, 0) };
        needed += estimate_bytes(model.spec(), n_tokens, n_source, 1);
        longest = longest.max(n);
    }
    let budget = options.memory_budget.unwrap_or_else(|| available_bytes() / 4 * 3);
    if needed > budget {
        let fits = (longest as u64 * budget / needed) as usize;
        return Err(RunError::Memory { needed, budget, fits });
    }
    Ok(needed)
}

/// Compares two runs. Fails with `Cancelled` within one layer of the wish.
pub fn compare(a: &Trace, b: &Trace, job: &Job) -> Result<Comparison, CompareError> {
    job.stage("Comparing the runs", |progress| compare::compare(a, b, progress))
}
