//! Pictures of the hidden states: values gathered on a worker, coloured here, one at a time.

use super::{theme, worker};
use crate::{
    analysis::{by_variance, layer_similarity, similarity},
    model::{Hook, Model},
    render::{ColorMap, Scale, Shader, ValueRange},
    trace::{Side, Stream, Trace, norms},
};
use egui::{TextureHandle, TextureOptions};
use serde::{Deserialize, Serialize};
use std::sync::{
    Arc,
    mpsc::{Receiver, channel},
};

/// Rows and columns of a picture at most; more are gathered, the one farthest from zero of each.
const MOST: usize = 2048;
/// Share of the values that the range must hold: a few dimensions dwarf all others in most models.
const QUANTILE: f64 = 0.995;

/// Which hidden states the views show, and how: part of the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HiddenChoice {
    /// The activation, in the block that the chosen stream enters or leaves; none: the stream itself.
    pub hook: Option<Hook>,
    /// Dimensions by their variance over the tokens, the greatest first.
    pub by_variance: bool,
    /// Similarity between one token's states on every two streams, not between tokens on one.
    pub between_layers: bool,
}

impl HiddenChoice {
    /// The activation that is shown of a stream's block, where one is chosen and the model has it.
    pub fn at(self, trace: &Trace, stream: Stream) -> Option<(Hook, usize)> {
        let (Stream::Before(layer) | Stream::After(layer)) = stream;
        self.hook.filter(|&hook| trace.lacks(hook, layer).is_none()).map(|hook| (hook, layer))
    }
}

/// Which picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One place of the residual stream: token × dimension, the dimensions perhaps by their variance.
    Stream(Stream, bool),
    /// An activation of a block, likewise.
    Hook(Hook, usize, bool),
    /// Cosine of every two tokens at one place: token × token.
    Similarity(Stream),
    /// Cosine of one token's states at every two places of its text: stream × stream.
    Layers(Side, usize),
    /// Its length all the way through one stack: layer × token.
    Norms(Side),
}

/// Values and the range that shows them.
pub struct Values {
    /// Row-major.
    pub cells: Vec<f32>,
    /// Values across.
    pub columns: usize,
    /// Magnitude that meets the end of the colour map.
    pub limit: f32,
    /// The greatest magnitude.
    pub greatest: f32,
    /// Each layer's median norm; none for a stream.
    pub medians: Vec<f32>,
    /// All that was read where the trace does not keep it, [token, width]; empty where it does.
    pub all: Vec<f32>,
    /// Numbers of one token, of which the picture may show fewer.
    pub width: usize,
    /// The dimension in each column; empty where they are in order.
    pub order: Vec<usize>,
}

/// A picture that can be drawn.
pub struct Picture {
    /// Its texture.
    pub texture: TextureHandle,
    /// Its colours.
    pub shader: Shader,
    /// What it shows.
    pub values: Values,
}

/// The picture at hand, and the one being made; none of it where there are no such values.
#[derive(Default)]
pub struct Hidden {
    shown: Option<(u64, Kind, bool, Option<Picture>)>,
    making: Option<(u64, Kind, Receiver<Option<Values>>)>,
}

impl Hidden {
    /// The picture of one run in one theme; until it is made that of the run before, or none.
    pub fn picture(
        &mut self,
        ctx: &egui::Context,
        post: &worker::Post,
        (run, trace): (u64, &Trace),
        model: Option<&Arc<Model>>,
        kind: Kind,
        dark: bool,
    ) -> Option<&Picture> {
        let is = |shown: &(u64, Kind, bool, Option<Picture>)| (shown.0, shown.1) == (run, kind);
        if let Some((made_run, made_kind, receiver)) = &self.making
            && let Ok(values) = receiver.try_recv()
        {
            let (made_run, made_kind) = (*made_run, *made_kind);
            let painted = values.map(|values| paint(ctx, values, made_kind, dark));
            self.shown = Some((made_run, made_kind, dark, painted));
            self.making = None;
        }
        let at_hand = self.shown.as_ref().is_some_and(is);
        if at_hand && self.shown.as_ref().is_some_and(|shown| shown.2 != dark) {
            let (run, kind, _, old) = self.shown.take()?;
            let painted = old.map(|old| paint(ctx, old.values, kind, dark));
            self.shown = Some((run, kind, dark, painted));
        }
        let in_making = self.making.as_ref().is_some_and(|making| (making.0, making.1) == (run, kind));
        if !at_hand && !in_making {
            self.make(ctx, post, (run, trace), model, kind);
        }
        // The one before stands in until it is made, so that nothing blinks while a text is typed or written
        self.shown.as_ref().filter(|shown| shown.1 == kind).and_then(|shown| shown.3.as_ref())
    }

    /// Whether it is known that a run has no such values.
    pub fn is_none(&self, run: u64, kind: Kind) -> bool {
        self.shown.as_ref().is_some_and(|shown| (shown.0, shown.1) == (run, kind) && shown.3.is_none())
    }

