//! What commands share: the model, the prompt, threads, devices.

use std::io::Read as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, bail};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use strum::IntoEnumIterator;

use crate::engine::{self, Job, ModelSource, Prompt, RunOptions};
use crate::model::Model;
use crate::trace::{Intervention, NotAnIntervention, Trace, forms};

use super::console::Console;

/// Options of every command.
#[derive(Debug, clap::Args)]
pub(super) struct Shared {
    /// Threads to compute with (default: all cores)
    #[arg(long, global = true, value_name = "N")]
    threads: Option<NonZeroUsize>,

    /// Where to compute: cpu, cuda, cuda:N or metal
    #[arg(long, global = true, default_value = "cpu")]
    device: Device,

    /// Print one JSON object and nothing else
    #[arg(long, global = true)]
    pub(super) json: bool,

    /// Forbid every connection
    #[arg(long, global = true)]
    pub(super) offline: bool,

    /// Print no progress and no remarks
    #[arg(long, global = true)]
    pub(super) quiet: bool,
}

/// Where to compute.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Device {
    Cpu,
    Other(String),
}

impl FromStr for Device {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let cuda = name.strip_prefix("cuda:").is_some_and(|number| number.parse::<u32>().is_ok());
        match name {
            "cpu" => Ok(Self::Cpu),
            "cuda" | "metal" => Ok(Self::Other(name.to_owned())),
            _ if cuda => Ok(Self::Other(name.to_owned())),
            _ => Err("expected cpu, cuda, cuda:N or metal".to_owned()),
        }
    }
}

impl std::fmt::Display for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

impl Shared {
    /// Sets up threads and device, before anything computes.
    pub(super) fn apply(&self) -> anyhow::Result<()> {
        if let Device::Other(name) = &self.device {
            bail!("this version computes on the CPU only, not on `{name}`; leave --device out");
        }
        if let Some(threads) = self.threads {
            engine::set_threads(threads.get());
        }
        Ok(())
    }
}

/// Which model.
#[derive(Debug, clap::Args)]
pub(super) struct ModelArg {
    /// Model: a Hugging Face folder or a .safetensors file (default: the embedded one)
    model: Option<PathBuf>,
}

impl ModelArg {
    /// What the engine calls it.
    pub(super) fn source(&self) -> ModelSource {
        self.model.clone().map_or(ModelSource::Embedded, ModelSource::Path)
    }

    /// Opens it, and passes on what a user should know.
    pub(super) fn open(&self, console: &mut Console, job: &Job) -> anyhow::Result<Model> {
        let model = engine::load(&self.source(), job)?;
        for warning in &model.warnings {
            console.remark(warning.clone());
        }
        Ok(model)
    }
}

/// Which model on which prompt.
#[derive(Debug, clap::Args)]
pub(super) struct Input {
    #[command(flatten)]
    model: ModelArg,

    #[command(flatten)]
    prompt: PromptArg,

    /// Make the prompt one user's turn of a conversation, written down by the model's chat template
    #[arg(long, conflicts_with = "ids")]
    pub(super) chat: bool,

    /// What the conversation's system message says
    #[arg(long, value_name = "TEXT", requires = "chat")]
    system: Option<String>,

    #[command(flatten)]
    target: TargetArg,

    /// Question to ask of the prompt; the two become one prompt of two segments
    #[arg(long, value_name = "TEXT", conflicts_with = "ids")]
    question: Option<String>,

    /// With --ids: the token from which on they belong to the second segment
    #[arg(long, value_name = "TOKEN", requires = "ids")]
    second: Option<usize>,

    /// Cut a prompt that is longer than the model's positions, instead of refusing it
    #[arg(long)]
    cut: bool,

    /// Memory a run may take, such as 2G or 500M (default: three quarters of what is free)
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes)]
    memory: Option<u64>,

    /// Change the run, such as zero=3.5 or knockout=3.5:q7->k2; may be given several times
    #[arg(long, value_name = "SPEC", value_parser = parse_intervention, long_help = interventions_help())]
    intervene: Vec<Intervention>,

    /// JSON file with a list of such changes
    #[arg(long, value_name = "FILE")]
    intervene_file: Option<PathBuf>,
}

/// A run, and the same with interventions where any were asked for.
pub(super) struct Runs {
    pub(super) model: Model,
    pub(super) clean: Trace,
    pub(super) changed: Option<Trace>,
}

fn parse_intervention(text: &str) -> Result<Intervention, String> {
    text.parse().map_err(|error: NotAnIntervention| match error.hint() {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    })
}

fn interventions_help() -> String {
    let mut help =
        "Change the run; may be given several times. L and H are a layer and a head, or *:\n".to_owned();
    for form in forms() {
        help.push_str("\n  ");
        help.push_str(form);
    }
    help
}

/// Exactly one way to say the prompt.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct PromptArg {
    /// Prompt
    #[arg(long, value_name = "TEXT")]
    prompt: Option<String>,

    /// File that holds the prompt as UTF-8; - is standard input
    #[arg(long, value_name = "FILE")]
    prompt_file: Option<PathBuf>,

    /// Token ids instead of text, such as "5 17 23"
    #[arg(long, value_name = "IDS", value_parser = parse_ids)]
    ids: Option<Ids>,
}

