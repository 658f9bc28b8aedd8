//! Contract: what is selected in one view is selected in all, and small things a hand meets: a proposal that gives way to
//! what is typed, a place that could not be written, numbers that are nothing.

use crate::files::write;
use crate::window::{send, until, until_seen, window};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use mnemoscope::app::{Dialog, Window, command::Command, layout::Pane, words::fixed};

fn row<'h>(harness: &'h Harness<'_, Window>, name: &'h str) -> egui_kittest::Node<'h> {
    harness.get_by_role_and_label(egui::Role::Button, name)
}

#[test]
fn the_lens_shows_and_sets_the_layer_of_all_views() {
    let mut harness = window();
    send(&mut harness, Command::SetLayer(2));
    send(&mut harness, Command::Maximise(Some(Pane::Lens)));
    until_seen(&mut harness, "the lens", |harness| {
        harness.query_by_label("blocks.2.hook_resid_pre").is_some()
    });
    let chosen = |harness: &Harness<'_, Window>, name: &str| {
        row(harness, name).accesskit_node().toggled() == Some(egui::accesskit::Toggled::True)
    };
    assert!(chosen(&harness, "blocks.2.hook_resid_pre") && !chosen(&harness, "blocks.4.hook_resid_pre"));
    row(&harness, "blocks.4.hook_resid_pre").click();
    harness.run_ok();
    assert_eq!(harness.state().state.layer, 4);
    assert!(chosen(&harness, "blocks.4.hook_resid_pre"));
    // A cell pins its token and its word, and selects its layer
    let column =
        harness.get_by(|node| node.label().is_some_and(|label| label.starts_with("lens of token 3 "))).rect();
    let names = row(&harness, "blocks.1.hook_resid_pre").rect();
    let at = egui::pos2(column.center().x, names.center().y);
    crate::window::click_at(&mut harness, at, egui::PointerButton::Primary);
    let state = &harness.state().state;
    assert_eq!((state.layer, state.query, state.lens.word.is_some()), (1, Some(3), true));
}

#[test]
fn what_a_dialog_proposes_gives_way_to_what_is_typed() {
    let mut harness = window();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("mine.mnemo");
    send(&mut harness, Command::AskForSession);
    assert!(matches!(&harness.state().dialog, Dialog::Session { path } if path.ends_with("session.mnemo")));
    harness.run_ok();
    harness.event(egui::Event::Text(file.display().to_string()));
    harness.run_ok();
    assert_eq!(harness.state().dialog, Dialog::Session { path: file.display().to_string() });
    harness.key_press(egui::Key::Enter);
    until(&mut harness, |window| window.session.exporting.is_none() && window.dialog == Dialog::None);
    assert!(file.exists());
    // From now on it goes there without a question
    std::fs::remove_file(&file).expect("there");
    write(&file, b"");
    send(&mut harness, Command::AskForSession);
    until(&mut harness, |window| window.session.exporting.is_none());
    assert!(std::fs::read_to_string(&file).expect("there").len() > 100);
}

#[test]
fn a_session_that_could_not_be_written_asks_where_to_again() {
    let mut harness = window();
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder.path().join("taken"), b"a file, no folder");
    let nowhere = folder.path().join("taken/s.mnemo");
    send(&mut harness, Command::SaveSession(nowhere.clone()));
    until(&mut harness, |window| window.session.exporting.is_none());
    assert!(harness.state().session.banner.as_ref().is_some_and(|banner| banner.error));
    send(&mut harness, Command::AskForSession);
    assert_eq!(harness.state().dialog, Dialog::Session { path: nowhere.display().to_string() });
}

#[test]
fn numbers_that_are_nothing_have_no_sign() {
    let of = |x: f64, decimals: usize| fixed(x, decimals);
    assert_eq!([of(-0.004, 2), of(-0.006, 2), of(0.0, 2), of(-0.4, 0)], ["0.00", "−0.01", "0.00", "0"]);
    let grown = |x: f64| mnemoscope::app::words::change(x, 2);
    assert_eq!([grown(0.004), grown(0.006), grown(-0.004), grown(-0.2)], ["0.00", "+0.01", "0.00", "−0.20"]);
    assert_eq!([of(-1234.5, 1), of(f64::NEG_INFINITY, 2)], ["−1234.5", "−inf"]);
}
