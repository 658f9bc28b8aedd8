//! A picture of hidden states: rows × columns of any shape, stretched over its room, marked where the pointer is.

use crate::app::theme;
use egui::{Color32, Rect, Response, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

/// A picture and what it stands for.
pub struct GridMap<'a> {
    /// Its name for screen readers.
    pub name: &'a str,
    /// The pixels.
    pub texture: egui::TextureId,
    /// What it stands for: rows and columns, more than pixels where they were gathered.
    pub size: (usize, usize),
    /// A row to frame.
    pub row: Option<usize>,
    /// A column to frame.
    pub column: Option<usize>,
}

impl GridMap<'_> {
    /// Draws the picture; returns the cell under the pointer.
    pub fn show(self, ui: &mut Ui, rect: Rect) -> (Response, Option<(usize, usize)>) {
        let response = ui.interact(rect, ui.scope_id().with(self.name), Sense::click());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, self.name));
        let tokens = theme::tokens(ui);
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        ui.painter().image(self.texture, rect, whole, Color32::WHITE);
        let (rows, columns) = (self.size.0.max(1) as f32, self.size.1.max(1) as f32);
        let cell = vec2(rect.width() / columns, rect.height() / rows);
        let painter = ui.painter_at(rect.expand(2.0));
        if let Some(row) = self.row {
            let top = rect.top() + row as f32 * cell.y;
            let frame = Rect::from_min_max(pos2(rect.left(), top), pos2(rect.right(), top + cell.y.max(2.0)));
            painter.rect_stroke(frame, 0, Stroke::new(1.5, tokens.accent), StrokeKind::Outside);
        }
        if let Some(column) = self.column {
            let left = rect.left() + column as f32 * cell.x;
            let frame =
                Rect::from_min_max(pos2(left, rect.top()), pos2(left + cell.x.max(2.0), rect.bottom()));
            painter.rect_stroke(frame, 0, Stroke::new(1.5, tokens.accent), StrokeKind::Outside);
        }
        let at = response.hover_pos().map(|point| {
            let cells = (point - rect.min) / cell;
            ((cells.y as usize).min(rows as usize - 1), (cells.x as usize).min(columns as usize - 1))
        });
        (response, at)
    }
}
