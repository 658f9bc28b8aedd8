//! Hidden states compared: how alike tokens are on one residual stream, and the way each token takes through the layers.

use crate::model::{Hook, Network};
use crate::trace::{ActivationError, Side, Stream, Trace, norms};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

/// Cosine similarity of every two of `n` vectors, [n, n] in [−1, 1]: `⟨a, b⟩ / (‖a‖ ‖b‖)`; 0 beside a vector of zeros.
///
/// `vectors`: [n, width], row-major.
pub fn similarity(vectors: &[f32], width: usize) -> Vec<f32> {
    let rows: Vec<Vec<f64>> = vectors.chunks(width.max(1)).map(unit).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    rows.iter().flat_map(|a| rows.iter().map(move |b| dot(a, b).clamp(-1.0, 1.0) as f32)).collect()
}

fn unit(row: &[f32]) -> Vec<f64> {
    let row: Vec<f64> = row.iter().map(|&x| f64::from(x)).collect();
    let norm = row.iter().map(|x| x * x).sum::<f64>().sqrt();
    let by = if norm > 0.0 { 1.0 / norm } else { 0.0 };
    row.into_iter().map(|x| x * by).collect()
}

/// Cosine similarity of one token's states on every two streams of its text, [stream, stream] in [−1, 1].
pub fn layer_similarity(trace: &Trace, side: Side, token: usize) -> Vec<f32> {
    let width = trace.spec.width.max(1);
    let own = |stream| trace.stream(stream).get(token * width..(token + 1) * width).unwrap_or(&[]);
    let streams = trace.spec.streams_of(side);
    similarity(&streams.into_iter().map(own).collect::<Vec<_>>().concat(), width)
}

/// What norms are of.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    strum::EnumIter,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "lowercase")]
pub enum NormsOf {
    /// The residual stream at each of its places.
    #[default]
    Stream,
    /// What attention adds to it in each block, `hook_attn_out`.
    Attention,
    /// What the MLP adds, `hook_mlp_out`.
    Mlp,
}

impl NormsOf {
    /// The activation; of the stream none, as it has a name at each place.
    pub fn hook(self) -> Option<Hook> {
        match self {
            Self::Stream => None,
            Self::Attention => Some(Hook::AttnOut),
            Self::Mlp => Some(Hook::MlpOut),
        }
    }
}

/// Where a text's norms are taken, first to last: the places of its stream, or the blocks that add to it, each as the
/// stream that enters it. Blocks without that part are left out.
pub fn norm_places(trace: &Trace, side: Side, of: NormsOf) -> Vec<Stream> {
    let Some(hook) = of.hook() else { return trace.spec.streams_of(side) };
    let own = |&layer: &usize| trace.rows_of(hook, layer) == side && trace.lacks(hook, layer).is_none();
    (0..trace.n_layers()).filter(own).map(Stream::Before).collect()
}

/// Euclidean lengths ‖x_t‖₂ of one text's tokens, [place, token], each ≥ 0. What is added is recomputed block by block,
/// which takes the weights.
pub fn norm_rows(
    trace: &Trace,
    network: Option<&Network>,
    side: Side,
    of: NormsOf,
) -> Result<Vec<(Stream, Vec<f32>)>, ActivationError> {
    let width = trace.spec.width;
    let row = |place: Stream| match (of.hook(), place) {
        (Some(hook), Stream::Before(layer) | Stream::After(layer)) => {
            Ok((place, norms(&trace.activation(network, hook, layer)?.data, width)))
        }
        (None, place) => Ok((place, norms(trace.stream(place), width))),
    };
    norm_places(trace, side, of).into_iter().map(row).collect()
}

/// Columns of `[row, width]` values in the order of their variance over the rows, the greatest first; equal ones as they
/// stand. In f64: a few dimensions of most models vary a thousand times more than the others.
pub fn by_variance(values: &[f32], width: usize) -> Vec<usize> {
    let n = (values.len() / width.max(1)).max(1) as f64;
    let (mut sums, mut squares) = (vec![0.0_f64; width], vec![0.0_f64; width]);
    for row in values.chunks_exact(width.max(1)) {
        sums.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x) / n);
    }
    for row in values.chunks_exact(width.max(1)) {
        let out = squares.iter_mut().zip(row).zip(&sums);
        out.for_each(|((square, &x), mean)| *square += (f64::from(x) - mean).powi(2));
    }
    let mut order: Vec<usize> = (0..width).collect();
    order.sort_by(|&a, &b| squares[b].total_cmp(&squares[a]));
    order
}

