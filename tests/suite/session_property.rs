//! Contract: a session's file brings back every field of the state, whatever it holds; through the window, too.

use crate::files::write;
use mnemoscope::analysis::atlas::ROLES;
use mnemoscope::analysis::circuits::{CircuitOptions, Kind};
use mnemoscope::analysis::walk::StepKind;
use mnemoscope::analysis::{Component, LensTint, NormsOf, Picture};
use mnemoscope::app::charting::{AtlasChoice, Colour, Source};
use mnemoscope::app::circuits::{CircuitState, CompositionState};
use mnemoscope::app::comparing::CompareChoice;
use mnemoscope::app::document::{Document, Reference};
use mnemoscope::app::filtering::HeadFilter;
use mnemoscope::app::flowing::FlowState;
use mnemoscope::app::hidden::HiddenChoice;
use mnemoscope::app::journal::Level;
use mnemoscope::app::layout::{self, Pane, Preset};
use mnemoscope::app::lensing::LensChoice;
use mnemoscope::app::mapping::{MapChoice, Over};
use mnemoscope::app::memory::{MemoryChoice, PolicyKind, RecallView};
use mnemoscope::app::reasons::{Bars, SaidState, WhyState};
use mnemoscope::app::state::{Look, Note, Shown, Sort, State, Switch, View};
use mnemoscope::app::sweeping::SweepChoice;
use mnemoscope::app::timeline::{TimelineState, Whose};
use mnemoscope::app::tinting::{Beneath, Tint, TokenChoice};
use mnemoscope::app::walking::{Order, WalkState};
use mnemoscope::engine::{Languages, Places, Template};
use mnemoscope::model::{HeadId, Hook, Message, Sampling};
use mnemoscope::render::{ColorMap, Scale};
use mnemoscope::trace::{self, Combine, FirstToken, Steps, Weigh};
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use std::collections::BTreeMap;
use std::path::PathBuf;
use strum::IntoEnumIterator as _;

const TEXTS: [&str; 6] =
    ["", "Mary has a ball.", "小红有球", "a\nb\t\"c\\", "e\u{301}\u{202e}", "\u{0}\u{7f}"];
const CHANGES: [&str; 5] =
    ["zero=3.5", "knockout=3.*:*->k2", "scale=mlp.2:0.5", "temperature=1.0:2", "forget=2:k3"];

struct Dice(StdRng);

