//! Contract: the trainer's gradients are candle's, its models open like any other, and going back really goes back.

use candle_core::{D, Device, Tensor, Var};
use mnemoscope::analysis::atlas::Scores;
use mnemoscope::engine::{
    self, Job, LogitRows, Prompt, Report, RunOptions, TrainOptions, Training, in_pool, phase_change,
    roles_taken,
};
use mnemoscope::model::{HeadId, Model};
use mnemoscope::train::{Batch, Hand, Setup, Shape, Task, TrainError, Trainer};
use serde_json::Value;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::process::Command;
use strum::IntoEnumIterator as _;

/// Odd sizes: heads of 6 dimensions, rows of 12 numbers, none a whole vector.
fn tiny(task: Task, mlp: bool) -> Setup {
    let text = "the cat sat on the mat; the cat sat on the hat".repeat(8).into_bytes().into();
    Setup { task, layers: 2, heads: 2, width: 12, mlp, seed: 3, text }
}

fn trainer(setup: Setup, size: usize, steps: usize) -> Trainer {
    let hand = Hand { rate: 5e-3, batch: 4, size };
    let mut trainer = Trainer::new(setup, hand).expect("sizes that make a model");
    for _ in 0..steps {
        trainer.step().expect("a step");
    }
    trainer
}

/// The same model by candle's own operations: mean loss over the tokens that are asked for.
fn candle_loss(shape: &Shape, vars: &HashMap<String, Var>, batch: &Batch) -> candle_core::Result<Tensor> {
    let device = Device::Cpu;
    let var = |name: &str| vars[name].as_tensor();
    let norm = |x: &Tensor, weight: &Tensor| -> candle_core::Result<Tensor> {
        let scale = (x.sqr()?.mean_keepdim(D::Minus1)? + 1e-5)?.sqrt()?;
        x.broadcast_div(&scale)?.broadcast_mul(weight)
    };
    let (n, heads, half) = (batch.length, shape.heads, shape.head_dim() / 2);
    let angles: Vec<f32> = (0..n * half)
        .map(|i| ((i / half) as f64 * 1e4_f64.powf(-((i % half) as f64) / half as f64)) as f32)
        .collect();
    let angles = Tensor::from_vec(angles, (n, half), &device)?;
    let (cos, sin) = (angles.cos()?, angles.sin()?);
    let turn = |x: &Tensor| -> candle_core::Result<Tensor> {
        let (a, b) = (x.narrow(D::Minus1, 0, half)?, x.narrow(D::Minus1, half, half)?);
        let low = (a.broadcast_mul(&cos)? - b.broadcast_mul(&sin)?)?;
        Tensor::cat(&[low, (b.broadcast_mul(&cos)? + a.broadcast_mul(&sin)?)?], D::Minus1)
    };
    let future: Vec<f32> = (0..n * n).map(|i| if i % n > i / n { f32::NEG_INFINITY } else { 0.0 }).collect();
    let future = Tensor::from_vec(future, (n, n), &device)?;

    let mut total = Tensor::zeros((), candle_core::DType::F32, &device)?;
    for row in 0..batch.rows() {
        let tokens = &batch.tokens[row * (n + 1)..(row + 1) * (n + 1)];
        let read = Tensor::new(&tokens[..n], &device)?;
        let mut x = var("model.embed_tokens.weight").index_select(&read, 0)?;
        for layer in 0..shape.layers {
            let of = |part: &str| var(&format!("model.layers.{layer}.{part}.weight"));
            let normed = norm(&x, of("input_layernorm"))?;
            let split = |part: &str| -> candle_core::Result<Tensor> {
                let y = normed.matmul(&of(part).t()?)?;
                y.reshape((n, heads, 2 * half))?.transpose(0, 1)?.contiguous()
            };
            let (q, k) = (turn(&split("self_attn.q_proj")?)?, turn(&split("self_attn.k_proj")?)?);
            let scores = (q.matmul(&k.transpose(1, 2)?.contiguous()?)? / ((2 * half) as f64).sqrt())?;
            let p = candle_nn::ops::softmax(&scores.broadcast_add(&future)?, D::Minus1)?;
            let z = p.matmul(&split("self_attn.v_proj")?)?.transpose(0, 1)?.contiguous()?;
            let z = z.reshape((n, shape.width))?;
            x = (x + z.matmul(&of("self_attn.o_proj").t()?)?)?;
            if shape.mlp > 0 {
                let normed = norm(&x, of("post_attention_layernorm"))?;
                let gate = normed.matmul(&of("mlp.gate_proj").t()?)?.silu()?;
                let inner = (gate * normed.matmul(&of("mlp.up_proj").t()?)?)?;
                x = (x + inner.matmul(&of("mlp.down_proj").t()?)?)?;
            }
        }
        let logits = norm(&x, var("model.norm.weight"))?.matmul(&var("lm_head.weight").t()?)?;
        let logs = candle_nn::ops::log_softmax(&logits, D::Minus1)?;
        for at in (0..n).filter(|at| batch.asked[row * n + at]) {
            total = (total - logs.get(at)?.get(tokens[at + 1] as usize)?)?;
        }
    }
    total / batch.questions() as f64
}

