//! A GGUF model in Hugging Face's words: its keys as a `config.json`, its tensors under the names a family file reads,
//! and whatever the converter did to them undone. So a family is known in one place, whichever container it comes in.

use super::architectures::{ARCHITECTURES, NAMES, scaling};
use super::{Metadata, Tensors, Whole, broken, made, unread};
use crate::model::config::Config;
use crate::model::error::{LoadError, SpecError};
use crate::model::stored::{Dtype, Storage, StoredTensor};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// What we must be told about one of GGUF's architectures.
pub(super) struct Architecture {
    /// `general.architecture`
    pub(super) name: &'static str,
    /// Hugging Face's `model_type`
    pub(super) model_type: &'static str,
    /// The class the weights were saved from
    pub(super) class: &'static str,
    /// A tensor that tells this from another of the same name; that other comes later
    pub(super) only_with: Option<&'static str>,
    /// Theirs ← GGUF's, without the architecture's name before it
    pub(super) keys: &'static [&'static [(&'static str, &'static str)]],
    /// GGUF's → theirs, without `.weight` and `.bias`; `{l}` stands for the block
    pub(super) tensors: &'static [&'static [Name]],
    /// What is no plain copy
    pub(super) more: fn(&Known<'_>, &mut Map<String, Value>),
}

/// Where a tensor goes, and what the converter did to it.
pub(super) struct Name {
    pub(super) ours: &'static str,
    /// With `{e}`: one tensor for each slice of the first dimension
    pub(super) theirs: &'static str,
    pub(super) change: Change,
}

/// What a converter does to a tensor.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Change {
    None,
    /// Rows of each query head reordered from halves to pairs
    Queries,
    /// The same for key heads
    Keys,
    /// [in, out] turned to [out, in]
    Turned,
    /// The same of one half of a tensor whose outputs take turns: the even ones (0) or the odd (1)
    Unwoven(u8),
    /// Queries, keys and values of each group of heads pulled apart
    Grouped,
    /// One added to a norm's weight
    PlusOne,
    /// The only row of a matrix made a vector
    Flattened,
    /// Queries, keys and values one after the other, for three tensors whose names have `q`, `k` and `v` for `{qkv}`
    Apart,
    /// One of the two parts of a matrix that makes keys and values, [head, (key, value), in]: `keys`, turned to
    /// [head, in, key], or `values`, [head, value, in]
    Half(&'static str),
}

/// The file, as an architecture's own rules see it.
pub(super) struct Known<'a> {
    metadata: &'a Metadata,
    tensors: &'a BTreeMap<&'a str, &'a StoredTensor>,
    architecture: &'a str,
    /// Keys that something asked for
    asked: RefCell<BTreeSet<String>>,
}

