//! What a user says of a Keras file where it says nothing: `mnemoscope.json` beside it.

use super::settings;
use crate::kernels::Activation;
use crate::model::classes::Pooling;
use crate::model::error::LoadError;
use serde::Deserialize;
use std::path::Path;

/// The file's name.
const NAME: &str = "mnemoscope.json";

/// What a user's own layers hide. What the Keras file itself says counts before it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Told {
    /// Between a block's two dense layers, by Keras's name
    activation: Option<String>,
    /// Of the norms
    pub epsilon: Option<f64>,
    /// Whether norms stand before each part
    pub norm_first: Option<bool>,
    /// Whether tokens see only what came before
    pub causal: Option<bool>,
    /// Before a classifier: `mean`, `max`, `first` or `last`
    pooling: Option<String>,
    /// Between a classifier's layers, by Keras's name
    classifier_activation: Option<String>,
    /// Behind the last layer: `softmax`, `sigmoid` or `linear`
    output: Option<String>,
}

impl Told {
    /// Reads what lies beside a file; nothing where nothing does.
    pub(super) fn beside(file: &Path) -> Result<Self, LoadError> {
        let place = file.with_file_name(NAME);
        let wrong = |reason: String| LoadError::Structure { file: place.clone(), reason };
        match std::fs::read(&place) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(LoadError::Read { file: place, source }),
            Ok(bytes) => {
                let told: Self = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
                if told.epsilon.is_some_and(|epsilon| !(0.0..1.0).contains(&epsilon)) {
                    return Err(wrong("`epsilon` must be a small number from 0 on".into()));
                }
                Ok(told)
            }
        }
    }

    /// Between a block's dense layers.
    pub(super) fn activation(&self) -> Result<Option<Activation>, String> {
        let unknown = |name: &String| format!("activation `{name}` in {NAME} is not read");
        self.activation
            .as_ref()
            .map(|name| settings::activation(name).ok_or_else(|| unknown(name)))
            .transpose()
    }

    /// Before a classifier.
    pub(super) fn pooling(&self) -> Result<Option<Pooling>, String> {
        let one = |name: &str| match name {
            "mean" => Ok(Pooling::Mean),
            "max" => Ok(Pooling::Max),
            "first" => Ok(Pooling::First),
            "last" => Ok(Pooling::Last),
            _ => Err(format!("pooling `{name}` in {NAME} is none of mean, max, first, last")),
        };
        self.pooling.as_deref().map(one).transpose()
    }

    /// Between a classifier's layers, and behind the last, as Keras names them.
    pub(super) fn classifier(&self) -> (Option<&str>, Option<&str>) {
        (self.classifier_activation.as_deref(), self.output.as_deref())
    }
}
