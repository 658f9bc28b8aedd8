//! `mnemoscope models`: what is on this machine, and what the hub has.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use serde_json::json;

use crate::engine::{Found, Hub, HubError, Library, Offer, Preferences};

use super::console::{self, Console};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Fetch a model from the hub, after showing its size and licence
    #[arg(long, value_name = "OWNER/NAME", conflicts_with_all = ["add_folder", "forget_folder", "forbid", "online"])]
    get: Option<String>,

    /// Which of several GGUF files to fetch
    #[arg(long, value_name = "NAME", requires = "get")]
    file: Option<String>,

    /// Fetch without asking
    #[arg(long, requires = "get")]
    yes: bool,

    /// Look for models in this folder, too, from now on
    #[arg(long, value_name = "FOLDER")]
    add_folder: Option<PathBuf>,

    /// Look in this folder no longer
    #[arg(long, value_name = "FOLDER")]
    forget_folder: Option<PathBuf>,

    /// Forbid every connection from now on, in the window too
    #[arg(long, conflicts_with = "online")]
    forbid: bool,

    /// Allow connections again, each still only when asked for
    #[arg(long)]
    online: bool,
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    if let Some(name) = &args.get {
        return get(args, name, console);
    }
    if args.add_folder.is_some() || args.forget_folder.is_some() || args.forbid || args.online {
        remember(args)?;
    }
    let job = console.job();
    list(&Library::usual().scan(&job), console)
}

fn remember(args: &Args) -> anyhow::Result<()> {
    let mut preferences = Preferences::load();
    if let Some(folder) = &args.add_folder {
        ensure!(folder.is_dir(), "{} is no folder", folder.display());
        let folder = std::path::absolute(folder)?;
        if !preferences.folders.contains(&folder) {
            preferences.folders.push(folder);
        }
    }
    if let Some(folder) = &args.forget_folder {
        let absolute = std::path::absolute(folder)?;
        let before = preferences.folders.len();
        preferences.folders.retain(|known| *known != absolute);
        ensure!(preferences.folders.len() < before, "{} is not on the list", folder.display());
    }
    preferences.offline = (preferences.offline || args.forbid) && !args.online;
    preferences.save().context("the settings could not be written")
}

fn list(models: &[Found], console: &mut Console) -> anyhow::Result<()> {
    if console.json {
        return console.object(&json!({ "models": models }));
    }
    let rows: Vec<[String; 6]> = models
        .iter()
        .map(|model| {
            [
                model.name.clone(),
                model.family.clone().unwrap_or_else(|| "?".to_owned()),
                model.container.to_owned(),
                console::bytes(model.bytes),
                if model.fits { "fits" } else { "too big" }.to_owned(),
                model.place.label().to_owned(),
            ]
        })
        .collect();
    let head = ["name", "family", "container", "size", "memory", "from"].map(str::to_owned);
    let all = std::iter::once(&head).chain(&rows);
    let width = |column: usize| all.clone().map(|row| console::columns(&row[column])).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    for row in all {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (text, width))| match column {
            3 => format!("{text:>width$}"),
            _ => console::filled(text, width),
        });
        writeln!(console, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

fn get(args: &Args, name: &str, console: &mut Console) -> anyhow::Result<()> {
    let hub = Hub::usual().ok_or(HubError::NoHome)?;
    let job = console.job();
    let offer = hub.look_up(name, args.file.as_deref(), &job)?;
    if !args.yes {
        ask(&offer)?;
    }
    let path = hub.fetch(&offer, &job)?;
    if console.json {
        return console.object(&json!({
            "name": offer.name,
            "path": path,
            "licence": offer.licence,
            "bytes": offer.bytes,
            "fetched": offer.missing,
            "files": offer.files,
        }));
    }
    writeln!(console, "{} is here: mnemoscope info {}", offer.name, offer.name)?;
    Ok(())
}

/// Size and licence first; then only a clear yes.
fn ask(offer: &Offer) -> anyhow::Result<()> {
    let licence = offer.licence.as_deref().unwrap_or("not stated");
    let (name, all, missing) = (&offer.name, console::bytes(offer.bytes), console::bytes(offer.missing));
    let about =
        format!("{name}: {} files, {all} ({missing} to fetch), licence: {licence}", offer.files.len());
    if !std::io::stdin().is_terminal() {
        bail!("{about}; give --yes to fetch it");
    }
    let mut err = std::io::stderr();
    write!(err, "\r\x1b[K{about}\nFetch it? [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    ensure!(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()), "not fetched");
    Ok(())
}
