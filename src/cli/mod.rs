//! Floor 6: the command line. One file per command; what they share is in `shared`, what they print with in `console`.
//!
//! A contract: names, JSON shapes and exit statuses are in scripts of other people.

mod atlas;
mod attribute;
mod bench;
mod cache;
mod check;
mod circuits;
mod compare;
mod composition;
mod console;
mod curve;
mod export;
mod figure;
mod figure_view;
mod generate;
mod heads;
mod info;
mod languages;
mod lens;
mod look;
mod manual;
mod memory;
mod models;
mod patch;
mod recall;
mod run;
mod shared;
mod timeline;
mod tokens;
mod train;
mod view;
mod view_more;
mod walk;
mod why;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use console::Console;
use shared::Shared;

/// See how a Transformer forms memory of its context: every head's attention, on your own prompt.
///
/// Without a command it opens the window.
#[derive(Debug, Parser)]
#[command(name = "mnemoscope", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    /// Model to open: a Hugging Face folder, a file of weights or a name that `models` lists (default: the embedded one); or a saved trace
    model: Option<PathBuf>,

    /// Prompt to run when the window opens
    #[arg(long, value_name = "TEXT")]
    prompt: Option<String>,

    /// File that holds that prompt as UTF-8; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "prompt")]
    prompt_file: Option<PathBuf>,

    #[command(flatten)]
    shared: Shared,
}

impl Cli {
    /// Whether anything is said that only the window takes.
    fn asks_window(&self) -> bool {
        self.model.is_some() || self.prompt.is_some() || self.prompt_file.is_some()
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a prompt once: next-token candidates, timing, bytes of the trace
    Run(run::Args),
    /// Write attention and hidden states to files; the ending says which format
    Export(Box<export::Args>),
    /// Make a figure from its recipe, with its numbers as CSV and a caption beside it
    Figure(figure::Args),
    /// Measure every head: a table of induction, previous token, sink and others
    Heads(heads::Args),
    /// Show what each layer would say next, per token
    Lens(lens::Args),
    /// How the prompt was cut into tokens: ids, bytes, the attention each received, how surprising it came
    Tokens(tokens::Args),
    /// Continue a prompt, token by token
    Generate(generate::Args),
    /// Patch a corrupted run from a clean one, place by place: what brings the answer back
    Patch(patch::Args),
    /// Take one cell of a head's pattern apart: which parts of the model made it look there
    Why(why::Args),
    /// Walk one query token through one head: twelve steps from its id to the answer, each compared with the run
    Walk(walk::Args),
    /// Take a word's logit apart: what every head, MLP and embedding says for it
    Attribute(attribute::Args),
    /// What a head looks for and what it writes, by its weights alone: its QK and OV circuits over the vocabulary
    Circuits(circuits::Args),
    /// Which heads read what earlier heads write: composition scores of every pair
    Composition(composition::Args),
    /// Describe a model: architecture, sizes, where each tensor came from
    Info(info::Args),
    /// Check a model's own identities: do the numbers hold?
    Check(check::Args),
    /// Find the role of every head: induction, previous token, sink, copying and others
    Atlas(atlas::Args),
    /// Ask for a fact at a depth of a length of context: how far back does memory reach?
    Recall(recall::Args),
    /// Train a small model on a toy task or a text, and watch its heads take their roles
    Train(train::Args),
    /// Measure every checkpoint of a training, and find when each head took its role
    Timeline(timeline::Args),
    /// Compare two runs: two prompts, two models, or clean and changed; which heads differ most
    Compare(compare::Args),
    /// Which tokens does an answer come from? Pictures of attention beside what cutting the path does
    Memory(memory::Args),
    /// What if the KV cache forgot? A text under an eviction policy: loss, next token, bytes
    Cache(cache::Args),
    /// Loss by position: over a text, or over random tokens that come twice
    Curve(curve::Args),
    /// List the models on this machine, or fetch one from the hub
    Models(models::Args),
    /// Measure time and memory on random tokens
    Bench(bench::Args),
    /// Print the completion script of a shell
    Completions(manual::CompletionArgs),
    /// Print the man page
    Man,
}

/// Runs what the command line asks for. Status 0: done (a closed pipe too); 1: failed; 2: wrong usage.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(wrong) => {
            // Help and version come this way too, on stdout and with status 0
            let _ = wrong.print();
            return ExitCode::from(wrong.exit_code() as u8);
        }
    };
    if cli.command.is_some() && cli.asks_window() {
        let words = "MODEL, --prompt and --prompt-file belong behind the command";
        let _ = Cli::command().error(clap::error::ErrorKind::ArgumentConflict, words).print();
        return ExitCode::from(2);
    }
    match dispatch(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            if let Some(wrong) = error.downcast_ref::<clap::Error>() {
                let _ = wrong.print();
                return ExitCode::from(wrong.exit_code() as u8);
            }
            console::complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<()> {
    cli.shared.apply()?;
    let mut console = Console::new(&cli.shared);
    match cli.command {
        None => {
            let read = || cli.prompt_file.as_deref().map(shared::read_text).transpose();
            let prompt = cli.prompt.map_or_else(read, |prompt| Ok(Some(prompt)))?;
            return crate::app::launch(cli.model, prompt);
        }
        Some(Command::Run(args)) => run::run(&args, &mut console)?,
        Some(Command::Export(args)) => export::run(&args, &mut console)?,
        Some(Command::Figure(args)) => figure::run(&args, &mut console)?,
        Some(Command::Heads(args)) => heads::run(&args, &mut console)?,
        Some(Command::Lens(args)) => lens::run(&args, &mut console)?,
        Some(Command::Tokens(args)) => tokens::run(&args, &mut console)?,
        Some(Command::Generate(args)) => generate::run(&args, &mut console)?,
        Some(Command::Patch(args)) => patch::run(&args, &mut console)?,
        Some(Command::Walk(args)) => walk::run(&args, &mut console)?,
        Some(Command::Why(args)) => why::run(&args, &mut console)?,
        Some(Command::Circuits(args)) => circuits::run(&args, &mut console)?,
        Some(Command::Composition(args)) => composition::run(&args, &mut console)?,
        Some(Command::Attribute(args)) => attribute::run(&args, &mut console)?,
        Some(Command::Info(args)) => info::run(&args, &mut console)?,
        Some(Command::Check(args)) => check::run(&args, &mut console)?,
        Some(Command::Atlas(args)) => atlas::run(&args, &mut console)?,
        Some(Command::Recall(args)) => recall::run(&args, &mut console)?,
        Some(Command::Train(args)) => train::run(&args, &mut console)?,
        Some(Command::Timeline(args)) => timeline::run(&args, &mut console)?,
        Some(Command::Compare(args)) => compare::run(&args, &mut console)?,
        Some(Command::Memory(args)) => memory::run(&args, &mut console)?,
        Some(Command::Cache(args)) => cache::run(&args, &mut console)?,
        Some(Command::Curve(args)) => curve::run(&args, &mut console)?,
        Some(Command::Models(args)) => models::run(&args, &mut console)?,
        Some(Command::Bench(args)) => bench::run(&args, &mut console)?,
        Some(Command::Completions(args)) => manual::completions(&args, &mut console)?,
        Some(Command::Man) => manual::man(&mut console)?,
    }
    console.finish()
}

/// Whether the reader of our output went away (`mnemoscope heads | head`): nothing failed.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}
