//! The thumbnails themselves: titles of parts, names of layers, maps with their frames, marks and bars.

use super::{
    choose, greatest,
    grid::{BAR, GROUP_TITLE, Grid, Group, Thumb, gap},
    share,
};
use crate::{
    analysis::{Filter, Measure, measure},
    app::{
        atlas::Atlas,
        palette::Palette,
        scene::{Out, Scene},
        theme::{self, SMALL},
        widgets,
    },
    model::HeadId,
    trace::Trace,
};
use egui::{Align2, Color32, Pos2, Rect, Sense, Stroke, StrokeKind, Ui, pos2, vec2};
use std::collections::HashMap;

/// What thumbnails are drawn with.
pub(super) struct Art<'a> {
    pub trace: &'a Trace,
    pub scene: &'a Scene<'a>,
    pub atlas: &'a Atlas,
    pub palette: &'a Palette,
    /// Numbers of the chosen heads, the one under the glass being the first; empty where it is the only one.
    pub numbers: &'a HashMap<HeadId, usize>,
    /// Heads under the band that is being drawn.
    pub caught: &'a [HeadId],
    /// What heads must pass.
    pub filter: Option<&'a Filter>,
    /// Heads that do not pass are not drawn.
    pub hide: bool,
}

impl Grid {
    /// Draws every head in sight.
    pub(super) fn show(&self, ui: &mut Ui, origin: Pos2, art: &Art<'_>, out: &mut Out) {
        let &Art { trace, scene, .. } = art;
        let measure = measure(&scene.state.look.tint);
        let greatest = measure.map_or(0.0, |measure| greatest(trace, measure));
        for group in &self.groups {
            let corner = origin + group.corner;
            if self.groups.len() > 1 {
                self.title(ui, group, corner, scene);
            }
            if !self.sorted && group.left > 0.0 {
                let in_part = trace.spec.index_in_part(scene.state.head.layer);
                let here = |layer: usize| group.layers.get(layer) == Some(&scene.state.head.layer);
                let selected = |layer: usize| if self.beside { layer == in_part } else { here(layer) };
                self.name_layers(ui, corner, if self.beside { self.highest } else { group.down }, selected);
            }
            for thumb in self.places(group, trace, origin) {
                if !ui.is_rect_visible(thumb.rect.expand(20.0)) {
                    continue;
                }
                let passes = art.filter.is_none_or(|filter| filter.keeps(trace, thumb.head));
                if art.hide && !passes {
                    continue;
                }
                let value = measure.filter(|_| thumb.head.layer < trace.layers_done());
                let value = value.map(|measure| (measure, (measure.value)(&trace.measures(thumb.head))));
                self.cell(ui, (&thumb, passes), value, greatest, art, out);
            }
        }
    }

    /// The part's name over its heads, and what looks at what in it where there is room.
    fn title(&self, ui: &Ui, group: &Group, origin: Pos2, scene: &Scene<'_>) {
        let tokens = theme::tokens(ui);
        let width = group.left + self.pitch.x * group.across as f32;
        let name = (scene.words.part)(group.part);
        let galley = widgets::short(ui, name, theme::strong(SMALL), width, tokens.text);
        let at = origin - vec2(0.0, GROUP_TITLE - 2.0);
        let beside = at + vec2(galley.size().x + 7.0, 0.0);
        ui.painter().galley(at, galley, tokens.text);
        let what = (scene.words.part_looks)(group.part).to_owned();
        let galley = ui.painter().layout_no_wrap(what, theme::body(SMALL), tokens.muted);
        if beside.x + galley.size().x <= origin.x + width {
            ui.painter().galley(beside, galley, tokens.muted);
        }
    }

    fn name_layers(&self, ui: &Ui, origin: Pos2, n: usize, selected: impl Fn(usize) -> bool) {
        let tokens = theme::tokens(ui);
        for layer in 0..n {
            let at = origin + vec2(0.0, self.pitch.y * layer as f32 + self.side / 2.0);
            let color = if selected(layer) { tokens.text } else { tokens.muted };
            ui.painter().text(at, Align2::LEFT_CENTER, format!("L{layer}"), theme::body(SMALL), color);
        }
    }

