//! From the window to a view as a figure: what it shows of which run, and the command line that shows the same.

use super::{
    charting::Colour,
    comparing::Both,
    document::Reference,
    layout::Pane,
    session::Session,
    state::{Shown, State},
    training::Live,
};
use crate::{
    analysis::Cell,
    engine::{Axes, Beside, HiddenLook, LensLook, Links, SweepAsk, View, ViewAsk},
    export::Look,
    trace::{OtherPrompt, Side, Trace},
};

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
        View::Recall => Pane::Recall,
        View::Circuits => Pane::Circuits,
        View::Composition => Pane::Composition,
        View::Atlas => Pane::Atlas,
        View::Compare => Pane::CompareHeads,
        View::Difference => Pane::SideBySide,
        View::Training => Pane::TrainCurves,
        View::Sweep => Pane::Sweep,
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
    matches!(view, View::River | View::Memory | View::Cache | View::Compare | View::Difference | View::Sweep)
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
    let Desk { session, state, .. } = desk;
    let pinned = session.pinned_query(state);
    let rows = trace.spec.blocks.get(state.head.layer).map(|block| block.part.rows());
    // These have the target's tokens, whatever the head's rows are
    let of_target = matches!(view, View::Attribution | View::Trails | View::River);
    let streams = trace.spec.streams();
    let side = streams.get(state.layer).map_or(Side::Target, |&stream| trace.spec.stream_side(stream));
    let query = match view {
        View::River => state.query,
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
        _ => (state.said.word, state.said.against),
    };
    ViewAsk {
        head: if view == View::Atlas { charted(session, state) } else { state.head },
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
        },
        lens: LensLook { tint: state.lens.tint, raw: state.lens.raw },
        rules: state.sampling.clone(),
        skip: usize::from(state.sink_apart),
        side: if view == View::Norms { side } else { Side::Target },
        picture: state.memory.picture,
        layer: Some(super::river::asked_layer(state, trace)),
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
        View::Recall => session.memory.recall.get().map(|recall| Beside::Recall(recall.clone())),
        View::Atlas => session.charting.view().map(|view| Beside::Atlas(view.atlas.clone())),
        View::Compare | View::Difference => {
            session.both(state).map(|Both { b: (number, trace), .. }| Beside::Second(number, trace.clone()))
        }
        View::Training => {
            let shown = live.at.and_then(|_| live.shown()).map(|(report, _)| report.steps);
            Some(Beside::Training(live.reports.clone(), shown))
        }
        _ => None,
    };
    found.unwrap_or_default()
}

/// Whether the interventions that are on change what a view shows.
pub fn is_changed(view: Option<View>, state: &State) -> bool {
    match view {
        Some(View::Compare | View::Difference) => !state.compare.asks(),
        // Recall asks its own questions again with them, whichever run is in sight
        Some(View::Recall) => true,
        Some(view) if is_of_clean(view) => false,
        _ => state.shown != Shown::Clean,
    }
}

/// How the command line says what a view shows.
pub fn words(ask: &ViewAsk, Desk { session, state, .. }: Desk<'_>) -> Vec<String> {
    let mut words = vec!["--view".to_owned(), ask.view.id().to_owned()];
    let mut push = |name: &str, value: String| words.extend([name.to_owned(), value]);
    match ask.view {
        View::Walk | View::Why => {
            if let (Some(query), Some(key)) = (ask.query, ask.key) {
                push("--cell", Cell { head: ask.head, query, key }.to_string());
            } else {
                push("--pick", ask.head.to_string());
                ask.query.into_iter().for_each(|query| push("--at", query.to_string()));
            }
        }
        View::Flow => {
            let others = ask.also.iter().filter(|&&other| other != ask.head);
            let heads = std::iter::once(&ask.head).chain(others).map(ToString::to_string);
            push("--pick", heads.collect::<Vec<_>>().join(","));
            push("--least", ask.threshold.to_string());
        }
        View::States => match (ask.hidden.hook, &session.trace) {
            (Some((hook, layer)), Some(trace)) => push("--hook", trace.spec.hook_name(hook, layer)),
            _ => push("--stream", ask.stream.to_string()),
        },
        View::Similarity => {
            push("--stream", ask.stream.to_string());
            if let Some(token) = ask.query.filter(|_| ask.hidden.between_layers) {
                push("--at", token.to_string());
            }
        }
        View::Attribution => {
            ask.query.into_iter().for_each(|query| push("--at", query.to_string()));
            ask.word.into_iter().for_each(|word| push("--word", format!("#{word}")));
            ask.against.into_iter().for_each(|word| push("--against", format!("#{word}")));
        }
        View::Next => {
            let rules = &ask.rules;
            push("--temperature", rules.temperature.to_string());
            rules.top_k.into_iter().for_each(|k| push("--top-k", k.to_string()));
            rules.top_p.into_iter().for_each(|p| push("--top-p", p.to_string()));
        }
        View::Trails => ask.query.into_iter().for_each(|query| push("--at", query.to_string())),
        View::River => {
            push("--picture", <&str>::from(ask.picture).to_owned());
            ask.query.into_iter().for_each(|query| push("--at", query.to_string()));
        }
        View::Memory => {
            push("--picture", <&str>::from(ask.picture).to_owned());
            ask.layer.into_iter().for_each(|layer| push("--layer", layer.to_string()));
        }
        View::Cache => push("--keep", ask.policy.to_string()),
        View::Recall => recall_words(ask, &mut push),
        View::Circuits => {
            push("--pick", ask.head.to_string());
            ask.word.into_iter().for_each(|word| push("--word", format!("#{word}")));
        }
        View::Composition => {
            push("--pick", ask.head.to_string());
            push("--kind", <&str>::from(ask.links.kind).to_owned());
            ask.links.threshold.into_iter().for_each(|from| push("--from", from.to_string()));
        }
        View::Atlas => atlas_words(ask, session, &mut push),
        View::Difference => push("--pick", ask.head.to_string()),
        View::Sweep => {
            if let Some(SweepAsk { prompt: OtherPrompt::Text(text), places, .. }) = &ask.sweep {
                push("--other", text.clone());
                push("--places", <&str>::from(*places).to_owned());
            }
            ask.word.into_iter().for_each(|word| push("--word", format!("#{word}")));
            ask.against.into_iter().for_each(|word| push("--against", format!("#{word}")));
        }
        View::Lens => push("--tint", <&str>::from(ask.lens.tint).to_owned()),
        View::Norms | View::Compare | View::Training => {}
    }
    if matches!(ask.view, View::Compare | View::Difference) {
        second_words(state, &mut push);
    }
    words.extend(flags(ask, session));
    words
}

