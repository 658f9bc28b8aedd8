//! The binary: everything is in the library, so that tests and benches call what users call.

use std::process::ExitCode;

fn main() -> ExitCode {
    mnemoscope::cli::main()
}
