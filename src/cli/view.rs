//! Views as figures: the options that say which, and the files that come of it.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::json;

use crate::analysis::CellName;
use crate::engine::{self, Places, SweepAsk, View, ViewAsk, plate};
use crate::export::{Caption, Look, Plate, atomic};
use crate::model::{HeadId, Model, Sampling};
use crate::trace::{OtherPrompt, Side, Trace};

use super::console::{self, Console};
use super::export::given;
use super::generate::{parse_share, parse_temperature};
use super::look::LookArgs;
use super::shared::{cell, names};
use super::view_more::MoreArgs;

/// What `export` takes for a view.
#[derive(Debug, clap::Args)]
pub(super) struct ViewArgs {
    /// Write a view instead of arrays, as .png, .svg, .pdf, .tex, .csv or .json
    #[arg(long, value_parser = names::<View>(), conflicts_with_all = ["what", "layers", "heads", "filter", "combine", "beside"])]
    pub(super) view: Option<View>,

    /// Of the views walk, why, flow, tokens and details: head, query and key, such as 3.5:q22->k5, or cross.1.0:q3->k2
    #[arg(long, value_name = "CELL", requires = "view")]
    cell: Option<CellName>,

    /// Of the view flow: the least weight that is a line
    #[arg(long, value_name = "WEIGHT", requires = "view", default_value_t = 0.05)]
    least: f32,

    /// Of the views walk, why, attribution, trails, river, tokens, details and honesty: the token that asks (default: where the model answers)
    #[arg(long, value_name = "TOKEN", requires = "view", conflicts_with = "cell")]
    at: Option<usize>,

    /// Of the views attribution, sweep, circuits and honesty: the word, one token or #ID (default: the most likely one; all pairs)
    #[arg(long, value_name = "WORD", requires = "view")]
    word: Option<String>,

    /// Of the views attribution and sweep: the word whose logit is taken off
    #[arg(long, value_name = "WORD", requires = "view")]
    against: Option<String>,

    /// Of the view attribution: parts in the order in which they wrote, not by size
    #[arg(long, requires = "view")]
    in_order: bool,

    /// Of the view trails: let the first token say where trails lie, too
    #[arg(long, requires = "view")]
    with_first: bool,

    /// Of the views norms and trails of an encoder–decoder model: whose tokens
    #[arg(long, requires = "view", value_parser = names::<Side>(), default_value = "target")]
    side: Side,

    /// Of the view next: divides the logits
    #[arg(long, value_name = "T", requires = "view", default_value_t = 1.0, value_parser = parse_temperature)]
    temperature: f32,

    /// Of the view next: keep the K likeliest
    #[arg(long, value_name = "K", requires = "view", value_parser = clap::value_parser!(u32).range(1..))]
    top_k: Option<u32>,

    /// Of the view next: keep the likeliest whose probability reaches P together
    #[arg(long, value_name = "P", requires = "view", value_parser = parse_share)]
    top_p: Option<f32>,

    /// Of the view sweep: the prompt whose run is patched into this one, as many tokens
    #[arg(long, value_name = "TEXT", requires = "view")]
    other: Option<String>,

    /// Of the view sweep: a file with that prompt
    #[arg(long, value_name = "FILE", requires = "view", conflicts_with = "other")]
    other_file: Option<PathBuf>,

    /// Of the view sweep: which places are patched
    #[arg(long, value_parser = names::<Places>(), requires = "view", default_value = "tokens")]
    places: Places,

    /// Of the views states and similarity: the residual stream, from 0 (default: the last)
    #[arg(long, value_name = "N", requires = "view")]
    stream: Option<usize>,

    #[command(flatten)]
    pub(super) more: MoreArgs,
}

