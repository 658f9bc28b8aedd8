//! Transformers built with Keras: the block of its own examples (attention, sum, norm, two dense layers, sum, norm),
//! under whatever names and in whatever nesting a user gave its layers.
//!
//! Reference: keras.io, *Text classification with Transformer* and *Text generation with a miniature GPT*;
//! `MultiHeadAttention` in Keras 3. A file says what its variables look like and, if it is a whole model, how the
//! layers are wired. What it does not say is taken from those examples and told to the user.

mod blocks;
mod graph;
mod head;
mod layers;
mod settings;
mod structure;
mod told;
mod words;

use crate::kernels::Activation;
use crate::model::error::LoadError;
use crate::model::formats::{Tensors, keras::Archive};
use crate::model::spec::{EmbeddingSpec, HeadSpec, LogitSpec, ModelSpec, NormSpec, Placement, Positions};
use crate::model::warning::{Assumption, Warning};
use crate::model::weights::Named;
use layers::{Layer, Tree};
use settings::{Setting, Settings};
use structure::{Block, Structure, is_pre, named};
use told::Told;
pub(in crate::model) use words::{Vocabulary, beside};

/// What a user's own layer does not write into the file.
struct Manner {
    /// Between the dense layers
    activation: (Activation, &'static str),
    /// Of the norms
    epsilon: f64,
    /// Queries see only what came before; tokens are scored with the embedding itself
    continues: bool,
}

/// Keras's own examples.
const EXAMPLES: Manner = Manner { activation: (Activation::Relu, "ReLU"), epsilon: 1e-6, continues: false };

/// What users call the switch that makes a block of theirs causal.
const CAUSAL: &[&str] = &["causal", "is_causal", "use_causal_mask", "causal_mask", "causal_attention"];

/// KerasHub's GPT-2, the one model there that has decoder blocks on an embedding that is read both ways.
const GPT2: Manner = Manner { activation: (Activation::NewGelu, "GELU"), epsilon: 1e-5, continues: true };

/// A model that was found in a Keras file.
pub(in crate::model) struct Found {
    /// Its architecture
    pub spec: ModelSpec,
    /// The file's tensors, matrices as [inputs, outputs]
    pub tensors: Tensors,
    /// Which of them is which weight
    pub names: Vec<Named>,
    /// What the file does not say, and what was taken for it
    pub notes: Vec<Warning>,
    /// Its own vocabulary
    pub vocabulary: Option<Vocabulary>,
    /// Whether padding tokens (id 0) are masked, as `mask_zero` asks
    pub masks_padding: bool,
}

/// Finds the model.
pub(in crate::model) fn read(archive: &Archive) -> Result<Found, LoadError> {
    let settings = Settings::of(archive.config.as_ref());
    let mut tensors = Tensors { place: archive.place.clone(), ..Tensors::default() };
    let tree = layers::tree(archive, &settings, &mut tensors)?;
    let wrong = |reason| LoadError::Structure { file: archive.place.clone(), reason };
    let structure = structure::structure(&tree, &settings).map_err(wrong)?;
    graph::check(&structure, &tree, &settings).map_err(wrong)?;
    let mut reader = Reader {
        settings: &settings,
        tree: &tree,
        tensors,
        names: Vec::new(),
        assumed: Vec::new(),
        manner: manner(&structure),
        told: Told::beside(&archive.place)?,
    };
    let spec = reader.spec(&structure).map_err(wrong)?;
    let masks = |layer: &&Layer| {
        settings.get(layer.name()).and_then(|setting| setting.flag("mask_zero")) == Some(true)
    };
    // A sum keeps a mask in Keras 2 where any summand has one, in Keras 3 where all of them have
    let third = archive.version.as_ref().is_some_and(|version| !version.starts_with(['1', '2']));
    let masking = structure.embeddings.iter().filter(|layer| masks(layer)).count();
    let masks_padding = if third { masking == structure.embeddings.len() } else { masking > 0 };
    let granted = (!reader.assumed.is_empty()).then_some(Warning::Granted(reader.assumed));
    let notes = granted.into_iter().collect();
    let vocabulary = words::within(archive, &settings)?;
    Ok(Found { spec, tensors: reader.tensors, names: reader.names, notes, vocabulary, masks_padding })
}

/// What is being put together.
struct Reader<'a> {
    settings: &'a Settings<'a>,
    tree: &'a Tree,
    tensors: Tensors,
    names: Vec<Named>,
    assumed: Vec<Assumption>,
    manner: Manner,
    told: Told,
}

