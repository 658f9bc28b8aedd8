//! Recall as curves: by the distance of the fact, and by how many facts about others stand around it.

use super::river::share_done;
use crate::{
    app::{
        memory,
        scene::Scene,
        theme::{self, SMALL},
        widgets,
    },
    engine::{Recall, by_distance as points},
};
use egui::{Align2, Color32, Rect, Stroke, Ui, pos2, vec2};

/// A plot of probabilities.
pub(super) struct Plot<'a> {
    ui: &'a Ui,
    /// Where curves go.
    pub(super) rect: Rect,
    /// Where the next name stands, from the right.
    right: f32,
    top: f32,
}

impl<'a> Plot<'a> {
    /// Of probabilities: draws the lines of a quarter each.
    pub(super) fn new(ui: &'a Ui, area: Rect) -> Self {
        Self::with(ui, area, &|p| if p >= 1.0 { "100 %".to_owned() } else { format!("{:.0}", p * 100.0) })
    }

    /// The same of other shares of a whole, with their numbers.
    fn with(ui: &'a Ui, area: Rect, number: &dyn Fn(f64) -> String) -> Self {
        let rect = Rect::from_min_max(area.min + vec2(40.0, 26.0), area.max - vec2(8.0, 40.0));
        let plot = Self { ui, rect, right: area.right() - 8.0, top: area.top() };
        let tokens = theme::tokens(ui);
        let step = if rect.height() > 90.0 { 1 } else { 2 };
        for quarter in (0..=4).step_by(step) {
            let p = f64::from(quarter) / 4.0;
            ui.painter().hline(rect.x_range(), plot.y(p), Stroke::new(1.0, tokens.line));
            plot.put(pos2(rect.left() - 8.0, plot.y(p)), Align2::RIGHT_CENTER, &number(p), tokens.muted);
        }
        plot
    }

    pub(super) fn y(&self, p: f64) -> f32 {
        self.rect.bottom() - self.rect.height() * p as f32
    }

    fn put(&self, at: egui::Pos2, align: Align2, text: &str, color: Color32) {
        let galley = widgets::short(self.ui, text, theme::body(SMALL), self.rect.width() + 40.0, color);
        self.ui.painter().galley(align.anchor_size(at, galley.size()).min, galley, color);
    }

    /// A number under the plot.
    pub(super) fn tick(&self, x: f32, text: &str) {
        self.put(pos2(x, self.rect.bottom() + 6.0), Align2::CENTER_TOP, text, theme::tokens(self.ui).muted);
    }

    /// What the numbers under the plot are.
    pub(super) fn across(&self, text: &str) {
        let at = pos2(self.rect.center().x, self.rect.bottom() + 22.0);
        self.put(at, Align2::CENTER_TOP, text, theme::tokens(self.ui).muted);
    }

    /// A curve with its name on top, names from right to left.
    pub(super) fn curve(&mut self, points: &[(f32, f64)], color: Color32, name: &str) {
        let painter = self.ui.painter();
        let line: Vec<egui::Pos2> = points.iter().map(|&(x, p)| pos2(x, self.y(p))).collect();
        painter.extend(line.iter().map(|&at| egui::Shape::circle_filled(at, 2.5, color)));
        painter.add(egui::Shape::line(line, Stroke::new(1.8, color)));
        let text = theme::tokens(self.ui).text;
        let galley = widgets::short(self.ui, name, theme::body(12.0), 130.0, text);
        self.right -= galley.size().x;
        let at = pos2(self.right, self.top + 1.0);
        let dash = self.right - 24.0..=self.right - 6.0;
        painter.hline(dash, at.y + galley.size().y / 2.0, Stroke::new(2.0, color));
        painter.galley(at, galley, text);
        self.right -= 36.0;
    }
}

/// By the tokens between fact and question; clean and changed.
pub(super) fn by_distance(ui: &Ui, scene: &Scene<'_>, recall: &Recall, area: Rect) {
    let (words, tokens) = (scene.words.memory, theme::tokens(ui));
    let mut plot = Plot::new(ui, area);
    let clean = points(&recall.cells);
    let changed = recall.changed.as_deref().map(points);
    let ends = |f: fn(f64, f64) -> f64, start: f64| clean.iter().fold(start, |end, point| f(end, point.0));
    let (low, high) = (ends(f64::min, f64::INFINITY).log2().floor(), ends(f64::max, 1.0).log2().ceil());
    let rect = plot.rect;
    let x = |distance: f64| {
        let share = (distance.max(1.0).log2() - low) / (high - low).max(1.0);
        rect.left() + rect.width() * share.clamp(0.0, 1.0) as f32
    };
    for power in low as i32..=high as i32 {
        let distance = f64::from(power).exp2();
        plot.tick(x(distance), &format!("{distance:.0}"));
    }
    plot.across(words.tokens_back);
    let placed = |points: &[(f64, f64)]| points.iter().map(|&(d, p)| (x(d), p)).collect::<Vec<_>>();
    if let Some(changed) = &changed {
        plot.curve(&placed(changed), tokens.accent, words.with_changes);
    }
    plot.curve(&placed(&clean), tokens.text, words.all_heads);
    let down = memory::DEPTHS.len();
    let chosen = scene.state.memory.cell.and_then(|(column, row)| recall.cells.get(column * down + row));
    if let Some(cell) = chosen {
        let at = x(cell.distance);
        let line = [pos2(at, rect.top()), pos2(at, rect.bottom())];
        ui.painter().extend(egui::Shape::dashed_line(&line, Stroke::new(1.2, tokens.accent), 4.0, 3.0));
        let text = format!("{:.0}", cell.distance);
        plot.put(pos2(at, rect.top() - 2.0), Align2::CENTER_BOTTOM, &text, tokens.accent_text);
    }
}

