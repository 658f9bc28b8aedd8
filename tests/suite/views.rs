//! Contract: every view is written as a figure and as its numbers, by the window and on the command line alike, and the
//! numbers are those of the analysis.

use crate::parity::storyteller_run;
use crate::window::{send, until, window_of, window_on};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use mnemoscope::analysis::circuits::{CircuitOptions, Kind, compose, head_circuits};
use mnemoscope::analysis::{self, Cell, LensOptions, Picture, Question};
use mnemoscope::app::charting::{AtlasAct, AtlasChoice, Source};
use mnemoscope::app::command::Command;
use mnemoscope::app::exporting::{Finish, Piece};
use mnemoscope::app::layout::Pane;
use mnemoscope::app::memory::RecallView;
use mnemoscope::app::settings::Settings;
use mnemoscope::app::training::{Act, Choice};
use mnemoscope::app::viewing::pane_of;
use mnemoscope::app::{Dialog, Window};
use mnemoscope::engine::{
    self, AtlasOptions, Beside, CurvePair, Job, ModelSource, Places, Policy, Prompt, Reading, RecallAsked,
    RecallOptions, RunOptions, SeenMoment, SweepAsk, TrainOptions, Training, View, ViewAsk, ViewError, plate,
};
use mnemoscope::export::figure::Drawing;
use mnemoscope::export::picture::Limits;
use mnemoscope::export::{Body, Caption, Lang, Look, Plate, Preset};
use mnemoscope::model::{HeadId, Model, Sampling, choices};
use mnemoscope::render::{ColorMap, Scale, Shader, Theme, ValueRange};
use mnemoscope::trace::{OtherPrompt, Trace};
use mnemoscope::train::{Hand, Setup};
use std::ops::ControlFlow;
use std::sync::Arc;
use strum::IntoEnumIterator as _;

const PROMPT: &str = "Mary has a red ball. Tom has a blue kite. Mary plays with the";

pub(crate) fn of(model: Option<&Model>, trace: &Trace, ask: &ViewAsk) -> Result<Plate, ViewError> {
    plate(model, trace, ask, &mut |_| ControlFlow::Continue(()))
}

fn ask(view: View) -> ViewAsk {
    ask_on(view, PROMPT)
}

/// A view of the run of a prompt about Mary; a sweep patches from the same about Tom.
fn ask_on(view: View, prompt: &str) -> ViewAsk {
    let head = HeadId { layer: 4, head: 1 };
    if view != View::Sweep {
        return ViewAsk { head, ..ViewAsk::new(view) };
    }
    let prompt = OtherPrompt::Text(prompt.replace("Mary", "Tom"));
    let sweep = Some(SweepAsk { prompt, places: Places::Tokens, known: None });
    ViewAsk { head, word: Some(888), against: Some(931), sweep, ..ViewAsk::new(view) }
}

/// What a view shows beside the run: a second run, a small atlas, a few questions, a made-up training.
fn beside(view: View, model: &Model) -> Beside {
    match view {
        View::Atlas => {
            let options = AtlasOptions { probes: 1, passages: 2, ..AtlasOptions::default() };
            Beside::Atlas(Arc::new(engine::atlas(model, &options, &Job::new()).expect("made")))
        }
        View::Recall | View::Distance => {
            let options = RecallOptions { lengths: vec![32, 48], depths: vec![0.0, 1.0], ..questions() };
            Beside::Recall(engine::recall(model, &options, &Job::new()).expect("asked"))
        }
        View::Others | View::Carriers | View::Masked => {
            let options = questions();
            let asked = RecallAsked::of(model, &options);
            if view == View::Others {
                let found = engine::among_others(model, &options, Some(&[0, 2]), &Job::new()).expect("asked");
                return Beside::Others(asked, found);
            }
            let found = engine::carriers(model, &options, &Job::new()).expect("asked");
            Beside::Carriers(asked, Arc::new(found))
        }
        View::Twice => {
            let reading = Reading::Repeat { period: 6, trials: 1, seed: 0 };
            let cut = vec!["zero=4.1".parse().expect("an intervention")];
            Beside::Twice(Arc::new(CurvePair::new(model, &reading, cut, &Job::new()).expect("read")))
        }
        View::Compare | View::Difference | View::Aligned => {
            let prompt = Prompt::Text(PROMPT.replace("Tom", "Anna and Tom"));
            let run = engine::run(model, &prompt, &RunOptions::default(), &Job::new(), &mut |_| {});
            Beside::Second(1, run.expect("it runs"))
        }
        View::Training => Beside::Training(Arc::new(trained().reports().to_vec()), Some(2)),
        View::Trained | View::Step => {
            let training = trained();
            Beside::Moment(Arc::new(SeenMoment {
                reports: Arc::new(training.reports().to_vec()),
                every: 2,
                report: training.reports().last().expect("a report").clone(),
                trace: Arc::clone(training.trace().expect("a run")),
                probe: training.probe(),
            }))
        }
        View::Timeline => Beside::Timeline(Arc::new(checkpoints()), Vec::new(), Vec::new()),
        _ => Beside::None,
    }
}

