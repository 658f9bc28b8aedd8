//! Whether a graph does nothing but what is read of it: every step on the way from the embedding to the last block is a
//! part of a block, a sum that a block or the embedding has, or changes nothing; and each is taken once.

use super::layers::{Layer, Tree};
use super::settings::{Setting, Settings, is_model};
use super::structure::Structure;
use std::collections::BTreeSet;

/// Operations on shapes and positions, which carry no numbers of a token.
const SHAPES: &[&str] = &["Shape", "Arange", "Cast", "ExpandDims", "Range"];

/// Refuses what would change the numbers and is not read, by its name.
pub(super) fn check(found: &Structure<'_>, tree: &Tree, settings: &Settings<'_>) -> Result<(), String> {
    if !settings.is_graph() {
        return Ok(());
    }
    let mut weighed = BTreeSet::new();
    names(&tree.root, &mut weighed);
    let blocks = found.blocks.iter().flat_map(|block| {
        [block.attention.layer, block.norms[0], block.norms[1], block.dense[0], block.dense[1]]
            .into_iter()
            .chain(block.owner)
    });
    let last = blocks.filter_map(|layer| settings.index(layer.name())).max().unwrap_or(0);
    let mut carries = BTreeSet::new();
    let mut sums = 0;
    for setting in settings.steps() {
        if setting.times() > 1 && (weighed.contains(setting.name) || is_model(setting.class)) {
            return Err(format!(
                "layer `{}` is used {} times, which is not read",
                setting.name,
                setting.times()
            ));
        }
        let inputs = settings.inputs(setting.name);
        let inner = setting.class == "InputLayer" && rank(setting) > 2;
        // In a sequence every layer reads the one before it
        let follows = setting.times() == 0 && !carries.is_empty() && setting.class != "InputLayer";
        if !(weighed.contains(setting.name)
            || inner
            || follows
            || inputs.iter().any(|input| carries.contains(input)))
        {
            continue;
        }
        carries.insert(setting.name);
        if setting.is_sum() {
            if inputs.iter().collect::<BTreeSet<_>>().len() < 2 {
                return Err(format!(
                    "layer `{}` adds something that is no other layer's output",
                    setting.name
                ));
            }
            sums += 1;
        }
        let known = weighed.contains(setting.name)
            || setting.is_sum()
            || setting.changes_nothing()
            || is_model(setting.class)
            || SHAPES.contains(&setting.class);
        if !known && settings.index(setting.name).is_some_and(|index| index < last) {
            let (name, class) = (setting.name, setting.class);
            return Err(format!("layer `{name}` (`{class}`) before the last block is not read"));
        }
    }
    let step = |layer: &&&Layer| settings.get(layer.name()).is_some_and(|setting| setting.step);
    let embedded = found.embeddings.iter().filter(step).count().saturating_sub(1);
    let of_blocks = 2 * found.blocks.iter().filter(|block| block.owner.is_none()).count();
    if sums != embedded + of_blocks {
        return Err(format!(
            "there are {sums} sums of layers; {} belong to the blocks that are read",
            embedded + of_blocks
        ));
    }
    Ok(())
}

/// The names of all layers that have variables, or have such layers in them.
fn names<'a>(layer: &'a Layer, into: &mut BTreeSet<&'a str>) -> bool {
    let mut has = !layer.variables.is_empty();
    for inner in &layer.layers {
        has |= names(inner, into);
    }
    if has {
        into.insert(layer.name());
    }
    has
}

/// How many dimensions an input has, the batch included.
fn rank(setting: &Setting<'_>) -> usize {
    let shape = setting.config.get("batch_shape").or_else(|| setting.config.get("batch_input_shape"));
    shape.and_then(serde_json::Value::as_array).map_or(0, Vec::len)
}
