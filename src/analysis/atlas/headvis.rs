//! HeadVis's folder: `config.json`, `scatter_data.json` and one file for each head, as its viewers read them.
//!
//! The shapes are those that the docstrings of its `data_pipeline.py` demand (github.com/anthropics/headvis), with what
//! Neuronpedia's pipeline adds to them for its importer. Pure functions: what is in which file, and back.

mod shapes;

use super::{Atlas, Axis, Cells, FULL, HeadEntry, Histogram, Passage, Ran, Sequence, TokenShare};
use crate::analysis::MEASURES;
use crate::trace::HeadId;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use shapes::{Bins, Config, HeadFile, Sampled, Weighted};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Tokens of a table.
const TABLE: usize = 50;
/// Where bins of distances begin.
const EDGES: [u32; 14] = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096];
/// Our measure, HeadVis's name, and the one that Neuronpedia's importer asks for.
const NAMES: [(&str, &str, &str); 6] = [
    ("self", "self_attention_score", "self_attention_score"),
    ("previous_token", "previous_token_score", "prev_token_score"),
    ("entropy", "pattern_entropy", "pattern_entropy"),
    ("distance", "qk_distance", "qk_distance"),
    ("variance", "qk_distance_variance", "qk_distance_variance"),
    ("induction", "induction_score", "induction_score"),
];

/// A folder that is none of HeadVis's.
#[derive(Debug, thiserror::Error)]
pub enum HeadVisError {
    /// A file that cannot be done without
    #[error("{0} is not there")]
    Missing(String),
    /// A file that does not read
    #[error("{file}: {source}")]
    Json {
        /// Its name within the folder
        file: String,
        /// What is wrong with it
        source: serde_json::Error,
    },
    /// What a file says cannot be
    #[error("{file}: {what}")]
    Wrong {
        /// Its name within the folder
        file: String,
        /// What is wrong with it
        what: String,
    },
}

/// A score or measure as HeadVis calls it.
fn theirs(id: &str) -> &str {
    NAMES.iter().find(|name| name.0 == id).map_or(id, |name| name.1)
}

/// One of theirs as we call it.
fn ours(id: &str) -> &str {
    NAMES.iter().find(|name| name.1 == id || name.2 == id).map_or(id, |name| name.0)
}

/// To four decimals, as HeadVis asks.
fn short(x: f64) -> f64 {
    (x * 1e4).round() / 1e4
}

/// Every file of the folder in turn, by its name within it.
pub fn files(atlas: &Atlas) -> impl Iterator<Item = (String, Value)> + '_ {
    let axes = atlas.axes();
    let scatter: Vec<Value> = atlas.heads.iter().map(|entry| point(entry, &axes)).collect();
    let all = [
        ("config.json".to_owned(), config(atlas, &axes)),
        ("scatter_data.json".to_owned(), Value::Array(scatter)),
        // Nobody to ask: viewers run on the files alone
        ("server_config.json".to_owned(), json!({})),
        ("attributions/manifest.json".to_owned(), json!({})),
    ];
    let heads = atlas.heads.iter().map(|entry| {
        let HeadId { layer, head } = entry.head;
        (format!("heads/L{layer}H{head}.json"), json!(head_file(atlas, entry)))
    });
    all.into_iter().chain(heads)
}

