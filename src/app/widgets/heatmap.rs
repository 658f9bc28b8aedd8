//! One head's map: cells as crisp squares, tile by tile, with what is pinned and pointed at marked on top.

use super::axis::Place;
use crate::{
    app::{
        command::{Command, CommandKind},
        mapping::Sight,
        offering::Target,
        palette::Palette,
        panes::interventions,
        scene::{Out, Scene},
        state::View,
        theme,
        tiles::{Key, Of, Rows, Tiles},
        widgets,
    },
    render::{Shader, TileKey, tiles},
    trace::Trace,
};
use egui::{Color32, Rect, Response, Sense, Stroke, StrokeKind, Ui, pos2, vec2};
use std::sync::Arc;

const WHOLE: Rect = Rect { min: egui::Pos2::ZERO, max: pos2(1.0, 1.0) };
/// Cells larger than this, in points, stand apart by a hairline.
const GRID_FROM: f32 = 7.0;

/// What the map needs to draw itself.
pub struct HeatMap<'a> {
    /// Where its cells are.
    pub place: Place,
    /// The run in sight; the selected head's layer is computed.
    pub trace: &'a Trace,
    /// Its tiles.
    pub tiles: &'a mut Tiles,
    /// Its coarse picture, drawn until tiles come: a texture and the part of it.
    pub coarse: Option<(egui::TextureId, Rect)>,
    /// Colours.
    pub palette: Palette,
    /// Colours of this head.
    pub shader: &'a Shader,
    /// The map that a recipe makes, where it is there.
    pub sight: Option<&'a Arc<Sight>>,
    /// Whether one head's pattern is drawn as it is.
    pub plain: bool,
    /// Which of two maps it is.
    pub second: bool,
}

