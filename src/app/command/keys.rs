//! The keys of commands.

use super::CommandKind;
use crate::app::widgets::focus;
use egui::{Key, KeyboardShortcut, Modifiers};
use strum::IntoEnumIterator as _;

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
            Self::EarlierPrompt => (Modifiers::ALT, Key::ArrowUp),
            Self::LaterPrompt => (Modifiers::ALT, Key::ArrowDown),
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
            Self::NextPane => (Modifiers::NONE, Key::F6),
            Self::PreviousPane => (Modifiers::SHIFT, Key::F6),
            Self::Maximise => (Modifiers::NONE, Key::F11),
            Self::CheckpointBack => (Modifiers::NONE, Key::OpenBracket),
            Self::CheckpointForward => (Modifiers::NONE, Key::CloseBracket),
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
            | Self::ShowTimeline
            | Self::PlayTimeline
            | Self::CompareCheckpoint
            | Self::CloseTimeline
            | Self::ShowSimilarity
            | Self::ShowTrails
            | Self::ShowWeights
            | Self::ShowLog
            | Self::ShowSweep
            | Self::CutHead
            | Self::CutLayer
            | Self::PatchHere
            | Self::SteerHere
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
        let everywhere =
            matches!(self, Self::ShowHelp | Self::Maximise | Self::NextPane | Self::PreviousPane);
        (plain && !everywhere) || matches!(self, Self::Undo | Self::Redo)
    }

    /// Commands whose keys were pressed in this frame. A text field with the focus keeps its own, and an open menu is
    /// closed by Escape, which means nothing else then, nor do arrows.
    pub fn pressed(ctx: &egui::Context) -> Vec<Self> {
        let (typing, menu) = (ctx.text_edit_focused(), egui::Popup::is_any_open(ctx));
        let kept = focus::keeps_arrows(ctx);
        // In a menu arrows go from entry to entry, on a slider to and fro
        let theirs = |kind: &Self| match kind {
            Self::Clear | Self::HeadUp | Self::HeadDown => menu,
            Self::HeadLeft | Self::HeadRight => menu || kept,
            _ => false,
        };
        let mut kinds: Vec<(Self, KeyboardShortcut)> = Self::iter()
            .filter(|kind| !(typing && kind.yields_to_text() || theirs(kind)))
            .filter_map(|kind| Some((kind, kind.shortcut()?)))
            .collect();
        // More modifiers first: Ctrl+Z must not take what was Ctrl+Shift+Z, nor M what was Alt+M
        let weight = |keys: &KeyboardShortcut| {
            let Modifiers { alt, shift, command, .. } = keys.modifiers;
            u8::from(alt) + u8::from(shift) + u8::from(command)
        };
        kinds.sort_by_key(|(_, keys)| std::cmp::Reverse(weight(keys)));
        ctx.input_mut(|input| {
            // Plus takes Shift on many keyboards: there its key alone says Equals
            let larger = input.consume_key(Modifiers::COMMAND, Key::Equals).then_some(Self::Enlarge);
            let pressed = kinds.iter().filter(|(_, keys)| input.consume_shortcut(keys));
            pressed.map(|&(kind, _)| kind).chain(larger).collect()
        })
    }
}
