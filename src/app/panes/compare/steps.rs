//! Checkpoints of the training in sight: which of them the first run is of, and which the second.

use crate::app::{
    command::Command,
    panes::train_setup::slider,
    scene::{Out, Scene},
    timeline::TimelineAct,
    training::Act,
    widgets,
    words::grouped,
};
use egui::{Slider, Ui};

/// Draws a slider for each run, where there is a training.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let Some(sight) = scene.timeline().filter(|sight| sight.steps.len() > 1) else { return };
    let words = scene.words.compare;
    ui.add_space(4.0);
    if scene.follows(&sight) {
        let mut at = sight.at;
        let range = Slider::new(&mut at, 0..=sight.steps.len() - 1);
        let first = begins(&slider(ui, words.step_of_a, &grouped(sight.step()), range));
        if at != sight.at {
            out.commands.extend(sight.slide(at, first));
        }
    } else if ui.add(widgets::outlined(ui, words.open_live)).clicked() {
        out.send(Command::Train(Act::Open));
    }
    let steps = scene.second_steps(&sight);
    let Some(last) = steps.len().checked_sub(1) else { return };
    let second = |step, first| Command::Timeline(TimelineAct::Second { step, first });
    if let Some(step) = scene.state.compare.step {
        let before = steps.iter().rposition(|&own| own <= step).unwrap_or(0);
        let mut at = before;
        let range = Slider::new(&mut at, 0..=last);
        let first = begins(&slider(ui, words.step_of_b, &grouped(steps[before]), range));
        if at != before {
            out.send(second(steps[at], first));
        }
    } else if ui.add(widgets::outlined(ui, words.with_step)).clicked() {
        // The other end of the training
        let far = if sight.at == 0 { last } else { 0 };
        out.send(second(steps[far], true));
    }
}

/// Whether a change is the first of a drag, or none of one.
fn begins(response: &egui::Response) -> bool {
    response.drag_started() || !(response.dragged() || response.drag_stopped())
}