impl<'a> Reader<'a> {
    fn spec(&mut self, found: &Structure<'_>) -> Result<ModelSpec, String> {
        let Some(first) = found.blocks.first() else { return Err("it has no block".into()) };
        if !self.tree.ordered && unlike(found) {
            let order = found.blocks.iter().map(|block| block.attention.layer.path.clone());
            self.assume(Assumption::BlockOrder(order.collect()));
        }
        let width = first.attention.query.shape()[0];
        let (tokens, positions) = self.embeddings(found, width)?;
        let vocab = tokens.shape()[0];
        let context = positions.map(|layer| layer.shape()[0]);
        self.take("embed.W_E", tokens, 0, None)?;
        if let Some(layer) = positions {
            self.take("pos_embed.W_pos", layer, 0, None)?;
        } else {
            self.assume(Assumption::NoOtherPositions);
        }
        let embedding_norm = match found.norms_before[..] {
            [] => None,
            [layer] => Some(self.norm("embed.ln", layer, None)?),
            _ => return Err("there is more than one norm before the first block".into()),
        };

        let end = self.end(found);
        let placement = self.placement(found, normed_at_end(found, end, width))?;
        let mut head = self.head(found, end, width, vocab, context)?;
        if head.spec == HeadSpec::None && self.manner.continues {
            self.assume(Assumption::TiedHead);
            self.take("unembed.W_U", tokens, 0, None)?;
            self.names.iter_mut().rev().take(1).for_each(|name| name.turned = true);
            head.spec = HeadSpec::NextToken;
        }
        let final_norm = match head.final_norm {
            Some(layer) => Some(self.norm("ln_final", layer, None)?),
            None => None,
        };
        let behind = found.dense.iter().chain(&found.norms_after);
        let taken = |layer: &Layer| {
            layer.variables.values().all(|own| self.names.iter().any(|n| n.theirs == own.path))
        };
        if let Some(layer) = behind.copied().find(|layer| !taken(layer)) {
            return Err(format!("layer `{}` has no place in it", layer.path));
        }
        let mut blocks = Vec::new();
        for (index, block) in found.blocks.iter().enumerate() {
            let causal = self.causal(block, head.spec == HeadSpec::NextToken)?;
            blocks.push(self.block(index, block, width, placement, causal)?);
        }
        let positions = positions.map_or(Positions::None, |_| Positions::Learned { offset: 0 });
        Ok(ModelSpec {
            family: "keras".into(),
            architecture: first
                .owner
                .and_then(|layer| self.setting(layer))
                .map_or("Transformer", |s| s.class)
                .into(),
            width,
            vocab,
            context,
            embedding: EmbeddingSpec { positions, norm: embedding_norm, ..EmbeddingSpec::default() },
            encoder: None,
            blocks,
            final_norm,
            head: head.spec,
            logits: LogitSpec::default(),
        })
    }

