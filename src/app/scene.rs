//! What a pane may see: everything by reference, nothing to change. Changes go out as commands.

use super::{
    charting::Charting,
    circuits::Circuits,
    command::{Command, Refusal},
    comparing::{Both, Comparing},
    examples::Example,
    figures::Preview,
    filtering::Passing,
    getting::Shelf,
    journal::Journal,
    labels::Labels,
    layout::Pane,
    lensing::{Ranks, WordKey},
    mapping::Mapping,
    memory::Memory,
    next::Next,
    reasons::Reasons,
    roles::Told,
    row::Row,
    session::{Busy, Checks},
    settings::Settings,
    state::{Hover, Shown, State},
    states::{AddedOf, CardOf, TensorOf, TrailsOf},
    sweeping::Sweeping,
    timeline::Timelines,
    tinting::Tinted,
    training::Live,
    walking::Walking,
    words::Words,
};
use crate::{
    analysis::Lens,
    model::{HeadId, Hook, Mark, Model, ModelSpec, Tokenizer},
    trace::{Candidate, Side, Stream, Trace},
};
use egui_tiles::Tree;
use std::sync::Arc;

/// One frame's world.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, all read only")]
pub struct Scene<'a> {
    /// The language.
    pub words: &'static Words,
    /// What is selected.
    pub state: &'a State,
    /// What outlives the window.
    pub settings: &'a Settings,
    /// The model that is open.
    pub model: Option<&'a Arc<Model>>,
    /// Whether it is the one that came with the app.
    pub embedded: bool,
    /// The run in sight, perhaps still running: the clean one, or the one with interventions.
    pub trace: Option<&'a Trace>,
    /// Which run that is: pictures kept under another number are stale.
    pub run: u64,
    /// The clean run and its number, and the changed one, where there are both.
    pub both: Option<(u64, &'a Trace, &'a Trace)>,
    /// The run's tokens as they are shown; of an encoder–decoder model the target's.
    pub labels: &'a Labels,
    /// The source's; none where there is no encoder.
    pub source_labels: &'a Labels,
    /// The pinned query, else the token that the answer follows, else the last.
    pub pinned: Option<usize>,
    /// Weights of the row that is shown.
    pub row: Option<&'a Row>,
    /// The walk in sight.
    pub walking: &'a Walking,
    /// The head atlas.
    pub charting: &'a Charting,
    /// Scores and logits taken apart.
    pub reasons: &'a Reasons,
    /// The maps of the head view.
    pub map: &'a Mapping,
    /// Heads by their weights alone.
    pub circuits: &'a Circuits,
    /// Roles of heads.
    pub told: &'a Told,
    /// Which heads pass the filter.
    pub passing: &'a Passing,
    /// What each layer would say next.
    pub lens: Option<&'a Lens>,
    /// How much of that is done, while it is worked out.
    pub lens_progress: Option<f32>,
    /// The pinned word's ranks and probabilities, and of which run, word and token they are.
    pub lens_word: Option<(&'a WordKey, &'a Ranks)>,
    /// Tokens' ways through the layers.
    pub trails: &'a TrailsOf,
    /// What the model's README says.
    pub card: &'a CardOf,
    /// How long what attention and MLPs add is.
    pub added: &'a AddedOf,
    /// What one weight is like.
    pub tensor: &'a TensorOf,
    /// What the strip of tokens is tinted by.
    pub tinted: &'a Tinted,
    /// What may follow.
    pub next: &'a Next,
    /// The clean run, perhaps still running.
    pub clean: Option<&'a Trace>,
    /// Its number.
    pub clean_run: u64,
    /// What workers found out for the memory panes.
    pub memory: &'a Memory,
    /// The second run, and how it differs.
    pub comparing: &'a Comparing,
    /// The two runs that are compared, where there are two.
    pub compared: Option<Both<'a>>,
    /// The patch sweep.
    pub sweeping: &'a Sweeping,
    /// Whether the numbers hold.
    pub checks: &'a Checks,
    /// Models that are not open.
    pub shelf: &'a Shelf,
    /// The model in training.
    pub live: &'a Live,
    /// The checkpoints of a training.
    pub timelines: &'a Timelines,
    /// What was done.
    pub journal: &'a Journal,
    /// Where the pointer was in the frame before.
    pub hover: Hover,
    /// What is being worked on.
    pub busy: Option<&'a Busy>,
    /// The embedded model's prompts; empty for another model.
    pub examples: &'a [Example],
    /// Whether there is something to undo.
    pub can_undo: bool,
    /// Whether there is something to redo.
    pub can_redo: bool,
    /// Which theme is on.
    pub dark: bool,
    /// The tiles in sight.
    pub tree: &'a Tree<Pane>,
    /// The pane that was pressed last.
    pub front: Pane,
    /// The picture that the export dialog would write.
    pub preview: Preview<'a>,
}

