//! A residual stream taken apart: what every earlier part of the model wrote into it at one token.
//!
//! Norms that the stream itself goes through (post-norm models) are frozen: their divisors stay what they were, so
//! every part goes through them alone, and the parts add up to the stream. What the trace does not keep is computed
//! again for that one token by the model's own pieces.

use crate::model::{
    BlockSpec, EmbeddingTerm, Frozen, HeadId, Hook, ModelSpec, Network, NormSpec, Part, Placement, Side,
    Stream, Terms,
};
use crate::trace::Trace;
use std::ops::{ControlFlow, Range};

/// A part of the model that writes into the residual stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Component {
    /// The token's vector
    Embedding,
    /// Its position's
    Position,
    /// Its segment's
    Segment,
    /// What one head adds, W_O included and its bias not
    Head(HeadId),
    /// What the MLP of a block adds, its biases included
    Mlp(usize),
    /// What the convolution behind a block adds
    Convolution(usize),
    /// What interventions put in or took away, where that is no head's and no MLP's output
    Change,
    /// Distances of tokens, where scores have products with them
    Distance,
    /// Biases of attention and of norms
    Bias,
}

impl Component {
    /// Its name in tables: `emb`, `2.6`, `mlp3`; in encoder–decoder models `cross 2.6`.
    pub fn name(self, spec: &ModelSpec) -> String {
        let of_block = |kind: &str, layer: usize| match spec.blocks.get(layer).map(|block| block.part) {
            Some(part) if part != Part::Only => {
                format!("{} {kind}{}", part.name(), spec.index_in_part(layer))
            }
            _ => format!("{kind}{layer}"),
        };
        match self {
            Self::Embedding => "emb".to_owned(),
            Self::Position => "pos".to_owned(),
            Self::Segment => "type".to_owned(),
            Self::Head(head) => spec.head_name(head),
            Self::Mlp(layer) => of_block("mlp", layer),
            Self::Convolution(layer) => of_block("conv", layer),
            Self::Change => "change".to_owned(),
            Self::Distance => "dist".to_owned(),
            Self::Bias => "bias".to_owned(),
        }
    }
}

/// A residual stream at one token, as the sum of what was written into it.
#[derive(Clone, Debug)]
pub(super) struct Parts<'a> {
    /// Who wrote each term; the last is [`Component::Bias`]
    pub(super) components: Vec<Component>,
    /// What they wrote, [component, width]
    pub(super) terms: Terms,
    /// What the stream went through, first to last
    pub(super) maps: Vec<Frozen<'a>>,
    /// The attentions that wrote into it
    pub(super) attentions: Vec<Attention<'a>>,
}

/// How what a block's heads gave came into the stream.
#[derive(Clone, Debug)]
pub(super) struct Attention<'a> {
    /// Its block
    pub(super) layer: usize,
    /// What its output went through before it was added
    pub(super) own: Vec<Frozen<'a>>,
    /// How many of the stream's maps came before
    pub(super) born: usize,
}

/// Adds what a component wrote, to what it has written already or as one more term.
pub(super) fn push(components: &mut Vec<Component>, terms: &mut Terms, component: Component, row: &[f32]) {
    if let Some(index) = components.iter().position(|&own| own == component) {
        terms.add_to(index, row);
    } else {
        terms.push(row);
        components.insert(components.len() - 1, component);
    }
}

/// Takes the stream at one token apart; `None` where `progress` (told the share done) breaks off.
///
/// Costs one token's share of every earlier block, and its row of every earlier head's pattern.
pub(super) fn parts<'a>(
    network: &'a Network,
    trace: &Trace,
    stream: Stream,
    token: usize,
    progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Option<Parts<'a>> {
    let spec = &trace.spec;
    let side = spec.stream_side(stream);
    let first = if side == Side::Source { 0 } else { spec.decoder_start() };
    let end = match stream {
        Stream::Before(layer) => layer,
        Stream::After(layer) => layer + 1,
    };
    let mut parts = embedding(network, trace, side, token);
    for layer in first..end {
        if progress((layer - first) as f32 / (end - first).max(1) as f32).is_break() {
            return None;
        }
        parts.enter(trace, layer, token);
        parts.block(network, trace, layer, token);
    }
    if let Stream::Before(layer) = stream {
        parts.enter(trace, layer, token);
    }
    Some(parts)
}

