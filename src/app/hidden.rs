//! Pictures of the hidden states: values gathered on a worker, coloured here, one at a time.

use super::{theme, worker};
use crate::{
    analysis::similarity,
    render::{ColorMap, Scale, Shader, ValueRange},
    trace::{Side, Stream, Trace, norms},
};
use egui::{TextureHandle, TextureOptions};
use std::sync::mpsc::{Receiver, channel};

/// Rows and columns of a picture at most; more are gathered, the one farthest from zero of each.
const MOST: usize = 2048;
/// Share of the values that the range must hold: a few dimensions dwarf all others in most models.
const QUANTILE: f64 = 0.995;

/// Which picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One place of the residual stream: token × dimension.
    Stream(Stream),
    /// Cosine of every two tokens at one place: token × token.
    Similarity(Stream),
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

/// The picture at hand, and the one being made.
#[derive(Default)]
pub struct Hidden {
    shown: Option<(u64, Kind, bool, Picture)>,
    making: Option<(u64, Kind, Receiver<Values>)>,
}

impl Hidden {
    /// The picture of one run in one theme; until it is made that of the run before, or none.
    pub fn picture(
        &mut self,
        ctx: &egui::Context,
        post: &worker::Post,
        run: u64,
        trace: &Trace,
        kind: Kind,
        dark: bool,
    ) -> Option<&Picture> {
        let is = |shown: &(u64, Kind, bool, Picture)| (shown.0, shown.1) == (run, kind);
        if let Some((made_run, made_kind, receiver)) = &self.making
            && let Ok(values) = receiver.try_recv()
        {
            let (made_run, made_kind) = (*made_run, *made_kind);
            self.shown = Some((made_run, made_kind, dark, paint(ctx, values, made_kind, dark)));
            self.making = None;
        }
        let at_hand = self.shown.as_ref().is_some_and(is);
        if at_hand && self.shown.as_ref().is_some_and(|shown| shown.2 != dark) {
            let (run, kind, _, old) = self.shown.take()?;
            self.shown = Some((run, kind, dark, paint(ctx, old.values, kind, dark)));
        }
        let in_making = self.making.as_ref().is_some_and(|making| (making.0, making.1) == (run, kind));
        if !at_hand && !in_making {
            self.make(ctx, post, run, trace, kind);
        }
        // The one before stands in until it is made, so that nothing blinks while a text is typed or written
        self.shown.as_ref().filter(|shown| shown.1 == kind).map(|shown| &shown.3)
    }

    fn make(&mut self, ctx: &egui::Context, post: &worker::Post, run: u64, trace: &Trace, kind: Kind) {
        let (send, receive) = channel();
        let (trace, ctx) = (trace.clone(), ctx.clone());
        self.making = Some((run, kind, receive));
        worker::spawn("hidden states", post, 0, move |_| {
            if send.send(gather(&trace, kind)).is_ok() {
                ctx.request_repaint();
            }
        });
    }
}

fn gather(trace: &Trace, kind: Kind) -> Values {
    let width = trace.spec.width.max(1);
    let ((values, columns), medians) = match kind {
        Kind::Stream(stream) => (gathered(trace.stream(stream), width), Vec::new()),
        Kind::Similarity(stream) => {
            let vectors = trace.stream(stream);
            // Every so many tokens of a long text: the whole would grow with its square
            let step = (vectors.len() / width).div_ceil(MOST).max(1);
            let some: Vec<f32> = vectors.chunks(width).step_by(step).flatten().copied().collect();
            let columns = (some.len() / width).max(1);
            let cells = similarity(&some, width);
            return Values { cells, columns, limit: 1.0, greatest: 1.0, medians: Vec::new() };
        }
        Kind::Norms(side) => {
            let streams = trace.spec.streams_of(side);
            let layers: Vec<Vec<f32>> =
                streams.into_iter().map(|stream| norms(trace.stream(stream), width)).collect();
            (
                gathered(&layers.concat(), trace.tokens_of(side).len().max(1)),
                layers.iter().map(|norms| median(norms)).collect(),
            )
        }
    };
    let mut sizes: Vec<f32> =
        values.iter().map(|value| value.abs()).filter(|size| size.is_finite()).collect();
    let greatest = sizes.iter().copied().fold(0.0, f32::max);
    let at = ((sizes.len() as f64 * QUANTILE) as usize).min(sizes.len().saturating_sub(1));
    let limit = if sizes.is_empty() { 1.0 } else { *sizes.select_nth_unstable_by(at, f32::total_cmp).1 };
    Values { cells: values, columns, limit: if limit > 0.0 { limit } else { 1.0 }, greatest, medians }
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
        Kind::Stream(_) | Kind::Similarity(_) => (ColorMap::signed(theme), -values.limit),
        Kind::Norms(_) => (ColorMap::of(theme), 0.0),
    };
    let shader = Shader::new(map, Scale::Linear, ValueRange { low, high: values.limit });
    let options = TextureOptions { minification: egui::TextureFilter::Linear, ..TextureOptions::NEAREST };
    let image = theme::image(&shader.paint(&values.cells, values.columns));
    let texture = ctx.load_texture("hidden states", image, options);
    Picture { texture, shader, values }
}