impl<'a> Known<'a> {
    fn new(
        metadata: &'a Metadata,
        tensors: &'a BTreeMap<&'a str, &'a StoredTensor>,
        architecture: &'a str,
    ) -> Self {
        Self { metadata, tensors, architecture, asked: RefCell::default() }
    }
    fn key(&self, key: &str) -> String {
        let whole = format!("{}.{key}", self.architecture);
        self.asked.borrow_mut().insert(whole.clone());
        whole
    }
    /// Whether something asked for a key.
    pub(super) fn asked(&self, key: &str) -> bool {
        self.asked.borrow().contains(&format!("{}.{key}", self.architecture))
    }
    /// The architecture's own keys that nothing asked for, whole and without its name.
    pub(super) fn unasked(&self) -> Vec<(String, String)> {
        let asked = self.asked.borrow();
        let own = self.metadata.keys().filter(|key| !asked.contains(*key));
        own.filter_map(|key| {
            let name = key.strip_prefix(self.architecture)?.strip_prefix('.')?;
            Some((key.to_owned(), name.to_owned()))
        })
        .collect()
    }
    /// A whole number; of a list with one a block, the one that all of them have.
    pub(super) fn count(&self, key: &str) -> Option<u64> {
        let key = self.key(key);
        self.metadata.count(&key).or_else(|| {
            let all = self.metadata.numbers(&key)?;
            let first = all.first().copied()?;
            let same = first >= 0.0
                && first.fract() == 0.0
                && all.iter().all(|other| other.to_bits() == first.to_bits());
            same.then_some(first as u64)
        })
    }
    pub(super) fn number(&self, key: &str) -> Option<f64> {
        self.metadata.number(&self.key(key)).map(shortest)
    }
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.metadata.flag(&self.key(key))
    }
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.metadata.text(&self.key(key))
    }
    pub(super) fn list(&self, key: &str) -> Option<Vec<f64>> {
        self.metadata.numbers(&self.key(key))
    }
    pub(super) fn has(&self, tensor: &str) -> bool {
        self.tensors.contains_key(tensor)
    }
    /// Whether queries, keys and values have biases.
    pub(super) fn has_qkv_bias(&self) -> bool {
        self.has("blk.0.attn_q.bias") || self.has("blk.0.attn_qkv.bias")
    }
    pub(super) fn shape(&self, tensor: &str) -> Option<&[usize]> {
        Some(&self.tensors.get(tensor)?.shape)
    }
    /// All numbers of a small tensor.
    pub(super) fn numbers(&self, tensor: &str) -> Option<Vec<f32>> {
        let tensor = self.tensors.get(tensor)?;
        if tensor.shape.len() == 1 { read(tensor) } else { None }
    }
    /// Query heads, key heads, and the width of each.
    pub(super) fn heads(&self) -> Option<(usize, usize, usize)> {
        let heads = self.count("attention.head_count").filter(|&heads| heads > 0)?;
        let kv_heads = self.count("attention.head_count_kv").filter(|&heads| heads > 0).unwrap_or(heads);
        let width = self.count("embedding_length")?;
        let dim = self.count("attention.key_length").unwrap_or(width / heads);
        Some((usize::try_from(heads).ok()?, usize::try_from(kv_heads).ok()?, usize::try_from(dim).ok()?))
    }
}

/// A number that was kept in single precision, as it was written before that.
fn shortest(x: f64) -> f64 {
    let single = x as f32;
    if f64::from(single).to_bits() == x.to_bits() { single.to_string().parse().unwrap_or(x) } else { x }
}

pub(super) fn read(tensor: &StoredTensor) -> Option<Vec<f32>> {
    let elements = tensor.elements()?;
    let mut all = vec![0.0; elements.len()];
    elements.read(0, &mut all);
    Some(all)
}

/// The model that a file's tables describe.
pub(super) fn whole(
    metadata: Metadata,
    tensors: &[(String, StoredTensor)],
    file: &Path,
) -> Result<Whole, LoadError> {
    let name = metadata.text("general.architecture").unwrap_or_default();
    let config = |source| LoadError::Config { file: file.to_owned(), source };
    let by_name: BTreeMap<_, _> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    if by_name.len() < tensors.len() {
        return Err(broken(file, "two tensors have the same name"));
    }
    let known_as = NAMES.iter().find(|(other, _)| *other == name).map_or(name, |(_, own)| own);
    let fits = |architecture: &&Architecture| {
        architecture.name == known_as
            && architecture.only_with.is_none_or(|tensor| by_name.contains_key(tensor))
    };
    let architecture = ARCHITECTURES
        .iter()
        .copied()
        .flatten()
        .find(fits)
        .ok_or_else(|| config(SpecError::Unknown(name.to_owned())))?;
    let known = Known::new(&metadata, &by_name, name);
    let described = describe(architecture, &known);
    let strange = unread::check(&known).map_err(config)?;
    let mut map = BTreeMap::new();
    for (name, tensor) in tensors {
        rename(architecture, &known, name, tensor, &mut map).map_err(|reason| broken(file, reason))?;
    }
    weave(&mut map);
    made::join(&mut map);
    let tensors = Tensors { map, place: file.to_owned() };
    Ok(Whole { config: Config::from(described), tensors, metadata, strange })
}

