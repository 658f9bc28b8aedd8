//! Contract: ten thousand random commands and inputs, seeded, leave the window standing and its state valid. Other seeds:
//! `MNEMOSCOPE_MONKEY_SEED=8`; another model to begin with: `MNEMOSCOPE_MONKEY_MODEL=tests/fixtures/seq2seq/bart`.

use crate::window::{until, window_on};
use egui_kittest::Harness;
use mnemoscope::{
    analysis::{
        Component, LensTint, MEASURES, NormsOf, Picture,
        atlas::ROLES,
        circuits::{CircuitOptions, Kind},
        walk::StepKind,
    },
    app::{
        Window,
        charting::{AtlasAct, AtlasChoice, AtlasPath, Colour, Source},
        circuits::{CircuitState, CompositionState},
        command::{Command, CommandName},
        document::Reference,
        drafting::Draft,
        editing::Splice,
        exporting::{Finish, Piece},
        filtering::HeadFilter,
        hidden::HiddenChoice,
        journal::Level,
        layout::{Pane, Preset},
        lensing::LensChoice,
        mapping::{MapChoice, Over, Part},
        memory::{PolicyKind, RecallView},
        reasons::{Bars, SaidState, WhyState},
        settings::Settings,
        state::{Shown, Sort, State, View},
        sweeping::SweepChoice,
        timeline::{TimelineAct, Whose},
        tinting::{Beneath, Tint, TokenChoice},
        training::{Act, Choice},
        walking::Order,
        words::Language,
    },
    engine::{Languages, ModelSource, Places, Preferences, Template},
    export,
    model::{HeadId, Hook, Sampling},
    render::{ColorMap, Scale},
    trace::{self, Combine, FirstToken, Intervention, Output, Span, Steps, Weigh},
    train::Hand,
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    time::Instant,
};
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

/// Its dice, and where it may write.
pub(crate) struct Monkey(StdRng, PathBuf);

/// Commands that keep workers busy for seconds.
fn works(name: CommandName) -> bool {
    matches!(
        name,
        CommandName::Train
            | CommandName::Atlas
            | CommandName::RunRecall
            | CommandName::RunSweep
            | CommandName::OpenModel
            | CommandName::OpenSecond
            | CommandName::ShowChecks
            | CommandName::Export
            | CommandName::CopyPicture
            | CommandName::SaveRecipe
    )
}

impl Monkey {
    pub(crate) fn new(seed: u64, folder: &Path) -> Self {
        Self(StdRng::seed_from_u64(seed), folder.to_owned())
    }

    /// A command that selects or shows something: it opens nothing and leaves texts and tokens as they are.
    pub(crate) fn selecting(&mut self) -> Command {
        use CommandName as Name;
        let names = [
            Name::SelectHead,
            Name::ToggleHead,
            Name::SetFilter,
            Name::PinCell,
            Name::SetView,
            Name::SetScale,
            Name::SetMapChoice,
            Name::SetTint,
            Name::SetTokens,
            Name::SetLens,
            Name::SetHidden,
            Name::SetLayout,
            Name::Maximise,
            Name::TearOff,
            Name::ClosePane,
            Name::SetLayer,
            Name::SetStep,
            Name::SetWhy,
            Name::SetSaid,
            Name::SetCircuits,
            Name::SetComposition,
            Name::Intervene,
            Name::SetShown,
            Name::SetPicture,
            Name::SetPolicy,
            Name::SaveLayout,
            Name::SetNote,
            Name::Undo,
        ];
        let name = self.one(names);
        self.of(name)
    }

    fn below(&mut self, n: usize) -> usize {
        self.0.random_range(0..n)
    }

    fn maybe<T>(&mut self, value: T) -> Option<T> {
        self.0.random_bool(0.6).then_some(value)
    }

    fn one<T: Clone>(&mut self, all: impl IntoIterator<Item = T>) -> T {
        let all: Vec<T> = all.into_iter().collect();
        all.choose(&mut self.0).expect("there are some").clone()
    }

    /// One that is in the model, or just outside.
    fn head(&mut self) -> HeadId {
        HeadId { layer: self.below(7), head: self.below(8) }
    }

