//! Every action of the user as a value: menus, shortcuts, the help and the tests dispatch the same ones.

use super::{
    charting::{AtlasAct, AtlasPath},
    circuits::{CircuitState, CompositionState},
    document::Reference,
    editing::Splice,
    exporting::{Finish, Piece},
    filtering::HeadFilter,
    journal::Level,
    layout::{Pane, Preset},
    mapping::{MapChoice, Part},
    memory::{PolicyKind, RecallView},
    reasons::{SaidState, WhyState},
    scene::Scene,
    state::{Shown, Sort, View},
    training::Act,
    walking::Order,
    words::Language,
};
use crate::{
    analysis::{Picture, walk::StepKind},
    engine::{Languages, Template},
    model::{HeadId, Sampling},
    render::{ColorMap, Scale},
    trace::{Intervention, Output},
};
use egui::{Key, KeyboardShortcut, Modifiers};
use std::path::PathBuf;
use strum::IntoEnumIterator as _;

/// What a menu, a shortcut or the help may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumIter)]
#[expect(missing_docs, reason = "`text::command` says what each does, in the user's words")]
pub enum CommandKind {
    OpenModel,
    OpenEmbedded,
    GetModel,
    ExportHead,
    ExportAll,
    ExportChosen,
    ExportStates,
    ExportView,
    SaveTrace,
    SaveSession,
    Quit,
    RunPrompt,
    Cancel,
    FocusPrompt,
    ToggleLive,
    ToggleChat,
    Undo,
    Redo,
    HeadLeft,
    HeadRight,
    HeadUp,
    HeadDown,
    ChooseHead,
    ChooseLayer,
    ReleaseHeads,
    FilterHeads,
    ChoosePassing,
    ExtendLeft,
    ExtendRight,
    ExtendUp,
    ExtendDown,
    QueryUp,
    QueryDown,
    KeyLeft,
    KeyRight,
    Clear,
    CopyHook,
    CopyPicture,
    ZoomIn,
    ZoomOut,
    ZoomFit,
    ScaleLinear,
    ScaleLog,
    ScaleRow,
    ScaleRank,
    CombineHead,
    CombineChosen,
    CombineLayer,
    CombineAll,
    CombineDifference,
    ToggleLengths,
    ToggleBeside,
    KeepFirst,
    HideFirst,
    ShareFirst,
    LevelToken,
    LevelWord,
    LevelLine,
    LevelSentence,
    ReleaseMarks,
    CopyCell,
    CopyRow,
    CopyMap,
    ToggleTheme,
    Enlarge,
    Reduce,
    UsualSize,
    ToggleLanguage,
    LayoutInspect,
    LayoutMemory,
    LayoutTeach,
    LayoutCompare,
    Maximise,
    TearOff,
    ClosePane,
    ResetLayout,
    ToggleLower,
    ShowPrompt,
    ShowHeads,
    ShowHead,
    ShowDetails,
    ShowStream,
    ShowNorms,
    ShowLens,
    ShowRecall,
    ShowCache,
    ShowHonesty,
    ShowRiver,
    ShowMemoryMap,
    RunRecall,
    ShowNext,
    ShowSimilarity,
    ShowTrails,
    ShowWeights,
    ShowCompareHeads,
    ShowSideBySide,
    ShowCompareWords,
    OpenSecond,
    ClearSecond,
    ShowLog,
    AddNote,
    ShowWalk,
    ShowFlow,
    ShowWhy,
    ShowAttribution,
    ShowCircuits,
    ShowComposition,
    PreviousStep,
    NextStep,
    PlayWalk,
    OrderWalk,
    LayoutAtlas,
    ShowAtlas,
    MakeAtlas,
    OpenAtlas,
    SaveAtlas,
    LayoutTrain,
    TrainRun,
    TrainStep,
    TrainRewind,
    TrainOpen,
    ShowTrainSetup,
    ShowTrainCurves,
    ShowTrainHeads,
    ShowTrainNumbers,
    CutHead,
    CutLayer,
    ClearInterventions,
    ShowClean,
    ShowChanged,
    ShowDifference,
    ShowChecks,
    SaveLayout,
    Palette,
    ShowHelp,
}

