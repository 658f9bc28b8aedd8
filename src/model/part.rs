//! Which part of a model a block is, which of two texts its rows and columns belong to, and how users name parts, layers
//! and heads.

use super::hook::{HeadId, Hook};
use super::spec::{ModelSpec, Part, Placement};
use std::str::FromStr;

/// A head as it is typed: `3.5`, or by part of an encoder–decoder model, where layers count within it: `cross.1.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadName {
    /// The part, where one is named
    pub part: Option<Part>,
    /// The layer, of that part or of the model, and the head
    pub head: HeadId,
}

/// What was typed names no head.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no head such as 3.5, or cross.1.0 of an encoder–decoder model")]
pub struct NotAHeadName(String);

impl FromStr for HeadName {
    type Err = NotAHeadName;

    fn from_str(text: &str) -> Result<Self, NotAHeadName> {
        let wrong = || NotAHeadName(text.to_owned());
        // As a head is shown, with a space, or as layers are typed, with a dot
        let (name, rest) = text.trim().split_once(['.', ' ']).ok_or_else(wrong)?;
        let part = Part::ALL.into_iter().find(|part| *part != Part::Only && part.name() == name);
        let head = if part.is_some() { rest } else { text };
        Ok(Self { part, head: head.parse().map_err(|_| wrong())? })
    }
}

impl std::fmt::Display for HeadName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.part {
            Some(part) => write!(f, "{}.{}", part.name(), self.head),
            None => self.head.fmt(f),
        }
    }
}

/// One of the two texts that an encoder–decoder model reads; other models have the target alone.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumIter, strum::EnumString, strum::IntoStaticStr,
)]
#[strum(serialize_all = "lowercase")]
pub enum Side {
    /// What the encoder reads
    Source,
    /// What the decoder reads or writes; in other models the prompt
    Target,
}

/// A place on a residual stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Before this block
    Before(usize),
    /// After this block, the last of its stack
    After(usize),
}

impl Part {
    /// Every part, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Only, Self::Encoder, Self::Decoder, Self::Cross];

    /// Its name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Only => "only",
            Self::Encoder => "encoder",
            Self::Decoder => "decoder",
            Self::Cross => "cross",
        }
    }
    /// What names of its weights begin with.
    fn word(self) -> &'static str {
        match self {
            Self::Only => "blocks",
            part => part.name(),
        }
    }
    /// Whose tokens ask: the rows of its maps.
    pub fn rows(self) -> Side {
        match self {
            Self::Encoder => Side::Source,
            Self::Only | Self::Decoder | Self::Cross => Side::Target,
        }
    }
    /// Whose tokens are looked at: the columns of its maps.
    pub fn columns(self) -> Side {
        match self {
            Self::Encoder | Self::Cross => Side::Source,
            Self::Only | Self::Decoder => Side::Target,
        }
    }
    /// Whose tokens are its maps' rows, and whose their columns.
    pub fn sides(self) -> (Side, Side) {
        (self.rows(), self.columns())
    }
}

/// `encoder.3.attn.W_Q` → (encoder, `3`, `attn.W_Q`); the layer may be a placeholder.
pub(super) fn block_name(name: &str) -> Option<(Part, &str, &str)> {
    let (word, rest) = name.split_once('.')?;
    let (layer, rest) = rest.split_once('.')?;
    let part = Part::ALL.into_iter().find(|part| part.word() == word)?;
    (layer == "{l}" || layer.parse::<usize>().is_ok()).then_some((part, layer, rest))
}

