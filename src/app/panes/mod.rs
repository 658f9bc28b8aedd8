//! One file a pane: each draws from a `Scene` and answers with commands.

pub mod bars;
pub mod dialogs;
pub mod head;
pub mod heads;
pub mod interventions;
pub mod left;
pub mod lens;
pub mod lower;
mod norm_plot;
pub mod right;
mod shelf;
