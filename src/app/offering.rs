//! What can be changed about something that is seen: one table, asked by the menus of every view, by the palette and by
//! the *Add* of the list.

use super::{
    command::{Command, Refusal},
    drafting::Draft,
    scene::Scene,
};
use crate::{
    analysis::Component,
    model::{HeadId, Hook, Side, Stream},
    trace::{Heads, Intervention, Output, Span, Trace, Weights},
};

/// What is pointed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A head.
    Head(HeadId),
    /// One weight of a head.
    Cell(HeadId, usize, usize),
    /// What one query of a head looks at.
    Row(HeadId, usize),
    /// Who looks at one key of a head.
    Column(HeadId, usize),
    /// A block.
    Layer(usize),
    /// A token of one text.
    Token(Side, usize),
    /// A place of the residual stream, at one token or at all.
    Stream(Stream, Option<usize>),
    /// What the KV cache keeps of a token in one layer.
    Entry(usize, usize),
}

impl Target {
    /// The part that a component is; none where it cannot be changed by itself.
    pub fn of(component: Component) -> Option<Self> {
        match component {
            Component::Head(head) => Some(Self::Head(head)),
            Component::Mlp(layer) => Some(Self::Layer(layer)),
            _ => None,
        }
    }
}

/// A change that can be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// What it does.
    pub label: String,
    /// The change, or what is still to be asked.
    pub what: Result<Intervention, Draft>,
}

impl Offer {
    /// What choosing it sends.
    pub fn command(self) -> Command {
        match self.what {
            Ok(what) => Command::Intervene(what),
            Err(draft) => Command::AskForChange(draft),
        }
    }

    /// How the command line spells it, as far as that is known.
    pub fn spelled(&self) -> String {
        self.what.as_ref().map_or_else(|draft| format!("{}…", draft.begin()), ToString::to_string)
    }
}

/// Changes to one thing, with its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Its name.
    pub title: String,
    /// The changes.
    pub offers: Vec<Offer>,
}

