//! A head's map as a pyramid of tiles: a long pattern is browsed like a geographic map, tile by tile.
//!
//! Level 0 has one value per cell; each level above pools two by two, keeping the greatest, so that a thin stripe
//! never vanishes. Values come from [`Pattern`]; nothing here holds more than one tile and its rows.

use std::ops::Range;

use rayon::prelude::*;

use crate::kernels::bin;
use crate::trace::{GoOn, HeadId, Map, Pattern, Pool, Trace};

use super::rank;
use super::raster::Raster;
use super::shader::{Scale, Shader, ValueRange};

/// Values along a tile's edge.
pub const TILE: usize = 256;

/// Which of a head's two matrices is shown.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    strum::EnumIter,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Quantity {
    /// After the softmax: a row sums to 1.
    #[default]
    Weights,
    /// Before the softmax: signed, −∞ where masked.
    Scores,
}

/// One tile's place in the pyramid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileKey {
    /// Halvings: a value of level `l` stands for 2ˡ × 2ˡ cells.
    pub level: u8,
    /// Tiles down.
    pub row: usize,
    /// Tiles across.
    pub column: usize,
}

impl TileKey {
    /// The query rows it covers, cut to `n_queries`.
    pub fn queries(self, n_queries: usize) -> Range<usize> {
        span(self.row, self.level, n_queries)
    }

    /// The key columns it covers, cut to `n_keys`.
    pub fn keys(self, n_keys: usize) -> Range<usize> {
        span(self.column, self.level, n_keys)
    }

    /// The tile one level up that shows the same cells: what to draw until this one is there.
    #[must_use]
    pub fn parent(self) -> Self {
        Self { level: self.level + 1, row: self.row / 2, column: self.column / 2 }
    }
}

/// One tile's values, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Tile {
    /// Values down and across: 256 but at the lower and right edge of the map.
    pub rows: usize,
    /// See `rows`.
    pub columns: usize,
    /// `rows × columns` values.
    pub values: Vec<f32>,
    /// The maximum of each of its rows over *all* keys, where [`Scale::Row`] asks for it.
    pub peaks: Option<Vec<f32>>,
    /// Each value's rank among *all* values of its row, where [`Scale::Rank`] asks for it.
    pub ranks: Option<Vec<f32>>,
}

impl Tile {
    /// The tile's colours.
    pub fn paint(&self, shader: &Shader) -> Raster {
        match &self.ranks {
            Some(ranks) => shader.paint_ranks(ranks, &self.values, self.columns),
            None => shader.paint_rows(&self.values, self.columns, self.peaks.as_deref()),
        }
    }
}

/// Levels of the pyramid of an `n_queries × n_keys` map: the last one is a single tile.
pub fn levels(n_queries: usize, n_keys: usize) -> u8 {
    let tiles = n_queries.max(n_keys).div_ceil(TILE).max(1);
    tiles.next_power_of_two().trailing_zeros() as u8 + 1
}

/// The level to draw when a cell is `pixels` wide on screen: the finest that has no more values than pixels.
pub fn level_for(pixels: f32, levels: u8) -> u8 {
    let halvings = if pixels >= 1.0 { 0.0 } else { (1.0 / pixels.max(f32::MIN_POSITIVE)).log2().floor() };
    (halvings as u8).min(levels.saturating_sub(1))
}

/// The tiles of `level` that show any of `queries × keys`, row by row.
pub fn covering(level: u8, queries: Range<usize>, keys: Range<usize>) -> impl Iterator<Item = TileKey> {
    let tiles = move |cells: Range<usize>| {
        let edge = TILE << level;
        cells.start / edge..cells.end.div_ceil(edge)
    };
    let columns = tiles(keys);
    tiles(queries).flat_map(move |row| columns.clone().map(move |column| TileKey { level, row, column }))
}

/// What a head's map is scaled to, the same in the grid, the heatmap and the exports: from 0 to its greatest weight.
///
/// The first query of a causal head has one key, so its weight is always 1: it is left out, that others can be seen.
pub fn weight_range(trace: &Trace, head: HeadId) -> ValueRange {
    let thumbnail = trace.thumbnail(head);
    let causal = trace.spec.blocks[head.layer].attention.causal;
    let first = if causal && thumbnail.rows > 1 { thumbnail.columns } else { 0 };
    ValueRange::up_to_max(&thumbnail.values[first..])
}

/// Whatever has rows and columns of values and can be asked for any part of them.
pub trait Surface: Sync {
    /// Rows and columns.
    fn size(&self) -> (usize, usize);
    /// Whether values have both signs.
    fn is_signed(&self) -> bool;
    /// `rows × columns` values farthest from 0 over `queries × keys`, row-major, bins cut as [`bin`] does; one value a
    /// cell where the sizes are equal. `None` where nobody waits any more.
    fn pooled(
        &self,
        queries: Range<usize>,
        keys: Range<usize>,
        rows: usize,
        columns: usize,
    ) -> Option<Vec<f32>>;
}

/// One head as it is.
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a> {
    /// The head.
    pub pattern: Pattern<'a>,
    /// Which of its matrices.
    pub quantity: Quantity,
}

impl Surface for Plain<'_> {
    fn size(&self) -> (usize, usize) {
        (self.pattern.n_queries(), self.pattern.n_keys())
    }
    fn is_signed(&self) -> bool {
        self.quantity == Quantity::Scores
    }
    fn pooled(
        &self,
        queries: Range<usize>,
        keys: Range<usize>,
        rows: usize,
        columns: usize,
    ) -> Option<Vec<f32>> {
        Some(pooled(&self.pattern, self.quantity, queries, keys, rows, columns))
    }
}

