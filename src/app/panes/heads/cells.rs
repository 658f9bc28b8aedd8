//! The thumbnails themselves: titles of parts, names of layers, maps with their frames, brackets, marks, bars and roles.
//!
//! What every head has goes into three meshes, so that thousands cost little: frames and bars, maps, veils.

use super::{
    choose,
    grid::{BAR, GROUP_TITLE, Grid, Group, Thumb, gap},
    share,
};
use crate::{
    analysis::Measure,
    app::{
        atlas::Atlas,
        linking::Hover,
        palette::Palette,
        scene::{Out, Scene},
        theme::{self, SMALL},
        widgets,
    },
    model::HeadId,
    trace::Trace,
};
use egui::{
    Align2, Color32, Mesh, Popup, Pos2, Rect, Response, Sense, Shape, Stroke, StrokeKind, Ui, pos2, vec2,
};
use std::{collections::HashMap, ops::Range};

/// What thumbnails are drawn with.
pub(super) struct Drawn<'a> {
    pub grid: &'a Grid,
    pub trace: &'a Trace,
    pub scene: &'a Scene<'a>,
    pub atlas: &'a Atlas,
    pub palette: &'a Palette,
    /// The measure under the thumbnails, and the greatest value of it.
    pub measure: Option<(&'static Measure, f64)>,
    /// Numbers of the chosen heads, the one under the glass being the first; empty where it is the only one.
    pub numbers: &'a HashMap<HeadId, usize>,
    /// The band that is being drawn.
    pub band: Option<Rect>,
    /// What answers the pointer for all heads, where they are too small to answer one by one.
    pub area: Option<&'a Response>,
}

/// What all heads have, collected.
struct Sheets {
    /// Frames, and bars with their tracks.
    under: Mesh,
    /// One for each texture.
    maps: Vec<Mesh>,
    /// Over maps of heads that do not pass.
    veils: Mesh,
}

impl Sheets {
    fn of(&mut self, texture: egui::TextureId) -> &mut Mesh {
        let known = self.maps.iter().position(|mesh| mesh.texture_id == texture);
        let at = known.unwrap_or_else(|| {
            self.maps.push(Mesh::with_texture(texture));
            self.maps.len() - 1
        });
        &mut self.maps[at]
    }
}

