//! A vector as the sum of its terms, carried through the model's own maps. What is not linear is frozen at the vector
//! that it met: a norm's divisor, an activation's gate. The terms' sum then is what the map gives of their sum.

use super::spec::{HeadSpec, NormKind, NormSpec};
use super::transformer::Network;
use crate::kernels::{Matrix, activate, linear};

/// Terms of one vector, [term, width]; the last of them is constant: biases.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    rows: Vec<f32>,
    width: usize,
}

/// A map as it was for one vector: linear but for a constant.
#[derive(Clone, Debug)]
pub enum Frozen<'a> {
    /// Every dimension by a factor of its own: norms, gates, scales
    Factors {
        /// The factors, [width]
        factors: Vec<f32>,
        /// Every term's mean is taken off it first
        centred: bool,
        /// Added behind, [width]
        bias: Option<Vec<f32>>,
    },
    /// A linear layer
    Dense {
        /// [inputs, outputs]
        weight: Matrix<'a>,
        /// Added behind, [outputs]
        bias: Option<Vec<f32>>,
    },
}

impl Terms {
    /// No terms yet but a constant of 0.
    pub fn none(width: usize) -> Self {
        Self { rows: vec![0.0; width], width }
    }
    /// From rows, [term, width], of which the last is constant.
    pub fn of(rows: Vec<f32>, width: usize) -> Self {
        Self { rows, width }
    }
    /// Width of the vector.
    pub fn width(&self) -> usize {
        self.width
    }
    /// Terms, the constant included.
    pub fn len(&self) -> usize {
        self.rows.len() / self.width.max(1)
    }
    /// Never: there is always the constant.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
    /// One term, [width].
    pub fn row(&self, index: usize) -> &[f32] {
        &self.rows[index * self.width..(index + 1) * self.width]
    }
    /// All terms, [term, width].
    pub fn rows(&self) -> std::slice::ChunksExact<'_, f32> {
        self.rows.chunks_exact(self.width)
    }
    /// One more term, before the constant.
    pub fn push(&mut self, row: &[f32]) {
        let end = self.rows.len() - self.width;
        self.rows.splice(end..end, row.iter().copied());
    }
    /// Adds to one term.
    pub fn add_to(&mut self, index: usize, row: &[f32]) {
        let own = &mut self.rows[index * self.width..(index + 1) * self.width];
        own.iter_mut().zip(row).for_each(|(x, &y)| *x += y);
    }
    /// Adds to what is constant.
    pub fn add_constant(&mut self, row: &[f32]) {
        self.add_to(self.len() - 1, row);
    }
    /// The vector itself: the sum, in double precision and then rounded.
    pub fn sum(&self) -> Vec<f32> {
        let mut sums = vec![0.0_f64; self.width];
        for row in self.rows() {
            sums.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x));
        }
        sums.into_iter().map(|sum| sum as f32).collect()
    }
    /// Some dimensions of every term.
    #[must_use]
    pub fn dimensions(&self, dims: std::ops::Range<usize>) -> Self {
        Self { rows: self.rows().flat_map(|row| &row[dims.clone()]).copied().collect(), width: dims.len() }
    }
    /// Two vectors' terms side by side: term by term the one's dimensions, then the other's.
    #[must_use]
    pub fn beside(&self, other: &Self) -> Self {
        let rows = self.rows().zip(other.rows()).flat_map(|(a, b)| a.iter().chain(b)).copied().collect();
        Self { rows, width: self.width + other.width }
    }
    /// All terms in memory, [term, width].
    pub(super) fn into_rows(self) -> Vec<f32> {
        self.rows
    }
    pub(super) fn rows_mut(&mut self) -> &mut [f32] {
        &mut self.rows
    }
}

impl Frozen<'_> {
    /// Element-wise: what `after` is a multiple of `before`.
    pub fn gate(before: &[f32], after: &[f32]) -> Self {
        let factor = |(&before, &after): (&f32, &f32)| if before == 0.0 { 0.0 } else { after / before };
        Self::factors(before.iter().zip(after).map(factor).collect())
    }
    /// Every dimension by a factor of its own.
    pub fn factors(factors: Vec<f32>) -> Self {
        Self::Factors { factors, centred: false, bias: None }
    }

    /// Sends every term through.
    pub fn apply(&self, terms: &mut Terms) {
        let bias = match self {
            Self::Factors { factors, centred, bias } => {
                for row in terms.rows.chunks_exact_mut(terms.width) {
                    let mean = if *centred { mean(row.iter().map(|&x| f64::from(x))) } else { 0.0 } as f32;
                    row.iter_mut().zip(factors).for_each(|(x, factor)| *x = (*x - mean) * factor);
                }
                bias
            }
            Self::Dense { weight, bias } => {
                *terms = Terms { rows: linear(&terms.rows, weight, None), width: weight.outputs };
                bias
            }
        };
        if let Some(bias) = bias {
            terms.add_constant(bias);
        }
    }

    /// The direction in which the map reads, for one in which its result is read: ⟨direction, map(x)⟩ is
    /// ⟨pulled, x⟩ and a constant.
    #[must_use]
    pub fn pull(&self, direction: &[f64]) -> Vec<f64> {
        match self {
            Self::Factors { factors, centred, .. } => {
                let scaled = direction.iter().zip(factors).map(|(&x, &factor)| x * f64::from(factor));
                let scaled: Vec<f64> = scaled.collect();
                let mean = if *centred { mean(scaled.iter().copied()) } else { 0.0 };
                scaled.into_iter().map(|x| x - mean).collect()
            }
            Self::Dense { weight, .. } => back(weight, direction),
        }
    }
}