/// One question about a fact.
fn questions() -> RecallOptions {
    RecallOptions {
        template: None,
        lengths: vec![40],
        depths: vec![0.5],
        trials: 1,
        seed: 0,
        memory_budget: None,
        interventions: Vec::new(),
        distractors: None,
    }
}

/// Two moments of the model that is made by hand.
fn checkpoints() -> mnemoscope::analysis::timeline::Timeline {
    let folder = tempfile::tempdir().expect("a folder");
    crate::timeline::by_hand(&folder.path().join("step0"), &[0, 1]);
    crate::timeline::by_hand(&folder.path().join("step10"), &[]);
    let found = engine::Checkpoints::of(folder.path()).expect("two checkpoints");
    let options = engine::TimelineOptions::default();
    engine::timeline(&found, &options, &Job::new(), &mut |_| {}).expect("asked").0
}

/// The first steps of a training.
fn trained() -> Training {
    let setup = Setup { layers: 2, heads: 4, width: 16, ..Setup::default() };
    let hand = Hand { batch: 2, ..Hand::usual(&setup) };
    let options = TrainOptions {
        setup,
        hand,
        changes: Vec::new(),
        steps: 4,
        report_every: 2,
        stop_at_induction: None,
        stop_at_accuracy: None,
        folder: None,
        save_every: None,
    };
    engine::train(&options, &Job::new(), &mut |_| ControlFlow::Continue(())).expect("it trains")
}

/// A view with everything that it shows.
fn whole(view: View, model: &Model) -> ViewAsk {
    let head = if view == View::Step { HeadId { layer: 0, head: 1 } } else { ask(view).head };
    ViewAsk { beside: beside(view, model), head, ..ask(view) }
}

/// Values of one column, as numbers.
fn column(plate: &Plate, name: &str) -> Vec<f64> {
    let table = plate.numbers().expect("a table");
    let at = table.columns.iter().position(|own| *own == name).expect("the column");
    table.rows.iter().map(|row| row[at].as_f64().expect("a number")).collect()
}

#[track_caller]
fn same(found: &[f64], expected: impl IntoIterator<Item = f64>) {
    let expected: Vec<f64> = expected.into_iter().collect();
    assert_eq!(found.len(), expected.len());
    for (index, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= 1e-6 * b.abs().max(1.0), "{index}: {a} is not {b}");
    }
}

/// Nothing that is written leaves its page.
#[track_caller]
fn keeps_to_its_page(drawing: &Drawing, what: &str) {
    for text in drawing.texts() {
        for [x, y] in text.outline() {
            let inside =
                (-0.5..=drawing.width + 0.5).contains(&x) && (-0.5..=drawing.height + 0.5).contains(&y);
            assert!(
                inside,
                "{what}: `{}` reaches {x:.1}, {y:.1} of {} × {}",
                text.text, drawing.width, drawing.height
            );
        }
    }
}

/// No text lies on another one.
#[track_caller]
fn words_lie_apart(drawing: &Drawing, what: &str) {
    let boxes: Vec<_> = drawing.texts().map(|text| (text.outline(), &text.text, text.turn)).collect();
    for (place, (own, text, turned)) in boxes.iter().enumerate() {
        for (other, next, slanted) in &boxes[place + 1..] {
            // Slanted labels run beside one another, their boxes do not tell
            if *turned != 0.0 || *slanted != 0.0 {
                continue;
            }
            let ([[left, top], _, [right, bottom], _], [[x, y], _, [end, foot], _]) = (*own, *other);
            let apart = right.min(end) - left.max(x) < 0.5 || bottom.min(foot) - top.max(y) < 0.5;
            assert!(apart, "{what}: `{text}` lies on `{next}`");
        }
    }
}

/// What is below zero shows on every map: zero is its middle, the least and the greatest are its ends.
#[test]
fn a_sign_is_seen_on_every_map() {
    let (_, trace) = storyteller_run(PROMPT);
    let plate = of(None, &trace, &ask(View::States)).expect("states");
    let Body::Map { values, signed: true, .. } = &plate.body else { panic!("values of both signs") };
    for map in ColorMap::iter() {
        let range = ValueRange::fit(map, true, values);
        let shader = Shader::new(map, Scale::Linear, range);
        let [below, nothing, above] = [-range.high, 0.0, range.high].map(|value| shader.color(value));
        assert!(below != nothing && nothing != above && above != below, "{map:?}");
    }
    for preset in Preset::iter() {
        let look = Look { preset: Some(preset), ..Look::default() };
        let drawing = plate.draw(look, Limits::PIXELS).expect("drawn");
        assert!(
            drawing.texts().any(|text| text.text.starts_with('−')),
            "{preset:?}: no lower end in the legend"
        );
    }
}

