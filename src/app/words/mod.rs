//! Every word on screen, by meaning, in every language. A pane with many words keeps them in a file of its own.

mod atlas;
mod card;
mod changes;
mod chat;
mod chinese;
mod chinese_commands;
mod chinese_tables;
mod choosing;
mod circuits;
mod compare;
mod english;
mod english_commands;
pub mod errors;
mod figures;
mod finding;
mod flow;
mod gestures;
mod hidden;
mod journal;
mod languages;
mod lens;
mod map;
mod memory;
mod menus;
mod next;
mod recall;
mod river;
mod session;
mod states;
mod strip;
mod sweep;
mod timeline;
mod train;
mod walk;
mod why;

pub use super::numbers::{change, count, duration, fixed, grouped, signed, size};
pub use atlas::AtlasWords;
pub use card::CardWords;
pub use changes::ChangeWords;
pub use chat::ChatWords;
pub use choosing::ChoosingWords;
pub use circuits::CircuitWords;
pub use compare::CompareWords;
pub use english::ENGLISH;
pub use figures::FigureWords;
pub use finding::FindingWords;
pub use flow::FlowWords;
pub use gestures::Gestures;
pub use hidden::HiddenWords;
pub use journal::JournalWords;
pub use languages::LanguageWords;
pub use lens::LensWords;
pub use map::MapWords;
pub use memory::MemoryWords;
pub use menus::MenuWords;
pub use next::NextWords;
pub use recall::RecallWords;
pub use river::RiverWords;
pub use session::SessionWords;
pub use states::StateWords;
pub use strip::StripWords;
pub use sweep::SweepWords;
pub use timeline::TimelineWords;
pub use train::TrainWords;
pub use walk::{StepWords, WalkWords};
pub use why::WhyWords;

use super::command::CommandKind;
use crate::{analysis::Measure, export::Lang, model::Part, render::Scale, trace::Beyond};
use serde::{Deserialize, Serialize};

/// A language of the window.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, strum::EnumIter, strum::FromRepr,
)]
#[repr(u8)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese, 简体中文.
    Chinese,
}

impl Language {
    /// Its words.
    pub fn words(self) -> &'static Words {
        match self {
            Self::English => &ENGLISH,
            Self::Chinese => &chinese::CHINESE,
        }
    }

    /// The same for captions.
    pub fn lang(self) -> Lang {
        match self {
            Self::English => Lang::En,
            Self::Chinese => Lang::Zh,
        }
    }

    /// The language that a switch goes to.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::English => Self::Chinese,
            Self::Chinese => Self::English,
        }
    }

    /// The one that the user's system speaks, by the usual variables.
    pub fn of_system() -> Self {
        let said = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().filter_map(|name| std::env::var(name).ok());
        let first = said.into_iter().find(|value| !value.is_empty()).unwrap_or_default();
        if first.starts_with("zh") { Self::Chinese } else { Self::English }
    }
}

/// A measure's name, and what it tells.
pub type MeasureText = (&'static str, &'static str);

