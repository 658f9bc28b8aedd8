//! A figure's settings: the options that make it, as a command line says them and as a recipe file holds them.
//!
//! Keys are the names of the command line's options with `_` for `-`, but for `model`, `out` and `heads`, which it calls
//! MODEL, `-o` and `--pick`; looks stand in a table of their own and begin with `style.` here.

use std::fmt::Write as _;
use std::path::Path;
use std::str::FromStr;

use toml::{Table, Value};

use super::recipe::{RecipeError, shown, table_of};

/// Keys whose values a file holds as numbers.
const NUMBERS: &[&str] = &[
    "at",
    "batch",
    "from",
    "layer",
    "least",
    "lr",
    "mark",
    "passages",
    "probes",
    "read",
    "repeat",
    "seed",
    "size",
    "steps",
    "stream",
    "style.size",
    "style.zoom",
    "temperature",
    "threshold",
    "top_k",
    "top_p",
    "trials",
    "width",
];
/// Keys whose values are files or folders, which a recipe means from its own folder.
const PATHS: &[&str] = &["atlas", "corpus", "folder", "model", "other_file", "prompt_file", "text", "with"];

/// What a key says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Setting {
    /// It is there.
    Yes,
    /// A text or a number.
    One(String),
    /// Several of them.
    Many(Vec<String>),
}

/// What makes a figure, in the order in which it was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(Vec<(String, Setting)>);

impl Settings {
    /// Says `key`; what it said before is gone.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.put(key, Setting::One(value.into()));
    }

    /// The same with several values; with none the key is gone.
    pub fn set_all(&mut self, key: &str, values: impl IntoIterator<Item = String>) {
        let mut values: Vec<String> = values.into_iter().collect();
        match values.len() {
            0 => self.remove(key),
            1 => self.set(key, values.remove(0)),
            _ => self.put(key, Setting::Many(values)),
        }
    }

    /// Says `key`, which takes no value.
    pub fn set_yes(&mut self, key: &str) {
        self.put(key, Setting::Yes);
    }

    /// Says `key` as `other` does, where it does.
    pub fn copy(&mut self, other: &Self, key: &str) {
        if let Some((_, setting)) = other.0.iter().find(|(own, _)| own == key) {
            self.put(key, setting.clone());
        }
    }

    /// Takes a key back.
    pub fn remove(&mut self, key: &str) {
        self.0.retain(|(own, _)| own != key);
    }

    fn put(&mut self, key: &str, setting: Setting) {
        self.remove(key);
        self.0.push((key.to_owned(), setting));
    }

    /// The keys that are there.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.as_str())
    }

    /// What a key says: the first of several.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.all(key).first().map(String::as_str)
    }

    /// Everything that a key says.
    pub fn all(&self, key: &str) -> &[String] {
        match self.0.iter().find(|(own, _)| own == key) {
            Some((_, Setting::One(value))) => std::slice::from_ref(value),
            Some((_, Setting::Many(values))) => values,
            Some((_, Setting::Yes)) | None => &[],
        }
    }

    /// The command that makes the figure.
    pub fn command(&self) -> &'static str {
        match self.get("view") {
            Some("training" | "trained" | "step") => "train",
            Some("timeline") => "timeline",
            _ => "export",
        }
    }

    /// Files that lie in `folder` are meant from there; others stay as they are.
    #[must_use]
    pub fn found_in(mut self, folder: &Path) -> Self {
        for (key, setting) in &mut self.0 {
            if let (true, Setting::One(value)) = (PATHS.contains(&key.as_str()), setting) {
                let path = folder.join(&*value);
                if path.exists() {
                    *value = path.display().to_string();
                }
            }
        }
        self
    }

    /// Files by their whole paths, so that they are found from anywhere.
    #[must_use]
    pub fn from_anywhere(mut self) -> Self {
        for (key, setting) in &mut self.0 {
            let (true, Setting::One(value)) = (PATHS.contains(&key.as_str()), setting) else { continue };
            if let Some(path) = std::path::absolute(&*value).ok().filter(|path| path.exists()) {
                *value = path.display().to_string();
            }
        }
        self
    }

    /// The words of the command line, from the command's name on.
    pub fn words(&self) -> Vec<String> {
        let command = self.command();
        let mut words = vec![command.to_owned()];
        words.extend(self.get("model").or(self.get("folder")).map(str::to_owned));
        for (key, setting) in &self.0 {
            let name = match (key.strip_prefix("style.").unwrap_or(key), command) {
                ("model" | "folder" | "out", _) | ("view", "train" | "timeline") => continue,
                ("heads", "export") => "pick",
                ("heads", "timeline") => "head",
                (name, _) => name,
            };
            let name = format!("--{}", name.replace('_', "-"));
            let mut say = |value: &str| {
                if value.starts_with('-') {
                    words.push(format!("{name}={value}"));
                } else {
                    words.extend([name.clone(), value.to_owned()]);
                }
            };
            match setting {
                Setting::Yes => words.push(name),
                Setting::One(value) => say(value),
                // These have commas of their own
                Setting::Many(values) if matches!(key.as_str(), "change" | "intervene" | "turn") => {
                    for value in values {
                        say(value);
                    }
                }
                Setting::Many(values) => say(&values.join(",")),
            }
        }
        let files = self.all("out");
        if !files.is_empty() {
            let option = match self.get("view") {
                Some("training") => "--curves",
                Some("trained") => "--maps",
                Some("step") => "--numbers",
                _ => "-o",
            };
            words.push(option.to_owned());
            words.extend(files.iter().cloned());
        }
        words
    }

    /// A recipe that says the same.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        let plain = |(key, _): &&(String, Setting)| !key.starts_with("style.");
        let (own, style): (Vec<_>, Vec<_>) = self.0.iter().partition(plain);
        let (first, rest): (Vec<_>, Vec<_>) = own.into_iter().partition(|(key, _)| key == "out");
        for (key, setting) in first.into_iter().chain(rest) {
            line(&mut text, key, key, setting);
        }
        if !style.is_empty() {
            text.push_str("\n[style]\n");
        }
        for (key, setting) in style {
            line(&mut text, key, key.trim_start_matches("style."), setting);
        }
        text
    }
}

