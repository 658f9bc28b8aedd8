//! One test binary: egui and candle link once; a module per contract.

mod atlas;
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
mod recall;
mod render;
mod runs;
mod traces;
mod tokenizers;
mod translation;
mod window;
mod window_pictures;