#[test]
fn every_view_is_drawn_on_its_page_in_every_preset_and_says_what_it_is() {
    let (model, trace) = storyteller_run(PROMPT);
    let mut captions = String::new();
    for view in View::iter() {
        let asked = whole(view, &model);
        let plate = of(Some(&model), &trace, &asked).unwrap_or_else(|error| panic!("{view:?}: {error}"));
        for preset in std::iter::once(None).chain(Preset::iter().map(Some)) {
            for lang in Lang::iter() {
                let drawing =
                    plate.draw(Look { preset, lang, ..Look::default() }, Limits::PIXELS).expect("drawn");
                let what = format!("{view:?} {preset:?} {lang:?}");
                keeps_to_its_page(&drawing, &what);
                words_lie_apart(&drawing, &what);
                if let Some(preset) = preset {
                    let most = preset.style(Theme::Light).height + 1.0;
                    assert!(drawing.height <= most, "{what} is {} high, more than {most}", drawing.height);
                }
                assert!(drawing.shapes.len() > 10, "{what} is empty");
                if lang == Lang::Zh {
                    crate::figure_words::reads_chinese(&drawing, &plate, &trace, &what);
                }
            }
        }
        assert!(!plate.numbers().expect("a table").rows.is_empty(), "{view:?} has no numbers");
        crate::captions::states(view, &plate, &trace, &mut captions);
    }
    crate::captions::compiles(&captions);
}

#[test]
fn every_view_has_a_caption_in_both_languages() {
    let (model, trace) = storyteller_run(PROMPT);
    let chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    for view in View::iter() {
        let plate = of(Some(&model), &trace, &whole(view, &model)).expect("a plate");
        let [Caption { text: en, .. }, Caption { text: zh, formulas }] =
            [Lang::En, Lang::Zh].map(|lang| plate.caption(Some(&trace), lang, "mnemoscope export"));
        assert!(!en.chars().any(chinese) && zh.chars().any(chinese), "{view:?}: {en} {zh}");
        assert!(zh.contains(env!("CARGO_PKG_VERSION")) && zh.ends_with("mnemoscope export"), "{zh}");
        // Quoted texts, formulas and names of measures apart, there is no English left
        let own = zh.split("由 Mnemoscope").next().unwrap_or_default();
        let own = formulas.iter().fold(own.to_owned(), |own, formula| own.replace(formula, ""));
        let quoted = |(at, part): (usize, &str)| (at % 2 == 0).then(|| part.to_owned());
        let own: String = own.split(['“', '”']).enumerate().filter_map(quoted).collect();
        for english in [" the ", " of ", " and ", " over ", " token", "tokens", "head ", "layer", " in "] {
            assert!(!own.contains(english), "{view:?}: `{english}` is in {own}");
        }
    }
}

#[test]
fn the_numbers_are_those_of_the_analysis() {
    let (model, trace) = storyteller_run(PROMPT);
    let go = &mut |_| ControlFlow::Continue(());
    let options = LensOptions::new(0..trace.n_tokens(), 5);
    let lens = analysis::lens(&model, &trace, &options, go).expect("a lens");
    let p = lens.layers.iter().flat_map(|layer| layer.tokens.iter().flatten()).map(|one| f64::from(one.p));
    same(&column(&of(Some(&model), &trace, &ask(View::Lens)).expect("a lens"), "p"), p);

    let cell = Cell { head: HeadId { layer: 4, head: 1 }, query: 16, key: 4 };
    let asked = ViewAsk::of_cell(View::Why, cell);
    let why = analysis::why(Some(&model.network), &trace, cell, go).expect("taken apart");
    let sum: f64 = column(&of(Some(&model), &trace, &asked).expect("taken apart"), "value").iter().sum();
    assert!((sum - why.product - why.distance).abs() < 1e-4, "{sum} is not the score {}", why.product);

    let best = trace.next[0].id;
    let question = Question { token: trace.n_tokens() - 1, word: best, against: None };
    let said = analysis::attribute(&model.network, &trace, question, go).expect("taken apart");
    let plate = of(Some(&model), &trace, &ask(View::Attribution)).expect("taken apart");
    let sum: f64 = column(&plate, "value").iter().sum();
    assert!((sum - said.logit()).abs() < 1e-3, "{sum} is not the logit {}", said.logit());

    let rules = Sampling { temperature: 1.0, top_k: Some(3), ..Sampling::default() };
    let plate =
        of(Some(&model), &trace, &ViewAsk { rules: rules.clone(), ..ask(View::Next) }).expect("words");
    let all = choices(trace.answer_logits(), &rules, 40);
    same(&column(&plate, "p"), all.list.iter().map(|(_, p)| *p));

    let last = trace.spec.streams().last().copied().expect("a stream");
    let plate = of(None, &trace, &ask(View::States)).expect("states");
    same(&column(&plate, "value"), trace.stream(last).iter().map(|&x| f64::from(x)));

    let plate = of(None, &trace, &ask(View::Flow)).expect("lines");
    let pattern = trace.pattern(HeadId { layer: 4, head: 1 });
    let weights: Vec<f64> = column(&plate, "weight");
    let strong = (0..trace.n_tokens()).flat_map(|query| pattern.row(query));
    assert_eq!(weights.len(), strong.filter(|weight| *weight >= 0.05).count());
}

