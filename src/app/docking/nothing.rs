//! What stands in panes before there is a model or a run: what to do first, once, with a way to it.

use super::Panes;
use crate::app::{
    command::CommandKind,
    layout::Pane,
    scene::Scene,
    theme::{self, BODY, TITLE},
    widgets,
};
use egui::{Align, Layout, Rect, RichText, Sense, Ui, UiBuilder, vec2};

/// Whether a pane has nothing to show without a run.
fn needs_run(pane: Pane) -> bool {
    !matches!(
        pane,
        Pane::Prompt
            | Pane::Log
            | Pane::Atlas
            | Pane::Timeline
            | Pane::TrainSetup
            | Pane::TrainCurves
            | Pane::TrainHeads
            | Pane::TrainNumbers
    )
}

/// Whether it has something to show of a model alone.
fn needs_model_only(pane: Pane) -> bool {
    matches!(pane, Pane::Weights | Pane::Circuits | Pane::Composition | Pane::Recall)
}

/// Whether nothing was run yet that the pane could show, and nothing is on its way.
fn waits(scene: &Scene<'_>, pane: Pane) -> bool {
    let alone = scene.model.is_some() && needs_model_only(pane);
    scene.trace.is_none() && scene.busy.is_none() && needs_run(pane) && !alone
}

impl Panes<'_, '_> {
    /// Draws what to do first in the pane's place; false where it has something to show.
    pub(super) fn nothing(&mut self, ui: &mut Ui, pane: Pane) -> bool {
        let scene = self.scene;
        if !waits(scene, pane) {
            return false;
        }
        let tokens = theme::tokens(ui);
        if !pane.is_plain() {
            widgets::header(ui, pane.title(scene.words), "", |_| {});
        }
        let room = ui.available_rect_before_wrap();
        // Said once in full, in short elsewhere
        let leads = scene.panes_in_sight().into_iter().find(|&own| waits(scene, own)) == Some(pane);
        let (title, how) = scene.first_step();
        if !leads {
            let text = RichText::new(title).size(BODY).color(tokens.muted);
            let place = Rect::from_center_size(room.center(), vec2(room.width() - 24.0, 20.0));
            let mut middle =
                ui.new_child(UiBuilder::new().max_rect(place).layout(Layout::top_down(Align::Center)));
            middle.add(egui::Label::new(text).truncate());
            ui.allocate_rect(room, Sense::hover());
            return true;
        }
        let place = Rect::from_center_size(room.center(), vec2(room.width().min(420.0), 128.0));
        let mut middle =
            ui.new_child(UiBuilder::new().max_rect(place).layout(Layout::top_down(Align::Center)));
        middle.label(RichText::new(title).size(TITLE).color(tokens.text));
        middle.label(RichText::new(how).size(BODY).color(tokens.muted));
        middle.add_space(8.0);
        let ways = if scene.model.is_none() {
            &[CommandKind::OpenModel, CommandKind::OpenEmbedded][..]
        } else {
            &[CommandKind::FocusPrompt][..]
        };
        for (index, &kind) in ways.iter().enumerate() {
            let (label, what) = (scene.words.command)(kind);
            let button =
                if index == 0 { widgets::primary(&middle, label) } else { widgets::outlined(&middle, label) };
            let response = middle.add(button).on_hover_text(what);
            if let Some(command) = kind.aim(scene).ok().filter(|_| response.clicked()) {
                self.out.send(command);
            }
        }
        ui.allocate_rect(room, Sense::hover());
        true
    }
}