    /// Any command; those that set a machine to work for seconds come less often.
    fn command(&mut self) -> Command {
        let all: Vec<CommandName> = CommandName::iter().collect();
        loop {
            let name = *all.choose(&mut self.0).expect("there are some");
            if !works(name) || self.0.random_bool(0.08) {
                return self.of(name);
            }
        }
    }

    /// A command of this name: whoever adds one says here what it is sent with.
    #[expect(clippy::too_many_lines, reason = "a table: one entry a command")]
    fn of(&mut self, name: CommandName) -> Command {
        use CommandName as Name;
        let (head, index) = (self.head(), self.below(30));
        let yes: bool = self.0.random();
        match name {
            Name::AskForModel => Command::AskForModel,
            Name::OpenModel => Command::OpenModel(self.path()),
            Name::OpenEmbedded => Command::OpenEmbedded,
            Name::AskForHub => Command::AskForHub,
            // No such name can be: it is refused before anybody is asked
            Name::LookUp => Command::LookUp("no name of a model!".to_owned()),
            Name::Fetch => Command::Fetch,
            // As it stands on this machine: it is kept for good
            Name::SetOffline => Command::SetOffline(Preferences::load().offline),
            Name::AskForExport => Command::AskForExport(self.piece()),
            Name::Export => Command::Export {
                path: {
                    let name = self.one(["a.png", "b.svg", "c.csv", "d.html", "no ending"]);
                    self.1.join(name)
                },
                piece: self.piece(),
                finish: self.finish(),
            },
            Name::CopyPicture => Command::CopyPicture(self.piece(), self.finish()),
            Name::SaveRecipe => Command::SaveRecipe {
                path: {
                    let name = self.one(["a.png", "b.svg", "c.csv", "no ending"]);
                    self.1.join(name)
                },
                piece: self.piece(),
                finish: self.finish(),
            },
            Name::Quit => Command::Quit,
            Name::EditPrompt => Command::EditPrompt(self.text()),
            Name::EditTarget => Command::EditTarget(self.text()),
            Name::SetTextLanguages => {
                let code = self.one(["en_XX", "zh", ""]).to_owned();
                Command::SetTextLanguages(Languages {
                    source: self.maybe(code.clone()),
                    target: self.maybe(code),
                })
            }
            Name::RunPrompt => Command::RunPrompt,
            Name::RunCut => Command::RunCut,
            Name::ChooseExample => Command::ChooseExample(index),
            Name::Cancel => Command::Cancel,
            Name::FocusPrompt => Command::FocusPrompt,
            Name::WalkHistory => Command::WalkHistory { back: self.0.random() },
            Name::SetLive => Command::SetLive(yes),
            Name::SetTurns => {
                let turns = ["system:Be kind.", "user:Hi", "assistant:", "user: \u{202e}x"];
                let n = self.below(4);
                Command::SetTurns(turns[..n].iter().map(|turn| turn.parse().expect("a turn")).collect())
            }
            Name::SetChat => Command::SetChat(yes),
            Name::Undo => Command::Undo,
            Name::Redo => Command::Redo,
            Name::SelectHead => Command::SelectHead(head),
            Name::ToggleHead => Command::ToggleHead(head),
            Name::ChooseHeads => Command::ChooseHeads((0..self.below(5)).map(|_| self.head()).collect()),
            Name::ExtendTo => Command::ExtendTo(head),
            Name::FilterHeads => Command::FilterHeads,
            Name::SetFilter => {
                let text = self.one(["induction > 0.5", "not (layer < 2", "3.*, 4.1", ""]).to_owned();
                Command::SetFilter(self.maybe(HeadFilter { text, hide: yes }))
            }
            Name::ZoomGrid => Command::ZoomGrid(self.one([0.0, 1.0, 1.5, 3.0, 99.0])),
            Name::PinQuery => Command::PinQuery(self.maybe(index)),
            Name::PinKey => Command::PinKey(self.maybe(index)),
            Name::PinCell => Command::PinCell { query: index, key: self.below(30) },
            Name::Clear => Command::Clear,
            Name::Copy => Command::Copy(self.text()),
            Name::SetView => {
                let view = View {
                    query: self.0.random_range(-5.0..40.0),
                    key: self.0.random_range(-5.0..40.0),
                    span: self.0.random_range(0.0..60.0),
                };
                Command::SetView(self.maybe(view))
            }
            Name::SetScale => Command::SetScale(self.one(Scale::iter())),
            Name::SetMapChoice => Command::SetMapChoice(Box::new(self.map())),
            Name::SetMapThreshold => Command::SetMapThreshold(self.0.random_range(-1.0..1.0)),
            Name::MarkTokens => {
                let tokens = (0..self.below(4)).map(|_| self.below(30)).collect();
                Command::MarkTokens { keys: yes, tokens }
            }
            Name::CopyMap => Command::CopyMap(Part { rows: 0..self.below(30), columns: 0..index }),
            Name::SetTokens => {
                let (tint, beneath) = (self.one(Tint::iter()), self.one(Beneath::iter()));
                Command::SetTokens(TokenChoice { tint, beneath })
            }
            Name::SetLens => {
                let tint = self.one(LensTint::iter());
                Command::SetLens(LensChoice { tint, raw: yes, word: self.maybe(index as u32 * 300) })
            }
            Name::SetHidden => {
                let hook = self.one(Hook::iter());
                let (by_variance, norms) = (self.0.random(), self.one(NormsOf::iter()));
                Command::SetHidden(HiddenChoice {
                    hook: self.maybe(hook),
                    by_variance,
                    between_layers: yes,
                    norms,
                })
            }
            Name::SetTint => Command::SetTint(self.one(MEASURES.iter().map(|measure| measure.id)).to_owned()),
            Name::SetSort => Command::SetSort(self.one([Sort::Layer, Sort::Measure])),
            Name::SetMap => Command::SetMap { dark: yes, map: self.one(ColorMap::iter()) },
            Name::SetDark => Command::SetDark(yes),
            Name::SetPercent => Command::SetPercent(self.one([0, 80, 100, 150, 300, 9999])),
            Name::SetLogged => Command::SetLogged(self.one([Level::Info, Level::Warning, Level::Error])),
            Name::SetLanguage => Command::SetLanguage(self.one(Language::iter())),
            Name::SetLayout => Command::SetLayout(self.one(Preset::iter()).id().to_owned()),
            Name::FocusPane => Command::FocusPane(self.one(Pane::iter())),
            Name::Maximise => {
                let pane = self.one(Pane::iter());
                Command::Maximise(self.maybe(pane))
            }
            Name::TearOff => Command::TearOff(self.one(Pane::iter())),
            Name::Dock => Command::Dock(self.one(Pane::iter())),
            Name::ShowPane => Command::ShowPane(self.one(Pane::iter())),
            Name::ClosePane => Command::ClosePane(self.one(Pane::iter())),
            Name::ResetLayout => Command::ResetLayout,
            Name::ToggleLower => Command::ToggleLower,
            Name::SetLayer => Command::SetLayer(index),
            Name::SetThreshold => Command::SetThreshold(self.0.random_range(0.0..1.0)),
            Name::SetStep => Command::SetStep(self.one(StepKind::iter())),
            Name::SetWhy => {
                let component = self.one([Component::Embedding, Component::Mlp(2), Component::Head(head)]);
                Command::SetWhy(WhyState {
                    entry: self.maybe((component, Component::Position)),
                    percent: yes,
                    unfolded: self.0.random(),
                    bars: self.one([Bars::InOrder, Bars::BySize, Bars::Pairs]),
                })
            }
            Name::SetSaid => Command::SetSaid(SaidState {
                word: self.maybe(index as u32 * 200),
                against: self.maybe(index as u32 * 7),
                in_order: yes,
            }),
            Name::SetCircuits => Command::SetCircuits(CircuitState {
                word: self.maybe(index as u32 * 200),
                options: CircuitOptions { after_mlp: yes, plain: self.0.random() },
                least: self.0.random(),
            }),
            Name::SetComposition => Command::SetComposition(CompositionState {
                kind: self.one(Kind::iter()),
                folded: yes,
                above_random: self.0.random(),
                threshold: self.maybe(0.2),
            }),
            Name::HoldCircuits => Command::HoldCircuits(yes),
            Name::AdvanceWalk => Command::AdvanceWalk,
            Name::PlayWalk => Command::PlayWalk(yes),
            Name::OrderWalk => Command::OrderWalk(self.one([Order::Dimension, Order::Product])),
            Name::SetSinkApart => Command::SetSinkApart(yes),
            Name::ShowTensor => {
                let name = self.one(["blocks.0.attn.W_Q", "unembed.W_U", "no such"]).to_owned();
                Command::ShowTensor(self.maybe(name))
            }
            Name::Intervene => Command::Intervene(self.intervention()),
            Name::AskForChange => Command::AskForChange(self.draft()),
            Name::EditSweep => Command::EditSweep(self.text()),
            Name::RunSweep => Command::RunSweep(yes),
            Name::SetSweep => Command::SetSweep(SweepChoice {
                prompt: self.text(),
                of: self.maybe(index as u32 * 200),
                less: self.maybe(index as u32 * 7),
                places: self.one(Places::iter()),
                ..SweepChoice::default()
            }),
            Name::SelectSwept => Command::SelectSwept { layer: self.below(8), at: index },
            Name::SwitchIntervention => Command::SwitchIntervention(self.below(4), yes),
            Name::AdjustIntervention => Command::AdjustIntervention(self.below(4), self.intervention()),
            Name::RemoveIntervention => Command::RemoveIntervention(self.below(4)),
            Name::ClearInterventions => Command::ClearInterventions,
            Name::PaintCell => Command::PaintCell { query: index, key: self.below(30), first: yes },
            Name::SetShown => Command::SetShown(self.one([Shown::Clean, Shown::Changed, Shown::Difference])),
            Name::Train => Command::Train(self.training()),
            Name::Timeline => Command::Timeline(self.timeline()),
            Name::Atlas => Command::Atlas(self.atlas()),
            Name::AskToSaveTraining => Command::AskToSaveTraining,
            Name::AskForText => Command::AskForText,
            Name::SetLastLayer => Command::SetLastLayer(self.maybe(index)),
            Name::SetPicture => Command::SetPicture(self.one(Picture::iter())),
            Name::SetAnswer => Command::SetAnswer(self.maybe(index as u32 * 300)),
            Name::SetPolicy => Command::SetPolicy(self.one(PolicyKind::iter())),
            Name::SetBudget => Command::SetBudget(self.maybe(index)),
            Name::DropEntry => Command::DropEntry { layer: self.below(8), token: index, gone: yes },
            Name::KeepEntries => Command::KeepEntries,
            Name::SetTemplate => {
                let template = self.one(Template::iter());
                Command::SetTemplate(self.maybe(template))
            }
            Name::SetTrials => Command::SetTrials(1 + self.below(2)),
            Name::SelectRecall => Command::SelectRecall(self.maybe((index, index))),
            Name::SetRecallView => Command::SetRecallView(self.one([
                RecallView::Distance,
                RecallView::Others,
                RecallView::Heads,
            ])),
            Name::RunRecall => Command::RunRecall,
            Name::StopRecall => Command::StopRecall,
            Name::EditSecond => Command::EditSecond(self.text()),
            Name::RunSecond => Command::RunSecond,
            Name::AskForSecond => Command::AskForSecond,
            Name::OpenSecond => {
                let reference = if yes { Reference::Embedded } else { Reference::Path(self.path()) };
                Command::OpenSecond(self.maybe(reference))
            }
            Name::ClearSecond => Command::ClearSecond,
            Name::SortCompared => Command::SortCompared(yes),
            Name::PinAligned => Command::PinAligned { run: self.below(2), query: index, key: self.below(30) },
            Name::ShowChecks => Command::ShowChecks,
            Name::AskForLayout => Command::AskForLayout(self.one([None, Some("mine".to_owned())])),
            Name::SaveLayout => Command::SaveLayout(self.one(["mine", "其他", ""]).to_owned()),
            Name::RenameLayout => Command::RenameLayout {
                from: self.one(["mine", "inspect", "none"]).to_owned(),
                to: self.one(["yours", "mine", "teach", ""]).to_owned(),
            },
            Name::DeleteLayout => Command::DeleteLayout(self.one(["mine", "inspect", "none"]).to_owned()),
            Name::Palette => Command::Palette,
            Name::ShowHelp => Command::ShowHelp,
            Name::AskForSession => Command::AskForSession,
            Name::SaveSession => Command::SaveSession(self.1.join("monkey.mnemo")),
            Name::Recover => Command::Recover,
            Name::EditTokens => {
                Command::EditTokens((0..self.below(12)).map(|_| self.below(5000) as u32).collect())
            }
            Name::WriteNext => Command::WriteNext(self.below(4000) as u32),
            Name::DrawNext => Command::DrawNext,
            Name::AskForToken => Command::AskForToken(self.splice(index)),
            Name::SpliceToken => Command::SpliceToken(self.splice(index), self.text()),
            Name::RunEarlier => Command::RunEarlier(self.text()),
            Name::ReadPrompt => Command::ReadPrompt { path: self.path(), second: yes },
            Name::SetSampling => self.rules(),
            Name::AskForNote => Command::AskForNote,
            Name::SetNote => Command::SetNote(self.text()),
            Name::GoToNote => Command::GoToNote(index),
            Name::RemoveNote => Command::RemoveNote(index),
            Name::CloseHint => Command::CloseHint(self.below(6) as u8),
            Name::DismissHints => Command::DismissHints,
            Name::CloseDialog => Command::CloseDialog,
            Name::DismissBanner => Command::DismissBanner,
        }
    }

