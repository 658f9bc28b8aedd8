//! What an interrupted atlas leaves: enough to go on as if nothing had happened.

use super::{AtlasError, AtlasOptions, Corpus, Texts};
use crate::analysis::atlas::{Apart, Tally};
use crate::export::{ExportError, atomic};
use crate::model::Model;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

/// Another version's sums may mean something else.
const VERSION: u32 = 1;

/// Sums so far, and what they are of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Partial {
    pub(super) stamp: Stamp,
    /// Passages of the text that are done with
    pub(super) taken: usize,
    pub(super) tally: Tally,
    pub(super) apart: Apart,
}

/// Of which job it is. How many passages are to be read may change from one sitting to the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    version: u32,
    model: String,
    layers: usize,
    parameters: u64,
    weight_bytes: u64,
    texts: String,
    text_bytes: u64,
    tokens: usize,
    probes: usize,
    samples: usize,
    seed: u64,
    pub(super) period: usize,
    #[serde(default)]
    interventions: Vec<String>,
}

impl Stamp {
    pub(super) fn of(model: &Model, options: &AtlasOptions, period: usize) -> Result<Self, AtlasError> {
        let (texts, text_bytes) = match &options.texts {
            Texts::BuiltIn => (String::new(), 0),
            Texts::Prompt(text) => (text.clone(), text.len() as u64),
            Texts::Corpus(path) => (path.display().to_string(), Corpus::open(path, 1)?.bytes()),
        };
        Ok(Self {
            version: VERSION,
            model: model.name.clone(),
            layers: model.spec().layers(),
            parameters: model.parameters(),
            weight_bytes: model.weight_bytes(),
            texts,
            text_bytes,
            tokens: options.tokens,
            probes: options.probes,
            samples: options.samples,
            seed: options.seed,
            period,
            interventions: options.interventions.iter().map(ToString::to_string).collect(),
        })
    }
}

impl Partial {
    /// Passages that it has read.
    pub fn passages(&self) -> usize {
        self.tally.read().0
    }

    /// The same, if it belongs to this job.
    pub(super) fn checked(self, model: &Model, options: &AtlasOptions) -> Result<Self, AtlasError> {
        let now = Stamp::of(model, options, self.stamp.period)?;
        let own = &self.stamp;
        let differs = match () {
            () if own.version != now.version => "the version",
            () if own.model != now.model || own.layers != now.layers => "the model",
            () if (own.parameters, own.weight_bytes) != (now.parameters, now.weight_bytes) => "the model",
            () if own.texts != now.texts || own.text_bytes != now.text_bytes => "the text",
            () if own.interventions != now.interventions => "the interventions",
            () if own != &now => "an option",
            () => return Ok(self),
        };
        Err(AtlasError::Another(differs))
    }
}

/// Keeps it in a file, which appears whole or not at all.
pub fn save_partial(partial: &Partial, path: &Path) -> Result<(), ExportError> {
    atomic::write(path, |out| Ok(serde_json::to_writer(out, partial).map_err(io::Error::from)?))
}

/// Reads it again.
pub fn open_partial(path: &Path) -> io::Result<Partial> {
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}
