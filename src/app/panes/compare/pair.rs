//! The selected head in both runs, in one scale, rows of aligned tokens joined; and the difference over aligned tokens.

use super::found;
use crate::{
    analysis::compare::Alignment,
    app::{
        command::Command,
        comparing::{Art, Both, Found, PairMaps, Pictures, in_first, of_first},
        labels::Labels,
        palette::Palette,
        scene::{Out, Scene},
        state::{Cells, View},
        theme::{self, BODY, SMALL},
        widgets::{self, axis, axis::Place, focus, grid_map::GridMap, legend},
        words::change,
    },
};
use egui::{Align2, Rect, Sense, Stroke, Ui, pos2, vec2};

/// Between A and B, where aligned rows are joined.
const GUTTER: f32 = 30.0;
const LABEL: f32 = 64.0;
const CHARACTER: f32 = 6.7;
const FOOT: f32 = 48.0;
const LARGEST_CELL: f32 = 40.0;
/// Lines between A and B at most.
const JOINED: usize = 200;

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, art: &mut Art, out: &mut Out) {
    let words = scene.words.compare;
    let own = scene
        .comparing
        .found
        .get()
        .zip(scene.compared)
        .and_then(|(found, _)| found.comparison.heads.iter().find(|head| head.a == scene.state.head));
    let distance = own.and_then(|head| head.distance);
    let told = distance.map_or_else(String::new, |distance| (words.divergence)(distance.divergence));
    let told = scene.role_and(scene.state.head, told);
    let title = format!("{} {}", scene.words.head, scene.head_name());
    let title = if crate::app::docking::is_tabbed(ui) { words.side_by_side.to_owned() } else { title };
    widgets::header(ui, &title, &told, |_| {});
    let Some((both, found)) = found(ui, scene, words.empty_pair, out) else { return };
    if own.is_none() {
        return widgets::empty(ui, words.no_counterpart, "");
    }
    let key = (both.a.0, both.b.0, scene.state.head);
    let Some((_, maps)) = scene.comparing.pair.latest().filter(|(of, _)| **of == key) else { return };
    let palette = Palette::new(&scene.state.look, scene.dark);
    let pictures = art.pair(ui.ctx(), key, maps, palette, scene.dark);
    let room = ui.available_rect_before_wrap().shrink2(vec2(14.0, 4.0));
    ui.allocate_rect(room, Sense::hover());
    Drawn { scene, both, found, maps, pictures }.show(ui, room, out);
}

struct Drawn<'a, 'b> {
    scene: &'a Scene<'b>,
    both: Both<'a>,
    found: &'a Found,
    maps: &'a PairMaps,
    pictures: &'a Pictures,
}

impl Drawn<'_, '_> {
    fn cells(&self, run: usize) -> Cells {
        let [rows, columns] = &self.maps.labels[run];
        Cells { queries: rows.texts.len(), keys: columns.texts.len() }
    }

    /// Alignment of rows and of columns.
    fn sides(&self) -> [&Alignment; 2] {
        let part = self.both.a.1.spec.blocks[self.maps.heads.a.layer].part;
        [part.rows(), part.columns()].map(|side| self.found.comparison.alignment(side))
    }

    /// The cell of a map that stands for what is pinned or pointed at.
    fn marked(&self, run: usize) -> (Option<usize>, Option<usize>) {
        let [rows, columns] = self.sides();
        let query = self.scene.shown_query().and_then(|query| of_first(rows, run, query));
        let key = self.scene.shown_key().and_then(|key| of_first(columns, run, key));
        (query, key)
    }

    fn show(&self, ui: &mut Ui, room: Rect, out: &mut Out) {
        let words = self.scene.words.compare;
        let label = |labels: &Labels| (labels.longest as f32 * CHARACTER).clamp(18.0, LABEL);
        let [rows, columns] =
            [0, 1].map(|side| (0..3).map(|run| label(&self.maps.labels[run][side])).fold(0.0, f32::max));
        let taken = 3.0 * (rows + 8.0) + 2.0 * GUTTER + columns * 0.4;
        let width = ((room.width() - taken) / 3.0).max(48.0);
        let titles = 20.0;
        // A map of few tokens does not shrink with one of many: each has cells of its own
        let cell = |run: usize| {
            let cells = self.cells(run);
            let (across, down) = (cells.keys.max(1) as f32, cells.queries.max(1) as f32);
            let (mut cell, mut above) = (width / across, 0.0);
            for _ in 0..3 {
                above = axis::lie(cell, columns, columns).2;
                let fits = (room.height() - above - titles - FOOT - 8.0) / down;
                cell = (width / across).min(fits).min(LARGEST_CELL).max(48.0 / across.max(down));
            }
            (cell, above)
        };
        let sizes = [0, 1, 2].map(cell);
        let above = sizes.iter().map(|size| size.1).fold(0.0, f32::max);
        let used: f32 = (0..3).map(|run| sizes[run].0 * self.cells(run).keys as f32).sum();
        let spare = ((room.width() - taken - used) / 4.0).clamp(0.0, 40.0);
        let mut left = room.left() + spare;
        let top = room.top() + titles + above;
        let mut places = Vec::with_capacity(3);
        let head = self.scene.head_name();
        let names = [(words.map_of)(&head, "A"), (words.map_of)(&head, "B"), words.less.to_owned()];
        for (run, name) in names.iter().enumerate() {
            left += rows + 8.0;
            let (cells, cell) = (self.cells(run), sizes[run].0);
            let size = vec2(cell * cells.keys as f32, cell * cells.queries as f32);
            let rect = Rect::from_min_size(pos2(left, top), size);
            places.push(Place { rect, view: View::whole(cells), cells });
            let tokens = theme::tokens(ui);
            let title = match run {
                0 => format!("A  {}", self.both.a.1.model_name),
                1 => format!("B  {}", self.both.b.1.model_name),
                _ => words.less.to_owned(),
            };
            let galley = widgets::short(ui, &title, theme::strong(BODY), size.x + rows, tokens.text);
            ui.painter().galley(pos2(left - rows, room.top()), galley, tokens.text);
            self.map(ui, run, name, places[run], (rows, columns), out);
            left += size.x + GUTTER + spare;
        }
        self.join(ui, &places, rows);
        let bottom = places.iter().map(|place| place.rect.bottom()).fold(0.0, f32::max);
        self.foot(ui, &places, bottom + 12.0, room);
    }