    fn text(&mut self) -> String {
        self.one(PROMPTS).to_owned()
    }

    fn splice(&mut self, index: usize) -> Splice {
        if self.0.random() { Splice::Insert(index) } else { Splice::Replace(index) }
    }

    /// A model, a session, or nothing at all.
    fn path(&mut self) -> PathBuf {
        let model =
            crate::parity::fixtures().join(self.one(["gpt2-one-head-one-layer", "bert-mlm", "no such"]));
        if self.0.random_bool(0.3) { self.1.join("monkey.mnemo") } else { model }
    }

    fn timeline(&mut self) -> TimelineAct {
        let (step, yes) = (self.below(400) as u64, self.0.random());
        match self.below(10) {
            // Neither is a folder of checkpoints
            0 => TimelineAct::Open(self.path()),
            1 => TimelineAct::Close,
            2 => TimelineAct::Go(step),
            3 => TimelineAct::Slide { step, first: yes },
            4 => TimelineAct::Advance,
            5 => TimelineAct::Play(yes),
            6 => TimelineAct::Show(self.one(ROLES.iter().map(|role| role.id)), yes),
            7 => TimelineAct::Whose(self.one([Whose::Best, Whose::Selected])),
            8 => TimelineAct::Ask,
            _ => TimelineAct::Compare,
        }
    }

