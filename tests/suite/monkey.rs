//! Contract: ten thousand random commands and inputs, seeded, leave the window standing and its state valid.

use crate::window::{until, window_of};
use egui_kittest::Harness;
use mnemoscope::{
    analysis::{MEASURES, walk::StepKind},
    app::{
        Window,
        command::Command,
        editing::Splice,
        layout::{Pane, Preset},
        memory::PolicyKind,
        settings::Settings,
        state::{Shown, Sort, State, View},
        walking::Order,
        words::Language,
    },
    model::{HeadId, Sampling},
    render::{ColorMap, Scale},
    trace::{Intervention, Output},
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use strum::IntoEnumIterator as _;

const COMMANDS: usize = 10_000;
/// Commands between two frames, and frames between two waits for the workers.
const BETWEEN: usize = 20;
const PROMPTS: [&str; 7] = [
    "Mary has a red ball. Tom has a blue kite.",
    "",
    "a",
    "小红有一个球。",
    "مرحبا e\u{301}\u{301}\u{301} \u{200f}\u{202e}",
    "\n\n\t  ",
    "Supercalifragilisticexpialidocioussupercalifragilisticexpialidocious",
];

struct Monkey(StdRng);

impl Monkey {
    fn below(&mut self, n: usize) -> usize {
        self.0.random_range(0..n)
    }

    fn maybe<T>(&mut self, value: T) -> Option<T> {
        self.0.random_bool(0.6).then_some(value)
    }

    fn one<T: Copy>(&mut self, all: impl IntoIterator<Item = T>) -> T {
        let all: Vec<T> = all.into_iter().collect();
        *all.choose(&mut self.0).expect("there are some")
    }

    /// One that is in the model, or just outside.
    fn head(&mut self) -> HeadId {
        HeadId { layer: self.below(7), head: self.below(8) }
    }

    fn command(&mut self) -> Command {
        let (head, index) = (self.head(), self.below(30));
        match self.below(46) {
            0 => Command::EditPrompt(self.one(PROMPTS).to_owned()),
            1 => Command::RunPrompt,
            2 => Command::RunCut,
            3 => Command::ChooseExample(index),
            4 => Command::Cancel,
            5 => Command::SetLive(self.0.random()),
            6..=8 => Command::Undo,
            9 | 10 => Command::Redo,
            11 | 12 => Command::SelectHead(head),
            13 => Command::PinQuery(self.maybe(index)),
            14 => Command::PinKey(self.maybe(index)),
            15 => Command::PinCell { query: index, key: self.below(30) },
            16 => Command::Clear,
            17 => {
                let view = View {
                    query: self.0.random_range(-5.0..40.0),
                    key: self.0.random_range(-5.0..40.0),
                    span: self.0.random_range(0.0..60.0),
                };
                Command::SetView(self.maybe(view))
            }
            18 => Command::SetScale(self.one(Scale::iter())),
            19 => Command::SetTint(self.one(MEASURES.iter().map(|measure| measure.id)).to_owned()),
            20 => Command::SetSort(self.one([Sort::Layer, Sort::Measure])),
            21 => Command::SetMap { dark: self.0.random(), map: self.one(ColorMap::iter()) },
            22 => Command::SetDark(self.0.random()),
            23 => Command::SetLanguage(self.one(Language::iter())),
            24 => Command::SetLayout(self.one(Preset::iter()).id().to_owned()),
            25 => {
                let pane = self.one(Pane::iter());
                Command::Maximise(self.maybe(pane))
            }
            26 => Command::TearOff(self.one(Pane::iter())),
            27 | 28 => Command::ShowPane(self.one(Pane::iter())),
            29 => Command::ClosePane(self.one(Pane::iter())),
            30 => Command::ResetLayout,
            31 => Command::ToggleLower,
            32 => Command::SetLayer(index),
            33 => Command::Intervene(Intervention::Zero(Output::Heads(head.into()))),
            34 => Command::SwitchIntervention(self.below(4), self.0.random()),
            35 => Command::RemoveIntervention(self.below(4)),
            36 => Command::PaintCell { query: index, key: self.below(30), first: self.0.random() },
            37 => Command::SetShown(self.one([Shown::Clean, Shown::Changed, Shown::Difference])),
            38 => self.token(index),
            39 => self.rules(),
            40 => self.note(index),
            41 => self.dialog(index),
            42 => self.memory(index),
            43 => self.choose(head),
            _ => self.walk(),
        }
    }

    fn choose(&mut self, head: HeadId) -> Command {
        match self.below(4) {
            0 => Command::ToggleHead(head),
            1 => Command::ExtendTo(head),
            _ => Command::ChooseHeads((0..self.below(5)).map(|_| self.head()).collect()),
        }
    }

    fn memory(&mut self, index: usize) -> Command {
        match self.below(8) {
            0 => Command::SetLastLayer(self.maybe(index)),
            1 => Command::SetAnswer(self.maybe(index as u32 * 300)),
            2 => Command::SetPolicy(self.one(PolicyKind::iter())),
            3 => Command::SetBudget(self.maybe(index)),
            4 => Command::DropEntry { layer: self.below(8), token: index, gone: self.0.random() },
            5 => Command::KeepEntries,
            6 => Command::SelectRecall(self.maybe((index, index))),
            _ => Command::StopRecall,
        }
    }

    fn walk(&mut self) -> Command {
        match self.below(4) {
            0 => Command::SetStep(self.one(StepKind::iter())),
            1 => Command::AdvanceWalk,
            2 => Command::PlayWalk(self.0.random()),
            _ => Command::OrderWalk(self.one([Order::Dimension, Order::Product])),
        }
    }

    fn token(&mut self, index: usize) -> Command {
        match self.below(5) {
            0 => Command::EditTokens((0..self.below(12)).map(|_| self.below(5000) as u32).collect()),
            1 => Command::WriteNext(self.below(4000) as u32),
            2 => Command::DrawNext,
            3 => Command::SpliceToken(Splice::Insert(index), self.one(PROMPTS).to_owned()),
            _ => Command::SpliceToken(Splice::Replace(index), self.one(PROMPTS).to_owned()),
        }
    }

    fn rules(&mut self) -> Command {
        let top_k = 1 + self.below(50);
        let top_p = self.0.random_range(0.0..1.0);
        Command::SetSampling(Sampling {
            temperature: self.0.random_range(0.0..2.0),
            top_k: self.maybe(top_k),
            top_p: self.maybe(top_p),
            seed: 0,
        })
    }

    fn note(&mut self, index: usize) -> Command {
        match self.below(4) {
            0 => Command::AskForNote,
            1 => Command::SetNote(self.one(PROMPTS).to_owned()),
            2 => Command::GoToNote(index),
            _ => Command::RemoveNote(index),
        }
    }

    fn dialog(&mut self, index: usize) -> Command {
        match self.below(8) {
            0 => Command::Palette,
            1 => Command::ShowHelp,
            2 => Command::ClearInterventions,
            3 => Command::SaveLayout(self.one(["mine", "其他", ""]).to_owned()),
            4 => Command::DeleteLayout(self.one(["mine", "inspect", "none"]).to_owned()),
            5 => Command::SetSinkApart(index.is_multiple_of(2)),
            6 => Command::ShowTensor(Some("blocks.0.attn.W_Q".into())),
            _ => Command::CloseDialog,
        }
    }

    /// Somewhere in the window, a click or a drag; a key now and then.
    fn input(&mut self, harness: &mut Harness<'_, Window>) {
        let at = egui::pos2(self.0.random_range(0.0..1280.0), self.0.random_range(0.0..800.0));
        harness.event(egui::Event::PointerMoved(at));
        let key = self.one([egui::Key::ArrowDown, egui::Key::ArrowLeft, egui::Key::Escape, egui::Key::Num2]);
        match self.below(4) {
            0 => harness.key_press(key),
            1 => {
                let button = self.one([egui::PointerButton::Primary, egui::PointerButton::Secondary]);
                for pressed in [true, false] {
                    harness.event(egui::Event::PointerButton {
                        pos: at,
                        button,
                        pressed,
                        modifiers: egui::Modifiers::NONE,
                    });
                }
            }
            _ => {}
        }
    }
}

fn valid(state: &State) -> bool {
    let again: Option<State> =
        serde_json::to_string(state).ok().and_then(|text| serde_json::from_str(&text).ok());
    again.as_ref() == Some(state)
}

#[test]
fn ten_thousand_random_commands() {
    let settings = Settings { live: false, dark: Some(true), ..Settings::default() };
    let mut harness = window_of([1280.0, 800.0], settings, Some(PROMPTS[0]));
    let mut monkey = Monkey(StdRng::seed_from_u64(7));
    let ctx = harness.ctx.clone();
    for step in 0..COMMANDS {
        let command = monkey.command();
        harness.state_mut().apply(&ctx, command);
        if step % BETWEEN == 0 {
            monkey.input(&mut harness);
            harness.step();
        }
        if step % (BETWEEN * 25) == 0 {
            assert!(valid(&harness.state().state), "step {step}");
        }
    }
    // It still does its job
    for command in [
        Command::CloseDialog,
        Command::ClearInterventions,
        Command::SetLanguage(Language::English),
        Command::SetLayout(Preset::Inspect.id().into()),
        Command::ResetLayout,
        Command::EditPrompt(PROMPTS[0].into()),
        Command::RunPrompt,
        Command::SelectHead(HeadId { layer: 3, head: 1 }),
    ] {
        harness.state_mut().apply(&ctx, command);
    }
    until(&mut harness, |window| {
        let trace = window.session.trace.as_ref();
        window.session.busy.is_none() && trace.is_some_and(|trace| trace.prompt == PROMPTS[0])
    });
    let banner = harness.state().session.banner.clone();
    assert!(banner.is_none_or(|banner| !banner.what.contains("error of the program")), "no worker panicked");
    assert!(valid(&harness.state().state));
}
