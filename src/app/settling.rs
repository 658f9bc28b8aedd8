//! What figures of views ask for beyond the run: settings of recall, atlases, timelines, second runs and trainings.

use super::{document::Reference, exporting, session::Session, state::State, training::Live};
use crate::{
    engine::{Beside, RecallAsked, View, ViewAsk},
    export::{Look, Settings},
};

/// Recall, or random tokens that are read twice: with the interventions with which it was asked.
pub(super) fn recall_asked(ask: &ViewAsk, settings: &mut Settings) {
    let mut questions = |lengths: &[usize], depths: &[f64], template: &'static str, trials: usize| {
        let listed = |numbers: &mut dyn Iterator<Item = String>| numbers.collect::<Vec<_>>().join(",");
        settings.set("lengths", listed(&mut lengths.iter().map(usize::to_string)));
        settings.set("depths", listed(&mut depths.iter().map(f64::to_string)));
        settings.set("template", template);
        settings.set("trials", trials.to_string());
    };
    match &ask.beside {
        Beside::Recall(recall) => {
            questions(&recall.lengths(), &recall.depths(), recall.template.into(), recall.trials);
            settings.set_all("intervene", recall.interventions.iter().map(ToString::to_string));
        }
        Beside::Others(asked, _) | Beside::Carriers(asked, _) => {
            let RecallAsked { lengths, depths, template, trials, .. } = asked;
            questions(lengths, depths, (*template).into(), *trials);
        }
        Beside::Twice(read) => {
            settings.set("repeat", read.period().to_string());
            settings.set("trials", read.clean.windows.to_string());
            settings.set_all("intervene", read.interventions.iter().map(ToString::to_string));
        }
        _ => {}
    }
}

pub(super) fn atlas_asked(ask: &ViewAsk, session: &Session, settings: &mut Settings) {
    let Some(view) = session.charting.view() else { return };
    if view.from.is_none() {
        settings.set_all("intervene", view.atlas.ran.interventions.iter().map(ToString::to_string));
    }
    let mut set = |key: &str, value: String| settings.set(key, value);
    set("x", ask.axes.x.clone());
    set("y", ask.axes.y.clone());
    set("heads", ask.head.to_string());
    let ran = &view.atlas.ran;
    match (&view.from, ran.texts.as_deref()) {
        (Some(file), _) => set("atlas", file.display().to_string()),
        (None, None | Some("built in" | "prompt")) => {}
        (None, Some(corpus)) => {
            set("corpus", corpus.to_owned());
            set("passages", ran.passages.to_string());
        }
    }
}

pub(super) fn timeline_asked(ask: &ViewAsk, state: &State, settings: &mut Settings) {
    let Beside::Timeline(timeline, roles, heads) = &ask.beside else { return };
    if let Some(folder) = &state.timeline.folder {
        settings.set("folder", folder.display().to_string());
    }
    if let Some(prompt) = &timeline.prompt {
        settings.set("prompt", prompt.as_str());
    }
    settings.set_all("intervene", timeline.interventions.iter().map(ToString::to_string));
    settings.set_all("measure", roles.iter().map(|role| role.id.to_owned()));
    settings.set_all("heads", heads.iter().map(ToString::to_string));
}

pub(super) fn second_asked(state: &State, settings: &mut Settings) {
    let choice = &state.compare;
    match (choice.step.zip(state.timeline.folder.as_ref()), &choice.model) {
        (Some((step, folder)), _) => settings.set("with", format!("{}/@{step}", folder.display())),
        (None, Some(Reference::Embedded)) => settings.set("with", "storyteller"),
        (None, Some(Reference::Path(path))) => settings.set("with", path.display().to_string()),
        (None, None) => {}
    }
    if !choice.asked.is_empty() {
        settings.set("with_prompt", choice.asked.clone());
    }
}

/// The settings with which the same model is trained, and a view of that is drawn.
pub(super) fn training_settings(live: &Live, ask: &ViewAsk, look: Look, name: &str) -> Settings {
    let mut settings = Settings::default();
    settings.set("out", name);
    settings.set("view", ask.view.id());
    let Some(began) = &live.began else { return settings };
    settings.set("task", <&str>::from(began.task));
    settings.set("layers", began.layers.to_string());
    settings.set("heads", began.heads.to_string());
    settings.set("width", began.width.to_string());
    settings.set("seed", began.seed.to_string());
    if let Some(text) = &began.text {
        settings.set("text", text.display().to_string());
    }
    let (first, changes) = live.schedule.clone().unwrap_or((live.hand, Vec::new()));
    settings.set("size", first.size.to_string());
    settings.set("lr", first.rate.to_string());
    settings.set("batch", first.batch.to_string());
    // A moment that is looked at is the end of a shorter training
    let report =
        if ask.view == View::Training { live.reports.last() } else { live.shown().map(|shown| shown.0) };
    let steps = report.map_or(0, |report| report.steps);
    let held = changes.iter().filter(|change| change.after < steps);
    settings.set_all("change", held.map(ToString::to_string));
    settings.set("steps", steps.to_string());
    if began.mlp {
        settings.set_yes("mlp");
    }
    let marked = live.at.filter(|_| ask.view == View::Training).and_then(|_| live.shown());
    if let Some((report, _)) = marked {
        settings.set("mark", report.steps.to_string());
    }
    if ask.view == View::Step {
        settings.set("head", ask.head.to_string());
        ask.query.into_iter().for_each(|token| settings.set("read", token.to_string()));
    }
    exporting::looks(look, &mut settings);
    settings
}