/// The file's keys as a `config.json`.
fn describe(architecture: &Architecture, known: &Known<'_>) -> Map<String, Value> {
    let mut config = Map::new();
    config.insert("model_type".into(), architecture.model_type.into());
    config.insert("architectures".into(), vec![architecture.class].into());
    for &(theirs, ours) in architecture.keys.iter().copied().flatten() {
        let value = match (known.count(ours), known.number(ours), known.flag(ours)) {
            (Some(count), _, _) => count.into(),
            (_, Some(number), _) => number.into(),
            (_, _, Some(flag)) => flag.into(),
            // The width over the heads, whatever the class has by default
            _ if ours == "attention.key_length" => match known.heads() {
                Some((heads, _, dim)) if Some((heads * dim) as u64) == known.count("embedding_length") => {
                    dim.into()
                }
                _ => continue,
            },
            _ => continue,
        };
        config.insert(theirs.into(), value);
    }
    if let Some(&[vocab, _]) = known.shape("token_embd.weight") {
        config.insert("vocab_size".into(), vocab.into());
    }
    config.insert("tie_word_embeddings".into(), (!known.has("output.weight")).into());
    for key in ["attention_bias", "qkv_bias"] {
        config.insert(key.into(), known.has_qkv_bias().into());
    }
    config.insert("mlp_bias".into(), known.has("blk.0.ffn_up.bias").into());
    if known.asked("rope.freq_base") {
        scaling(known, &mut config);
    }
    (architecture.more)(known, &mut config);
    config
}

/// Puts a tensor under its other name, undoing what the converter did; one that is unknown keeps its own.
fn rename(
    architecture: &Architecture,
    known: &Known<'_>,
    name: &str,
    tensor: &StoredTensor,
    into: &mut BTreeMap<String, StoredTensor>,
) -> Result<(), String> {
    let (stem, suffix) = match name.rsplit_once('.') {
        Some((stem, kind @ ("weight" | "bias"))) => (stem, kind),
        _ => (name, ""),
    };
    let (general, layer) = generalise(stem);
    let names = architecture.tensors.iter().copied().flatten();
    let Some(found) = names.into_iter().find(|name| name.ours == general) else {
        into.insert(name.to_owned(), tensor.clone());
        return Ok(());
    };
    let theirs = found.theirs.replace("{l}", &layer);
    let theirs = match theirs.strip_suffix('!') {
        // Parameters without `.weight` behind them, and the biases beside them
        Some(bare) if suffix == "bias" => format!("{bare}_bias"),
        Some(bare) => bare.to_owned(),
        None if suffix.is_empty() => theirs,
        None => format!("{theirs}.{suffix}"),
    };
    let change = match found.change {
        // What was done to weights only
        Change::PlusOne | Change::Turned if suffix == "bias" => Change::None,
        change => change,
    };
    if change == Change::Apart {
        for (part, rows) in apart(known, tensor).ok_or_else(|| misfit(name, tensor))? {
            into.insert(theirs.replace("{qkv}", part), rows);
        }
        return Ok(());
    }
    let changed = undo(change, known, tensor).ok_or_else(|| misfit(name, tensor))?;
    if theirs.contains("{e}") {
        // An empty tensor may claim any number of parts
        let count = changed.shape.first().copied().filter(|_| !changed.range.is_empty()).unwrap_or(0);
        for index in 0..count {
            into.insert(theirs.replace("{e}", &index.to_string()), changed.part(index, count));
        }
    } else if let Change::Unwoven(half) = change {
        into.insert(format!("{theirs}#{half}"), changed);
    } else if let Change::Half(half) = change {
        into.insert(format!("{theirs}#{half}"), changed);
    } else {
        into.insert(theirs, changed);
    }
    Ok(())
}

fn misfit(name: &str, tensor: &StoredTensor) -> String {
    format!("tensor `{name}` is {:?}, which does not fit the heads", tensor.shape)
}

/// Queries, keys and values of a tensor that holds them one after the other.
fn apart(known: &Known<'_>, tensor: &StoredTensor) -> Option<[(&'static str, StoredTensor); 3]> {
    let (heads, kv_heads, dim) = known.heads()?;
    let (q, kv) = (heads.checked_mul(dim)?, kv_heads.checked_mul(dim)?);
    let all = q.checked_add(kv.checked_mul(2)?)?;
    // Each row has whole blocks, so its bytes lie together
    let row = tensor.range.len().checked_div(all).filter(|row| row * all == tensor.range.len())?;
    if tensor.shape.first() != Some(&all) {
        return None;
    }
    let part = |start: usize, n: usize| {
        let start = tensor.range.start + start * row;
        let shape = std::iter::once(n).chain(tensor.shape[1..].iter().copied()).collect();
        StoredTensor { shape, range: start..start + n * row, ..tensor.clone() }
    };
    Some([("q", part(0, q)), ("k", part(q, kv)), ("v", part(q + kv, kv))])
}

