//! What interventions take from files: patterns, means, runs of other prompts.

use super::intervene::InterveneError;
use super::numpy::{self, Numbers};
use super::{Job, Languages, Prompt, RunOptions, run};
use crate::model::Model;
use crate::trace::{Change, OtherPrompt, Trace, ValueChange};
use std::path::Path;
use std::sync::Arc;

/// Patterns in a file, by head: one for all, [query, key], or one each, [head, query, key].
pub(super) fn patterns_in(
    file: &Path,
    n_queries: usize,
    n_keys: usize,
    heads: usize,
) -> Result<Vec<Arc<[f32]>>, InterveneError> {
    let Numbers { shape, data } = numpy::read(file).map_err(unusable(file))?;
    if data.iter().any(|&weight| weight < 0.0) {
        return Err(unusable(file)("some of its weights are below 0".to_owned()));
    }
    match shape[..] {
        [rows, keys] if (rows, keys) == (n_queries, n_keys) => Ok(vec![data.into(); heads]),
        [found, rows, keys] if found >= heads && (rows, keys) == (n_queries, n_keys) => {
            Ok(data.chunks_exact(rows * keys).map(Into::into).collect())
        }
        _ => {
            let wanted = format!("[{n_queries}, {n_keys}] or [heads, {n_queries}, {n_keys}]");
            Err(unusable(file)(format!("its shape is {shape:?}, not {wanted}")))
        }
    }
}

/// Runs the prompt in a file: text, or ids where the model has no tokenizer.
///
/// An encoder–decoder model goes on with the target of `like`, so that the runs can be compared.
pub fn run_file(model: &Model, like: &Trace, file: &Path, job: &Job) -> Result<Trace, InterveneError> {
    let bytes = std::fs::read(file).map_err(|error| unusable(file)(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| unusable(file)("it is not UTF-8".to_owned()))?;
    run_text(model, like, Prompt::in_file(text), unusable(file), job)
}

/// Runs another prompt, from a file or as it stands: text, or ids where the model has no tokenizer.
pub fn run_other(
    model: &Model,
    like: &Trace,
    prompt: &OtherPrompt,
    job: &Job,
) -> Result<Trace, InterveneError> {
    match prompt {
        OtherPrompt::File(file) => run_file(model, like, file, job),
        OtherPrompt::Text(text) => {
            let no_ids = |what| InterveneError::Missing { intervention: text.clone(), what };
            run_text(model, like, text.clone(), no_ids, job)
        }
    }
}

fn run_text(
    model: &Model,
    like: &Trace,
    text: String,
    no_ids: impl Fn(String) -> InterveneError,
    job: &Job,
) -> Result<Trace, InterveneError> {
    let prompt =
        if model.tokenizer.is_some() { Prompt::Text(text) } else { Prompt::of_ids(&text).map_err(no_ids)? };
    let mut options = RunOptions::default();
    if like.spec.encoder.is_some() {
        options.languages = Languages::of(model, like);
        let start = options.languages.start(model)?.len();
        let target = like.ids().get(start..).map(<[u32]>::to_vec);
        options.target = target.filter(|ids| !ids.is_empty()).map(Prompt::Ids);
    }
    Ok(run(model, &prompt, &options, job, &mut |_| {})?)
}

/// The mean over the rows of an activation in an `.npz`.
pub(super) fn mean_of(file: &Path, name: &str, value: &ValueChange) -> Result<Change, InterveneError> {
    let Numbers { shape, data } = numpy::read_member(file, name).map_err(unusable(file))?;
    let width: usize = shape.iter().skip(1).product();
    let n = shape.first().copied().unwrap_or(0);
    if n == 0 || width < value.columns.end {
        return Err(unusable(file)(format!("`{name}` is {shape:?}: too small for this model")));
    }
    let mean = |column: usize| {
        let sum: f64 = data.iter().skip(column).step_by(width).copied().map(f64::from).sum();
        (sum / n as f64) as f32
    };
    Ok(Change::Row(value.columns.clone().map(mean).collect()))
}

/// The error of a file, with what is wrong with it.
pub(super) fn unusable(file: &Path) -> impl Fn(String) -> InterveneError + '_ {
    move |why| InterveneError::File { file: file.to_owned(), why }
}