/// The ways of all tokens through the layers, on the two directions along which their states differ most.
#[derive(Clone, Debug, PartialEq)]
pub struct Trails {
    /// One text's streams, first to last.
    pub streams: Vec<Stream>,
    /// Coordinates [stream, token], each on both components.
    pub points: Vec<Vec<[f64; 2]>>,
    /// Share of the variance that each component holds, in [0, 1].
    pub share: [f64; 2],
}

/// Rounds of orthogonal iteration; far more than two leading components of hidden states need.
const ROUNDS: usize = 60;

/// Principal components (Pearson 1901; Hotelling 1933) over all tokens of all streams of one text.
///
/// `skip` tokens at the start are placed, but do not say where the components lie: attention sinks have norms tens of times
/// the others' in most models, and would be the whole picture.
pub fn trails(trace: &Trace, side: Side, skip: usize) -> Trails {
    let width = trace.spec.width.max(1);
    let streams = trace.spec.streams_of(side);
    let rows: Vec<Vec<&[f32]>> =
        streams.iter().map(|&stream| trace.stream(stream).chunks_exact(width).collect()).collect();
    let fitted: Vec<&[f32]> = rows.iter().flat_map(|tokens| tokens.iter().skip(skip).copied()).collect();
    let fitted = if fitted.is_empty() { rows.iter().flatten().copied().collect() } else { fitted };
    let mean = mean(&fitted, width);
    let (components, share) = components(&fitted, &mean);
    let place = |row: &&[f32]| components.each_ref().map(|component| project(row, &mean, component));
    let points = rows.iter().map(|tokens| tokens.iter().map(place).collect()).collect();
    Trails { streams, points, share }
}

fn mean(rows: &[&[f32]], width: usize) -> Vec<f64> {
    let mut mean = vec![0.0; width];
    for row in rows {
        mean.iter_mut().zip(*row).for_each(|(mean, &x)| *mean += f64::from(x));
    }
    for mean in &mut mean {
        *mean /= rows.len().max(1) as f64;
    }
    mean
}

fn project(row: &[f32], mean: &[f64], component: &[f64]) -> f64 {
    row.iter().zip(mean).zip(component).map(|((&x, mean), c)| (f64::from(x) - mean) * c).sum()
}

/// Two orthonormal directions, by orthogonal iteration on the covariance, which is never written out.
fn components(rows: &[&[f32]], mean: &[f64]) -> ([Vec<f64>; 2], [f64; 2]) {
    let mut random = StdRng::seed_from_u64(1);
    let mut start = || (0..mean.len()).map(|_| random.random_range(-1.0..1.0)).collect::<Vec<f64>>();
    let mut both = [start(), start()];
    let mut held = [0.0; 2];
    for _ in 0..ROUNDS {
        let mut next = [vec![0.0; mean.len()], vec![0.0; mean.len()]];
        held = [0.0; 2];
        orthonormal(&mut both);
        for row in rows {
            for (which, component) in both.iter().enumerate() {
                let along = project(row, mean, component);
                held[which] += along * along;
                let out = next[which].iter_mut().zip(*row).zip(mean);
                out.for_each(|((out, &x), mean)| *out += along * (f64::from(x) - mean));
            }
        }
        both = next;
    }
    orthonormal(&mut both);
    let square =
        |row: &&[f32]| row.iter().zip(mean).map(|(&x, mean)| (f64::from(x) - mean).powi(2)).sum::<f64>();
    let all: f64 = rows.iter().map(square).sum();
    // A sign that does not depend on the start: the largest entry is positive
    for component in &mut both {
        let largest = component.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0);
        if largest < 0.0 {
            for x in component {
                *x = -*x;
            }
        }
    }
    (both, held.map(|held| if all > 0.0 { held / all } else { 0.0 }))
}

fn orthonormal([first, second]: &mut [Vec<f64>; 2]) {
    let scale = |vector: &mut Vec<f64>| {
        let norm = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
        if norm > 0.0 {
            for x in vector {
                *x /= norm;
            }
        }
    };
    scale(first);
    let along: f64 = first.iter().zip(&*second).map(|(a, b)| a * b).sum();
    second.iter_mut().zip(&*first).for_each(|(b, a)| *b -= along * a);
    scale(second);
}