/// A line of a recipe.
fn line(text: &mut String, key: &str, name: &str, setting: &Setting) {
    let value = match setting {
        Setting::Yes => "true".to_owned(),
        Setting::One(value)
            if NUMBERS.contains(&key) && value.parse::<Value>().is_ok_and(|value| is_number(&value)) =>
        {
            value.clone()
        }
        Setting::One(value) => quoted(value),
        Setting::Many(values) => {
            format!("[{}]", values.iter().map(|value| quoted(value)).collect::<Vec<_>>().join(", "))
        }
    };
    let _ = writeln!(text, "{name} = {value}");
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Integer(_) | Value::Float(_))
}

/// A basic string of TOML: JSON's, with the one control character more that TOML wants escaped.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

impl FromStr for Settings {
    type Err = RecipeError;

    fn from_str(text: &str) -> Result<Self, RecipeError> {
        let mut settings = Self::default();
        let read = |settings: &mut Self, table: &Table, prefix: &str| -> Result<(), RecipeError> {
            for (key, value) in table {
                let key = format!("{prefix}{key}");
                let wrong = |found: &Value| RecipeError::Value {
                    key: key.clone(),
                    found: shown(found),
                    expected: "a text, a number, true or false, or a list of texts and numbers".to_owned(),
                };
                match value {
                    // 4.10 would be head 4.1, and 4.0 no head at all
                    Value::Float(_) if key == "heads" => {
                        let expected =
                            "a head in quotation marks such as \"3.5\", or a list of them".to_owned();
                        return Err(RecipeError::Value { key, found: shown(value), expected });
                    }
                    Value::Table(_) if key == "style" => {}
                    Value::Boolean(true) => settings.set_yes(&key),
                    Value::Boolean(false) => {}
                    Value::Array(values) => {
                        let all: Result<Vec<String>, RecipeError> =
                            values.iter().map(|value| plain(value).ok_or_else(|| wrong(value))).collect();
                        settings.set_all(&key, all?);
                    }
                    one => settings.set(&key, plain(one).ok_or_else(|| wrong(one))?),
                }
            }
            Ok(())
        };
        let table = table_of(text)?;
        read(&mut settings, &table, "")?;
        if let Some(Value::Table(style)) = table.get("style") {
            read(&mut settings, style, "style.")?;
        }
        Ok(settings)
    }
}

/// A text or a number as a command line has it.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        _ => None,
    }
}
