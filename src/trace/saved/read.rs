//! Opening a trace that this program or another one wrote. Nothing in the file is believed before it is checked.

use super::{ENDING, Trace, TraceError, VECTOR, VERSION, beside, changes};
use crate::model::{
    AttentionSpec, Disentangled, Distances, HeadSpec, Hook, LayerState, LoadError, ModelSpec, Part,
    PositionBias, Relative, Storage, Token, Window, map_file,
};
use crate::trace::AnswerSpan;
use crate::trace::record::{CANDIDATES, Candidate};
use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors};
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::sync::Arc;

/// How far a row's sum may be off where arrays were stored in half precision.
const ROW_SUM: f64 = 0.05;

/// Whether `file` is a saved trace: by its name, or by what its metadata says.
pub fn is_saved(file: &Path) -> bool {
    let named = |ending| file.as_os_str().to_string_lossy().to_lowercase().ends_with(ending);
    if !named(".safetensors") || !file.is_file() {
        return false;
    }
    let says = || {
        let storage = map_file(file).ok()?;
        let (_, header) = SafeTensors::read_metadata(storage.bytes()).ok()?;
        let metadata = header.metadata().as_ref()?;
        Some(metadata.contains_key("mnemoscope") && metadata.contains_key("spec"))
    };
    named(ENDING) || says().unwrap_or(false)
}

/// Opens a saved trace; measures and thumbnails are gathered anew. `watch` is told the share done, and ends the
/// reading when it answers `Break`.
pub fn open(file: &Path, watch: &dyn Fn(f32) -> ControlFlow<()>) -> Result<Trace, TraceError> {
    let storage = map_file(file).map_err(|error| match error {
        LoadError::Read { file, source } => TraceError::Read { file, source },
        other => TraceError::Safetensors { file: file.to_owned(), reason: other.to_string() },
    })?;
    let source = Source::new(file, &storage)?;
    let mut trace = source.head()?;
    let n_layers = trace.n_layers();
    for layer in 0..n_layers {
        if watch(layer as f32 / n_layers as f32).is_break() {
            return Err(TraceError::Cancelled);
        }
        source.layer(&mut trace, layer)?;
    }
    if let Some((name, shape)) = trace.source_array() {
        *trace.source_output_mut() = source.floats(&name, &shape)?;
    }
    let (name, shape) = trace.output_array();
    *trace.output_mut() = source.floats(&name, &shape)?;
    source.answer(&mut trace)?;
    trace.has_nan = trace.resid(n_layers).iter().chain(trace.logits.iter()).any(|x| x.is_nan());
    let spec = trace.spec.clone();
    trace.gather_anew(&|head, query, sum| {
        let least = if spec.blocks[head.layer].attention.sinks { 0.0 } else { 1.0 - ROW_SUM };
        // Of rows with NaN in q or k nothing is known; the run had them, too
        if sum.is_nan() || (least..=1.0 + ROW_SUM).contains(&sum) {
            return Ok(());
        }
        let reason = format!("does not fit q and k: query {query} of head {head} would give out {sum:.3}");
        Err(TraceError::Lse { name: beside(&spec, head.layer, "lse"), reason, file: file.to_owned() })
    })?;
    Ok(trace)
}

/// A file whose header is sound.
pub(super) struct Source<'a> {
    file: &'a Path,
    data: &'a [u8],
    arrays: HashMap<String, (Dtype, Vec<usize>, Range<usize>)>,
    metadata: HashMap<String, String>,
}

impl<'a> Source<'a> {
    fn new(file: &'a Path, storage: &'a Storage) -> Result<Self, TraceError> {
        let bytes = storage.bytes();
        let broken = |reason: String| TraceError::Safetensors { file: file.to_owned(), reason };
        let (header, table) = SafeTensors::read_metadata(bytes).map_err(|error| broken(error.to_string()))?;
        let data = &bytes[(8 + header).min(bytes.len())..];
        let mut arrays = HashMap::new();
        for (name, info) in table.tensors() {
            let (start, end) = info.data_offsets;
            if start > end || end > data.len() {
                return Err(broken(format!("array `{name}` ends behind the end of the file")));
            }
            arrays.insert(name, (info.dtype, info.shape.clone(), start..end));
        }
        let metadata = table.metadata().clone().unwrap_or_default();
        Ok(Self { file, data, arrays, metadata })
    }

    pub(super) fn wrong(&self, key: &'static str, reason: impl Into<String>) -> TraceError {
        TraceError::Metadata { key, reason: reason.into(), file: self.file.to_owned() }
    }

