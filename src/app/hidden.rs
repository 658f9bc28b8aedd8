//! Pictures of the hidden states: values gathered on a worker, coloured here, one at a time.

use super::{derived::Derived, theme, worker::Post};
use crate::{
    analysis::{NormsOf, by_variance, layer_similarity, norm_rows, similarity},
    engine::Job,
    model::{Hook, Model},
    render::{ColorMap, Scale, Shader, ValueRange},
    trace::{Side, Stream, Trace},
};
use egui::{TextureHandle, TextureOptions};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

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
    /// Whose norms are shown.
    pub norms: NormsOf,
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
    /// Its length all the way through one stack, or that of what is added to it: layer × token.
    Norms(Side, NormsOf),
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
    /// All that was read where the trace does not keep it, [token, width], or all norms, [layer, token]; empty where it
    /// does.
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
    pub values: Arc<Values>,
}

/// The values at hand or in the making, none where there are no such, and the picture of them.
#[derive(Default)]
pub struct Hidden {
    values: Derived<Key, Option<Arc<Values>>>,
    painted: Option<(Key, bool, Picture)>,
}

/// A run's number, and what is shown of it.
type Key = (u64, Kind);

impl Hidden {
    /// The picture of one run in one theme; until it is made that of the run before, or none.
    pub fn picture(
        &mut self,
        ctx: &egui::Context,
        post: &Post,
        (run, trace): (u64, &Trace),
        model: Option<&Arc<Model>>,
        kind: Kind,
        dark: bool,
    ) -> Option<&Picture> {
        let key = (run, kind);
        if !self.values.is_of(Some(&key), post) {
            let (trace, model) = (trace.clone(), model.cloned());
            self.values.follow("hidden states", Some(key), post, |_| {
                move |_: &Job| Ok(gather(&trace, model.as_deref(), kind).map(Arc::new))
            });
        }
        // The one before stands in until it is made, so that nothing blinks while a text is typed or written
        let (&known, values) = self.values.latest().filter(|((_, known), _)| *known == kind)?;
        let values = values.as_ref()?;
        if self.painted.as_ref().is_none_or(|(key, own, _)| (*key, *own) != (known, dark)) {
            self.painted = Some((known, dark, paint(ctx, Arc::clone(values), kind, dark)));
        }
        self.painted.as_ref().map(|(.., picture)| picture)
    }

    /// Whether it is known that a run has no such values.
    pub fn is_none(&self, run: u64, kind: Kind) -> bool {
        self.values.latest().is_some_and(|(key, values)| *key == (run, kind) && values.is_none())
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
        Kind::Norms(side, of) => {
            let rows = norm_rows(trace, model.map(|model| &model.network), side, of).ok()?;
            let layers: Vec<Vec<f32>> = rows.into_iter().map(|(_, norms)| norms).collect();
            let all = layers.concat();
            let values = ranged(&all, trace.tokens_of(side).len().max(1), false);
            Values { medians: layers.iter().map(|norms| median(norms)).collect(), all, ..values }
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

fn paint(ctx: &egui::Context, values: Arc<Values>, kind: Kind, dark: bool) -> Picture {
    let theme = theme::shared(dark);
    let (map, low) = match kind {
        Kind::Stream(..) | Kind::Hook(..) | Kind::Similarity(_) | Kind::Layers(..) => {
            (ColorMap::signed(theme), -values.limit)
        }
        Kind::Norms(..) => (ColorMap::of(theme), 0.0),
    };
    let shader = Shader::new(map, Scale::Linear, ValueRange { low, high: values.limit });
    let options = TextureOptions { minification: egui::TextureFilter::Linear, ..TextureOptions::NEAREST };
    let image = theme::image(&shader.paint(&values.cells, values.columns));
    let texture = ctx.load_texture("hidden states", image, options);
    Picture { texture, shader, values }
}
