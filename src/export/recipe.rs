//! A figure of maps or states as a file: what it shows and how, to be made again on another model or another prompt.
//! A recipe of a view is read as [`super::Settings`].
//!
//! Read key by key rather than through `serde`, so that whoever mistypes one is told which, and what belongs there.

use std::path::PathBuf;
use std::str::FromStr;

use strum::IntoEnumIterator;
use toml::{Table, Value};

use crate::model::{HeadName, Message};
use crate::trace::{Intervention, Level, Steps};

use super::formats::{Format, Holds, format_of};
use super::options::{Look, Options};
use super::what::{Ranges, Selection};

/// A figure that is not drawn yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// Files to write, pictures and pages, as the recipe names them.
    pub out: Vec<PathBuf>,
    /// The model; the embedded one where none is named.
    pub model: Option<PathBuf>,
    /// The prompt, where one is named.
    pub prompt: Option<String>,
    /// Token ids instead of a prompt.
    pub ids: Option<String>,
    /// Whether the prompt is one user's turn of a conversation.
    pub chat: bool,
    /// Turns of the conversation before the prompt
    pub turns: Vec<Message>,
    /// What is asked of the prompt, by a model that answers questions.
    pub question: Option<String>,
    /// With ids: the first of the second of two texts.
    pub second: Option<usize>,
    /// What an encoder–decoder model's decoder reads.
    pub target: Option<String>,
    /// The same as token ids.
    pub target_ids: Option<String>,
    /// Language of the prompt, for models that mark it.
    pub source_lang: Option<String>,
    /// Language of the target, for models that mark it.
    pub target_lang: Option<String>,
    /// Heads to show side by side, as they are named: the model says which they are.
    pub heads: Vec<HeadName>,
    /// An expression that the heads must pass which are shown, as `heads --where` reads it.
    pub filter: Option<String>,
    /// What is changed in the run.
    pub interventions: Vec<Intervention>,
    /// What is drawn, and how; its picked heads are [`Self::heads`] of a model.
    pub options: Options,
}

/// Why a text is no recipe.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum RecipeError {
    /// It is not TOML.
    #[error("line {line}: {why}")]
    Syntax {
        /// Where, from 1.
        line: usize,
        /// What the reader says.
        why: String,
    },
    /// A key that recipes do not have.
    #[error("`{key}` is no key of a recipe: expected one of {known}")]
    Unknown {
        /// The key.
        key: String,
        /// Those there are.
        known: String,
    },
    /// A key that must be there.
    #[error("`{key}` is missing: expected {expected}")]
    Missing {
        /// The key.
        key: String,
        /// What belongs there.
        expected: String,
    },
    /// A key whose value makes no sense.
    #[error("`{key}` is {found}: expected {expected}")]
    Value {
        /// The key.
        key: String,
        /// Its value.
        found: String,
        /// What belongs there.
        expected: String,
    },
    /// Two keys that cannot both be there.
    #[error("`{0}` and `{1}` exclude each other: expected one of them")]
    Both(&'static str, &'static str),
}

const KEYS: &[&str] = &[
    "out",
    "view",
    "model",
    "prompt",
    "ids",
    "chat",
    "turn",
    "question",
    "second",
    "target",
    "target_ids",
    "source_lang",
    "target_lang",
    "intervene",
    "what",
    "heads",
    "layers",
    "where",
    "beside",
    "rows",
    "columns",
    "first_token",
    "combine",
    "weigh",
    "level",
    "query_level",
    "key_level",
    "threshold",
    "style",
];
/// Keys of the table `style`.
pub const STYLE_KEYS: &[&str] =
    &["preset", "theme", "colormap", "scale", "labels", "transparent", "zoom", "size", "lang"];

/// A file's keys.
pub(super) fn table_of(text: &str) -> Result<Table, RecipeError> {
    text.parse().map_err(|error: toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start.min(text.len()));
        let line = 1 + text.get(..at).unwrap_or_default().matches('\n').count();
        RecipeError::Syntax { line, why: error.message().lines().collect::<Vec<_>>().join(", ") }
    })
}

impl FromStr for Recipe {
    type Err = RecipeError;

