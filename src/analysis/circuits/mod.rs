//! What a head looks for and what it writes, by its weights alone: its QK and OV circuits over the whole vocabulary,
//! and how heads read what earlier heads wrote.
//!
//! A vocabulary × vocabulary matrix is never made: each is a product of two thin ones, searched tile by tile.
//!
//! - source: Elhage et al. 2021, *A Mathematical Framework for Transformer Circuits*

mod composition;
mod eigen;
mod table;
mod top;

pub use composition::{Composition, Kind, Link, compose, random_composition};
pub use eigen::{eigenvalue_share, rows_times_rows};
pub use table::{Ends, FIRST, Own, Scan, WordTable};
pub use top::Entry;

use crate::kernels::{linear, scale};
use crate::model::{
    Frozen, HeadId, HeadMap, HeadSpec, Network, Part, Placement, PositionBias, Positions, Side, through,
};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// Words whose vectors are made at once.
const WORDS: usize = 512;

/// How words enter a head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct CircuitOptions {
    /// A word is its vector and what the first block's MLP makes of it, as later heads find it
    pub after_mlp: bool,
    /// Values as they are, instead of what each is above the mean of its row
    pub plain: bool,
}

/// What of a score or a logit depends on more than two words, and is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOut {
    /// What positions add to a word's vector
    Positions,
    /// The turn by the distance of query and key: both stand at one place
    Rotary,
    /// What is added to scores by that distance
    PositionBias,
    /// Products with that distance
    Distance,
    /// The cap on scores, which keeps their order
    ScoreCap,
    /// Divisors of the norms between head and word: they are 1
    Divisors,
    /// The cap on logits, which keeps their order
    LogitCap,
}

impl LeftOut {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Self::Positions => "positions in the embedding",
            Self::Rotary => "rotary turns (query and key stand at one place)",
            Self::PositionBias => "the position bias",
            Self::Distance => "products with distances",
            Self::ScoreCap => "the cap on scores",
            Self::Divisors => "divisors of norms behind the head (they are 1)",
            Self::LogitCap => "the cap on logits",
        }
    }
}

/// Why a head has no such circuit.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum NoCircuit {
    /// The model has no such head
    #[error("the model has no head {0}")]
    NoHead(HeadId),
    /// Nothing scores words
    #[error("this model scores no words: what its heads write cannot be read as words")]
    NoWords,
    /// Words are scored behind an activation
    #[error(
        "an activation lies between the stream and this model's words: what heads write cannot be read as words by weights alone"
    )]
    Gated,
    /// The head writes into a stream that no unembedding reads
    #[error("the head writes into the encoder's stream, from which no words are read")]
    Encoder,
    /// The first block has no MLP to go through
    #[error(
        "words have no first MLP to go through here: the head is in the first block, or that block has no MLP of its own"
    )]
    NoMlp,
    /// Somebody asked to stop
    #[error("cancelled")]
    Cancelled,
}

/// A head's two circuits.
#[derive(Clone, Debug)]
pub struct HeadCircuits {
    /// The head
    pub head: HeadId,
    /// How it was asked for
    pub options: CircuitOptions,
    /// What it looks for: \[query word, key word\], the score that the head gives
    pub looks: WordTable,
    /// What it writes: \[word read, word written\], the logit that is added
    pub writes: Result<WordTable, NoCircuit>,
    /// Σλ / Σ|λ| over the eigenvalues of `looks`: 1 where words look for themselves
    pub matching: Option<f64>,
    /// Σλ / Σ|λ| over the eigenvalues of W_E·W_V·W_O·W_U as stored: 1 where words raise themselves
    pub copying: Option<f64>,
    /// What is left out
    pub left_out: Vec<LeftOut>,
}

