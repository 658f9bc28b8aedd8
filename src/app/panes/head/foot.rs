//! Under the head view's map: what the bars are, the legend, and the cell under the pointer or the pin.

use super::{LEGEND, NARROW, Parts, Shown};
use crate::{
    app::{
        scene::Scene,
        theme::{self, BODY, SMALL, TITLE},
        widgets::{self, focus, legend},
        words::change,
    },
    render::Scale,
    trace::Weigh,
};
use egui::{Rect, Sense, Ui, pos2, vec2};

/// Cells of heads that may be computed in a frame.
const MOST: usize = 1 << 17;

pub(super) fn show(ui: &Ui, scene: &Scene<'_>, shown: &Shown<'_>, parts: &Parts) {
    let (tokens, area) = (theme::tokens(ui), parts.foot);
    if let Some(caption) = caption(scene, shown) {
        let galley = widgets::short(ui, &caption, theme::body(SMALL), area.width(), tokens.muted);
        ui.painter().galley(area.min, galley, tokens.muted);
    }
    let top = area.top() + 24.0;
    let bar = Rect::from_min_size(pos2(area.left(), top), vec2(LEGEND.min(area.width() * 0.5), 24.0));
    let ends = ends(scene, shown);
    legend::show(ui, bar, &shown.shader, (&ends.0, &ends.1));
    let response = ui.interact(bar, ui.scope_id().with(("legend", shown.second)), Sense::hover());
    let weigh = shown.recipe.steps.weigh;
    let words = scene.words.map;
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, words.legend));
    focus::say(&response, || format!("{} – {}", ends.0, ends.1));
    response.on_hover_text(format!(
        "{} – {}\n{}\n{}",
        ends.0,
        ends.1,
        shown.recipe.formula(shown.trace),
        (words.cell_why)(weigh)
    ));
    read_out(ui, scene, shown, pos2(bar.right() + 18.0, top - 5.0), area);
}

/// The values at the legend's ends.
fn ends(scene: &Scene<'_>, shown: &Shown<'_>) -> (String, String) {
    let (high, words) = (shown.shader.range().high, scene.words);
    let number = |value: f32| {
        if value >= 0.01 { format!("{value:.2}") } else { format!("{value:.1e}") }
    };
    let high_end = number(high);
    let signed = shown.shader.range().low < 0.0;
    match shown.palette.scale {
        Scale::Linear if signed => (format!("−{high_end}"), format!("+{high_end}")),
        Scale::Log if signed => (format!("−{high_end}"), format!("+{high_end} log")),
        Scale::Row if signed => (format!("− {}", words.row_max), format!("+ {}", words.row_max)),
        Scale::Linear => ("0".to_owned(), high_end),
        Scale::Log => (format!("{:.0e}", high / 65536.0), format!("{high_end} log")),
        Scale::Row => ("0".to_owned(), words.row_max.to_owned()),
        Scale::Rank => (words.least.to_owned(), words.greatest.to_owned()),
    }
}

/// Which row, or how many, the bars are of, and what it sums to.
fn caption(scene: &Scene<'_>, shown: &Shown<'_>) -> Option<String> {
    let words = scene.words;
    let kind = match (scene.state.map.beside, shown.recipe.steps.weigh) {
        (true, Weigh::Weights) => format!("{} · ", words.map.weight),
        (true, Weigh::Values) => format!("{} · ", words.map.length),
        (false, _) => String::new(),
    };
    let changes = scene.less().is_some();
    if let Some(row) = scene.row.filter(|_| shown.plain && !changes && scene.state.map.queries.is_empty()) {
        let row_of = (words.row_of)(&scene.query_name(row.query));
        return Some(format!("{kind}{row_of} · {}{}", (words.row_sum)(row.sum), marked(scene, shown)));
    }
    let (of, values) = shown.known.row()?;
    let said = match of {
        [one] => (words.row_of)(&shown.row_name(*one)),
        several => (words.map.mean_of)(several.len()),
    };
    let finite = values.iter().map(|&value| f64::from(value)).filter(|value| value.is_finite());
    let told = if changes && shown.recipe.steps.weigh == Weigh::Weights {
        // What some keys lose others have: their sum says nothing
        (words.map.moved)(finite.map(f64::abs).sum::<f64>() / 2.0)
    } else {
        (words.row_sum)(finite.sum())
    };
    Some(format!("{kind}{said} · {told}{}", marked(scene, shown)))
}