/// Makes one tensor of every two halves whose outputs take turns.
fn weave(map: &mut BTreeMap<String, StoredTensor>) {
    let names: Vec<_> = map.keys().filter_map(|name| name.strip_suffix("#0").map(str::to_owned)).collect();
    for name in names {
        let halves = map.remove(&format!("{name}#0")).zip(map.remove(&format!("{name}#1")));
        let Some((mut first, second)) = halves.filter(|(a, b)| a.shape == b.shape && a.dtype == b.dtype)
        else {
            continue;
        };
        if let Some(outputs) = first.shape.last_mut() {
            *outputs = outputs.saturating_mul(2);
        }
        first.woven = Some(Arc::new(second));
        map.insert(name, first);
    }
}

/// `blk.3.attn_q` as `blk.{l}.attn_q` and `3`.
fn generalise(stem: &str) -> (String, String) {
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match stem.split('.').find(is_number) {
        Some(number) => (stem.replacen(&format!(".{number}."), ".{l}.", 1), number.to_owned()),
        None => (stem.to_owned(), String::new()),
    }
}

/// Undoes what the converter did, by index where it can.
fn undo(change: Change, known: &Known<'_>, tensor: &StoredTensor) -> Option<StoredTensor> {
    let mut tensor = tensor.clone();
    match change {
        Change::None | Change::Half(_) | Change::Apart => {}
        // Vectors, and [expert, number] of vectors, have nothing to turn
        Change::Unwoven(_) if tensor.shape.len() == 2 => {}
        Change::Turned | Change::Unwoven(_) => {
            if let [.., rows, columns] = &mut tensor.shape[..] {
                std::mem::swap(rows, columns);
                tensor.swapped = true;
            }
        }
        Change::Flattened => {
            if let [columns] = *tensor.shape {
                tensor.shape = vec![1, columns];
            }
        }
        Change::Queries | Change::Keys => {
            let (heads, kv_heads, _) = known.heads()?;
            let heads = if change == Change::Keys { kv_heads } else { heads };
            let n = *tensor.shape.first()?;
            let dim = n.checked_div(heads).filter(|dim| dim * heads == n && dim.is_multiple_of(2))?;
            let half = dim / 2;
            // Row (head, half, pair) is stored as (head, pair, half)
            let row = |row: usize| row / dim * dim + row % half * 2 + row % dim / half;
            tensor.rows = Some(rows(n, row)?);
        }
        Change::Grouped => {
            let (heads, kv_heads, dim) = known.heads()?;
            let n = *tensor.shape.first()?;
            let group = heads.checked_div(kv_heads).filter(|group| group * kv_heads == heads)?;
            if n != (heads + 2 * kv_heads).checked_mul(dim)? {
                return None;
            }
            let row = |row: usize| {
                let (place, within) = (row / dim, row % dim);
                let (index, member) = (place / (group + 2), place % (group + 2));
                let stored = match member.checked_sub(group) {
                    None => index * group + member,
                    Some(kind) => heads + kind * kv_heads + index,
                };
                stored * dim + within
            };
            tensor.rows = Some(rows(n, row)?);
        }
        Change::PlusOne => {
            let numbers: Vec<f32> = read(&tensor)?.into_iter().map(|x| x - 1.0).collect();
            tensor.storage = Arc::new(Storage::owned(bytemuck::cast_slice(&numbers)));
            tensor.range = 0..4 * numbers.len();
            tensor.dtype = Ok(Dtype::F32);
        }
    }
    Some(tensor)
}

/// Where each row of a tensor is stored.
fn rows(n: usize, row: impl Fn(usize) -> usize) -> Option<Arc<[u32]>> {
    u32::try_from(n).ok()?;
    Some((0..n).map(|i| row(i) as u32).collect())
}