impl Drawn<'_> {
    /// Draws every head in sight.
    pub(super) fn show(&self, ui: &Ui, origin: Pos2, out: &mut Out) {
        let &Self { grid, trace, scene, .. } = self;
        let pointed = self.area.and_then(|area| self.answer_for_all(ui, area, origin, out));
        out.hover = pointed.map_or(out.hover, Hover::of_head);
        let mut sheets = Sheets { under: Mesh::default(), maps: Vec::new(), veils: Mesh::default() };
        let hide = scene.state.filter.as_ref().is_some_and(|filter| filter.hide);
        // Shapes come in the order in which they lie over one another, so those of all heads have places reserved
        let places = [0; 3].map(|_| ui.painter().add(Shape::Noop));
        for group in &grid.groups {
            for thumb in grid.places(group, origin, ui.clip_rect()) {
                let passes = scene.passing.shows(thumb.head);
                if passes || !hide {
                    self.cell(ui, (&thumb, passes), pointed, &mut sheets, out);
                }
            }
            if grid.bracket > 0.0 {
                self.brackets(ui, group, origin);
            }
        }
        let maps = Shape::Vec(sheets.maps.into_iter().map(Shape::from).collect());
        for (place, shape) in places.into_iter().zip([sheets.under.into(), maps, sheets.veils.into()]) {
            ui.painter().set(place, shape);
        }
        for group in &grid.groups {
            let corner = origin + group.corner;
            if grid.titled {
                self.title(ui, group, corner);
            }
            if !grid.sorted && group.left > 0.0 {
                let in_part = trace.spec.index_in_part(scene.state.head.layer);
                let lit =
                    |layer: Option<&usize>| layer.is_some_and(|&layer| scene.hover.layer == Some(layer));
                let here = |layer: usize| group.layers.get(layer) == Some(&scene.state.head.layer);
                let selected = |layer: usize| {
                    (if grid.beside { layer == in_part } else { here(layer) }) || lit(group.layers.get(layer))
                };
                let n = if grid.beside { grid.highest } else { group.down() };
                self.name_layers(ui, corner, group.before..group.before + n, selected);
            }
        }
    }

    fn placed(&self, head: HeadId) -> Option<(egui::TextureId, Rect)> {
        self.atlas.place(self.scene.run, self.scene.less().map(|(run, _)| run), head)
    }

    /// The part's name over its heads, and what looks at what in it where there is room.
    fn title(&self, ui: &Ui, group: &Group, origin: Pos2) {
        let (tokens, words) = (theme::tokens(ui), self.scene.words);
        let width = group.left + self.grid.pitch.x * group.across as f32;
        let galley = widgets::short(ui, (words.part)(group.part), theme::strong(SMALL), width, tokens.text);
        let at = origin - vec2(0.0, GROUP_TITLE - 2.0);
        let beside = at + vec2(galley.size().x + 7.0, 0.0);
        ui.painter().galley(at, galley, tokens.text);
        let what = (words.part_looks)(group.part).to_owned();
        let galley = ui.painter().layout_no_wrap(what, theme::body(SMALL), tokens.muted);
        if beside.x + galley.size().x <= origin.x + width {
            ui.painter().galley(beside, galley, tokens.muted);
        }
    }

    /// Left of their rows; where the grid is scrolled to the right, over what lies there.
    fn name_layers(&self, ui: &Ui, origin: Pos2, layers: Range<usize>, selected: impl Fn(usize) -> bool) {
        let (tokens, grid, clip) = (theme::tokens(ui), self.grid, ui.clip_rect());
        let left = origin.x.max(clip.left());
        if left > origin.x {
            let strip = clip.with_max_x(left + super::grid::LAYER_NAME - 2.0);
            ui.painter().rect_filled(strip, 0, tokens.background.gamma_multiply(0.9));
        }
        for (row, layer) in layers.enumerate() {
            let y = origin.y + grid.pitch.y * row as f32 + grid.bracket + grid.side / 2.0;
            if clip.y_range().expand(SMALL).contains(y) {
                let color = if selected(row) { tokens.text } else { tokens.muted };
                let at = pos2(left, y);
                ui.painter().text(at, Align2::LEFT_CENTER, format!("L{layer}"), theme::body(SMALL), color);
            }
        }
    }

    /// A bracket over heads that share keys and values; the selected head's in the accent.
    fn brackets(&self, ui: &Ui, group: &Group, origin: Pos2) {
        let (tokens, grid, clip) = (theme::tokens(ui), self.grid, ui.clip_rect());
        let corner = origin + group.corner + vec2(group.left, 0.0);
        for (row, &layer) in group.layers.iter().enumerate() {
            let top = corner.y + grid.pitch.y * row as f32;
            let spec = &self.trace.spec.blocks[layer].attention;
            if !clip.y_range().contains(top + grid.bracket) || !spec.shares_keys() {
                continue;
            }
            for kv_head in 0..spec.kv_heads {
                let readers = spec.readers(kv_head);
                let x = |head: usize| corner.x + grid.pitch.x * head as f32;
                let (left, right) = (x(readers.start), x(readers.end.saturating_sub(1)) + grid.side);
                if right < clip.left() || left > clip.right() {
                    continue;
                }
                let own = self.scene.state.head;
                let here = own.layer == layer && readers.contains(&own.head);
                let color = if here { tokens.accent } else { tokens.dim };
                let stroke = Stroke::new(1.0, color);
                let numbered = grid.bracket > 8.0;
                let y = top + if numbered { 7.0 } else { 1.5 };
                let mut from = left;
                if numbered {
                    let text = (self.scene.words.choosing.kv_head)(kv_head);
                    let ink = if here { tokens.accent_text } else { tokens.muted };
                    let galley = ui.painter().layout_no_wrap(text, theme::body(SMALL), ink);
                    let at = pos2(left + 5.0, y - galley.size().y / 2.0);
                    from = at.x + galley.size().x + 4.0;
                    ui.painter().hline(left..=left + 3.0, y, stroke);
                    ui.painter().galley(at, galley, ink);
                }
                ui.painter().hline(from.min(right)..=right, y, stroke);
                for x in [left + 0.5, right - 0.5] {
                    ui.painter().vline(x, y..=y + 3.0, stroke);
                }
            }
        }
    }

    /// A head's number under the tinting measure; none where its layer is not computed yet.
    fn value(&self, head: HeadId) -> Option<f64> {
        let (measure, _) = self.measure.filter(|_| self.trace.has(head))?;
        Some((measure.value)(&self.trace.measures(head)))
    }

    /// Does what is asked of one head; whether the pointer or the focus is on it.
    fn answer(&self, ui: &Ui, thumb: &Thumb, marked: bool, out: &mut Out) -> bool {
        let &Self { grid, trace, scene, .. } = self;
        let &Thumb { head, rect, .. } = thumb;
        let response = ui.interact(grid.whole(rect), ui.scope_id().with(("head", head)), Sense::click());
        response.widget_info(|| {
            let label = (scene.words.head_named)(&trace.spec.head_name(head));
            egui::WidgetInfo::selected(egui::Role::Button, true, marked, label)
        });
        widgets::describe(&response, || {
            let lines = [scene.roles_line(head), scene.shared_line(head)].into_iter().flatten();
            Some(lines.collect::<Vec<_>>().join("; ")).filter(|text| !text.is_empty())
        });
        if response.clicked() {
            choose::clicked(ui, grid, head, scene, out);
        }
        if response.secondary_clicked() || Popup::is_id_open(ui.ctx(), Popup::default_response_id(&response))
        {
            response.context_menu(|ui| choose::menu(ui, scene, head, out));
        }
        let on = response.hovered() || response.has_focus();
        out.point_at(head, &response);
        if response.hovered()
            && let Some(said) = self.said(head)
        {
            response.on_hover_text(said);
        }
        on
    }

    /// Does what is asked of the head under the pointer, where heads do not answer one by one; which one that is.
    fn answer_for_all(&self, ui: &Ui, area: &Response, origin: Pos2, out: &mut Out) -> Option<HeadId> {
        let &Self { grid, scene, .. } = self;
        let kept = area.id.with("head of the menu");
        let shown = |head: &HeadId| {
            let hide = scene.state.filter.as_ref().is_some_and(|filter| filter.hide);
            !hide || scene.passing.shows(*head)
        };
        let at = |point: Option<Pos2>| grid.head_at(origin, point?).filter(shown);
        let pressed = at(area.interact_pointer_pos());
        if let Some(head) = pressed.filter(|_| area.clicked()) {
            choose::clicked(ui, grid, head, scene, out);
        }
        if area.secondary_clicked() {
            ui.data_mut(|data| {
                data.remove::<HeadId>(kept);
                if let Some(head) = pressed {
                    data.insert_temp(kept, head);
                }
            });
        }
        if let Some(head) = ui.data(|data| data.get_temp::<HeadId>(kept)) {
            area.context_menu(|ui| choose::menu(ui, scene, head, out));
        }
        let pointed = at(area.hover_pos());
        if let Some(said) = pointed.and_then(|head| self.said(head)) {
            area.clone().on_hover_text_at_pointer(said);
        }
        pointed
    }

    /// One thumbnail; without a `value` its layer is not computed yet.
    fn cell(
        &self,
        ui: &Ui,
        (thumb, passes): (&Thumb, bool),
        pointed: Option<HeadId>,
        sheets: &mut Sheets,
        out: &mut Out,
    ) {
        let tokens = theme::tokens(ui);
        let &Self { grid, trace, scene, .. } = self;
        let &Thumb { head, in_part, rect } = thumb;
        let selected = head == scene.state.head;
        let number = self.numbers.get(&head).copied();
        let marked = selected || number.is_some();
        let own =
            if self.area.is_some() { pointed == Some(head) } else { self.answer(ui, thumb, marked, out) };
        let on = own || scene.hover.head == Some(head);
        let value = self.value(head);
        let map = fitted(rect, trace.query_tokens(head.layer).len(), trace.key_tokens(head.layer).len());
        sheets.under.add_colored_rect(map.expand(1.0), tokens.line);
        match self.placed(head).filter(|_| value.is_some()) {
            Some((texture, part)) => sheets.of(texture).add_rect_with_uv(map, part, Color32::WHITE),
            None => sheets.under.add_colored_rect(map, theme::of_map(self.palette.floor())),
        }
        if !passes {
            sheets.veils.add_colored_rect(map, tokens.background.gamma_multiply(0.8));
        }
        let caught = self.band.is_some_and(|band| rect.intersects(band));
        let frame = match (selected, number.is_some() || caught, on) {
            (true, _, _) => Some(Stroke::new(2.0, tokens.accent)),
            (_, true, _) => Some(Stroke::new(1.0, tokens.accent)),
            (_, _, true) => Some(Stroke::new(1.0, tokens.muted)),
            _ => None,
        };
        if let Some(frame) = frame {
            // Where maps stand close together the frame would lie under the next one
            let outset = if selected && gap(rect.width()) > 3.9 { 2.0 } else { 0.0 };
            ui.painter().rect_stroke(map.expand(outset), 0, frame, StrokeKind::Outside);
        }
        if let Some(number) = number.filter(|_| grid.named) {
            badge(ui, map, number, selected);
        }
        let track = Rect::from_min_size(rect.left_bottom() + vec2(0.0, 4.0), vec2(rect.width(), BAR));
        let bar = self.measure.zip(value);
        let bar = bar.map_or(0.0, |((measure, greatest), value)| share(measure, value, greatest));
        sheets.under.add_colored_rect(track, tokens.line);
        if let Some(bar) = widgets::filled(track, bar) {
            sheets.under.add_colored_rect(bar, if passes { tokens.measure } else { tokens.dim });
        }
        if grid.named {
            let color = if marked { tokens.accent_text } else { tokens.muted };
            let at = pos2(rect.left(), track.bottom() + 2.0);
            let name =
                ui.painter().text(at, Align2::LEFT_TOP, in_part.to_string(), theme::body(SMALL), color);
            self.role(ui, head, (rect, name), passes);
        }
    }

    /// What a head is named by, right of its number: the short word where it has room, else a dot.
    fn role(&self, ui: &Ui, head: HeadId, (rect, name): (Rect, Rect), passes: bool) {
        let Some(role) = self.scene.role(head) else { return };
        let role = (self.scene.words.train.role)(role);
        let tokens = theme::tokens(ui);
        let color = if passes { tokens.measure_text } else { tokens.muted };
        let room = rect.left() + self.grid.pitch.x - 4.0 - name.right() - 5.0;
        let galley = ui.painter().layout_no_wrap(role.to_owned(), theme::body(SMALL), color);
        if galley.size().x <= room {
            ui.painter().galley(pos2(name.right() + 5.0, name.top()), galley, color);
        } else {
            let fill = if passes { tokens.measure } else { tokens.dim };
            ui.painter().circle_filled(pos2(rect.right() - 2.5, name.center().y), 2.5, fill);
        }
    }

    /// The tooltip: the measure, roles, who shares keys and values.
    fn said(&self, head: HeadId) -> Option<String> {
        let (scene, (measure, _), value) = (self.scene, self.measure?, self.value(head)?);
        let name = scene.short_head_name(head);
        let first = format!("{name} · {} {value:.4}", (scene.words.measure)(measure).0);
        let lines = [Some(first), scene.roles_line(head), scene.shared_line(head)];
        let lines: Vec<String> = lines.into_iter().flatten().collect();
        Some(lines.join("\n"))
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
