//! Draws every layout of the window, in both themes, both languages and two sizes: `cargo run --release --example gallery`.
//!
//! Pictures go to `docs/gallery/`, or to the folder that is given; `--all` draws the large ones too. Needs a Vulkan driver,
//! such as Mesa's lavapipe.

use egui_kittest::Harness;
use egui_system_font_provider::SystemFontProvider;
use mnemoscope::{
    app::{
        Opening, Window,
        charting::AtlasAct,
        command::Command,
        layout::{Pane, Preset},
        settings::Settings,
        words::Language,
    },
    engine::ModelSource,
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};
use strum::IntoEnumIterator as _;

/// How long a picture may take: recall and training work a while.
const PATIENCE: Duration = Duration::from_mins(1);
/// Steps without news after which nothing more is awaited: of what is quick, and of what works a while in silence.
const SHORT: usize = 40;
const LONG: usize = 1600;
/// Compared with the first example.
const SECOND: &str = "Mary has a green ball. Tom has a blue kite. Ann has a red hat. Mary plays with the";

fn main() {
    let (flags, folders): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|word| word.starts_with("--"));
    let folder = folders.first().map_or_else(|| PathBuf::from("docs/gallery"), PathBuf::from);
    let sizes: &[[f32; 2]] = if flags.iter().any(|flag| flag == "--all") {
        &[[1280.0, 720.0], [2560.0, 1440.0]]
    } else {
        &[[1280.0, 720.0]]
    };
    std::fs::create_dir_all(&folder).expect("a folder for the pictures");
    for &size in sizes {
        for (dark, language) in [(true, Language::English), (false, Language::Chinese)] {
            draw(&folder, size, dark, language);
        }
    }
}

fn draw(folder: &Path, size: [f32; 2], dark: bool, language: Language) {
    let settings = Settings {
        dark: Some(dark),
        language: Some(language),
        live: false,
        hints: u8::MAX,
        ..Settings::default()
    };
    let opening = Opening::new(settings, ModelSource::Embedded, None);
    let mut harness: Harness<'_, Window> = Harness::builder()
        .with_size(size)
        .with_theme(if dark { egui::Theme::Dark } else { egui::Theme::Light })
        .with_max_steps(20)
        .wgpu()
        .build_eframe(|cc| {
            cc.egui_ctx.add_font_provider(Arc::new(SystemFontProvider::new()));
            Window::new(&cc.egui_ctx, opening)
        });
    let ctx = harness.ctx.clone();
    let word = if language == Language::English { "en" } else { "zh" };
    let theme = if dark { "dark" } else { "light" };
    let mut picture = |commands: Vec<Command>, name: &str, still: usize| {
        for command in commands {
            harness.state_mut().apply(&ctx, command);
        }
        let start = Instant::now();
        let mut quiet = 0;
        // Workers bring tiles, rows and measures; still means that nothing has come for a while
        while quiet < still && start.elapsed() < PATIENCE {
            harness.step();
            std::thread::sleep(Duration::from_millis(10));
            let busy = harness.state().session.busy.is_some() || harness.state().session.exporting.is_some();
            quiet = if busy { 0 } else { quiet + 1 };
        }
        let image = harness.render().expect("a Vulkan driver to draw with");
        let name = format!("{name}-{word}-{theme}-{}x{}.png", size[0], size[1]);
        image.save(folder.join(&name)).expect("the picture is written");
        println!("{name}");
    };
    for preset in Preset::iter() {
        let mut commands = vec![Command::SetLayout(preset.id().to_owned())];
        match preset {
            Preset::Atlas => commands.push(Command::Atlas(AtlasAct::Run { resume: false })),
            Preset::Compare => commands.extend([Command::EditSecond(SECOND.to_owned()), Command::RunSecond]),
            _ => {}
        }
        let still = match preset {
            Preset::Atlas => LONG,
            Preset::Compare => LONG / 4,
            _ => SHORT,
        };
        picture(commands, preset.id(), still);
    }
    picture(vec![Command::SetLayout(Preset::Inspect.id().to_owned())], "inspect", SHORT);
    for pane in Pane::iter() {
        let name = format!("{pane:?}").to_lowercase();
        let still = if matches!(pane, Pane::Circuits | Pane::Composition) { LONG / 4 } else { SHORT };
        picture(vec![Command::Maximise(Some(pane))], &name, still);
    }
}
