//! A formula set in type: galleys, lines and brackets, with the part that a step computes lit.

use crate::{
    analysis::walk::{Formula, StepKind},
    app::theme::{self, SMALL},
};
use egui::{
    Align2, Color32, Galley, Pos2, Rect, Sense, Shape, Stroke, Ui, Vec2, epaint::QuadraticBezierShape, pos2,
    vec2,
};
use std::sync::Arc;

/// What is drawn, relative to the left end of the line through the middle of its letters.
#[derive(Clone)]
enum Ink {
    Text(Arc<Galley>, Vec2),
    Line(Vec2, Vec2),
    Curve([Vec2; 3]),
}

/// A formula, measured.
#[derive(Clone, Default)]
pub struct Set {
    width: f32,
    up: f32,
    down: f32,
    /// With the steps whose parts it is in.
    inks: Vec<(Ink, Vec<StepKind>)>,
    parts: Vec<(StepKind, Rect)>,
    size: f32,
}

/// What became of a formula that was drawn.
#[derive(Default)]
pub struct Touched {
    /// The part that was clicked.
    pub clicked: Option<StepKind>,
}

/// Measures `formula` at a size of letters.
pub fn set(ui: &Ui, formula: &Formula, size: f32) -> Set {
    Setter { ui, size }.set(formula)
}

/// The same, but no wider than `width`.
pub fn fit(ui: &Ui, formula: &Formula, size: f32, width: f32) -> Set {
    let whole = set(ui, formula, size);
    if whole.width <= width {
        return whole;
    }
    set(ui, formula, (size * width / whole.width).floor().max(14.0))
}

struct Setter<'a> {
    ui: &'a Ui,
    size: f32,
}

impl Setter<'_> {
    fn set(&self, formula: &Formula) -> Set {
        let size = self.size;
        match formula {
            Formula::Text(text) => self.text(text, size, 0.0),
            Formula::Row(parts) => parts.iter().fold(self.empty(), |row, part| beside(row, self.set(part))),
            Formula::Fraction(above, below) => {
                let (above, below) = (self.set(above), self.set(below));
                let (gap, width) = (size * 0.14, above.width.max(below.width) + size * 0.3);
                let mut out = self.empty();
                let shift = |part: &Set| (width - part.width) / 2.0;
                let (a, b) = (shift(&above), shift(&below));
                (out.up, out.down) = (above.up + above.down + gap, below.up + below.down + gap);
                let (rise, fall) = (-gap - above.down, gap + below.up);
                out.take(above, vec2(a, rise));
                out.take(below, vec2(b, fall));
                out.inks.push((Ink::Line(vec2(0.0, 0.0), vec2(width, 0.0)), Vec::new()));
                out.width = width;
                out
            }
            Formula::Root(inner) => {
                let inner = self.set(inner);
                let (left, top, bottom) = (size * 0.5, -inner.up - size * 0.04, inner.down * 0.8);
                let mut out = self.empty();
                let width = left + inner.width + size * 0.08;
                let path = [
                    vec2(size * 0.06, bottom * 0.25),
                    vec2(size * 0.2, 0.0),
                    vec2(size * 0.32, bottom),
                    vec2(left - size * 0.04, top),
                    vec2(width, top),
                ];
                for ends in path.windows(2) {
                    out.inks.push((Ink::Line(ends[0], ends[1]), Vec::new()));
                }
                (out.up, out.down, out.width) = (inner.up + size * 0.08, inner.down, width);
                out.take(inner, vec2(left, 0.0));
                out
            }
            Formula::Raised(base, text) => beside(self.set(base), self.text(text, size * 0.55, -size * 0.42)),
            Formula::Lowered(base, text) => beside(self.set(base), self.text(text, size * 0.5, size * 0.3)),
            Formula::Brackets(inner) => {
                let inner = self.set(inner);
                let (edge, bulge) = (size * 0.13, (inner.up + inner.down) * 0.08);
                let side = edge + size * 0.06 + bulge;
                let (top, bottom) = (-inner.up - size * 0.04, inner.down + size * 0.04);
                let middle = f32::midpoint(top, bottom);
                let gap = size * 0.1;
                let right = side + gap + inner.width + gap;
                let mut out = self.empty();
                let curve = |near: f32, far: f32| {
                    Ink::Curve([vec2(near, top), vec2(2.0 * far - near, middle), vec2(near, bottom)])
                };
                out.inks.push((curve(side, edge), Vec::new()));
                out.inks.push((curve(right, right + side - edge), Vec::new()));
                (out.up, out.down) = (-top, bottom);
                out.width = right + side;
                out.take(inner, vec2(side + gap, 0.0));
                out
            }
            Formula::Part(step, inner) => {
                let mut out = self.set(inner);
                out.inks.iter_mut().for_each(|(_, owners)| owners.push(*step));
                let room = Rect::from_min_max(pos2(0.0, -out.up), pos2(out.width, out.down));
                out.parts.push((*step, room));
                out
            }
        }
    }

    fn empty(&self) -> Set {
        Set { up: self.size * 0.5, down: self.size * 0.42, size: self.size, ..Set::default() }
    }

    /// Text whose letters have their middle `drop` below the line.
    fn text(&self, text: &str, size: f32, drop: f32) -> Set {
        let galley =
            self.ui.painter().layout_no_wrap(text.to_owned(), theme::body(size), Color32::PLACEHOLDER);
        let top = drop - galley.size().y * 0.53;
        let width = galley.size().x;
        let inks =
            if text.is_empty() { Vec::new() } else { vec![(Ink::Text(galley, vec2(0.0, top)), Vec::new())] };
        let (up, down) = (size * 0.5 - drop, size * 0.42 + drop);
        Set { width, up: up.max(0.0), down: down.max(0.0), inks, parts: Vec::new(), size: self.size }
    }
}