/// A command with its target: what is sent and applied.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each is its `CommandKind` with a target, or names its field")]
pub enum Command {
    AskForModel,
    OpenModel(PathBuf),
    OpenEmbedded,
    AskForHub,
    LookUp(String),
    Fetch,
    SetOffline(bool),
    AskForExport(Piece),
    Export { path: PathBuf, piece: Piece, finish: Finish },
    CopyPicture(Piece, Finish),
    Quit,
    EditPrompt(String),
    EditTarget(String),
    SetTextLanguages(Languages),
    RunPrompt,
    RunCut,
    ChooseExample(usize),
    Cancel,
    FocusPrompt,
    SetLive(bool),
    SetChat(bool),
    Undo,
    Redo,
    SelectHead(HeadId),
    ToggleHead(HeadId),
    ChooseHeads(Vec<HeadId>),
    ExtendTo(HeadId),
    FilterHeads,
    SetFilter(Option<HeadFilter>),
    PinQuery(Option<usize>),
    PinKey(Option<usize>),
    PinCell { query: usize, key: usize },
    Clear,
    Copy(String),
    SetView(Option<View>),
    SetScale(Scale),
    SetMapChoice(Box<MapChoice>),
    SetMapThreshold(f32),
    MarkTokens { keys: bool, tokens: Vec<usize> },
    CopyMap(Part),
    SetTint(String),
    SetSort(Sort),
    SetMap { dark: bool, map: ColorMap },
    SetDark(bool),
    SetPercent(u16),
    SetLogged(Level),
    SetLanguage(Language),
    SetLayout(String),
    Maximise(Option<Pane>),
    TearOff(Pane),
    Dock(Pane),
    ShowPane(Pane),
    ClosePane(Pane),
    ResetLayout,
    ToggleLower,
    SetLayer(usize),
    SetThreshold(f32),
    SetStep(StepKind),
    SetWhy(WhyState),
    SetSaid(SaidState),
    SetCircuits(CircuitState),
    SetComposition(CompositionState),
    HoldCircuits(bool),
    AdvanceWalk,
    PlayWalk(bool),
    OrderWalk(Order),
    SetSinkApart(bool),
    ShowTensor(Option<String>),
    Intervene(Intervention),
    SwitchIntervention(usize, bool),
    AdjustIntervention(usize, Intervention),
    RemoveIntervention(usize),
    ClearInterventions,
    PaintCell { query: usize, key: usize, first: bool },
    SetShown(Shown),
    Train(Act),
    Atlas(AtlasAct),
    AskToSaveTraining,
    AskForText,
    SetLastLayer(Option<usize>),
    SetPicture(Picture),
    SetAnswer(Option<u32>),
    SetPolicy(PolicyKind),
    SetBudget(Option<usize>),
    DropEntry { layer: usize, token: usize, gone: bool },
    KeepEntries,
    SetTemplate(Option<Template>),
    SetTrials(usize),
    SelectRecall(Option<(usize, usize)>),
    SetRecallView(RecallView),
    RunRecall,
    StopRecall,
    EditSecond(String),
    RunSecond,
    AskForSecond,
    OpenSecond(Option<Reference>),
    ClearSecond,
    SortCompared(bool),
    PinAligned { run: usize, query: usize, key: usize },
    ShowChecks,
    AskForLayout,
    SaveLayout(String),
    DeleteLayout(String),
    Palette,
    ShowHelp,
    AskForSession,
    SaveSession(PathBuf),
    Recover,
    EditTokens(Vec<u32>),
    WriteNext(u32),
    DrawNext,
    AskForToken(Splice),
    SpliceToken(Splice, String),
    RunEarlier(String),
    SetSampling(Sampling),
    AskForNote,
    SetNote(String),
    GoToNote(usize),
    RemoveNote(usize),
    CloseHint(u8),
    DismissHints,
    CloseDialog,
    DismissBanner,
}