/// What panes send back.
#[derive(Default)]
pub struct Out {
    /// In the order they were given.
    pub commands: Vec<Command>,
    /// What the pointer is on now.
    pub hover: Hover,
    /// What is to be said once they are done.
    pub notice: Option<String>,
}

impl Out {
    /// Sends one command.
    pub fn send(&mut self, command: Command) {
        self.commands.push(command);
    }

    /// Points at a head: what the pointer is on comes before what the keys are on, in whichever view.
    pub fn point_at(&mut self, head: HeadId, response: &egui::Response) {
        if response.hovered() || response.has_focus() && self.hover == Hover::default() {
            self.hover = Hover::of_head(head);
        }
    }
}

impl<'a> Scene<'a> {
    /// Whether what is open is a saved trace: a run without the model that made it.
    pub fn only_trace(&self) -> bool {
        self.model.is_none() && self.trace.is_some_and(Trace::is_complete)
    }

    /// What to do where nothing is in sight yet, and how.
    pub fn first_step(&self) -> (&'static str, &'static str) {
        match (self.model, self.busy) {
            (None, None) => (self.words.needs_model, self.words.open_drop),
            (None, Some(busy)) => (busy.stage, ""),
            (Some(_), _) => (self.words.empty_prompt, self.words.empty_prompt_sub),
        }
    }

    /// Name and architecture of what is open.
    pub fn named(&self) -> Option<(&'a str, &'a ModelSpec)> {
        let model = self.model.map(|model| (model.name.as_str(), &**model.spec()));
        model.or_else(|| self.trace.map(|trace| (trace.model_name.as_str(), &*trace.spec)))
    }

    /// Tokens of the run, of an encoder–decoder model the target's; 0 where there is no run.
    pub fn n_tokens(&self) -> usize {
        self.trace.map_or(0, Trace::n_tokens)
    }

    /// Whether the model reads one text and writes another.
    pub fn translates(&self) -> bool {
        self.named().is_some_and(|(_, spec)| spec.encoder.is_some())
    }

    /// The tokenizers that mark the source's and the target's language, where the model does so.
    pub fn markers(&self) -> [Option<&Tokenizer>; 2] {
        let Some(model) = self.model.filter(|_| self.translates()) else { return [None; 2] };
        let first = model.tokenizer.as_ref().filter(|it| !it.languages().is_empty());
        match first.map(Tokenizer::mark) {
            Some(Mark::Wanted) => [None, first],
            _ => [first, model.writer().filter(|it| !it.languages().is_empty())],
        }
    }

    /// Whether the model fills in words that a mask hides, rather than going on.
    pub fn fills(&self) -> bool {
        self.trace.is_some_and(|trace| trace.spec.scores_words() && !trace.spec.generates())
    }

    /// The mask of such a model as a prompt spells it, where its tokenizer names one.
    pub fn mask(&self) -> Option<String> {
        let tokenizer = self.model?.tokenizer.as_ref()?;
        Some(tokenizer.text(tokenizer.mask()?))
    }

    /// What can be done where a prompt hides no word.
    pub fn put_mask(&self) -> String {
        self.mask().map_or_else(|| self.words.no_mask.to_owned(), |mask| (self.words.masked_none)(&mask))
    }