impl ModelSpec {
    /// The head that a name means; none where the model has no such part, layer or head.
    pub fn head(&self, HeadName { part, head }: HeadName) -> Option<HeadId> {
        let layer = part.map_or(Some(head.layer), |part| self.layer_of(part, head.layer))?;
        (head.head < self.blocks.get(layer)?.attention.heads).then_some(HeadId { layer, head: head.head })
    }
    /// First block after the encoder.
    pub fn decoder_start(&self) -> usize {
        self.blocks.iter().take_while(|block| block.part == Part::Encoder).count()
    }
    /// Which layer of its part block `layer` is.
    pub fn index_in_part(&self, layer: usize) -> usize {
        let part = self.blocks[layer].part;
        self.blocks[..layer].iter().filter(|block| block.part == part).count()
    }
    /// Blocks of one part.
    pub fn layers_of(&self, part: Part) -> usize {
        self.blocks.iter().filter(|block| block.part == part).count()
    }
    /// The block that is layer `index` of its part.
    pub fn layer_of(&self, part: Part, index: usize) -> Option<usize> {
        let blocks = self.blocks.iter().enumerate().filter(|(_, block)| block.part == part);
        blocks.map(|(layer, _)| layer).nth(index)
    }
    /// The block that a weight is in, by our name of it.
    pub fn block_of(&self, weight: &str) -> Option<usize> {
        let (part, layer, _) = block_name(weight)?;
        self.layer_of(part, layer.parse().ok()?)
    }
    /// What the names of a block's weights begin with: `blocks.3`, `encoder.3`, `decoder.3`, `cross.3`.
    pub fn prefix(&self, layer: usize) -> String {
        format!("{}.{}", self.blocks[layer].part.word(), self.index_in_part(layer))
    }
    /// Parts that the model has, each with its blocks, in the order in which they are shown.
    pub fn parts(&self) -> Vec<(Part, Vec<usize>)> {
        let of = |part| (0..self.layers()).filter(move |&layer| self.blocks[layer].part == part).collect();
        let all = Part::ALL.into_iter().map(|part| (part, of(part)));
        all.filter(|(_, layers): &(Part, Vec<usize>)| !layers.is_empty()).collect()
    }
    /// Layers as users count them: `12`, or those of encoder and decoder, `6 + 6`.
    pub fn layer_count(&self) -> String {
        match self.encoder {
            Some(_) => format!("{} + {}", self.layers_of(Part::Encoder), self.layers_of(Part::Cross)),
            None => self.layers().to_string(),
        }
    }
    /// A layer as users know it: `3`; in encoder–decoder models `encoder 3`, `decoder 3` or `cross 3`.
    pub fn layer_name(&self, layer: usize) -> String {
        match self.blocks.get(layer).map(|block| block.part) {
            None | Some(Part::Only) => layer.to_string(),
            Some(part) => format!("{} {}", part.name(), self.index_in_part(layer)),
        }
    }
    /// A head with its layer counted within its part.
    pub fn head_in_part(&self, head: HeadId) -> HeadId {
        HeadId { layer: self.index_in_part(head.layer), ..head }
    }
    /// A head in file names: `L3H5`; in encoder–decoder models `cross_L3H5`.
    pub fn head_label(&self, head: HeadId) -> String {
        match self.blocks.get(head.layer).map(|block| block.part) {
            None | Some(Part::Only) => head.label(),
            Some(part) => {
                let own = HeadId { layer: self.index_in_part(head.layer), head: head.head };
                format!("{}_{}", part.name(), own.label())
            }
        }
    }

    /// Every place of the residual streams in the order of the pass: before each block, after the last of each stack.
    pub fn streams(&self) -> Vec<Stream> {
        let mut streams = Vec::with_capacity(self.layers() + 2);
        for layer in 0..self.layers() {
            streams.push(Stream::Before(layer));
            if self.ends_stack(layer) {
                streams.push(Stream::After(layer));
            }
        }
        streams
    }
    /// Those of one text, first to last.
    pub fn streams_of(&self, side: Side) -> Vec<Stream> {
        self.streams().into_iter().filter(|&stream| self.stream_side(stream) == side).collect()
    }
    /// What enters block `layer`; with `layer` = number of blocks, what the last one gives.
    pub fn stream_at(&self, layer: usize) -> Stream {
        if layer < self.layers() {
            Stream::Before(layer)
        } else {
            Stream::After(self.layers().saturating_sub(1))
        }
    }
    /// Whether block `layer` is the last of the encoder or of the model.
    pub fn ends_stack(&self, layer: usize) -> bool {
        layer + 1 == self.decoder_start() || layer + 1 == self.layers()
    }
    /// Whose tokens a stream has.
    pub fn stream_side(&self, stream: Stream) -> Side {
        let (Stream::Before(layer) | Stream::After(layer)) = stream;
        self.blocks.get(layer).map_or(Side::Target, |block| block.part.rows())
    }
    /// The activation that a stream is, and its block.
    pub fn stream_hook(&self, stream: Stream) -> (Hook, usize) {
        match stream {
            Stream::Before(layer) => (Hook::ResidPre, layer),
            Stream::After(layer) => match self.blocks[layer].placement {
                Placement::Pre | Placement::Parallel | Placement::Normed => (Hook::ResidPost, layer),
                Placement::Post => (Hook::NormalizedResidPost, layer),
            },
        }
    }
    /// Its name: `blocks.3.hook_resid_pre`.
    pub fn stream_name(&self, stream: Stream) -> String {
        let (hook, layer) = self.stream_hook(stream);
        self.hook_name(hook, layer)
    }
}
