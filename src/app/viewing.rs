//! From the window to a view as a figure: what it shows of which run, and the command line that shows the same.

use super::{
    charting::Colour,
    comparing::Both,
    layout::Pane,
    memory::honesty_key,
    session::Session,
    settling::{atlas_asked, recall_asked, second_asked, timeline_asked},
    state::{Shown, State},
    timeline::Whose,
    training::Live,
};
use crate::{
    analysis::{Cell, NormsOf},
    engine::{Axes, Beside, HiddenLook, LensLook, Links, REPORT_EVERY, SeenMoment, SweepAsk, View, ViewAsk},
    export::Settings,
    trace::{OtherPrompt, Side, Trace},
};
use std::sync::Arc;

/// The pane that shows a view.
pub fn pane_of(view: View) -> Pane {
    match view {
        View::Lens => Pane::Lens,
        View::Flow => Pane::Flow,
        View::Walk => Pane::Walk,
        View::Why => Pane::Why,
        View::Attribution => Pane::Attribution,
        View::Next => Pane::Next,
        View::Similarity => Pane::Similarity,
        View::Trails => Pane::Trails,
        View::Norms => Pane::Norms,
        View::States => Pane::Stream,
        View::River => Pane::River,
        View::Memory => Pane::MemoryMap,
        View::Cache => Pane::Cache,
        View::Recall | View::Distance | View::Others | View::Carriers | View::Masked | View::Twice => {
            Pane::Recall
        }
        View::Circuits => Pane::Circuits,
        View::Composition => Pane::Composition,
        View::Atlas => Pane::Atlas,
        View::Compare => Pane::CompareHeads,
        View::Difference => Pane::SideBySide,
        View::Training => Pane::TrainCurves,
        View::Trained => Pane::TrainHeads,
        View::Step => Pane::TrainNumbers,
        View::Sweep => Pane::Sweep,
        View::Timeline => Pane::Timeline,
        View::Tokens => Pane::Prompt,
        View::Details => Pane::Details,
        View::Honesty => Pane::Honesty,
        View::Tensor => Pane::Weights,
        View::Aligned => Pane::CompareWords,
    }
}

/// What is open, selected and in training.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// What is open.
    pub session: &'a Session,
    /// What is selected.
    pub state: &'a State,
    /// What is in training.
    pub live: &'a Live,
}

/// Whether its pane shows the run without interventions, whatever else is in sight.
fn is_of_clean(view: View) -> bool {
    matches!(view, View::Compare | View::Difference | View::Aligned | View::Sweep)
}

/// The run that a view shows, with its number.
pub fn run_of<'a>(view: Option<View>, session: &'a Session, state: &State) -> (u64, Option<&'a Trace>) {
    match view {
        Some(view) if is_of_clean(view) => (session.run, session.trace.as_ref()),
        _ => session.visible(state),
    }
}

/// What a view shows of the state, in the run `trace`.
pub fn ask(view: View, desk: Desk<'_>, trace: &Trace) -> ViewAsk {
    let Desk { session, state, live } = desk;
    let pinned = session.pinned_query(state);
    let rows = trace.spec.blocks.get(state.head.layer).map(|block| block.part.rows());
    // These have the target's tokens, whatever the head's rows are
    let of_target = matches!(view, View::Attribution | View::Trails | View::River);
    let streams = trace.spec.streams();
    let side = streams.get(state.layer).map_or(Side::Target, |&stream| trace.spec.stream_side(stream));
    let query = match view {
        View::River | View::Honesty => state.query,
        View::Step => live.token,
        // Its token is of the stream's text, whichever the head's rows are of
        View::Similarity if rows != Some(side) => {
            let columns = trace.spec.blocks.get(state.head.layer).map(|block| block.part.columns());
            state.key.filter(|_| columns == Some(side))
        }
        _ => pinned,
    };
    let links = state.composition;
    let (word, against) = match view {
        View::Circuits => (state.circuits.word, None),
        View::Sweep => (state.sweep.of, state.sweep.less),
        View::Honesty => (state.memory.answer, None),
        _ => (state.said.word, state.said.against),
    };
    ViewAsk {
        head: match view {
            View::Atlas => charted(session, state),
            View::Step => live.head,
            _ => state.head,
        },
        query: query.filter(|_| !of_target || rows == Some(Side::Target)),
        key: state.key,
        also: state.heads(),
        threshold: state.flow.threshold,
        stream: state.layer,
        word,
        against,
        sweep: state.sweep.ask(session.sweeping.of(session.run).cloned()).filter(|_| view == View::Sweep),
        in_order: state.said.in_order,
        hidden: HiddenLook {
            hook: streams.get(state.layer).and_then(|&stream| state.hidden.at(trace, stream)),
            by_variance: state.hidden.by_variance,
            between_layers: state.hidden.between_layers,
            norms: state.hidden.norms,
        },
        lens: LensLook { tint: state.lens.tint, raw: state.lens.raw },
        rules: state.sampling.clone(),
        skip: usize::from(state.sink_apart),
        side: if view == View::Norms { side } else { Side::Target },
        picture: state.memory.picture,
        layer: match view {
            View::Honesty => state.memory.last_layer.filter(|&layer| layer < trace.n_layers()),
            _ => Some(super::river::asked_layer(state, trace)),
        },
        tint: state.tokens.tint,
        beneath: state.tokens.beneath,
        tensor: state.tensor.clone(),
        policy: state.memory.policy(trace.n_tokens()),
        circuits: state.circuits.options,
        least: state.circuits.least,
        links: Links {
            kind: links.kind,
            folded: links.folded,
            above_random: links.above_random,
            threshold: links.threshold.map(f64::from),
        },
        axes: Axes {
            x: state.atlas.x.clone(),
            y: state.atlas.y.clone(),
            alike: state.atlas.colour == Colour::Alike,
        },
        beside: beside(view, desk),
        ..ViewAsk::new(view)
    }
}

