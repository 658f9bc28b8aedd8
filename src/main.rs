//! The binary: everything is in the library, so that tests and benches call what users call.

fn main() {}
