//! Contract: the tour goes through: a real window loads, runs, selects, walks, exports, saves and quits.

use std::path::Path;
use std::process::Command;

#[cfg(target_os = "linux")]
#[test]
fn the_tour_goes_through_a_real_window() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/tour.sh");
    let output = Command::new("sh").arg(script).arg(env!("CARGO_BIN_EXE_mnemoscope")).output();
    let output = output.expect("a shell");
    // 3: there is no screen to be had on this machine
    if output.status.code() == Some(3) {
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