/// Options without a value.
fn flags(ask: &ViewAsk, session: &Session) -> Vec<String> {
    let of = |view: View| ask.view == view;
    let ran = session.charting.view().and_then(|view| view.atlas.ran.texts.as_deref());
    let flags = [
        (of(View::Lens) && ask.lens.raw, "--raw"),
        (of(View::States) && ask.hidden.by_variance, "--by-variance"),
        (of(View::Similarity) && ask.hidden.between_layers, "--between-layers"),
        (of(View::Circuits) && ask.circuits.after_mlp, "--after-mlp"),
        (of(View::Circuits) && ask.circuits.plain, "--plain"),
        (of(View::Circuits) && ask.least, "--lowest"),
        (of(View::Composition) && ask.links.folded, "--folded"),
        (of(View::Composition) && ask.links.above_random, "--above-random"),
        (of(View::Atlas) && ask.axes.alike, "--alike"),
        (of(View::Atlas) && ran == Some("prompt"), "--own-text"),
    ];
    flags.into_iter().filter(|(on, _)| *on).map(|(_, flag)| flag.to_owned()).collect()
}

fn recall_words(ask: &ViewAsk, push: &mut impl FnMut(&str, String)) {
    let Beside::Recall(recall) = &ask.beside else { return };
    let listed = |numbers: &mut dyn Iterator<Item = String>| numbers.collect::<Vec<_>>().join(",");
    push("--lengths", listed(&mut recall.lengths().iter().map(usize::to_string)));
    push("--depths", listed(&mut recall.depths().iter().map(f64::to_string)));
    push("--template", <&str>::from(recall.template).to_owned());
    push("--trials", recall.trials.to_string());
}

fn atlas_words(ask: &ViewAsk, session: &Session, push: &mut impl FnMut(&str, String)) {
    let Some(view) = session.charting.view() else { return };
    push("--x", ask.axes.x.clone());
    push("--y", ask.axes.y.clone());
    push("--pick", ask.head.to_string());
    let ran = &view.atlas.ran;
    match (&view.from, ran.texts.as_deref()) {
        (Some(file), _) => push("--atlas", file.display().to_string()),
        (None, None | Some("built in" | "prompt")) => {}
        (None, Some(corpus)) => {
            push("--corpus", corpus.to_owned());
            push("--passages", ran.passages.to_string());
        }
    }
}

fn second_words(state: &State, push: &mut impl FnMut(&str, String)) {
    let choice = &state.compare;
    match &choice.model {
        None => {}
        Some(Reference::Embedded) => push("--with", "storyteller".to_owned()),
        Some(Reference::Path(path)) => push("--with", path.display().to_string()),
    }
    if !choice.asked.is_empty() {
        push("--with-prompt", choice.asked.clone());
    }
}

/// The command line that trains the same model and draws its curves.
pub fn training_command(live: &Live, look: Look, name: &str) -> Vec<String> {
    let Some(began) = &live.began else { return vec!["train".to_owned()] };
    let task: &'static str = began.task.into();
    let mut words: Vec<String> = ["train", "--task", task].map(str::to_owned).to_vec();
    let mut push = |name: &str, value: String| words.extend([name.to_owned(), value]);
    push("--layers", began.layers.to_string());
    push("--heads", began.heads.to_string());
    push("--width", began.width.to_string());
    push("--seed", began.seed.to_string());
    if let Some(text) = &began.text {
        push("--text", text.display().to_string());
    }
    push("--size", live.hand.size.to_string());
    push("--lr", live.hand.rate.to_string());
    push("--batch", live.hand.batch.to_string());
    push("--steps", live.reports.last().map_or(1, |report| report.steps.max(1)).to_string());
    if let Some(theme) = look.theme.filter(|_| look.preset.is_none()) {
        push("--theme", theme.id().to_owned());
    }
    push("--curves", name.to_owned());
    if began.mlp {
        words.push("--mlp".to_owned());
    }
    words
}