#[track_caller]
fn gradients_are_candles(task: Task, mlp: bool, size: usize) {
    let mut trainer = trainer(tiny(task, mlp), size, 25);
    let (shape, batch) = (*trainer.shape(), trainer.next_batch());
    let (loss, gradient) = trainer.loss_and_gradient(&batch);
    let var = |place: &mnemoscope::train::TensorPlace| {
        Var::from_slice(&trainer.weights()[place.range.clone()], place.shape.as_slice(), &Device::Cpu)
    };
    let vars: HashMap<String, Var> =
        shape.tensors().iter().map(|place| (place.name.clone(), var(place).expect("a variable"))).collect();
    let theirs = candle_loss(&shape, &vars, &batch).expect("candle computes");
    let their_loss = f64::from(theirs.to_scalar::<f32>().expect("a number"));
    assert!((loss - their_loss).abs() < 1e-5, "loss {loss}, candle's {their_loss}");
    let gradients = theirs.backward().expect("candle goes back");
    for place in shape.tensors() {
        let theirs = gradients.get(&vars[&place.name]).expect("a gradient");
        let theirs: Vec<f32> = theirs.flatten_all().and_then(|flat| flat.to_vec1()).expect("numbers");
        let ours = &gradient[place.range.clone()];
        let size = theirs.iter().fold(0.0_f32, |most, g| most.max(g.abs()));
        assert!(size > 0.0, "{} has no gradient to compare", place.name);
        for (index, (a, b)) in ours.iter().zip(&theirs).enumerate() {
            assert!((a - b).abs() <= 2e-5 * size, "{}[{index}]: {a}, candle's {b}", place.name);
        }
    }
}

#[test]
fn every_gradient_is_candles() {
    gradients_are_candles(Task::Induction, false, 5);
    gradients_are_candles(Task::Sorting, true, 4);
    gradients_are_candles(Task::Text, true, 17);
}

#[test]
fn what_is_saved_opens_and_computes_the_same() {
    for (task, mlp) in [(Task::Induction, false), (Task::Addition, true), (Task::Text, true)] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut trainer = trainer(tiny(task, mlp), task.usual_size(), 12);
        let files = trainer.files(trainer.weights()).expect("files");
        engine::save_files(&files, folder.path()).expect("it is saved");
        let model = Model::open(folder.path()).expect("it opens");
        assert!(model.warnings.is_empty(), "{:?}", model.warnings);
        let ids: Vec<u32> = trainer.next_batch().tokens[..5].to_vec();
        let options = RunOptions { logits: LogitRows::All, ..RunOptions::default() };
        let trace = engine::run(&model, &Prompt::Ids(ids.clone()), &options, &Job::new(), &mut |_| {});
        let logits = trace.expect("it runs").logits;
        let ours = trainer.logits(&ids);
        assert_eq!(logits.len(), ours.len());
        for (a, b) in ours.iter().zip(logits.iter()) {
            assert!((a - b).abs() <= 1e-4, "{task:?}: {a}, the engine's {b}");
        }
    }
}

