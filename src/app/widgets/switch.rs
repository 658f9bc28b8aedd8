//! A switch: a knob in a pill, filled where it is on.

use crate::app::theme;
use egui::{Response, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

/// Draws a switch of what `name` says; the caller turns it when it is clicked.
pub fn show(ui: &mut Ui, on: bool, name: &str) -> Response {
    let tokens = theme::tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(26.0, 15.0), Sense::click());
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::CheckBox, true, on, name));
    if ui.is_rect_visible(rect) {
        let radius = rect.height() / 2.0;
        let fill = if on { tokens.text } else { tokens.line };
        ui.painter().rect_filled(rect, radius, fill);
        if response.has_focus() || response.hovered() {
            let stroke = Stroke::new(1.0, tokens.muted);
            ui.painter().rect_stroke(rect.expand(1.0), radius + 1.0, stroke, StrokeKind::Outside);
        }
        let x = if on { rect.right() - radius } else { rect.left() + radius };
        ui.painter().circle_filled(pos2(x, rect.center().y), radius - 2.5, tokens.panel);
    }
    response
}
