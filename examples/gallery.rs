//! Draws every layout and every pane of the window as WebP, with an index: `make gallery`.
//!
//! Each is drawn twice, so that it is seen in both themes, both languages and both sizes without drawing all eight
//! combinations; `--all` draws all eight of each (`make gallery-all`). Arguments: `[--all] [FOLDER [PART OF A NAME]]`.
//! Pictures go to `docs/gallery/`, all eight to `out/gallery/`, or to the folder that is given. Needs a Vulkan driver,
//! such as Mesa's lavapipe, and fonts with Chinese.

use egui_kittest::Harness;
use mnemoscope::{
    app::{
        Opening, Window,
        charting::AtlasAct,
        command::Command,
        fonts,
        layout::{Pane, Preset},
        settings::Settings,
        training::Act,
        words::Language,
    },
    engine::ModelSource,
    model::HeadId,
};
use std::{
    fmt::Write as _,
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use strum::IntoEnumIterator as _;

/// How long work may take that a picture waits for: recall and training need a while.
const PATIENCE: Duration = Duration::from_secs(150);
/// Frames without news after which nothing more is awaited.
const QUIET: usize = 40;
/// Compared with the first example.
const SECOND: &str = "Mary has a green ball. Tom has a blue kite. Ann has a red hat. Mary plays with the";
/// The head that pictures show, and the cell.
const HEAD: HeadId = HeadId { layer: 3, head: 5 };

/// How a picture looks.
#[derive(Clone, Copy)]
struct Look {
    large: bool,
    dark: bool,
    language: Language,
}

impl Look {
    const fn new(large: bool, dark: bool, language: Language) -> Self {
        Self { large, dark, language }
    }

    fn size(self) -> [f32; 2] {
        if self.large { [2560.0, 1440.0] } else { [1280.0, 720.0] }
    }

    /// Bytes that a picture may take: the whole folder keeps to 3 MB.
    fn budget(self) -> usize {
        if self.large { 46_000 } else { 26_000 }
    }

    fn name(self) -> String {
        let theme = if self.dark { "dark" } else { "light" };
        let language = if self.language == Language::English { "en" } else { "zh" };
        format!("{theme}-{language}-{}", if self.large { 1440 } else { 720 })
    }
}

/// Pairs of opposites: each view gets one, in turn.
const LOOKS: [[Look; 2]; 4] = {
    use Language::{Chinese, English};
    [
        [Look::new(false, true, English), Look::new(true, false, Chinese)],
        [Look::new(true, true, English), Look::new(false, false, Chinese)],
        [Look::new(false, false, English), Look::new(true, true, Chinese)],
        [Look::new(true, false, English), Look::new(false, true, Chinese)],
    ]
};

/// What is drawn.
#[derive(Clone, Copy)]
enum Subject {
    Layout(Preset),
    Pane(Pane),
}

impl Subject {
    fn all() -> impl Iterator<Item = Self> {
        Preset::iter().map(Self::Layout).chain(Pane::iter().map(Self::Pane))
    }

    fn name(self) -> String {
        match self {
            Self::Layout(preset) => format!("layout-{}", preset.id()),
            Self::Pane(pane) => format!("pane-{pane:?}").to_lowercase(),
        }
    }

    fn commands(self) -> Vec<Command> {
        match self {
            Self::Layout(preset) => vec![Command::SetLayout(preset.id().to_owned())],
            Self::Pane(pane) => vec![Command::Maximise(Some(pane))],
        }
    }

    /// What must be asked for before there is something to see.
    fn asks(self) -> Vec<Command> {
        match self {
            Self::Layout(Preset::Atlas) | Self::Pane(Pane::Atlas) => {
                vec![Command::Atlas(AtlasAct::Run { resume: false })]
            }
            Self::Layout(Preset::Compare)
            | Self::Pane(Pane::CompareHeads | Pane::SideBySide | Pane::CompareWords) => {
                vec![Command::EditSecond(SECOND.to_owned()), Command::RunSecond]
            }
            Self::Pane(Pane::Sweep) => {
                vec![Command::EditSweep(SECOND.to_owned()), Command::RunSweep(true)]
            }
            Self::Layout(Preset::Memory) | Self::Pane(Pane::Recall) => {
                vec![Command::SetTrials(1), Command::RunRecall]
            }
            Self::Layout(Preset::Train)
            | Self::Pane(Pane::TrainSetup | Pane::TrainCurves | Pane::TrainHeads | Pane::TrainNumbers) => {
                vec![Command::Train(Act::StopAtScore(true)), Command::Train(Act::Run(true))]
            }
            _ => Vec::new(),
        }
    }

    /// Whether what was asked for is there.
    fn is_ready(self, window: &Window) -> bool {
        let session = &window.session;
        match self {
            Self::Layout(Preset::Atlas) | Self::Pane(Pane::Atlas) => session.charting.view().is_some(),
            Self::Layout(Preset::Compare)
            | Self::Pane(Pane::CompareHeads | Pane::SideBySide | Pane::CompareWords) => {
                session.comparing.found.get().is_some()
            }
            Self::Pane(Pane::Lens) => session.lens.get().is_some(),
            Self::Pane(Pane::Sweep) => session.sweeping.of(session.run).is_some(),
            Self::Layout(Preset::Memory) => {
                session.memory.recall.get().is_some() && session.memory.honesty.get().is_some()
            }
            Self::Pane(Pane::Recall) => session.memory.recall.get().is_some(),
            Self::Pane(Pane::Honesty) => session.memory.honesty.get().is_some(),
            Self::Pane(Pane::Cache) => session.memory.cache.get().is_some(),
            Self::Pane(Pane::Next) => session.next.get().is_some(),
            Self::Pane(Pane::Trails) => session.trails.get().is_some(),
            Self::Pane(Pane::River) => session.memory.rivers.river.get().is_some(),
            Self::Pane(Pane::MemoryMap) => session.memory.rivers.map.get().is_some(),
            Self::Layout(Preset::Teach) | Self::Pane(Pane::Walk) => session.walking.walk().is_some(),
            Self::Pane(Pane::Why) => session.reasons.why().is_some(),
            Self::Pane(Pane::Attribution) => session.reasons.said().is_some(),
            Self::Layout(Preset::Train)
            | Self::Pane(Pane::TrainSetup | Pane::TrainCurves | Pane::TrainHeads | Pane::TrainNumbers) => {
                window.live.reports.len() > 2 && !window.live.running
            }
            Self::Pane(Pane::Circuits) => session.circuits.searching().is_none(),
            Self::Pane(Pane::Composition) => session.circuits.composing().is_none(),
            _ => true,
        }
    }
}

fn main() {
    let (options, places): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    assert!(options.iter().all(|option| option == "--all"), "only `--all` is known, not {options:?}");
    let all = !options.is_empty();
    let home = if all { "out/gallery" } else { "docs/gallery" };
    let folder = places.first().map_or_else(|| PathBuf::from(home), PathBuf::from);
    let only = places.get(1);
    std::fs::create_dir_all(&folder).expect("a folder for the pictures");
    let wanted = |subject: &Subject| only.is_none_or(|only| subject.name().contains(only));
    let subjects: Vec<(usize, Subject)> =
        Subject::all().enumerate().filter(|(_, subject)| wanted(subject)).collect();
    let mut bytes = 0;
    for (turn, pair) in LOOKS.iter().enumerate() {
        let own: Vec<Subject> = subjects
            .iter()
            .filter(|(index, _)| all || index % LOOKS.len() == turn)
            .map(|(_, subject)| *subject)
            .collect();
        for &look in pair {
            if !own.is_empty() {
                bytes += draw(&folder, look, &own);
            }
        }
    }
    if only.is_none() {
        write(&folder.join("README.md"), index(&subjects, all).as_bytes());
    }
    println!("{} kB in {}", bytes / 1000, folder.display());
}

/// Draws some views in one look; returns what they take.
fn draw(folder: &Path, look: Look, subjects: &[Subject]) -> usize {
    let settings = Settings {
        dark: Some(look.dark),
        language: Some(look.language),
        live: false,
        hints: u8::MAX,
        ..Settings::default()
    };
    let opening = Opening::new(settings, ModelSource::Embedded, None);
    let mut harness: Harness<'_, Window> = Harness::builder()
        .with_size(look.size())
        .with_theme(if look.dark { egui::Theme::Dark } else { egui::Theme::Light })
        .with_max_steps(20)
        .wgpu()
        .build_eframe(|cc| {
            fonts::install(&cc.egui_ctx);
            Window::new(&cc.egui_ctx, opening)
        });
    let ctx = harness.ctx.clone();
    wait(&mut harness, |window| window.session.trace.is_some());
    let token = harness.state().session.trace.as_ref().map_or(0, |trace| trace.n_tokens().saturating_sub(1));
    harness.state_mut().apply(&ctx, Command::SelectHead(HEAD));
    harness.state_mut().apply(&ctx, Command::PinCell { query: token, key: 3.min(token) });
    let mut bytes = 0;
    for &subject in subjects {
        for command in subject.commands() {
            harness.state_mut().apply(&ctx, command);
        }
        if !subject.is_ready(harness.state()) {
            for command in subject.asks() {
                harness.state_mut().apply(&ctx, command);
            }
        }
        wait(&mut harness, |window| subject.is_ready(window));
        let image = harness.render().expect("a Vulkan driver to draw with");
        let (width, height) = image.dimensions();
        let name = format!("{}-{}.webp", subject.name(), look.name());
        let picture = small(image.as_raw(), (width, height), look.budget());
        write(&folder.join(&name), &picture);
        println!("{name} {} kB", picture.len() / 1000);
        bytes += picture.len();
    }
    bytes
}

/// Steps until something is there and nothing more comes.
fn wait(harness: &mut Harness<'_, Window>, ready: impl Fn(&Window) -> bool) {
    let (start, mut quiet) = (Instant::now(), 0);
    while quiet < QUIET && start.elapsed() < PATIENCE {
        harness.step();
        std::thread::sleep(Duration::from_millis(10));
        let window = harness.state();
        let busy = window.session.busy.is_some() || window.session.exporting.is_some() || !ready(window);
        quiet = if busy { 0 } else { quiet + 1 };
    }
}

/// WebP in as good a quality as its bytes allow.
fn small(pixels: &[u8], (width, height): (u32, u32), budget: usize) -> Vec<u8> {
    let encoder = webp::Encoder::from_rgba(pixels, width, height);
    let mut best = encoder.encode(12.0);
    for quality in [24.0, 36.0, 48.0, 60.0, 72.0, 84.0] {
        let better = encoder.encode(quality);
        if better.len() > budget {
            break;
        }
        best = better;
    }
    best.to_vec()
}

/// The page that shows them all.
fn index(subjects: &[(usize, Subject)], all: bool) -> String {
    let how = if all {
        "drawn from the program itself by `make gallery-all`: each in both themes and both languages"
    } else {
        "drawn by `make gallery` from the program itself: each twice, in opposite themes and languages"
    };
    let mut page =
        format!("# Gallery\n\nEvery layout and every pane, {how}, at 1280 × 720 and at 2560 × 1440.\n");
    for (index, subject) in subjects {
        let name = subject.name();
        let _ = write!(page, "\n## {}\n\n", name.replace('-', ": "));
        let own = if all { LOOKS.as_slice() } else { &LOOKS[index % LOOKS.len()..=index % LOOKS.len()] };
        for look in own.iter().flatten() {
            let _ = writeln!(page, "![{name}, {0}]({name}-{0}.webp)", look.name());
        }
    }
    page
}

fn write(path: &Path, bytes: &[u8]) {
    let mut file = File::create(path).expect("a file in the folder");
    file.write_all(bytes).expect("room on the disk");
}