/// The head that the atlas marks.
fn charted(session: &Session, state: &State) -> crate::model::HeadId {
    let of = session.charting.view().map(|view| view.atlas.model.as_str());
    let own = session.trace.as_ref().map(|trace| trace.model_name.as_str());
    if of == own { state.head } else { state.atlas.head }
}

/// What workers have found out that is not of the run.
fn beside(view: View, Desk { session, state, live }: Desk<'_>) -> Beside {
    let found = match view {
        View::Recall | View::Distance => {
            session.memory.recall.get().map(|recall| Beside::Recall(recall.clone()))
        }
        View::Others => {
            session.memory.others.get().map(|(asked, found)| Beside::Others(asked.clone(), found.clone()))
        }
        View::Carriers | View::Masked => {
            let known = session.memory.carriers.get();
            known.map(|(asked, found)| Beside::Carriers(asked.clone(), Arc::clone(found)))
        }
        View::Twice => session.memory.twice.get().map(|read| Beside::Twice(Arc::clone(read))),
        View::Atlas => session.charting.view().map(|view| Beside::Atlas(view.atlas.clone())),
        View::Honesty => {
            let asked = session.trace.as_ref().map(|trace| honesty_key(state, session.run, trace));
            let known = session.memory.honesty.latest().filter(|(key, _)| Some(**key) == asked);
            known.map(|(_, honesty)| Beside::Honesty(Box::new(honesty.clone())))
        }
        View::Compare | View::Difference | View::Aligned => {
            session.both(state).map(|Both { b: (number, trace), .. }| Beside::Second(number, trace.clone()))
        }
        View::Training => {
            let shown = live.at.and_then(|_| live.shown()).map(|(report, _)| report.steps);
            Some(Beside::Training(live.reports.clone(), shown))
        }
        View::Trained | View::Step => live.shown().zip(live.probe).map(|((report, trace), probe)| {
            Beside::Moment(Arc::new(SeenMoment {
                reports: Arc::clone(&live.reports),
                every: REPORT_EVERY,
                report: report.clone(),
                trace: Arc::clone(trace),
                probe,
            }))
        }),
        View::Timeline => session.timelines.measured(&state.timeline).map(|(timeline, roles)| {
            let heads = match state.timeline.whose {
                Whose::Best => Vec::new(),
                Whose::Selected => state.heads(),
            };
            Beside::Timeline(Arc::new(timeline), roles, heads)
        }),
        _ => None,
    };
    found.unwrap_or_default()
}

/// Whether the interventions that are on change what a view shows.
pub fn is_changed(view: Option<View>, state: &State) -> bool {
    match view {
        Some(View::Compare | View::Difference | View::Aligned) => !state.compare.asks(),
        // They say themselves with what they were made
        Some(view) if pane_of(view) == Pane::Recall || view == View::Atlas => false,
        Some(view) if is_of_clean(view) => false,
        _ => state.shown != Shown::Clean,
    }
}

