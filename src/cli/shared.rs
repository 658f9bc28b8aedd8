//! What commands share: the model, the prompt, threads, devices.

use std::io::Read as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, bail};

use crate::engine::{self, Job, LoadError, ModelSource, Prompt, RunOptions};
use crate::model::{Message, Model};
use crate::trace::{Intervention, Trace};

use super::console::Console;
use super::languages::LanguageArg;

mod changing;
mod heads;
mod parsers;
mod second;
mod told;

pub(super) use changing::Changing;
pub(super) use heads::{cell, named, picked};
pub(super) use parsers::{names, parse_bytes, usage};
pub(super) use second::Second;
pub(super) use told::Told;

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
    offline: bool,

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
        if self.offline {
            engine::forbid_connections();
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
    /// Model: a Hugging Face folder, a file of weights or a name that `models` lists (default: the embedded one), a checkpoint such as run/@200; or a saved trace
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
            console.remark(warning.to_string());
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

    /// An earlier turn of the conversation, in order, such as "user:Hello." or "assistant:Hello!"; may be repeated
    #[arg(long = "turn", value_name = "ROLE:TEXT", requires = "chat")]
    turns: Vec<Message>,

    #[command(flatten)]
    target: TargetArg,

    #[command(flatten)]
    languages: LanguageArg,

    /// Question to ask of the prompt; the two become one prompt of two segments
    #[arg(long, value_name = "TEXT", conflicts_with = "ids")]
    question: Option<String>,

    /// With --ids: the token from which on they belong to the second segment
    #[arg(long, value_name = "TOKEN", requires = "ids")]
    second: Option<usize>,

    /// Cut a prompt that is longer than the model was made for, instead of running all of it or, where positions are
    /// learned, refusing it
    #[arg(long)]
    cut: bool,

    /// Memory a run may take, such as 2G or 500M (default: three quarters of what is free)
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes)]
    memory: Option<u64>,

    #[command(flatten)]
    changing: Changing,
}

/// What a recipe asks of which model.
pub(super) struct Asked {
    pub(super) model: Option<PathBuf>,
    pub(super) prompt: Option<String>,
    pub(super) ids: Option<Prompt>,
    pub(super) chat: bool,
    pub(super) turns: Vec<Message>,
    pub(super) question: Option<String>,
    pub(super) second: Option<usize>,
    pub(super) target: TargetArg,
    pub(super) languages: LanguageArg,
    pub(super) intervene: Vec<Intervention>,
}

/// A run, and the same with interventions where any were asked for.
pub(super) struct Runs {
    pub(super) model: Option<Model>,
    pub(super) clean: Trace,
    pub(super) changed: Option<Trace>,
}

/// Exactly one way to say the prompt.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
pub(super) struct PromptArg {
    /// Prompt
    #[arg(long, value_name = "TEXT")]
    prompt: Option<String>,

    /// File that holds the prompt as UTF-8; - is standard input
    #[arg(long, value_name = "FILE")]
    prompt_file: Option<PathBuf>,

    /// Token ids instead of text, such as "5 17 23"
    #[arg(long, value_name = "IDS", value_parser = Prompt::of_ids)]
    ids: Option<Prompt>,
}

/// What an encoder–decoder model's decoder reads; without it the model writes it itself.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
pub(super) struct TargetArg {
    /// Target for an encoder–decoder model (default: what it writes itself)
    #[arg(long, value_name = "TEXT")]
    target: Option<String>,

    /// Target as token ids, without those that every target begins with
    #[arg(long, value_name = "IDS", value_parser = Prompt::of_ids)]
    target_ids: Option<Prompt>,
}

impl TargetArg {
    /// As a recipe names it.
    pub(super) fn of(target: Option<String>, target_ids: Option<Prompt>) -> Self {
        Self { target, target_ids }
    }

    fn read(&self) -> Option<Prompt> {
        self.target_ids.clone().or_else(|| self.target.clone().map(Prompt::Text))
    }
}

impl Input {
    /// A prompt on a model, as a recipe names them, with what it changes in the run.
    pub(super) fn of(asked: Asked) -> Self {
        let Asked { model, prompt, ids, chat, turns, question, second, target, languages, intervene } = asked;
        Self {
            model: ModelArg { model },
            prompt: PromptArg { prompt, prompt_file: None, ids },
            chat,
            system: None,
            turns,
            target,
            languages,
            question,
            second,
            cut: false,
            memory: None,
            changing: Changing { intervene, intervene_file: None },
        }
    }

    /// The trace that MODEL is, or the run of a prompt on it; the model, where it is there.
    pub(super) fn trace(&self, console: &mut Console) -> anyhow::Result<(Option<Model>, Trace)> {
        let Runs { model, clean, changed } = self.runs(console)?;
        Ok((model, changed.unwrap_or(clean)))
    }