/// By the number of facts about others that are told around the one that is asked for.
pub(super) fn by_others(ui: &mut Ui, scene: &Scene<'_>, area: Rect) {
    let (words, tokens) = (scene.words.recall, theme::tokens(ui));
    let derived = &scene.memory.others;
    let found = match (derived.latest(), derived.error()) {
        (_, Some(error)) => return said(ui, area, &error.what, error.hint.as_deref().unwrap_or("")),
        (Some((_, (_, found))), _) => found,
        _ => return said(ui, area, words.asking, &share_done(derived.progress())),
    };
    let mut plot = Plot::new(ui, area);
    let most = found.iter().map(|point| point.distractors).max().unwrap_or(1).max(1) as f32;
    let rect = plot.rect;
    let x = |n: usize| rect.left() + rect.width() * n as f32 / most;
    for point in found {
        plot.tick(x(point.distractors), &point.distractors.to_string());
    }
    plot.across(words.others);
    let p: Vec<(f32, f64)> = found.iter().map(|point| (x(point.distractors), point.p)).collect();
    let right: Vec<(f32, f64)> = found.iter().map(|point| (x(point.distractors), point.right)).collect();
    plot.curve(&right, tokens.measure, words.right);
    plot.curve(&p, tokens.text, words.probability);
}

/// Random tokens that are read twice: the loss by position, clean and changed.
pub(super) fn read_twice(ui: &mut Ui, scene: &Scene<'_>, area: Rect) {
    let (words, tokens) = (scene.words.recall, theme::tokens(ui));
    let derived = &scene.memory.twice;
    let (clean, changed) = match (derived.latest(), derived.error()) {
        (_, Some(error)) => return said(ui, area, &error.what, error.hint.as_deref().unwrap_or("")),
        (Some((_, read)), _) => (&read.clean, &read.changed),
        _ => return said(ui, area, words.reading, &share_done(derived.progress())),
    };
    let both = clean.losses.iter().chain(changed.iter().flat_map(|changed| &changed.losses));
    let most = both.copied().fold(1.0, f64::max);
    let mut plot = Plot::with(ui, area, &|share| format!("{:.1}", share * most));
    let n = clean.losses.len().max(2);
    let rect = plot.rect;
    let x = |position: usize| rect.left() + rect.width() * (position - 1) as f32 / (n - 1) as f32;
    let again = clean.again.unwrap_or(n);
    for position in [1, again, n] {
        plot.tick(x(position.min(n)), &position.to_string());
    }
    plot.across(words.position);
    let line = [pos2(x(again.min(n)), rect.top()), pos2(x(again.min(n)), rect.bottom())];
    ui.painter().extend(egui::Shape::dashed_line(&line, Stroke::new(1.2, tokens.dim), 4.0, 3.0));
    let placed = |losses: &[f64]| -> Vec<(f32, f64)> {
        losses.iter().enumerate().map(|(at, loss)| (x(at + 1), loss / most)).collect()
    };
    if let Some(changed) = changed {
        plot.curve(&placed(&changed.losses), tokens.accent, scene.words.memory.with_changes);
    }
    plot.curve(&placed(&clean.losses), tokens.text, scene.words.memory.all_heads);
    let told = clean.first_and_second.map(|(first, second)| (words.first_and_second)(first, second));
    let told = told.unwrap_or_default();
    let name = widgets::short(ui, &told, theme::body(SMALL), rect.width() * 0.5, tokens.muted);
    ui.painter().galley(area.min + vec2(40.0, 4.0), name, tokens.muted);
    ui.interact(area, ui.scope_id().with("read twice"), egui::Sense::hover())
        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &told));
}

/// Words in the middle of an area.
pub(super) fn said(ui: &mut Ui, area: Rect, title: &str, text: &str) {
    let mut middle = ui.new_child(egui::UiBuilder::new().max_rect(area).id_salt("said"));
    widgets::empty(&mut middle, title, text);
}
