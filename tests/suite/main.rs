//! One test binary: egui and candle link once; a module per contract.

mod by_hand;
mod floors;
mod loading;
mod malformed;
mod parity;
mod pattern;
mod runs;
mod window;
mod window_pictures;