#[test]
fn the_numbers_under_the_pin_and_of_weights_are_those_of_the_run() {
    let (model, trace) = storyteller_run(PROMPT);
    let head = HeadId { layer: 4, head: 1 };
    let at = trace.n_tokens() - 1;
    let row = trace.pattern(head).row(at);

    let plate = of(Some(&model), &trace, &ask(View::Tokens)).expect("tokens");
    same(&column(&plate, "tint"), row.iter().map(|&weight| f64::from(weight)));
    let tint = analysis::Tint::Entropy;
    let plate = of(Some(&model), &trace, &ViewAsk { tint, ..ask(View::Tokens) }).expect("tokens");
    let go = &mut |_| ControlFlow::Continue(());
    let said = analysis::predicted(&model.network, &trace, go).expect("it says what follows");
    same(&column(&plate, "tint"), said.entropy.iter().copied());
    let wanting = of(None, &trace, &ViewAsk { tint, ..ask(View::Tokens) });
    assert!(matches!(wanting, Err(ViewError::NeedsModel)));

    let plate = of(None, &trace, &ask(View::Details)).expect("details");
    let mut best: Vec<f64> = row.iter().map(|&weight| f64::from(weight)).collect();
    best.sort_by(|a, b| b.total_cmp(a));
    let listed = column(&plate, "value");
    same(&listed[..10], best[..10].iter().copied());
    let own = trace.measures(head);
    let measures = analysis::MEASURES.iter().map(|measure| (measure.value)(&own));
    same(&listed[10..10 + analysis::MEASURES.len()], measures);

    let name = "blocks.3.attn.W_Q".to_owned();
    let plate = of(Some(&model), &trace, &ViewAsk { tensor: Some(name.clone()), ..ask(View::Tensor) })
        .expect("a weight");
    let stats = analysis::tensor_stats(&model, &name).expect("a weight");
    same(&column(&plate, "count"), stats.histogram.iter().map(|&count| count as f64));
    let none = of(Some(&model), &trace, &ViewAsk { tensor: Some("W_X".to_owned()), ..ask(View::Tensor) });
    assert!(matches!(none, Err(ViewError::NoTensor(_))));
}

#[test]
fn the_numbers_of_memory_are_those_of_the_analysis() {
    let (model, trace) = storyteller_run(PROMPT);
    let go = &mut |_| ControlFlow::Continue(());
    let picture = Picture::Rollout;
    let token = trace.n_tokens() - 1;
    let river = analysis::river(&model.network, &trace, token, picture, go).expect("traced");
    let plate = of(Some(&model), &trace, &ViewAsk { picture, ..ask(View::River) }).expect("traced");
    same(&column(&plate, "value"), river.values.iter().flatten().copied());

    let map = analysis::memory_map(&model.network, &trace, 2, picture, go).expect("traced");
    let asked = ViewAsk { picture, layer: Some(2), ..ask(View::Memory) };
    let plate = of(Some(&model), &trace, &asked).expect("traced");
    same(&column(&plate, "value"), map.values.iter().flatten().map(|&value| f64::from(value as f32)));

    let options = engine::HonestyOptions { layer: Some(2), ..engine::HonestyOptions::default() };
    let honesty = engine::honesty(&model, &trace, &options, &Job::new()).expect("read");
    let asked = ViewAsk { layer: Some(2), ..ask(View::Honesty) };
    let plate = of(Some(&model), &trace, &asked).expect("read");
    let dearest = honesty.by_cost().into_iter().take(trace.n_tokens() - 1);
    same(&column(&plate, "cut"), dearest.clone().map(|source| honesty.drops[source]));
    let rollout = &honesty.of(picture).expect("a picture").values;
    same(&column(&plate, "rollout"), dearest.map(|source| rollout[source]));

    let policy: Policy = "sinks:1+recent:4".parse().expect("a policy");
    let asked = ViewAsk { policy: policy.clone(), ..ask(View::Cache) };
    let plate = of(Some(&model), &trace, &asked).expect("run");
    let (eviction, under) = engine::evict(&model, &trace, &policy, &Job::new()).expect("run");
    let cache = analysis::kv_cache(&under, 32).expect("a cache");
    let table = plate.numbers().expect("a table");
    for (cell, row) in table.rows.iter().enumerate() {
        let (layer, entry) = (cell / trace.n_tokens(), cell % trace.n_tokens());
        let kept = eviction.gone[layer][entry].is_none();
        let expected = kept.then_some(cache.layers[layer].received[entry]);
        let found = row[4].as_f64();
        assert_eq!(found.is_some(), expected.is_some(), "{layer} {entry}");
        assert!((found.unwrap_or(0.0) - expected.unwrap_or(0.0)).abs() < 1e-6);
    }
}

