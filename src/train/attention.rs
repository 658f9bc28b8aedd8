//! Causal self-attention of one block over some rows, forwards and backwards.

use super::shape::Shape;
use crate::kernels::backward::{causal_softmax, causal_softmax_back};
use crate::kernels::product::{Layout, Onto, product};

/// How some rows lie: `rows` sequences of `length` tokens, `q | k | v` of each token side by side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attention {
    rows: usize,
    length: usize,
    heads: usize,
    head_dim: usize,
}

impl Attention {
    pub(super) fn new(shape: &Shape, rows: usize, length: usize) -> Self {
        Self { rows, length, heads: shape.heads, head_dim: shape.head_dim() }
    }
    /// Numbers of the patterns of all rows and heads.
    pub(super) fn cells(&self) -> usize {
        self.rows * self.heads * self.length * self.length
    }
    fn scale(&self) -> f32 {
        1.0 / (self.head_dim as f32).sqrt()
    }
    fn width(&self) -> usize {
        self.heads * self.head_dim
    }
    /// Every row and head, with the place of its pattern.
    fn each(self) -> impl Iterator<Item = (usize, usize, usize)> {
        let cells = self.length * self.length;
        (0..self.rows * self.heads).map(move |index| (index / self.heads, index % self.heads, index * cells))
    }
    /// Part `part` (0: q, 1: k, 2: v) of a head in [token, 3·width].
    fn part(&self, row: usize, head: usize, part: usize) -> Layout {
        let start = row * self.length * 3 * self.width() + part * self.width() + head * self.head_dim;
        let (rows, columns) = (self.length, self.head_dim);
        Layout { rows, columns, start, row_stride: 3 * self.width(), column_stride: 1 }
    }
    /// A head in [token, width].
    fn own(&self, row: usize, head: usize) -> Layout {
        let start = row * self.length * self.width() + head * self.head_dim;
        Layout {
            rows: self.length,
            columns: self.head_dim,
            start,
            row_stride: self.width(),
            column_stride: 1,
        }
    }
    fn square(&self, start: usize) -> Layout {
        Layout { start, ..Layout::dense(self.length, self.length) }
    }

    /// `qkv` [token, 3·width], turned already → `pattern` [row, head, query, key] and `z` [token, width].
    pub(super) fn forward(self, qkv: &[f32], pattern: &mut [f32], z: &mut [f32]) {
        for (row, head, at) in self.each() {
            let (q, k, v) = (self.part(row, head, 0), self.part(row, head, 1), self.part(row, head, 2));
            let square = self.square(at);
            product((qkv, q), (qkv, k.turned()), (pattern, square), Onto::Nothing);
            let cells = at..at + self.length * self.length;
            causal_softmax(&mut pattern[cells], self.length, self.scale());
            product((pattern, square), (qkv, v), (z, self.own(row, head)), Onto::Nothing);
        }
    }

    /// From `dz` [token, width] to `dqkv` [token, 3·width], which is overwritten. `spare`: [query, key].
    pub(super) fn backward(
        self,
        qkv: &[f32],
        pattern: &[f32],
        dz: &[f32],
        dqkv: &mut [f32],
        spare: &mut [f32],
    ) {
        for (row, head, at) in self.each() {
            let (q, k, v) = (self.part(row, head, 0), self.part(row, head, 1), self.part(row, head, 2));
            let (own, square, cell) = (self.own(row, head), self.square(at), self.square(0));
            product((pattern, square.turned()), (dz, own), (dqkv, v), Onto::Nothing);
            product((dz, own), (qkv, v.turned()), (spare, cell), Onto::Nothing);
            let cells = at..at + self.length * self.length;
            causal_softmax_back(&pattern[cells], spare, self.length, self.scale());
            product((spare, cell), (qkv, k), (dqkv, q), Onto::Nothing);
            product((spare, cell.turned()), (qkv, q), (dqkv, k), Onto::Nothing);
        }
    }
}
