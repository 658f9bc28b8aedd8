//! What the pictures of hidden states share: room, labels, the line under them.

use crate::{
    app::{
        scene::Scene,
        theme::{self, SMALL},
        widgets::{self, axis},
    },
    trace::Side,
};
use egui::{Align2, Rect, Sense, Ui, pos2, vec2};
use egui_plot::{AxisHints, GridMark};

/// Width of the labels left of a picture.
pub(super) const LABEL: f32 = 84.0;
const FOOT: f32 = 30.0;

/// Whose tokens the chosen stream has.
pub(super) fn side(scene: &Scene<'_>) -> Side {
    let known = scene.trace.zip(scene.stream());
    known.map_or(Side::Target, |(trace, stream)| trace.spec.stream_side(stream))
}

/// Width of a column of lines at most: longer ones do not read well.
pub(super) const WIDEST: f32 = 720.0;

/// A column of lines; alone in a wide window it stands in the middle.
pub(super) fn column(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    let beside = ui.available_width() - WIDEST;
    if beside <= 0.0 {
        return add(ui);
    }
    let spacing = ui.spacing().item_spacing;
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        ui.add_space(beside / 2.0);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing = spacing;
            ui.set_width(WIDEST);
            add(ui);
        });
    });
}

/// What the pane has below its header.
pub(super) fn whole(ui: &Ui) -> Rect {
    ui.available_rect_before_wrap().shrink2(vec2(14.0, 0.0))
}

/// Room within `all` for a picture with labels left of it and a line under it.
pub(super) fn room(ui: &mut Ui, above: f32, all: Rect) -> (Rect, Rect) {
    ui.allocate_rect(all, Sense::hover());
    let map =
        Rect::from_min_max(pos2(all.left() + LABEL, all.top() + above), all.max - vec2(0.0, FOOT + 6.0));
    let foot = Rect::from_min_size(map.left_bottom() + vec2(0.0, 8.0), vec2(map.width(), FOOT));
    (map, foot)
}

/// A plot's axis of layers: whole numbers, which need little room.
pub(super) fn layers(name: &str) -> AxisHints<'_> {
    let whole = |mark: GridMark, _: &_| {
        if mark.value.fract() == 0.0 { format!("{:.0}", mark.value) } else { String::new() }
    };
    AxisHints::new_x().label(name).label_spacing(16.0..=28.0).formatter(whole)
}

/// Where the colours end before the values do, the legend says so.
pub(super) fn outliers(scene: &Scene<'_>, greatest: f32, limit: f32) -> String {
    if greatest > limit * 1.01 { (scene.words.outliers)(greatest, limit) } else { String::new() }
}

pub(super) fn read_out(ui: &Ui, foot: Rect, line: &str) {
    let tokens = theme::tokens(ui);
    let galley = widgets::short(ui, line, theme::mono(12.0), foot.width() - 170.0, tokens.text);
    ui.painter().galley(foot.min + vec2(170.0, -3.0), galley, tokens.text);
}

pub(super) fn row_labels(
    ui: &Ui,
    map: Rect,
    n: usize,
    pitch: f32,
    marked: Option<usize>,
    name: impl Fn(usize) -> String,
) {
    let tokens = theme::tokens(ui);
    let step = axis::every(pitch, SMALL + 2.0);
    let near = |row: usize| {
        marked.is_some_and(|mark| mark != row && row.abs_diff(mark) as f32 * pitch < SMALL + 2.0)
    };
    for row in (0..n)
        .step_by(step)
        .filter(|&row| !near(row))
        .chain(marked.filter(|mark| mark % step != 0 && *mark < n))
    {
        let color = if marked == Some(row) { tokens.accent_text } else { tokens.muted };
        let galley = widgets::short(ui, &name(row), theme::mono(SMALL), LABEL - 10.0, color);
        let at = pos2(map.left() - 7.0, map.top() + (row as f32 + 0.5) * pitch);
        ui.painter().galley(Align2::RIGHT_CENTER.anchor_size(at, galley.size()).min, galley, color);
    }
}
