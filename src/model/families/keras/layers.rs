//! The layers of a Keras file as a tree, whichever way the file lays them out, and in the model's order where it says.

use super::settings::{Settings, snake_case};
use crate::model::error::LoadError;
use crate::model::formats::{Tensors, hdf5::Group, keras::Archive};
use crate::model::stored::StoredTensor;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// A layer: its own variables, and the layers in it.
#[derive(Debug, Default)]
pub(super) struct Layer {
    /// Where the file has it
    pub path: String,
    /// The last part of that
    pub key: String,
    /// What Keras calls it, where the file says so
    pub name: Option<String>,
    /// Its variables: kernel, embeddings or gamma first, bias or beta second
    pub variables: BTreeMap<usize, Variable>,
    /// Layers in it
    pub layers: Vec<Layer>,
}

/// A variable, by the name its tensor has in the list of all.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    pub path: String,
    pub shape: Vec<usize>,
}

/// A file's layers.
#[derive(Debug)]
pub(super) struct Tree {
    pub root: Layer,
    /// Whether layers stand in the order in which the model was built
    pub ordered: bool,
}

impl Layer {
    /// What Keras calls it, or its place's name.
    pub(super) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.key)
    }
    /// The shape of its first variable; empty where it has none.
    pub(super) fn shape(&self) -> &[usize] {
        self.variables.get(&0).map_or(&[], |variable| &variable.shape)
    }
    /// Whether it, or a layer in it, is such a one.
    pub(super) fn any(&self, is: &dyn Fn(&Self) -> bool) -> bool {
        is(self) || self.layers.iter().any(|layer| layer.any(is))
    }
    /// Takes a variable in. A convolution that sees one token at a time is a dense layer.
    fn keep(&mut self, slot: usize, path: String, tensor: &StoredTensor, tensors: &mut Tensors) {
        let mut tensor = tensor.clone();
        let convolves = [&self.key, self.name()].iter().any(|name| name.to_lowercase().contains("conv"));
        if let ([1, rest @ ..], true) = (&tensor.shape[..], convolves && tensor.shape.len() == 3) {
            tensor.shape = rest.to_vec();
        }
        self.variables.insert(slot, Variable { path: path.clone(), shape: tensor.shape.clone() });
        tensors.map.insert(path, tensor);
    }
    fn child(&mut self, key: &str) -> &mut Self {
        let at = self.layers.iter().position(|layer| layer.key == key).unwrap_or_else(|| {
            let path = if self.path.is_empty() { key.to_owned() } else { format!("{}/{key}", self.path) };
            self.layers.push(Self { path, key: key.to_owned(), ..Self::default() });
            self.layers.len() - 1
        });
        &mut self.layers[at]
    }
}

/// Reads the tree off an archive; its tensors go to `tensors`.
pub(super) fn tree(
    archive: &Archive,
    settings: &Settings<'_>,
    tensors: &mut Tensors,
) -> Result<Tree, LoadError> {
    let group = archive.weights.group("model_weights").unwrap_or(&archive.weights);
    if let Some(names) = group.list("layer_names") {
        return Ok(Tree { root: listed(group, &names, &archive.place, tensors)?, ordered: true });
    }
    let mut root = nested(group, "", "", tensors);
    if let Some(config) = &archive.config {
        christen(&mut root, config);
    }
    arrange(&mut root, settings);
    Ok(Tree { root, ordered: settings.is_graph() })
}

/// Keras 3: groups in groups, variables by number in `vars`.
fn nested(group: &Group, path: &str, key: &str, tensors: &mut Tensors) -> Layer {
    let mut layer = Layer { path: path.to_owned(), key: key.to_owned(), ..Layer::default() };
    if let Some(own) = group.group("vars") {
        layer.name = own.attributes.get("name").and_then(|name| name.first()).cloned();
        for (number, tensor) in &own.tensors {
            let path = format!("{path}/vars/{number}");
            let slot = number.parse().unwrap_or(usize::MAX);
            layer.keep(slot, path, tensor, tensors);
        }
    }
    for (key, group) in group.groups.iter().filter(|(key, _)| key != "vars") {
        let path = if path.is_empty() { key.clone() } else { format!("{path}/{key}") };
        layer.layers.push(nested(group, &path, key, tensors));
    }
    layer
}

/// Keras 2: a list of layers, each with a list of the full names of its weights, in the order they were made.
fn listed(group: &Group, names: &[String], place: &Path, tensors: &mut Tensors) -> Result<Layer, LoadError> {
    let mut root = Layer::default();
    for name in names {
        let Some(own) = group.group(name) else { continue };
        for weight in own.list("weight_names").unwrap_or_default() {
            let missing = || LoadError::Missing { tensor: weight.clone(), file: place.to_owned() };
            let (folder, last) = weight.rsplit_once('/').unwrap_or(("", &weight));
            let holder = own.descendant(folder).ok_or_else(missing)?;
            let (_, tensor) = holder.tensors.iter().find(|(own, _)| own == last).ok_or_else(missing)?;
            let inner = folder.strip_prefix(name.as_str()).unwrap_or(folder);
            let mut layer = root.child(name);
            for key in inner.split('/').filter(|key| !key.is_empty()) {
                layer = layer.child(key);
            }
            let slot = match last.split(':').next().unwrap_or(last) {
                "kernel" | "gamma" | "embeddings" => 0,
                "bias" | "beta" => 1,
                _ => 2 + layer.variables.len(),
            };
            let path = format!("{name}/{weight}");
            layer.keep(slot, path, tensor, tensors);
        }
    }
    Ok(root)
}

/// Gives the layers of a model their names from its configuration: Keras before 3.6 wrote only their classes' names,
/// counted.
fn christen(layer: &mut Layer, model: &Value) {
    let Some(list) = model.pointer("/config/layers").and_then(Value::as_array) else { return };
    let Some(container) = layer.layers.iter_mut().find(|layer| layer.key == "layers") else { return };
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for item in list {
        let Some(class) = item.get("class_name").and_then(Value::as_str) else { continue };
        let key = snake_case(class);
        let count = seen.entry(key.clone()).or_default();
        let key = if *count == 0 { key } else { format!("{key}_{count}") };
        *count += 1;
        let Some(layer) = container.layers.iter_mut().find(|layer| layer.key == key) else { continue };
        if layer.name.is_none() {
            layer.name = item.pointer("/config/name").and_then(Value::as_str).map(str::to_owned);
        }
        christen(layer, item);
    }
}

/// Puts layers into the configuration's order; those it does not name, such as the parts of a user's own layer, by
/// their names, with numbers as numbers.
fn arrange(layer: &mut Layer, settings: &Settings<'_>) {
    layer.layers.sort_by_cached_key(|layer| {
        (settings.index(layer.name()).unwrap_or(usize::MAX), natural(&layer.key))
    });
    for layer in &mut layer.layers {
        arrange(layer, settings);
    }
}

/// A name as text and numbers, so that `block_2` comes before `block_10`, and `block` before both.
pub(super) fn natural(name: &str) -> Vec<(String, u64)> {
    let mut parts: Vec<(String, u64)> = vec![(String::new(), 0)];
    let mut digits = false;
    for c in name.chars() {
        let last = parts.len() - 1;
        match (c.to_digit(10), digits) {
            (Some(digit), _) => {
                digits = true;
                parts[last].1 = parts[last].1.saturating_mul(10).saturating_add(u64::from(digit));
            }
            (None, true) => {
                digits = false;
                parts.push((c.to_string(), 0));
            }
            (None, false) => parts[last].0.push(c),
        }
    }
    parts
}