#[test]
fn the_numbers_of_weights_and_pairs_are_those_of_the_analysis() {
    let (model, trace) = storyteller_run(PROMPT);
    let go = &mut |_| ControlFlow::Continue(());
    let head = HeadId { layer: 4, head: 1 };
    let found = head_circuits(&model.network, head, CircuitOptions::default(), go).expect("circuits");
    let plate = of(Some(&model), &trace, &ask(View::Circuits)).expect("circuits");
    let best = found.looks.scan(1, go).expect("scanned").ends.most[0].value;
    assert!((column(&plate, "value")[0] - best).abs() < 1e-9);

    let composed = compose(&model.network, Kind::K, false, go).expect("composed");
    let plate = of(Some(&model), &trace, &ask(View::Composition)).expect("composed");
    let strongest = composed.strongest(24).into_iter().map(|link| link.score);
    same(&column(&plate, "score"), strongest);

    let asked = whole(View::Compare, &model);
    let Beside::Second(_, second) = &asked.beside else { panic!("a second run") };
    let comparison = engine::compare(&trace, second, &Job::new()).expect("compared");
    let plate = of(Some(&model), &trace, &asked).expect("compared");
    let ranked = comparison.by_divergence();
    same(
        &column(&plate, "divergence"),
        ranked.iter().filter_map(|head| head.distance.as_ref()).map(|distance| distance.divergence),
    );
}

#[test]
fn a_run_without_its_model_says_what_it_lacks() {
    let (_, trace) = storyteller_run(PROMPT);
    for view in View::iter() {
        match of(None, &trace, &ask(view)) {
            Ok(_) => assert!(!view.needs_model() && !view.needs_more(), "{view:?}"),
            Err(error) if view.needs_more() => {
                assert!(
                    matches!(error, ViewError::Missing(_)) && error.hint().is_some(),
                    "{view:?}: {error}"
                );
            }
            Err(error) => {
                assert!(view.needs_model() && matches!(error, ViewError::NeedsModel), "{view:?}: {error}");
                assert!(error.hint().is_some());
            }
        }
    }
}

/// What a pane shows is a figure, a form and a list of what was done apart.
#[test]
fn every_pane_has_a_figure() {
    let of_words = [
        // Choices of the next training: what comes of them is `training`, `trained` and `step`
        Pane::TrainSetup,
        // What was done here and how long it took: of this sitting, not of a model
        Pane::Log,
    ];
    for pane in Pane::iter() {
        let pieces: Vec<Piece> = Piece::each_of(pane).collect();
        assert_eq!(pieces.is_empty(), of_words.contains(&pane), "{pane:?}: {pieces:?}");
        assert_eq!(pieces.first().copied(), Piece::of(pane), "{pane:?}");
    }
    assert_eq!(Piece::each_of(Pane::Recall).count(), 6);
}

#[test]
fn short_prompts_have_their_views_too() {
    for prompt in ["Mary", "Mary has", "Mary has a"] {
        let (model, trace) = storyteller_run(prompt);
        // Those of weights, atlases and trainings do not depend on the prompt
        let of_prompt = |view: &View| {
            !matches!(
                view,
                View::Atlas
                    | View::Recall
                    | View::Distance
                    | View::Others
                    | View::Carriers
                    | View::Masked
                    | View::Twice
                    | View::Training
                    | View::Trained
                    | View::Step
                    | View::Timeline
                    | View::Circuits
                    | View::Composition
                    | View::Difference
                    | View::Compare
                    | View::Aligned
                    | View::Tensor
            )
        };
        for view in View::iter().filter(of_prompt) {
            let plate = of(Some(&model), &trace, &ask_on(view, prompt))
                .unwrap_or_else(|error| panic!("{view:?}: {error}"));
            let look = Look { preset: Some(Preset::Paper), ..Look::default() };
            keeps_to_its_page(
                &plate.draw(look, Limits::PIXELS).expect("drawn"),
                &format!("{prompt}, {view:?}"),
            );
        }
    }
}