/// Says what a view shows as the command line does.
pub fn settle(ask: &ViewAsk, Desk { session, state, .. }: Desk<'_>, settings: &mut Settings) {
    settings.set("view", ask.view.id());
    let mut set = |key: &str, value: String| settings.set(key, value);
    match ask.view {
        View::Walk | View::Why | View::Details | View::Tokens => {
            if let (Some(query), Some(key)) = (ask.query, ask.key) {
                set("cell", Cell { head: ask.head, query, key }.to_string());
            } else {
                set("heads", ask.head.to_string());
                ask.query.into_iter().for_each(|query| set("at", query.to_string()));
            }
        }
        View::Flow => {
            let others = ask.also.iter().filter(|&&other| other != ask.head);
            let heads = std::iter::once(&ask.head).chain(others).map(ToString::to_string);
            set("least", ask.threshold.to_string());
            settings.set_all("heads", heads);
        }
        View::States => match (ask.hidden.hook, &session.trace) {
            (Some((hook, layer)), Some(trace)) => set("hook", trace.spec.hook_name(hook, layer)),
            _ => set("stream", ask.stream.to_string()),
        },
        View::Similarity => {
            set("stream", ask.stream.to_string());
            if let Some(token) = ask.query.filter(|_| ask.hidden.between_layers) {
                set("at", token.to_string());
            }
        }
        View::Attribution => {
            ask.query.into_iter().for_each(|query| set("at", query.to_string()));
            ask.word.into_iter().for_each(|word| set("word", format!("#{word}")));
            ask.against.into_iter().for_each(|word| set("against", format!("#{word}")));
        }
        View::Next => {
            let rules = &ask.rules;
            set("temperature", rules.temperature.to_string());
            rules.top_k.into_iter().for_each(|k| set("top_k", k.to_string()));
            rules.top_p.into_iter().for_each(|p| set("top_p", p.to_string()));
        }
        View::Trails => ask.query.into_iter().for_each(|query| set("at", query.to_string())),
        View::River => {
            set("picture", <&str>::from(ask.picture).to_owned());
            ask.query.into_iter().for_each(|query| set("at", query.to_string()));
        }
        View::Memory => {
            set("picture", <&str>::from(ask.picture).to_owned());
            ask.layer.into_iter().for_each(|layer| set("layer", layer.to_string()));
        }
        View::Cache => set("keep", ask.policy.to_string()),
        View::Recall | View::Distance | View::Others | View::Carriers | View::Masked | View::Twice => {
            recall_asked(ask, settings);
        }
        View::Circuits => {
            set("heads", ask.head.to_string());
            ask.word.into_iter().for_each(|word| set("word", format!("#{word}")));
        }
        View::Composition => {
            set("heads", ask.head.to_string());
            set("kind", <&str>::from(ask.links.kind).to_owned());
            ask.links.threshold.into_iter().for_each(|from| set("from", from.to_string()));
        }
        View::Atlas => atlas_asked(ask, session, settings),
        View::Difference => set("heads", ask.head.to_string()),
        View::Sweep => {
            if let Some(SweepAsk { prompt: OtherPrompt::Text(text), places, .. }) = &ask.sweep {
                set("other", text.clone());
                set("places", <&str>::from(*places).to_owned());
            }
            ask.word.into_iter().for_each(|word| set("word", format!("#{word}")));
            ask.against.into_iter().for_each(|word| set("against", format!("#{word}")));
        }
        View::Honesty => {
            ask.query.into_iter().for_each(|query| set("at", query.to_string()));
            ask.layer.into_iter().for_each(|layer| set("layer", layer.to_string()));
            ask.word.into_iter().for_each(|word| set("word", format!("#{word}")));
        }
        View::Tensor => ask.tensor.iter().for_each(|name| set("tensor", name.clone())),
        View::Lens => set("tint", <&str>::from(ask.lens.tint).to_owned()),
        View::Norms => {
            if ask.side == Side::Source {
                set("side", "source".to_owned());
            }
            if ask.hidden.norms != NormsOf::Stream {
                set("norms_of", <&str>::from(ask.hidden.norms).to_owned());
            }
        }
        View::Timeline => timeline_asked(ask, state, settings),
        View::Compare | View::Aligned | View::Training | View::Trained | View::Step => {}
    }
    if ask.view == View::Tokens {
        settings.set("tinted_by", <&str>::from(ask.tint));
        settings.set("beneath", <&str>::from(ask.beneath));
    }
    if matches!(ask.view, View::Compare | View::Difference | View::Aligned) {
        second_asked(state, settings);
    }
    flags(ask, session).filter(|(on, _)| *on).for_each(|(_, flag)| settings.set_yes(flag));
}

/// Options without a value.
fn flags(ask: &ViewAsk, session: &Session) -> impl Iterator<Item = (bool, &'static str)> {
    let of = |view: View| ask.view == view;
    let ran = session.charting.view().and_then(|view| view.atlas.ran.texts.as_deref());
    let flags = [
        (of(View::Lens) && ask.lens.raw, "raw"),
        (of(View::States) && ask.hidden.by_variance, "by_variance"),
        (of(View::Similarity) && ask.hidden.between_layers, "between_layers"),
        (of(View::Attribution) && ask.in_order, "in_order"),
        (of(View::Trails) && ask.skip == 0, "with_first"),
        (of(View::Circuits) && ask.circuits.after_mlp, "after_mlp"),
        (of(View::Circuits) && ask.circuits.plain, "plain"),
        (of(View::Circuits) && ask.least, "lowest"),
        (of(View::Composition) && ask.links.folded, "folded"),
        (of(View::Composition) && ask.links.above_random, "above_random"),
        (of(View::Atlas) && ask.axes.alike, "alike"),
        (of(View::Atlas) && ran == Some("prompt"), "own_text"),
    ];
    flags.into_iter()
}
