//! The logit lens as a table: layers up, tokens across, in each cell the word that layer would say next.

use crate::{
    analysis::{Lens, LensTint},
    app::{
        command::Command,
        lensing::LensChoice,
        linking::{Hover, block_of},
        offering::Target,
        panes::{interventions, lens_plot},
        scene::{Out, Scene},
        theme::{self, BODY, SMALL, TITLE},
        widgets::{self, pointed},
    },
    model::shown,
    trace::{Side, Stream},
};
use egui::{Align2, Rect, ScrollArea, Sense, Ui, Vec2, pos2, vec2};
use strum::IntoEnumIterator as _;

/// How large the table is drawn.
#[derive(Clone, Copy)]
struct Sizes {
    /// Width of the rows' names.
    label: f32,
    /// Width of a token's column.
    cell: f32,
    row: f32,
    /// Height of the tokens' names, above the rows.
    head: f32,
    /// Of words.
    font: f32,
    /// Of numbers and rows' names.
    small: f32,
    /// Whether a number stands below its word, not beside it.
    stacked: bool,
}

impl Sizes {
    /// The largest type with which the whole table fits; the smallest where none does, and the table scrolls.
    fn of(room: Vec2, rows: usize, tokens: usize) -> Self {
        let (rows, tokens) = (rows as f32, tokens.max(1) as f32);
        let steps = [
            (20.0, BODY, [118.0, 200.0], [60.0, 190.0], true),
            (TITLE, 12.0, [94.0, 170.0], [46.0, 150.0], true),
            (TITLE, BODY, [134.0, 200.0], [28.0, 46.0], false),
            (12.0, SMALL, [76.0, 118.0], [40.0, 108.0], true),
            (12.0, SMALL, [108.0, 160.0], [22.0, 22.0], false),
        ];
        let at = |(font, small, widths, heights, stacked): (f32, f32, [f32; 2], [f32; 2], bool)| {
            let label = 46.0 * small / SMALL;
            // Columns and rows take what room there is, within limits
            let cell = ((room.x - label) / tokens).clamp(widths[0], widths[1]);
            let head = heights[0].min(2.0 * font);
            let row = ((room.y - head) / rows).clamp(heights[0], heights[1]);
            Self { label, cell, row, head, font, small, stacked }
        };
        let fits =
            |own: &Self| own.label + own.cell * tokens <= room.x && own.head + own.row * rows <= room.y;
        let sizes = steps.map(at);
        // Where the columns scroll in any case, rows still use the height that there is
        let high = if sizes[3].head + sizes[3].row * rows <= room.y { sizes[3] } else { sizes[4] };
        sizes.into_iter().find(fits).unwrap_or(high)
    }
}

/// Draws the table; the column of the shown query is kept in sight.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let words = scene.words;
    widgets::header(ui, words.lens, words.lens_sub, |ui| choices(ui, scene, out));
    if scene.trace.is_none_or(|trace| !trace.is_complete()) {
        return widgets::empty(ui, words.waiting, "");
    }
    let Some(lens) = scene.lens else {
        if scene.only_trace() {
            return widgets::empty(ui, words.lens_needs_weights, "");
        }
        let speaks = scene.trace.is_some_and(|trace| trace.spec.scores_words());
        let reading = scene.lens_progress.map(words.lens_words.reading).unwrap_or_default();
        return widgets::empty(ui, if speaks { words.lens } else { words.lens_none }, &reading);
    };
    let n = scene.n_tokens();
    let rows = lens.layers.len();
    let whole = ui.available_rect_before_wrap();
    let mut room = whole.shrink2(vec2(14.0, 0.0));
    lens_plot::show(ui, scene, &mut room, out);
    let greatest = if scene.state.lens.tint == LensTint::Kl { lens.greatest_kl() } else { 0.0 };
    let mut inner = ui.new_child(egui::UiBuilder::new().max_rect(room));
    let sizes = Sizes::of(room.size(), rows, n);
    let Sizes { label, cell: fits, row, head, .. } = sizes;
    ScrollArea::both().auto_shrink(false).show(&mut inner, |ui| {
        let size = vec2(label + fits * n as f32, head + row * rows as f32);
        let (area, _) = ui.allocate_exact_size(size, Sense::hover());
        let clip = ui.clip_rect();
        let from = (((clip.left() - area.left() - label) / fits).max(0.0) as usize).min(n);
        let to = (((clip.right() - area.left() - label) / fits).max(0.0).ceil() as usize).min(n);
        let shown = scene.shown_on(Side::Target);
        for token in from..to {
            let left = area.left() + label + fits * token as f32;
            let head = Rect::from_min_size(pos2(left, area.top()), vec2(fits, head));
            column(ui, scene, (lens, greatest), (token, shown == Some(token)), (head, sizes), out);
        }
        names(ui, scene, lens, (area, sizes), clip.left(), &mut out.commands);
        reveal(ui, scene, area, sizes);
    });
    ui.allocate_rect(whole, Sense::hover());
}