#[test]
fn a_saved_model_reads_its_own_words() {
    let ids = |task: Task, size: usize, text: &str| -> Vec<u32> {
        let trainer = trainer(tiny(task, false), size, 0);
        let files = trainer.files(trainer.weights()).expect("files");
        let model =
            Model::in_memory("it", &files.config, &files.weights, &files.tokenizer).expect("it opens");
        let tokens = engine::tokens_of(&model, &Prompt::Text(text.to_owned()), false).expect("tokens");
        tokens.iter().map(|token| token.id).collect()
    };
    assert_eq!(ids(Task::Induction, 4, "a c z A#"), [0, 1, 3, 26, 27, 64]);
    assert_eq!(ids(Task::Copy, 4, "ab > ab ."), [0, 1, 2, 65, 1, 2, 66]);
    assert_eq!(ids(Task::Addition, 11, "10 + 0 ="), [0, 11, 12, 1, 13]);
    assert_eq!(ids(Task::Text, 16, "a é\n"), [0, 98, 33, 196, 170, 11]);
}

/// Every row of a task as the tokens it reads and those it is asked for.
fn rows(batch: &Batch) -> Vec<(Vec<u32>, Vec<bool>)> {
    let n = batch.length;
    let row = |row: usize| {
        (
            batch.tokens[row * (n + 1)..(row + 1) * (n + 1)].to_vec(),
            batch.asked[row * n..(row + 1) * n].to_vec(),
        )
    };
    (0..batch.rows()).map(row).collect()
}

#[test]
fn what_is_asked_for_follows_from_what_stands_before() {
    for task in Task::iter() {
        let trainer = trainer(tiny(task, false), task.usual_size(), 0);
        let batch = trainer.next_batch();
        assert_eq!(batch.length, task.length(task.usual_size()), "{task:?}");
        assert!(
            batch.questions() > 0 && batch.tokens.iter().all(|&id| (id as usize) < trainer.shape().vocab)
        );
        for (tokens, asked) in rows(&batch) {
            assert_eq!(tokens[0], 0, "{task:?} begins with the token that begins");
            let answers: Vec<u32> = (0..asked.len()).filter(|&i| asked[i]).map(|i| tokens[i + 1]).collect();
            let first = asked.iter().position(|&asked| asked).expect("a question");
            let given = &tokens[1..=first];
            match task {
                Task::Induction => {
                    let period = first;
                    assert!(answers.iter().enumerate().all(|(i, &id)| id == tokens[1 + first + i - period]));
                }
                Task::Copy | Task::Reverse | Task::Sorting => {
                    let mut list = given[..given.len() - 1].to_vec();
                    match task {
                        Task::Reverse => list.reverse(),
                        Task::Sorting => list.sort_unstable(),
                        _ => {}
                    }
                    assert_eq!(answers[..answers.len() - 1], list, "{task:?}");
                }
                Task::Recall if !tokens.contains(&65) => {
                    let period = first;
                    assert!(answers.iter().enumerate().all(|(i, &id)| id == tokens[1 + first + i - period]));
                }
                Task::Recall => {
                    let arrow = tokens.iter().position(|&id| id == 65).expect("an arrow");
                    let pairs: HashMap<u32, u32> = tokens[1..arrow].chunks(2).map(|p| (p[0], p[1])).collect();
                    assert_eq!(pairs.len(), answers.len());
                    assert!(
                        (0..asked.len()).filter(|&i| asked[i]).all(|i| pairs[&tokens[i]] == tokens[i + 1])
                    );
                }
                Task::Addition => assert_eq!((tokens[1] + tokens[3] - 2) % 23, answers[0] - 1),
                Task::Text => assert_eq!(answers, tokens[1..]),
            }
        }
    }
}

#[test]
fn periods_vary_from_row_to_row() {
    let hand = Hand { rate: 1e-3, batch: 64, size: 24 };
    let trainer = Trainer::new(tiny(Task::Induction, false), hand).expect("a model");
    let firsts = rows(&trainer.next_batch()).into_iter().map(|(_, asked)| asked.iter().position(|&a| a));
    let periods: std::collections::BTreeSet<usize> = firsts.flatten().collect();
    assert!(
        periods.len() > 10 && *periods.first().unwrap() >= 6 && *periods.last().unwrap() <= 24,
        "{periods:?}"
    );
}