fn config(atlas: &Atlas, axes: &[Axis]) -> Value {
    let heads: Vec<[usize; 2]> =
        atlas.heads.iter().map(|entry| [entry.head.layer, entry.head.head]).collect();
    let count = |part: fn(&HeadId) -> usize| {
        atlas.heads.iter().map(|entry| part(&entry.head).saturating_add(1)).max()
    };
    let descriptions: Map<String, Value> =
        axes.iter().map(|axis| (theirs(&axis.id).to_owned(), json!(axis.formula))).collect();
    let longest = atlas.passages.iter().map(|passage| passage.tokens.len()).max().unwrap_or(0);
    let texts = atlas.ran.texts.as_deref().unwrap_or("none");
    json!({
        "model_name": atlas.model,
        "dataset_name": texts,
        "heads": heads,
        "n_layers": count(|head| head.layer).unwrap_or(0),
        "n_heads": count(|head| head.head).unwrap_or(0),
        "n_intervals": 10,
        "metrics": axes.iter().map(|axis| theirs(&axis.id)).collect::<Vec<_>>(),
        "metric_descriptions": descriptions,
        "head_data_pattern": "L{layer}H{head}.json",
        "has_umap": false,
        "umap_heads": [],
        "custom_plots": [
            { "key": "qk_distance_histogram", "label": "Q-K distance" },
            { "key": "histogram", "label": "Largest weight" },
        ],
        "custom_tables": [
            { "key": "top_query_tokens", "label": "Top query tokens" },
            { "key": "top_key_tokens", "label": "Top key tokens" },
        ],
        "statistics_display": {
            "n_samples": { "label": "Sequences kept", "format": "default" },
            "mean_max_activation": { "label": "Mean largest weight", "format": "default" },
        },
        "pipeline_config": {
            "made_by": concat!("mnemoscope ", env!("CARGO_PKG_VERSION")),
            "model_name": atlas.model,
            "dataset_name": texts,
            "n_sequences": atlas.ran.passages,
            "seq_len": longest,
            "dtype": "float32",
            "attn_implementation": "eager",
            "n_tokens": atlas.ran.tokens,
            "probe_period": atlas.ran.period,
            "n_probes": atlas.ran.probes,
            "sample_seed": atlas.ran.seed,
            "interventions": atlas.ran.interventions,
        },
    })
}

/// A head's row in the scatter.
fn point(entry: &HeadEntry, axes: &[Axis]) -> Value {
    let mut row = Map::new();
    row.insert("layer".to_owned(), json!(entry.head.layer));
    row.insert("head".to_owned(), json!(entry.head.head));
    for axis in axes {
        let value = json!(entry.value(&axis.id).map(short));
        if let Some(name) = NAMES.iter().find(|name| name.0 == axis.id && name.1 != name.2) {
            row.insert(name.2.to_owned(), value.clone());
        }
        row.insert(theirs(&axis.id).to_owned(), value);
    }
    Value::Object(row)
}

fn head_file(atlas: &Atlas, entry: &HeadEntry) -> HeadFile {
    let nothing = Vec::new();
    let tokens = |sequence: &Sequence| {
        atlas.passages.get(sequence.passage).map_or(&nothing, |passage| &passage.tokens)
    };
    let (mut bins, mut by_query, mut by_key) = (vec![0.0; EDGES.len() - 1], HashMap::new(), HashMap::new());
    for sequence in &entry.sequences {
        let tokens = tokens(sequence);
        for (query, key, weight) in sequence.cells.iter(tokens.len()) {
            let far = EDGES.partition_point(|&edge| edge as usize <= query.abs_diff(key)) - 1;
            if let Some(bin) = bins.get_mut(far) {
                *bin += f64::from(weight);
            }
            for (sums, token) in [(&mut by_query, query), (&mut by_key, key)] {
                *sums.entry(tokens[token].as_str()).or_insert(0.0) += f64::from(weight);
            }
        }
    }
    let counts: f64 = entry.activations.values.iter().sum();
    let middles = entry.activations.edges.windows(2).map(|edge| f64::midpoint(edge[0], edge[1]));
    let mean = middles.zip(&entry.activations.values).map(|(x, n)| x * n).sum::<f64>() / counts.max(1.0);
    let mean = entry.measures.get("max_activation").copied().unwrap_or(mean);
    let mut statistics = Map::new();
    statistics.insert("n_samples".to_owned(), json!(entry.sequences.len()));
    statistics.insert("mean_max_activation".to_owned(), json!(short(mean)));
    let sampled = |sequence: &Sequence| Sampled {
        sequence_id: atlas.passages.get(sequence.passage).map_or(0, |passage| passage.number),
        interval: sequence.decile.into(),
        tokens: tokens(sequence).clone(),
        attention_indices: sequence.cells.cells.iter().map(|&cell| cell.into()).collect(),
        attention_values: sequence.cells.weights.iter().map(|&w| f64::from(w) / f64::from(FULL)).collect(),
        seq_len: tokens(sequence).len(),
        max_activation: Some(short(sequence.max)),
    };
    HeadFile {
        sequences: entry.sequences.iter().map(sampled).collect(),
        qk_distance_histogram: Bins {
            bin_edges: EDGES.iter().map(|&edge| edge.into()).collect(),
            bin_values: bins.into_iter().map(short).collect(),
        },
        top_query_tokens: table(by_query),
        top_key_tokens: table(by_key),
        histogram: Bins {
            bin_edges: entry.activations.edges.iter().copied().map(short).collect(),
            bin_values: entry.activations.values.clone(),
        },
        statistics,
    }
}