    /// The selected head as users know it.
    pub fn head_name(&self) -> String {
        let head = self.state.head;
        self.trace.map_or_else(|| head.to_string(), |trace| trace.spec.head_name(head))
    }

    /// Whether the open model says how a conversation is written down.
    pub fn chats(&self) -> bool {
        self.model.is_some_and(|model| model.chat_template.is_some())
    }

    /// A head as papers write it: `L3H5`; of an encoder–decoder model with its part, `cross 3.5`.
    pub fn short_head_name(&self, head: HeadId) -> String {
        let translated = self.trace.filter(|trace| trace.spec.encoder.is_some());
        translated.map_or_else(|| head.label(), |trace| trace.spec.head_name(head))
    }

    /// Whether the selected head's layer has been computed.
    pub fn head_ready(&self) -> bool {
        self.trace.is_some_and(|trace| self.state.head.layer < trace.layers_done())
    }

    /// The stream in the lower pane; none where there is no run.
    pub fn stream(&self) -> Option<Stream> {
        self.trace.and_then(|trace| trace.spec.streams().get(self.state.layer).copied())
    }

    /// A place on a residual stream as users know it: `before 3`.
    pub fn stream_name(&self, stream: Stream) -> String {
        let Some(trace) = self.trace else { return String::new() };
        match stream {
            Stream::Before(layer) => (self.words.before)(&trace.spec.layer_name(layer)),
            Stream::After(_) if trace.spec.stream_side(stream) == Side::Source => {
                self.words.after_encoder.to_owned()
            }
            Stream::After(_) => self.words.after_last.to_owned(),
        }
    }

    /// The classifier's answer: for the whole input, or for the query that is shown.
    pub fn classes(&self) -> &[Candidate] {
        let rows = self.trace.map_or(&[][..], |trace| &trace.classes);
        let index = if rows.len() > 1 { self.shown_on(Side::Target).unwrap_or(0) } else { 0 };
        rows.get(index).map_or(&[], Vec::as_slice)
    }

    /// The selected head's hook, with its head as the index.
    pub fn hook_name(&self) -> String {
        let head = self.state.head;
        format!(
            "{}[{}]",
            self.trace.map_or_else(String::new, |trace| trace.spec.hook_name(Hook::Pattern, head.layer)),
            head.head
        )
    }

    /// The same within its stack, where there is little room.
    pub fn stream_name_short(&self, stream: Stream) -> String {
        match stream {
            Stream::Before(layer) => self.trace.map_or_else(String::new, |trace| {
                let index = trace.spec.index_in_part(layer);
                (self.words.entering)(trace.spec.blocks[layer].part, index)
            }),
            Stream::After(_) => self.words.after_stack.to_owned(),
        }
    }

    /// The run that is subtracted from the one in sight, where their difference is shown.
    pub fn less(&self) -> Option<(u64, &Trace)> {
        let (run, clean, _) = self.both.filter(|_| self.state.shown == Shown::Difference)?;
        Some((run, clean))
    }

    /// The head `layers` down and `heads` across.
    pub fn neighbour(&self, layers: isize, heads: isize) -> Result<HeadId, Refusal> {
        let trace = self.trace.ok_or(self.words.needs_trace)?;
        let now = self.state.head;
        // As the grid shows them: the layers of one part, then those of the next
        let order: Vec<usize> = trace.spec.parts().into_iter().flat_map(|(_, layers)| layers).collect();
        let place = order.iter().position(|&layer| layer == now.layer);
        let place = place.and_then(|place| place.checked_add_signed(layers));
        let layer = place.and_then(|place| order.get(place)).copied().ok_or(self.words.at_border)?;
        let last = trace.heads(layer).saturating_sub(1);
        let head = match heads {
            0 => now.head.min(last),
            _ => {
                now.head.checked_add_signed(heads).filter(|&head| head <= last).ok_or(self.words.at_border)?
            }
        };
        Ok(HeadId { layer, head })
    }
}