    /// Tokens' embedding, and positions'.
    fn embeddings<'b>(
        &mut self,
        found: &Structure<'b>,
        width: usize,
    ) -> Result<(&'b Layer, Option<&'b Layer>), String> {
        if let Some(layer) = found.embeddings.iter().find(|layer| layer.shape()[1] != width) {
            return Err(format!(
                "embedding `{}` is {:?}, attention reads {width}",
                layer.path,
                layer.shape()
            ));
        }
        let by_name = |layer: &Layer| named(layer, &["pos"]);
        // The input's length, where the model has one, is the number of positions
        let length =
            self.settings.from(0).iter().find(|setting| setting.class == "InputLayer").and_then(|input| {
                let shape =
                    input.config.get("batch_shape").or_else(|| input.config.get("batch_input_shape"))?;
                Some(shape.get(1)?.as_u64()? as usize)
            });
        let rows = |layer: &Layer| layer.shape()[0];
        let answers = found.dense.last().map(|layer| layer.shape()[1]);
        match found.embeddings[..] {
            [] => Err("it has no embedding of tokens".into()),
            [tokens] => Ok((tokens, None)),
            [a, b] => {
                let a_is_position = match (by_name(a), by_name(b)) {
                    (true, false) => true,
                    (false, true) => false,
                    _ if Some(rows(a)) == length && rows(a) != rows(b) => true,
                    _ if Some(rows(b)) == length && rows(a) != rows(b) => false,
                    _ if Some(rows(a)) == answers && rows(a) != rows(b) => false,
                    _ if Some(rows(b)) == answers && rows(a) != rows(b) => true,
                    _ => {
                        let (fewer, other) = if rows(a) < rows(b) { (a, b) } else { (b, a) };
                        self.assume(Assumption::Positions {
                            of: fewer.path.clone(),
                            not: other.path.clone(),
                        });
                        rows(a) < rows(b)
                    }
                };
                Ok(if a_is_position { (b, Some(a)) } else { (a, Some(b)) })
            }
            _ => Err(format!("it has {} embeddings; tokens and positions are read", found.embeddings.len())),
        }
    }

    /// Whether norms stand before the sub-layers or behind the sums.
    fn placement(&mut self, found: &Structure<'_>, normed_at_end: bool) -> Result<Placement, String> {
        let mut said = Vec::new();
        for block in &found.blocks {
            let own = block.owner.and_then(|layer| self.setting(layer));
            let pre = own.and_then(|setting| setting.norms_first());
            said.extend(pre.or_else(|| is_pre(&block.attention, self.settings)));
        }
        if said.is_empty() {
            said.extend(self.told.norm_first);
        }
        said.dedup();
        let pre = match said[..] {
            [] if !normed_at_end => {
                self.assume(Assumption::NormsBehind);
                false
            }
            [] => {
                self.assume(Assumption::NormsBefore);
                true
            }
            [pre] => pre,
            _ => return Err("some blocks norm before their parts and others behind".into()),
        };
        Ok(if pre { Placement::Pre } else { Placement::Post })
    }

    /// Whether a block is causal.
    fn causal(&mut self, block: &Block<'_>, continues: bool) -> Result<bool, String> {
        let layer = block.attention.layer;
        let own = [Some(layer), block.owner].into_iter().flatten().filter_map(|layer| self.setting(layer));
        let own: Vec<Setting<'_>> = own.collect();
        let says = |key: &str| own.iter().find_map(|setting| setting.called_with(key));
        if let Some(causal) = says("use_causal_mask").and_then(serde_json::Value::as_bool) {
            return Ok(causal);
        }
        // A user's own layer may have been made with it
        let owner = block.owner.and_then(|layer| self.setting(layer));
        let flag = |setting: Setting<'_>| CAUSAL.iter().find_map(|key| setting.flag(key));
        if let Some(causal) = owner.and_then(flag) {
            return Ok(causal);
        }
        // KerasHub's own layers
        match block.owner.and_then(|layer| self.setting(layer)).map(|setting| setting.class) {
            Some("TransformerDecoder") => return Ok(true),
            Some("TransformerEncoder") => return Ok(false),
            _ => (),
        }
        let direct = self.setting(layer).is_some() && self.settings.is_graph();
        let masked = says("attention_mask").is_some();
        let mut read = self.settings.sources(layer.name());
        read.dedup();
        if direct && !masked {
            if read.len() > 1 {
                return Err(format!("attention `{}` reads more than one input", layer.path));
            }
            return Ok(false);
        }
        if masked && !continues {
            return Err(format!("attention `{}` has a mask of its own", layer.path));
        }
        if let Some(causal) = self.told.causal {
            return Ok(causal);
        }
        self.assume(Assumption::Causal(continues));
        Ok(continues)
    }

    /// A norm's weights, and its spec; `outer` is the ε that the block around it was made with.
    fn norm(&mut self, name: &str, layer: &Layer, outer: Option<f64>) -> Result<NormSpec, String> {
        let setting = self.setting(layer);
        if let Some(setting) = setting.filter(|setting| setting.class == "RMSNormalization") {
            return Err(format!("`{}` is a {}, which is not read", layer.path, setting.class));
        }
        // Without a scale, the first variable is the shift
        let scaled = setting.and_then(|setting| setting.flag("scale"));
        let shifted_only = scaled == Some(false) && layer.variables.contains_key(&0);
        if scaled.is_none() && layer.variables.keys().eq([&0]) {
            self.assume(Assumption::ScaleOnly);
        }
        let slots: &[(&str, usize)] = if shifted_only { &[("b", 0)] } else { &[("w", 0), ("b", 1)] };
        for (ours, slot) in slots {
            if layer.variables.contains_key(slot) {
                self.take(&format!("{name}.{ours}"), layer, *slot, None)?;
            }
        }
        let said = setting.and_then(|setting| setting.number(&["epsilon"])).or(outer);
        let said = said.or(self.told.epsilon);
        if said.is_none() {
            self.assume(Assumption::Epsilon(self.manner.epsilon));
        }
        Ok(NormSpec::layer(said.unwrap_or(self.manner.epsilon)))
    }

    fn setting(&self, layer: &Layer) -> Option<Setting<'a>> {
        self.settings.get(layer.name())
    }

    fn assume(&mut self, what: Assumption) {
        if !self.assumed.contains(&what) {
            self.assumed.push(what);
        }
    }

    fn take_bias(&mut self, ours: &str, layer: &Layer, shape: Option<Vec<usize>>) -> Result<(), String> {
        if layer.variables.contains_key(&1) { self.take(ours, layer, 1, shape) } else { Ok(()) }
    }

    /// Notes that a variable is a weight; its shape is read as `shape`, which has as many numbers.
    fn take(
        &mut self,
        ours: &str,
        layer: &Layer,
        slot: usize,
        shape: Option<Vec<usize>>,
    ) -> Result<(), String> {
        let variable = layer.variables.get(&slot);
        let found = variable.and_then(|variable| Some((self.tensors.map.get_mut(&variable.path)?, variable)));
        let Some((tensor, variable)) = found else {
            return Err(format!("`{}` has no variables", layer.path));
        };
        if tensor.shape.contains(&0) {
            return Err(format!("`{}` is {:?}, which is empty", variable.path, tensor.shape));
        }
        if let Some(shape) = shape {
            if shape.iter().product::<usize>() != tensor.shape.iter().product::<usize>() {
                return Err(format!("`{}` is {:?}, expected {shape:?} numbers", variable.path, tensor.shape));
            }
            tensor.shape = shape;
        }
        self.names.push(Named { ours: ours.to_owned(), theirs: variable.path.clone(), turned: false });
        Ok(())
    }
}