/// A head's circuits over the whole vocabulary.
///
/// - `looks`: scale·⟨q, k⟩ with q = W_Q·norm(e) + b_Q and k likewise, e the vectors of two words alone, each through the
///   block's own norm (and the norms, cut and turn of queries and keys, both at one place)
/// - `writes`: ⟨norm(e)·W_V·W_O through the norms behind, W_U⟩, without the constant that every word has (b_V)
/// - unless `plain`, less the mean over all keys, or over all words: softmax is blind to it
/// - `progress` is told the share done and may break off; takes vocabulary × (head_dim + value_dim) numbers twice
pub fn head_circuits(
    network: &Network,
    head: HeadId,
    options: CircuitOptions,
    progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Result<HeadCircuits, NoCircuit> {
    let spec = &network.spec;
    let block = spec.blocks.get(head.layer).ok_or(NoCircuit::NoHead(head))?;
    let attention = &block.attention;
    if head.head >= attention.heads {
        return Err(NoCircuit::NoHead(head));
    }
    let (asks, answers) = block.part.sides();
    let same = asks == answers;
    let HeadId { layer, head: index } = head;
    let (mut queries, mut keys, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let rest = network.value_rows(layer, index, &network.key_input_bias(layer));
    let share = if same { 0.9 } else { 0.45 };
    each_tile(network, answers, (layer, options), &mut |done| progress(done * share), &mut |words| {
        let input = network.key_input(layer, words);
        keys.extend(network.key_rows(layer, index, &input));
        values.extend(network.value_rows(layer, index, &input));
        if same {
            queries.extend(network.query_rows(layer, index, &network.query_input(layer, words)));
        }
    })?;
    if !same {
        let mut later = |done| progress(share + done * share);
        each_tile(network, asks, (layer, options), &mut later, &mut |words| {
            queries.extend(network.query_rows(layer, index, &network.query_input(layer, words)));
        })?;
    }
    for row in values.chunks_exact_mut(attention.value_dim()) {
        row.iter_mut().zip(&rest).for_each(|(x, rest)| *x -= rest);
    }
    scale(&mut queries, attention.scale);
    let looks = WordTable::new(queries, keys, attention.head_dim, !options.plain);
    let writes = written(network, head)
        .map(|written| WordTable::new(values, written, attention.value_dim(), !options.plain));
    if progress(0.95).is_break() {
        return Err(NoCircuit::Cancelled);
    }
    Ok(HeadCircuits {
        head,
        options,
        matching: looks.eigenvalue_share(),
        copying: copying(network, head),
        left_out: left_out(network, head, writes.is_ok()),
        looks,
        writes,
    })
}

/// Makes the vectors of all words that one text may have, some at a time: [word, width], as a later block finds them.
fn each_tile(
    network: &Network,
    side: Side,
    (layer, options): (usize, CircuitOptions),
    progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
    take: &mut dyn FnMut(&[f32]),
) -> Result<(), NoCircuit> {
    let vocab = network.words_of(side);
    let first = network.first_block(side);
    if options.after_mlp && layer <= first {
        return Err(NoCircuit::NoMlp);
    }
    for start in (0..vocab).step_by(WORDS) {
        if progress(start as f32 / vocab as f32).is_break() {
            return Err(NoCircuit::Cancelled);
        }
        let words: Vec<u32> = (start as u32..(start + WORDS).min(vocab) as u32).collect();
        let mut rows = network.word_vectors(side, &words);
        if options.after_mlp {
            rows = network.after_first_mlp(side, rows).ok_or(NoCircuit::NoMlp)?;
        }
        take(&rows);
    }
    Ok(())
}

/// What each word's logit reads of a head's z, [word, value_dim]: W_O, what the stream goes through behind it, W_U.
fn written(network: &Network, head: HeadId) -> Result<Vec<f32>, NoCircuit> {
    let spec = &network.spec;
    let block = &spec.blocks[head.layer];
    match spec.head {
        HeadSpec::MaskedToken { .. } => return Err(NoCircuit::Gated),
        HeadSpec::NextToken if block.part == Part::Encoder => return Err(NoCircuit::Encoder),
        HeadSpec::NextToken => {}
        HeadSpec::None | HeadSpec::Classes(_) | HeadSpec::Sentence(_) => return Err(NoCircuit::NoWords),
    }
    let mut rows = network.head_map(head.layer, head.head, HeadMap::Output, false);
    for map in way(network, head.layer) {
        rows = through(&map, rows, spec.width);
    }
    let mut width = spec.width;
    if network.weights.has("unembed.W_in") {
        let own = network.weights.matrix("unembed.W_in");
        (rows, width) = (linear(&rows, &own, None), own.outputs);
    }
    scale(&mut rows, spec.logits.scale);
    let dim = rows.len() / width;
    let logits = linear(&rows, &network.weights.matrix("unembed.W_U"), None);
    let words = logits.len() / dim;
    let by_dim = |word: usize| (0..dim).map(move |row| row * words + word);
    Ok((0..words).flat_map(by_dim).map(|index| logits[index]).collect())
}

/// What a block's attention goes through on the stream's straight way to the unembedding; every divisor is 1.
fn way(network: &Network, layer: usize) -> Vec<Frozen<'static>> {
    let spec = &network.spec;
    let mut maps = Vec::new();
    let mut norm = |norm, name: String| maps.extend(network.unit_norm(norm, &name));
    for (at, block) in spec.blocks.iter().enumerate().skip(layer) {
        let prefix = spec.prefix(at);
        let own = at == layer;
        if own {
            norm(block.ln1_post, format!("{prefix}.ln1_post"));
        }
        match block.placement {
            Placement::Pre | Placement::Parallel => {}
            Placement::Post => {
                norm(block.ln1, format!("{prefix}.ln1"));
                norm(block.ln2.filter(|_| block.mlp.is_some()), format!("{prefix}.ln2"));
            }
            Placement::Normed => {
                norm(block.ln1.filter(|_| !own), format!("{prefix}.ln1"));
                norm(block.ln2, format!("{prefix}.ln2"));
            }
        }
    }
    norm(spec.final_norm, "ln_final".to_owned());
    maps.insert(0, Frozen::factors(vec![spec.blocks[layer].residual_scale; spec.width]));
    maps
}

/// How much a head raises the very words it reads: Σλ / Σ|λ| over the eigenvalues of W_E·W_V·W_O·W_U, weights as they
/// are stored; `None` where the model gives no next word or reads its words at another width.
///
/// - computed as the eigenvalues of W_O·W_U·W_E·W_V, [value_dim, value_dim]; the same number as the atlas has
/// - in [−1, 1]; 1: every direction is copied, −1: every one suppressed
/// - source: Elhage et al. 2021, "copying"
fn copying(network: &Network, head: HeadId) -> Option<f64> {
    let spec = &network.spec;
    if spec.head != HeadSpec::NextToken || spec.encoder.is_some() || spec.embedding.projection.is_some() {
        return None;
    }
    let own = |map| network.head_map(head.layer, head.head, map, false);
    let said = linear(&own(HeadMap::Output), &network.weights.matrix("unembed.W_U"), None);
    let again = linear(&said, &network.weights.matrix("embed.W_E"), None);
    eigenvalue_share(&rows_times_rows(&again, &own(HeadMap::Value), spec.width))
}

fn left_out(network: &Network, head: HeadId, writes: bool) -> Vec<LeftOut> {
    let spec = &network.spec;
    let block = &spec.blocks[head.layer];
    let positions = |side| match (side, &spec.encoder) {
        (Side::Source, Some(encoder)) => encoder.embedding.positions,
        _ => spec.embedding.positions,
    };
    let sides = [block.part.rows(), block.part.columns()];
    let attention = &block.attention;
    let found = [
        (sides.into_iter().any(|side| positions(side) != Positions::None), LeftOut::Positions),
        (attention.rotary.is_some(), LeftOut::Rotary),
        (
            matches!(attention.bias, Some(PositionBias::Alibi { .. } | PositionBias::Buckets(_))),
            LeftOut::PositionBias,
        ),
        (matches!(attention.bias, Some(PositionBias::Disentangled(_))), LeftOut::Distance),
        (attention.softcap.is_some(), LeftOut::ScoreCap),
        (writes && way(network, head.layer).len() > 1, LeftOut::Divisors),
        (writes && spec.logits.softcap.is_some(), LeftOut::LogitCap),
    ];
    found.into_iter().filter(|(there, _)| *there).map(|(_, what)| what).collect()
}
