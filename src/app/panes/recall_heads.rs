//! Which heads carry recall: how often each looks at what is copied, what cutting it costs, and what masking the best
//! of them together does, beside as many others.

use super::{
    recall_curve::{Plot, said},
    river::share_done,
};
use crate::{
    app::{
        command::Command,
        scene::{Out, Scene},
        theme::{self, SMALL},
        widgets,
        words::change,
    },
    engine::{Carrier, Carriers},
};
use egui::{Align2, Color32, Rect, Sense, Ui, pos2, vec2};

const ROW: f32 = 18.0;
/// Room of the column titles.
const HEAD: f32 = 20.0;
/// From this width on the curve stands beside the list.
const WIDE: f32 = 400.0;

/// Draws the list and the curve.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, area: Rect, out: &mut Out) {
    let derived = &scene.memory.carriers;
    let found = match (derived.latest(), derived.error()) {
        (_, Some(error)) => return said(ui, area, &error.what, error.hint.as_deref().unwrap_or("")),
        (Some((_, (_, found))), _) => found,
        _ => return said(ui, area, scene.words.recall.cutting, &share_done(derived.progress())),
    };
    if area.width() > WIDE {
        let split = area.left() + (area.width() * 0.5).min(280.0);
        list(ui, scene, found, area.with_max_x(split - 8.0), out);
        curve(ui, scene, found, area.with_min_x(split + 8.0));
    } else {
        list(ui, scene, found, area, out);
    }
}

fn list(ui: &Ui, scene: &Scene<'_>, found: &Carriers, area: Rect, out: &mut Out) {
    let (words, tokens) = (scene.words.recall, theme::tokens(ui));
    let put = |at: egui::Pos2, align: Align2, text: &str, font, width: f32, color: Color32| {
        let galley = widgets::short(ui, text, font, width, color);
        ui.painter().galley(align.anchor_size(at, galley.size()).min, galley, color);
    };
    let (bars, cost) = (area.left() + names(area.width()), area.right());
    let title = |x: f32, align, text: &str, width| {
        put(pos2(x, area.top() + 8.0), align, text, theme::body(SMALL), width, tokens.muted);
    };
    title(bars, Align2::LEFT_CENTER, words.retrieval, (area.right() - bars - 90.0).max(40.0));
    title(cost, Align2::RIGHT_CENTER, words.when_cut, 86.0);
    let fitting = ((area.height() - HEAD) / ROW).max(0.0) as usize;
    for (index, own) in found.by_retrieval().into_iter().take(fitting).enumerate() {
        let top = area.top() + HEAD + index as f32 * ROW;
        let row = Rect::from_min_size(pos2(area.left() - 4.0, top), vec2(area.width() + 8.0, ROW));
        line(ui, scene, found, own, row, out);
    }
}

/// Room for a head's name and role, in a row of this width.
fn names(width: f32) -> f32 {
    (width - 180.0).clamp(40.0, 126.0)
}

fn line(ui: &Ui, scene: &Scene<'_>, found: &Carriers, own: &Carrier, row: Rect, out: &mut Out) {
    let (words, tokens) = (scene.words.recall, theme::tokens(ui));
    let (head, on) = (own.head(), own.head() == scene.state.head);
    let change = format!("{} %", change((own.cut.p - found.p) * 100.0, 1));
    let response = ui.interact(row, ui.scope_id().with(("carrier", head)), Sense::click());
    let said = (words.carrier)(&head.to_string(), own.retrieval, &change);
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, on, &said));
    out.point_at(head, &response);
    if on || scene.hover.head == Some(head) {
        ui.painter().rect_filled(row, 4, tokens.raised);
    }
    if response.clicked() {
        out.send(Command::SelectHead(head));
    }
    let put = |at: egui::Pos2, align: Align2, text: &str, font, color: Color32| {
        let galley = widgets::short(ui, text, font, 70.0, color);
        ui.painter().galley(align.anchor_size(at, galley.size()).min, galley, color);
    };
    let (middle, left, name) = (row.center().y, row.left() + 4.0, names(row.width()));
    let color = if on { tokens.accent_text } else { tokens.text };
    let named = scene.with_role(head.to_string(), head);
    let galley = widgets::short(ui, &named, theme::mono(12.0), name - 8.0, color);
    ui.painter().galley(
        Align2::LEFT_CENTER.anchor_size(pos2(left, middle), galley.size()).min,
        galley,
        color,
    );
    let right = row.right() - 4.0;
    put(pos2(right, middle), Align2::RIGHT_CENTER, &change, theme::body(12.0), color);
    let score = format!("{:.2}", own.retrieval);
    put(pos2(right - 70.0, middle), Align2::RIGHT_CENTER, &score, theme::body(12.0), color);
    let track = Rect::from_min_max(pos2(left + name, middle - 3.0), pos2(right - 104.0, middle + 3.0));
    if track.width() > 12.0 {
        let fill = if on { tokens.accent } else { tokens.measure };
        widgets::meter(ui, track, own.retrieval as f32, fill);
    }
}

fn curve(ui: &Ui, scene: &Scene<'_>, found: &Carriers, area: Rect) {
    let (words, tokens) = (scene.words.recall, theme::tokens(ui));
    let mut plot = Plot::new(ui, area);
    let most = found.masked.last().map_or(1, |masked| masked.top.heads.len()).max(1) as f32;
    let rect = plot.rect;
    let x = |n: usize| rect.left() + rect.width() * n as f32 / most;
    let mut last = f32::NEG_INFINITY;
    for n in std::iter::once(0).chain(found.masked.iter().map(|masked| masked.top.heads.len())) {
        if x(n) - last >= 16.0 {
            plot.tick(x(n), &n.to_string());
            last = x(n);
        }
    }
    plot.across(words.masked);
    let with = |of: fn(&crate::engine::Masked) -> f64| -> Vec<(f32, f64)> {
        let points = found.masked.iter().map(|masked| (x(masked.top.heads.len()), of(masked)));
        std::iter::once((x(0), found.p)).chain(points).collect()
    };
    plot.curve(&with(|masked| masked.control_p), tokens.dim, words.any_heads);
    plot.curve(&with(|masked| masked.top.p), tokens.measure, words.best_heads);
}
