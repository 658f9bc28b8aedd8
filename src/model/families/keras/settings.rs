//! What a Keras configuration says about each layer, in Keras 3's form and in Keras 2's.

use crate::kernels::Activation;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// A layer's entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    /// What Keras calls the layer
    pub name: &'a str,
    /// Its class: `Dense`, or a user's own
    pub class: &'a str,
    /// What it was made with
    pub config: &'a Map<String, Value>,
    /// It is a step of a graph or sequence, not a part of what one of its layers was made with
    pub step: bool,
    /// How it is called
    calls: Option<&'a Value>,
}

/// All entries, outer before inner, in the order of the graph.
#[derive(Debug, Default)]
pub(super) struct Settings<'a> {
    list: Vec<Setting<'a>>,
    by_name: HashMap<&'a str, usize>,
    graph: bool,
}

impl<'a> Settings<'a> {
    /// Every layer that a model's configuration mentions, at any depth.
    pub(super) fn of(config: Option<&'a Value>) -> Self {
        let mut settings = Self::default();
        if let Some(inner) = config.and_then(|config| config.get("config")) {
            settings.graph = inner.get("layers").is_some_and(Value::is_array);
            settings.walk(inner.get("layers").unwrap_or(inner), settings.graph);
        }
        settings
    }

    fn walk(&mut self, value: &'a Value, step: bool) {
        match value {
            Value::Array(list) => list.iter().for_each(|value| self.walk(value, step)),
            Value::Object(map) => {
                let class = map.get("class_name").and_then(Value::as_str);
                let config = map.get("config").and_then(Value::as_object);
                if let (Some(class), Some(config)) = (class, config)
                    && let Some(name) = config.get("name").or_else(|| map.get("name")).and_then(Value::as_str)
                    && class != "DTypePolicy"
                {
                    self.by_name.entry(name).or_insert(self.list.len());
                    self.list.push(Setting { name, class, config, step, calls: map.get("inbound_nodes") });
                }
                for (key, value) in map.iter().filter(|(key, _)| *key != "inbound_nodes") {
                    match config.and_then(|config| config.get("layers")) {
                        Some(layers) if key == "config" && class.is_some_and(is_model) => {
                            self.walk(layers, step);
                        }
                        _ => self.walk(value, false),
                    }
                }
            }
            _ => (),
        }
    }

    /// Whether they are those of a graph or a sequence, so that their order means something.
    pub(super) fn is_graph(&self) -> bool {
        self.graph
    }
    /// A layer's place in the order.
    pub(super) fn index(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }
    /// A layer's entry.
    pub(super) fn get(&self, name: &str) -> Option<Setting<'a>> {
        Some(self.list[self.index(name)?])
    }
    /// All entries from place `index` on.
    pub(super) fn from(&self, index: usize) -> &[Setting<'a>] {
        self.list.get(index..).unwrap_or_default()
    }
    /// The steps of graphs and sequences, in order.
    pub(super) fn steps(&self) -> impl Iterator<Item = &Setting<'a>> {
        self.list.iter().filter(|setting| setting.step)
    }
    /// The layers that `name` gets its inputs from.
    pub(super) fn inputs(&self, name: &str) -> Vec<&'a str> {
        let mut inputs = Vec::new();
        if let Some(calls) = self.get(name).and_then(|setting| setting.calls) {
            tensors(calls, &mut inputs);
        }
        inputs
    }
    /// The layers that `name` gets its inputs from, past those that change nothing when a model is used.
    pub(super) fn sources(&self, name: &str) -> Vec<&'a str> {
        self.inputs(name).into_iter().map(|name| self.past_dropouts(name)).collect()
    }
    fn past_dropouts(&self, mut name: &'a str) -> &'a str {
        for _ in 0..self.list.len() {
            match self.get(name).filter(Setting::changes_nothing) {
                Some(setting) => {
                    let mut inputs = Vec::new();
                    setting.calls.iter().for_each(|calls| tensors(calls, &mut inputs));
                    match inputs.first() {
                        Some(input) => name = input,
                        None => return name,
                    }
                }
                None => return name,
            }
        }
        name
    }
    /// The other summand where `name`'s output is added to something.
    pub(super) fn added_to(&self, name: &str) -> Option<&'a str> {
        self.list.iter().filter(|setting| setting.is_sum()).find_map(|sum| {
            let inputs = self.sources(sum.name);
            let other = inputs.iter().find(|input| **input != name)?;
            inputs.contains(&name).then_some(*other)
        })
    }
}

/// The name of a function: a word, or an object that names it.
fn word(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("config").and_then(Value::as_str))
}

/// Whether a class is a model of layers.
pub(super) fn is_model(class: &str) -> bool {
    matches!(class, "Functional" | "Sequential" | "Model")
}

