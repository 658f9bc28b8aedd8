//! Every head of the live model at the step in sight: its map on the probe, its name, its role.

use crate::{
    analysis::atlas::Role,
    app::{
        atlas::Atlas,
        command::Command,
        palette::Palette,
        scene::{Out, Scene},
        theme::{self, SMALL},
        training::Act,
        widgets::{self, legend},
    },
    engine::{HeadReport, Report},
    model::HeadId,
    render::{Scale, Shader, ValueRange},
};
use egui::{Align2, Color32, Rect, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

const LAYER_NAME: f32 = 28.0;
/// Under a map: the bar, the name and the role.
const FOOT: f32 = 24.0;
const GAP: f32 = 12.0;
const LEGEND: f32 = 28.0;

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, atlas: &mut Atlas, out: &mut Out) {
    let words = scene.words.train;
    let Some((report, trace)) = scene.live.shown() else {
        widgets::header(ui, words.maps, "", |_| {});
        return widgets::empty(ui, words.begin, words.begin_sub);
    };
    let period = scene.live.probe.map_or(0, |probe| probe.period);
    widgets::header(ui, &(words.at_step)(report.steps), &(words.said_twice)(period), |_| {});
    let palette = Palette { scale: Scale::Linear, ..Palette::new(&scene.state.look, scene.dark) };
    let room = ui.available_rect_before_wrap().shrink2(vec2(14.0, 4.0));
    ui.allocate_rect(room, Sense::hover());
    let (layers, heads) = (trace.n_layers(), trace.heads(0));
    let across = (room.width() - LAYER_NAME) / heads as f32 - GAP;
    let down = (room.height() - LEGEND) / layers as f32 - GAP - FOOT;
    let side = across.min(down).min(480.0);
    if side < 12.0 {
        return;
    }
    let (all, pixels): (Vec<HeadId>, f32) = (trace.head_ids().collect(), side * ui.pixels_per_point());
    if !atlas.refresh(ui.ctx(), (scene.live.picture(), trace), None, &palette, (&all, pixels)) {
        ui.ctx().request_repaint();
    }
    let pitch = vec2(across.min(side * 1.5).max(side) + GAP, side + GAP + FOOT);
    for layer in 0..layers {
        let top = room.top() + layer as f32 * pitch.y + 4.0;
        let color = theme::tokens(ui).muted;
        let at = pos2(room.left(), top + side / 2.0);
        ui.painter().text(at, Align2::LEFT_CENTER, format!("L{layer}"), theme::body(SMALL), color);
        for head in 0..heads {
            let id = HeadId { layer, head };
            let left = room.left() + LAYER_NAME + head as f32 * pitch.x;
            let place = Rect::from_min_size(pos2(left, top), vec2(side, side + FOOT));
            let foot = place.left() + pitch.x - 8.0;
            thumbnail(ui, scene, report, atlas, (id, place, foot), out);
        }
    }
    let at = Rect::from_min_size(pos2(room.left(), room.bottom() - 22.0), vec2(140.0, 20.0));
    let shader = Shader::new(palette.map, palette.scale, ValueRange { low: 0.0, high: 1.0 });
    legend::show(ui, at, &shader, ("0", words.greatest));
    let note = pos2(at.right() + 16.0, at.top() + 4.0);
    ui.painter().text(note, Align2::LEFT_CENTER, words.bar, theme::body(SMALL), theme::tokens(ui).muted);
}

fn thumbnail(
    ui: &mut Ui,
    scene: &Scene<'_>,
    report: &Report,
    atlas: &Atlas,
    (head, place, foot): (HeadId, Rect, f32),
    out: &mut Out,
) {
    let (words, tokens) = (scene.words.train, theme::tokens(ui));
    let response = ui.interact(place, ui.scope_id().with(("live", head)), Sense::click());
    let name = head.to_string();
    response.widget_info(|| {
        egui::WidgetInfo::selected(
            egui::Role::Button,
            true,
            scene.live.head == head,
            (words.head_named)(&name),
        )
    });
    let map = Rect::from_min_size(place.min, vec2(place.width(), place.width()));
    if let Some((texture, uv)) = atlas.place(scene.live.picture(), None, head) {
        ui.painter().image(texture, map, uv, Color32::WHITE);
    }
    let selected = scene.live.head == head;
    if selected || response.hovered() || response.has_focus() {
        let stroke = if selected { Stroke::new(2.0, tokens.accent) } else { Stroke::new(1.0, tokens.dim) };
        ui.painter().rect_stroke(map, 0, stroke, StrokeKind::Outside);
    }
    let entry = report.heads.iter().find(|entry| entry.head == head);
    let score = entry.and_then(|entry| entry.scores.induction_stripe).unwrap_or_default() as f32;
    let bar = Rect::from_min_size(map.left_bottom() + vec2(0.0, 4.0), vec2(map.width(), 3.0));
    widgets::meter(ui, bar, score, tokens.measure);
    let color = if selected { tokens.accent_text } else { tokens.text };
    let line = bar.bottom() + 9.0;
    let galley = widgets::short(ui, &name, theme::mono(SMALL), 40.0, color);
    let at = Align2::LEFT_CENTER.anchor_size(pos2(map.left(), line), galley.size());
    ui.painter().galley(at.min, galley, color);
    // A role may reach beyond its map, up to the next one
    let room = foot - at.right() - 6.0;
    if let Some(role) = entry.and_then(strongest).filter(|_| room > 24.0) {
        let galley = widgets::short(ui, (words.role)(role), theme::body(SMALL), room, tokens.muted);
        let left = (map.right() - galley.size().x).max(at.right() + 6.0);
        let at = Align2::LEFT_CENTER.anchor_size(pos2(left, line), galley.size());
        ui.painter().galley(at.min, galley, tokens.muted);
    }
    if response.clicked() {
        out.send(Command::Train(Act::Select(head)));
    }
}

/// The role that a head is named by: the most telling of those it has, which stands first among all.
pub(super) fn strongest(entry: &HeadReport) -> Option<&'static Role> {
    entry.roles().next()
}
