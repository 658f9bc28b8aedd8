//! Where a step's numbers add up: the running sum as bars, the sum itself, and the line that carries it to its place.

use super::{
    cells::read,
    step::Body,
    symbols::{full, symbol},
};
use crate::{
    analysis::walk::{Along, Outcome, Quantity, Strip},
    app::{
        theme::{self, BODY},
        widgets::focus,
    },
};
use egui::{Align2, Pos2, Rect, Sense, Shape, Stroke, Ui, pos2, vec2};

impl Body<'_> {
    /// Sums from the first product on, as bars that line up with the products.
    pub(super) fn bars(&self, ui: &mut Ui, strip: &Strip) {
        let (tokens, words) = (theme::tokens(ui), self.scene.words.walk);
        let sums = self.values(strip);
        let grid = self.grid(ui, strip);
        let height = self.heights.bars;
        let (rect, response) =
            ui.allocate_exact_size(vec2(ui.available_width(), height + 8.0), Sense::hover());
        let name = (words.strip_of)(words.running_sum, sums.len());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &name));
        focus::say(&response, || sums.last().map_or_else(String::new, |&sum| full(sum)));
        let (low, high) = sums.iter().fold((0.0_f32, 0.0_f32), |(low, high), &x| (low.min(x), high.max(x)));
        let span = (high - low).max(f32::MIN_POSITIVE);
        let y = |value: f32| rect.top() + 6.0 + (high - value) / span * height;
        // Over several rows there is nothing to line up with
        let pitch = if grid.rows == 1 { grid.cell.x } else { rect.width() / sums.len() as f32 };
        for (index, &sum) in sums.iter().enumerate() {
            let left = rect.left() + index as f32 * pitch;
            let gap = (pitch * 0.1).min(4.0);
            let bar = Rect::from_x_y_ranges(
                left + gap..=left + pitch - gap,
                y(sum.max(0.0))..=y(sum.min(0.0)).max(y(sum.max(0.0)) + 1.0),
            );
            let fill = if index + 1 == sums.len() {
                tokens.accent
            } else {
                theme::mix(tokens.background, tokens.measure, 0.62)
            };
            ui.painter().rect_filled(bar, 0, fill);
        }
        let end = rect.left() + pitch * sums.len() as f32;
        ui.painter().hline(rect.left()..=end, y(0.0), Stroke::new(1.0, tokens.line));
        ui.painter().text(
            rect.left_top(),
            Align2::LEFT_TOP,
            words.running_sum,
            theme::body(BODY),
            tokens.muted,
        );
        if let Some(at) = response.hover_pos() {
            let index = ((at.x - rect.left()) / pitch) as usize;
            if let Some(&sum) = sums.get(index) {
                read(&response, &format!("{} · {}", words.running_sum, index + 1), sum, None);
            }
        }
    }

    /// The sum, and the line that carries it to its place in the row of all keys, which comes next.
    pub(super) fn carried(&self, ui: &mut Ui, target: &Strip) {
        let tokens = theme::tokens(ui);
        let grid = self.grid(ui, target);
        let (rect, _) =
            ui.allocate_exact_size(vec2(ui.available_width(), self.heights.result), Sense::hover());
        let Some(left) = self.number(ui, rect) else { return };
        if self.walk.key >= grid.columns {
            return; // its place is further down
        }
        let x = grid.at(self.walk.key, rect.min).center().x;
        // Down through the heading of the strip below
        if x > left - 24.0 {
            // Right below the number
            let (from, tip) = (pos2(x, rect.center().y + 12.0), pos2(x, rect.bottom() + 20.0));
            ui.painter().line_segment([from, tip], Stroke::new(1.5, tokens.accent));
            return arrow(ui, tip);
        }
        let (from, bend, tip) =
            (pos2(left - 14.0, rect.center().y), pos2(x, rect.center().y), pos2(x, rect.bottom() + 20.0));
        let stroke = Stroke::new(1.5, tokens.accent);
        ui.painter().line_segment([from, bend], stroke);
        ui.painter().line_segment([bend, tip], stroke);
        arrow(ui, tip);
    }

    pub(super) fn result(&self, ui: &mut Ui) {
        let (rect, _) =
            ui.allocate_exact_size(vec2(ui.available_width(), self.heights.result), Sense::hover());
        self.number(ui, rect);
    }

    /// What the step ends in, at the right of `rect`; returns where it begins.
    fn number(&self, ui: &Ui, rect: Rect) -> Option<f32> {
        let Outcome { what, length, value } = self.step.outcome?;
        let tokens = theme::tokens(ui);
        let sign = symbol(what);
        let sign = if length { format!("|{sign}|") } else { sign.to_owned() };
        let value = match what {
            Quantity::Ids => format!("{value:.0}"),
            _ if value.is_infinite() => full(value as f32),
            _ => format!("{value:.4}").replace('-', "−"),
        };
        let word = match (what, self.step.strip(what).map(|strip| &strip.along)) {
            (Quantity::Probability | Quantity::Logit, Some(Along::Words(words))) => {
                words.first().map(|word| format!("  {}", crate::model::shown(word))).unwrap_or_default()
            }
            _ => String::new(),
        };
        let font = theme::strong(20.0);
        let at: Pos2 = rect.right_center();
        let text = format!("{sign} = {value}{word}");
        let drawn = ui.painter().text(at, Align2::RIGHT_CENTER, text, font, tokens.accent_text);
        Some(drawn.left())
    }
}

/// The head of an arrow that points down.
fn arrow(ui: &Ui, tip: Pos2) {
    let color = theme::tokens(ui).accent;
    let points = [vec2(-4.0, -5.0), vec2(4.0, -5.0), vec2(0.0, 3.0)].map(|by| tip + by);
    ui.painter().add(Shape::convex_polygon(points.to_vec(), color, Stroke::NONE));
}
