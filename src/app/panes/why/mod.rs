//! Why this cell: its weight as the softmax made it, its score by component and by head dimension, and the sums.

mod bars;
mod table;

use crate::{
    analysis::Why,
    app::{
        command::Command,
        reasons::{Bars, WhyState},
        scene::{Out, Scene},
        theme::{self, BODY, SMALL},
        widgets::{self, segments},
        words::grouped,
        words::signed,
    },
    trace::Side,
};
use egui::{
    Align, Align2, Color32, Frame, Layout, Margin, Pos2, RichText, ScrollArea, Sense, Stroke, Ui, pos2, vec2,
};

/// Size of the numbers that one reads first.
const LARGE: f32 = 20.0;
/// Room for the two tokens beside the equation; with less they stand below it.
const TOKENS: f32 = 150.0;
/// A residual above this part of the score, or of its terms' size, is no rounding.
const ROUNDING: f64 = 1e-4;

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let words = scene.words.why;
    widgets::header(ui, words.title, words.subtitle, |_| {});
    if scene.trace.is_none() {
        return widgets::empty(ui, scene.first_step().0, scene.words.waiting);
    }
    if let Some(banner) = scene.reasons.why_not() {
        return widgets::empty(ui, &banner.what, banner.hint.as_deref().unwrap_or(""));
    }
    let Some(why) = scene.reasons.why() else {
        return widgets::empty(ui, scene.words.waiting, "");
    };
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        Frame::new().inner_margin(Margin { left: 16, right: 16, top: 4, bottom: 12 }).show(ui, |ui| {
            equation(ui, scene, why);
            line(ui);
            match &why.table {
                Some(own) => table::show(ui, scene, own, out),
                None => _ = ui.label(RichText::new(words.no_table).color(theme::tokens(ui).muted)),
            }
            line(ui);
            dimensions(ui, scene, why, out);
            line(ui);
            sums(ui, scene, why);
        });
    });
}

/// The view's own state, changed.
pub(super) fn set(out: &mut Out, scene: &Scene<'_>, change: impl FnOnce(&mut WhyState)) {
    let mut why = scene.state.why;
    change(&mut why);
    out.send(Command::SetWhy(why));
}

fn line(ui: &mut Ui) {
    ui.add_space(8.0);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 1.0), Sense::hover());
    ui.painter().hline(rect.x_range(), rect.center().y, Stroke::new(1.0, theme::tokens(ui).line));
    ui.add_space(8.0);
}

/// Paints a number with what it is below, and goes on to its right.
fn number(ui: &Ui, at: &mut Pos2, text: &str, color: Color32, below: &str) {
    let tokens = theme::tokens(ui);
    let paint =
        |at: Pos2, align: Align2, text: &str, font, color| ui.painter().text(at, align, text, font, color);
    let number = paint(*at, Align2::LEFT_TOP, text, theme::strong(LARGE), color);
    let caption = paint(*at + vec2(0.0, 26.0), Align2::LEFT_TOP, below, theme::body(SMALL), tokens.muted);
    at.x = number.right().max(caption.right()) + 8.0;
}

fn sign(ui: &Ui, at: &mut Pos2, text: &str) {
    let color = theme::tokens(ui).muted;
    at.x = ui.painter().text(*at, Align2::LEFT_TOP, text, theme::body(LARGE), color).right() + 8.0;
}

/// weight = exp(score − log-sum-exp), and which two tokens it is about.
fn equation(ui: &mut Ui, scene: &Scene<'_>, why: &Why) {
    let (words, tokens) = (scene.words.why, theme::tokens(ui));
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 46.0), Sense::hover());
    let mut at = rect.min + vec2(0.0, 2.0);
    number(ui, &mut at, &format!("{:.4}", why.weight), tokens.accent_text, words.weight);
    sign(ui, &mut at, "= exp (");
    number(ui, &mut at, &signed(why.score), tokens.text, words.score);
    sign(ui, &mut at, "−");
    number(ui, &mut at, &signed(why.lse), tokens.text, words.lse);
    sign(ui, &mut at, ")");
    let said = format!("{:.4} = exp({:.4} − {:.4})", why.weight, why.score, why.lse);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &said));
    let sides = [
        (scene.rows(), why.cell.query, words.query, tokens.accent_text),
        (scene.columns(), why.cell.key, words.key, tokens.text),
    ];
    if rect.right() - at.x < TOKENS {
        ui.horizontal(|ui| {
            for (side, token, name, color) in sides {
                ui.label(RichText::new(token_text(scene, side, token)).font(theme::mono(12.0)).color(color));
                let place = format!("{name} {}", grouped(token as u64));
                ui.label(RichText::new(place).size(SMALL).color(tokens.muted));
            }
        });
    } else {
        for (index, (side, token, name, color)) in sides.into_iter().enumerate() {
            let right = pos2(rect.right(), rect.top() + 12.0 + 20.0 * index as f32);
            let place = format!("{name} {}", grouped(token as u64));
            let place =
                ui.painter().text(right, Align2::RIGHT_CENTER, place, theme::body(SMALL), tokens.muted);
            let room = place.left() - at.x - 16.0;
            let text = widgets::short(ui, token_text(scene, side, token), theme::mono(12.0), room, color);
            let at = Align2::RIGHT_CENTER.anchor_size(pos2(place.left() - 8.0, right.y), text.size());
            ui.painter().galley(at.min, text, color);
        }
    }
    let mut more = Vec::new();
    if let Some(cap) = why.cap {
        more.push((words.capped)(why.product + why.distance, cap));
    }
    if why.bias != 0.0 {
        more.push((words.bias)(why.bias));
    }
    if why.distance != 0.0 {
        more.push((words.distance)(why.distance));
    }
    if why.sink > 0.0 {
        more.push((words.sink)(why.sink));
    }
    if why.changed {
        more.push(words.changed.to_owned());
    }
    if !more.is_empty() {
        ui.add_space(4.0);
        ui.label(RichText::new(more.join(" · ")).size(12.0).color(tokens.muted));
    }
}