    fn map(
        &self,
        ui: &mut Ui,
        run: usize,
        name: &str,
        place: Place,
        (rows, columns): (f32, f32),
        out: &mut Out,
    ) {
        let (query, key) = self.marked(run);
        let size = (place.cells.queries, place.cells.keys);
        let texture = self.pictures.textures[run].id();
        let grid = GridMap { name, texture, size, row: query, column: key };
        let (response, at) = grid.show(ui, place.rect);
        focus::say(&response, || {
            let tokens = &self.maps.labels[run];
            let text = |side: usize, index: Option<usize>| {
                index.map_or("–", |index| tokens[side].get(index)).to_owned()
            };
            format!("{} {}", self.value(run), (self.scene.words.cell)(&text(0, query), &text(1, key)))
        });
        let [row_labels, column_labels] = &self.maps.labels[run];
        axis::rows(ui, &place, row_labels, &query.into_iter().collect::<Vec<_>>(), rows);
        let longest = column_labels.longest as f32 * CHARACTER;
        axis::columns(ui, &place, column_labels, &key.into_iter().collect::<Vec<_>>(), longest, columns);
        let Some((query, key)) = at else { return };
        let [query_side, key_side] = self.sides();
        out.hover.query = in_first(query_side, run, query);
        out.hover.key = in_first(key_side, run, key);
        if response.clicked() {
            out.send(Command::PinAligned { run, query, key });
        }
    }

    /// Lines from A's rows to B's: those of the marked row in the accent, tokens that were replaced in a stronger grey.
    fn join(&self, ui: &Ui, places: &[Place], label: f32) {
        let tokens = theme::tokens(ui);
        let [rows, _] = self.sides();
        let [a, b, _] = places else { return };
        let marked = self.scene.shown_query().and_then(|query| rows.pair_of_a(query));
        let step = rows.pairs.len().div_ceil(JOINED).max(1);
        let (from, to) = (a.rect.right() + 4.0, b.rect.left() - label - 10.0);
        let lines = (0..rows.pairs.len()).step_by(step).chain(marked);
        for index in lines {
            let [own, theirs] = rows.pairs[index].ends();
            let (start, end) = (a.y(own as f32 + 0.5), b.y(theirs as f32 + 0.5));
            let stroke = match (Some(index) == marked, rows.pairs[index].same) {
                (true, _) => Stroke::new(2.0, tokens.accent),
                (_, true) => Stroke::new(1.0, tokens.line),
                (_, false) => Stroke::new(1.0, tokens.muted),
            };
            if to > from {
                ui.painter().line_segment([pos2(from, start), pos2(to, end)], stroke);
            }
        }
    }

    /// The marked cell of a run.
    fn cell(&self, run: usize) -> Option<f32> {
        let (query, key) = self.marked(run);
        let (trace, head) = match run {
            0 => (self.both.a.1, self.maps.heads.a),
            _ => (self.both.b.1, self.maps.heads.b),
        };
        Some(trace.pattern(head).cell(query?, key?))
    }

    /// The same in words, of either run or of the difference.
    fn value(&self, map: usize) -> String {
        match map {
            0 | 1 => self.cell(map).map_or_else(|| "–".to_owned(), |value| format!("{value:.4}")),
            _ => self
                .cell(0)
                .zip(self.cell(1))
                .map_or_else(String::new, |(own, theirs)| change(f64::from(theirs - own), 4)),
        }
    }

    /// Both legends, and the marked cell in numbers.
    fn foot(&self, ui: &Ui, places: &[Place], top: f32, room: Rect) {
        let [a, b, less] = places else { return };
        let tokens = theme::tokens(ui);
        let bar = |place: &Place| {
            Rect::from_min_size(
                pos2(place.rect.left(), top),
                vec2(place.rect.width().clamp(80.0, 140.0), 24.0),
            )
        };
        let high = self.pictures.weights.range().high;
        legend::show(ui, bar(a), &self.pictures.weights, ("0", &format!("{high:.2}")));
        let high = self.pictures.difference.range().high;
        legend::show(
            ui,
            bar(less),
            &self.pictures.difference,
            (&format!("−{high:.2}"), &format!("+{high:.2}")),
        );
        let values = [0, 1, 2].map(|run| self.value(run));
        let own = self.cell(0);
        for (place, value) in [a, b, less].into_iter().zip(&values) {
            let right = place.rect.right().max(bar(place).right());
            let at = pos2(right, if place.rect.width() > 210.0 { top } else { top + 26.0 });
            if at.y + SMALL < room.bottom() + 4.0 && own.is_some() {
                ui.painter().text(at, Align2::RIGHT_TOP, value, theme::mono(12.0), tokens.text);
            }
        }
    }
}
