//! Floor 3: the small trainer: a Transformer of a few layers, its forward and backward pass by hand, on toy tasks.
//!
//! Knows no files, no threads of its own and no clock; `engine::training` steps it. Its weights are those of
//! `LlamaForCausalLM`, so that what was trained opens like any model.

mod attention;
mod batch;
mod change;
mod files;
mod pass;
mod shape;
mod task;
mod trainer;
mod vocabulary;
mod weights;

pub use batch::Batch;
pub use change::{Change, NotAChange};
pub use files::Files;
pub use pass::Outcome;
pub use shape::{Shape, ShapeError, TensorPlace};
pub use task::Task;
pub use trainer::{Checkpoint, Form, Hand, Setup, TrainError, Trainer};
