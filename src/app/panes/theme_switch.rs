//! The switch between the two themes.

use crate::app::{
    command::Command,
    scene::{Out, Scene},
    theme,
};
use egui::{Sense, Ui, vec2};

/// A disc, half of it filled.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let tokens = theme::tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(26.0, 26.0), Sense::click());
    let say = if scene.dark { scene.words.to_light } else { scene.words.to_dark };
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, say));
    let color = if response.hovered() || response.has_focus() { tokens.text } else { tokens.muted };
    let (center, radius) = (rect.center(), 6.5);
    ui.painter().circle_stroke(center, radius, egui::Stroke::new(1.5, color));
    let arc = (0..=16).map(|i| {
        let angle = std::f32::consts::FRAC_PI_2 + std::f32::consts::PI * i as f32 / 16.0;
        center + radius * egui::Vec2::angled(angle)
    });
    ui.painter().add(egui::Shape::convex_polygon(arc.collect(), color, egui::Stroke::NONE));
    if response.on_hover_text(say).clicked() {
        out.send(Command::SetDark(!scene.dark));
    }
}