/// Whether blocks lie in places that are not told apart by numbers alone, so that nothing says which comes first.
fn unlike(found: &Structure<'_>) -> bool {
    let place = |block: &Block<'_>| -> String {
        let path = block.attention.layer.path.chars().filter(|c| !c.is_ascii_digit());
        path.collect::<String>().split('/').map(|part| part.trim_end_matches('_')).collect()
    };
    let mut places = found.blocks.iter().map(place);
    let first = places.next();
    places.any(|place| Some(place) != first)
}

/// Whether the last block's output is normed, before anything is made of it; a classifier may have norms of its own.
fn normed_at_end(found: &Structure<'_>, end: Option<&[Setting<'_>]>, width: usize) -> bool {
    let passes = |setting: &&Setting<'_>| {
        !setting.step || setting.changes_nothing() || setting.is_sum() || settings::is_model(setting.class)
    };
    match end {
        Some(end) => {
            end.iter().find(|setting| !passes(setting)).is_some_and(|s| s.class == "LayerNormalization")
        }
        None => found.norms_after.iter().any(|layer| *layer.shape() == [width]),
    }
}

fn manner(found: &Structure<'_>) -> Manner {
    let decodes =
        |block: &Block<'_>| block.owner.is_some_and(|layer| layer.key.starts_with("transformer_decoder"));
    let reversible = found.embeddings.iter().any(|layer| layer.key.starts_with("reversible_embedding"));
    if reversible && found.blocks.iter().all(decodes) { GPT2 } else { EXAMPLES }
}