#[test]
fn steps_lower_the_loss_whatever_the_threads() {
    let run = |threads: usize| {
        in_pool(threads, || {
            let mut trainer = trainer(tiny(Task::Sorting, true), 4, 0);
            let loss = |trainer: &mut Trainer| {
                let outcome = trainer.evaluate();
                outcome.loss / outcome.asked as f64
            };
            let before = loss(&mut trainer);
            for _ in 0..60 {
                trainer.step().expect("a step");
            }
            (before, loss(&mut trainer), trainer.weights().to_vec())
        })
    };
    let (before, after, weights) = run(1);
    assert!(after < 0.8 * before, "{before} → {after}");
    assert!(run(2).2 == weights, "two threads give other weights than one");
}

#[test]
fn going_back_forgets_what_came_after() {
    let hand = Hand { rate: 5e-3, batch: 4, size: 5 };
    let mut training = Training::new(tiny(Task::Induction, false), hand, 10).expect("a training");
    let on = |training: &mut Training, steps: usize| {
        for _ in 0..steps {
            training.step().expect("a step");
            if training.trainer().steps().is_multiple_of(5) {
                training.report().expect("a report");
            }
        }
        training.trainer().weights().to_vec()
    };
    let first = on(&mut training, 25);
    let kept: Vec<u64> = training.moments().iter().map(|moment| moment.report.steps).collect();
    assert_eq!(kept, [0, 10, 20]);
    let moment = training.moments()[1].clone();
    training.rewind(&moment);
    assert_eq!(training.trainer().weights(), &*moment.checkpoint.weights);
    assert_eq!(training.reports().iter().map(|report| report.steps).collect::<Vec<_>>(), [0, 5, 10]);
    assert!(on(&mut training, 15) == first, "the same steps once more give other weights");

    training.rewind(&moment);
    training.hand().rate = 1e-4;
    assert!(on(&mut training, 15) != first, "the learning rate is not under the hand");
}

#[test]
fn a_moment_shows_the_model_of_its_step() {
    let hand = Hand { rate: 5e-3, batch: 4, size: 8 };
    let mut training = Training::new(tiny(Task::Induction, false), hand, 1).expect("a training");
    training.step().expect("a step");
    training.report().expect("a report");
    let (moment, probe) = (training.moments()[1].clone(), training.probe());
    let tokens: Vec<u32> = moment.trace.tokens.iter().map(|token| token.id).collect();
    assert_eq!(tokens.len(), 1 + 2 * probe.period);
    assert_eq!(tokens[1..=probe.period], tokens[1 + probe.period..]);
    let model = training.model(&moment.checkpoint.weights).expect("it opens");
    let trace = engine::run(&model, &Prompt::Ids(tokens), &RunOptions::default(), &Job::new(), &mut |_| {});
    let (trace, n) = (trace.expect("it runs"), 1 + 2 * probe.period);
    let head = HeadId { layer: 1, head: 1 };
    assert_eq!(trace.pattern(head).tile(0..n, 0..n), moment.trace.pattern(head).tile(0..n, 0..n));
}

/// Reports of one head whose induction score is as given, every ten steps.
fn reports(scores: &[f64]) -> Vec<Report> {
    let hand = Hand { rate: 1e-3, batch: 1, size: 4 };
    let setup = Setup { layers: 1, heads: 1, width: 2, ..tiny(Task::Induction, false) };
    let training = Training::new(setup, hand, 1).expect("a training");
    let one = training.reports()[0].clone();
    let report = |(index, &score): (usize, &f64)| {
        let mut report = one.clone();
        report.steps = 10 * index as u64;
        report.induction_score = score;
        report.heads[0].scores = Scores::default();
        report.heads[0].scores.induction_stripe = Some(score);
        report
    };
    scores.iter().enumerate().map(report).collect()
}

