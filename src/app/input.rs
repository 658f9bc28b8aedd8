//! What comes from outside the panes: keys.

use super::{
    command::{Command, CommandKind},
    panes::{compare, track},
    scene::{Out, Scene},
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