/// Why a command means nothing right now: the tooltip of the greyed entry.
pub type Refusal = &'static str;

impl CommandKind {
    /// The key that sends it.
    #[expect(clippy::too_many_lines, reason = "a table: one entry a command")]
    pub fn shortcut(self) -> Option<KeyboardShortcut> {
        let (modifiers, key) = match self {
            Self::OpenModel => (Modifiers::COMMAND, Key::O),
            Self::SaveSession => (Modifiers::COMMAND, Key::S),
            Self::SaveTrace => (Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::S),
            Self::AddNote => (Modifiers::COMMAND, Key::M),
            Self::ExportHead => (Modifiers::COMMAND, Key::E),
            Self::ExportView => (Modifiers::COMMAND.plus(Modifiers::ALT), Key::E),
            Self::ExportAll => (Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::E),
            Self::Quit => (Modifiers::COMMAND, Key::Q),
            Self::RunPrompt => (Modifiers::COMMAND, Key::Enter),
            Self::FocusPrompt => (Modifiers::COMMAND, Key::L),
            Self::Cancel => (Modifiers::COMMAND, Key::Period),
            Self::Undo => (Modifiers::COMMAND, Key::Z),
            Self::Redo => (Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z),
            Self::HeadLeft => (Modifiers::NONE, Key::ArrowLeft),
            Self::HeadRight => (Modifiers::NONE, Key::ArrowRight),
            Self::HeadUp => (Modifiers::NONE, Key::ArrowUp),
            Self::HeadDown => (Modifiers::NONE, Key::ArrowDown),
            Self::ChooseHead => (Modifiers::NONE, Key::M),
            Self::FilterHeads => (Modifiers::COMMAND, Key::F),
            Self::ExtendLeft => (Modifiers::COMMAND, Key::ArrowLeft),
            Self::ExtendRight => (Modifiers::COMMAND, Key::ArrowRight),
            Self::ExtendUp => (Modifiers::COMMAND, Key::ArrowUp),
            Self::ExtendDown => (Modifiers::COMMAND, Key::ArrowDown),
            Self::QueryUp => (Modifiers::SHIFT, Key::ArrowUp),
            Self::QueryDown => (Modifiers::SHIFT, Key::ArrowDown),
            Self::KeyLeft => (Modifiers::SHIFT, Key::ArrowLeft),
            Self::KeyRight => (Modifiers::SHIFT, Key::ArrowRight),
            Self::Clear => (Modifiers::NONE, Key::Escape),
            Self::CopyHook => (Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::C),
            Self::CopyPicture => (Modifiers::COMMAND.plus(Modifiers::ALT), Key::C),
            Self::ZoomIn => (Modifiers::NONE, Key::Plus),
            Self::ZoomOut => (Modifiers::NONE, Key::Minus),
            Self::ZoomFit => (Modifiers::NONE, Key::Num0),
            Self::ScaleLinear => (Modifiers::NONE, Key::Num1),
            Self::ScaleLog => (Modifiers::NONE, Key::Num2),
            Self::ScaleRow => (Modifiers::NONE, Key::Num3),
            Self::ScaleRank => (Modifiers::NONE, Key::Num4),
            Self::ToggleLengths => (Modifiers::NONE, Key::V),
            Self::CopyCell => (Modifiers::ALT, Key::C),
            Self::CopyRow => (Modifiers::ALT, Key::R),
            Self::CopyMap => (Modifiers::ALT, Key::M),
            Self::ToggleTheme => (Modifiers::COMMAND, Key::T),
            Self::Enlarge => (Modifiers::COMMAND, Key::Plus),
            Self::Reduce => (Modifiers::COMMAND, Key::Minus),
            Self::UsualSize => (Modifiers::COMMAND, Key::Num0),
            Self::ToggleLower => (Modifiers::COMMAND, Key::J),
            Self::LayoutCompare => (Modifiers::COMMAND, Key::Num5),
            Self::Maximise => (Modifiers::NONE, Key::F11),
            // As a presenter's remote sends them
            Self::PreviousStep => (Modifiers::NONE, Key::PageUp),
            Self::NextStep => (Modifiers::NONE, Key::PageDown),
            Self::PlayWalk => (Modifiers::NONE, Key::F5),
            Self::Palette => (Modifiers::COMMAND, Key::K),
            Self::ShowHelp => (Modifiers::NONE, Key::F1),
            Self::OpenEmbedded
            | Self::CombineHead
            | Self::CombineChosen
            | Self::CombineLayer
            | Self::CombineAll
            | Self::CombineDifference
            | Self::ToggleBeside
            | Self::KeepFirst
            | Self::HideFirst
            | Self::ShareFirst
            | Self::LevelToken
            | Self::LevelWord
            | Self::LevelLine
            | Self::LevelSentence
            | Self::ReleaseMarks
            | Self::GetModel
            | Self::ExportChosen
            | Self::ExportStates
            | Self::ChooseLayer
            | Self::ReleaseHeads
            | Self::ChoosePassing
            | Self::ToggleLive
            | Self::ToggleChat
            | Self::ToggleLanguage
            | Self::LayoutInspect
            | Self::LayoutMemory
            | Self::LayoutTeach
            | Self::OpenSecond
            | Self::ClearSecond
            | Self::ShowCompareHeads
            | Self::ShowSideBySide
            | Self::ShowCompareWords
            | Self::TearOff
            | Self::ClosePane
            | Self::ResetLayout
            | Self::SaveLayout
            | Self::ShowPrompt
            | Self::ShowHeads
            | Self::ShowHead
            | Self::ShowDetails
            | Self::ShowStream
            | Self::ShowNorms
            | Self::ShowLens
            | Self::ShowRecall
            | Self::ShowCache
            | Self::ShowHonesty
            | Self::ShowRiver
            | Self::ShowMemoryMap
            | Self::RunRecall
            | Self::ShowNext
            | Self::ShowWalk
            | Self::ShowFlow
            | Self::ShowWhy
            | Self::ShowAttribution
            | Self::ShowCircuits
            | Self::ShowComposition
            | Self::OrderWalk
            | Self::LayoutAtlas
            | Self::ShowAtlas
            | Self::MakeAtlas
            | Self::OpenAtlas
            | Self::SaveAtlas
            | Self::LayoutTrain
            | Self::TrainRun
            | Self::TrainStep
            | Self::TrainRewind
            | Self::TrainOpen
            | Self::ShowTrainSetup
            | Self::ShowTrainCurves
            | Self::ShowTrainHeads
            | Self::ShowTrainNumbers
            | Self::ShowSimilarity
            | Self::ShowTrails
            | Self::ShowWeights
            | Self::ShowLog
            | Self::CutHead
            | Self::CutLayer
            | Self::ClearInterventions
            | Self::ShowClean
            | Self::ShowChanged
            | Self::ShowDifference
            | Self::ShowChecks => return None,
        };
        Some(KeyboardShortcut::new(modifiers, key))
    }

