//! What stands in the files of HeadVis's folder.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// `heads/L3H5.json`.
#[derive(Serialize, Deserialize)]
pub(super) struct HeadFile {
    pub(super) sequences: Vec<Sampled>,
    #[serde(default)]
    pub(super) qk_distance_histogram: Bins,
    #[serde(default)]
    pub(super) top_query_tokens: Vec<Weighted>,
    #[serde(default)]
    pub(super) top_key_tokens: Vec<Weighted>,
    #[serde(default)]
    pub(super) histogram: Bins,
    #[serde(default)]
    pub(super) statistics: Map<String, Value>,
}

/// One sequence of it. Its cells lie at query · n + key.
#[derive(Serialize, Deserialize)]
pub(super) struct Sampled {
    pub(super) sequence_id: u64,
    pub(super) interval: i64,
    pub(super) tokens: Vec<String>,
    pub(super) attention_indices: Vec<u64>,
    pub(super) attention_values: Vec<f64>,
    pub(super) seq_len: usize,
    pub(super) max_activation: Option<f64>,
}

/// A histogram: one edge more than values.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Bins {
    pub(super) bin_edges: Vec<f64>,
    pub(super) bin_values: Vec<f64>,
}

/// A token of a table.
#[derive(Serialize, Deserialize)]
pub(super) struct Weighted {
    pub(super) token: String,
    pub(super) weight: f64,
}

/// What of `config.json` is read.
#[derive(Deserialize)]
pub(super) struct Config {
    pub(super) model_name: String,
    #[serde(default)]
    pub(super) heads: Vec<(usize, usize)>,
    #[serde(default)]
    pub(super) n_intervals: Option<i64>,
    #[serde(default)]
    pub(super) metric_descriptions: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) head_data_pattern: Option<String>,
    #[serde(default)]
    pub(super) dataset_name: Option<String>,
    #[serde(default, rename = "pipeline_config")]
    pub(super) pipeline: Map<String, Value>,
}
