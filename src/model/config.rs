//! `config.json` as Transformers 4 and 5 write it, read key by key with errors that name the key.

use super::error::SpecError;
use super::spec::{Rotary, RotaryScaling};
use candle_nn::Activation;
use serde_json::{Map, Value};

/// Larger counts than this are a broken file, not a model.
const ABSURD: u64 = 1 << 24;

const MOST_LAYERS: u64 = 4096;

/// A parsed `config.json`.
#[derive(Clone, Debug)]
pub struct Config(Map<String, Value>);

impl From<Map<String, Value>> for Config {
    fn from(map: Map<String, Value>) -> Self {
        Self(map)
    }
}

impl Config {
    /// Parses the file's bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, SpecError> {
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(map)) => Ok(Self(map)),
            Ok(_) => Err(SpecError::NotJson("something else".into())),
            Err(error) => Err(SpecError::NotJson(error.to_string())),
        }
    }
    fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }
    fn wrong(key: &str, value: &Value, expected: &'static str) -> SpecError {
        let mut found = value.to_string();
        if found.len() > 60 {
            found.truncate(found.floor_char_boundary(57));
            found.push('…');
        }
        SpecError::Value { key: key.into(), found, expected }
    }
    /// The class the weights were saved from: `architectures[0]`.
    pub fn architecture(&self) -> Option<&str> {
        self.get("architectures")?.get(0)?.as_str()
    }
    /// `model_type`.
    pub fn model_type(&self) -> Option<&str> {
        self.get("model_type")?.as_str()
    }
    /// A positive whole number, or none where the key is left out.
    pub fn count_opt(&self, key: &str) -> Result<Option<usize>, SpecError> {
        self.get(key)
            .map(|value| match value.as_u64() {
                Some(n) if (1..=ABSURD).contains(&n) => Ok(n as usize),
                _ => Err(Self::wrong(key, value, "a whole number from 1 to 16777216")),
            })
            .transpose()
    }
    /// A positive whole number; `default` is what the class uses where the key is left out.
    pub fn count_or(&self, key: &str, default: usize) -> Result<usize, SpecError> {
        Ok(self.count_opt(key)?.unwrap_or(default))
    }
    /// A number of blocks: fewer than any other count may be, as each takes memory before its weights are looked for.
    pub fn layers_or(&self, key: &str, default: usize) -> Result<usize, SpecError> {
        match self.get(key) {
            Some(value) if value.as_u64().is_some_and(|n| n > MOST_LAYERS) => {
                Err(Self::wrong(key, value, "a whole number from 1 to 4096"))
            }
            _ => self.count_or(key, default),
        }
    }
    /// A positive number.
    pub fn float_or(&self, key: &str, default: f64) -> Result<f64, SpecError> {
        float(&self.0, key, Some(default))
    }
    /// Yes or no.
    pub fn flag_or(&self, key: &str, default: bool) -> Result<bool, SpecError> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => value.as_bool().ok_or_else(|| Self::wrong(key, value, "true or false")),
        }
    }
    /// A list of words, such as `layer_types`.
    pub fn words(&self, key: &str) -> Option<Vec<&str>> {
        self.get(key)?.as_array()?.iter().map(Value::as_str).collect()
    }
    /// An activation function by its Transformers name.
    pub fn activation_or(&self, key: &str, default: Activation) -> Result<Activation, SpecError> {
        let Some(value) = self.get(key) else { return Ok(default) };
        // Names for the same function that candle does not list
        let value = match value.as_str() {
            Some("gelu_fast" | "gelu_python_tanh") => Value::from("gelu_new"),
            Some("gelu_python") => Value::from("gelu"),
            _ => value.clone(),
        };
        serde_json::from_value(value.clone()).map_err(|_| {
            Self::wrong(key, &value, "an activation function that is known, such as gelu or silu")
        })
    }
    /// Refuses a key whose value asks for something the pass does not do.
    pub fn must_be(&self, key: &str, word: &str, expected: &'static str) -> Result<(), SpecError> {
        match self.get(key) {
            Some(value) if value.as_str() != Some(word) => Err(Self::wrong(key, value, expected)),
            _ => Ok(()),
        }
    }

    /// Rotary embedding from `rope_parameters` (Transformers 5) or `rope_theta` and `rope_scaling` (4).
    pub fn rotary(&self, dims: usize) -> Result<Rotary, SpecError> {
        let nested = self.get("rope_parameters").and_then(Value::as_object);
        let scaling = nested.or_else(|| self.get("rope_scaling").and_then(Value::as_object));
        let theta = match nested {
            Some(map) if map.contains_key("rope_theta") => float(map, "rope_theta", None)?,
            _ => self.float_or("rope_theta", 10_000.0)?,
        };
        let Some(map) = scaling else { return Ok(Rotary { dims, theta, scaling: RotaryScaling::None }) };
        let kind = map.get("rope_type").or_else(|| map.get("type"));
        let scaling = match kind.and_then(Value::as_str) {
            None | Some("default") => RotaryScaling::None,
            Some("linear") => RotaryScaling::Linear { factor: float(map, "factor", None)? },
            Some("llama3") => RotaryScaling::Llama3 {
                factor: float(map, "factor", None)?,
                low: float(map, "low_freq_factor", None)?,
                high: float(map, "high_freq_factor", None)?,
                original_context: float(map, "original_max_position_embeddings", None)?,
            },
            Some(_) => {
                return Err(Self::wrong(
                    "rope_type",
                    kind.unwrap_or(&Value::Null),
                    "default, linear or llama3",
                ));
            }
        };
        Ok(Rotary { dims, theta, scaling })
    }
}

fn float(map: &Map<String, Value>, key: &str, default: Option<f64>) -> Result<f64, SpecError> {
    match map.get(key).filter(|value| !value.is_null()) {
        None => default.ok_or_else(|| SpecError::Missing(key.into())),
        Some(value) => match value.as_f64() {
            Some(x) if x > 0.0 && x.is_finite() => Ok(x),
            _ => Err(Config::wrong(key, value, "a number above 0")),
        },
    }
}
