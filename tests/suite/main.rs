//! One test binary: egui and candle link once; a module per contract.

mod by_hand;
mod cli;
mod docs;
mod export;
mod figures;
mod floors;
mod html;
mod keras;
mod kernels;
mod loading;
mod malformed;
mod parity;
mod pattern;
mod render;
mod runs;
mod tokenizers;
mod translation;
mod window;
mod window_pictures;
mod window_translation;