/// What an encoder–decoder model's decoder reads; without it the model writes it itself.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct TargetArg {
    /// Target for an encoder–decoder model (default: what it writes itself)
    #[arg(long, value_name = "TEXT")]
    target: Option<String>,

    /// Target as token ids, without those that every target begins with
    #[arg(long, value_name = "IDS", value_parser = parse_ids)]
    target_ids: Option<Ids>,
}

impl TargetArg {
    fn read(&self) -> Option<Prompt> {
        let ids = self.target_ids.clone().map(|Ids(ids)| Prompt::Ids(ids));
        ids.or_else(|| self.target.clone().map(Prompt::Text))
    }
}

#[derive(Clone, Debug)]
struct Ids(Vec<u32>);

impl Input {
    /// Opens the model and runs the prompt, with the interventions that were asked for.
    pub(super) fn run(&self, console: &mut Console) -> anyhow::Result<(Model, Trace)> {
        let Runs { model, clean, changed } = self.runs(console)?;
        Ok((model, changed.unwrap_or(clean)))
    }

    /// Opens the model and runs the prompt, without and with the interventions.
    pub(super) fn runs(&self, console: &mut Console) -> anyhow::Result<Runs> {
        let prompt = self.prompt.read()?;
        let interventions = self.interventions()?;
        let job = console.job();
        let model = self.model.open(console, &job)?;
        let prompt = match prompt {
            Prompt::Text(text) if self.chat => engine::chat_prompt(&model, self.system.as_deref(), &text)?,
            other => other,
        };
        let options = RunOptions {
            target: self.target.read(),
            question: self.question.clone(),
            second: self.second,
            memory_budget: self.memory,
            cut: self.cut,
            ..RunOptions::default()
        };
        let clean = engine::run(&model, &prompt, &options, &job, &mut |_| {})?;
        let changed = if interventions.is_empty() {
            None
        } else {
            Some(engine::intervene(&model, &clean, &interventions, &job, &mut |_| {})?)
        };
        if clean.has_nan || changed.as_ref().is_some_and(|changed| changed.has_nan) {
            console
                .remark("some hidden states are no numbers (NaN): the weights of this model may be broken");
        }
        Ok(Runs { model, clean, changed })
    }

    fn interventions(&self) -> anyhow::Result<Vec<Intervention>> {
        let mut all = Vec::new();
        if let Some(file) = &self.intervene_file {
            let place = || format!("cannot read the interventions in {}", file.display());
            let text = std::fs::read(file).with_context(place)?;
            let listed: Vec<Intervention> = serde_json::from_slice(&text).with_context(place)?;
            all.extend(listed);
        }
        all.extend(self.intervene.iter().cloned());
        Ok(all)
    }
}

impl PromptArg {
    fn read(&self) -> anyhow::Result<Prompt> {
        if let Some(Ids(ids)) = &self.ids {
            return Ok(Prompt::Ids(ids.clone()));
        }
        if let Some(text) = &self.prompt {
            return Ok(Prompt::Text(text.clone()));
        }
        let file = self.prompt_file.as_deref().unwrap_or(Path::new("-"));
        let (bytes, name) = if file == Path::new("-") {
            let mut bytes = Vec::new();
            std::io::stdin()
                .lock()
                .read_to_end(&mut bytes)
                .context("cannot read the prompt from standard input")?;
            (bytes, "standard input".to_owned())
        } else {
            let bytes = std::fs::read(file)
                .with_context(|| format!("cannot read the prompt in {}", file.display()))?;
            (bytes, file.display().to_string())
        };
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Prompt::Text(text)),
            Err(wrong) => {
                let at = wrong.utf8_error().valid_up_to();
                let byte = wrong.as_bytes().get(at).copied().unwrap_or_default();
                bail!(
                    "byte {at} of {name} is not UTF-8 (0x{byte:02X}); save the text as UTF-8, or give --ids"
                )
            }
        }
    }
}

fn parse_ids(text: &str) -> Result<Ids, String> {
    let words = text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    let ids: Result<Vec<u32>, _> =
        words.map(|word| word.parse().map_err(|_| format!("`{word}` is no token id"))).collect();
    ids.map(Ids)
}

fn parse_bytes(text: &str) -> Result<u64, String> {
    let text = text.trim().trim_end_matches(['B', 'b']);
    let (number, unit) = match text.char_indices().next_back() {
        Some((at, 'k' | 'K')) => (&text[..at], 1e3),
        Some((at, 'm' | 'M')) => (&text[..at], 1e6),
        Some((at, 'g' | 'G')) => (&text[..at], 1e9),
        _ => (text, 1.0),
    };
    match number.trim().parse::<f64>() {
        Ok(number) if number > 0.0 && number.is_finite() => Ok((number * unit) as u64),
        _ => Err("expected a size such as 2G, 500M or 1000000".to_owned()),
    }
}

/// Accepts the names of an enum, and lists them in the help and in completions.
pub(super) fn names<T>() -> impl TypedValueParser<Value = T>
where
    T: IntoEnumIterator + FromStr + Into<&'static str> + Clone + Send + Sync + 'static,
    T::Err: std::error::Error + Send + Sync,
{
    PossibleValuesParser::new(T::iter().map(Into::<&'static str>::into)).try_map(|name| T::from_str(&name))
}
