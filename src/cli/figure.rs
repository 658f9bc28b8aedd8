//! `mnemoscope figure`: a figure made from its recipe, with its numbers and its caption beside it.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::json;

use crate::analysis::Filter;
use crate::export::picture::write_numbers;
use crate::export::{self, Recipe, Selection, Source, atomic};

use super::console::{self, Console};
use super::export::{given, watched, write};
use super::languages::LanguageArg;
use super::shared::{Input, Told};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The recipe, a TOML file; its keys: docs/figures.md
    recipe: PathBuf,

    /// Another model than the recipe's: a folder, a file, a name, or a saved trace
    #[arg(long, value_name = "MODEL")]
    model: Option<PathBuf>,

    /// Another prompt than the recipe's
    #[arg(long, value_name = "TEXT")]
    prompt: Option<String>,

    /// Show the heads that pass, such as "induction > 0.5", instead of the recipe's
    #[arg(long = "where", value_name = "EXPRESSION")]
    filter: Option<Filter>,

    #[command(flatten)]
    told: Told,

    /// Folder to write into (default: the recipe's own)
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    let place = || format!("cannot make the figure of {}", args.recipe.display());
    let text = std::fs::read_to_string(&args.recipe).with_context(place)?;
    let recipe: Recipe = text.parse().with_context(place)?;
    let beside = args.recipe.parent().unwrap_or(Path::new(""));
    let folder = args.out.as_deref().unwrap_or(beside);
    if !folder.as_os_str().is_empty() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }

    // A model that the recipe names by a path lies beside the recipe; one that is no path is a name
    let own =
        recipe.model.map(|model| Some(beside.join(&model)).filter(|path| path.exists()).unwrap_or(model));
    let input = Input::of(
        args.model.clone().or(own),
        args.prompt.clone().or(recipe.prompt),
        recipe.target,
        LanguageArg::of(recipe.source_lang, recipe.target_lang),
        recipe.interventions,
    );
    // An expression that does not read should not cost a run
    let own = recipe.filter.as_deref().map(str::parse::<Filter>).transpose();
    let filter = args.filter.clone().or(own.map_err(anyhow::Error::from).with_context(place)?);
    let (model, trace) = input.trace(console)?;
    let mut options = recipe.options;
    if let Some(filter) = filter {
        options.selection = Selection::default();
        options.picked = filter.heads(&trace, &args.told.roles(&trace)?).collect();
        anyhow::ensure!(!options.picked.is_empty(), "no head passes what is asked of it (where)");
    }
    let job = console.job();
    let watch = watched(&job);
    let source = Source { model: model.as_ref(), trace: &trace, watch: &watch };
    let paths = recipe.out.iter().map(|name| folder.join(name));
    let mut files = write(&source, &options, paths, &job)?;
    let caption = export::caption(&trace, &options, &given())?;
    if let Some(first) = recipe.out.first() {
        let numbers = folder.join(first).with_extension("csv");
        atomic::write(&numbers, |out| write_numbers(&source, &options, out))?;
        let words = folder.join(first).with_extension("caption.txt");
        atomic::write(&words, |out| Ok(writeln!(out, "{caption}")?))?;
        files.extend([numbers, words]);
    }
    if console.json {
        return console.object(&json!({ "files": files, "caption": caption }));
    }
    for path in &files {
        let size = std::fs::metadata(path).map_or(0, |file| file.len());
        writeln!(console, "{}  {}", path.display(), console::bytes(size))?;
    }
    writeln!(console, "\n{caption}")?;
    Ok(())
}