/// What the table is tinted by, whether it is raw, and the word that is followed.
fn choices(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (words, now) = (scene.words.lens_words, scene.state.lens);
    widgets::choice(ui, words.tint, (words.by)(now.tint), |ui| {
        for tint in LensTint::iter() {
            let response = ui.selectable_label(tint == now.tint, (words.by)(tint));
            if response.on_hover_text((words.by_why)(tint)).clicked() {
                out.send(Command::SetLens(LensChoice { tint, ..now }));
                ui.close();
            }
        }
    });
    let mut raw = now.raw;
    if widgets::checkbox::show(ui, &mut raw, words.raw).on_hover_text(words.raw_why).changed() {
        out.send(Command::SetLens(LensChoice { raw, ..now }));
    }
    let (Some(lens), Some(model)) = (scene.lens, scene.model) else { return };
    let text = |id: u32| shown(&model.token(id).text);
    let chosen = now.word.map_or_else(|| words.no_word.to_owned(), text);
    widgets::choice(ui, words.word, &chosen, |ui| {
        // What some layer would say after the token in sight, the last layer's first
        let token = scene.shown_on(Side::Target).unwrap_or_default();
        let said = lens.layers.iter().rev().filter_map(|layer| layer.tokens.get(token)?.first());
        let mut ids: Vec<u32> = said.map(|best| best.id).collect();
        let mut seen = std::collections::HashSet::new();
        ids.retain(|&id| seen.insert(id));
        for word in std::iter::once(None).chain(ids.into_iter().map(Some)) {
            let name = word.map_or_else(|| words.no_word.to_owned(), text);
            if ui.selectable_label(word == now.word, name).clicked() {
                out.send(Command::SetLens(LensChoice { word, ..now }));
                ui.close();
            }
        }
    });
}

/// Scrolls a newly pinned query into sight.
fn reveal(ui: &Ui, scene: &Scene<'_>, area: Rect, sizes: Sizes) {
    let Sizes { label, cell, row, .. } = sizes;
    let id = ui.scope_id().with("revealed");
    let now = (scene.run, scene.pinned_query().filter(|_| scene.rows() == Side::Target));
    if ui.data(|data| data.get_temp::<(u64, Option<usize>)>(id)) != Some(now) {
        ui.data_mut(|data| data.insert_temp(id, now));
        if let Some(query) = now.1 {
            let left = area.left() + cell * query as f32;
            ui.scroll_to_rect(Rect::from_min_size(pos2(left, area.top()), vec2(cell + label, row)), None);
        }
    }
}