/// A map made by a recipe, as long as somebody waits for it.
#[derive(Clone, Copy)]
pub struct Watched<'a> {
    /// The map.
    pub map: &'a Map,
    /// Breaks off.
    pub go_on: GoOn<'a>,
}

impl Surface for Watched<'_> {
    fn size(&self) -> (usize, usize) {
        (self.map.n_queries(), self.map.n_keys())
    }
    fn is_signed(&self) -> bool {
        self.map.is_signed()
    }
    fn pooled(
        &self,
        queries: Range<usize>,
        keys: Range<usize>,
        rows: usize,
        columns: usize,
    ) -> Option<Vec<f32>> {
        self.map.pooled(queries, keys, rows, columns, self.go_on)
    }
}

/// Computes a tile; `None` where nobody waits any more. `scale` only decides what of whole rows is needed.
pub fn tile(surface: &dyn Surface, key: TileKey, scale: Scale) -> Option<Tile> {
    let (n_queries, n_keys) = surface.size();
    let (queries, keys) = (key.queries(n_queries), key.keys(n_keys));
    let (rows, columns) = (queries.len().div_ceil(1 << key.level), keys.len().div_ceil(1 << key.level));
    let values = surface.pooled(queries.clone(), keys.clone(), rows, columns)?;
    let (mut peaks, mut ranks) = (None, None);
    match scale {
        Scale::Row => peaks = Some(surface.pooled(queries, 0..n_keys, rows, 1)?),
        Scale::Rank => ranks = Some(ranked(surface, queries, keys, rows, columns)?),
        Scale::Linear | Scale::Log => {}
    }
    Some(Tile { rows, columns, values, peaks, ranks })
}

/// Ranks of values among all of their rows, made smaller like the values themselves: of each bin the one farthest from
/// the middle, or the greatest where values have one sign.
pub fn ranked(
    surface: &dyn Surface,
    queries: Range<usize>,
    keys: Range<usize>,
    rows: usize,
    columns: usize,
) -> Option<Vec<f32>> {
    const ROWS: usize = 32;
    let (n_keys, signed) = (surface.size().1, surface.is_signed());
    let mut out = vec![f32::NEG_INFINITY; rows * columns];
    for (index, out) in out.chunks_mut(columns.max(1)).enumerate() {
        let band = bin(queries.len(), rows, index);
        let band = queries.start + band.start..queries.start + band.end;
        for start in band.clone().step_by(ROWS) {
            let part = start..(start + ROWS).min(band.end);
            let values = surface.pooled(part.clone(), 0..n_keys, part.len(), n_keys)?;
            let ranks: Vec<Vec<f32>> =
                values.par_chunks(n_keys.max(1)).map(|row| rank::of_row(row, signed)).collect();
            for ranks in ranks {
                let ranks = &ranks[keys.clone()];
                for (column, out) in out.iter_mut().enumerate() {
                    let bin = bin(keys.len(), columns, column);
                    *out = ranks[bin].iter().copied().fold(*out, if signed { farther } else { f32::max });
                }
            }
        }
    }
    Some(out)
}

/// `rows × columns` maxima over `queries × keys`; one value a cell where the sizes are equal.
pub fn pooled(
    pattern: &Pattern<'_>,
    quantity: Quantity,
    queries: Range<usize>,
    keys: Range<usize>,
    rows: usize,
    columns: usize,
) -> Vec<f32> {
    let whole = rows == queries.len() && columns == keys.len();
    match quantity {
        Quantity::Weights if whole => pattern.tile(queries, keys),
        Quantity::Weights => pattern.pooled(queries, keys, rows, columns, Pool::Max),
        Quantity::Scores if whole => pattern.scores_tile(queries, keys),
        Quantity::Scores => pooled_scores(pattern, queries, keys, rows, columns),
    }
}

/// Scores keep the one of greatest magnitude of each cell: a signed map has two ends. One band of rows at a time.
fn pooled_scores(
    pattern: &Pattern<'_>,
    queries: Range<usize>,
    keys: Range<usize>,
    rows: usize,
    columns: usize,
) -> Vec<f32> {
    let mut out = vec![f32::NEG_INFINITY; rows * columns];
    for (row, out) in out.chunks_mut(columns.max(1)).enumerate() {
        let band = share(&queries, row, rows);
        let scores = pattern.scores_tile(band, keys.clone());
        for line in scores.chunks(keys.len().max(1)) {
            for (column, out) in out.iter_mut().enumerate() {
                let cells = share(&(0..keys.len()), column, columns);
                *out = line[cells].iter().copied().fold(*out, farther);
            }
        }
    }
    out
}

/// Whichever lies farther from zero; a masked cell (−∞) only where nothing else is.
pub fn farther(a: f32, b: f32) -> f32 {
    match (a == f32::NEG_INFINITY, b == f32::NEG_INFINITY) {
        (true, _) => b,
        (_, true) => a,
        _ if b.is_nan() || b.abs() > a.abs() => b,
        _ => a,
    }
}

/// The `index`-th of `parts` nearly equal parts of `whole`.
pub fn share(whole: &Range<usize>, index: usize, parts: usize) -> Range<usize> {
    let cut = |i: usize| whole.start + whole.len() * i / parts.max(1);
    cut(index)..cut(index + 1)
}

fn span(index: usize, level: u8, n: usize) -> Range<usize> {
    let edge = TILE << level;
    (index * edge).min(n)..((index + 1) * edge).min(n)
}
