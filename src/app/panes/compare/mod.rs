//! Two runs beside each other: heads by how far they differ, one head of both, tokens and answers.

pub mod heads;
pub mod pair;
pub mod second;
mod steps;
mod strip;
pub mod words;

use crate::{
    app::{
        command::Command,
        comparing::{Both, Found},
        scene::{Out, Scene},
        theme::{self, BODY, TITLE},
        widgets,
    },
    render::ColorMap,
};
use egui::{Align, Color32, Layout, ProgressBar, Rect, RichText, Sense, Ui, UiBuilder, vec2};

/// Both runs and how they differ; else the pane says `empty`, what is being done, or what went wrong.
fn found<'a>(ui: &mut Ui, scene: &Scene<'a>, empty: &str, out: &mut Out) -> Option<(Both<'a>, &'a Found)> {
    let (words, comparing) = (scene.words.compare, scene.comparing);
    let known = scene.compared.zip(comparing.found.get());
    if known.is_some() {
        return known;
    }
    let error = comparing.second.error().filter(|_| scene.state.compare.asks()).or(comparing.found.error());
    let second = comparing.second.progress().map(|done| (words.running, done));
    let working = second.or_else(|| comparing.found.progress().map(|done| (words.comparing, done)));
    if let Some(banner) = error {
        widgets::empty(ui, &banner.what, banner.hint.as_deref().unwrap_or_default());
    } else if let Some((what, done)) = working {
        waiting(ui, scene, what, done, out);
    } else if scene.trace.is_none() {
        let (first, how) = scene.first_step();
        widgets::empty(ui, first, how);
    } else {
        widgets::empty(ui, empty, if empty == words.empty { words.empty_sub } else { "" });
    }
    None
}

fn waiting(ui: &mut Ui, scene: &Scene<'_>, what: &str, done: f32, out: &mut Out) {
    let tokens = theme::tokens(ui);
    let room = ui.available_rect_before_wrap();
    let middle = Rect::from_center_size(room.center(), vec2(room.width().min(320.0), 84.0));
    let layout = Layout::top_down(Align::Center);
    let mut inner = ui.new_child(UiBuilder::new().max_rect(middle).layout(layout));
    inner.label(RichText::new(what).size(TITLE).color(tokens.text));
    inner.add(ProgressBar::new(done).desired_height(6.0));
    inner.add_space(4.0);
    if inner.add(widgets::outlined(&inner, scene.words.cancel)).clicked() {
        out.send(Command::ClearSecond);
    }
    ui.allocate_rect(room, Sense::hover());
}

/// The colours of what A has more of, and of what B has: the ends of the map of differences.
fn ends(scene: &Scene<'_>) -> [Color32; 2] {
    let map = ColorMap::signed(theme::shared(scene.dark));
    [0.2, 0.8].map(|t| theme::of_map(map.at(t)))
}

/// A muted line of small words.
fn note(ui: &mut Ui, text: &str) -> egui::Response {
    ui.label(RichText::new(text).size(BODY - 1.0).color(theme::tokens(ui).muted))
}