#[test]
fn the_window_writes_what_the_command_line_writes() {
    let settings = Settings { live: false, dark: Some(false), ..Settings::default() };
    let prompt = "Mary has a red ball. Mary plays with the";
    let mut harness = window_of([1280.0, 800.0], settings, Some(prompt));
    send(&mut harness, Command::SelectHead(HeadId { layer: 4, head: 1 }));
    // What some views show beside the run is made by their panes; an atlas that is made there is below
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (model, file) = (crate::parity::storyteller(), folder.path().join("atlas.json"));
    let Beside::Atlas(atlas) = beside(View::Atlas, &model) else { panic!("an atlas") };
    engine::save_atlas(&atlas, &file, (engine::AtlasForm::Json, Lang::En)).expect("written");
    send(&mut harness, Command::Atlas(AtlasAct::Open(file)));
    until(&mut harness, |window| window.session.charting.view().is_some());
    send(&mut harness, Command::EditSecond(prompt.replace("Mary plays", "Then Mary plays")));
    send(&mut harness, Command::Maximise(Some(Pane::CompareHeads)));
    send(&mut harness, Command::RunSecond);
    until(&mut harness, |window| window.session.both(&window.state).is_some());
    send(&mut harness, Command::EditSweep(prompt.replace("red", "green")));
    send(&mut harness, Command::RunSweep(true));
    let by_itself = [Pane::Recall, Pane::TrainCurves, Pane::TrainHeads, Pane::TrainNumbers, Pane::Timeline];
    for view in View::iter().filter(|&view| !by_itself.contains(&pane_of(view))) {
        written_thrice(&mut harness, view);
    }
}

/// The window's numbers and picture of a view are those of its caption's command line, and of its recipe.
#[track_caller]
pub(crate) fn written_thrice(harness: &mut Harness<'_, Window>, view: View) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name);
    let (piece, finish) =
        (Piece::View(view), Finish { preset: Some(Preset::Slide), transparent: true, ..Finish::default() });
    let command = mnemoscope_command(harness, view);
    for name in ["window.csv", "figure.svg"] {
        send(harness, Command::Export { path: at(name), piece, finish });
        until(harness, |window| window.session.exporting.is_none());
    }
    send(harness, Command::SaveRecipe { path: at("figure.svg"), piece, finish });
    until(harness, |window| window.session.exporting.is_none());

    let words: Vec<String> = shell_words(&command);
    let (out, given) = words.split_last().expect("words");
    let again = at("command.csv");
    assert!(std::path::Path::new(out).extension().is_some_and(|ending| ending == "png"), "{command}");
    run(std::process::Command::new(env!("CARGO_BIN_EXE_mnemoscope")).args(&given[1..]).arg(&again));
    let read = |path: &std::path::Path| std::fs::read_to_string(path).expect("written");
    assert_eq!(read(&at("window.csv")), read(&again), "{view:?}: {command} writes something else");

    let made = at("made");
    let mut figure = std::process::Command::new(env!("CARGO_BIN_EXE_mnemoscope"));
    run(figure.arg("figure").arg(at("figure.toml")).arg("--out").arg(&made));
    let recipe = read(&at("figure.toml"));
    assert!(read(&made.join("figure.svg")) == read(&at("figure.svg")), "{view:?} is another by {recipe}");
    assert!(read(&at("window.csv")) == read(&made.join("figure.csv")), "{view:?}: {recipe}");
    let caption = read(&made.join("figure.caption.txt"));
    for words in ["mnemoscope figure", env!("CARGO_PKG_VERSION")] {
        assert!(caption.contains(words), "`{words}` is not in: {caption}");
    }
}