    fn text(&self, key: &'static str) -> Result<&str, TraceError> {
        self.metadata.get(key).map(String::as_str).ok_or_else(|| self.wrong(key, "is missing"))
    }

    /// An entry that is JSON in a string; the default where there is none.
    pub(super) fn json<T: DeserializeOwned + Default>(&self, key: &'static str) -> Result<T, TraceError> {
        match self.metadata.get(key) {
            Some(text) => self.parsed(key, text),
            None => Ok(T::default()),
        }
    }

    fn parsed<T: DeserializeOwned>(&self, key: &'static str, text: &str) -> Result<T, TraceError> {
        serde_json::from_str(text).map_err(|error| self.wrong(key, format!("does not read ({error})")))
    }

    /// A trace without layers yet: version, specification, tokens.
    fn head(&self) -> Result<Trace, TraceError> {
        let version = self.text("mnemoscope")?;
        if version != VERSION {
            return Err(TraceError::Version { found: version.to_owned(), file: self.file.to_owned() });
        }
        let spec: ModelSpec = self.parsed("spec", self.text("spec")?)?;
        sound(&spec).map_err(|reason| self.wrong("spec", reason))?;
        let tokens = self.tokens("tokens", spec.vocab)?;
        let source = match &spec.encoder {
            Some(encoder) => self.tokens("source", encoder.vocab)?,
            None => Vec::new(),
        };
        let name = self.metadata.get("model").cloned().unwrap_or_else(|| self.name());
        let prompt = self.metadata.get("prompt").cloned().unwrap_or_default();
        let within = |tokens: Vec<SavedToken>| -> Vec<Token> {
            tokens.into_iter().map(|token| token.within(&prompt)).collect()
        };
        let (tokens, source) = (within(tokens), within(source));
        let mut trace = Trace::new(name, Arc::new(spec), prompt, tokens);
        trace.source = Arc::new(source);
        trace.classes = Arc::new(self.json("classes")?);
        let run: SavedRun = self.json("run")?;
        trace.forward_seconds = run.forward_s.max(0.0);
        trace.first_map_seconds = run.first_map_s.max(0.0);
        trace.threads = run.threads;
        trace.answers = Arc::new(self.answers(trace.tokens_of(trace.answer_side()).len())?);
        if self.has(VECTOR) {
            trace.vector = Arc::new(self.floats(VECTOR, &[self.rows(VECTOR)])?);
        }
        changes::read(self, &mut trace)?;
        Ok(trace)
    }

    /// Whether there is such an array.
    pub(super) fn has(&self, name: &str) -> bool {
        self.arrays.contains_key(name)
    }

    /// How many rows an array has; none where it is not there.
    pub(super) fn rows(&self, name: &str) -> usize {
        self.arrays.get(name).and_then(|(_, shape, _)| shape.first()).copied().unwrap_or(0)
    }

    /// Answers that are marked among `n` tokens.
    fn answers(&self, n: usize) -> Result<Vec<AnswerSpan>, TraceError> {
        let answers: Vec<AnswerSpan> = self.json("answers")?;
        match answers.iter().find(|answer| answer.tokens.is_empty() || answer.tokens.end > n) {
            Some(answer) => Err(self.wrong("answers", format!("has {:?} of {n} tokens", answer.tokens))),
            None => Ok(answers),
        }
    }

    fn tokens(&self, key: &'static str, vocab: usize) -> Result<Vec<SavedToken>, TraceError> {
        let tokens: Vec<SavedToken> = self.parsed(key, self.text(key)?)?;
        if tokens.is_empty() {
            return Err(self.wrong(key, "has no token"));
        }
        match tokens.iter().find(|token| token.id as usize >= vocab) {
            Some(token) => Err(self.wrong(key, format!("has id {}, but vocab is {vocab}", token.id))),
            None => Ok(tokens),
        }
    }

    /// The file's own name, without what every trace's name ends in.
    fn name(&self) -> String {
        let name = self.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let stem = name.strip_suffix(ENDING).or_else(|| name.strip_suffix(".safetensors"));
        stem.unwrap_or(&name).to_owned()
    }

