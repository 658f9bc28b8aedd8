//! What a command means with what is selected, or why it means nothing.

use super::{Command, CommandKind, Refusal};
use crate::{
    app::{
        charting::{AtlasAct, AtlasPath},
        drafting::Draft,
        exporting::{Finish, Piece},
        layout::{Pane, Preset},
        scene::Scene,
        state::Shown,
        training::Act,
    },
    render::Scale,
    trace::{Intervention, Output},
};

impl CommandKind {
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
            Self::Cancel if scene.busy.is_none() && scene.live.running => Command::Train(Act::Run(false)),
            Self::Cancel if scene.busy.is_none() => return Err(words.nothing_runs),
            Self::Cancel => Command::Cancel,
            Self::FocusPrompt => Command::FocusPrompt,
            Self::EarlierPrompt => scene.earlier(true)?,
            Self::LaterPrompt => scene.earlier(false)?,
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
            Self::NextPane => scene.next_pane(1)?,
            Self::PreviousPane => scene.next_pane(-1)?,
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
            Self::ShowSweep => Command::ShowPane(Pane::Sweep),
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
            Self::ShowTimeline => Command::ShowPane(Pane::Timeline),
            Self::CheckpointBack
            | Self::CheckpointForward
            | Self::PlayTimeline
            | Self::CompareCheckpoint
            | Self::CloseTimeline => self.aim_in_timeline(scene)?,
            Self::CutHead => traced()
                .map(|_| Intervention::Zero(Output::Heads(state.head.into())))
                .map(Command::Intervene)?,
            Self::CutLayer => traced()
                .map(|_| Command::Intervene(Intervention::Zero(Output::Layer(Some(state.head.layer)))))?,
            Self::PatchHere => scene.draft_here(Draft::is_patch)?,
            Self::SteerHere => scene.draft_here(Draft::is_direction)?,
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
            Self::SaveLayout => Command::AskForLayout(None),
            Self::Palette => Command::Palette,
            Self::ShowHelp => Command::ShowHelp,
        })
    }
}