fn run(program: &mut std::process::Command) {
    let output = program.output().expect("it runs");
    assert!(output.status.success(), "{program:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Of a model that reads a prompt byte by byte: its atlas is made in no time.
#[test]
fn an_atlas_that_is_made_there_is_written_alike_too() {
    let settings = Settings { live: false, dark: Some(false), ..Settings::default() };
    let model = ModelSource::Path(crate::parity::fixtures().join("llama-tied"));
    let mut harness = window_on(model, [1280.0, 800.0], settings, Some("Tom has a ball."));
    let choice = AtlasChoice { source: Source::Prompt, ..AtlasChoice::default() };
    send(&mut harness, Command::Atlas(AtlasAct::Choose(choice)));
    send(&mut harness, Command::Atlas(AtlasAct::Run { resume: false }));
    until(&mut harness, |window| window.session.charting.view().is_some());
    written_thrice(&mut harness, View::Atlas);
}

#[test]
fn recall_and_a_training_are_written_alike_too() {
    let settings = Settings { live: false, dark: Some(false), ..Settings::default() };
    let model = ModelSource::Path(crate::parity::fixtures().join("induction-by-hand"));
    let mut harness = window_on(model, [1280.0, 800.0], settings, Some("3 9 5 14 7 11 2 3 9 5 14"));
    send(&mut harness, Command::SetTrials(1));
    send(&mut harness, Command::Maximise(Some(Pane::Recall)));
    send(&mut harness, Command::RunRecall);
    until(&mut harness, |window| window.session.memory.recall.get().is_some());
    written_thrice(&mut harness, View::Recall);
    written_thrice(&mut harness, View::Distance);
    send(&mut harness, Command::SetRecallView(RecallView::Heads));
    until(&mut harness, |window| window.session.memory.carriers.get().is_some());
    written_thrice(&mut harness, View::Carriers);
    written_thrice(&mut harness, View::Masked);
    send(&mut harness, Command::SetRecallView(RecallView::Twice));
    until(&mut harness, |window| window.session.memory.twice.get().is_some());
    written_thrice(&mut harness, View::Twice);

    let choice = Choice { layers: 1, heads: 2, width: 16, seed: 3, ..Choice::default() };
    send(&mut harness, Command::Train(Act::Choose(choice)));
    send(&mut harness, Command::Train(Act::Hold(Hand { rate: 2e-3, batch: 2, size: 4 })));
    send(&mut harness, Command::Train(Act::Run(true)));
    let steps = |window: &Window| window.live.reports.last().map_or(0, |report| report.steps);
    until(&mut harness, |window| steps(window) >= 30);
    // What is changed under the hand is part of what makes the same again
    send(&mut harness, Command::Train(Act::Hold(Hand { rate: 7e-4, batch: 3, size: 4 })));
    let changed = |window: &Window| window.live.schedule.as_ref().map_or(0, |(_, changes)| changes.len());
    until(&mut harness, |window| changed(window) == 1);
    let at = steps(harness.state());
    until(&mut harness, |window| steps(window) >= at + 20);
    send(&mut harness, Command::Train(Act::Run(false)));
    until(&mut harness, |window| !window.live.running);
    written_thrice(&mut harness, View::Training);
    written_thrice(&mut harness, View::Trained);
    // An earlier moment, another head and another token are looked at
    send(&mut harness, Command::Train(Act::Look(Some(20))));
    send(&mut harness, Command::Train(Act::Select(HeadId { layer: 0, head: 1 })));
    let second = harness.state().live.probe.map(|probe| probe.prefix + probe.period).expect("a probe");
    send(&mut harness, Command::Train(Act::Read(second + 1)));
    written_thrice(&mut harness, View::Step);
}

#[test]
fn a_recipe_of_a_view_is_made_again_of_another_prompt_and_told_its_mistakes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("flow.toml");
    let figure = |recipe: &str, more: &[&str]| {
        crate::files::write(&path, recipe.as_bytes());
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_mnemoscope"));
        let output = program.arg("figure").arg(&path).args(more).output().expect("it runs");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let good = "out = [\"flow.pdf\", \"flow.json\"]\nprompt = \"Mary has a red ball.\"\nview = \"flow\"\n\
                heads = [\"4.1\", \"4.5\"]\nleast = 0.1\n[style]\npreset = \"thesis\"\n";
    let (done, said) = figure(good, &[]);
    assert!(done, "{said}");
    let table = || std::fs::read_to_string(folder.path().join("flow.csv")).expect("written");
    let (_, trace) = storyteller_run("Mary has a red ball.");
    let strong = |head: HeadId, trace: &Trace| {
        let pattern = trace.pattern(head);
        let rows = (0..trace.n_tokens()).map(|query| pattern.row(query));
        rows.flatten().filter(|weight| *weight >= 0.1).count()
    };
    let count = |trace: &Trace| {
        [(4, 1), (4, 5)].map(|(layer, head)| strong(HeadId { layer, head }, trace)).iter().sum::<usize>()
    };
    assert_eq!(table().lines().count() - 1, count(&trace));
    let other = "Tom has a blue kite, and Mary a red ball.";
    assert!(figure(good, &["--prompt", other]).0);
    let (_, trace) = storyteller_run(other);
    assert_eq!(table().lines().count() - 1, count(&trace));

    let cases: &[(&str, &[&str])] = &[
        ("leest = 0.1", &["`leest` is no key", "least", "intervene"]),
        ("lengths = \"32\"", &["`lengths` is no key"]),
        ("least = \"much\"", &["`least`", "much"]),
        ("rows = \"1-2\"", &["`rows` is no key"]),
        ("heads = [\"4.x\"]", &["`heads`"]),
        ("[style]\ntheme = \"red\"", &["`style.theme`", "dark"]),
        ("[style]\nwidth = 3", &["`style.width` is no key", "preset"]),
    ];
    let start = "out = \"a.svg\"\nprompt = \"Mary\"\nview = \"flow\"\n";
    for (wrong, words) in cases {
        let (done, said) = figure(&format!("{start}{wrong}\n"), &[]);
        assert!(!done && said.lines().count() == 1, "{wrong}: {said}");
        for word in *words {
            assert!(said.contains(word), "`{word}` is not in: {said}");
        }
    }
    for (wrong, word) in [
        ("view = \"flow\"\nprompt = \"x\"\n", "`out` is missing"),
        ("view = \"flow\"\nprompt = \"x\"\nout = \"a.npz\"\n", "a.npz"),
        ("view = \"flwo\"\nprompt = \"x\"\nout = \"a.svg\"\n", "`view` is \"flwo\""),
    ] {
        let (done, said) = figure(wrong, &[]);
        assert!(!done && said.contains(word), "`{word}` is not in: {said}");
    }
}

#[test]
fn recall_is_drawn_as_its_own_command_finds_it() {
    let asked = ["--lengths", "32,48", "--depths", "0,1", "--trials", "1"];
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("recall.csv");
    let program = || std::process::Command::new(env!("CARGO_BIN_EXE_mnemoscope"));
    let words = ["export", "--prompt", "Mary", "--view", "recall"];
    let drawn = program().args(words).args(asked).arg("-o").arg(&path).output().expect("it runs");
    assert!(drawn.status.success(), "{}", String::from_utf8_lossy(&drawn.stderr));
    let said = program().args(["recall", "--json"]).args(asked).output().expect("it runs");
    let said: serde_json::Value = serde_json::from_slice(&said.stdout).expect("one object");
    let table = std::fs::read_to_string(path).expect("written");
    // By depth, then by length, where the command lists by length, then by depth
    let found: Vec<f64> = table
        .lines()
        .skip(1)
        .map(|line| line.rsplit(',').next().and_then(|cell| cell.parse().ok()).expect("a number"))
        .collect();
    let p = |index: usize| said["cells"][index]["p"].as_f64().expect("a number");
    same(&found, [p(0), p(2), p(1), p(3)]);
}

/// The command line that the dialog's caption gives.
fn mnemoscope_command(harness: &mut Harness<'_, Window>, view: View) -> String {
    send(harness, Command::AskForExport(Piece::View(view)));
    // What the dialog can finish, every command line must take
    if let Dialog::Export { finish, .. } = &mut harness.state_mut().dialog {
        *finish = Finish { transparent: true, zoom: Some(3), preset: Some(Preset::Thesis), ..*finish };
    }
    let start = std::time::Instant::now();
    loop {
        harness.step();
        let said = harness.query_by_label_contains("Made with Mnemoscope");
        let caption =
            said.and_then(|node| node.accesskit_node().label().or_else(|| node.accesskit_node().value()));
        // Until it is drawn, the one before stands there
        let own = format!("--view {} ", view.id());
        let told = caption.as_deref().and_then(|text| text.split_once(": mnemoscope "));
        if let Some((_, command)) = told.filter(|(_, command)| {
            let by_itself = match view {
                View::Training => Some(("train ", "--curves")),
                View::Trained => Some(("train ", "--maps")),
                View::Step => Some(("train ", "--numbers")),
                View::Timeline => Some(("timeline ", "-o")),
                _ => None,
            };
            let finished = ["--transparent", "--zoom 3", "--preset thesis"]
                .iter()
                .all(|option| command.contains(option));
            let alone =
                by_itself.is_some_and(|(name, out)| command.starts_with(name) && command.contains(out));
            finished && (command.contains(&own) || alone)
        }) {
            let command = format!("mnemoscope {command}");
            harness.state_mut().dialog = Dialog::None;
            harness.run_ok();
            return command;
        }
        assert!(start.elapsed() < std::time::Duration::from_mins(1), "{view:?} is not drawn");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// Words of a command line with single quotation marks.
fn shell_words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    words
}
