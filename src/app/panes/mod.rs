//! One file a pane: each draws from a `Scene` and answers with commands.

pub mod bars;
pub mod dialogs;
mod finder;
pub mod head;
pub mod heads;
pub mod interventions;
pub mod left;
pub mod lens;
mod norm_plot;
pub mod norms;
pub mod right;
mod shared;
mod shelf;
pub mod stream;