/// What the marked columns sum to in the row that is shown.
fn marked(scene: &Scene<'_>, shown: &Shown<'_>) -> String {
    let columns = shown.marked_columns(scene);
    let Some((_, values)) = shown.known.row().filter(|_| !columns.is_empty()) else { return String::new() };
    let sum: f32 = columns.iter().filter_map(|&column| values.get(column)).sum();
    format!(" · {} {sum:.4}", (scene.words.map.sum_of)(columns.len()))
}

/// The value under the pointer or the pin, and between which tokens: beside the legend, or under it.
fn read_out(ui: &Ui, scene: &Scene<'_>, shown: &Shown<'_>, at: egui::Pos2, area: Rect) {
    let (tokens, words) = (theme::tokens(ui), scene.words);
    let Some((query, key)) = scene.shown_query().zip(scene.shown_key()) else {
        let hint = widgets::short(ui, words.point_at, theme::body(BODY), area.right() - at.x, tokens.muted);
        ui.painter().galley(at + vec2(0.0, 1.0), hint, tokens.muted);
        return;
    };
    let (row, column) = (shown.row_of(query), shown.column_of(key));
    let value = value(scene, shown, (query, key), (row, column)).unwrap_or_else(|| words.masked.to_owned());
    let number = widgets::short(ui, &value, theme::strong(TITLE), 80.0, tokens.text);
    let beside = pos2(at.x + number.size().x + 14.0, at.y + 2.0);
    ui.painter().galley(at, number, tokens.text);
    let line = (words.cell)(&shown.row_name(row), &shown.column_name(column));
    let start = if area.width() < NARROW { area.left_top() + vec2(0.0, 50.0) } else { beside };
    let names = widgets::short(ui, &line, theme::mono(12.0), area.right() - start.x, tokens.muted);
    ui.painter().galley(start, names, tokens.muted);
}

/// The cell under the pointer or the pin in words: its value, its row, its column; else what can be done.
pub(super) fn told(scene: &Scene<'_>, shown: &Shown<'_>) -> String {
    let words = scene.words;
    let Some((query, key)) = scene.shown_query().zip(scene.shown_key()) else {
        return words.point_at.to_owned();
    };
    let (row, column) = (shown.row_of(query), shown.column_of(key));
    let value = value(scene, shown, (query, key), (row, column)).unwrap_or_else(|| words.masked.to_owned());
    format!("{value} {}", (words.cell)(&shown.row_name(row), &shown.column_name(column)))
}

/// A cell's value in words; none where it is masked.
fn value(
    scene: &Scene<'_>,
    shown: &Shown<'_>,
    (query, key): (usize, usize),
    (row, column): (usize, usize),
) -> Option<String> {
    if shown.plain {
        let pattern = shown.trace.pattern(scene.state.head);
        return pattern.keys(query).contains(&key).then(|| match scene.less() {
            Some((_, less)) => {
                let before = less.pattern(scene.state.head).cell(query, key);
                change(f64::from(pattern.cell(query, key) - before), 4)
            }
            None => format!("{:.4}", pattern.cell(query, key)),
        });
    }
    let map = &shown.sight?.map;
    // The map in sight may be of the head before, until the selected one's is made
    if row >= map.n_queries() || column >= map.n_keys() {
        return Some("…".to_owned());
    }
    if !map.seen(row).contains(&column) {
        return None;
    }
    let read = shown.known.row().filter(|(of, _)| *of == [row]).and_then(|(_, values)| values.get(column));
    let cells = map.queries().tokens(row..row + 1).len() * map.keys().tokens(column..column + 1).len();
    let cheap = cells * map.recipe().heads.len() <= MOST;
    let value = read.copied().or_else(|| cheap.then(|| map.cell(row, column)));
    Some(match value {
        Some(value) if map.is_signed() => change(f64::from(value), 4),
        Some(value) => format!("{value:.4}"),
        None => "…".to_owned(),
    })
}