    /// One thumbnail; without a `value` its layer is not computed yet.
    fn cell(
        &self,
        ui: &mut Ui,
        (thumb, passes): (&Thumb, bool),
        value: Option<(&'static Measure, f64)>,
        greatest: f64,
        art: &Art<'_>,
        out: &mut Out,
    ) {
        let tokens = theme::tokens(ui);
        let &Art { trace, scene, .. } = art;
        let &Thumb { head, in_part, rect } = thumb;
        let selected = head == scene.state.head;
        let number = art.numbers.get(&head).copied();
        let response = ui.interact(self.whole(rect), ui.scope_id().with(("head", head)), Sense::click());
        let label = (scene.words.head_named)(&trace.spec.head_name(head));
        let marked = selected || number.is_some();
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, marked, &label));
        if response.clicked() {
            choose::clicked(ui, self, head, scene, out);
        }
        let painter = ui.painter();
        let map = fitted(rect, trace.query_tokens(head.layer).len(), trace.key_tokens(head.layer).len());
        match art.atlas.place(head).filter(|_| value.is_some()) {
            Some((texture, part)) => painter.image(texture, map, part, Color32::WHITE),
            None => painter.rect_filled(map, 0, theme::of_map(art.palette.floor())),
        };
        if !passes {
            painter.rect_filled(map, 0, tokens.background.gamma_multiply(0.8));
        }
        let caught = art.caught.contains(&head);
        let frame = match (selected, number.is_some() || caught, response.hovered() || response.has_focus()) {
            (true, _, _) => Stroke::new(2.0, tokens.accent),
            (_, true, _) => Stroke::new(1.0, tokens.accent),
            (_, _, true) => Stroke::new(1.0, tokens.muted),
            _ => Stroke::new(1.0, tokens.line),
        };
        // Where maps stand close together the frame would lie under the next one
        let outset = if selected && gap(rect.width()) > 3.9 { 2.0 } else { 0.0 };
        painter.rect_stroke(map.expand(outset), 0, frame, StrokeKind::Outside);
        if let Some(number) = number.filter(|_| self.named) {
            badge(ui, map, number, selected);
        }
        let track = Rect::from_min_size(rect.left_bottom() + vec2(0.0, 4.0), vec2(rect.width(), BAR));
        let bar = value.map_or(0.0, |(measure, value)| share(measure, value, greatest));
        widgets::meter(ui, track, bar, if passes { tokens.measure } else { tokens.dim });
        if self.named {
            let color = if marked { tokens.accent_text } else { tokens.muted };
            let at = pos2(rect.left(), track.bottom() + 2.0);
            ui.painter().text(at, Align2::LEFT_TOP, in_part.to_string(), theme::body(SMALL), color);
        }
        response.context_menu(|ui| choose::menu(ui, scene, head, out));
        if let Some((measure, value)) = value.filter(|_| response.hovered()) {
            let name = scene.short_head_name(head);
            response.on_hover_text(format!("{name} · {} {value:.4}", (scene.words.measure)(measure).0));
        }
    }
}

/// The number of a chosen head, at the upper right of its map, where a causal map is empty.
fn badge(ui: &Ui, map: Rect, number: usize, selected: bool) {
    let tokens = theme::tokens(ui);
    let (fill, ink) = if selected {
        (tokens.accent, theme::ink(tokens.accent))
    } else {
        (theme::mix(tokens.background, tokens.accent, 0.22), tokens.accent_text)
    };
    let text = ui.painter().layout_no_wrap(number.to_string(), theme::strong(SMALL), ink);
    let size = vec2((text.size().x + 6.0).max(14.0), 14.0);
    let rect = Rect::from_min_size(map.right_top() - vec2(size.x, 0.0), size);
    ui.painter().rect_filled(rect, 0, fill);
    ui.painter().galley(Align2::CENTER_CENTER.anchor_size(rect.center(), text.size()).min, text, ink);
}

/// The part of a thumbnail's square that a map of this size fills, at its lower left. Of a long and low map it fills more
/// than its share, so that rows stay visible.
pub(in crate::app::panes) fn fitted(square: Rect, queries: usize, keys: usize) -> Rect {
    let longest = queries.max(keys).max(1) as f32;
    let length = |cells: usize| square.width() * (cells as f32 / longest).max(0.35);
    if queries == keys {
        return square;
    }
    let size = vec2(length(keys).round(), length(queries).round());
    Rect::from_min_size(square.left_bottom() - vec2(0.0, size.y), size)
}
