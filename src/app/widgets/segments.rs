//! A few choices side by side, of which one holds.

use crate::app::theme;
use egui::{Button, Frame, Margin, RichText, Stroke, Ui, vec2};

/// Draws the choices, each with its name and whether it holds; the index of one that was clicked.
pub fn show(ui: &mut Ui, choices: &[(&str, bool)]) -> Option<usize> {
    let tokens = theme::tokens(ui);
    let mut clicked = None;
    let frame =
        Frame::new().stroke(Stroke::new(1.0, tokens.line)).corner_radius(6).inner_margin(Margin::same(1));
    frame.show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            // Where the surroundings fill from the right, the last stands first
            let mut order: Vec<usize> = (0..choices.len()).collect();
            if ui.layout().prefer_right_to_left() {
                order.reverse();
            }
            for index in order {
                let (name, on) = choices[index];
                let color = if on { tokens.text } else { tokens.muted };
                let fill = if on { tokens.raised } else { tokens.background };
                let button = Button::new(RichText::new(name).size(12.0).color(color)).fill(fill);
                let button = button.stroke(Stroke::NONE).corner_radius(5).min_size(vec2(0.0, 20.0));
                let response = ui.add(button);
                response.widget_info(|| egui::WidgetInfo::selected(egui::Role::RadioButton, true, on, name));
                if response.clicked() && !on {
                    clicked = Some(index);
                }
            }
        });
    });
    clicked
}