impl ViewArgs {
    /// The view, with `picked` heads.
    pub(super) fn ask(
        &self,
        view: View,
        picked: &[HeadId],
        (model, trace): (Option<&Model>, &Trace),
    ) -> anyhow::Result<ViewAsk> {
        let own = self.cell.map(|name| cell(&trace.spec, name)).transpose()?;
        let mut ask = own.map_or_else(|| ViewAsk::new(view), |cell| ViewAsk::of_cell(view, cell));
        if let Some(&first) = picked.first().filter(|_| self.cell.is_none()) {
            ask.head = first;
        }
        let word = |text: &Option<String>| match model {
            None => Ok(None),
            Some(model) => {
                one_token(text.as_deref(), model, |text| engine::token_of(text, model, trace.answer_logits()))
            }
        };
        let ask = self.more.fill(ask, trace)?;
        let text = self.other.clone().map(OtherPrompt::Text);
        let prompt = text.or_else(|| self.other_file.clone().map(OtherPrompt::File));
        Ok(ViewAsk {
            sweep: prompt.map(|prompt| SweepAsk { prompt, places: self.places, known: None }),
            query: self.at.or(ask.query),
            also: picked.to_vec(),
            threshold: self.least,
            stream: self.stream.unwrap_or(ask.stream),
            word: word(&self.word)?,
            against: word(&self.against)?,
            in_order: self.in_order,
            skip: usize::from(!self.with_first),
            side: self.side,
            rules: Sampling {
                temperature: self.temperature,
                top_k: self.top_k.map(|k| k as usize),
                top_p: self.top_p,
                ..Sampling::default()
            },
            ..ask
        })
    }
}

/// Where a command that prints a view also draws it.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "As a figure")]
pub(super) struct FigureArgs {
    /// Write it here instead of printing it: .png, .svg, .pdf, .tex, .csv or .json
    #[arg(short, long, num_args = 1.., value_name = "PATH")]
    output: Vec<PathBuf>,

    #[command(flatten)]
    look: LookArgs,

    /// Print a caption ready to paste, or write it to a file: --caption=FILE; .tex has its formulas as LaTeX
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "-")]
    caption: Option<PathBuf>,
}

impl FigureArgs {
    /// Whether there is something to write; a name that says nothing is an error before anything is run.
    pub(super) fn wanted(&self) -> anyhow::Result<bool> {
        for path in &self.output {
            Plate::format_of(path)?;
        }
        Ok(!self.output.is_empty())
    }

    /// Writes the files that were asked for.
    pub(super) fn write(
        &self,
        model: Option<&Model>,
        trace: &Trace,
        ask: &ViewAsk,
        console: &mut Console,
    ) -> anyhow::Result<()> {
        write((model, trace), ask, (&self.output, self.look.look()), self.caption.as_deref(), console)
    }
}

/// The id that `find` has for a word of an option.
pub(super) fn one_token(
    text: Option<&str>,
    model: &Model,
    find: impl Fn(&str) -> Option<u32>,
) -> anyhow::Result<Option<u32>> {
    let id = |text| {
        find(text).with_context(|| format!("`{text}` is not one token of {}; #ID names any", model.name))
    };
    text.map(id).transpose()
}

/// Works a view out and writes it into every file; says which.
pub(super) fn write(
    (model, trace): (Option<&Model>, &Trace),
    ask: &ViewAsk,
    (paths, look): (&[PathBuf], Look),
    caption: Option<&Path>,
    console: &mut Console,
) -> anyhow::Result<()> {
    let plate = worked_out((model, trace), ask, console)?;
    for path in paths {
        plate.write(look, path)?;
    }
    let text = caption.map(|_| plate.caption(Some(trace), look.lang, &given()));
    written(paths.to_vec(), text, caption, console)
}

/// Works a view out, and tells how far it is.
pub(super) fn worked_out(
    (model, trace): (Option<&Model>, &Trace),
    ask: &ViewAsk,
    console: &Console,
) -> anyhow::Result<Plate> {
    Ok(console.job().stage("Working the view out", |progress| plate(model, trace, ask, progress))?)
}

/// Says what was written, and prints the caption or writes it, too: `-` is standard output.
pub(super) fn written(
    mut files: Vec<PathBuf>,
    text: Option<Caption>,
    caption: Option<&Path>,
    console: &mut Console,
) -> anyhow::Result<()> {
    let text = text.zip(caption).map(|(text, path)| text.for_file(path));
    let printed = caption == Some(Path::new("-"));
    if let (Some(text), Some(path), false) = (&text, caption, printed) {
        atomic::write(path, |out| Ok(writeln!(out, "{text}")?))?;
        files.push(path.to_owned());
    }
    let size = |path: &PathBuf| std::fs::metadata(path).map_or(0, |file| file.len());
    if console.json {
        let files: Vec<_> = files.iter().map(|path| json!({ "path": path, "bytes": size(path) })).collect();
        let mut object = json!({ "files": files });
        if let Some(text) = text {
            object["caption"] = text.into();
        }
        return console.object(&object);
    }
    for path in &files {
        writeln!(console, "{}  {}", path.display(), console::bytes(size(path)))?;
    }
    if let Some(text) = text.filter(|_| printed) {
        writeln!(console, "\n{text}")?;
    }
    Ok(())
}