#[test]
fn the_phase_change_and_the_roles_are_dated() {
    let formed = reports(&[0.02, 0.2, 0.03, 0.04, 0.3, 0.7, 0.88, 0.95, 0.9]);
    assert_eq!(phase_change(&formed), Some((40, 60)));
    let taken = roles_taken(&formed);
    assert_eq!(taken.len(), 1);
    assert_eq!((taken[0].role.id, taken[0].step), ("induction", 50));
    assert_eq!(phase_change(&formed[..5]), None);
    assert!(roles_taken(&formed[..5]).is_empty());
    // A role that was lost and found again dates from the second time
    assert_eq!(roles_taken(&reports(&[0.9, 0.9, 0.1, 0.6, 0.8]))[0].step, 30);
}

#[test]
fn sizes_that_make_no_model_and_runaway_steps_are_refused() {
    let wrong = Setup { heads: 5, ..tiny(Task::Induction, false) };
    let hand = Hand::usual(&wrong);
    assert!(matches!(Trainer::new(wrong, hand), Err(TrainError::Shape(_))));
    let silent = Setup { text: Vec::new().into(), ..tiny(Task::Text, false) };
    assert_eq!(Trainer::new(silent, hand).err(), Some(TrainError::NoText(0)));
    let mut trainer = trainer(tiny(Task::Induction, false), 4, 1);
    trainer.hand.rate = f32::NAN;
    let before = trainer.weights().to_vec();
    trainer.step().expect("a rate that is no number takes no step");
    assert!(trainer.weights() == before);
}

#[test]
fn a_training_stops_at_its_score_and_when_nobody_looks() {
    let setup = tiny(Task::Induction, false);
    let hand = Hand { rate: 1e-3, batch: 2, size: 4 };
    let options = TrainOptions {
        setup,
        hand,
        changes: Vec::new(),
        steps: 50,
        report_every: 4,
        stop_at_induction: Some(0.0),
        stop_at_accuracy: None,
        folder: None,
        save_every: None,
    };
    let done = engine::train(&options, &Job::new(), &mut |_| ControlFlow::Continue(()));
    assert_eq!(done.expect("it ends").trainer().steps(), 4);
    let by_accuracy = |least: f64| {
        let own = TrainOptions { stop_at_induction: None, stop_at_accuracy: Some(least), ..options.clone() };
        let done = engine::train(&own, &Job::new(), &mut |_| ControlFlow::Continue(()));
        done.expect("it ends").trainer().steps()
    };
    assert_eq!((by_accuracy(0.0), by_accuracy(1.0)), (4, 50));
    let done = engine::train(&options, &Job::new(), &mut |_| ControlFlow::Break(()));
    assert!(done.is_err());
    let job = Job::new();
    job.cancel();
    assert!(engine::train(&options, &job, &mut |_| ControlFlow::Continue(())).is_err());
}

#[test]
fn train_prints_reports_and_saves_what_opens() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_mnemoscope")).args(arguments).output().expect("the binary runs")
    };
    let place = folder.path().join("live");
    let place_text = place.to_string_lossy();
    let mut arguments = vec!["train", "--task", "induction", "--layers", "1", "--heads", "2", "--width", "8"];
    arguments.extend(["--steps", "7", "--every", "3", "--batch", "2", "--size", "6", "--lr", "0.003"]);
    arguments.extend(["--checkpoints", "4", "--json", "-o", &place_text]);
    let output = program(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a JSON object")).collect();
    assert_eq!(lines.iter().map(|line| line["steps"].as_u64().unwrap()).collect::<Vec<_>>(), [3, 6, 7]);
    for line in &lines {
        for key in ["seconds", "loss", "accuracy", "induction_score", "previous_token_score", "learning_rate"]
        {
            assert!(line[key].is_number(), "{key} in {line}");
        }
    }
    for saved in [place.clone(), place.join("checkpoint-4"), place.join("checkpoint-7")] {
        let saved = saved.to_string_lossy().into_owned();
        let output = program(&["run", &saved, "--prompt", "abcabc", "--json"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let output = program(&["train", "--heads", "3", "--width", "64"]);
    let line = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && line.contains("multiple of twice the heads"), "{line}");
    assert_eq!(program(&["train", "--task", "text"]).status.code(), Some(2));
    assert_eq!(program(&["train", "--size", "900"]).status.code(), Some(2));
}