/// One language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is its own English text, below")]
pub struct Words {
    pub language: Language,
    /// A command's label and its explanation.
    pub command: fn(CommandKind) -> (&'static str, &'static str),
    /// What a measure is called, and what it tells.
    pub measure: fn(&Measure) -> MeasureText,
    /// What the engine says it is at.
    pub stage: fn(&'static str) -> &'static str,
    pub other_language: &'static str,
    pub model: &'static str,
    pub prompt: &'static str,
    pub prompt_hint: &'static str,
    pub tokens: &'static str,
    pub source: &'static str,
    pub target: &'static str,
    pub target_hint: &'static str,
    pub text_languages: LanguageWords,
    /// Tokens down and across.
    pub token_grid: fn(usize, usize) -> String,
    /// Tokens read and written.
    pub token_flow: fn(usize, usize) -> String,
    pub token_count: fn(usize) -> String,
    pub examples: &'static str,
    pub embedded: &'static str,
    pub layers_heads: &'static str,
    pub parameters: &'static str,
    pub context: &'static str,
    pub context_tokens: fn(usize) -> String,
    pub unlimited: &'static str,
    pub file: &'static str,
    pub edit: &'static str,
    pub view: &'static str,
    pub help: &'static str,
    pub export: &'static str,
    pub run: &'static str,
    pub cancel: &'static str,
    pub live: &'static str,
    pub live_why: &'static str,
    /// What runs it instead.
    pub live_slow: fn(&str) -> String,
    pub chat: &'static str,
    pub chat_why: &'static str,
    pub needs_template: &'static str,
    pub to_dark: &'static str,
    pub to_light: &'static str,
    pub heads: &'static str,
    pub part: fn(Part) -> &'static str,
    /// What looks at what in it.
    pub part_looks: fn(Part) -> &'static str,
    pub head: &'static str,
    /// A head, for screen readers.
    pub head_named: fn(&str) -> String,
    pub tint: &'static str,
    pub sort: &'static str,
    pub sort_layer: &'static str,
    pub sort_measure: &'static str,
    pub scale: &'static str,
    pub scale_name: fn(Scale) -> &'static str,
    pub heat_map: fn(&str) -> String,
    pub row_of: fn(&str) -> String,
    pub row_sum: fn(f64) -> String,
    pub row_bars: &'static str,
    /// The end of the scale where each row has its own.
    pub row_max: &'static str,
    /// The ends of the scale of ranks.
    pub least: &'static str,
    pub greatest: &'static str,
    pub cell: fn(&str, &str) -> String,
    pub masked: &'static str,
    pub point_at: &'static str,
    pub whole: &'static str,
    pub window_of: fn(usize) -> String,
    pub query: &'static str,
    /// A token, for screen readers.
    pub token_named: fn(&str) -> String,
    pub source_named: fn(&str) -> String,
    pub target_named: fn(&str) -> String,
    pub measures_wait: &'static str,
    pub next: &'static str,
    pub next_target: &'static str,
    pub after: fn(&str) -> String,
    /// Id and logit of a candidate.
    pub candidate: fn(u32, f32) -> String,
    /// Id of a candidate, and by how many points its probability changed.
    pub shift: fn(u32, f32) -> String,
    pub next_none: &'static str,
    pub masked_word: &'static str,
    pub classes: &'static str,
    pub answer: &'static str,
    pub answer_none: &'static str,
    pub answer_at: fn(usize, usize) -> String,
    pub pair: &'static str,
    pub pair_none: &'static str,
    pub vector: &'static str,
    pub vector_of: fn(usize, f32) -> String,
    /// What to do with this mask.
    pub masked_none: fn(&str) -> String,
    pub no_mask: &'static str,
    pub stream: &'static str,
    pub stream_sub: fn(&str) -> String,
    pub norms: &'static str,
    pub norms_sub: &'static str,
    /// The plot beside them, for screen readers.
    pub norms_plot: &'static str,
    /// The median token, in that plot.
    pub median: &'static str,
    /// Where the colours end before the values do.
    pub outliers: fn(f32, f32) -> String,
    /// A number of the residual stream.
    pub dimension: fn(&str, usize, f32) -> String,
    pub norm_of: fn(&str, &str, f32) -> String,
    pub lens: &'static str,
    pub lens_sub: &'static str,
    /// A token's column, for screen readers.
    pub lens_of: fn(&str) -> String,
    pub lens_none: &'static str,
    pub lens_last: &'static str,
    pub layer: &'static str,
    /// A residual stream, before a layer.
    pub before: fn(&str) -> String,
    /// The same within its stack, where there is little room.
    pub entering: fn(Part, usize) -> String,
    pub after_last: &'static str,
    pub after_encoder: &'static str,
    /// The end of a stack, where there is little room.
    pub after_stack: &'static str,
    pub stack: &'static str,
    pub encoder: &'static str,
    pub decoder: &'static str,
    pub inspect: &'static str,
    pub details: &'static str,
    pub menu: &'static str,
    pub panes: &'static str,
    pub search: &'static str,
    pub search_hint: &'static str,
    pub search_none: &'static str,
    pub layout_name: &'static str,
    pub save_layout: &'static str,
    pub save: &'static str,
    pub rename_layout: &'static str,
    pub delete_layout: &'static str,
    /// What the palette finds beside commands.
    pub found_head: &'static str,
    pub found_token: &'static str,
    pub found_measure: &'static str,
    pub found_example: &'static str,
    pub found_model: &'static str,
    pub found_layout: &'static str,
    pub found_command: &'static str,
    pub maximise: &'static str,
    pub restore: &'static str,
    pub tear_off: &'static str,
    pub dock: &'static str,
    pub close_pane: &'static str,
    pub reset_layout: &'static str,
    /// What the switch of languages shows.
    pub languages: &'static str,
    pub open: &'static str,
    pub ready: &'static str,
    pub starting: &'static str,
    pub pass_time: fn(f64) -> String,
    pub first_map_time: fn(f64) -> String,
    pub trace_size: fn(usize) -> String,
    pub threads: fn(usize) -> String,
    pub copy_hook: &'static str,
    pub nan: &'static str,
    pub beyond: fn(Beyond) -> String,
    pub empty_prompt: &'static str,
    pub empty_prompt_sub: &'static str,
    pub waiting: &'static str,
    pub layer_waits: fn(&str) -> String,
    pub open_title: &'static str,
    pub open_path: &'static str,
    pub open_what: &'static str,
    pub open_file: &'static str,
    pub open_folder: &'static str,
    pub open_drop: &'static str,
    pub drop_here: &'static str,
    pub recent: &'static str,
    pub on_this_machine: &'static str,
    pub looking: &'static str,
    pub too_big: &'static str,
    pub hub_title: &'static str,
    pub hub_what: &'static str,
    pub hub_name: &'static str,
    pub look_up: &'static str,
    pub offline: &'static str,
    pub offline_why: &'static str,
    pub licence: &'static str,
    pub no_licence: &'static str,
    pub size: &'static str,
    pub to_fetch: &'static str,
    pub fetch: &'static str,
    pub asking: &'static str,
    pub fetching: &'static str,
    pub export_title: fn(&str) -> String,
    pub export_all_title: &'static str,
    pub export_states_title: &'static str,
    pub export_path: &'static str,
    pub export_browse: &'static str,
    pub export_formats: &'static str,
    pub exporting: &'static str,
    pub exported: fn(&str) -> String,
    pub checks: &'static str,
    pub checks_sub: &'static str,
    pub checks_running: &'static str,
    pub residual: fn(f64, f64) -> String,
    pub help_title: &'static str,
    pub gestures: &'static [Gestures],
    pub keys: &'static str,
    pub close: &'static str,
    pub dismiss: &'static str,
    pub cut: &'static str,
    pub fit: fn(&str) -> String,
    pub fitted: fn(&str) -> String,
    pub all_unknown: &'static str,
    /// Of several heads at once.
    pub choosing: &'static ChoosingWords,
    /// Of the flow.
    pub flow: &'static FlowWords,
    /// Of the palette.
    pub finding: &'static FindingWords,
    /// Of the walk.
    pub walk: &'static WalkWords,
    /// Of scores and logits taken apart.
    pub why: &'static WhyWords,
    /// Of circuits and composition.
    pub circuits: &'static CircuitWords,
    /// Of figures.
    pub figures: &'static FigureWords,
    /// Of the head view's map.
    pub map: &'static MapWords,
    /// Of the model card.
    pub card: &'static CardWords,
    /// Of hidden states.
    pub hidden: &'static HiddenWords,
    /// Of the logit lens.
    pub lens_words: &'static LensWords,
    /// Of the strip of tokens.
    pub strip: &'static StripWords,
    /// Of changes to a run.
    pub changes: &'static ChangeWords,
    /// Of two runs compared.
    pub compare: &'static CompareWords,
    /// Of the memory panes.
    pub memory: &'static MemoryWords,
    /// Of recall by facts about others and by head.
    pub recall: &'static RecallWords,
    /// Of memory through the layers.
    pub chatting: &'static ChatWords,
    pub menus: &'static MenuWords,
    pub river: &'static RiverWords,
    /// Of sessions, notes, token edits and hints.
    pub session: SessionWords,
    /// Of the log, and of the parts of the menu of panes.
    pub journal: JournalWords,
    /// Of the patch sweep.
    pub sweep: SweepWords,
    /// Of the views of hidden states and weights.
    pub states: StateWords,
    /// Of the view that chooses the next token.
    pub next_words: NextWords,
    /// Of the head atlas.
    pub atlas: &'static AtlasWords,
    /// Of the layout *Train*.
    pub train: &'static TrainWords,
    /// Of the timeline of checkpoints.
    pub timeline: &'static TimelineWords,
    pub needs_model: &'static str,
    pub needs_weights: &'static str,
    pub saved_trace: &'static str,
    pub lens_needs_weights: &'static str,
    pub save_trace_title: &'static str,
    pub save_trace_what: &'static str,
    pub needs_prompt: &'static str,
    pub needs_trace: &'static str,
    pub nothing_runs: &'static str,
    pub nothing_to_undo: &'static str,
    pub nothing_to_redo: &'static str,
    pub at_border: &'static str,
    pub panicked: &'static str,
    pub panicked_hint: &'static str,
    pub no_display: &'static str,
}