    fn layer(&self, trace: &mut Trace, layer: usize) -> Result<(), TraceError> {
        let n = trace.query_tokens(layer).len();
        // All of them before anything is made of the specification's word
        let array = |hook: Hook| self.floats(&trace.spec.hook_name(hook, layer), &trace.shape(hook, layer));
        let (resid, q, k, v) =
            (array(Hook::ResidPre)?, array(Hook::RotQ)?, array(Hook::RotK)?, array(Hook::V)?);
        let spec = trace.spec.clone();
        let attention = &spec.blocks[layer].attention;
        let name = beside(&spec, layer, "lse");
        let lse = self.floats(&name, &[attention.heads, n])?;
        if let Some(at) = lse.iter().position(|lse| !lse.is_finite()) {
            let reason = format!("is {} for query {} of head {}", lse[at], at % n, at / n);
            return Err(TraceError::Lse { name, reason, file: self.file.to_owned() });
        }
        let relative = match attention.bias {
            Some(PositionBias::Buckets(buckets)) => {
                let table = self.floats(&beside(&spec, layer, "W_rel"), &[buckets.count, attention.heads])?;
                Some(Relative::new(buckets, attention.heads, &table))
            }
            _ => None,
        };
        let distances = match &attention.bias {
            Some(PositionBias::Disentangled(own)) => Some(self.distances(&trace.spec, layer, own, n)?),
            _ => None,
        };
        let sinks = if attention.sinks {
            self.floats(&beside(&spec, layer, "sinks"), &[attention.heads])?
        } else {
            Vec::new()
        };
        let kept = trace.layer_mut(layer);
        kept.resid_pre = resid;
        (kept.state.relative, kept.state.distances, kept.state.sinks) = (relative, distances, sinks);
        fill(&mut kept.state, attention, n, [&q, &k, &v, &lse]);
        Ok(())
    }

    /// Keys and queries of distances; none of a kind that nobody looks at.
    fn distances(
        &self,
        spec: &ModelSpec,
        layer: usize,
        own: &Disentangled,
        n: usize,
    ) -> Result<Distances<f32>, TraceError> {
        let attention = &spec.blocks[layer].attention;
        let part = |what: &str, looks: bool| {
            let rows = if looks { own.rows() } else { 0 };
            let shape = [attention.heads, rows, attention.head_dim];
            self.floats(&beside(spec, layer, what), &shape)
        };
        let (keys, queries) =
            (part("rel_k", own.content_to_position)?, part("rel_q", own.position_to_content)?);
        let mut distances = Distances::new(keys, queries);
        distances.cover(own, n);
        Ok(distances)
    }

    /// Logits and what they say.
    fn answer(&self, trace: &mut Trace) -> Result<(), TraceError> {
        let name = Hook::Logits.stem();
        let needed = trace.spec.head == HeadSpec::NextToken;
        let (n, vocab) = (trace.n_tokens(), trace.spec.vocab);
        if !self.arrays.contains_key(name) && !needed {
            return Ok(());
        }
        let last = (n - 1).to_string();
        let at = self.metadata.get("answer_at").unwrap_or(&last);
        let at = at.parse().ok().filter(|&at: &usize| at < n);
        let at = at.ok_or_else(|| self.wrong("answer_at", format!("is no position below {n}")))?;
        let all = self.arrays.get(name).is_some_and(|(_, shape, _)| *shape == [n, vocab]);
        let rows = if all { n } else { 1 };
        let logits = self.floats(name, &[rows, vocab])?;
        let row = if all { at } else { 0 };
        let texts: HashMap<u32, String> = self.json("texts")?;
        let text = |id: u32| {
            let own = || trace.tokens.iter().find(|token| token.id == id).map(|token| token.text.clone());
            texts.get(&id).cloned().or_else(own).unwrap_or_else(|| id.to_string())
        };
        let next = Candidate::of(&logits[row * vocab..(row + 1) * vocab], CANDIDATES, text);
        (trace.next, trace.answer_at, trace.logits) = (Arc::new(next), Some(at), Arc::new(logits));
        Ok(())
    }

    /// An array of exactly this shape, as single precision.
    pub(super) fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, TraceError> {
        let file = || self.file.to_owned();
        let Some((dtype, found, range)) = self.arrays.get(name) else {
            return Err(TraceError::Missing { name: name.to_owned(), file: file() });
        };
        if found != shape {
            let (found, expected) = (found.clone(), shape.to_vec());
            return Err(TraceError::Shape { name: name.to_owned(), found, expected, file: file() });
        }
        let bytes = &self.data[range.clone()];
        Ok(match dtype {
            Dtype::F32 => bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect(),
            Dtype::F16 => {
                bytes.as_chunks().0.iter().map(|&bytes| f16::from_le_bytes(bytes).to_f32()).collect()
            }
            Dtype::BF16 => {
                bytes.as_chunks().0.iter().map(|&bytes| bf16::from_le_bytes(bytes).to_f32()).collect()
            }
            other => {
                let found = format!("{other:?}");
                return Err(TraceError::Type { name: name.to_owned(), found, file: file() });
            }
        })
    }
}

