//! Recall among facts about others: does the right one still win?

use super::{RecallError, RecallOptions, Template, checked, recall};
use crate::engine::Job;
use crate::model::Model;
use serde::Serialize;

/// Recall with some facts about others, over every question of some lengths and depths.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AmongOthers {
    /// Facts about others that were told
    pub distractors: usize,
    /// Mean probability of the right answer
    pub p: f64,
    /// Mean rank of the right answer
    pub rank: f64,
    /// Share of questions answered rightly
    pub right: f64,
}

/// Asks the same questions among each number of facts about others, or among a few from none to all there are.
///
/// Where a text is too short for all of them, as many are told as fit.
pub fn among_others(
    model: &Model,
    options: &RecallOptions,
    counts: Option<&[usize]>,
    job: &Job,
) -> Result<Vec<AmongOthers>, RecallError> {
    checked(model, options)?;
    let template = options.template.unwrap_or_else(|| Template::suited(model));
    let most = template.most_distractors();
    let some: Vec<usize> = [0, 1, 2, 3, 5, 7, 11, 15, 23].into_iter().filter(|&n| n <= most).collect();
    let counts = counts.unwrap_or(&some);
    if most == 0 {
        return Err(RecallError::TooManyDistractors {
            found: counts.iter().copied().max().unwrap_or(0).max(1),
            most,
        });
    }
    let quiet = job.quiet();
    let ask = |(done, &distractors): (usize, &usize)| {
        job.report("Asking", done as f32 / counts.len() as f32);
        let options =
            RecallOptions { distractors: Some(distractors), interventions: Vec::new(), ..options.clone() };
        let cells = recall(model, &options, &quiet)?.cells;
        let over = cells.len().max(1) as f64;
        let mean = |of: fn(&super::RecallCell) -> f64| cells.iter().map(of).sum::<f64>() / over;
        Ok(AmongOthers {
            distractors,
            p: mean(|cell| cell.p),
            rank: mean(|cell| cell.rank),
            right: mean(|cell| cell.right),
        })
    };
    let found = counts.iter().enumerate().map(ask).collect();
    job.report("Asking", 1.0);
    found
}
