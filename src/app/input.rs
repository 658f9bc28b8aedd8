//! What comes from outside the panes: keys, and files dropped on the window.

use super::{
    charting::is_text,
    command::{Command, CommandKind},
    document::{Reference, is_session},
    layout::Pane,
    panes::{compare, track},
    scene::{Out, Scene},
    theme,
    timeline::Sight,
    widgets::focus,
};

/// Sends the commands whose keys were pressed.
pub fn keys(ctx: &egui::Context, scene: &Scene<'_>, out: &mut Out) {
    let mut kinds = CommandKind::pressed(ctx);
    focus::lock(ctx);
    if ctx.memory(|memory| memory.has_focus(compare::words::field())) {
        let before = kinds.len();
        kinds.retain(|kind| *kind != CommandKind::RunPrompt);
        if kinds.len() < before {
            out.send(Command::RunSecond);
        }
    }
    if scene.walks() {
        // There the arrows are for steps, and heads are picked elsewhere
        for kind in &mut kinds {
            *kind = match *kind {
                CommandKind::HeadLeft => CommandKind::PreviousStep,
                CommandKind::HeadRight => CommandKind::NextStep,
                other => other,
            };
        }
        // Space is a focused button's own
        let free = ctx.memory(|memory| memory.focused().is_none());
        if free && ctx.input_mut(|input| input.consume_key(egui::Modifiers::NONE, egui::Key::Space)) {
            kinds.push(CommandKind::PlayWalk);
        }
    }
    if let Some(live) = track::focused(ctx) {
        let sight = if live { Sight::of_live(scene.live) } else { scene.timeline() };
        kinds.retain(|kind| {
            let to = |at: Option<usize>| at.and_then(|at| sight.as_ref()?.go(at));
            let at = sight.as_ref().map(|sight| sight.at);
            out.commands.extend(match kind {
                CommandKind::HeadLeft => to(at.and_then(|at| at.checked_sub(1))),
                CommandKind::HeadRight => to(at.map(|at| at + 1)),
                _ => return true,
            });
            false
        });
    }
    for kind in kinds {
        if let Ok(command) = kind.aim(scene) {
            out.send(command);
        }
    }
}

/// A model, a run, a session or a prompt dropped on the window opens; while one hovers, the window says so.
pub fn drops(ctx: &egui::Context, scene: &Scene<'_>, out: &mut Out) {
    let dropped = ctx.input(|input| input.raw.dropped_files.first().map(|file| file.path().to_owned()));
    let right = ctx.pointer_latest_pos().is_some_and(|at| at.x > ctx.content_rect().center().x);
    let compares = scene.shows(Pane::CompareWords);
    if let Some(path) = dropped {
        // To the atlas a text is what it is made over
        let prompt = is_text(&path) && !scene.shows(Pane::Atlas);
        out.send(if prompt {
            Command::ReadPrompt { path, second: compares && right }
        } else if compares && right && !is_session(&path) {
            Command::OpenSecond(Some(Reference::Path(path)))
        } else {
            Command::OpenModel(path)
        });
    }
    if ctx.input(|input| !input.raw.hovered_files.is_empty()) {
        let tokens = theme::of(scene.dark);
        let area = ctx.content_rect();
        let layer = egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("drop"));
        let painter = ctx.layer_painter(layer);
        painter.rect_filled(area, 0, tokens.background.gamma_multiply(0.85));
        painter.rect_stroke(
            area.shrink(16.0),
            8,
            egui::Stroke::new(2.0, tokens.accent),
            egui::StrokeKind::Inside,
        );
        let font = theme::strong(20.0);
        let words = if compares { scene.words.compare.drop_second } else { scene.words.drop_here };
        painter.text(area.center(), egui::Align2::CENTER_CENTER, words, font, tokens.text);
    }
}
