//! What comes from elsewhere: rows of other prompts' runs, their differences, words' own vectors.

use super::super::given::run_other;
use super::super::words::word_of;
use super::{InterveneError, Missing, Place, Resolver, positions};
use crate::model::{Hook, Side};
use crate::trace::{ActivationError, Change, Heads, OtherPrompt, Span, Trace};
use std::ops::Range;

impl Resolver<'_> {
    /// Adds a word's own vector to a residual stream, or to what is added to one.
    pub(super) fn add_word(
        &mut self,
        (name, place): (&str, Place),
        tokens: Span,
        (word, by): (&str, f32),
        missing: Missing<'_>,
    ) -> Result<(), InterveneError> {
        let (n, width) = self.rows(place);
        let tokens = positions(tokens, n, missing)?;
        let streams = matches!(
            place.0,
            Hook::Embed
                | Hook::ResidPre
                | Hook::ResidMid
                | Hook::ResidPost
                | Hook::NormalizedResidPost
                | Hook::AttnOut
                | Hook::MlpOut
        );
        let side =
            if place.0.per_layer() { self.clean.spec.blocks[place.1].part.rows() } else { Side::Target };
        let none = || missing(format!("`{word}` is not one token of this model; #ID names any"));
        let id = word_of(word, self.model).ok_or_else(none)?;
        let network = &self.model.network;
        if id as usize >= network.words_of(side) {
            return Err(none());
        }
        let vector = network.word_vectors(side, &[id]);
        if !streams || vector.len() != width {
            return Err(missing(format!("a word's vector is no part of {name}; take a residual stream")));
        }
        let change = Change::Add { tokens, vector: vector.iter().map(|x| x * by).collect() };
        self.value(place, width, 0..width, change);
        Ok(())
    }

    /// Takes rows from a run of another prompt.
    pub(super) fn patch(
        &mut self,
        name: &str,
        tokens: Span,
        prompt: &OtherPrompt,
        missing: Missing<'_>,
    ) -> Result<(), InterveneError> {
        let (base, index) = indexed(name);
        let name = match self.clean.spec.hook(base) {
            Some((Hook::Pattern | Hook::AttnScores, layer)) if layer < self.clean.n_layers() => {
                return self.patch_pattern((base, layer, index), tokens, prompt, missing);
            }
            // What a head adds is its z times W_O, whatever the run: one is as the other
            Some((Hook::Result, layer)) => {
                let z = self.clean.spec.hook_name(Hook::Z, layer);
                index.map_or_else(|| z.clone(), |index| format!("{z}[{index}]"))
            }
            _ => name.to_owned(),
        };
        let (place, columns) = self.columns(&name, missing)?;
        let (n, width) = self.rows(place);
        let values = self.values_of(place, prompt, missing)?;
        let tokens = shared(tokens, (n, values.len() / width), missing)?;
        let rows =
            tokens.clone().flat_map(|token| &values[token * width..][columns.clone()]).copied().collect();
        self.value(place, width, columns, Change::Rows { first: tokens.start, rows });
        Ok(())
    }

    /// Takes rows of weights from a run of another prompt; rows of scores come to the same, as softmax is taken of each,
    /// with the same sink where there is one.
    fn patch_pattern(
        &mut self,
        (name, layer, index): (&str, usize, Option<&str>),
        tokens: Span,
        prompt: &OtherPrompt,
        missing: Missing<'_>,
    ) -> Result<(), InterveneError> {
        let attention = &self.clean.spec.blocks[layer].attention;
        let (causal, sinks) = (attention.causal, attention.sinks);
        let head = index.map(|index| index_of(name, index, self.clean.heads(layer), missing)).transpose()?;
        let other = self.other(prompt)?;
        let side = |trace: &Trace| (trace.query_tokens(layer).len(), trace.key_tokens(layer).len());
        let ((n, n_keys), (theirs, their_keys)) = (side(self.clean), side(&other));
        let tokens = shared(tokens, (n, theirs), missing)?;
        if !causal && n_keys != their_keys {
            return Err(missing(format!("rows of {n_keys} and of {their_keys} keys do not fit each other")));
        }
        self.attention(Heads { layer: Some(layer), head }, missing, |id, edits| {
            let pattern = other.pattern(id);
            for query in tokens.clone() {
                let mut row = pattern.row(query);
                row.resize(n_keys, 0.0);
                edits.rows.insert(query, row.into());
                if sinks {
                    edits.open.insert(query);
                } else {
                    edits.open.remove(&query);
                }
            }
        })
    }

    /// Adds what an activation is at the last token of one text, less the same of another.
    ///
    /// Source: Turner et al. 2023, *Steering Language Models With Activation Engineering*; Rimsky et al. 2024 (last token).
    pub(super) fn add_difference(
        &mut self,
        name: &str,
        tokens: Span,
        (texts, by): (&[String; 2], f32),
        missing: Missing<'_>,
    ) -> Result<(), InterveneError> {
        let (place, columns) = self.columns(name, missing)?;
        let (n, width) = self.rows(place);
        let tokens = positions(tokens, n, missing)?;
        let mut last = Vec::new();
        for text in texts {
            let values = self.values_of(place, &OtherPrompt::Text(text.clone()), missing)?;
            last.push(values[values.len() - width..][columns.clone()].to_vec());
        }
        let vector = last[0].iter().zip(&last[1]).map(|(of, less)| (of - less) * by).collect();
        self.value(place, width, columns, Change::Add { tokens, vector });
        Ok(())
    }

    /// An activation of another prompt's run, row by row; with one row at least.
    fn values_of(
        &mut self,
        (hook, layer): Place,
        prompt: &OtherPrompt,
        missing: Missing<'_>,
    ) -> Result<Vec<f32>, InterveneError> {
        let failed = |error: ActivationError| missing(error.to_string());
        let network = &self.model.network;
        Ok(self.other(prompt)?.activation(network, hook, layer).map_err(failed)?.data)
    }

    /// The run of another prompt, with this run's target where there is one.
    fn other(&mut self, prompt: &OtherPrompt) -> Result<Trace, InterveneError> {
        let name = prompt.to_string();
        if let Some(trace) = self.others.get(&name) {
            return Ok(trace.clone());
        }
        let trace = run_other(self.model, self.clean, prompt, self.job)?;
        self.others.insert(name, trace.clone());
        Ok(trace)
    }

    /// The activation that a name says, and which of its columns: those of one head, where its index stands behind.
    fn columns(&self, name: &str, missing: Missing<'_>) -> Result<(Place, Range<usize>), InterveneError> {
        let (name, index) = indexed(name);
        let place = self.place(name, missing)?;
        let Some(index) = index else { return Ok((place, 0..self.rows(place).1)) };
        let (hook, layer) = place;
        let shape = self.clean.shape(hook, layer);
        let per_head = matches!(hook, Hook::Z | Hook::Q | Hook::K | Hook::V | Hook::RotQ | Hook::RotK);
        let (heads, dim) = match shape[..] {
            [_, heads, dim] if per_head => (heads, dim),
            _ => return Err(missing(format!("{name} has no heads"))),
        };
        let head = index_of(name, index, heads, missing)?;
        Ok((place, head * dim..(head + 1) * dim))
    }
}

/// The head that an index behind a name says.
fn index_of(name: &str, index: &str, heads: usize, missing: Missing<'_>) -> Result<usize, InterveneError> {
    let head = index.parse::<usize>().ok().filter(|&head| head < heads);
    head.ok_or_else(|| missing(format!("{name} has {heads} heads, from 0")))
}

/// A hook's name, and the index of a head behind it in brackets.
fn indexed(name: &str) -> (&str, Option<&str>) {
    let found = name.strip_suffix(']').and_then(|name| name.rsplit_once('['));
    found.map_or((name, None), |(name, index)| (name, Some(index)))
}

/// The rows that are meant of two runs with `n` and `theirs` of them.
fn shared(
    tokens: Span,
    (n, theirs): (usize, usize),
    missing: Missing<'_>,
) -> Result<Range<usize>, InterveneError> {
    let tokens = match tokens {
        Span::All if n != theirs => {
            return Err(missing(format!("* wants prompts of equal length, not of {n} and {theirs} tokens")));
        }
        Span::All => 0..n,
        Span::Between(..) => tokens.range(),
    };
    if tokens.end > n.min(theirs) {
        return Err(missing(format!("the prompts have {n} and {theirs} tokens, from 0")));
    }
    Ok(tokens)
}
