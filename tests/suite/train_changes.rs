//! Contract: what was changed while a model was trained is kept, and the same changes make the same model again.

use mnemoscope::engine::{self, Job, TrainOptions, Training};
use mnemoscope::train::{Change, Hand, Setup};
use std::ops::ControlFlow;

#[test]
fn changes_under_the_hand_make_the_same_model_again() {
    let setup = Setup { layers: 1, heads: 2, width: 16, seed: 5, ..Setup::default() };
    let first = Hand { rate: 3e-3, batch: 2, size: 4 };
    let mut training = Training::new(setup.clone(), first, 4).expect("it begins");
    let step = |training: &mut Training, steps: u64| {
        for _ in 0..steps {
            training.step().expect("a step");
        }
    };
    step(&mut training, 5);
    *training.hand() = Hand { rate: 1e-3, ..first };
    step(&mut training, 3);
    training.report().expect("a report");
    let moment = training.moments().last().cloned().expect("kept");
    // What is taken back leaves no trace
    *training.hand() = Hand { batch: 7, ..first };
    step(&mut training, 2);
    training.rewind(&moment);
    *training.hand() = Hand { rate: 1e-3, batch: 4, size: 5 };
    step(&mut training, 4);
    let (began, changes) = training.schedule();
    let said: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert_eq!((began, said), (first, vec!["5:lr=0.001".to_owned(), "8:batch=4,size=5".to_owned()]));

    let read = changes.iter().map(|change| change.to_string().parse::<Change>().expect("it reads back"));
    let options = TrainOptions {
        setup,
        hand: began,
        changes: read.collect(),
        steps: 12,
        report_every: 50,
        stop_at_induction: None,
        stop_at_accuracy: None,
        folder: None,
        save_every: None,
    };
    let again = engine::train(&options, &Job::new(), &mut |_| ControlFlow::Continue(())).expect("it trains");
    assert_eq!(again.trainer().weights(), training.trainer().weights());
    for wrong in ["lr=0.1", "5:lr=2", "5:rate=0.1", "x:batch=3", "5:batch=0", "5"] {
        assert!(wrong.parse::<Change>().is_err(), "{wrong}");
    }
}
