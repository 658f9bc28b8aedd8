//! One head's weights as directions of the residual stream: what each of its dimensions reads there, and writes.

use super::QkNormAcross;
use super::attention_spec::QkNorm;
use super::spec::{NormKind, NormSpec, Part};
use super::terms::{Frozen, Terms};
use super::transformer::Network;
use crate::kernels::{Elements, Matrix, linear, scale};

/// Which of a head's four maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadMap {
    /// What queries read, [head_dim, width]
    Query,
    /// What keys read, [head_dim, width]
    Key,
    /// What values read, [value_dim, width]
    Value,
    /// What z writes, [value_dim, width]
    Output,
}

impl Network {
    /// A head's map, one row a dimension of the head; its keys and values are those of its group.
    ///
    /// `folded`: with the weights and the centring of the norms on the way (before attention, of queries and keys, of
    /// latent vectors, of what attention adds), and divisors of 1; else as they are stored. Biases are left out, and so
    /// are turns.
    pub fn head_map(&self, layer: usize, head: usize, map: HeadMap, folded: bool) -> Vec<f32> {
        let block = &self.spec.blocks[layer];
        let prefix = self.spec.prefix(layer);
        if map == HeadMap::Output {
            let out = self.head_output(layer, head);
            let output = linear(&unit_rows(0, out.inputs, out.inputs), &out, None);
            let after = self.unit_norm(block.ln1_post.filter(|_| folded), &format!("{prefix}.ln1_post"));
            return match after {
                Some(after) => through(&after, output, self.spec.width),
                None => output,
            };
        }
        let spec = &block.attention;
        let queries = map == HeadMap::Query;
        let (part, short) = match map {
            HeadMap::Query => ("Q", "Q"),
            HeadMap::Key => ("K", "KV"),
            _ => ("V", "KV"),
        };
        let own = if queries { (head, spec.heads) } else { (spec.kv_head(head), spec.kv_heads) };
        let latent = spec.latent.filter(|latent| !queries || latent.query_width.is_some());
        let mut rows = self.reads(layer, part, own, latent.map(|latent| (short, latent.norm)), folded);
        if map == HeadMap::Key && spec.latent.is_some() {
            rows.extend(columns(&self.weights.matrix(&format!("{prefix}.attn.W_K_shared"))));
        }
        if folded {
            if let Some(norm) = spec.qk_norm.filter(|_| map != HeadMap::Value) {
                let name = if queries { "q_norm" } else { "k_norm" };
                self.fold_head_norm(layer, norm, (name, own.0), &mut rows);
            }
            let before = if block.part == Part::Cross && !queries {
                let last = self.spec.encoder.as_ref().and_then(|encoder| encoder.final_norm);
                self.unit_norm(last, "encoder.ln_final")
            } else {
                self.unit_norm(self.norm_before(layer), &format!("{prefix}.ln1"))
            };
            pull_rows(before.as_ref(), &mut rows);
        }
        rows
    }

    /// A norm whose divisor is 1 and whose bias is left out: its weights, and its centring where it has one.
    pub fn unit_norm(&self, norm: Option<NormSpec>, name: &str) -> Option<Frozen<'static>> {
        let norm = norm?;
        let weight = self.norm_weights::<f32>(norm, name).0;
        let factors = weight.unwrap_or_else(|| vec![1.0; self.spec.width]);
        Some(Frozen::Factors { factors, centred: norm.kind == NormKind::Layer, bias: None })
    }

    /// What one head's part of a projection reads, [dim, width].
    fn reads(
        &self,
        layer: usize,
        part: &str,
        (head, heads): (usize, usize),
        short: Option<(&str, NormSpec)>,
        folded: bool,
    ) -> Vec<f32> {
        let name = |rest: &str| format!("{}.attn.{rest}", self.spec.prefix(layer));
        let whole = self.weights.matrix(&name(&format!("W_{part}")));
        let dim = whole.outputs / heads;
        let mut rows = columns(&whole.columns(head * dim, dim));
        let Some((short, norm)) = short else { return rows };
        let down = self.weights.matrix(&name(&format!("W_{short}_down")));
        if folded {
            let weight = self.norm_weights::<f32>(norm, &name(&format!("{short}_down_norm"))).0;
            let factors = weight.unwrap_or_else(|| vec![1.0; down.outputs]);
            let centred = norm.kind == NormKind::Layer;
            let rows_of_short = Frozen::Factors { factors, centred, bias: None };
            pull_each(&rows_of_short, &mut rows, down.outputs);
        }
        let dense = columns(&down);
        linear(&rows, &row_major(&dense, self.spec.width), None)
    }

    /// The norm of a head's queries or keys, with a divisor of 1; `rows`: [head_dim, width].
    fn fold_head_norm(&self, layer: usize, own: QkNorm, (name, head): (&str, usize), rows: &mut [f32]) {
        let width = self.spec.width;
        let dim = rows.len() / width;
        if own.norm.kind == NormKind::Layer && own.across != QkNormAcross::All {
            for column in 0..width {
                let mean =
                    (0..dim).map(|row| f64::from(rows[row * width + column])).sum::<f64>() / dim as f64;
                (0..dim).for_each(|row| rows[row * width + column] -= mean as f32);
            }
        }
        let name = format!("{}.attn.{name}", self.spec.prefix(layer));
        let Some(weight) = self.norm_weights::<f32>(own.norm, &name).0 else { return };
        let weight = if own.across == QkNormAcross::Head { &weight } else { &weight[head * dim..][..dim] };
        for (row, &factor) in rows.chunks_exact_mut(width).zip(weight) {
            scale(row, factor);
        }
    }
}

/// Rows of the stream sent through a map, [row, width].
pub fn through(map: &Frozen<'_>, rows: Vec<f32>, width: usize) -> Vec<f32> {
    let mut terms = Terms::of(rows, width);
    map.apply(&mut terms);
    terms.into_rows()
}

/// The directions in which rows read in front of a map.
fn pull_rows(map: Option<&Frozen<'_>>, rows: &mut [f32]) {
    if let Some(map @ Frozen::Factors { factors, .. }) = map {
        pull_each(map, rows, factors.len());
    }
}

fn pull_each(map: &Frozen<'_>, rows: &mut [f32], width: usize) {
    for row in rows.chunks_exact_mut(width) {
        let direction: Vec<f64> = row.iter().copied().map(f64::from).collect();
        row.iter_mut().zip(map.pull(&direction)).for_each(|(x, pulled)| *x = pulled as f32);
    }
}

/// Every column of a matrix, one after the other: [outputs, inputs].
fn columns(matrix: &Matrix<'_>) -> Vec<f32> {
    (0..matrix.outputs).flat_map(|output| matrix.column::<f32>(output)).collect()
}

/// Numbers in memory, [rows, width], as a matrix of so many inputs.
pub fn row_major(rows: &[f32], width: usize) -> Matrix<'_> {
    Matrix {
        elements: Elements::F32(rows),
        inputs: rows.len() / width.max(1),
        outputs: width,
        input_stride: width,
        output_stride: 1,
        rows: None,
    }
}

/// Rows `first..first + n` of the identity, [n, width].
pub fn unit_rows(first: usize, n: usize, width: usize) -> Vec<f32> {
    let mut rows = vec![0.0; n * width];
    for row in 0..n {
        rows[row * width + first + row] = 1.0;
    }
    rows
}
