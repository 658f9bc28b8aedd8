//! `mnemoscope export`: files, one per `-o`; the endings say which formats.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::analysis::Filter;
use crate::engine::{Beside, Job, View, ViewAsk};
use crate::export::{self, Dtype, Options, Plate, Ranges, Selection, Source, What};
use crate::model::{HeadName, Model};
use crate::trace::{Combine, Trace};

use super::console::Console;
use super::look::LookArgs;
use super::shared::{Input, Runs, names, picked};
use super::view::{self, ViewArgs, written};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,

    /// Where to write: .trace.safetensors (the whole run, to open again), .npz, .safetensors, .json, .csv, .png, .svg, .pdf, .tex or .html; DIR/ for one picture per head
    #[arg(short, long, required = true, num_args = 1.., value_name = "PATH")]
    output: Vec<PathBuf>,

    /// What to write, with commas between
    #[arg(long, value_delimiter = ',', value_parser = names::<What>(), default_value = "pattern")]
    what: Vec<What>,

    /// Layers, such as 0,3-5; of an encoder–decoder model also by part, such as encoder.0,cross.0-2, where plain numbers
    /// count all blocks in the order of the pass (default: all)
    #[arg(long, value_name = "LAYERS")]
    layers: Option<Ranges>,

    /// Heads of those layers, such as 0-3 (default: all)
    #[arg(long, value_name = "HEADS")]
    heads: Option<Ranges>,

    /// How arrays store numbers
    #[arg(long, value_parser = names::<Dtype>(), default_value = "f32")]
    dtype: Dtype,

    /// Heads to show side by side in one scale, such as 3.5,4.1 (layer.head), of an encoder–decoder model also by part, such
    /// as cross.1.0; pictures and pages only
    #[arg(long, value_name = "HEADS", value_delimiter = ',', conflicts_with_all = ["layers", "heads"])]
    pick: Vec<HeadName>,

    /// Show side by side the heads that pass, such as "induction > 0.5", as `heads --where` reads it
    #[arg(long = "where", value_name = "EXPRESSION", conflicts_with_all = ["layers", "heads", "pick"])]
    filter: Option<Filter>,

    /// Make one map of all chosen heads, cell by cell; difference: the first picked less the second
    #[arg(long, value_name = "HOW", value_parser = names::<Combine>())]
    combine: Option<Combine>,

    /// Show beside one map's weights the lengths ‖P·v·W_O‖ of what they move
    #[arg(long)]
    beside: bool,

    #[command(flatten)]
    view: ViewArgs,

    #[command(flatten)]
    look: LookArgs,

    /// Print a caption ready to paste, or write it to a file: --caption=FILE; .tex has its formulas as LaTeX
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "-")]
    caption: Option<PathBuf>,
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    if let Some(kind) = args.view.view {
        for path in &args.output {
            Plate::format_of(path)?;
        }
        let (model, trace, ask) = view_ask(args, kind, console)?;
        let files = (args.output.as_slice(), args.look.look());
        return view::write((model.as_ref(), &trace), &ask, files, args.caption.as_deref(), console);
    }
    let mut options = Options {
        what: args.what.clone(),
        selection: Selection { layers: args.layers.clone(), heads: args.heads.clone() },
        picked: Vec::new(),
        combine: args.combine,
        beside: args.beside,
        dtype: args.dtype,
        look: args.look.look(),
    };
    // A name that says nothing should not cost a run
    for path in args.output.iter().filter(|path| !export::is_folder(path)) {
        export::format_of(path)?;
    }
    let (model, trace) = args.input.trace(console)?;
    options.picked = picked(&trace.spec, &args.pick)?;
    if let Some(filter) = &args.filter {
        options.picked = filter.heads(&trace, &args.view.more.told.roles(&trace)?).collect();
        anyhow::ensure!(!options.picked.is_empty(), "no head passes what --where asks");
    }
    let job = console.job();
    let watch = watched(&job);
    let source = Source { model: model.as_ref(), trace: &trace, watch: &watch };
    let files = write(&source, &options, args.output.iter().map(PathBuf::as_path), &job)?;
    let caption = match &args.caption {
        None => None,
        Some(_) => Some(export::caption(&trace, &options, &given())?),
    };
    written(files, caption, args.caption.as_deref(), console)
}

/// The view that these arguments ask for, and the run that it is of.
pub(super) fn view_plate(args: &Args, console: &mut Console) -> anyhow::Result<(Plate, Trace)> {
    let kind = args.view.view.context("no view is asked for")?;
    let (model, trace, ask) = view_ask(args, kind, console)?;
    let plate = view::worked_out((model.as_ref(), &trace), &ask, console)?;
    Ok((plate, trace))
}

/// What a view shows of which run.
fn view_ask(
    args: &Args,
    view: View,
    console: &mut Console,
) -> anyhow::Result<(Option<Model>, Trace, ViewAsk)> {
    let (model, trace, beside) = view_source(args, view, console)?;
    let ask = args.view.ask(view, &picked(&trace.spec, &args.pick)?, (model.as_ref(), &trace))?;
    Ok((model, trace, ViewAsk { beside, ..ask }))
}

/// The run that a view shows, and what it shows beside it.
fn view_source(
    args: &Args,
    view: View,
    console: &mut Console,
) -> anyhow::Result<(Option<Model>, Trace, Beside)> {
    let more = &args.view.more;
    if matches!(view, View::Compare | View::Difference | View::Aligned) {
        let [a, b] = args.input.pair(&more.second, None, console)?;
        return Ok((None, a, Beside::Second(0, b)));
    }
    let Runs { model, clean, changed } = args.input.runs(console)?;
    let (interventions, trace) = match changed {
        // Recall asks its own questions with them: the run is no part of its figure
        Some(changed) => (changed.interventions().to_vec(), changed),
        None => (Vec::new(), clean),
    };
    let beside = more.beside(view, (model.as_ref(), &trace), interventions, console)?;
    Ok((model, trace, beside))
}

/// Tells how far a file is.
pub(super) fn watched(job: &Job) -> impl Fn(f32) -> ControlFlow<()> {
    |done| {
        job.report("Writing", done);
        ControlFlow::Continue(())
    }
}

/// Writes a run into every file, in the format that its name says; gives back what was written.
pub(super) fn write<P: AsRef<Path>>(
    source: &Source<'_>,
    options: &Options,
    paths: impl Iterator<Item = P>,
    job: &Job,
) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        files.extend(export::export(source, options, path.as_ref())?);
        job.report("Writing", 1.0);
    }
    Ok(files)
}

/// The command line as it was given.
pub(super) fn given() -> String {
    let words: Vec<String> =
        std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    export::command_line(std::iter::once("mnemoscope").chain(words.iter().map(String::as_str)))
}
