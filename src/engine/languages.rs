//! Which languages a text is in and is to be written in, for models that mark them.

use super::RunError;
use crate::model::{Mark, Model, Tokenizer};
use crate::trace::Trace;
use serde::{Deserialize, Serialize};

/// Languages of an encoder–decoder's two texts, by the codes that its tokenizer knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Languages {
    /// Of the source text; where none is told the one that the model's files name
    pub source: Option<String>,
    /// Of the target; where none is told whichever the model's files make it begin with
    pub target: Option<String>,
}

impl Languages {
    /// Those of them that a model knows.
    #[must_use]
    pub fn known_to(&self, model: &Model) -> Self {
        let known = |code: &Option<String>, tokenizer: Option<&Tokenizer>| {
            code.clone().filter(|code| tokenizer.is_some_and(|it| it.language(code).is_ok()))
        };
        let told = model.tokenizer.as_ref().filter(|it| it.mark() != Mark::Wanted);
        let wanted = if told.is_some() { model.writer() } else { model.tokenizer.as_ref() };
        Self { source: known(&self.source, told), target: known(&self.target, wanted) }
    }

    /// Those that a run was made in, as its tokens tell.
    pub(super) fn of(model: &Model, trace: &Trace) -> Self {
        let among = |tokenizer: Option<&Tokenizer>, ids: &[u32]| {
            tokenizer.and_then(|tokenizer| tokenizer.language_among(ids)).map(str::to_owned)
        };
        let ids: Vec<u32> = trace.source.iter().map(|token| token.id).collect();
        let first = among(model.tokenizer.as_ref(), &ids);
        if model.tokenizer.as_ref().map(Tokenizer::mark) == Some(Mark::Wanted) {
            return Self { source: None, target: first };
        }
        let target = trace.ids();
        Self { source: first, target: among(model.writer(), &target[..target.len().min(2)]) }
    }

    /// The token that the source text is marked with, where it is another than the usual one.
    pub(super) fn of_source(&self, model: &Model) -> Result<Option<u32>, RunError> {
        let told = self.source.as_ref().or(self.target.as_ref());
        let Some(tokenizer) = model.tokenizer.as_ref() else {
            return told.map_or(Ok(None), |_| Err(RunError::NoTokenizer));
        };
        let wanted = match tokenizer.mark() {
            Mark::Wanted if self.source.is_some() => return Err(RunError::NoLanguages(model.name.clone())),
            Mark::Wanted => &self.target,
            Mark::Before | Mark::Behind => &self.source,
        };
        wanted.as_ref().map(|code| language(model, tokenizer, code)).transpose()
    }

    /// What the target begins with.
    pub(super) fn start(&self, model: &Model) -> Result<Vec<u32>, RunError> {
        let usual = model.spec().encoder.as_ref().map_or(&[][..], |encoder| &encoder.start);
        let (Some(code), Some(tokenizer)) = (&self.target, model.writer()) else { return Ok(usual.to_vec()) };
        Ok(match (tokenizer.mark(), usual) {
            (Mark::Wanted, _) => usual.to_vec(),
            (Mark::Before, [first, ..]) => vec![*first, language(model, tokenizer, code)?],
            (Mark::Before | Mark::Behind, _) => vec![language(model, tokenizer, code)?],
        })
    }
}

fn language(model: &Model, tokenizer: &Tokenizer, code: &str) -> Result<u32, RunError> {
    if tokenizer.languages().is_empty() || model.spec().encoder.is_none() {
        return Err(RunError::NoLanguages(model.name.clone()));
    }
    Ok(tokenizer.language(code)?)
}
