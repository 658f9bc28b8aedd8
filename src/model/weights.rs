//! The canonical weights of a model: views on tensors as they lie in files.

use super::error::LoadError;
use super::families::{Family, Map, Needed, Rows};
use super::part::block_name;
use super::spec::ModelSpec;
use super::stored::{Dtype, Storage, StoredTensor};
use super::{Config, formats::Tensors};
use crate::kernels::{Elements, Matrix, Real};
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// A canonical weight: a tensor, or a part of one, read as [inputs, outputs].
#[derive(Clone, Debug)]
struct Weight {
    tensor: StoredTensor,
    dtype: Dtype,
    /// First element of this weight within the tensor
    start: usize,
    /// Where each output is, if they do not follow each other: by index, so that nothing has to be copied
    rows: Option<Arc<[u32]>>,
    inputs: usize,
    outputs: usize,
    input_stride: usize,
    output_stride: usize,
}

/// Where a canonical weight came from, for `info`.
#[derive(Clone, Debug, Serialize)]
pub struct TensorInfo {
    /// Our name: `blocks.0.attn.W_Q`
    pub name: String,
    /// Its name in the file
    pub source_name: String,
    /// Our shape
    pub shape: Vec<usize>,
    /// Number type
    pub dtype: Dtype,
    /// Which file
    pub file: PathBuf,
}

/// A canonical weight and the tensor that is it.
#[derive(Clone, Debug)]
pub(super) struct Named {
    /// Our name
    pub ours: String,
    /// The tensor's
    pub theirs: String,
    /// Stored [out, in], read as [in, out]
    pub turned: bool,
}

/// All weights of a model, by canonical name.
#[derive(Debug, Default)]
pub struct Weights {
    matrices: BTreeMap<String, Weight>,
    vectors: BTreeMap<String, Vec<f32>>,
    infos: Vec<TensorInfo>,
    unused: Vec<String>,
    bytes: u64,
}

impl Weights {
    /// Finds every weight the family's table names, and checks it against the spec.
    pub(super) fn gather(
        family: &Family,
        spec: &ModelSpec,
        config: &Config,
        tensors: &Tensors,
    ) -> Result<Self, LoadError> {
        let mut weights = Self::default();
        let mut used = BTreeMap::new();
        let text = config.nested("text_config"); // Beside pictures, the text's settings stand apart
        let config = text.as_ref().unwrap_or(config);
        for map in family.rows(spec) {
            let part = block_name(map.ours).map(|(part, ..)| part);
            for layer in 0..part.map_or(1, |part| spec.layers_of(part)) {
                let flat = part.and_then(|part| spec.layer_of(part, layer)).unwrap_or(0);
                let experts = match spec.blocks.get(flat).and_then(|block| block.experts) {
                    Some(experts) if map.ours.contains("{e}") => experts.count,
                    _ => usize::from(!map.ours.contains("{e}")),
                };
                let group = match map.group {
                    Some(group) => group(config, layer)
                        .map_err(|source| LoadError::Config { file: tensors.place.clone(), source })?,
                    None => String::new(),
                };
                for expert in 0..experts {
                    if asked_for(map, config) {
                        let at = At { layer, flat, expert, group: group.clone() };
                        weights.take((family, map), &at, spec, tensors, &mut used)?;
                    }
                }
            }
        }
        weights.bytes = used.values().map(|range: &Range<usize>| range.len() as u64).sum();
        weights.unused = tensors.map.keys().filter(|name| !used.contains_key(*name)).cloned().collect();
        Ok(weights)
    }

