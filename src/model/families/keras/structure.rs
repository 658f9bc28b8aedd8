//! Finds a Transformer's parts among layers by what their variables look like: three kernels [width, heads, dim] and
//! one [heads, dim, width] are an attention, two matrices a feed-forward part, two vectors a norm.

use super::layers::{Layer, Tree, natural};
use super::settings::Settings;

/// What one layer is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Piece<'a> {
    Attention(Attention<'a>),
    /// A matrix with or without a bias
    Dense(&'a Layer),
    Norm(&'a Layer),
    Embedding(&'a Layer),
    /// Something with variables that none of the above has
    Other(&'a Layer),
}

/// An attention layer's four projections.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attention<'a> {
    pub layer: &'a Layer,
    pub query: &'a Layer,
    pub key: &'a Layer,
    pub value: &'a Layer,
    pub output: &'a Layer,
}

/// A part of the model: a layer that is a whole block, or a layer for itself.
#[derive(Debug)]
pub(super) enum Part<'a> {
    /// One attention, two norms and two matrices in one layer
    Block(&'a Layer, Vec<Piece<'a>>),
    Loose(Piece<'a>),
}

/// One block's layers, in the order of use.
#[derive(Debug)]
pub(super) struct Block<'a> {
    /// The user's own layer around them, where there is one
    pub owner: Option<&'a Layer>,
    pub attention: Attention<'a>,
    pub norms: [&'a Layer; 2],
    pub dense: [&'a Layer; 2],
}

/// The blocks, and what is left.
#[derive(Debug)]
pub(super) struct Structure<'a> {
    pub blocks: Vec<Block<'a>>,
    pub embeddings: Vec<&'a Layer>,
    /// Norms outside blocks that stand before the first one
    pub norms_before: Vec<&'a Layer>,
    /// Norms outside blocks that stand behind the last one
    pub norms_after: Vec<&'a Layer>,
    /// Matrices behind the last block
    pub dense: Vec<&'a Layer>,
}

/// Finds the structure, or says what did not fit.
pub(super) fn structure<'a>(tree: &'a Tree, settings: &Settings<'_>) -> Result<Structure<'a>, String> {
    let mut parts = Vec::new();
    split(&tree.root, settings, &mut parts);
    let mut found = Structure {
        blocks: Vec::new(),
        embeddings: Vec::new(),
        norms_before: Vec::new(),
        norms_after: Vec::new(),
        dense: Vec::new(),
    };
    let (mut attentions, mut norms) = (Vec::new(), Vec::new());
    for part in parts {
        match part {
            Part::Block(owner, pieces) => found.blocks.push(block(owner, &pieces)?),
            Part::Loose(Piece::Attention(attention)) => attentions.push(attention),
            Part::Loose(Piece::Dense(layer)) => found.dense.push(layer),
            Part::Loose(Piece::Embedding(layer)) => found.embeddings.push(layer),
            Part::Loose(Piece::Norm(layer)) => {
                norms.push((layer, attentions.is_empty() && found.blocks.is_empty()));
            }
            Part::Loose(Piece::Other(layer)) => return Err(odd(layer)),
        }
    }
    match (found.blocks.is_empty(), attentions.is_empty()) {
        (true, true) => return Err("no layer in it is an attention with kernels [width, heads, dim]".into()),
        (false, false) => {
            return Err(format!("`{}` is an attention outside the blocks", attentions[0].layer.path));
        }
        (false, true) => {
            let before = |(layer, before): &(&Layer, bool)| {
                if tree.ordered { *before } else { named(layer, &["emb"]) }
            };
            let (first, last): (Vec<_>, Vec<_>) = norms.into_iter().partition(before);
            found.norms_before = first.into_iter().map(|(layer, _)| layer).collect();
            found.norms_after = last.into_iter().map(|(layer, _)| layer).collect();
        }
        (true, false) => flat(&mut found, &attentions, &norms, tree.ordered, settings)?,
    }
    Ok(found)
}

/// Shares out the layers of a model that has them side by side, without a layer of its own for a block.
fn flat<'a>(
    found: &mut Structure<'a>,
    attentions: &[Attention<'a>],
    norms: &[(&'a Layer, bool)],
    ordered: bool,
    settings: &Settings<'_>,
) -> Result<(), String> {
    let layers = attentions.len();
    if norms.len() < 2 * layers || found.dense.len() < 2 * layers {
        return Err(format!(
            "{layers} attentions need {} norms and {0} dense layers between them, there are {} and {}",
            2 * layers,
            norms.len(),
            found.dense.len()
        ));
    }
    // A norm before the first attention is the embedding's where the blocks have theirs behind each sum
    let own = usize::from(is_pre(&attentions[0], settings).unwrap_or(false));
    let before =
        norms.iter().filter(|(layer, before)| if ordered { *before } else { named(layer, &["emb"]) });
    let before = before.count().saturating_sub(if ordered { own } else { 0 });
    let (first, rest) =
        if ordered { norms.split_at(before.min(norms.len() - 2 * layers)) } else { (&norms[..0], norms) };
    found.norms_before = first.iter().map(|(layer, _)| *layer).collect();
    if !ordered {
        found.norms_before =
            norms.iter().map(|(layer, _)| *layer).filter(|layer| named(layer, &["emb"])).collect();
    }
    let mut rest = rest.iter().map(|(layer, _)| *layer).filter(|layer| ordered || !named(layer, &["emb"]));
    let mut dense = std::mem::take(&mut found.dense).into_iter();
    for &attention in attentions {
        let (Some(first), Some(second)) = (rest.next(), rest.next()) else {
            return Err("there are too few norms for the attentions".into());
        };
        let (Some(inner), Some(outer)) = (dense.next(), dense.next()) else { break };
        found.blocks.push(Block { owner: None, attention, norms: [first, second], dense: [inner, outer] });
    }
    found.norms_after = rest.collect();
    found.dense = dense.collect();
    Ok(())
}

/// Whether a graph norms before attention: what is added to its output is then not what it read. `None`: no graph.
pub(super) fn is_pre(attention: &Attention<'_>, settings: &Settings<'_>) -> Option<bool> {
    let name = attention.layer.name();
    let read = *settings.sources(name).first()?;
    Some(settings.added_to(name)? != read)
}

fn split<'a>(layer: &'a Layer, settings: &Settings<'_>, out: &mut Vec<Part<'a>>) {
    let mut pieces = Vec::new();
    collect(layer, settings, false, &mut pieces);
    let count = |of: fn(&Piece<'_>) -> bool| pieces.iter().filter(|piece| of(piece)).count();
    let attentions = count(|piece| matches!(piece, Piece::Attention(_)));
    let (norms, dense) =
        (count(|piece| matches!(piece, Piece::Norm(_))), count(|piece| matches!(piece, Piece::Dense(_))));
    if (attentions, norms, dense, pieces.len()) == (1, 2, 2, 5) {
        out.push(Part::Block(layer, pieces));
    } else if attentions == 0 || attention(layer).is_some() {
        out.extend(pieces.into_iter().map(Part::Loose));
    } else {
        let mut own = Vec::new();
        own.extend(piece(layer, settings, false).map(Part::Loose));
        out.append(&mut own);
        layer.layers.iter().for_each(|layer| split(layer, settings, out));
    }
}

/// The pieces of a layer and of all in it, in order.
fn collect<'a>(layer: &'a Layer, settings: &Settings<'_>, inside: bool, out: &mut Vec<Piece<'a>>) {
    if let Some(attention) = attention(layer) {
        out.push(Piece::Attention(attention));
        return;
    }
    out.extend(piece(layer, settings, inside));
    let inside = inside || layer.layers.iter().any(|layer| attention(layer).is_some());
    layer.layers.iter().for_each(|layer| collect(layer, settings, inside, out));
}

/// What a layer's own variables make it; `inside` a block there are no embeddings.
fn piece<'a>(layer: &'a Layer, settings: &Settings<'_>, inside: bool) -> Option<Piece<'a>> {
    let ranks: Vec<usize> = layer.variables.values().map(|variable| variable.shape.len()).collect();
    let class = settings.get(layer.name()).map(|setting| setting.class);
    // Older files name variables, so that a norm without a scale has its shift alone
    let shift_only = ranks == [1] && layer.variables.contains_key(&1) && named(layer, &["norm"]);
    let is_embedding = class.map_or_else(
        || named(layer, &["emb"]) || !(inside || named(layer, &["dense"])),
        |class| class.contains("Embedding"),
    );
    match ranks[..] {
        [] => None,
        _ if shift_only => Some(Piece::Norm(layer)),
        _ if layer.variables.keys().copied().ne(0..ranks.len()) => Some(Piece::Other(layer)),
        [2] if is_embedding => Some(Piece::Embedding(layer)),
        [2] | [2, 1] => Some(Piece::Dense(layer)),
        [1] | [1, 1] => Some(Piece::Norm(layer)),
        _ => Some(Piece::Other(layer)),
    }
}

/// The four projections of an attention, by their shapes and, among the three alike, by Keras's own names.
fn attention(layer: &Layer) -> Option<Attention<'_>> {
    let projections: Vec<&Layer> = layer.layers.iter().filter(|part| part.shape().len() == 3).collect();
    let part = |word: &str| {
        projections.iter().copied().find(|part| {
            [part.key.trim_start_matches('_'), part.name()].iter().any(|name| name.starts_with(word))
        })
    };
    let (query, key, value) = (part("query")?, part("key")?, part("value")?);
    let output = projections
        .iter()
        .copied()
        .find(|part| ![query, key, value].iter().any(|other| std::ptr::eq(*other, *part)))?;
    (projections.len() == 4).then_some(Attention { layer, query, key, value, output })
}

fn block<'a>(owner: &'a Layer, pieces: &[Piece<'a>]) -> Result<Block<'a>, String> {
    let (mut norms, mut dense, mut attentions) = (Vec::new(), Vec::new(), Vec::new());
    for piece in pieces {
        match *piece {
            Piece::Attention(attention) => attentions.push(attention),
            Piece::Norm(layer) => norms.push(layer),
            Piece::Dense(layer) => dense.push(layer),
            Piece::Embedding(layer) | Piece::Other(layer) => return Err(odd(layer)),
        }
    }
    let (Some(&attention), [a, b], [c, d]) = (attentions.first(), &norms[..], &dense[..]) else {
        return Err(format!("`{}` is no block of one attention", owner.path));
    };
    let turn = |first: &'a Layer, second: &'a Layer, swap: bool| {
        if swap { [second, first] } else { [first, second] }
    };
    // A second norm's or matrix's name may say what it serves; else they count as Keras numbered them
    let later = |layer: &Layer| named(layer, &["ff", "feed", "mlp", "dense"]);
    let swap = match (named(a, &["att"]), named(b, &["att"]), later(a), later(b)) {
        (true, false, _, _) | (false, false, false, true) => false,
        (false, true, _, _) | (false, false, true, false) => true,
        _ => made_after(a, b, "layer_normalization"),
    };
    let norms = turn(a, b, swap);
    let width = attention.query.shape()[0];
    let fits = |first: &Layer, second: &Layer| {
        first.shape()[0] == width && second.shape()[1] == width && first.shape()[1] == second.shape()[0]
    };
    let swap = if fits(c, d) && fits(d, c) { made_after(c, d, "dense") } else { fits(d, c) };
    Ok(Block { owner: Some(owner), attention, norms, dense: turn(c, d, swap) })
}

/// Whether `a` was made after `b`, by Keras's own counted names (`dense_7`), else by their places' names.
fn made_after(a: &Layer, b: &Layer, stem: &str) -> bool {
    let counted = |layer: &Layer| {
        layer.name().strip_prefix(stem).is_some_and(|rest| {
            rest.is_empty()
                || rest.strip_prefix('_').is_some_and(|rest| rest.bytes().all(|c| c.is_ascii_digit()))
        })
    };
    if counted(a) && counted(b) {
        natural(a.name()) > natural(b.name())
    } else {
        natural(&a.path) > natural(&b.path)
    }
}

/// Whether a layer's own name, or its place's, has one of these words in it.
pub(super) fn named(layer: &Layer, words: &[&str]) -> bool {
    let names = [layer.key.to_lowercase(), layer.name().to_lowercase()];
    words.iter().any(|word| names.iter().any(|name| name.contains(word)))
}

fn odd(layer: &Layer) -> String {
    let shapes: Vec<_> = layer.variables.values().map(|variable| &variable.shape).collect();
    format!("layer `{}` with variables {shapes:?} is no part of a Transformer that is read", layer.path)
}
