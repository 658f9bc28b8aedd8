//! Both texts in one strip: what is alike once, what differs as A's token over B's.

use super::ends;
use crate::{
    analysis::compare::Piece,
    app::{
        comparing::Both,
        scene::{Out, Scene},
        theme, widgets,
    },
    trace::Side,
};
use egui::{Align2, Color32, Rect, Sense, Stroke, StrokeKind, Ui, pos2, vec2};
use std::sync::Arc;

const CHIP: f32 = 20.0;
const LINE: f32 = 2.0 * CHIP + 6.0;
const GAP: f32 = 4.0;
/// Where the pieces are, relative to the strip, for one width and one language.
#[derive(Clone)]
struct Places {
    runs: (u64, u64),
    width: f32,
    title: &'static str,
    rects: Arc<[Rect]>,
}

/// Draws the strip of one text. A click pins A's token.
pub(super) fn show(
    ui: &mut Ui,
    scene: &Scene<'_>,
    (both, side): (Both<'_>, Side),
    pieces: &[Piece],
    out: &mut Out,
) {
    let (rects, width) = (places(ui, scene, (both, side), pieces), ui.available_width());
    let height = rects.last().map_or(CHIP, |last| last.bottom().max(CHIP));
    let (area, response) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
    response
        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::ListBox, true, scene.words.compare.aligned));
    // They lie line by line, so those in sight are one stretch
    let clip = ui.clip_rect().translate(-area.min.to_vec2());
    let first = rects.partition_point(|rect| rect.bottom() < clip.top());
    let after = rects.partition_point(|rect| rect.top() <= clip.bottom());
    for index in first..after.min(pieces.len()) {
        draw(ui, scene, (side, index), &pieces[index], rects[index].translate(area.min.to_vec2()), out);
    }
}

/// The pieces' places: measured anew only when runs, width or language change, since that takes longer than all else.
fn places(ui: &Ui, scene: &Scene<'_>, (both, side): (Both<'_>, Side), pieces: &[Piece]) -> Arc<[Rect]> {
    let (words, width) = (scene.words.compare, ui.available_width());
    let (runs, id) = ((both.a.0, both.b.0), ui.scope_id().with(("aligned places", side)));
    let known: Option<Places> = ui.data(|data| data.get_temp(id));
    let fits = |known: &Places| {
        let same = known.runs == runs && known.title == words.aligned && known.rects.len() == pieces.len();
        same && (known.width - width).abs() < 0.5
    };
    if let Some(known) = known.filter(fits) {
        return known.rects;
    }
    let wide = |piece: &Piece| {
        let texts = [piece.a.as_ref().map(|(_, text)| text), piece.b.as_ref()];
        let folded = (piece.folded > 0).then(|| (words.more_alike)(piece.folded));
        let long = |text: &String| {
            widgets::short(ui, text, theme::mono(12.0), width - 12.0, Color32::PLACEHOLDER).size().x
        };
        (texts.into_iter().flatten().chain(&folded).map(long).fold(0.0, f32::max) + 12.0).max(18.0)
    };
    let widths: Vec<f32> = pieces.iter().map(wide).collect();
    let mut rects = Vec::with_capacity(pieces.len());
    let mut y = 0.0;
    while rects.len() < pieces.len() {
        let (from, mut x) = (rects.len(), 0.0);
        let fits = |wide: &&f32| {
            x += **wide + GAP;
            x - GAP <= width || x - GAP <= **wide
        };
        let to = from + widths[from..].iter().take_while(fits).count().max(1);
        // A line on which all is alike needs no room for two
        let high = if pieces[from..to].iter().all(|piece| piece.same) { CHIP + 2.0 } else { LINE };
        let mut x = 0.0;
        for wide in &widths[from..to] {
            rects.push(Rect::from_min_size(pos2(x, y), vec2(*wide, high)));
            x += wide + GAP;
        }
        y += high + GAP;
    }
    let rects: Arc<[Rect]> = rects.into();
    let places = Places { runs, width, title: words.aligned, rects: Arc::clone(&rects) };
    ui.data_mut(|data| data.insert_temp(id, places));
    rects
}

fn draw(
    ui: &mut Ui,
    scene: &Scene<'_>,
    (side, index): (Side, usize),
    piece: &Piece,
    rect: Rect,
    out: &mut Out,
) {
    let (words, tokens) = (scene.words.compare, theme::tokens(ui));
    if piece.folded > 0 {
        let text = (words.more_alike)(piece.folded);
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, text, theme::body(12.0), tokens.muted);
        return;
    }
    let response = ui.interact(rect, ui.scope_id().with(("aligned", side, index)), Sense::click());
    // A long text has a thousand in sight: what only a pointed one needs is made then
    let name = || {
        let own = piece.a.as_ref().map_or("–", |(_, text)| text);
        // The place in the row: a text says a word more than once
        (words.chip)(index, own, piece.b.as_deref().unwrap_or("–"))
    };
    let pinned = piece.a.as_ref().is_some_and(|(token, _)| scene.pinned_on(side) == Some(*token));
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, pinned, name()));
    let lit = piece.a.as_ref().is_some_and(|(token, _)| scene.shown_on(side) == Some(*token));
    let middle = Rect::from_center_size(rect.center(), vec2(rect.width(), CHIP + 2.0));
    let top = Rect::from_min_size(rect.min, vec2(rect.width(), CHIP));
    let bottom = Rect::from_min_max(pos2(rect.left(), rect.bottom() - CHIP), rect.max);
    let colors = ends(scene);
    let chip = |ui: &Ui, rect: Rect, text: &str, fill: Color32| {
        let stroke = match (pinned, lit) {
            (true, _) => Stroke::new(1.5, tokens.accent),
            (_, true) => Stroke::new(1.0, tokens.muted),
            _ => Stroke::NONE,
        };
        ui.painter().rect(rect, 5, fill, stroke, StrokeKind::Inside);
        let galley = widgets::short(ui, text, theme::mono(12.0), rect.width() - 8.0, tokens.text);
        let at = Align2::CENTER_CENTER.anchor_size(rect.center(), galley.size());
        ui.painter().galley(at.min, galley, tokens.text);
    };
    let tinted = |color| if piece.alike { tokens.raised } else { theme::mix(tokens.panel, color, 0.35) };
    match (&piece.a, &piece.b) {
        (Some((_, own)), _) if piece.same => chip(ui, middle, own, tokens.raised),
        (own, theirs) => {
            if let Some((_, own)) = own {
                chip(ui, top, own, tinted(colors[0]));
            }
            if let Some(theirs) = theirs {
                chip(ui, bottom, theirs, tinted(colors[1]));
            }
        }
    }
    if let Some((token, _)) = &piece.a {
        if response.hovered() {
            out.hover = scene.pointed(side, *token);
        }
        if response.clicked() {
            out.commands.extend(scene.pin_or_let_go(side, *token));
        }
    }
    let only = match (&piece.a, &piece.b) {
        (None, _) => words.only_b,
        (_, None) => words.only_a,
        _ => return,
    };
    if response.hovered() {
        response.on_hover_text(format!("{} ({only})", name()));
    }
}