/// W·direction, [inputs].
fn back(weight: &Matrix<'_>, direction: &[f64]) -> Vec<f64> {
    let dense: Vec<f32> = weight.dense();
    let product = |row: &[f32]| row.iter().zip(direction).map(|(&w, x)| f64::from(w) * x).sum();
    dense.chunks_exact(weight.outputs).map(product).collect()
}

fn mean(x: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = x.len() as f64;
    x.sum::<f64>() / n
}

impl Network {
    /// A norm, frozen at the vector it met; `name` is what its weights' names begin with: `blocks.3.ln1`.
    pub fn frozen_norm(&self, norm: NormSpec, name: &str, at: &[f32]) -> Frozen<'static> {
        self.frozen_norm_by(norm, name, at.len(), norm.divisor(at))
    }

    /// A norm, frozen at what it divided a vector of this width by.
    pub fn frozen_norm_by(&self, norm: NormSpec, name: &str, width: usize, divisor: f64) -> Frozen<'static> {
        let (weight, bias) = self.norm_weights::<f32>(norm, name);
        frozen_by(norm, (width, divisor), weight, bias)
    }

    /// A linear layer, by the names of its weights; a bias may be missing.
    pub fn frozen_dense(&self, weight: &str, bias: &str) -> Frozen<'_> {
        Frozen::Dense { weight: self.weights.matrix(weight), bias: self.weights.vector(bias) }
    }

    /// Sends the terms of a last residual stream through the final norm, where there is one.
    pub fn freeze_final_norm(&self, terms: &mut Terms) -> Option<Frozen<'_>> {
        let frozen = self.frozen_norm(self.spec.final_norm?, "ln_final", &terms.sum());
        frozen.apply(terms);
        Some(frozen)
    }

    /// Sends them from there on to where the unembedding reads, and says what they went through.
    pub fn freeze_unembedding(&self, terms: &mut Terms) -> Vec<Frozen<'_>> {
        let mut path = Path { terms, maps: Vec::new() };
        if let HeadSpec::MaskedToken { activation, norm, .. } = self.spec.head {
            path.go(self.frozen_dense("head.W", "head.b"));
            let before = path.terms.sum();
            let mut after = before.clone();
            activate(activation, &mut after);
            path.go(Frozen::gate(&before, &after));
            path.go(self.frozen_norm(norm, "head.ln", &path.terms.sum()));
        }
        if self.weights.has("unembed.W_in") {
            path.go(self.frozen_dense("unembed.W_in", "unembed.b_in"));
        }
        path.go(Frozen::factors(vec![self.spec.logits.scale; path.terms.width()]));
        path.maps
    }

    /// The directions of all heads' outputs, [head · value_dim], for one in which what attention gives is read.
    pub fn pull_to_heads(&self, layer: usize, direction: &[f64]) -> Vec<f64> {
        back(&self.weights.matrix(&format!("{}.attn.W_O", self.spec.prefix(layer))), direction)
    }
}

/// Terms on their way, and what they went through.
struct Path<'t, 'a> {
    terms: &'t mut Terms,
    maps: Vec<Frozen<'a>>,
}

impl<'a> Path<'_, 'a> {
    fn go(&mut self, map: Frozen<'a>) {
        map.apply(self.terms);
        self.maps.push(map);
    }
}

/// A norm with these weights, frozen at the vector it met.
pub(super) fn frozen_at(
    norm: NormSpec,
    at: &[f32],
    weight: Option<Vec<f32>>,
    bias: Option<Vec<f32>>,
) -> Frozen<'static> {
    frozen_by(norm, (at.len(), norm.divisor(at)), weight, bias)
}

/// The same, frozen at what it divided the vector by.
fn frozen_by(
    norm: NormSpec,
    (width, divisor): (usize, f64),
    weight: Option<Vec<f32>>,
    bias: Option<Vec<f32>>,
) -> Frozen<'static> {
    let share = (1.0 / divisor) as f32;
    let factors = match weight {
        Some(weight) => weight.into_iter().map(|weight| weight * share).collect(),
        None => vec![share; width],
    };
    let bias = bias.filter(|_| norm.kind == NormKind::Layer);
    Frozen::Factors { factors, centred: norm.kind == NormKind::Layer, bias }
}
