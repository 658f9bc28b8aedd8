//! One test binary: egui and candle link once; a module per contract.

mod cli;
mod export;
mod figures;
mod html;
mod parity;
mod render;