fn table(sums: HashMap<&str, f64>) -> Vec<Weighted> {
    let mut all: Vec<(&str, f64)> = sums.into_iter().collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    all.truncate(TABLE);
    all.into_iter()
        .map(|(token, weight)| Weighted { token: token.to_owned(), weight: short(weight) })
        .collect()
}

/// An atlas from the files of such a folder: `file` gives one by its name within it, `None` where there is none.
///
/// Scores that roles go by are there where we wrote the folder; of others' folders heads have measures only. A head
/// whose own file is missing has no sequences.
pub fn read(file: &mut dyn FnMut(&str) -> Option<Vec<u8>>) -> Result<Atlas, HeadVisError> {
    let config: Config = parse("config.json", file("config.json"))?;
    let rows: Vec<Map<String, Value>> = parse("scatter_data.json", file("scatter_data.json"))?;
    let pattern = config.head_data_pattern.as_deref().unwrap_or("L{layer}H{head}.json");
    let mut atlas = Atlas {
        model: config.model_name,
        ran: ran(config.dataset_name, &config.pipeline),
        described: config
            .metric_descriptions
            .into_iter()
            .map(|(id, formula)| (ours(&id).to_owned(), formula))
            .filter(|(id, _)| MEASURES.iter().all(|measure| measure.id != *id))
            .collect(),
        passages: Vec::new(),
        heads: Vec::with_capacity(rows.len()),
    };
    let mut places = HashMap::new();
    let intervals = config.n_intervals.unwrap_or(10).clamp(1, 1000);
    for row in rows {
        let at = |name: &str| row.get(name).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        let Some((layer, head)) = at("layer").zip(at("head")) else {
            return Err(wrong("scatter_data.json", "a row names no layer and head"));
        };
        let mut entry = scored(HeadId { layer, head }, &row);
        let name = pattern.replace("{layer}", &layer.to_string()).replace("{head}", &head.to_string());
        if name.split(['/', '\\']).any(|part| part == "..") || name.starts_with(['/', '\\']) {
            return Err(wrong("config.json", "head_data_pattern leads out of the folder"));
        }
        let name = format!("heads/{name}");
        if let Some(bytes) = file(&name) {
            let own: HeadFile = parse(&name, Some(bytes))?;
            filled(&mut entry, own, &name, intervals, &mut atlas.passages, &mut places)?;
        }
        atlas.heads.push(entry);
    }
    if !config.heads.is_empty() {
        let listed: HashSet<(usize, usize)> = config.heads.into_iter().collect();
        atlas.heads.retain(|entry| listed.contains(&(entry.head.layer, entry.head.head)));
    }
    if atlas.heads.is_empty() {
        return Err(wrong("scatter_data.json", "there are no heads"));
    }
    atlas.heads.sort_by_key(|entry| entry.head);
    Ok(atlas)
}

fn parse<T: for<'de> Deserialize<'de>>(name: &str, bytes: Option<Vec<u8>>) -> Result<T, HeadVisError> {
    let bytes = bytes.ok_or_else(|| HeadVisError::Missing(name.to_owned()))?;
    serde_json::from_slice(&bytes).map_err(|source| HeadVisError::Json { file: name.to_owned(), source })
}

fn wrong(file: &str, what: &str) -> HeadVisError {
    HeadVisError::Wrong { file: file.to_owned(), what: what.to_owned() }
}