    /// Opens the model and runs the prompt, with the interventions that were asked for.
    pub(super) fn run(&self, console: &mut Console) -> anyhow::Result<(Model, Trace)> {
        let needed = |file: &Path| LoadError::Trace(file.to_owned());
        let source = self.model.source();
        if let Some(file) = source.trace() {
            return Err(needed(file).into());
        }
        let (model, trace) = self.trace(console)?;
        let file = self.model.model.as_deref().unwrap_or(Path::new(""));
        Ok((model.ok_or_else(|| needed(file))?, trace))
    }

    /// Opens the model and runs the prompt, without and with the interventions; or opens a saved trace.
    pub(super) fn runs(&self, console: &mut Console) -> anyhow::Result<Runs> {
        if let Some(file) = self.model.source().trace() {
            if self.prompt.is_given() || self.languages.is_given() || !self.changing.read()?.is_empty() {
                let file = file.display();
                bail!(
                    "{file} is a saved trace: it holds its own prompt, and no model to run again; open the model itself"
                );
            }
            let clean = engine::open_trace(file, &console.job())?;
            warn_of(&clean, console);
            return Ok(Runs { model: None, clean, changed: None });
        }
        let prompt = self.prompt.read()?;
        let interventions = self.changing.read()?;
        let job = console.job();
        let model = self.model.open(console, &job)?;
        let prompt = self.in_chat(&model, prompt)?;
        let options = self.options();
        let clean = engine::run(&model, &prompt, &options, &job, &mut |_| {})?;
        let changed = if interventions.is_empty() {
            None
        } else {
            Some(engine::intervene(&model, &clean, &interventions, &job, &mut |_| {})?)
        };
        warn_of(changed.as_ref().filter(|changed| changed.has_nan).unwrap_or(&clean), console);
        Ok(Runs { model: Some(model), clean, changed })
    }

    /// The prompt as one turn of a conversation, where that is asked for.
    fn in_chat(&self, model: &Model, prompt: Prompt) -> anyhow::Result<Prompt> {
        match prompt {
            Prompt::Text(text) if self.chat => {
                let system = self.system.iter().map(|words| Message::new("system", words));
                let before: Vec<Message> = system.chain(self.turns.iter().cloned()).collect();
                Ok(engine::chat_prompt(model, &before, &text)?)
            }
            other => Ok(other),
        }
    }

    fn options(&self) -> RunOptions {
        RunOptions {
            target: self.target.read(),
            languages: self.languages.read(),
            question: self.question.clone(),
            second: self.second,
            memory_budget: self.memory,
            cut: self.cut,
            ..RunOptions::default()
        }
    }
}

/// What is to be known about a run before its numbers are read.
fn warn_of(trace: &Trace, console: &mut Console) {
    if let Some(beyond) = trace.beyond() {
        console.remark(beyond.to_string());
    }
    if trace.has_nan {
        console.remark("some hidden states are no numbers (NaN): the weights of this model may be broken");
    }
}

impl PromptArg {
    pub(super) fn is_given(&self) -> bool {
        self.prompt.is_some() || self.prompt_file.is_some() || self.ids.is_some()
    }

    /// Only a saved trace needs no prompt, so that clap cannot ask for one.
    pub(super) fn read(&self) -> anyhow::Result<Prompt> {
        if !self.is_given() {
            let words = "a prompt is needed: give --prompt, --prompt-file or --ids";
            return Err(usage(clap::error::ErrorKind::MissingRequiredArgument, words));
        }
        if let Some(ids) = &self.ids {
            return Ok(ids.clone());
        }
        if let Some(text) = &self.prompt {
            return Ok(Prompt::Text(text.clone()));
        }
        read_text(self.prompt_file.as_deref().unwrap_or(Path::new("-"))).map(Prompt::Text)
    }
}

/// The text of a file, or of standard input where it is called `-`; a line break at its end does not count.
pub(super) fn read_text(file: &Path) -> anyhow::Result<String> {
    let (bytes, name) = if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .context("cannot read the prompt from standard input")?;
        (bytes, "standard input".to_owned())
    } else {
        let bytes =
            std::fs::read(file).with_context(|| format!("cannot read the prompt in {}", file.display()))?;
        (bytes, file.display().to_string())
    };
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Prompt::in_file(text)),
        Err(wrong) => {
            let at = wrong.utf8_error().valid_up_to();
            let byte = wrong.as_bytes().get(at).copied().unwrap_or_default();
            bail!("byte {at} of {name} is not UTF-8 (0x{byte:02X}); save the text as UTF-8, or give --ids")
        }
    }
}
