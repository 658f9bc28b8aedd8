//! A colour map with its scale, drawn small.

use crate::{
    app::theme::{self, SMALL},
    render::Shader,
};
use egui::{Align2, Rect, Ui, pos2, vec2};

/// Draws `shader`'s colours from its low end to its high end, with the values of both ends under them.
pub fn show(ui: &Ui, rect: Rect, shader: &Shader, ends: (&str, &str)) {
    let tokens = theme::tokens(ui);
    let bar = Rect::from_min_size(rect.min, vec2(rect.width(), 8.0));
    let steps = 64;
    let mut mesh = egui::Mesh::default();
    for (i, color) in shader.ramp(steps + 1).into_iter().enumerate() {
        let x = egui::lerp(bar.x_range(), i as f32 / steps as f32);
        let color = theme::of_map(color);
        mesh.colored_vertex(pos2(x, bar.top()), color);
        mesh.colored_vertex(pos2(x, bar.bottom()), color);
        if i > 0 {
            let at = 2 * i as u32;
            mesh.add_triangle(at - 2, at - 1, at);
            mesh.add_triangle(at - 1, at, at + 1);
        }
    }
    ui.painter().add(mesh);
    ui.painter().rect_stroke(bar, 0, egui::Stroke::new(1.0, tokens.line), egui::StrokeKind::Outside);
    let foot = bar.bottom() + 3.0;
    let put = |x: f32, align: Align2, text: &str| {
        ui.painter().text(pos2(x, foot), align, text, theme::body(SMALL), tokens.muted);
    };
    put(bar.left(), Align2::LEFT_TOP, ends.0);
    put(bar.right(), Align2::RIGHT_TOP, ends.1);
}