fn beside(mut left: Set, right: Set) -> Set {
    let at = left.width;
    left.width += right.width;
    (left.up, left.down) = (left.up.max(right.up), left.down.max(right.down));
    left.take(right, vec2(at, 0.0));
    left
}

impl Set {
    /// Takes in what another one draws, moved.
    fn take(&mut self, other: Self, by: Vec2) {
        self.inks.extend(other.inks.into_iter().map(|(ink, owners)| (ink.moved(by), owners)));
        self.parts.extend(other.parts.into_iter().map(|(step, rect)| (step, rect.translate(by))));
    }

    /// Width and height.
    pub fn size(&self) -> Vec2 {
        vec2(self.width, self.up + self.down)
    }

    /// Draws it about a point, the part of `lit` lit; parts answer the pointer under the names that `name` gives.
    pub fn show(
        &self,
        ui: &Ui,
        center: Pos2,
        lit: StepKind,
        name: impl Fn(StepKind) -> &'static str,
    ) -> Touched {
        let tokens = theme::tokens(ui);
        let origin = pos2(center.x - self.width / 2.0, center.y + (self.up - self.down) / 2.0);
        let mut touched = Touched::default();
        let several = self.parts.iter().any(|(step, _)| *step != self.parts[0].0);
        let mut named: Vec<StepKind> = Vec::new();
        for (index, (step, rect)) in self.parts.iter().enumerate() {
            let rect = rect.translate(origin.to_vec2()).expand2(vec2(self.size * 0.08, self.size * 0.04));
            let response = ui.interact(rect, ui.scope_id().with(("formula", index)), Sense::click());
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name(*step)));
            if response.hovered() {
                ui.ctx().set_cursor_icon(egui::CursorIcon::PointingHand);
            }
            if *step == lit || response.hovered() {
                let share = if *step == lit { 0.16 } else { 0.06 };
                ui.painter().rect_filled(rect, 8, theme::mix(tokens.background, tokens.accent, share));
            }
            if response.clicked() {
                touched.clicked = Some(*step);
            }
            if several && !named.contains(step) {
                named.push(*step);
                let color = if *step == lit { tokens.accent_text } else { tokens.muted };
                let number = step.number().to_string();
                let font = theme::body(SMALL);
                // Above the line of a fraction, under all others
                let (at, align) = if rect.bottom() < origin.y {
                    (rect.left_top() + vec2(2.0, 0.0), Align2::LEFT_BOTTOM)
                } else {
                    (rect.center_bottom() + vec2(0.0, 2.0), Align2::CENTER_TOP)
                };
                ui.painter().text(at, align, number, font, color);
            }
        }
        for (ink, owners) in &self.inks {
            let color = if owners.contains(&lit) { tokens.accent_text } else { tokens.muted };
            ink.paint(ui, origin, color, (self.size * 0.045).max(1.0));
        }
        touched
    }
}

impl Ink {
    fn moved(self, by: Vec2) -> Self {
        match self {
            Self::Text(galley, at) => Self::Text(galley, at + by),
            Self::Line(a, b) => Self::Line(a + by, b + by),
            Self::Curve(points) => Self::Curve(points.map(|point| point + by)),
        }
    }

    fn paint(&self, ui: &Ui, origin: Pos2, color: Color32, width: f32) {
        let stroke = Stroke::new(width, color);
        match self {
            Self::Text(galley, at) => ui.painter().galley(origin + *at, Arc::clone(galley), color),
            Self::Line(a, b) => {
                ui.painter().line_segment([origin + *a, origin + *b], stroke);
            }
            Self::Curve(points) => {
                let points = points.map(|point| origin + point);
                let curve =
                    QuadraticBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, stroke);
                ui.painter().add(Shape::QuadraticBezier(curve));
            }
        }
    }
}