    fn take(
        &mut self,
        (family, map): (&Family, &Map),
        at: &At,
        spec: &ModelSpec,
        tensors: &Tensors,
        used: &mut BTreeMap<String, Range<usize>>,
    ) -> Result<(), LoadError> {
        let find = |theirs: &str| {
            // Some classifiers call the model below them otherwise than the class that writes
            let prefixes = family.prefixes.iter().chain(&["transformer.", "model."]);
            let names = prefixes.map(|prefix| format!("{prefix}{}", at.fill(theirs)));
            names.into_iter().find_map(|name| tensors.find(name))
        };
        let ours = at.fill(map.ours);
        let Some(shape) = spec.weight_shape(&ours) else { return Ok(()) };
        let joined = map.theirs.contains("{h}").then(|| {
            let heads = shape[0] / spec.blocks[at.flat].attention.head_dim;
            let parts: Option<Vec<_>> =
                (0..heads).map(|head| find(&map.theirs.replace("{h}", &head.to_string()))).collect();
            used.extend(parts.iter().flatten().map(|(part, name)| (name.clone(), part.range.clone())));
            let tensor = StoredTensor::joined(&parts.unwrap_or_default())?;
            Some((tensor, at.fill(map.theirs)))
        });
        let apart = map.apart.and_then(find);
        let whole = apart.is_some();
        let found = match &joined {
            Some(joined) => joined.as_ref().map(|(tensor, name)| (tensor, name.clone())),
            None if whole => apart,
            None => find(map.theirs).or_else(|| map.fallbacks.iter().flatten().find_map(|name| find(name))),
        };
        let Some((tensor, source_name)) = found else {
            let tensor = format!("{}{}", family.prefixes[0], at.fill(map.theirs));
            return match map.needed {
                Needed::Optional => Ok(()),
                _ => Err(LoadError::Missing { tensor, file: tensors.place.clone() }),
            };
        };
        let rows = map.rows.filter(|_| !whole);
        let rows = rows.map_or_else(|| Rows::all(shape[shape.len() - 1]), |rows| rows(spec, at.flat));
        if joined.is_none() {
            used.insert(source_name.clone(), tensor.range.clone());
            let second = tensor.woven.iter().map(|second| (format!("{source_name}#1"), second.range.clone()));
            used.extend(second);
        }
        let reading = Reading { turned: map.turned, flat: map.flat, rows };
        let experts =
            spec.blocks.get(at.flat).and_then(|block| block.experts).filter(|_| map.sliced && !whole);
        match experts {
            Some(experts) if tensor.shape.first() == Some(&experts.count) => {
                let own = tensor.part(at.expert, experts.count);
                self.put((ours, source_name), &own, shape, &reading)
            }
            Some(experts) => Err(LoadError::Shape {
                tensor: source_name,
                found: tensor.shape.clone(),
                expected: [&[experts.count], &stored_shape(&shape, &reading)[..]].concat(),
                file: tensor.file.clone(),
            }),
            None => self.put((ours, source_name), tensor, shape, &reading),
        }
    }

    /// From tensors whose canonical names are known already, such as those that were found by their shapes.
    pub(super) fn named(spec: &ModelSpec, tensors: &Tensors, names: &[Named]) -> Result<Self, LoadError> {
        Self::of_rows(spec, tensors, names.iter().map(|named| (named, None)))
    }

    /// The same, from some of the tensors' outputs; all where there are none here.
    pub(super) fn of_rows<'a>(
        spec: &ModelSpec,
        tensors: &Tensors,
        names: impl Iterator<Item = (&'a Named, Option<Rows>)>,
    ) -> Result<Self, LoadError> {
        let mut weights = Self::default();
        let mut used = BTreeMap::new();
        for (Named { ours, theirs, turned }, rows) in names {
            let missing = || LoadError::Missing { tensor: theirs.clone(), file: tensors.place.clone() };
            let (tensor, shape) = tensors.map.get(theirs).zip(spec.weight_shape(ours)).ok_or_else(missing)?;
            let flat = rows.is_some() && shape.len() == 1 && tensor.shape.len() > 1;
            let rows = rows.unwrap_or_else(|| Rows::all(shape[shape.len() - 1]));
            used.insert(theirs.clone(), tensor.range.len() as u64);
            let reading = Reading { turned: *turned, flat, rows };
            weights.put((ours.clone(), theirs.clone()), tensor, shape, &reading)?;
        }
        weights.bytes = used.values().sum();
        weights.unused = tensors.map.keys().filter(|name| !used.contains_key(*name)).cloned().collect();
        Ok(weights)
    }

