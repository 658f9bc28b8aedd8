//! The view of a recipe: its keys are read as the options of the command that draws it, and made by that.

use std::path::PathBuf;

use clap::Parser as _;
use strum::IntoEnumIterator as _;

use crate::engine::View;
use crate::export::{Look, Plate, RecipeError, STYLE_KEYS, Settings};
use crate::trace::Trace;

use super::console::Console;
use super::look::StyleArgs;
use super::{Cli, Command, export, timeline, train};

/// Keys of every recipe of a run: which model, which prompt, what is changed.
const OF_RUN: &[&str] = &[
    "model",
    "prompt",
    "prompt_file",
    "ids",
    "chat",
    "system",
    "turn",
    "target",
    "target_ids",
    "source_lang",
    "target_lang",
    "question",
    "second",
    "cut",
    "memory",
    "intervene",
    "intervene_file",
];
/// Keys of a training and of a timeline, which are of no run.
const OF_TRAINING: &[&str] = &[
    "task",
    "text",
    "layers",
    "heads",
    "width",
    "mlp",
    "size",
    "seed",
    "steps",
    "lr",
    "batch",
    "change",
    "every",
    "stop_at_induction",
    "stop_at_accuracy",
];
const OF_TIMELINE: &[&str] = &[
    "folder",
    "prompt",
    "prompt_file",
    "ids",
    "measure",
    "heads",
    "probes",
    "seed",
    "memory",
    "intervene",
    "intervene_file",
];

/// The keys that a view alone has.
fn own_keys(view: View) -> &'static [&'static str] {
    match view {
        View::Lens => &["tint", "raw"],
        View::Flow => &["heads", "cell", "at", "least"],
        View::Walk | View::Why | View::Details => &["heads", "cell", "at"],
        View::Attribution => &["at", "word", "against", "in_order"],
        View::Next => &["temperature", "top_k", "top_p"],
        View::States => &["stream", "hook", "by_variance"],
        View::Similarity => &["stream", "at", "between_layers"],
        View::Trails => &["at", "side", "with_first"],
        View::Norms => &["side", "norms_of"],
        View::River => &["picture", "at"],
        View::Memory => &["picture", "layer"],
        View::Cache => &["keep"],
        View::Recall | View::Distance | View::Others | View::Carriers | View::Masked => {
            &["lengths", "depths", "template", "trials"]
        }
        View::Twice => &["repeat", "trials"],
        View::Circuits => &["heads", "word", "lowest", "after_mlp", "plain"],
        View::Composition => &["heads", "kind", "folded", "above_random", "from"],
        View::Atlas => &["heads", "atlas", "corpus", "own_text", "passages", "x", "y", "alike"],
        View::Compare | View::Aligned => &["with", "with_prompt", "with_ids"],
        View::Difference => &["heads", "with", "with_prompt", "with_ids"],
        View::Sweep => &["other", "other_file", "places", "word", "against"],
        View::Training => &["mark"],
        View::Trained => &[],
        View::Step => &["head", "read"],
        View::Timeline => OF_TIMELINE,
        View::Tokens => &["heads", "cell", "at", "tinted_by", "beneath"],
        View::Honesty => &["at", "layer", "word", "paths"],
        View::Tensor => &["tensor"],
    }
}

/// Every key that a recipe of a view may have, beside looks.
pub(super) fn keys(view: View) -> impl Iterator<Item = &'static str> {
    let of_run: &[&str] = match view {
        View::Training | View::Trained | View::Step => OF_TRAINING,
        View::Timeline => &[],
        _ => OF_RUN,
    };
    ["out", "view"].iter().chain(of_run).chain(own_keys(view)).copied()
}

/// What a recipe asks for.
pub(super) struct Asked {
    command: Command,
    look: Look,
}

/// What came of it; a training is of no run.
pub(super) struct Made {
    pub(super) plate: Plate,
    pub(super) trace: Option<Trace>,
    pub(super) look: Look,
}

