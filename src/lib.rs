//! Mnemoscope: see how a Transformer forms memory of its context.
//!
//! The floors, lowest first; each names only those above it in this list. `docs/architecture.md` is the map.

pub mod analysis;
#[cfg(feature = "window")]
pub mod app;
#[cfg(feature = "window")]
pub mod cli;
pub mod engine;
pub mod export;
pub mod model;
pub mod render;
pub mod trace;
pub mod train;

pub use mnemoscope_kernels as kernels;