impl Dice {
    fn one<T: Clone>(&mut self, all: impl IntoIterator<Item = T>) -> T {
        let all: Vec<T> = all.into_iter().collect();
        all.choose(&mut self.0).expect("there are some").clone()
    }
    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.0.random_bool(0.6).then(|| make(self))
    }
    fn some<T>(&mut self, make: impl Fn(&mut Self) -> T) -> Vec<T> {
        let n = self.0.random_range(0..4);
        (0..n).map(|_| make(self)).collect()
    }
    fn n(&mut self) -> usize {
        self.0.random_range(0..4000)
    }
    fn id(&mut self) -> u32 {
        self.0.random()
    }
    fn yes(&mut self) -> bool {
        self.0.random()
    }
    /// A number that is written down in full.
    fn share(&mut self) -> f32 {
        self.0.random_range(0.0..1.0)
    }
    fn text(&mut self) -> String {
        self.one(TEXTS).to_owned()
    }
    fn head(&mut self) -> HeadId {
        HeadId { layer: self.n(), head: self.n() }
    }
    fn component(&mut self) -> Component {
        let (head, layer) = (self.head(), self.n());
        self.one([
            Component::Embedding,
            Component::Position,
            Component::Segment,
            Component::Head(head),
            Component::Mlp(layer),
            Component::Convolution(layer),
            Component::Change,
            Component::Distance,
            Component::Bias,
        ])
    }
    fn reference(&mut self) -> Reference {
        if self.yes() { Reference::Embedded } else { Reference::Path(PathBuf::from("models/ü 模型")) }
    }

    /// Every field has a line here: a new one that is not saved shows at once.
    #[expect(clippy::too_many_lines, reason = "one line a field")]
    fn state(&mut self) -> State {
        let change = |dice: &mut Self| Switch {
            what: dice.one(CHANGES).parse().expect("an intervention"),
            on: dice.yes(),
        };
        State {
            prompt: self.text(),
            target: self.text(),
            languages: Languages { source: self.maybe(Self::text), target: self.maybe(Self::text) },
            chat: self.yes(),
            turns: self.some(|dice| Message::new(dice.one(mnemoscope::model::ROLES), &dice.text())),
            ids: self.maybe(|dice| dice.some(Self::id)),
            sampling: Sampling {
                temperature: self.share(),
                top_k: self.maybe(Self::n),
                top_p: self.maybe(Self::share),
                seed: self.0.random(),
            },
            branches: self.some(|dice| dice.some(Self::id)),
            notes: self.some(|dice| Note {
                head: dice.head(),
                query: dice.n(),
                key: dice.n(),
                text: dice.text(),
            }),
            head: self.head(),
            chosen: self.some(Self::head),
            filter: self.maybe(|dice| HeadFilter { text: dice.text(), hide: dice.yes() }),
            grid_zoom: 1.0 + self.share(),
            query: self.maybe(Self::n),
            key: self.maybe(Self::n),
            view: self.maybe(|dice| View { query: dice.share(), key: dice.share(), span: dice.share() }),
            example: self.maybe(Self::n),
            layout: self.one(["inspect", "mine", "其他"]).to_owned(),
            arranged: self
                .some(|dice| {
                    let preset = dice.one(Preset::iter());
                    let mut tree = layout::usual(preset.id(), egui::vec2(1280.0, 800.0));
                    layout::reveal(&mut tree, dice.one(Pane::iter()));
                    (dice.text(), tree)
                })
                .into_iter()
                .collect(),
            folded: BTreeMap::from([(self.text(), layout::usual("memory", egui::vec2(640.0, 480.0)))]),
            maximised: self.maybe(|dice| dice.one(Pane::iter())),
            torn: self.some(|dice| dice.one(Pane::iter())),
            layer: self.n(),
            walk: WalkState {
                step: self.one(StepKind::iter()),
                order: self.one([Order::Dimension, Order::Product]),
            },
            flow: FlowState { threshold: self.share() },
            lens: LensChoice {
                tint: self.one(LensTint::iter()),
                raw: self.yes(),
                word: self.maybe(Self::id),
            },
            hidden: HiddenChoice {
                hook: self.maybe(|dice| dice.one(Hook::iter())),
                by_variance: self.yes(),
                between_layers: self.yes(),
                norms: self.one(NormsOf::iter()),
            },
            tokens: TokenChoice { tint: self.one(Tint::iter()), beneath: self.one(Beneath::iter()) },
            sink_apart: self.yes(),
            tensor: self.maybe(Self::text),
            why: WhyState {
                entry: self.maybe(|dice| (dice.component(), dice.component())),
                percent: self.yes(),
                unfolded: self.yes(),
                bars: self.one(Bars::iter()),
            },
            said: SaidState {
                word: self.maybe(Self::id),
                against: self.maybe(Self::id),
                in_order: self.yes(),
            },
            circuits: CircuitState {
                word: self.maybe(Self::id),
                options: CircuitOptions { after_mlp: self.yes(), plain: self.yes() },
                least: self.yes(),
            },
            composition: CompositionState {
                kind: self.one(Kind::iter()),
                folded: self.yes(),
                above_random: self.yes(),
                threshold: self.maybe(Self::share),
            },
            interventions: self.some(change),
            shown: self.one([Shown::Clean, Shown::Changed, Shown::Difference]),
            memory: MemoryChoice {
                last_layer: self.maybe(Self::n),
                answer: self.maybe(Self::id),
                picture: self.one(Picture::iter()),
                policy: self.one(PolicyKind::iter()),
                budget: self.maybe(Self::n),
                dropped: self.some(|dice| (dice.n(), dice.n())).into_iter().collect(),
                template: self.maybe(|dice| dice.one(Template::iter())),
                trials: self.n(),
                cell: self.maybe(|dice| (dice.n(), dice.n())),
                recall_view: self.one([RecallView::Distance, RecallView::Others, RecallView::Heads]),
            },
            map: MapChoice {
                over: self.one(Over::iter()),
                combine: self.one(Combine::iter()),
                steps: Steps {
                    weigh: self.one(Weigh::iter()),
                    first: self.one(FirstToken::iter()),
                    queries: self.one(trace::Level::iter()),
                    keys: self.one(trace::Level::iter()),
                },
                beside: self.yes(),
                threshold: self.share(),
                queries: self.some(Self::n),
                keys: self.some(Self::n),
            },
            compare: CompareChoice {
                prompt: self.text(),
                asked: self.text(),
                model: self.maybe(Self::reference),
                step: self.maybe(|dice| dice.0.random()),
                sorted: self.yes(),
            },
            sweep: SweepChoice {
                prompt: self.text(),
                asked: self.text(),
                of: self.maybe(Self::id),
                less: self.maybe(Self::id),
                places: self.one(Places::iter()),
            },
            timeline: TimelineState {
                folder: self.maybe(|_| PathBuf::from("runs/检查点")),
                step: self.maybe(|dice| dice.0.random()),
                asked: self.text(),
                whose: self.one([Whose::Best, Whose::Selected]),
                hidden: self.some(|dice| dice.one(ROLES).id.to_owned()),
                changes: self.some(|dice| dice.one(CHANGES).parse().expect("an intervention")),
            },
            atlas: AtlasChoice {
                source: self.one([
                    Source::BuiltIn,
                    Source::Prompt,
                    Source::Corpus(PathBuf::from("texts/文")),
                ]),
                passages: self.n(),
                x: self.text(),
                y: self.text(),
                colour: self.one([Colour::Layer, Colour::Alike]),
                decile: self.maybe(|dice| dice.id() as u8),
                looked: self.maybe(|dice| (dice.n(), dice.n())),
                head: self.head(),
            },
            logged: self.one([Level::Info, Level::Warning, Level::Error]),
            look: Look {
                tint: self.text(),
                sort: self.one([Sort::Layer, Sort::Measure]),
                scale: self.one(Scale::iter()),
                map_dark: self.one(ColorMap::iter()),
                map_light: self.one(ColorMap::iter()),
            },
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_file_brings_back_every_field(seed in any::<u64>()) {
        let mut dice = Dice(StdRng::seed_from_u64(seed));
        let document = Document { mnemoscope: 1, model: dice.reference(), state: dice.state() };
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("session.mnemo");
        write(&path, serde_json::to_string(&document).expect("plain data").as_bytes());
        let again = Document::open(&path).expect("its own file");
        prop_assert_eq!(again, document);
    }
}

/// What a monkey left of a window comes back in another one.
#[test]
fn a_window_brings_back_what_commands_left() {
    use crate::window::{send, until, window_of};
    use mnemoscope::app::command::Command;
    use mnemoscope::app::settings::Settings;
    let settings = || Settings { live: false, dark: Some(true), hints: u8::MAX, ..Settings::default() };
    let folder = tempfile::tempdir().expect("a folder");
    for seed in 0..3 {
        let mut harness = window_of([1280.0, 800.0], settings(), Some("Mary has a red ball."));
        let mut monkey = crate::monkey::Monkey::new(seed, folder.path());
        for _ in 0..60 {
            let command = monkey.selecting();
            send(&mut harness, command);
        }
        until(&mut harness, |window| window.session.busy.is_none());
        let path = folder.path().join(format!("{seed}.mnemo"));
        send(&mut harness, Command::SaveSession(path.clone()));
        until(&mut harness, |window| window.session.exporting.is_none() && path.exists());
        let state = harness.state().state.clone();
        assert_eq!(Document::open(&path).expect("written").state, state, "seed {seed}");
        let mut harness = window_of([1280.0, 800.0], settings(), Some("Something else."));
        send(&mut harness, Command::OpenModel(path));
        until(&mut harness, |window| window.session.busy.is_none() && window.session.trace.is_some());
        assert_eq!(harness.state().state, state, "seed {seed}");
    }
}