fn column(
    ui: &Ui,
    scene: &Scene<'_>,
    (lens, greatest): (&Lens, f64),
    (token, lit): (usize, bool),
    (head, sizes): (Rect, Sizes),
    out: &mut Out,
) {
    let (tokens, height) = (theme::tokens(ui), sizes.row);
    let whole = head.with_max_y(head.bottom() + height * lens.layers.len() as f32);
    let response = ui.interact(whole, ui.scope_id().with(("lens", token)), Sense::click());
    let name = (scene.words.lens_of)(&scene.token_name(Side::Target, token));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    // Below the token's name one row a stream, the last on top
    let up = response.hover_pos().map(|point| ((point.y - head.bottom()) / height).floor());
    let row = up.and_then(|up| (lens.layers.len() - 1).checked_sub(up.max(0.0) as usize));
    let layer = row.filter(|_| up.is_some_and(|up| up >= 0.0)).map(|row| &lens.layers[row]);
    let cell_said = layer.and_then(|layer| layer.tokens.get(token)?.first().zip(layer.said.get(token)));
    let streams = scene.trace.map_or_else(Vec::new, |trace| trace.spec.streams_of(Side::Target));
    let stream = row.filter(|_| layer.is_some()).and_then(|row| streams.get(row)).copied();
    if response.hovered() {
        let token = scene.pointed(Side::Target, token).rows_only();
        out.hover = Hover { layer: stream.map(block_of), ..token };
    }
    if response.clicked() {
        out.commands.extend(scene.pin(Side::Target, token));
        if let Some((best, _)) = cell_said {
            out.send(Command::SetLens(LensChoice { word: Some(best.id), ..scene.state.lens }));
        }
        out.commands.extend(stream.and_then(|stream| scene.select_stream(stream)));
    }
    pointed::menu(&response, stream, |ui, stream| {
        interventions::menu(ui, scene, Target::Stream(stream, Some(token)), out);
    });
    let color = if lit { tokens.accent_text } else { tokens.muted };
    put(ui, head.shrink2(vec2(6.0, 0.0)), scene.labels.get(token), sizes.font, color);
    let (tint, followed) = (scene.state.lens.tint, scene.state.lens.word);
    let vocab = scene.trace.map_or(1, |trace| trace.spec.vocab);
    for (up, layer) in lens.layers.iter().rev().enumerate() {
        let cell = Rect::from_min_size(
            head.left_bottom() + vec2(0.0, height * up as f32),
            vec2(head.width(), height),
        );
        let own = layer.tokens.get(token).and_then(|candidates| candidates.first());
        let Some((best, said)) = own.zip(layer.said.get(token)) else { continue };
        let share = tint.share(best.p, said, vocab, greatest);
        let fill = theme::mix(tokens.background, tokens.measure, 0.08 + 0.52 * share);
        ui.painter().rect_filled(cell.shrink2(vec2(0.5, 0.5)), 0, fill);
        if followed == Some(best.id) {
            let line = cell.shrink2(vec2(0.5, 0.5));
            ui.painter().hline(line.x_range(), line.bottom() - 1.0, egui::Stroke::new(2.0, tokens.accent));
        }
        let inner = cell.shrink2(vec2(6.0, 0.0));
        let number = tint.number(best.p, said);
        let p = widgets::short(ui, &number, theme::mono(sizes.small), 5.0 * sizes.small, tokens.text);
        if sizes.stacked {
            // A word and its number; in high rows further words follow, with theirs where there is room
            let (line, number) = (sizes.small + 6.0, sizes.small + 4.0);
            let first = sizes.font + number + 4.0;
            let spare = ((height - first - 14.0) / line).max(0.0) as usize;
            let further: Vec<String> = layer.tokens[token]
                .iter()
                .skip(1)
                .take(spare)
                .map(|next| {
                    let word = shown(&next.text);
                    if inner.width() > 8.0 * sizes.small { format!("{word} {:.2}", next.p) } else { word }
                })
                .collect();
            let gap = if further.is_empty() { 0.0 } else { 4.0 };
            let high = first + gap + line * further.len() as f32;
            let mut top = cell.center().y - high / 2.0;
            let mut next = |high: f32| {
                top += high;
                Rect::from_min_size(pos2(inner.left(), top - high), vec2(inner.width(), high))
            };
            put(ui, next(sizes.font + 4.0), &shown(&best.text), sizes.font, tokens.text);
            ui.painter().galley(next(number + gap).left_top(), p, tokens.text);
            for text in &further {
                put(ui, next(line), text, sizes.small, tokens.text);
            }
            continue;
        }
        let right = inner.right() - p.size().x;
        put(ui, inner.with_max_x(right - 6.0), &shown(&best.text), sizes.font, tokens.text);
        ui.painter().galley(pos2(right, cell.center().y - p.size().y / 2.0), p, tokens.text);
    }
    if let Some((best, said)) = cell_said {
        let words = scene.words.lens_words;
        let line = (words.cell)(&shown(&best.text), best.p, said.rank, said.entropy, said.kl);
        response.on_hover_text_at_pointer(format!("{line}\n{}", words.click));
    }
    if lit {
        ui.painter().rect_stroke(whole, 0, egui::Stroke::new(1.0, tokens.accent), egui::StrokeKind::Inside);
    }
}