fn embedding<'a>(network: &'a Network, trace: &Trace, side: Side, token: usize) -> Parts<'a> {
    let ids: Vec<u32> = trace.tokens_of(side).iter().map(|token| token.id).collect();
    let second = trace.second.filter(|_| side == Side::Target).unwrap_or(usize::MAX);
    let mut means = (*trace.means).clone();
    let (labels, terms) = network.embedding_terms(side, &ids, second, token, &mut |hook, data| {
        if side == Side::Target {
            trace.changes.apply(hook, 0, 0, data, &mut means);
        }
    });
    let component = |label| match label {
        EmbeddingTerm::Token => Component::Embedding,
        EmbeddingTerm::Position => Component::Position,
        EmbeddingTerm::Segment => Component::Segment,
    };
    let components = labels.into_iter().map(component).chain([Component::Bias]).collect();
    Parts { components, terms, maps: Vec::new(), attentions: Vec::new() }
}

/// What one block's values were at the token, and how interventions changed them.
#[derive(Default)]
struct Seen {
    /// What its heads gave, [head · value_dim]
    z: Vec<f32>,
    /// What the MLP added
    mlp: Vec<f32>,
    /// Changes to the stream and to what attention adds, by where they were made
    changes: Vec<(Hook, Vec<f32>)>,
}

impl Seen {
    fn change(&self, hook: Hook) -> Option<&[f32]> {
        self.changes.iter().find(|(at, _)| *at == hook).map(|(_, change)| &change[..])
    }
}

impl<'a> Parts<'a> {
    fn push(&mut self, component: Component, row: &[f32]) {
        push(&mut self.components, &mut self.terms, component, row);
    }

    /// The stream goes through a map.
    pub(super) fn map(&mut self, map: Frozen<'a>) {
        map.apply(&mut self.terms);
        self.maps.push(map);
    }

    /// Before a block: what interventions did to the stream there.
    fn enter(&mut self, trace: &Trace, layer: usize, token: usize) {
        if trace.changes.touches(Hook::ResidPre, layer) {
            let width = trace.spec.width;
            let kept = &trace.resid(layer)[token * width..(token + 1) * width];
            let change: Vec<f32> = kept.iter().zip(self.terms.sum()).map(|(kept, sum)| kept - sum).collect();
            self.push(Component::Change, &change);
        }
    }

    /// What block `layer` adds, and what it does to the stream.
    fn block(&mut self, network: &'a Network, trace: &Trace, layer: usize, token: usize) {
        let block = &trace.spec.blocks[layer];
        let prefix = trace.spec.prefix(layer);
        let norm = |parts: &mut Self, norm: Option<NormSpec>, name: &str| {
            if let Some(norm) = norm {
                let x = parts.terms.sum();
                let divisor = match name {
                    "ln1" => trace.divisor(Hook::Ln1Scale, layer, token, norm, &x),
                    "ln2" => trace.divisor(Hook::Ln2Scale, layer, token, norm, &x),
                    _ => norm.divisor(&x),
                };
                parts.map(network.frozen_norm_by(norm, &format!("{prefix}.{name}"), x.len(), divisor));
            }
        };
        let window = window(block, token, trace.query_tokens(layer).len());
        let seen = resume(network, trace, layer, window.clone(), token);
        if block.placement == Placement::Normed {
            norm(self, block.ln1, "ln1");
        }
        self.heads(network, trace, layer, &seen.z);
        self.changed(&seen, Hook::AttnOut);
        self.changed(&seen, Hook::ResidMid);
        match block.placement {
            Placement::Post => norm(self, block.ln1, "ln1"),
            Placement::Normed => norm(self, block.ln2, "ln2"),
            Placement::Pre | Placement::Parallel => {}
        }
        if block.mlp.is_none() {
            return;
        }
        self.push(Component::Mlp(layer), &seen.mlp);
        self.changed(&seen, Hook::ResidPost);
        if block.placement == Placement::Post {
            norm(self, block.ln2, "ln2");
        }
        if let Some(own) = block.convolution {
            let rows = trace.resid(layer);
            let neighbours = &rows[window.start * trace.spec.width..window.end * trace.spec.width];
            let given = network.convolution(layer, &own, neighbours);
            let row = &given[(token - window.start) * trace.spec.width..][..trace.spec.width];
            self.push(Component::Convolution(layer), row);
            norm(self, Some(own.norm), "conv.ln");
        }
        self.changed(&seen, Hook::NormalizedResidPost);
    }