    fn draft(&mut self) -> Draft {
        let (head, key) = (self.head(), self.below(30));
        let (hook, tokens) = (format!("blocks.{}.hook_resid_pre", head.layer), Span::one(key));
        match self.below(7) {
            0 => Draft::Mean { output: Output::Heads(head.into()) },
            1 => Draft::Pattern { heads: head.into() },
            2 => Draft::Forget { layer: head.layer, key },
            3 => Draft::Patch { hook, tokens },
            4 => Draft::AddWord { hook, tokens },
            5 => Draft::AddTexts { hook, tokens },
            _ => Draft::AddFile { hook, tokens },
        }
    }

    fn piece(&mut self) -> Piece {
        let all: Vec<Piece> = Piece::all().collect();
        self.one(all)
    }

    fn finish(&mut self) -> Finish {
        let (preset, zoom) = (self.one(export::Preset::iter()), self.one([1, 2]));
        Finish {
            preset: self.maybe(preset),
            labels: self.one(export::Labels::iter()),
            first: self.one(FirstToken::iter()),
            transparent: self.0.random(),
            part: self.0.random(),
            zoom: self.maybe(zoom),
            lang: self.one(export::Lang::iter()),
        }
    }

    fn map(&mut self) -> MapChoice {
        let steps = Steps {
            weigh: self.one(Weigh::iter()),
            first: self.one(FirstToken::iter()),
            queries: self.one(trace::Level::iter()),
            keys: self.one(trace::Level::iter()),
        };
        MapChoice {
            over: self.one(Over::iter()),
            combine: self.one(Combine::iter()),
            steps,
            beside: self.0.random(),
            threshold: self.one([0.0, 0.1]),
            queries: vec![self.below(30)],
            keys: vec![self.below(30), self.below(30)],
        }
    }

