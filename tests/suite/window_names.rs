//! Contract: whatever can be reached says what it is: every stop of the keys and everything that is clicked has a name in
//! either language, sliders and pictures a value, in every pane and every dialog.

use crate::window::{send, window_on};
use egui_kittest::{Harness, kittest::NodeT as _};
use mnemoscope::{
    app::{Window, command::Command, layout::Pane, settings::Settings},
    engine::ModelSource,
};
use strum::IntoEnumIterator as _;

#[test]
fn dump() {
    let settings = Settings { live: false, dark: Some(false), hints: u8::MAX, ..Settings::default() };
    let model = crate::parity::fixtures().join("induction-by-hand");
    let start = std::time::Instant::now();
    let mut harness = window_on(
        ModelSource::Path(model),
        [1440.0, 900.0],
        settings,
        Some("3 9 5 14 7 11 2 3 9 5 14 7 11 2"),
    );
    println!("opened {:?}", start.elapsed());
    for pane in Pane::iter() {
        send(&mut harness, Command::Maximise(Some(pane)));
        for _ in 0..12 {
            harness.step();
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        println!("== {pane:?} {:?}", start.elapsed());
        dumped(&harness);
    }
}

fn dumped(harness: &Harness<'_, Window>) {
    use egui_kittest::kittest::Queryable as _;
    for node in harness.query_all_by(|node| !node.is_hidden()) {
        let own = node.accesskit_node();
        let (role, label, value) = (own.role(), own.label(), own.value());
        let focusable = own.data().supports_action(egui::accesskit::Action::Focus);
        let click = own.data().supports_action(egui::accesskit::Action::Click);
        println!(
            "  {role:?} f{} c{} `{}` = `{}` {:?}",
            focusable as u8,
            click as u8,
            label.unwrap_or_default(),
            value.unwrap_or_default(),
            node.rect()
        );
    }
}