/// A token as the metadata spells it.
#[derive(serde::Deserialize)]
struct SavedToken {
    id: u32,
    text: Option<String>,
    #[serde(default)]
    span: Range<usize>,
}

impl SavedToken {
    /// With a text, and with a span only where the prompt has one.
    fn within(self, prompt: &str) -> Token {
        let span = if prompt.get(self.span.clone()).is_some() { self.span } else { 0..0 };
        Token { id: self.id, text: self.text.unwrap_or_else(|| self.id.to_string()), span }
    }
}

/// How the run went, where the writer noted it.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct SavedRun {
    forward_s: f64,
    first_map_s: f64,
    threads: usize,
}

/// More than any distance that a specification may speak of.
const FARTHEST: usize = 1 << 24;

/// Whether a specification can be worked with at all; arrays are checked against it afterwards.
fn sound(spec: &ModelSpec) -> Result<(), String> {
    if spec.blocks.is_empty() {
        return Err("has no block".into());
    }
    if spec.width == 0 || spec.vocab == 0 {
        return Err("has width or vocab 0".into());
    }
    let (encoder, decoder) = spec.blocks.split_at(spec.decoder_start());
    let pairs =
        decoder.chunks(2).all(|pair| pair.iter().map(|block| block.part).eq([Part::Decoder, Part::Cross]));
    let ordered = match spec.encoder {
        Some(_) => !encoder.is_empty() && !decoder.is_empty() && pairs,
        None => spec.blocks.iter().all(|block| block.part == Part::Only),
    };
    if !ordered {
        return Err("has blocks in an order that no model has".into());
    }
    for (layer, block) in spec.blocks.iter().enumerate() {
        let spec = &block.attention;
        let AttentionSpec { heads, kv_heads, head_dim, .. } = *spec;
        let kv = kv_heads > 0 && heads.is_multiple_of(kv_heads);
        if heads == 0 || head_dim == 0 || spec.value_dim() == 0 || !kv {
            let counts = format!("{heads} heads, {kv_heads} kv_heads, head_dim {head_dim}");
            return Err(format!("has {counts} in block {layer}"));
        }
        let window = match spec.window {
            Some(Window::Sliding(n) | Window::Chunk(n)) => (1..FARTHEST).contains(&n),
            Some(Window::TwoSided(n)) => n < FARTHEST,
            None => true,
        };
        let bias = match &spec.bias {
            Some(PositionBias::Alibi { slopes, .. }) => slopes.len() == heads,
            Some(PositionBias::Buckets(buckets)) => {
                (4..FARTHEST).contains(&buckets.count) && (1..FARTHEST).contains(&buckets.max_distance)
            }
            Some(PositionBias::Disentangled(own)) => {
                (2..FARTHEST).contains(&own.span)
                    && own.max_distance.is_none_or(|max| (1..FARTHEST).contains(&max))
            }
            None => true,
        };
        let capped = spec.softcap.is_none_or(|cap| cap.is_finite() && cap > 0.0);
        if !(spec.scale.is_finite() && window && bias && capped) {
            return Err(format!("has no sound scale, softcap, window or bias in block {layer}"));
        }
    }
    Ok(())
}

/// Puts [token, head, dim] arrays where the pass would have put them.
fn fill(state: &mut LayerState<f32>, spec: &AttentionSpec, n: usize, [q, k, v, lse]: [&[f32]; 4]) {
    let (dim, value_dim) = (spec.head_dim, spec.value_dim());
    for q in q.chunks_exact(spec.heads * dim) {
        for (head, q) in state.heads.iter_mut().zip(q.chunks_exact(dim)) {
            head.queries.extend_from_slice(q);
        }
    }
    for (head, lse) in state.heads.iter_mut().zip(lse.chunks_exact(n)) {
        head.lse.extend_from_slice(lse);
    }
    for (k, v) in k.chunks_exact(spec.kv_heads * dim).zip(v.chunks_exact(spec.kv_heads * value_dim)) {
        for (keys, k) in state.keys.iter_mut().zip(k.chunks_exact(dim)) {
            keys.push(k);
        }
        for (values, v) in state.values.iter_mut().zip(v.chunks_exact(value_dim)) {
            values.push(v);
        }
    }
}