    fn changed(&mut self, seen: &Seen, hook: Hook) {
        if let Some(change) = seen.change(hook) {
            self.push(Component::Change, change);
        }
    }

    /// Every head of a block adds its part of z through W_O; `z`: [head · value_dim].
    fn heads(&mut self, network: &'a Network, trace: &Trace, layer: usize, z: &[f32]) {
        let block = &trace.spec.blocks[layer];
        let width = trace.spec.width;
        let mut written = Terms::none(width);
        for (head, z) in z.chunks_exact(block.attention.value_dim()).enumerate() {
            written.push(&network.head_result(layer, head, z));
        }
        let prefix = trace.spec.prefix(layer);
        if let Some(bias) = network.weights.vector::<f32>(&format!("{prefix}.attn.b_O")) {
            written.add_constant(&bias);
        }
        let mut own = Vec::new();
        if let Some(norm) = block.ln1_post {
            own.push(network.frozen_norm(norm, &format!("{prefix}.ln1_post"), &written.sum()));
        }
        own.push(Frozen::factors(vec![block.residual_scale; width]));
        for map in &own {
            map.apply(&mut written);
        }
        let heads = block.attention.heads;
        for (head, row) in written.rows().take(heads).enumerate() {
            self.push(Component::Head(HeadId { layer, head }), row);
        }
        self.terms.add_constant(written.row(heads));
        self.attentions.push(Attention { layer, own, born: self.maps.len() });
    }
}

/// Tokens that have to go through a block together so that one of them comes out as in the pass.
fn window(block: &BlockSpec, token: usize, n_tokens: usize) -> Range<usize> {
    let reach = block.convolution.map_or(0, |own| own.kernel / 2);
    token.saturating_sub(reach)..(token + reach + 1).min(n_tokens)
}

/// What the heads of a block gave at some tokens, before W_O, [token, head · value_dim].
fn heads_at(trace: &Trace, layer: usize, tokens: Range<usize>) -> Vec<f32> {
    let spec = &trace.spec.blocks[layer].attention;
    let state = &trace.layer(layer).state;
    let mut z = Vec::with_capacity(tokens.len() * spec.heads * spec.value_dim());
    for token in tokens.clone() {
        for head in 0..spec.heads {
            let pattern = trace.pattern(HeadId { layer, head });
            let keys = pattern.keys(token);
            let weights = pattern.tile(token..token + 1, keys.clone());
            let values = &state.values[spec.kv_head(head)];
            let mut sums = vec![0.0_f64; spec.value_dim()];
            for (key, &weight) in keys.zip(&weights).filter(|(_, weight)| **weight != 0.0) {
                sums.iter_mut()
                    .zip(values.row(key))
                    .for_each(|(sum, &v)| *sum += f64::from(weight) * f64::from(v));
            }
            z.extend(sums.into_iter().map(|sum| sum as f32));
        }
    }
    z
}

/// Sends some tokens through the rest of a block again, and keeps what passes at one of them.
fn resume(network: &Network, trace: &Trace, layer: usize, tokens: Range<usize>, token: usize) -> Seen {
    let width = trace.spec.width;
    let x = trace.resid(layer)[tokens.start * width..tokens.end * width].to_vec();
    let mut means = (*trace.means).clone();
    let mut seen = Seen::default();
    let z = heads_at(trace, layer, tokens.clone());
    network.rows_after_heads(layer, x, &z, &mut |hook, data: &mut [f32]| {
        if hook == Hook::ResidPre {
            return; // what the trace holds there is as changed already
        }
        let width = data.len() / tokens.len();
        let row = |data: &[f32]| data[(token - tokens.start) * width..][..width].to_vec();
        let on_stream =
            matches!(hook, Hook::AttnOut | Hook::ResidMid | Hook::ResidPost | Hook::NormalizedResidPost);
        let before = (on_stream && trace.changes.touches(hook, layer)).then(|| row(data));
        trace.changes.apply(hook, layer, tokens.start, data, &mut means);
        if let Some(before) = before {
            let change = row(data).iter().zip(before).map(|(after, before)| after - before).collect();
            seen.changes.push((hook, change));
        }
        match hook {
            Hook::Z => seen.z = row(data),
            Hook::MlpOut => seen.mlp = row(data),
            _ => {}
        }
    });
    seen
}
