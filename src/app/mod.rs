//! Floor 6: the window.
//!
//! `state` is what is shown, `session` what is open, `command` what can be done, `panes` how it looks; `window`
//! joins them once a frame. **Invariant:** this thread only draws. Loading, running, checking, exporting and file
//! dialogs are work on named threads (`worker`), and what they have to say comes back as news.

pub mod apply;
pub mod atlas;
pub mod banner;
mod changed;
pub mod charting;
pub mod choosing;
pub mod circuits;
pub mod command;
pub mod comparing;
pub mod derived;
pub mod docking;
pub mod document;
pub mod drafting;
pub mod dropping;
pub mod editing;
pub mod examples;
pub mod exporting;
mod exports;
pub mod figures;
pub mod filtering;
pub mod finding;
mod fitting;
pub mod flowing;
pub mod folding;
mod following;
pub mod fonts;
pub mod getting;
pub mod hidden;
pub mod input;
pub mod journal;
pub mod labels;
pub mod laying;
pub mod layout;
pub mod lensing;
pub mod linking;
mod map_commands;
pub mod mapping;
pub mod markdown;
pub mod memory;
pub mod next;
mod noting;
mod numbers;
pub mod offering;
pub mod palette;
pub mod panes;
mod picking;
mod pointing;
mod reading;
pub mod reasons;
pub mod resuming;
pub mod river;
pub mod roles;
pub mod row;
pub mod running;
pub mod scene;
pub mod session;
pub mod settings;
mod settling;
pub mod start;
pub mod state;
pub mod states;
mod stepping;
pub mod sweeping;
pub mod theme;
pub mod tiles;
pub mod timeline;
pub mod tinting;
pub mod topics;
pub mod training;
pub mod viewing;
pub mod walking;
pub mod widgets;
pub mod window;
pub mod words;
pub mod worker;

pub use panes::dialogs::Dialog;
pub use window::{Opening, Window};

use crate::engine::ModelSource;
use anyhow::Context as _;
use settings::Settings;
use std::path::PathBuf;

/// Opens the window on a model, by default the embedded one, and runs a prompt on it, by default an example.
/// Returns when the window is closed; fails at once where there is no display.
pub fn launch(model: Option<PathBuf>, prompt: Option<String>) -> anyhow::Result<()> {
    anyhow::ensure!(start::display(), words::Language::of_system().words().no_display);
    let source = model.map_or(ModelSource::Embedded, ModelSource::Path);
    let first = start::renderer();
    // The model loads while the window is being made
    let opening = Opening::new(Settings::load(), source.clone(), prompt.clone());
    let Err(error) = run(first, opening) else { return Ok(()) };
    log::warn!("{first} failed, trying {}: {error}", start::other(first));
    let Err(other) = run(start::other(first), Opening::new(Settings::load(), source, prompt)) else {
        return Ok(());
    };
    log::warn!("{} failed, too: {other}", start::other(first));
    // The first says why; where no screen answers, the second only says that there was a first
    Err(error).context("the window could not be opened")
}

/// The window's icon; a test, not the user, would learn of a broken one.
fn icon() -> egui::IconData {
    eframe::icon_data::from_png_bytes(include_bytes!("../../assets/icons/mnemoscope-128.png"))
        .unwrap_or_default()
}

fn run(renderer: eframe::Renderer, mut opening: Opening) -> anyhow::Result<()> {
    opening.stopwatch = start::Stopwatch::asked();
    let viewport = egui::ViewportBuilder::default()
        .with_title("Mnemoscope")
        .with_app_id("mnemoscope")
        .with_inner_size(opening.settings.window)
        .with_min_inner_size([320.0, 240.0])
        .with_drag_and_drop(true)
        .with_icon(icon());
    // Those that `fonts` finds stand in for eframe's
    let system_font_fallback = false;
    let options = eframe::NativeOptions {
        viewport,
        renderer,
        system_font_fallback,
        ..eframe::NativeOptions::default()
    };
    let window: eframe::AppCreator<'_> = Box::new(move |cc| {
        fonts::install(&cc.egui_ctx);
        let mut window = Window::new(&cc.egui_ctx, opening);
        window.keep_session(document::Keeper::usual());
        Ok(Box::new(window))
    });
    eframe::run_native("Mnemoscope", options, window).map_err(|error| anyhow::anyhow!("{error}"))
}
