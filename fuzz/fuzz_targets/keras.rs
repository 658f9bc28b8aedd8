//! A Keras file, zip or HDF5, whichever its first bytes say: no bytes end the program.
#![no_main]

mod opening;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| opening::open("model.keras", bytes, &[]));