    fn intervention(&mut self) -> Intervention {
        let heads = self.head().into();
        let by = self.one([0.5, 2.0]);
        match self.below(3) {
            0 => Intervention::Zero(Output::Heads(heads)),
            1 => Intervention::Scale { output: Output::Heads(heads), by },
            _ => Intervention::Temperature { heads, by },
        }
    }

    fn training(&mut self) -> Act {
        // Small, so that the rest gets its turn
        let small = Choice { layers: 1, heads: 2, width: 16, ..Choice::default() };
        let step = self.below(40) as u64;
        match self.below(12) {
            0 => Act::Choose(small),
            1 => Act::Hold(Hand { rate: 0.01, batch: 2, size: 8 }),
            2 => Act::StopAtScore(self.0.random()),
            3 => Act::StartOver,
            4..=6 => Act::Run(self.0.random_bool(0.2)),
            7 => Act::Rewind,
            8 => Act::Look(self.maybe(step)),
            9 => Act::Select(self.head()),
            10 => Act::Read(self.below(30)),
            _ => Act::Save(self.1.join("trained")),
        }
    }

    fn atlas(&mut self) -> AtlasAct {
        match self.below(8) {
            0 => AtlasAct::Choose(AtlasChoice {
                source: self.one([Source::BuiltIn, Source::Prompt]),
                colour: self.one([Colour::Layer, Colour::Alike]),
                decile: self.maybe(3),
                ..AtlasChoice::default()
            }),
            1 => AtlasAct::Run { resume: self.0.random() },
            2 => AtlasAct::Ask(self.one([AtlasPath::Text, AtlasPath::Open, AtlasPath::Save])),
            3 => AtlasAct::Open(self.1.join("atlas.json")),
            4 => AtlasAct::Save(self.1.join("atlas.json")),
            5 => AtlasAct::Head(self.head()),
            6 => AtlasAct::Passage(self.below(4), self.maybe((3, 2))),
            _ => AtlasAct::Stop,
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
    let source = std::env::var_os("MNEMOSCOPE_MONKEY_MODEL").map(|path| ModelSource::Path(path.into()));
    let mut harness = window_on(source.unwrap_or_default(), [1280.0, 800.0], settings, Some(PROMPTS[0]));
    let folder = tempfile::tempdir().expect("a folder");
    let seed = std::env::var("MNEMOSCOPE_MONKEY_SEED");
    let mut monkey = Monkey::new(seed.map_or(7, |seed| seed.parse().expect("a number")), folder.path());
    let ctx = harness.ctx.clone();
    let mut sent = HashSet::new();
    let began = Instant::now();
    for step in 0..COMMANDS {
        let command = monkey.command();
        sent.insert(CommandName::from(&command));
        harness.state_mut().apply(&ctx, command);
        if step % BETWEEN == 0 {
            monkey.input(&mut harness);
            harness.step();
        }
        if step % (BETWEEN * 25) == 0 {
            assert!(valid(&harness.state().state), "step {step}");
        }
    }
    for name in CommandName::iter() {
        assert!(sent.contains(&name), "{name:?} was never sent");
    }
    println!("{COMMANDS} commands in {:.0} s", began.elapsed().as_secs_f64());
    // It still does its job
    for command in [
        Command::Train(Act::Run(false)),
        Command::Atlas(AtlasAct::Stop),
        Command::StopRecall,
        Command::OpenEmbedded,
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
