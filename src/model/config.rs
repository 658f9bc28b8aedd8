//! `config.json` as Transformers 4 and 5 write it, read key by key with errors that name the key.

use super::error::SpecError;
use super::python_json::as_json;
use super::rotary::{Rotary, RotaryScaling};
use crate::kernels::Activation;
use serde_json::{Map, Value};

/// Larger counts than this are a broken file, not a model.
const ABSURD: u64 = 1 << 24;

const MOST_LAYERS: u64 = 4096;

/// Most dimensions for which factors are listed pair by pair; every block keeps the list.
const MOST_LISTED: usize = 4096;

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
        match serde_json::from_slice(&as_json(bytes)) {
            Ok(Value::Object(map)) => Ok(Self(map)),
            Ok(_) => Err(SpecError::NotJson("something else".into())),
            Err(error) => Err(SpecError::NotJson(error.to_string())),
        }
    }
    /// Takes over `keys` that are missing here.
    pub fn fill(&mut self, other: &Self, keys: &[&str]) {
        for &key in keys {
            if let (None, Some(value)) = (self.get(key), other.get(key)) {
                self.0.insert(key.to_owned(), value.clone());
            }
        }
    }
    fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }
    /// Every key, nested ones left out.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
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
    /// The same of another class.
    pub(super) fn renamed(&self, class: &str) -> Self {
        let mut map = self.0.clone();
        map.insert("architectures".to_owned(), Value::from(vec![class]));
        Self(map)
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
    /// A positive whole number, `default` where the key is left out, none where it is null.
    pub fn count_unless_null(&self, key: &str, default: Option<usize>) -> Result<Option<usize>, SpecError> {
        if self.is_null(key) { Ok(None) } else { Ok(self.count_opt(key)?.or(default)) }
    }
    /// A positive number, `default` where the key is left out, none where it is null.
    pub fn float_unless_null(&self, key: &str, default: Option<f64>) -> Result<Option<f64>, SpecError> {
        match self.get(key) {
            Some(_) => self.float_or(key, 1.0).map(Some),
            None => Ok(default.filter(|_| !self.is_null(key))),
        }
    }
    /// Whether the file has the key as null.
    pub fn is_null(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(Value::is_null)
    }
    /// Whether the file has the key, and not as null.
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
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
    /// A number of any sign, or none where the key is left out.
    pub fn number_opt(&self, key: &str) -> Result<Option<f64>, SpecError> {
        self.get(key)
            .map(|value| value.as_f64().ok_or_else(|| Self::wrong(key, value, "a number")))
            .transpose()
    }
    /// A whole number, 0 included.
    pub fn index_or(&self, key: &str, default: usize) -> Result<usize, SpecError> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => match value.as_u64() {
                Some(n) if n <= ABSURD => Ok(n as usize),
                _ => Err(Self::wrong(key, value, "a whole number from 0 to 16777216")),
            },
        }
    }
    /// Yes or no.
    pub fn flag_or(&self, key: &str, default: bool) -> Result<bool, SpecError> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => value.as_bool().ok_or_else(|| Self::wrong(key, value, "true or false")),
        }
    }
    /// A word, or none where the key is left out.
    pub fn word(&self, key: &str) -> Result<Option<&str>, SpecError> {
        self.get(key).map(|value| value.as_str().ok_or_else(|| Self::wrong(key, value, "a word"))).transpose()
    }
    /// A word; `default` is what the class uses where the key is left out.
    pub fn word_or<'a>(&'a self, key: &str, default: &'a str) -> Result<&'a str, SpecError> {
        Ok(self.word(key)?.unwrap_or(default))
    }
    /// What classes are called, in the order of their numbers: `id2label`.
    pub fn labels(&self) -> Vec<String> {
        let Some(map) = self.object("id2label") else { return Vec::new() };
        let name = |id: usize| match map.get(&id.to_string()).and_then(Value::as_str) {
            Some(name) => name.to_owned(),
            None => format!("class {id}"),
        };
        (0..map.len()).map(name).collect()
    }
    /// The id of a token, where one is given.
    pub fn id(&self, key: &str) -> Option<u32> {
        u32::try_from(self.get(key)?.as_u64()?).ok()
    }
    /// Words in a list, or in one string with bars between them; none where the key is left out.
    pub fn words_of(&self, key: &str) -> Result<Vec<String>, SpecError> {
        match self.get(key) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) => {
                Ok(text.to_lowercase().split('|').map(|word| word.trim().into()).collect())
            }
            Some(value) => match self.words(key) {
                Some(words) => Ok(words.into_iter().map(str::to_lowercase).collect()),
                None => Err(Self::wrong(key, value, "a list of words")),
            },
        }
    }
    /// A list of words, such as `layer_types`.
    pub fn words(&self, key: &str) -> Option<Vec<&str>> {
        self.get(key)?.as_array()?.iter().map(Value::as_str).collect()
    }
    /// What every target of an encoder–decoder model begins with; `start` is the class's token where none is given.
    pub fn target_start(&self, start: usize) -> Result<Vec<u32>, SpecError> {
        let mut tokens = vec![self.index_or("decoder_start_token_id", start)? as u32];
        if self.get("forced_bos_token_id").is_some() {
            tokens.push(self.index_or("forced_bos_token_id", 0)? as u32);
        }
        Ok(tokens)
    }
    /// A list of whole numbers, such as `mlp_only_layers`; empty where the key is left out.
    pub fn indices(&self, key: &str) -> Vec<usize> {
        let list = self.get(key).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(|value| Some(value.as_u64()? as usize)).collect()
    }
    /// Runs of words, [[words…], times] each, such as `attention_types`; empty where the key is left out.
    pub fn runs(&self, key: &str) -> Vec<(Vec<&str>, usize)> {
        fn run(run: &Value) -> Option<(Vec<&str>, usize)> {
            let words = run.get(0)?.as_array()?.iter().map(Value::as_str).collect::<Option<_>>()?;
            Some((words, run.get(1)?.as_u64()? as usize))
        }
        let runs = self.get(key).and_then(Value::as_array);
        runs.into_iter().flatten().filter_map(run).collect()
    }
    /// The configuration under `key`, such as `text_config`.
    pub fn nested(&self, key: &str) -> Option<Self> {
        self.object(key).cloned().map(Self)
    }
    /// Rows and columns of a matrix that share a factor, where weights have few bits: `weight_block_size`.
    pub(super) fn tile(&self) -> Option<(usize, usize)> {
        match self.nested("quantization_config")?.indices("weight_block_size")[..] {
            [rows, columns] if rows > 0 && columns > 0 => Some((rows, columns)),
            _ => None,
        }
    }
    /// A number of `rope_parameters` (Transformers 5) or `rope_scaling` (4), where there is one.
    pub fn rope_number(&self, key: &str) -> Option<f64> {
        let map = self.object("rope_parameters").or_else(|| self.object("rope_scaling"));
        map.and_then(|map| map.get(key)).and_then(Value::as_f64)
    }
    /// A word of the same; `type` is an older spelling of `rope_type`.
    pub fn rope_word(&self, key: &str) -> Option<&str> {
        let map = self.object("rope_parameters").or_else(|| self.object("rope_scaling"))?;
        let older = map.get("type").filter(|_| key == "rope_type");
        map.get(key).or(older).and_then(Value::as_str)
    }
    /// An activation function by its Transformers name.
    pub fn activation_or(&self, key: &str, default: Activation) -> Result<Activation, SpecError> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => Self::activation(key, value),
        }
    }
    /// An activation function whose name is part of what stands under `key`.
    pub fn activation_named(&self, key: &str, name: &str) -> Result<Activation, SpecError> {
        Self::activation(key, &Value::from(name))
    }
    fn activation(key: &str, value: &Value) -> Result<Activation, SpecError> {
        // Other names for the same function
        let value = match value.as_str() {
            Some("gelu_fast" | "gelu_python_tanh" | "gelu_accurate") => Value::from("gelu_new"),
            Some("gelu_python") => Value::from("gelu"),
            Some("leaky_relu") => serde_json::json!({ "leakyrelu": 0.01 }),
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

    /// Rotary embedding over `dims` dimensions, from `rope_parameters` (Transformers 5) or `rope_theta` and
    /// `rope_scaling` (4); `theta` is the class's base where the file gives none, `context` its number of positions.
    pub fn rotary(&self, dims: usize, theta: f64, context: usize) -> Result<Rotary, SpecError> {
        let map = self.object("rope_parameters").or_else(|| self.object("rope_scaling"));
        let theta = self.float_or("rope_theta", theta)?;
        match map {
            Some(map) => self.rotary_from(map, dims, theta, context),
            None => Ok(Rotary::new(dims, theta)),
        }
    }
    /// Rotary embedding of the blocks of one kind, where `rope_parameters` has an entry a kind
    /// (`sliding_attention`); none where it has not.
    pub fn rotary_of(
        &self,
        kind: &str,
        dims: usize,
        theta: f64,
        context: usize,
    ) -> Result<Option<Rotary>, SpecError> {
        let map = self.object("rope_parameters").and_then(|map| map.get(kind)).and_then(Value::as_object);
        map.map(|map| self.rotary_from(map, dims, theta, context)).transpose()
    }
    /// `partial_rotary_factor`, wherever it stands.
    pub fn rotary_fraction(&self, key: &str, default: f64) -> Result<f64, SpecError> {
        match self.object("rope_parameters") {
            Some(map) if map.contains_key("partial_rotary_factor") => {
                float(map, "partial_rotary_factor", None)
            }
            _ => self.float_or(key, default),
        }
    }

    fn rotary_from(
        &self,
        map: &Map<String, Value>,
        dims: usize,
        theta: f64,
        context: usize,
    ) -> Result<Rotary, SpecError> {
        let theta = float(map, "rope_theta", Some(theta))?;
        let needed = |key| float(map, key, None);
        let context = self.float_or("max_position_embeddings", context as f64)?;
        // Phi-3 writes it beside the scaling, where it goes before what everybody else writes into it
        let original = || match self.get("original_max_position_embeddings") {
            Some(_) => self.float_or("original_max_position_embeddings", context),
            None => float(map, "original_max_position_embeddings", Some(context)),
        };
        let kind = map.get("rope_type").or_else(|| map.get("type"));
        let mut factor = 1.0;
        let scaling = match kind.and_then(Value::as_str) {
            None | Some("default") => RotaryScaling::None,
            Some("linear") => RotaryScaling::Linear { factor: needed("factor")? },
            Some("dynamic") => {
                RotaryScaling::Dynamic { factor: needed("factor")?, original_context: context }
            }
            Some("llama3") => RotaryScaling::Llama3 {
                factor: needed("factor")?,
                low: needed("low_freq_factor")?,
                high: needed("high_freq_factor")?,
                original_context: original()?,
            },
            Some("yarn") => {
                let original_context = original()?;
                let stretch = float(map, "factor", Some(context / original_context))?;
                let gain = |weight: f64| if stretch <= 1.0 { 1.0 } else { 0.1 * weight * stretch.ln() + 1.0 };
                let weights = (map.get("mscale"), map.get("mscale_all_dim"));
                factor = match (map.get("attention_factor"), weights) {
                    (Some(Value::Number(_)), _) => needed("attention_factor")?,
                    (_, (Some(Value::Number(_)), Some(Value::Number(_)))) => {
                        gain(needed("mscale")?) / gain(needed("mscale_all_dim")?)
                    }
                    _ => gain(1.0),
                };
                RotaryScaling::Yarn {
                    factor: stretch,
                    fast: float(map, "beta_fast", Some(32.0))?,
                    slow: float(map, "beta_slow", Some(1.0))?,
                    original_context,
                    truncate: map.get("truncate").and_then(Value::as_bool).unwrap_or(true),
                }
            }
            Some("longrope" | "su") if dims > MOST_LISTED => {
                return Err(Self::wrong("head_dim", &Value::from(dims), "no more than 4096 with longrope"));
            }
            Some("longrope" | "su") => {
                let original_context = original()?;
                let stretch = float(map, "factor", Some(context / original_context))?;
                factor = match map.get("attention_factor") {
                    Some(Value::Number(_)) => needed("attention_factor")?,
                    _ if stretch <= 1.0 => 1.0,
                    _ => (1.0 + stretch.ln() / original_context.ln()).sqrt(),
                };
                let list = |key: &'static str| factors(map, key, dims.div_ceil(2));
                RotaryScaling::Long {
                    short: list("short_factor")?,
                    long: list("long_factor")?,
                    original_context,
                    long_factor: None,
                }
            }
            Some(_) => {
                return Err(Self::wrong(
                    "rope_type",
                    kind.unwrap_or(&Value::Null),
                    "default, linear, dynamic, llama3, yarn or longrope",
                ));
            }
        };
        Ok(Rotary { factor, scaling, ..Rotary::new(dims, theta) })
    }
    fn object(&self, key: &str) -> Option<&Map<String, Value>> {
        self.get(key)?.as_object().filter(|map| !map.is_empty())
    }
}

fn factors(map: &Map<String, Value>, key: &str, n: usize) -> Result<Vec<f64>, SpecError> {
    let value = map.get(key).ok_or_else(|| SpecError::Missing(key.into()))?;
    let numbers: Option<Vec<f64>> =
        value.as_array().and_then(|list| list.iter().map(Value::as_f64).collect());
    match numbers {
        Some(numbers) if numbers.len() == n && numbers.iter().all(|&x| x > 0.0) => Ok(numbers),
        _ => Err(Config::wrong(key, value, "a number above 0 for every pair of dimensions")),
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
