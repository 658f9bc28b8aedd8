//! One test binary: egui and candle link once; a module per contract.

mod by_hand;
mod chat;
mod cli;
mod docs;
mod export;
mod figures;
mod floors;
mod html;
mod hub;
mod interventions;
mod keras;
mod kernels;
mod library;
mod loading;
mod malformed;
mod parity;
mod pattern;
mod render;
mod runs;
mod sweeps;
mod tokenizers;
mod translation;
mod window;
mod window_models;
mod window_pictures;