    /// Whether its key belongs to a text field while one has the focus.
    pub fn yields_to_text(self) -> bool {
        let plain = self.shortcut().is_some_and(|keys| !keys.modifiers.command && !keys.modifiers.alt);
        (plain && !matches!(self, Self::ShowHelp | Self::Maximise)) || matches!(self, Self::Undo | Self::Redo)
    }

    /// What it means right now, or why it means nothing.
    #[expect(clippy::too_many_lines, reason = "a table: one entry a command")]
    pub fn aim(self, scene: &Scene<'_>) -> Result<Command, Refusal> {
        let words = scene.words;
        let state = scene.state;
        let traced = || scene.trace.ok_or(words.needs_trace);
        let complete = || scene.trace.filter(|trace| trace.is_complete()).ok_or(words.needs_trace);
        Ok(match self {
            Self::OpenModel => Command::AskForModel,
            Self::OpenEmbedded => Command::OpenEmbedded,
            Self::GetModel => Command::AskForHub,
            Self::ExportHead => complete().map(|_| Command::AskForExport(Piece::Head))?,
            Self::ExportAll => complete().map(|_| Command::AskForExport(Piece::Heads))?,
            Self::ExportChosen if state.chosen.is_empty() => return Err(words.choosing.none_chosen),
            Self::ExportChosen => complete().map(|_| Command::AskForExport(Piece::Chosen))?,
            Self::ExportView => {
                let piece = Piece::of(scene.front).ok_or(words.figures.no_figure)?;
                complete().map(|_| Command::AskForExport(piece))?
            }
            Self::ExportStates => complete().map(|_| Command::AskForExport(Piece::States))?,
            Self::SaveTrace => complete().map(|_| Command::AskForExport(Piece::Trace))?,
            Self::Quit => Command::Quit,
            Self::RunPrompt | Self::ShowChecks if scene.only_trace() => return Err(words.needs_weights),
            Self::RunPrompt | Self::ShowChecks if scene.model.is_none() => return Err(words.needs_model),
            Self::RunPrompt if state.prompt.is_empty() => return Err(words.needs_prompt),
            Self::RunPrompt => Command::RunPrompt,
            Self::Cancel if scene.busy.is_none() => return Err(words.nothing_runs),
            Self::Cancel => Command::Cancel,
            Self::FocusPrompt => Command::FocusPrompt,
            Self::ToggleLive => Command::SetLive(!scene.settings.live),
            Self::ToggleChat if !scene.chats() => return Err(words.needs_template),
            Self::ToggleChat => Command::SetChat(!state.chat),
            Self::Undo if !scene.can_undo => return Err(words.nothing_to_undo),
            Self::Undo => Command::Undo,
            Self::Redo if !scene.can_redo => return Err(words.nothing_to_redo),
            Self::Redo => Command::Redo,
            Self::HeadLeft => scene.neighbour(0, -1).map(Command::SelectHead)?,
            Self::HeadRight => scene.neighbour(0, 1).map(Command::SelectHead)?,
            Self::HeadUp => scene.neighbour(-1, 0).map(Command::SelectHead)?,
            Self::HeadDown => scene.neighbour(1, 0).map(Command::SelectHead)?,
            Self::ChooseHead => traced().map(|_| Command::ToggleHead(state.head))?,
            Self::ChooseLayer => scene.choose_layer(state.head.layer)?,
            Self::ReleaseHeads => scene.release()?,
            Self::FilterHeads => traced().map(|_| Command::FilterHeads)?,
            Self::ChoosePassing => scene.choose_passing()?,
            Self::ExtendLeft => scene.neighbour(0, -1).map(Command::ExtendTo)?,
            Self::ExtendRight => scene.neighbour(0, 1).map(Command::ExtendTo)?,
            Self::ExtendUp => scene.neighbour(-1, 0).map(Command::ExtendTo)?,
            Self::ExtendDown => scene.neighbour(1, 0).map(Command::ExtendTo)?,
            Self::QueryUp => scene.next_query(-1)?,
            Self::QueryDown => scene.next_query(1)?,
            Self::KeyLeft => scene.next_key(-1)?,
            Self::KeyRight => scene.next_key(1)?,
            Self::Clear => Command::Clear,
            Self::CopyHook => traced().map(|_| Command::Copy(scene.hook_name()))?,
            Self::CopyPicture => complete().map(|_| Command::CopyPicture(Piece::Head, Finish::default()))?,
            Self::ZoomIn => scene.zoomed(1.5).map(Command::SetView)?,
            Self::ZoomOut => scene.zoomed(1.0 / 1.5).map(Command::SetView)?,
            Self::ZoomFit => Command::SetView(None),
            Self::ScaleLinear => Command::SetScale(Scale::Linear),
            Self::ScaleLog => Command::SetScale(Scale::Log),
            Self::ScaleRow => Command::SetScale(Scale::Row),
            Self::ScaleRank => Command::SetScale(Scale::Rank),
            Self::CombineHead
            | Self::CombineChosen
            | Self::CombineLayer
            | Self::CombineAll
            | Self::CombineDifference
            | Self::ToggleLengths
            | Self::ToggleBeside
            | Self::KeepFirst
            | Self::HideFirst
            | Self::ShareFirst
            | Self::LevelToken
            | Self::LevelWord
            | Self::LevelLine
            | Self::LevelSentence
            | Self::ReleaseMarks
            | Self::CopyCell
            | Self::CopyRow
            | Self::CopyMap => scene.aim_at_map(self)?,
            Self::ToggleTheme => Command::SetDark(!scene.dark),
            Self::Enlarge | Self::Reduce => {
                let next = scene.settings.next_size(self == Self::Enlarge);
                next.map(Command::SetPercent).ok_or(words.at_border)?
            }
            Self::UsualSize => Command::SetPercent(100),
            Self::ToggleLanguage => Command::SetLanguage(words.language.other()),
            Self::LayoutInspect => Command::SetLayout(Preset::Inspect.id().to_owned()),
            Self::LayoutMemory => Command::SetLayout(Preset::Memory.id().to_owned()),
            Self::LayoutTeach => Command::SetLayout(Preset::Teach.id().to_owned()),
            Self::LayoutCompare => Command::SetLayout(Preset::Compare.id().to_owned()),
            Self::ShowCompareHeads => Command::ShowPane(Pane::CompareHeads),
            Self::ShowSideBySide => Command::ShowPane(Pane::SideBySide),
            Self::ShowCompareWords => Command::ShowPane(Pane::CompareWords),
            Self::OpenSecond => Command::AskForSecond,
            Self::ClearSecond if !state.compare.asks() => return Err(words.compare.no_second),
            Self::ClearSecond => Command::ClearSecond,
            Self::Maximise => Command::Maximise(state.maximised.is_none().then_some(scene.front)),
            Self::TearOff => Command::TearOff(scene.front),
            Self::ClosePane => Command::ClosePane(scene.front),
            Self::ResetLayout => Command::ResetLayout,
            Self::ToggleLower => Command::ToggleLower,
            Self::ShowPrompt => Command::ShowPane(Pane::Prompt),
            Self::ShowHeads => Command::ShowPane(Pane::Heads),
            Self::ShowHead => Command::ShowPane(Pane::Head),
            Self::ShowDetails => Command::ShowPane(Pane::Details),
            Self::ShowStream => Command::ShowPane(Pane::Stream),
            Self::ShowNorms => Command::ShowPane(Pane::Norms),
            Self::ShowLens => Command::ShowPane(Pane::Lens),
            Self::ShowRecall => Command::ShowPane(Pane::Recall),
            Self::ShowCache => Command::ShowPane(Pane::Cache),
            Self::ShowHonesty => Command::ShowPane(Pane::Honesty),
            Self::ShowRiver => Command::ShowPane(Pane::River),
            Self::ShowMemoryMap => Command::ShowPane(Pane::MemoryMap),
            Self::RunRecall => scene.may_recall().map(|()| Command::RunRecall)?,
            Self::ShowNext => Command::ShowPane(Pane::Next),
            Self::ShowSimilarity => Command::ShowPane(Pane::Similarity),
            Self::ShowTrails => Command::ShowPane(Pane::Trails),
            Self::ShowWeights => Command::ShowPane(Pane::Weights),
            Self::ShowLog => Command::ShowPane(Pane::Log),
            Self::SaveSession => Command::AskForSession,
            Self::AddNote => traced().map(|_| Command::AskForNote)?,
            Self::ShowWalk => Command::ShowPane(Pane::Walk),
            Self::ShowFlow => Command::ShowPane(Pane::Flow),
            Self::ShowWhy => Command::ShowPane(Pane::Why),
            Self::ShowAttribution => Command::ShowPane(Pane::Attribution),
            Self::ShowCircuits => Command::ShowPane(Pane::Circuits),
            Self::ShowComposition => Command::ShowPane(Pane::Composition),
            Self::PreviousStep | Self::NextStep | Self::PlayWalk => {
                complete().and_then(|_| self.aim_in_walk(scene))?
            }
            Self::OrderWalk => Command::OrderWalk(state.walk.order.other()),
            Self::LayoutAtlas => Command::SetLayout(Preset::Atlas.id().to_owned()),
            Self::ShowAtlas => Command::ShowPane(Pane::Atlas),
            Self::MakeAtlas => scene.may_chart().map(|()| Command::Atlas(AtlasAct::Run { resume: false }))?,
            Self::OpenAtlas => Command::Atlas(AtlasAct::Ask(AtlasPath::Open)),
            Self::SaveAtlas if scene.charting.view().is_none() => return Err(words.atlas.hint),
            Self::SaveAtlas => Command::Atlas(AtlasAct::Ask(AtlasPath::Save)),
            Self::LayoutTrain => Command::SetLayout(Preset::Train.id().to_owned()),
            Self::TrainRewind | Self::TrainOpen if scene.live.shown().is_none() => {
                return Err(words.train.begin);
            }
            Self::TrainRun => Command::Train(Act::Run(!scene.live.running)),
            Self::TrainStep => Command::Train(Act::Step),
            Self::TrainRewind => Command::Train(Act::Rewind),
            Self::TrainOpen => Command::Train(Act::Open),
            Self::ShowTrainSetup => Command::ShowPane(Pane::TrainSetup),
            Self::ShowTrainCurves => Command::ShowPane(Pane::TrainCurves),
            Self::ShowTrainHeads => Command::ShowPane(Pane::TrainHeads),
            Self::ShowTrainNumbers => Command::ShowPane(Pane::TrainNumbers),
            Self::CutHead => traced()
                .map(|_| Intervention::Zero(Output::Heads(state.head.into())))
                .map(Command::Intervene)?,
            Self::CutLayer => {
                traced().map(|_| Command::Intervene(Intervention::Zero(Output::Layer(state.head.layer))))?
            }
            Self::ClearInterventions if state.interventions.is_empty() => {
                return Err(words.changes.nothing_changed);
            }
            Self::ClearInterventions => Command::ClearInterventions,
            Self::ShowClean | Self::ShowChanged | Self::ShowDifference if scene.both.is_none() => {
                return Err(words.changes.nothing_changed);
            }
            Self::ShowClean => Command::SetShown(Shown::Clean),
            Self::ShowChanged => Command::SetShown(Shown::Changed),
            Self::ShowDifference => Command::SetShown(Shown::Difference),
            Self::ShowChecks => Command::ShowChecks,
            Self::SaveLayout => Command::AskForLayout,
            Self::Palette => Command::Palette,
            Self::ShowHelp => Command::ShowHelp,
        })
    }

    /// Commands whose keys were pressed in this frame. A text field with the focus keeps its own.
    pub fn pressed(ctx: &egui::Context) -> Vec<Self> {
        let typing = ctx.text_edit_focused();
        let mut kinds: Vec<(Self, KeyboardShortcut)> = Self::iter()
            .filter(|kind| !(typing && kind.yields_to_text()))
            .filter_map(|kind| Some((kind, kind.shortcut()?)))
            .collect();
        // More modifiers first: Ctrl+Z must not take what was Ctrl+Shift+Z
        let weight =
            |keys: &KeyboardShortcut| u8::from(keys.modifiers.shift) + u8::from(keys.modifiers.command);
        kinds.sort_by_key(|(_, keys)| std::cmp::Reverse(weight(keys)));
        ctx.input_mut(|input| {
            // Plus takes Shift on many keyboards: there its key alone says Equals
            let larger = input.consume_key(Modifiers::COMMAND, Key::Equals).then_some(Self::Enlarge);
            let pressed = kinds.iter().filter(|(_, keys)| input.consume_shortcut(keys));
            pressed.map(|&(kind, _)| kind).chain(larger).collect()
        })
    }
}
