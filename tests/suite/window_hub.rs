//! Contract: from a name in the window to a model that runs: size and licence first, then progress, then it opens.
//!
//! The hub is the test's server. Which hub a program asks is in its environment, so the window lives in a process of
//! its own: this binary once more, with the ignored test below.

use crate::hub::{Manners, Server};
use crate::window::{until, window_of};
use egui_kittest::kittest::Queryable as _;
use mnemoscope::app::{Dialog, command::Command, settings::Settings};
use std::path::PathBuf;

const WINDOW: &str = "window_hub::a_window_fetches_a_model_and_runs_it";

#[test]
fn a_model_is_fetched_opened_and_run() {
    // The weights come in four pieces with rests between, so that progress is something one can see
    let rest = std::time::Duration::from_millis(300);
    let server = Server::start(&Manners { cut_after: 20_000, cuts: 3, rest, ..Manners::default() });
    let home = tempfile::tempdir().expect("a folder");
    let mut window = std::process::Command::new(std::env::current_exe().expect("this program"));
    window.args(["--exact", WINDOW, "--ignored", "--nocapture"]);
    window.env("HF_ENDPOINT", &server.address).env("HF_HOME", home.path()).env("HOME", home.path());
    window.env("MNEMOSCOPE_CONFIG_DIR", home.path().join("settings"));
    for name in ["HF_HUB_CACHE", "HF_TOKEN", "HF_HUB_OFFLINE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"] {
        window.env_remove(name);
    }
    let done = window.output().expect("it runs");
    let told = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && told.contains("1 passed"), "{told}");
    assert_eq!(
        server.asked("/api/models/owner/tiny"),
        1,
        "one look, and no second one behind the user's back"
    );
    assert!(server.asked("range=Some(") >= 1, "it went on where it was cut");
}

#[test]
#[ignore = "run by the test above, which gives it a hub"]
fn a_window_fetches_a_model_and_runs_it() {
    let home = PathBuf::from(std::env::var_os("HF_HOME").expect("the test above sets it"));
    let snapshots = home.join("hub/models--owner--tiny/snapshots");
    let settings = Settings { live: false, dark: Some(true), ..Settings::default() };
    let mut harness = window_of([1280.0, 800.0], settings, Some("Mary has a red ball."));
    let ctx = harness.ctx.clone();
    harness.state_mut().apply(&ctx, Command::AskForHub);
    harness.run_ok();
    harness.get_by_role_and_label(egui::Role::TextInput, "OWNER/NAME").type_text("owner/tiny");
    harness.run_ok();
    harness.get_by_label("Look it up").click();
    until(&mut harness, |window| window.session.shelf.offer.is_some());
    harness.get_by_label("apache-2.0");
    let bytes = harness.state().session.shelf.offer.as_ref().expect("an offer").bytes;
    let size = format!("{:.0} KB", bytes as f64 / 1e3);
    assert_eq!(harness.query_all_by_label(&size).count(), 2, "its size, and what is to be fetched: {size}");
    assert!(!snapshots.exists(), "nothing is fetched before one has seen that");

    harness.get_by_label("Fetch").click();
    let mut seen = false;
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while harness
        .state()
        .session
        .source
        .as_ref()
        .is_none_or(|source| !format!("{source:?}").contains("owner/tiny"))
    {
        harness.step();
        let under_way =
            harness.state().session.exporting.as_ref().is_some_and(|job| job.done > 0.1 && job.done < 1.0);
        seen |= under_way && harness.query_by_role(egui::accesskit::Role::ProgressIndicator).is_some();
        assert!(std::time::Instant::now() < deadline, "waited in vain");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    assert!(seen, "its progress was shown");
    until(&mut harness, |window| window.session.busy.is_none() && window.session.model.is_some());
    assert!(snapshots.is_dir());
    assert_eq!(harness.state().dialog, Dialog::None);

    harness.state_mut().apply(&ctx, Command::EditPrompt("5 17 23 5 17".to_owned()));
    harness.state_mut().apply(&ctx, Command::RunPrompt);
    until(&mut harness, |window| {
        let trace = window.session.trace.as_ref();
        window.session.busy.is_none() && trace.is_some_and(|trace| trace.ids() == [5, 17, 23, 5, 17])
    });
    let trace = harness.state().session.trace.clone().expect("a run");
    assert_eq!((trace.spec.family.as_str(), trace.n_layers()), ("gpt2", 2));
}
