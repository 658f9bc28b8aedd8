//! What the small files beside a vocabulary say: which class reads it, special tokens, switches.

use super::{broken, read};
use crate::model::error::LoadError;
use serde_json::{Map, Value};
use std::path::Path;
use tokenizers::AddedToken;

/// `tokenizer_config.json`, `special_tokens_map.json`, `added_tokens.json`, and the `model_type` of `config.json`.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    config: Map<String, Value>,
    special: Map<String, Value>,
    added: Map<String, Value>,
    model_type: String,
}

/// What special tokens are for, as `tokenizer_config.json` spells it with `_token` behind.
const ROLES: &[&str] = &["bos", "eos", "unk", "sep", "pad", "cls", "mask"];

impl Settings {
    /// These switches and nothing else.
    pub(super) fn of(switches: impl Iterator<Item = (String, bool)>) -> Self {
        Self { config: switches.map(|(name, on)| (name, Value::Bool(on))).collect(), ..Self::default() }
    }

    /// Reads them; one that is not there is as good as an empty one.
    pub(super) fn read(folder: &Path) -> Result<Self, LoadError> {
        let object = |name: &str| {
            let file = folder.join(name);
            if !file.is_file() {
                return Ok(Map::new());
            }
            match serde_json::from_slice(&read(&file)?) {
                Ok(Value::Object(object)) => Ok(object),
                Ok(_) => Err(broken(&file, &"no JSON object")),
                Err(error) => Err(broken(&file, &error)),
            }
        };
        // A broken `config.json` is told by the one who reads the architecture from it
        let model = object("config.json").unwrap_or_default();
        Ok(Self {
            config: object("tokenizer_config.json")?,
            special: object("special_tokens_map.json")?,
            added: object("added_tokens.json")?,
            model_type: model.get("model_type").and_then(Value::as_str).unwrap_or_default().to_owned(),
        })
    }

    /// The class without `Tokenizer` and `Fast` behind it (`Llama`), where the files name one.
    pub(super) fn class(&self) -> Option<&str> {
        let class = self.config.get("tokenizer_class")?.as_str()?;
        let class = class.strip_suffix("Fast").unwrap_or(class);
        let class = class.strip_suffix("Tokenizer").unwrap_or(class);
        // These two say only how a tokenizer is stored
        (!["PreTrained", "TokenizersBackend"].contains(&class)).then_some(class)
    }
    /// `model_type` of the model that the tokenizer belongs to; empty where unknown.
    pub(super) fn model_type(&self) -> &str {
        &self.model_type
    }
    /// A switch.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.config.get(key)?.as_bool()
    }
    /// A whole number.
    pub(super) fn count(&self, key: &str) -> Option<usize> {
        usize::try_from(self.config.get(key)?.as_u64()?).ok()
    }
    /// A text.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.config.get(key)?.as_str()
    }
    /// The token of a role: `bos`, `eos`, …
    pub(super) fn token(&self, role: &str) -> Option<&str> {
        let key = format!("{role}_token");
        [&self.config, &self.special].iter().find_map(|object| content(object.get(&key)?))
    }
    /// Special tokens without a role, in order.
    pub(super) fn extra(&self) -> Vec<&str> {
        let lists = [&self.config, &self.special].into_iter().flat_map(|object| {
            ["additional_special_tokens", "extra_special_tokens"].iter().filter_map(|key| object.get(*key))
        });
        let mut tokens: Vec<&str> = Vec::new();
        for token in lists.filter_map(Value::as_array).flatten().filter_map(content) {
            if !tokens.contains(&token) {
                tokens.push(token);
            }
        }
        tokens
    }
    /// Tokens that stand beside the vocabulary, with their ids, lowest first.
    pub(super) fn added(&self) -> Vec<(u32, AddedToken)> {
        let described = self.config.get("added_tokens_decoder").and_then(Value::as_object);
        let described = described.into_iter().flatten().filter_map(|(id, token)| {
            Some((id.parse().ok()?, serde_json::from_value::<AddedToken>(token.clone()).ok()?))
        });
        let mut tokens: Vec<(u32, AddedToken)> = described.collect();
        for (content, id) in &self.added {
            let Some(id) = id.as_u64().and_then(|id| u32::try_from(id).ok()) else { continue };
            if !tokens.iter().any(|(known, _)| *known == id) {
                let special = self.is_special(content);
                tokens.push((id, AddedToken::from(content.as_str(), special).normalized(!special)));
            }
        }
        tokens.sort_by_key(|(id, _)| *id);
        tokens
    }
    /// What reads each role, as chat templates ask for it: `bos` → `<s>`.
    pub(super) fn roles(&self) -> Vec<(String, String)> {
        let said = ROLES.iter().filter_map(|role| Some(((*role).to_owned(), self.token(role)?.to_owned())));
        said.collect()
    }
    fn is_special(&self, content: &str) -> bool {
        ROLES.iter().any(|role| self.token(role) == Some(content)) || self.extra().contains(&content)
    }
}

/// A token is written as its text, or as an object that holds it.
fn content(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("content")?.as_str())
}
