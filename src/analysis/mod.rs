//! Floor 4: what a trace says, in numbers that have a formula and a source.

pub mod atlas;
mod cache;
mod cell;
pub mod circuits;
pub mod compare;
mod components;
mod direct;
mod filter;
mod flow;
mod lens;
mod loss;
mod measures;
mod memory;
mod rank;
mod shift;
mod states;
mod table;
mod tensor;
pub mod timeline;
mod tokens;
pub mod walk;

pub use cache::{KvCache, LayerCache, SINK, SINK_QUERIES, entry_bytes, kv_cache};
pub use cell::{Cell, CellName, NotACell, Pair, Why, WhyError, why};
pub use components::Component;
pub use direct::{Attribution, AttributionError, Question, attribute, logits_at};
pub use filter::{Filter, FilterError, Named};
pub use flow::{Edge, Flow, FlowOptions, flow};
pub use lens::{Lens, LensLayer, LensOptions, LensTint, Said, lens};
pub use loss::{log_probability, losses, mean};
pub use measures::{MEASURES, Measure, measure};
pub use memory::{
    Bands, FLOW_LIMIT, FLOW_MAP_LIMIT, MEMORY_LIMIT, MemoryMap, MemoryTrace, MemoryTraceError, Picture,
    RIVER_LIMIT, River, memory_map, memory_trace, river, sources,
};
pub use rank::{kendall, spearman};
pub use shift::{Shift, shifts};
pub use states::{
    NormsOf, Trails, by_variance, layer_similarity, norm_places, norm_rows, similarity, trails,
};
pub use table::{Fold, Folded, Table};
pub use tensor::{TensorStats, tensor_stats};
pub use tokens::{Beneath, Predicted, Tint, entropy_bits, heads_over, hex, predicted, received, tinted};