impl Scene<'_> {
    /// What can be changed about a target, that which was pointed at first.
    pub fn offers(&self, target: Target) -> Result<Vec<Group>, Refusal> {
        let trace = self.trace.ok_or(self.words.needs_trace)?;
        if self.model.is_none() {
            return Err(self.words.needs_weights);
        }
        let groups = match target {
            Target::Head(head) => vec![self.head_group(head, trace), self.layer_group(head.layer, trace)],
            Target::Cell(head, query, key) => vec![
                self.cell_group((head, query, key), trace),
                self.row_group(head, query, trace),
                self.column_group(head, key, trace),
                self.head_group(head, trace),
                self.layer_group(head.layer, trace),
                self.stream_group(Stream::Before(head.layer), Some(query), trace),
            ],
            Target::Row(head, query) => vec![
                self.row_group(head, query, trace),
                self.stream_group(Stream::Before(head.layer), Some(query), trace),
                self.head_group(head, trace),
            ],
            Target::Column(head, key) => {
                vec![self.column_group(head, key, trace), self.head_group(head, trace)]
            }
            Target::Layer(layer) => vec![self.layer_group(layer, trace)],
            Target::Token(side, index) => self.token_groups(side, index, trace),
            Target::Stream(stream, token) => {
                let mut groups = vec![self.stream_group(stream, token, trace)];
                if let Stream::Before(layer) = stream {
                    groups.push(self.layer_group(layer, trace));
                }
                groups
            }
            Target::Entry(layer, token) => vec![self.entry_group(layer, token, trace)],
        };
        Ok(groups.into_iter().filter(|group| !group.offers.is_empty()).collect())
    }

    /// What is selected: the pinned cell, or the pinned row where no column is pinned.
    pub fn target(&self) -> Target {
        let head = self.state.head;
        match (self.pinned_query(), self.pinned_key()) {
            (Some(query), Some(key)) => Target::Cell(head, query, key),
            (Some(query), None) => Target::Row(head, query),
            (None, Some(key)) => Target::Column(head, key),
            (None, None) => Target::Head(head),
        }
    }

    /// The first change of the selected token's residual stream that still wants such answers.
    pub fn draft_here(&self, wanted: fn(&Draft) -> bool) -> Result<Command, Refusal> {
        let place = self.trace.map(|_| Stream::Before(self.state.head.layer));
        let stream = self.stream().or(place).ok_or(self.words.needs_trace)?;
        let side = self.trace.map_or(Side::Target, |trace| trace.spec.stream_side(stream));
        let token = self.pinned_on(side);
        let offers = self.offers(Target::Stream(stream, token))?;
        let mut drafts =
            offers.into_iter().flat_map(|group| group.offers).filter_map(|offer| offer.what.err());
        drafts.find(wanted).map(Command::AskForChange).ok_or(self.words.needs_trace)
    }

    fn head_group(&self, head: HeadId, trace: &Trace) -> Group {
        let words = &self.words.changes;
        let (heads, output) = (Heads::from(head), Output::Heads(head.into()));
        let pattern = |weights| Ok(Intervention::Pattern { heads, weights });
        let hook = format!("{}[{}]", trace.spec.hook_name(Hook::Z, head.layer), head.head);
        let offers = vec![
            offer(words.cut_head, Ok(Intervention::Zero(output))),
            offer(words.mean_head, Ok(Intervention::Mean { output, from: None })),
            offer(words.mean_of_file, Err(Draft::Mean { output })),
            offer(words.scale_head, Ok(Intervention::Scale { output, by: 0.5 })),
            offer(words.temperature_head, Ok(Intervention::Temperature { heads, by: 2.0 })),
            offer(words.look_evenly, pattern(Weights::Uniform)),
            offer(words.look_before, pattern(Weights::Previous)),
            offer(words.look_at_self, pattern(Weights::Identity)),
            offer(words.look_as_clean, pattern(Weights::Clean)),
            offer(words.look_as_file, Err(Draft::Pattern { heads })),
            offer(words.patch_head, Err(Draft::Patch { hook, tokens: Span::All })),
        ];
        Group { title: self.short_head_name(head), offers }
    }

    fn layer_group(&self, layer: usize, trace: &Trace) -> Group {
        let words = &self.words.changes;
        let (attention, mlp) = (Output::Attention(Some(layer)), Output::Mlp(Some(layer)));
        let mut offers = vec![offer(words.cut_attention, Ok(Intervention::Zero(attention)))];
        if trace.spec.blocks.get(layer).is_some_and(|block| block.mlp.is_some()) {
            offers.extend([
                offer(words.cut_mlp, Ok(Intervention::Zero(mlp))),
                offer(words.mean_mlp, Ok(Intervention::Mean { output: mlp, from: None })),
                offer(words.scale_mlp, Ok(Intervention::Scale { output: mlp, by: 0.5 })),
            ]);
        }
        offers.push(offer(words.cut_layer, Ok(Intervention::Zero(Output::Layer(Some(layer))))));
        Group { title: format!("{} {}", self.words.layer, trace.spec.layer_name(layer)), offers }
    }

    fn cell_group(&self, (head, query, key): (HeadId, usize, usize), trace: &Trace) -> Group {
        let words = &self.words.changes;
        let edge =
            |heads| Ok(Intervention::Knockout { heads, queries: Span::one(query), keys: Span::one(key) });
        let mut offers = vec![offer(words.cut_edge, edge(head.into()))];
        if query > key || !is_causal(trace, head.layer) {
            offers.push(offer(words.cut_edge_everywhere, edge(all(head.layer))));
        }
        let only = Intervention::Paint { head, query, weights: vec![(key, 1.0)] };
        offers.push(offer(words.look_here, Ok(only)));
        Group { title: format!("{} · q{query} → k{key}", self.short_head_name(head)), offers }
    }

    /// What comes before the query, cut off: the row must keep a key, itself.
    fn row_group(&self, head: HeadId, query: usize, trace: &Trace) -> Group {
        let words = &self.words.changes;
        let itself = Intervention::Paint { head, query, weights: vec![(query, 1.0)] };
        let offers = match query.checked_sub(1).map(|last| Span::Between(0, last)) {
            Some(keys) if is_causal(trace, head.layer) => {
                let row = |heads| Ok(Intervention::Knockout { heads, queries: Span::one(query), keys });
                vec![
                    offer(words.cut_row, row(head.into())),
                    offer(words.cut_row_everywhere, row(all(head.layer))),
                ]
            }
            None if is_causal(trace, head.layer) => Vec::new(),
            _ if query < trace.key_tokens(head.layer).len() => {
                vec![offer(words.look_at_itself_only, Ok(itself))]
            }
            _ => Vec::new(),
        };
        Group { title: (words.row)(&self.query_name(query)), offers }
    }

    fn column_group(&self, head: HeadId, key: usize, trace: &Trace) -> Group {
        let words = &self.words.changes;
        let causal = is_causal(trace, head.layer);
        let last = trace.query_tokens(head.layer).len().saturating_sub(1);
        let queries = Span::Between(if causal { key + 1 } else { 0 }, last);
        let column = |heads| Ok(Intervention::Knockout { heads, queries, keys: Span::one(key) });
        let mut offers = Vec::new();
        if !causal || key < last {
            offers.push(offer(words.cut_column, column(head.into())));
            offers.push(offer(words.cut_column_everywhere, column(all(head.layer))));
        }
        offers.extend(self.forgetting(head.layer, key, Some(head.head), trace));
        Group { title: (words.column)(&self.key_name(key)), offers }
    }

    fn entry_group(&self, layer: usize, token: usize, trace: &Trace) -> Group {
        let title = format!(
            "{} {} · {}",
            self.words.layer,
            trace.spec.layer_name(layer),
            self.token_name(Side::Target, token)
        );
        Group { title, offers: self.forgetting(layer, token, None, trace) }
    }

    /// Ways for a layer to forget a key: at once, in the k/v head of one of its heads or in each, from a step on.
    fn forgetting(&self, layer: usize, key: usize, head: Option<usize>, trace: &Trace) -> Vec<Offer> {
        let words = &self.words.changes;
        if !is_causal(trace, layer) {
            return Vec::new();
        }
        let spec = &trace.spec.blocks[layer].attention;
        let forget = |kv_head| {
            Ok(Intervention::Forget { layer: Some(layer), kv_head, keys: Span::one(key), from: None })
        };
        let mut offers = vec![offer(words.forget, forget(None))];
        if spec.kv_heads > 1 {
            let shared = spec.shares_keys();
            let label = |kv_head: usize| match (head, shared) {
                (None, _) => (words.forget_in)(kv_head),
                (_, true) => words.forget_group.to_owned(),
                (_, false) => words.forget_head.to_owned(),
            };
            let own = head.map(|head| spec.kv_head(head));
            let kv_heads = (0..spec.kv_heads).filter(|&kv_head| own.is_none_or(|own| own == kv_head));
            offers.extend(kv_heads.map(|kv_head| offer(label(kv_head), forget(Some(kv_head)))));
        }
        if trace.spec.generates() {
            offers.push(offer(words.forget_from, Err(Draft::Forget { layer, key })));
        }
        offers
    }

    fn token_groups(&self, side: Side, index: usize, trace: &Trace) -> Vec<Group> {
        let head = self.state.head;
        let own = self.stream().filter(|&stream| trace.spec.stream_side(stream) == side);
        let first = || trace.spec.streams_of(side).first().copied();
        let stream = own.or_else(first).map(|stream| self.stream_group(stream, Some(index), trace));
        let row = (self.rows() == side).then(|| self.row_group(head, index, trace));
        let column = (self.columns() == side).then(|| self.column_group(head, index, trace));
        stream.into_iter().chain(row).chain(column).collect()
    }

    fn stream_group(&self, stream: Stream, token: Option<usize>, trace: &Trace) -> Group {
        let words = &self.words.changes;
        let (hook, layer) = trace.spec.stream_hook(stream);
        let hook = trace.spec.hook_name(hook, layer);
        let tokens = token.map_or(Span::All, Span::one);
        let add = |draft: fn(String, Span) -> Draft| Err(draft(hook.clone(), tokens));
        let offers = vec![
            offer(words.patch_stream, add(|hook, tokens| Draft::Patch { hook, tokens })),
            offer(words.add_word, add(|hook, tokens| Draft::AddWord { hook, tokens })),
            offer(words.add_texts, add(|hook, tokens| Draft::AddTexts { hook, tokens })),
            offer(words.add_file, add(|hook, tokens| Draft::AddFile { hook, tokens })),
        ];
        let place = self.stream_name(stream);
        let side = trace.spec.stream_side(stream);
        let title = match token {
            Some(token) => (words.stream_at)(&place, &self.token_name(side, token)),
            None => (words.stream_everywhere)(&place),
        };
        Group { title, offers }
    }
}

fn offer(label: impl Into<String>, what: Result<Intervention, Draft>) -> Offer {
    Offer { label: label.into(), what }
}

/// Every head of a layer.
fn all(layer: usize) -> Heads {
    Heads { layer: Some(layer), head: None }
}

fn is_causal(trace: &Trace, layer: usize) -> bool {
    trace.spec.blocks.get(layer).is_some_and(|block| block.attention.causal)
}