    fn from_str(text: &str) -> Result<Self, RecipeError> {
        let table = table_of(text)?;
        let whole = Keys { table: &table, prefix: "" };
        whole.only(KEYS)?;
        let nothing = Table::new();
        let style = match table.get("style") {
            None => &nothing,
            Some(Value::Table(style)) => style,
            Some(other) => return Err(whole.wrong("style", other, "a table [style]".to_owned())),
        };
        let style = Keys { table: style, prefix: "style." };
        style.only(STYLE_KEYS)?;

        let out =
            whole.list("out", "a picture or page such as \"figure.pdf\", or a list of them", |name| {
                let picture = |format: &Format| matches!(format.holds, Holds::Picture | Holds::Page);
                let path = PathBuf::from(name);
                format_of(&path).is_ok_and(picture).then_some(path)
            })?;
        if out.is_empty() {
            let expected = "a picture or page such as \"figure.pdf\", or a list of them".to_owned();
            return Err(RecipeError::Missing { key: "out".to_owned(), expected });
        }
        let one = "a head such as \"3.5\", of an encoder–decoder model also \"cross.1.0\", or a list of them";
        let heads: Vec<HeadName> = whole.list("heads", one, |head| head.parse().ok())?;
        let layers: Option<Ranges> = whole.parsed("layers", "layers such as \"0,3-5\"")?;
        if layers.is_some() && !heads.is_empty() {
            return Err(RecipeError::Both("heads", "layers"));
        }
        for (one, other) in [("ids", "prompt"), ("target_ids", "target")] {
            if table.contains_key(one) && table.contains_key(other) {
                return Err(RecipeError::Both(one, other));
            }
        }
        let filter = whole.text("where", "an expression such as \"induction > 0.5\"")?.map(str::to_owned);
        if filter.is_some() && (layers.is_some() || !heads.is_empty()) {
            return Err(RecipeError::Both("where", if layers.is_some() { "layers" } else { "heads" }));
        }
        let level: Level = whole.name("level")?.unwrap_or_default();
        let look = Look {
            theme: style.name("theme")?,
            map: style.name("colormap")?,
            scale: style.name("scale")?.unwrap_or_default(),
            size: style.number("size", 1.0, 16_384.0)?.map(|size| size as u32),
            zoom: style.number("zoom", 0.1, 64.0)?.map(|zoom| zoom as f32),
            labels: style.name("labels")?.unwrap_or_default(),
            preset: style.name("preset")?,
            transparent: style.yes("transparent")?,
            lang: style.name("lang")?.unwrap_or_default(),
            steps: Steps {
                weigh: whole.name("weigh")?.unwrap_or_default(),
                first: whole.name("first_token")?.unwrap_or_default(),
                queries: whole.name("query_level")?.unwrap_or(level),
                keys: whole.name("key_level")?.unwrap_or(level),
            },
            threshold: whole.number("threshold", 0.0, 1e6)?.map_or(0.0, |threshold| threshold as f32),
            rows: whole.parsed("rows", "a range of queries such as \"4-20\"")?,
            columns: whole.parsed("columns", "a range of keys such as \"0-12\"")?,
        };
        let intervene = "a change such as \"zero=3.5\", or a list of them";
        Ok(Self {
            out,
            model: whole.text("model", "a folder, a file or a name")?.map(PathBuf::from),
            prompt: whole.text("prompt", "a text")?.map(str::to_owned),
            ids: whole.text("ids", "token ids such as \"5 17 23\"")?.map(str::to_owned),
            chat: whole.yes("chat")?,
            turns: whole.list("turn", "a turn such as \"user:Hello.\", or a list of them", |turn| {
                turn.parse().ok()
            })?,
            question: whole.text("question", "a text")?.map(str::to_owned),
            second: whole.parsed("second", "a token's place such as \"12\"")?,
            target: whole.text("target", "a text")?.map(str::to_owned),
            target_ids: whole.text("target_ids", "token ids such as \"5 17 23\"")?.map(str::to_owned),
            source_lang: whole.text("source_lang", "a language's code")?.map(str::to_owned),
            target_lang: whole.text("target_lang", "a language's code")?.map(str::to_owned),
            heads,
            filter,
            interventions: whole.list("intervene", intervene, |change| change.parse().ok())?,
            options: Options {
                what: vec![whole.name("what")?.unwrap_or_default()],
                selection: Selection { layers, heads: None },
                picked: Vec::new(),
                combine: whole.name("combine")?,
                beside: whole.yes("beside")?,
                look,
                ..Options::default()
            },
        })
    }
}

/// A table of a recipe, with what its keys begin with in messages.
struct Keys<'a> {
    table: &'a Table,
    prefix: &'static str,
}

impl<'a> Keys<'a> {
    fn only(&self, known: &[&str]) -> Result<(), RecipeError> {
        match self.table.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => {
                Err(RecipeError::Unknown { key: format!("{}{key}", self.prefix), known: known.join(", ") })
            }
        }
    }

    fn wrong(&self, key: &str, found: &Value, expected: String) -> RecipeError {
        RecipeError::Value { key: format!("{}{key}", self.prefix), found: shown(found), expected }
    }

    fn text(&self, key: &str, expected: &str) -> Result<Option<&'a str>, RecipeError> {
        match self.table.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(key, other, format!("{expected} in quotation marks"))),
        }
    }

    fn parsed<T: FromStr>(&self, key: &str, expected: &str) -> Result<Option<T>, RecipeError> {
        let Some(value) = self.table.get(key) else { return Ok(None) };
        let parsed = value.as_str().and_then(|text| text.parse().ok());
        parsed.map(Some).ok_or_else(|| self.wrong(key, value, expected.to_owned()))
    }

    /// One of an enum's names.
    fn name<T: FromStr + IntoEnumIterator + Into<&'static str>>(
        &self,
        key: &str,
    ) -> Result<Option<T>, RecipeError> {
        let names: Vec<&str> = T::iter().map(Into::into).collect();
        self.parsed(key, &format!("one of {}", names.join(", ")))
    }

    fn yes(&self, key: &str) -> Result<bool, RecipeError> {
        match self.table.get(key) {
            None => Ok(false),
            Some(Value::Boolean(yes)) => Ok(*yes),
            Some(other) => Err(self.wrong(key, other, "true or false".to_owned())),
        }
    }

    fn number(&self, key: &str, least: f64, most: f64) -> Result<Option<f64>, RecipeError> {
        let Some(value) = self.table.get(key) else { return Ok(None) };
        let number = value.as_float().or(value.as_integer().map(|whole| whole as f64));
        match number {
            Some(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ => Err(self.wrong(key, value, format!("a number from {least} to {most}"))),
        }
    }

    /// One text or a list of texts, each of which `read` understands.
    fn list<T>(
        &self,
        key: &str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, RecipeError> {
        let Some(value) = self.table.get(key) else { return Ok(Vec::new()) };
        let one = std::slice::from_ref(value);
        let items = value.as_array().map_or(one, Vec::as_slice);
        items
            .iter()
            .map(|item| {
                item.as_str().and_then(&read).ok_or_else(|| self.wrong(key, item, expected.to_owned()))
            })
            .collect()
    }
}

/// A value as a message quotes it.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(yes) => yes.to_string(),
        Value::Datetime(_) => "a date".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Table(_) => "a table".to_owned(),
    }
}
