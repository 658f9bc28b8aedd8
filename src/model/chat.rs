//! Chat templates: how a model wants a conversation written down. Jinja, as Transformers sets it up.

use super::error::LoadError;
use super::gguf::Metadata;
use super::tokenizer::Tokenizer;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde, Value};
use minijinja::{Environment, ErrorKind};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// Steps a template may take: a published one takes some thousands, and none may hang the program.
const FUEL: u64 = 5_000_000;
/// No published template comes near this.
const LONGEST: u64 = 1 << 20;

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Message {
    /// `system`, `user` or `assistant`
    pub role: String,
    /// What was said
    pub content: String,
}

impl Message {
    /// What `role` said.
    pub fn new(role: &str, content: &str) -> Self {
        Self { role: role.to_owned(), content: content.to_owned() }
    }
}

/// Who speaks in a conversation, as every template calls them.
pub const ROLES: [&str; 3] = ["system", "user", "assistant"];

/// What is no turn of a conversation.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "expected a role and what it said, such as \"assistant:Hello.\"; roles are system, user and assistant"
)]
pub struct NoTurn;

/// As a command line and a recipe spell it: `user:What is red?`.
impl FromStr for Message {
    type Err = NoTurn;

    fn from_str(text: &str) -> Result<Self, NoTurn> {
        let (role, content) = text.split_once(':').ok_or(NoTurn)?;
        let role = role.trim();
        if ROLES.contains(&role) { Ok(Self::new(role, content.trim())) } else { Err(NoTurn) }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.role, self.content)
    }
}

/// A model's template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatTemplate {
    source: String,
    /// `bos_token`, `eos_token`, … as the tokenizer's files name them
    tokens: BTreeMap<String, String>,
}

/// A template that does not take the conversation, or is none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the model's chat template does not take these messages: {0}")]
pub struct ChatError(pub String);

impl ChatTemplate {
    /// The one beside a model in a folder: `chat_template.jinja`, else the one in `tokenizer_config.json`.
    pub fn from_folder(folder: &Path, tokenizer: &Tokenizer) -> Result<Option<Self>, LoadError> {
        let file = folder.join("chat_template.jinja");
        if file.is_file() {
            let told = |source| LoadError::Read { file: file.clone(), source };
            if std::fs::metadata(&file).map_err(told)?.len() > LONGEST {
                return Ok(None);
            }
            let source = std::fs::read_to_string(&file).map_err(told)?;
            return Ok(Some(Self::new(source, tokenizer)));
        }
        let Ok(bytes) = std::fs::read(folder.join("tokenizer_config.json")) else { return Ok(None) };
        let config: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let source = match &config["chat_template"] {
            serde_json::Value::String(source) => Some(source.as_str()),
            // Several, by name: the one without tools or documents
            serde_json::Value::Array(named) => {
                let default = named.iter().find(|one| one["name"] == "default").or(named.first());
                default.and_then(|one| one["template"].as_str())
            }
            _ => None,
        };
        Ok(source.map(|source| Self::new(source.to_owned(), tokenizer)))
    }

    /// The one inside a GGUF.
    pub fn from_gguf(keys: &Metadata, tokenizer: &Tokenizer) -> Option<Self> {
        keys.text("tokenizer.chat_template").map(|source| Self::new(source.to_owned(), tokenizer))
    }

    /// A template whose special tokens are those of `tokenizer`.
    pub fn new(source: String, tokenizer: &Tokenizer) -> Self {
        let tokens = tokenizer.roles().map(|(role, text)| (format!("{role}_token"), text.to_owned()));
        Self { source, tokens: tokens.collect() }
    }

    /// The Jinja text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Writes a conversation down. `add_generation_prompt` opens the assistant's next turn; `date` answers templates
    /// that ask for today's date in a `strftime` format.
    pub fn render(
        &self,
        messages: &[Message],
        add_generation_prompt: bool,
        date: impl Fn(&str) -> String + Send + Sync + 'static,
    ) -> Result<String, ChatError> {
        let told = |error: minijinja::Error| ChatError(reason(&error));
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(told)?;
        environment.set_syntax(syntax);
        environment.set_fuel(Some(FUEL));
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_filter("tojson", to_json);
        environment.add_function("raise_exception", |words: String| -> Result<String, minijinja::Error> {
            Err(minijinja::Error::new(ErrorKind::InvalidOperation, words))
        });
        environment.add_function("strftime_now", move |format: String| date(&format));
        // Marks what the assistant said, for training; it writes nothing
        let source = generation_marks(&self.source);
        let template = environment.template_from_str(&source).map_err(told)?;
        let mut context = BTreeMap::new();
        for (name, text) in &self.tokens {
            context.insert(name.as_str(), Value::from(text.as_str()));
        }
        context.insert("messages", Value::from(Serde(messages)));
        context.insert("add_generation_prompt", Value::from(add_generation_prompt));
        context.insert("tools", Value::from(()));
        context.insert("documents", Value::from(()));
        template.render(context).map_err(told)
    }
}

/// What went wrong, without the engine's own wording where the template says it itself.
fn reason(error: &minijinja::Error) -> String {
    match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => "it does not come to an end".to_owned(),
        (ErrorKind::InvalidOperation, Some(detail)) => detail.to_owned(),
        _ => error.to_string(),
    }
}

/// The template without `{% generation %}` and its end, whose white-space marks are kept.
fn generation_marks(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        let Some(end) = rest[start..].find("%}").map(|end| start + end + 2) else { break };
        let inside = &rest[start + 2..end - 2];
        let word = inside.trim_matches(['-', '+']).trim();
        out.push_str(&rest[..start]);
        if word == "generation" || word == "endgeneration" {
            let mark = |found: bool| if found { "-" } else { "" };
            let (open, close) = (mark(inside.starts_with('-')), mark(inside.ends_with('-')));
            // A block that writes nothing, so that lines are trimmed as they were
            out.extend(["{%", open, " set _ = none ", close, "%}"]);
        } else {
            out.push_str(&rest[start..end]);
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// As Python's `json.dumps` writes it: a space after commas and colons, letters as they are.
#[expect(clippy::needless_pass_by_value, reason = "minijinja hands it over")]
fn to_json(value: &Value, options: Kwargs) -> Result<Value, minijinja::Error> {
    let indent: Option<usize> = options.get("indent")?;
    let _: Option<Value> = options.get("ensure_ascii")?;
    options.assert_all_used()?;
    let mut bytes = Vec::new();
    let written = match indent {
        Some(n) => {
            let spaces = " ".repeat(n.min(16));
            let pretty = serde_json::ser::PrettyFormatter::with_indent(spaces.as_bytes());
            value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, pretty))
        }
        None => value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, PythonJson)),
    };
    let text = written.map(|()| String::from_utf8_lossy(&bytes).into_owned());
    let told =
        |error: serde_json::Error| minijinja::Error::new(ErrorKind::BadSerialization, error.to_string());
    text.map(Value::from_safe_string).map_err(told)
}

struct PythonJson;

impl serde_json::ser::Formatter for PythonJson {
    fn begin_array_value<W: ?Sized + std::io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        out.write_all(if first { b"" } else { b", " })
    }
    fn begin_object_key<W: ?Sized + std::io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        out.write_all(if first { b"" } else { b", " })
    }
    fn begin_object_value<W: ?Sized + std::io::Write>(&mut self, out: &mut W) -> std::io::Result<()> {
        out.write_all(b": ")
    }
}
