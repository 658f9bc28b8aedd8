//! `model.safetensors`: no bytes end the program.
#![no_main]

mod opening;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| opening::open("model.safetensors", bytes, &["config.json"]));
