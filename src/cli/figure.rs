//! `mnemoscope figure`: a figure made from its recipe, with its numbers and its caption beside it.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::json;

use crate::analysis::Filter;
use crate::engine::Prompt;
use crate::export::picture::write_numbers;
use crate::export::{self, Caption, Recipe, Selection, Settings, Source, atomic};

use super::console::{self, Console};
use super::export::{given, watched, write};
use super::figure_view;
use super::languages::LanguageArg;
use super::shared::{Asked, Input, TargetArg, Told, picked};

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
    let settings: Settings = text.parse().with_context(place)?;
    if settings.keys().any(|key| key == "view") {
        return of_view(args, settings, console);
    }
    let recipe: Recipe = text.parse().with_context(place)?;
    let beside = args.beside();
    let folder = args.folder()?;

    // A model that the recipe names by a path lies beside the recipe; one that is no path is a name
    let own =
        recipe.model.map(|model| Some(beside.join(&model)).filter(|path| path.exists()).unwrap_or(model));
    let ids = |ids: Option<String>| {
        ids.map(|ids| Prompt::of_ids(&ids)).transpose().map_err(anyhow::Error::msg).with_context(place)
    };
    let input = Input::of(Asked {
        model: args.model.clone().or(own),
        ids: ids(recipe.ids.filter(|_| args.prompt.is_none()))?,
        prompt: args.prompt.clone().or(recipe.prompt),
        chat: recipe.chat,
        turns: recipe.turns,
        question: recipe.question,
        second: recipe.second,
        target: TargetArg::of(recipe.target, ids(recipe.target_ids)?),
        languages: LanguageArg::of(recipe.source_lang, recipe.target_lang),
        intervene: recipe.interventions,
    });
    // An expression that does not read should not cost a run
    let own = recipe.filter.as_deref().map(str::parse::<Filter>).transpose();
    let filter = args.filter.clone().or(own.map_err(anyhow::Error::from).with_context(place)?);
    let (model, trace) = input.trace(console)?;
    let mut options = recipe.options;
    options.picked = picked(&trace.spec, &recipe.heads).with_context(place)?;
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
        files.push(numbers);
        files.extend(write_captions(&folder.join(first), &recipe.out, &caption)?);
    }
    written(&files, &caption.text, console)
}

/// The figure of a view, its numbers and its caption.
fn of_view(args: &Args, mut settings: Settings, console: &mut Console) -> anyhow::Result<()> {
    let place = || format!("cannot make the figure of {}", args.recipe.display());
    settings = settings.found_in(args.beside());
    if let Some(model) = &args.model {
        settings.set("model", model.display().to_string());
    }
    if let Some(prompt) = &args.prompt {
        settings.remove("ids");
        settings.remove("prompt_file");
        settings.set("prompt", prompt.as_str());
    }
    if let Some(atlas) = &args.told.atlas {
        settings.set("atlas", atlas.display().to_string());
    }
    anyhow::ensure!(args.filter.is_none(), "a view takes no expression: --where is for maps of heads");
    let out = figure_view::outputs(&settings).with_context(place)?;
    let asked = figure_view::read(&settings).with_context(place)?;
    let folder = args.folder()?;
    let figure_view::Made { plate, trace, look } = figure_view::make(&asked, console).with_context(place)?;
    let caption = plate.caption(trace.as_ref(), look.lang, &given());
    let mut files: Vec<PathBuf> = out.iter().map(|name| folder.join(name)).collect();
    let numbers = files[0].with_extension("csv");
    if !files.contains(&numbers) {
        files.push(numbers);
    }
    for path in &files {
        plate.write(look, path)?;
    }
    files.extend(write_captions(&files[0].clone(), &out, &caption)?);
    written(&files, &caption.text, console)
}

impl Args {
    /// Where the recipe lies.
    fn beside(&self) -> &Path {
        self.recipe.parent().unwrap_or(Path::new(""))
    }

    /// Where files go; it is made where it is not there.
    fn folder(&self) -> anyhow::Result<&Path> {
        let folder = self.out.as_deref().unwrap_or(self.beside());
        if !folder.as_os_str().is_empty() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        Ok(folder)
    }
}

/// Writes the caption beside a figure; where that is LaTeX, as LaTeX, too.
fn write_captions(figure: &Path, out: &[PathBuf], caption: &Caption) -> anyhow::Result<Vec<PathBuf>> {
    let latex = out.iter().any(|path| export::is_latex(path));
    let endings = std::iter::once("caption.txt").chain(latex.then_some("caption.tex"));
    let paths: Vec<PathBuf> = endings.map(|ending| figure.with_extension(ending)).collect();
    for path in &paths {
        atomic::write(path, |out| Ok(writeln!(out, "{}", caption.for_file(path))?))?;
    }
    Ok(paths)
}

fn written(files: &[PathBuf], caption: &str, console: &mut Console) -> anyhow::Result<()> {
    if console.json {
        return console.object(&json!({ "files": files, "caption": caption }));
    }
    for path in files {
        let size = std::fs::metadata(path).map_or(0, |file| file.len());
        writeln!(console, "{}  {}", path.display(), console::bytes(size))?;
    }
    writeln!(console, "\n{caption}")?;
    Ok(())
}