/// What stands before each row: the block that the stream enters, or that it is the model's own answer.
/// A click selects it.
fn names(
    ui: &Ui,
    scene: &Scene<'_>,
    lens: &Lens,
    (area, sizes): (Rect, Sizes),
    left: f32,
    out: &mut Vec<Command>,
) {
    let tokens = theme::tokens(ui);
    let streams = scene.trace.map_or_else(Vec::new, |trace| trace.spec.streams_of(Side::Target));
    let strip =
        Rect::from_min_size(pos2(left.max(area.left()), area.top()), vec2(sizes.label - 2.0, area.height()));
    ui.painter().rect_filled(strip, 0, tokens.background);
    let last = lens.layers.len().saturating_sub(1);
    for (up, (index, layer)) in lens.layers.iter().enumerate().rev().enumerate() {
        let below = vec2(0.0, sizes.head + sizes.row * up as f32);
        let row = Rect::from_min_size(strip.left_top() + below, vec2(sizes.label - 6.0, sizes.row));
        let name = if index == last { scene.words.lens_last.to_owned() } else { row_name(scene, index) };
        let stream = streams.get(index).copied();
        let chosen = stream.is_some() && stream == scene.stream();
        let pointed = stream.is_some_and(|stream| scene.hover.layer == Some(block_of(stream)));
        let color = match (chosen, pointed) {
            (true, _) => tokens.accent_text,
            (_, true) => tokens.text,
            _ => tokens.muted,
        };
        let galley = widgets::short(ui, &name, theme::body(sizes.small), row.width(), color);
        let at = Align2::LEFT_CENTER.anchor_size(row.left_center(), galley.size()).min;
        ui.painter().galley(at, galley, color);
        let response = ui.interact(row, ui.scope_id().with(("lens row", index)), Sense::click());
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, chosen, &layer.name));
        if response.clicked() {
            out.extend(stream.and_then(|stream| scene.select_stream(stream)));
        }
        response.on_hover_text(&layer.name);
    }
}

/// The block that a row's stream enters: `L3`, or in a decoder that looks at a source `self 3` and `cross 3`.
fn row_name(scene: &Scene<'_>, index: usize) -> String {
    let start = scene.trace.map_or(0, |trace| trace.spec.decoder_start());
    if start == 0 { format!("L{index}") } else { scene.stream_name_short(Stream::Before(start + index)) }
}

fn put(ui: &Ui, rect: Rect, text: &str, size: f32, color: egui::Color32) {
    let galley = widgets::short(ui, text, theme::mono(size), rect.width(), color);
    ui.painter().galley(
        Align2::LEFT_CENTER.anchor_size(rect.left_center(), galley.size()).min,
        galley,
        color,
    );
}
