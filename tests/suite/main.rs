//! One test binary: egui and candle link once; a module per contract.

mod parity;