impl<'a> Setting<'a> {
    /// Whether it adds up its inputs.
    pub(super) fn is_sum(&self) -> bool {
        match self.class {
            "Add" | "AddV2" => true,
            "TFOpLambda" => {
                self.config.get("function").and_then(Value::as_str).is_none_or(|name| name.contains("add"))
            }
            _ => false,
        }
    }
    /// How often it is called.
    pub(super) fn times(&self) -> usize {
        self.calls.and_then(Value::as_array).map_or(0, Vec::len)
    }
    /// Layers that only matter in training, and those that only name an input.
    pub(super) fn changes_nothing(&self) -> bool {
        matches!(
            self.class,
            "Dropout"
                | "SpatialDropout1D"
                | "GaussianDropout"
                | "GaussianNoise"
                | "AlphaDropout"
                | "Identity"
                | "InputLayer"
                | "ActivityRegularization"
                | "TextVectorization"
        )
    }
    /// The value of `key` in any of its calls: `use_causal_mask`.
    pub(super) fn called_with(&self, key: &str) -> Option<&'a Value> {
        find(self.calls?, key).filter(|value| !value.is_null())
    }
    /// How it is called, for looking at the indices of a slice.
    pub(super) fn calls(&self) -> Option<&'a Value> {
        self.calls
    }
    /// A number, by the first of `keys` that it has.
    pub(super) fn number(&self, keys: &[&str]) -> Option<f64> {
        keys.iter().find_map(|key| self.config.get(*key)?.as_f64())
    }
    /// A yes or no.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.config.get(key)?.as_bool()
    }
    /// The name of an activation: a word, or an object that names a function.
    pub(super) fn activation(&self) -> Option<&'a str> {
        let usual = [
            "activation",
            "hidden_activation",
            "intermediate_activation",
            "ff_activation",
            "ffn_activation",
            "feedforward_activation",
            "feed_forward_activation",
            "mlp_activation",
            "dense_activation",
        ];
        let usual = usual.iter().find_map(|key| self.config.get(*key).filter(|value| !value.is_null()));
        // A user's own word for it: `act`, `hidden_act`, `act_fn`
        let own = || {
            let named = |(key, value): (&String, &'a Value)| {
                let word = word(value).filter(|_| key.split('_').any(|part| part == "act"))?;
                activation(word).map(|_| word)
            };
            self.config.iter().find_map(named)
        };
        usual.and_then(word).or_else(own)
    }
    /// Whether a user's own block was made with its norms before its parts.
    pub(super) fn norms_first(&self) -> Option<bool> {
        let words = ["normalize_first", "norm_first", "pre_norm", "prenorm", "pre_ln", "pre_layer_norm"];
        words.iter().find_map(|word| self.flag(word))
    }
}

/// The names of the layers whose outputs are arguments: Keras 3's `keras_history`, Keras 2's `[name, node, tensor]`.
fn tensors<'a>(value: &'a Value, out: &mut Vec<&'a str>) {
    match value {
        Value::Object(map) => {
            if let Some(name) =
                map.get("keras_history").and_then(|history| history.get(0)).and_then(Value::as_str)
            {
                out.push(name);
            }
            map.values().for_each(|value| tensors(value, out));
        }
        Value::Array(list) => {
            if let [Value::String(name), Value::Number(_), Value::Number(_), ..] = &list[..] {
                out.push(name);
            }
            list.iter().filter(|value| !value.is_string()).for_each(|value| tensors(value, out));
        }
        _ => (),
    }
}

fn find<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    match value {
        Value::Object(map) => map.get(key).or_else(|| map.values().find_map(|value| find(value, key))),
        Value::Array(list) => list.iter().find_map(|value| find(value, key)),
        _ => None,
    }
}

/// An activation by Keras's name, in Keras's meaning.
pub(super) fn activation(name: &str) -> Option<Activation> {
    Some(match name.rsplit('>').next().unwrap_or(name) {
        "relu" => Activation::Relu,
        "relu6" => Activation::Relu6,
        "gelu" => Activation::Gelu,
        "gelu_approximate" => Activation::NewGelu,
        "silu" | "swish" => Activation::Silu,
        "sigmoid" => Activation::Sigmoid,
        "elu" => Activation::Elu(1.0),
        "mish" => Activation::Mish,
        "hard_silu" | "hard_swish" => Activation::HardSwish,
        _ => return None,
    })
}

/// A class's name as Keras turns it into a layer's: `GlobalMaxPooling1D` → `global_max_pooling1d`.
pub(super) fn snake_case(class: &str) -> String {
    let letters: Vec<char> = class.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect();
    let mut name = String::with_capacity(letters.len() + 8);
    for (i, &c) in letters.iter().enumerate() {
        let before = i.checked_sub(1).map(|i| letters[i]);
        let next_small = letters.get(i + 1).is_some_and(char::is_ascii_lowercase);
        let begins =
            before.is_some_and(|before| before != '_' && (next_small || before.is_ascii_lowercase()));
        if c.is_ascii_uppercase() && begins {
            name.push('_');
        }
        name.extend(c.to_lowercase());
    }
    name
}