    /// Takes a tensor in, if its type and shape are what they should be.
    fn put(
        &mut self,
        (name, source_name): (String, String),
        tensor: &StoredTensor,
        shape: Vec<usize>,
        reading: &Reading,
    ) -> Result<(), LoadError> {
        let dtype = tensor.dtype.clone().map_err(|found| LoadError::Type {
            tensor: source_name.clone(),
            found,
            file: tensor.file.clone(),
        })?;
        let stored = stored_shape(&shape, reading);
        // BART's bias on logits is [1, vocab]
        let ones = tensor.shape.len().saturating_sub(stored.len());
        let same = |a: &[usize], b: &[usize]| a.iter().product::<usize>() == b.iter().product::<usize>();
        let rows = stored.len() == 1 || tensor.shape.first() == stored.first();
        let flat = reading.flat && rows && same(&tensor.shape, &stored);
        let padded = tensor.shape[ones..] == stored && tensor.shape[..ones].iter().all(|&n| n == 1);
        if !flat && !padded {
            return Err(LoadError::Shape {
                tensor: source_name,
                found: tensor.shape.clone(),
                expected: stored,
                file: tensor.file.clone(),
            });
        }
        let weight = match &tensor.woven {
            None => Weight::of(tensor, dtype, &shape, reading.turned, &reading.rows),
            Some(second) => {
                let half = reading.rows.every_second().ok_or_else(|| LoadError::Type {
                    tensor: source_name.clone(),
                    found: "kept in two halves".to_owned(),
                    file: tensor.file.clone(),
                })?;
                let tensor = if half.0 == 0 { tensor } else { second };
                Weight::of(tensor, dtype, &shape, reading.turned, &half.1)
            }
        };
        let file = tensor.file.clone();
        if shape.len() == 1 {
            self.vectors.insert(name.clone(), weight.vector());
        } else {
            self.matrices.insert(name.clone(), weight);
        }
        self.infos.push(TensorInfo { name, source_name, shape, dtype, file });
        Ok(())
    }

    /// A weight matrix. Panics on a name that `gather` has not found: the spec says which there are.
    pub fn matrix(&self, name: &str) -> Matrix<'_> {
        self.matrices[name].matrix()
    }
    /// Whether the model has a weight matrix of this name.
    pub fn has(&self, name: &str) -> bool {
        self.matrices.contains_key(name)
    }
    /// A bias or norm parameter, if the model has it.
    pub fn vector<F: Real>(&self, name: &str) -> Option<Vec<F>> {
        Some(self.vectors.get(name)?.iter().map(|&x| F::of(x)).collect())
    }
    /// Row `index` of an embedding matrix, added to `out`.
    pub fn add_row<F: Real>(&self, name: &str, index: usize, out: &mut [F]) {
        let matrix = self.matrix(name);
        let (start, stride) = (index * matrix.input_stride, matrix.output_stride);
        let mut row = vec![F::zero(); out.len()];
        if (stride, matrix.rows) == (1, None) {
            matrix.elements.read(start, &mut row);
        } else {
            // The file has the table the other way round: the row's numbers lie apart
            for (i, x) in row.iter_mut().enumerate() {
                let place = matrix.rows.map_or(i, |rows| rows[i] as usize);
                matrix.elements.read(start + place * stride, std::slice::from_mut(x));
            }
        }
        for (out, x) in out.iter_mut().zip(row) {
            *out += x;
        }
    }
    /// Where every weight came from.
    pub fn infos(&self) -> &[TensorInfo] {
        &self.infos
    }
    /// Tensors in the files that the architecture has no use for.
    pub fn unused(&self) -> &[String] {
        &self.unused
    }
    /// Bytes of all tensors that are used, each counted once.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// How a tensor is read as a weight.