fn token_text<'a>(scene: &'a Scene<'_>, side: Side, token: usize) -> &'a str {
    scene.labels_of(side).get(token)
}

/// A section's title, what it is about, and its choices at the right; the one that was chosen anew.
fn section(ui: &mut Ui, title: &str, about: &str, choices: &[(&str, bool)]) -> Option<usize> {
    let tokens = theme::tokens(ui);
    let mut chosen = None;
    ui.horizontal(|ui| {
        ui.label(RichText::new(title.to_uppercase()).font(theme::strong(SMALL)).color(tokens.muted));
        ui.add_space(8.0);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            chosen = segments::show(ui, choices);
            let room = ui.available_width() - 8.0;
            if room > 60.0 {
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.label(widgets::short(ui, about, theme::body(SMALL), room, tokens.muted));
                });
            }
        });
    });
    ui.add_space(4.0);
    chosen
}

fn dimensions(ui: &mut Ui, scene: &Scene<'_>, why: &Why, out: &mut Out) {
    let (words, now) = (scene.words.why, scene.state.why.bars);
    let mut choices = vec![(Bars::InOrder, words.in_order), (Bars::BySize, words.by_size)];
    if !why.pairs.is_empty() {
        choices.push((Bars::Pairs, words.pairs));
    }
    let now = if why.pairs.is_empty() && now == Bars::Pairs { Bars::InOrder } else { now };
    let shown: Vec<(&str, bool)> = choices.iter().map(|&(bars, name)| (name, bars == now)).collect();
    let scale = scene.trace.and_then(|trace| trace.spec.blocks.get(why.cell.head.layer));
    let scale = scale.map_or(1.0, |block| block.attention.scale);
    let about = format!("q[d] · k[d] · {scale:.4}");
    if let Some(chosen) = section(ui, words.by_dimension, &about, &shown) {
        set(out, scene, |why| why.bars = choices[chosen].0);
    }
    bars::show(ui, scene, why, now);
}

fn sums(ui: &mut Ui, scene: &Scene<'_>, why: &Why) {
    let (words, tokens) = (scene.words.why, theme::tokens(ui));
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 46.0), Sense::hover());
    let mut at = rect.min + vec2(0.0, 2.0);
    if let Some(table) = &why.table {
        number(ui, &mut at, &signed(table.sum()), tokens.text, &(words.sum_components)(table.values.len()));
        sign(ui, &mut at, "=");
    }
    let by_dimension: f64 = why.dimensions.iter().sum();
    let distance = why.distance != 0.0 && why.table.is_some();
    if !distance {
        number(
            ui,
            &mut at,
            &signed(by_dimension),
            tokens.text,
            &(words.sum_dimensions)(why.dimensions.len()),
        );
        sign(ui, &mut at, "=");
    }
    number(ui, &mut at, &signed(why.product + why.distance), tokens.text, words.of_the_pass);
    let size = why.dimensions.iter().map(|x| x.abs()).sum::<f64>() / 20.0;
    let residual = why.residual();
    let agree = residual.abs() <= ROUNDING * (why.product + why.distance).abs().max(size);
    let (verdict, color) =
        if agree { (words.agree, tokens.measure_text) } else { (words.differ, tokens.error) };
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, verdict));
    if rect.right() - at.x < 84.0 {
        return;
    }
    let text = rect.right_top() + vec2(0.0, 6.0);
    let text = ui.painter().text(text, Align2::RIGHT_TOP, verdict, theme::body(BODY), color);
    if agree {
        let at = text.left_center() - vec2(14.0, 0.0);
        let points = [vec2(-4.0, 0.0), vec2(-1.0, 3.5), vec2(5.0, -4.0)].map(|by| at + by);
        ui.painter().line(points.to_vec(), Stroke::new(1.5, color));
    }
    let below = rect.right_top() + vec2(0.0, 28.0);
    let residual = (words.residual)(residual.abs());
    ui.painter().text(below, Align2::RIGHT_TOP, residual, theme::body(SMALL), tokens.muted);
}
