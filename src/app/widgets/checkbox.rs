//! A checkbox whose box is seen where it is empty, too.

use crate::app::theme;
use egui::{IntoAtoms, Response, Ui};

/// Draws a checkbox and turns `on` when it is clicked. Its outline is as dark as small text: the quiet line around menus
/// and buttons would leave an empty box unseen.
pub fn show<'a>(ui: &mut Ui, on: &'a mut bool, text: impl IntoAtoms<'a>) -> Response {
    let tokens = theme::tokens(ui);
    let quiet = ui.visuals().widgets.clone();
    let widgets = &mut ui.visuals_mut().widgets;
    for (state, line) in [
        (&mut widgets.inactive, tokens.muted),
        (&mut widgets.hovered, tokens.text),
        (&mut widgets.active, tokens.text),
    ] {
        state.bg_stroke.color = line;
    }
    let response = ui.checkbox(on, text);
    ui.visuals_mut().widgets = quiet;
    response
}