fn ran(texts: Option<String>, pipeline: &Map<String, Value>) -> Ran {
    let number = |name: &str| pipeline.get(name).and_then(Value::as_u64).unwrap_or(0);
    let said = |name: &str| pipeline.get(name).and_then(Value::as_str).map(str::to_owned);
    let read =
        ["actual_sequences_processed", "n_sequences"].into_iter().find(|name| pipeline.contains_key(*name));
    Ran {
        period: number("probe_period") as usize,
        probes: number("n_probes") as usize,
        seed: number("sample_seed"),
        texts: texts.or_else(|| said("dataset_name")).filter(|texts| texts != "none"),
        passages: read.map_or(0, number) as usize,
        tokens: number("n_tokens") as usize,
        interventions: pipeline
            .get("interventions")
            .and_then(|listed| serde_json::from_value(listed.clone()).ok())
            .unwrap_or_default(),
    }
}

/// A head with what stands in its row of the scatter.
fn scored(head: HeadId, row: &Map<String, Value>) -> HeadEntry {
    let values = row.iter().filter(|(name, _)| !matches!(name.as_str(), "layer" | "head"));
    let mut measures: BTreeMap<String, f64> =
        values.filter_map(|(name, value)| Some((ours(name).to_owned(), value.as_f64()?))).collect();
    let own: Map<String, Value> = super::columns()
        .filter_map(|role| Some((role.score.to_owned(), json!(measures.get(role.score)?))))
        .collect();
    let scores = serde_json::from_value(Value::Object(own)).unwrap_or_default();
    measures.retain(|id, _| {
        MEASURES.iter().any(|measure| measure.id == id) || super::columns().all(|role| role.score != id)
    });
    HeadEntry { head, scores, measures, ..HeadEntry::default() }
}

/// Adds what stands in a head's own file.
fn filled(
    entry: &mut HeadEntry,
    own: HeadFile,
    name: &str,
    intervals: i64,
    passages: &mut Vec<Passage>,
    places: &mut HashMap<(u64, Vec<String>), usize>,
) -> Result<(), HeadVisError> {
    let shares = |table: Vec<Weighted>| -> Vec<TokenShare> {
        let all = table.iter().map(|own| own.weight).sum::<f64>().max(f64::MIN_POSITIVE);
        table
            .into_iter()
            .map(|own| TokenShare { id: None, text: own.token, share: own.weight / all })
            .collect()
    };
    let bins = |bins: Bins| Histogram { edges: bins.bin_edges, values: bins.bin_values };
    entry.distances = bins(own.qk_distance_histogram);
    let all = entry.distances.values.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    entry.distances.values.iter_mut().for_each(|value| *value /= all);
    entry.activations = bins(own.histogram);
    entry.queries = shares(own.top_query_tokens);
    entry.keys = shares(own.top_key_tokens);
    for sampled in own.sequences {
        let n = sampled.tokens.len();
        let inside = sampled.attention_indices.iter().all(|&cell| cell < (n * n) as u64);
        if sampled.seq_len != n
            || !inside
            || sampled.attention_indices.len() != sampled.attention_values.len()
        {
            let what = format!("sequence {} is not of {n} tokens throughout", sampled.sequence_id);
            return Err(wrong(name, &what));
        }
        let mut cells: Vec<(u32, f64)> =
            sampled.attention_indices.iter().map(|&cell| cell as u32).zip(sampled.attention_values).collect();
        cells.sort_by_key(|cell| cell.0);
        let cells = Cells {
            weights: cells
                .iter()
                .map(|cell| (cell.1.clamp(0.0, 1.0) * f64::from(FULL)).round() as u16)
                .collect(),
            cells: cells.into_iter().map(|cell| cell.0).collect(),
        };
        let max =
            sampled.max_activation.or_else(|| cells.strongest(n).map(|cell| cell.2.into())).unwrap_or(0.0);
        // The highest interval is the tenth tenth, however many there are
        let decile = (sampled.interval.saturating_mul(10) / intervals).clamp(1, 10) as u8;
        let key = (sampled.sequence_id, sampled.tokens);
        let passage = *places.entry(key).or_insert_with_key(|(number, tokens)| {
            passages.push(Passage { number: *number, tokens: tokens.clone() });
            passages.len() - 1
        });
        entry.sequences.push(Sequence { passage, decile, top: false, max, cells });
    }
    entry.sequences.sort_by(|a, b| b.max.total_cmp(&a.max));
    Ok(())
}