/// The files that are to be written, one at least.
pub(super) fn outputs(settings: &Settings) -> Result<Vec<PathBuf>, RecipeError> {
    let expected = || {
        let endings = Plate::formats().map(|format| format.ending).collect::<Vec<_>>().join(", ");
        format!("a file that ends in one of {endings}, or a list of them")
    };
    let names = settings.all("out");
    if names.is_empty() {
        return Err(RecipeError::Missing { key: "out".to_owned(), expected: expected() });
    }
    let one = |name: &String| {
        let path = PathBuf::from(name);
        if Plate::format_of(&path).is_ok() {
            return Ok(path);
        }
        Err(RecipeError::Value { key: "out".to_owned(), found: format!("{name:?}"), expected: expected() })
    };
    names.iter().map(one).collect()
}

/// Reads the keys of a view as options.
pub(super) fn read(settings: &Settings) -> anyhow::Result<Asked> {
    known(settings)?;
    let (mut own, mut style) = (settings.clone(), Settings::default());
    for key in settings.keys().filter(|key| key.starts_with("style.")) {
        own.remove(key);
    }
    // What is trained is drawn in this process, so that its files are written as those of other views
    own.set("out", "figure.csv");
    for key in STYLE_KEYS {
        style.copy(settings, &format!("style.{key}"));
    }
    let look = StyleArgs::try_parse_from(style.words().into_iter().skip(1));
    let look = look.map_err(|error| anyhow::Error::msg(said(&error, "style.")))?.look.look();
    let words = std::iter::once("mnemoscope".to_owned()).chain(own.words());
    let cli = Cli::try_parse_from(words).map_err(|error| anyhow::Error::msg(said(&error, "")))?;
    match cli.command {
        Some(command @ (Command::Export(_) | Command::Train(_) | Command::Timeline(_))) => {
            Ok(Asked { command, look })
        }
        _ => anyhow::bail!("there is no view to draw"),
    }
}

/// Works out what was asked for.
pub(super) fn make(asked: &Asked, console: &mut Console) -> anyhow::Result<Made> {
    let (plate, trace) = match &asked.command {
        Command::Train(args) => (train::figure(args, console)?, None),
        Command::Timeline(args) => (timeline::curves(args, console)?, None),
        Command::Export(args) => {
            let (plate, trace) = export::view_plate(args, console)?;
            (plate, Some(trace))
        }
        _ => anyhow::bail!("there is no view to draw"),
    };
    Ok(Made { plate, trace, look: asked.look })
}

fn views() -> String {
    View::iter().map(View::id).collect::<Vec<_>>().join(", ")
}

/// Every key must be one of the view's, or a look.
fn known(settings: &Settings) -> Result<(), RecipeError> {
    let name = settings.get("view").unwrap_or_default();
    let view: View = name.parse().map_err(|_| RecipeError::Value {
        key: "view".to_owned(),
        found: format!("{name:?}"),
        expected: format!("one of {}", views()),
    })?;
    for key in settings.keys() {
        let (name, list): (_, Vec<&str>) = match key.strip_prefix("style.") {
            Some(name) => (name, STYLE_KEYS.to_vec()),
            None => (key, keys(view).chain(["style"]).collect()),
        };
        if !list.contains(&name) {
            return Err(RecipeError::Unknown { key: key.to_owned(), known: list.join(", ") });
        }
    }
    Ok(())
}

/// What the reader of options complains of, in a recipe's words: `--top-k <K>` is `top_k` there.
fn said(error: &clap::Error, prefix: &str) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let end = |line: &&str| line.starts_with("Usage:") || line.starts_with("For more information");
    let lines: Vec<&str> = text.lines().take_while(|line| !end(line)).map(str::trim).collect();
    let lines = lines.iter().filter(|line| !line.is_empty() && !line.starts_with("tip:"));
    let mut told = lines.copied().collect::<Vec<_>>().join(" ");
    while let Some(start) = told.find("'--") {
        let Some(end) = told[start + 1..].find('\'').map(|at| start + 1 + at) else { break };
        let name = told[start + 3..end].split([' ', '=']).next().unwrap_or_default().replace('-', "_");
        let name = if matches!(name.as_str(), "pick" | "head") {
            "heads".to_owned()
        } else {
            format!("{prefix}{name}")
        };
        told.replace_range(start..=end, &format!("`{name}`"));
    }
    told
}