impl<'a> HeatMap<'a> {
    /// Draws the map and answers the pointer.
    pub fn show(mut self, ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) -> Response {
        let id = ui.make_persistent_id(("heat map", self.second));
        let response = ui.interact(self.place.rect, id, Sense::click_and_drag());
        let own = (scene.words.heat_map)(&scene.head_name());
        let name = if self.second { format!("{own} · {}", scene.words.map.length) } else { own };
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &name));
        self.paint(ui, scene);
        self.point(&response, out);
        self.steer(ui, &response, scene, out);
        self.menu(&response, scene, out);
        self.mark(ui, scene);
        response
    }

    /// The map that tiles are of, where a recipe makes it.
    fn made(&self) -> Option<&'a Arc<Sight>> {
        self.sight.filter(|_| !self.plain)
    }

    /// The row and the column that tokens are in.
    fn row_of(&self, token: usize) -> usize {
        self.made().map_or(token, |sight| sight.row_of(token))
    }
    fn column_of(&self, token: usize) -> usize {
        self.made().map_or(token, |sight| sight.column_of(token))
    }
    /// The first tokens of a cell.
    fn tokens(&self, (row, column): (usize, usize)) -> (usize, usize) {
        self.made().map_or((row, column), |sight| {
            let (queries, keys) = (sight.map.queries(), sight.map.keys());
            (queries.tokens(row..row + 1).start, keys.tokens(column..column + 1).start)
        })
    }
    /// The cell under a point, by its first tokens.
    fn at(&self, point: egui::Pos2) -> Option<(usize, usize)> {
        self.place.at(point).map(|cell| self.tokens(cell))
    }
    /// Whether rows and columns are the same, and each row sees those up to itself.
    fn is_causal(&self, scene: &Scene<'_>) -> bool {
        let alike = self.made().is_none_or(|sight| sight.map.queries() == sight.map.keys());
        alike && causal(self.trace, scene)
    }

    fn paint(&mut self, ui: &Ui, scene: &Scene<'_>) {
        let (place, cells) = (self.place, self.place.cells);
        let painter = ui.painter_at(place.rect);
        painter.rect_filled(place.rect, 0, theme::of_map(self.shader.floor()));
        let end = pos2(place.x(cells.keys as f32), place.y(cells.queries as f32));
        let all = Rect::from_min_max(pos2(place.x(0.0), place.y(0.0)), end);
        if let Some((texture, part)) = self.coarse {
            painter.image(texture, all, part, Color32::WHITE);
        }
        let levels = tiles::levels(cells.queries, cells.keys);
        let level = tiles::level_for(place.cell() * ui.pixels_per_point(), levels);
        let shader = (self.palette.number, self.shader);
        let mut fine = Vec::new();
        for tile in tiles::covering(level, place.queries(), place.keys()) {
            if !self.masked(scene, tile) {
                let key = self.key(scene, tile);
                fine.push((
                    key,
                    self.tiles.texture(ui.ctx(), key, self.made().map(|sight| &sight.map), shader),
                ));
            }
        }
        if fine.iter().any(|(_, texture)| texture.is_none()) {
            // What is at hand of the levels above stands in for what is missing
            for level in (level + 1..levels).rev() {
                for tile in tiles::covering(level, place.queries(), place.keys()) {
                    let key = self.key(scene, tile);
                    self.put(&painter, key, self.tiles.at_hand(key, self.palette.number));
                }
            }
        }
        for (key, texture) in fine {
            self.put(&painter, key, texture);
        }
        if place.cell() >= GRID_FROM {
            lattice(&painter, &place, theme::tokens(ui).background, self.is_causal(scene));
        }
    }

    /// Whether a tile shows nothing but the floor.
    fn masked(&self, scene: &Scene<'_>, tile: TileKey) -> bool {
        let cells = self.place.cells;
        let (first, end) = (tile.keys(cells.keys).start, tile.queries(cells.queries).end);
        self.is_causal(scene) && first >= end
    }

    fn key(&self, scene: &Scene<'_>, tile: TileKey) -> Key {
        let of = match self.made() {
            Some(sight) => Of::Map(sight.number),
            None => {
                Of::Head { run: scene.run, less: scene.less().map(|(run, _)| run), head: scene.state.head }
            }
        };
        Key { of, rows: Rows::of(self.palette.scale), tile }
    }

    /// The pinned row in the accent, the marked column in a hairline that ends at the row.
    fn mark(&self, ui: &Ui, scene: &Scene<'_>) {
        let (tokens, place) = (theme::tokens(ui), &self.place);
        let painter = ui.painter_at(place.rect.expand(3.0));
        let least = |rect: Rect| {
            rect.expand2(vec2((3.0 - rect.width()).max(0.0), (3.0 - rect.height()).max(0.0)) / 2.0)
        };
        let clip = |rect: Rect| rect.intersect(place.rect.expand(1.5));
        let row = |row: usize| {
            let (top, bottom) = (place.y(row as f32), place.y(row as f32 + 1.0));
            let right = place.x(place.cells.keys as f32);
            clip(least(Rect::from_min_max(pos2(place.x(0.0), top), pos2(right, bottom))))
        };
        let pinned = scene.pinned_query().map(|query| self.row_of(query));
        if let Some(key) = scene.shown_key().map(|key| self.column_of(key)) {
            let end = scene.shown_query().map(|query| self.row_of(query));
            let end = end.unwrap_or(place.cells.queries.saturating_sub(1));
            let start = if self.is_causal(scene) { key.min(end) } else { 0 };
            let end = if start == 0 { place.cells.queries } else { end + 1 };
            let column = Rect::from_min_max(
                pos2(place.x(key as f32), place.y(start as f32)),
                pos2(place.x(key as f32 + 1.0), place.y(end as f32)),
            );
            let stroke = Stroke::new(1.0, tokens.muted);
            painter.rect_stroke(clip(least(column)), 0, stroke, StrokeKind::Outside);
        }
        let hovered = scene.hover.query.map(|query| self.row_of(query));
        if let Some(own) = hovered.filter(|&own| Some(own) != pinned && own < place.cells.queries) {
            painter.rect_stroke(row(own), 0, Stroke::new(1.0, tokens.muted), StrokeKind::Outside);
        }
        if let Some(pinned) = pinned {
            painter.rect_stroke(row(pinned), 0, Stroke::new(2.0, tokens.accent), StrokeKind::Outside);
        }
    }

    fn put(&self, painter: &egui::Painter, key: Key, texture: Option<egui::TextureId>) {
        let place = self.place;
        let (queries, keys) = (key.tile.queries(place.cells.queries), key.tile.keys(place.cells.keys));
        if let Some(texture) = texture {
            let corner = |query: usize, key: usize| pos2(place.x(key as f32), place.y(query as f32));
            let rect = Rect::from_min_max(corner(queries.start, keys.start), corner(queries.end, keys.end));
            painter.image(texture, rect, WHOLE, Color32::WHITE);
        }
    }

    fn point(&self, response: &Response, out: &mut Out) {
        let cell = response.hover_pos().and_then(|point| self.at(point));
        if let Some((query, key)) = cell {
            (out.hover.query, out.hover.key) = (Some(query), Some(key));
        }
    }

    /// Adds every cell that the pointer passes to the row where it set out.
    fn paint_row(&self, ui: &Ui, response: &Response, scene: &Scene<'_>, out: &mut Out) {
        let id = response.id.with("painted");
        let origin = ui.input(|input| input.pointer.press_origin()).and_then(|point| self.place.at(point));
        let now = response.interact_pointer_pos().and_then(|point| self.place.at(point));
        let (Some((query, _)), Some((_, key))) = (origin, now) else { return };
        let first = response.drag_started();
        if first || ui.data(|data| data.get_temp::<(usize, usize)>(id)) != Some((query, key)) {
            ui.data_mut(|data| data.insert_temp(id, (query, key)));
            if self.trace.pattern(scene.state.head).keys(query).contains(&key) {
                out.send(Command::PaintCell { query, key, first });
            }
        }
    }

    /// The menu of the cell under the pointer.
    fn menu(&self, response: &Response, scene: &Scene<'_>, out: &mut Out) {
        let id = response.id.with("cell of the menu");
        if response.secondary_clicked()
            && let Some(cell) = response.interact_pointer_pos().and_then(|point| self.at(point))
        {
            response.ctx.data_mut(|data| data.insert_temp(id, cell));
        }
        response.context_menu(|ui| {
            if let Some(cell) = ui.data(|data| data.get_temp::<(usize, usize)>(id)) {
                for kind in [CommandKind::CopyCell, CommandKind::CopyRow, CommandKind::CopyMap] {
                    widgets::entry(ui, kind, scene, out);
                }
                // What changes the run is about one head and two tokens
                if self.plain {
                    if ui.button(scene.words.session.add_note).clicked() {
                        out.send(Command::PinCell { query: cell.0, key: cell.1 });
                        out.send(Command::AskForNote);
                        ui.close();
                    }
                    ui.separator();
                    let target = Target::Cell(scene.state.head, cell.0, cell.1);
                    interventions::menu(ui, scene, target, out);
                }
            }
        });
    }

    /// Draws a frame from where the drag began; once it ends, what is in it fills the map.
    fn frame(&self, ui: &Ui, response: &Response, out: &mut Out) {
        let place = self.place;
        let inside = |point: egui::Pos2| {
            place.at(point.clamp(place.rect.min + vec2(0.5, 0.5), place.rect.max - vec2(0.5, 0.5)))
        };
        let origin = ui.input(|input| input.pointer.press_origin());
        // The origin is gone in the frame in which the button is let go
        let id = response.id.with("frame");
        let from: Option<egui::Pos2> = match origin {
            Some(origin) => {
                ui.data_mut(|data| data.insert_temp(id, origin));
                Some(origin)
            }
            None => ui.data(|data| data.get_temp(id)),
        };
        let cells = from.and_then(inside).zip(response.interact_pointer_pos().and_then(inside));
        let Some(((q0, k0), (q1, k1))) = cells else { return };
        let (rows, columns) = (q0.min(q1)..q0.max(q1) + 1, k0.min(k1)..k0.max(k1) + 1);
        if rows.len().max(columns.len()) < 2 {
            return;
        }
        if response.drag_stopped() {
            let span = (rows.len().max(columns.len()) as f32).max(4.0);
            let middle = |cells: &std::ops::Range<usize>| cells.start as f32 + cells.len() as f32 / 2.0;
            let view = View { query: middle(&rows) - span / 2.0, key: middle(&columns) - span / 2.0, span };
            let view = view.moved(0.0, 0.0, place.cells);
            out.send(Command::SetView(view.unless_whole(place.cells)));
            return;
        }
        let frame = Rect::from_min_max(
            pos2(place.x(columns.start as f32), place.y(rows.start as f32)),
            pos2(place.x(columns.end as f32), place.y(rows.end as f32)),
        );
        let accent = theme::tokens(ui).accent;
        let painter = ui.painter_at(place.rect.expand(1.0));
        painter.rect_filled(frame, 0, accent.gamma_multiply(0.16));
        painter.rect_stroke(frame, 0, Stroke::new(1.0, accent), StrokeKind::Inside);
    }

    fn steer(&self, ui: &Ui, response: &Response, scene: &Scene<'_>, out: &mut Out) {
        let (place, cells) = (self.place, self.place.cells);
        let set = |view: View| Command::SetView(view.unless_whole(cells));
        if response.double_clicked() {
            out.send(Command::SetView(None));
        } else if response.clicked()
            && let Some((query, key)) = response.interact_pointer_pos().and_then(|point| self.at(point))
        {
            out.send(Command::PinCell { query, key });
        }
        // Many window managers keep Alt and drag for themselves
        let paints = ui.input(|input| input.modifiers.command || input.modifiers.alt);
        let frames = scene.state.view.is_none() || ui.input(|input| input.modifiers.shift);
        let primary = response.dragged_by(egui::PointerButton::Primary)
            || response.drag_stopped_by(egui::PointerButton::Primary);
        if paints && primary && self.plain {
            self.paint_row(ui, response, scene, out);
        } else if frames && primary {
            self.frame(ui, response, out);
        } else if response.dragged() && scene.state.view.is_some() {
            let moved = response.drag_delta() / place.cell();
            out.send(set(place.view.moved(-moved.y, -moved.x, cells)));
        }
        let Some(point) = response.hover_pos() else { return };
        let factor = ui.input(|input| input.zoom_delta() * (input.smooth_scroll_delta().y * 0.004).exp());
        if (factor - 1.0).abs() > 1e-3 {
            let at = (point - place.rect.min) / place.rect.size();
            out.send(set(place.view.zoomed(factor, at.y, at.x, cells)));
        }
    }
}

/// Hairlines between cells; what a causal head cannot see stays plain.
fn lattice(painter: &egui::Painter, place: &Place, color: Color32, causal: bool) {
    let stroke = Stroke::new(1.0, color.gamma_multiply(0.6));
    for key in place.keys().skip(1) {
        let top = if causal { place.y(key as f32 - 1.0) } else { place.rect.top() };
        painter.vline(
            place.x(key as f32),
            egui::Rangef::new(top.max(place.rect.top()), place.rect.bottom()),
            stroke,
        );
    }
    for query in place.queries().skip(1) {
        let right = if causal { place.x(query as f32 + 1.0) } else { place.rect.right() };
        let across = egui::Rangef::new(place.rect.left(), right.min(place.rect.right()));
        painter.hline(across, place.y(query as f32), stroke);
    }
}

fn causal(trace: &Trace, scene: &Scene<'_>) -> bool {
    trace.spec.blocks[scene.state.head.layer].attention.causal
}