    fn make(
        &mut self,
        ctx: &egui::Context,
        post: &worker::Post,
        (run, trace): (u64, &Trace),
        model: Option<&Arc<Model>>,
        kind: Kind,
    ) {
        let (send, receive) = channel();
        let (trace, ctx, model) = (trace.clone(), ctx.clone(), model.cloned());
        self.making = Some((run, kind, receive));
        worker::spawn("hidden states", post, 0, move |_| {
            if send.send(gather(&trace, model.as_deref(), kind)).is_ok() {
                ctx.request_repaint();
            }
        });
    }
}

fn gather(trace: &Trace, model: Option<&Model>, kind: Kind) -> Option<Values> {
    let width = trace.spec.width.max(1);
    let square = |cells: Vec<f32>, columns: usize| Values {
        cells,
        columns,
        limit: 1.0,
        greatest: 1.0,
        medians: Vec::new(),
        all: Vec::new(),
        width: columns,
        order: Vec::new(),
    };
    Some(match kind {
        Kind::Stream(stream, sorted) => ranged(trace.stream(stream), width, sorted),
        Kind::Hook(hook, layer, sorted) => {
            let array = trace.activation(model.map(|model| &model.network), hook, layer).ok()?;
            let rows = trace.tokens_of(trace.rows_of(hook, layer)).len().max(1);
            let width = (array.data.len() / rows).max(1);
            let values = ranged(&array.data, width, sorted);
            Values { all: array.data, ..values }
        }
        Kind::Similarity(stream) => {
            let vectors = trace.stream(stream);
            // Every so many tokens of a long text: the whole would grow with its square
            let step = (vectors.len() / width).div_ceil(MOST).max(1);
            let some: Vec<f32> = vectors.chunks(width).step_by(step).flatten().copied().collect();
            square(similarity(&some, width), (some.len() / width).max(1))
        }
        Kind::Layers(side, token) => {
            square(layer_similarity(trace, side, token), trace.spec.streams_of(side).len().max(1))
        }
        Kind::Norms(side) => {
            let streams = trace.spec.streams_of(side);
            let layers: Vec<Vec<f32>> =
                streams.into_iter().map(|stream| norms(trace.stream(stream), width)).collect();
            let values = ranged(&layers.concat(), trace.tokens_of(side).len().max(1), false);
            Values { medians: layers.iter().map(|norms| median(norms)).collect(), ..values }
        }
    })
}

/// Rows of `width` values with their range, the columns perhaps by their variance.
fn ranged(values: &[f32], width: usize, sorted: bool) -> Values {
    let order = if sorted { by_variance(values, width) } else { Vec::new() };
    let turned: Vec<f32> = if sorted {
        values.chunks_exact(width).flat_map(|row| order.iter().map(|&column| row[column])).collect()
    } else {
        Vec::new()
    };
    let (cells, columns) = gathered(if sorted { &turned } else { values }, width);
    let mut sizes: Vec<f32> = cells.iter().map(|value| value.abs()).filter(|size| size.is_finite()).collect();
    let greatest = sizes.iter().copied().fold(0.0, f32::max);
    let at = ((sizes.len() as f64 * QUANTILE) as usize).min(sizes.len().saturating_sub(1));
    let limit = if sizes.is_empty() { 1.0 } else { *sizes.select_nth_unstable_by(at, f32::total_cmp).1 };
    let limit = if limit > 0.0 { limit } else { 1.0 };
    Values { cells, columns, limit, greatest, medians: Vec::new(), all: Vec::new(), width, order }
}

/// The middle one (of an even count, the upper of the two); 0 of none.
fn median(norms: &[f32]) -> f32 {
    let mut sorted = norms.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// At most [`MOST`] rows and columns, keeping what is farthest from zero.
fn gathered(values: &[f32], columns: usize) -> (Vec<f32>, usize) {
    let rows = values.len() / columns;
    let (down, across) = (rows.min(MOST), columns.min(MOST));
    if (down, across) == (rows, columns) {
        return (values.to_vec(), columns);
    }
    let mut out = vec![0.0_f32; down * across];
    for (y, row) in values.chunks(columns).enumerate() {
        for (x, &value) in row.iter().enumerate() {
            let cell = &mut out[y * down / rows * across + x * across / columns];
            if value.abs() > cell.abs() {
                *cell = value;
            }
        }
    }
    (out, across)
}

fn paint(ctx: &egui::Context, values: Values, kind: Kind, dark: bool) -> Picture {
    let theme = theme::shared(dark);
    let (map, low) = match kind {
        Kind::Stream(..) | Kind::Hook(..) | Kind::Similarity(_) | Kind::Layers(..) => {
            (ColorMap::signed(theme), -values.limit)
        }
        Kind::Norms(_) => (ColorMap::of(theme), 0.0),
    };
    let shader = Shader::new(map, Scale::Linear, ValueRange { low, high: values.limit });
    let options = TextureOptions { minification: egui::TextureFilter::Linear, ..TextureOptions::NEAREST };
    let image = theme::image(&shader.paint(&values.cells, values.columns));
    let texture = ctx.load_texture("hidden states", image, options);
    Picture { texture, shader, values }
}