struct Reading {
    /// Stored [out, in], read as [in, out]
    turned: bool,
    /// The file may have given this vector more dimensions
    flat: bool,
    /// Which of its outputs
    rows: Rows,
}

/// Which block, which of its experts, and which group of blocks that share their weights.
struct At {
    /// Layer within its part
    layer: usize,
    /// Layer of the whole model
    flat: usize,
    expert: usize,
    group: String,
}

impl At {
    /// A name of this place.
    fn fill(&self, name: &str) -> String {
        let name = name.replace("{l}", &self.layer.to_string()).replace("{e}", &self.expert.to_string());
        name.replace("{g}", &self.group)
    }
}

/// Whether the configuration asks for the weight.
fn asked_for(map: &Map, config: &Config) -> bool {
    match map.needed {
        Needed::If(key) => config.flag_or(key, false).unwrap_or(false),
        Needed::Unless(key) => config.flag_or(key, true).unwrap_or(true),
        Needed::Without(without) => !without(config).unwrap_or(false),
        _ => true,
    }
}

/// The shape a weight of `shape` has in the file.
fn stored_shape(shape: &[usize], reading: &Reading) -> Vec<usize> {
    let mut shape = shape.to_vec();
    if let Some(last) = shape.last_mut() {
        *last = reading.rows.of;
    }
    if reading.turned {
        shape.reverse();
    }
    shape
}

impl Weight {
    /// The outputs `chosen` of a tensor that holds more of them, or all.
    fn of(tensor: &StoredTensor, dtype: Dtype, shape: &[usize], turned: bool, chosen: &Rows) -> Self {
        let (inputs, outputs) = match *shape {
            [outputs] => (1, outputs),
            _ => (shape[0], shape[1]),
        };
        let turned = turned != tensor.swapped;
        let (input_stride, output_stride) = if turned { (1, inputs) } else { (chosen.of, 1) };
        let tensor = tensor.clone().aligned();
        let mut weight =
            Self { tensor, dtype, start: 0, rows: None, inputs, outputs, input_stride, output_stride };
        let in_rows = turned || shape.len() == 1;
        match (&chosen.ranges[..], &weight.tensor.rows) {
            ([only], None) => weight.start = only.start * output_stride,
            (ranges, order) if in_rows => {
                let all = ranges.iter().cloned().flatten();
                let place = |row: usize| order.as_ref().map_or(row as u32, |order| order[row]);
                weight.rows = Some(all.map(place).collect());
            }
            _ => weight.pick(chosen),
        }
        weight
    }

    /// Copies runs of columns of [in, out] next to each other, unpacked.
    fn pick(&mut self, chosen: &Rows) {
        let elements = self.elements();
        let mut picked = vec![0.0_f32; self.inputs * self.outputs];
        let mut next = 0;
        for input in 0..self.inputs {
            for run in &chosen.ranges {
                elements.read(input * chosen.of + run.start, &mut picked[next..next + run.len()]);
                next += run.len();
            }
        }
        self.tensor.storage = Arc::new(Storage::owned(bytemuck::cast_slice(&picked)));
        self.tensor.range = 0..4 * picked.len();
        self.tensor.scales = None;
        self.dtype = Dtype::F32;
        self.input_stride = self.outputs;
    }

    fn elements(&self) -> Elements<'_> {
        self.tensor.elements_as(self.dtype)
    }

    fn matrix(&self) -> Matrix<'_> {
        Matrix {
            elements: self.elements().from(self.start),
            inputs: self.inputs,
            outputs: self.outputs,
            input_stride: self.input_stride,
            output_stride: self.output_stride,
            rows: self.rows.as_deref(),
        }
    }

    fn vector(&self) -> Vec<f32> {
        let elements = self.elements();
        let mut all = vec![0.0; elements.len()];
        elements.read(0, &mut all);
        match &self.rows {
            None => all[self.start..self.start + self.outputs].to_vec(),
            Some(rows) => rows.iter().map(|&row| all[row as usize]).collect(),
        }
    }
}
