//! Contract: what comes from another prompt is the same however that is given, and is what the two runs hold.

use crate::files::write;
use crate::interventions::changed;
use crate::parity::{run_text, storyteller};
use mnemoscope::engine::{self, Job, LogitDifference, intervene};
use mnemoscope::model::Hook;
use mnemoscope::trace::{Intervention, Trace};

const HERE: &str = "Tom has a red ball. Anna has a green cup. Tom plays with the";
const THERE: &str = "Tom has a green ball. Anna has a red cup. Tom plays with the";

#[test]
fn a_prompt_in_a_file_and_as_text_are_the_same() {
    let model = storyteller();
    let clean = run_text(&model, HERE);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("other.txt");
    write(&file, THERE);
    let from_file = changed(&model, &clean, &format!("patch=blocks.1.hook_resid_pre@4<-{}", file.display()));
    for spelled in [
        format!("patch=blocks.1.hook_resid_pre@4<-text:{THERE}"),
        format!("patch=blocks.1.hook_resid_pre@4<-text:{}", serde_json::to_string(THERE).expect("a string")),
    ] {
        let from_text = changed(&model, &clean, &spelled);
        assert_eq!(*from_text.logits, *from_file.logits, "{spelled}");
        assert_ne!(*from_text.logits, *clean.logits);
    }
}

#[test]
fn one_heads_patch_is_the_cell_of_the_sweep() {
    let model = storyteller();
    let (clean, other) = (run_text(&model, HERE), run_text(&model, THERE));
    let metric = LogitDifference::read("logit-diff: green, red", &model, &other).expect("a metric");
    // From the other prompt into this one
    let found = engine::sweep(&model, &other, &clean, metric, &Job::new()).expect("sweeps");
    let of = |trace: &Trace| {
        let logits = trace.answer_logits();
        f64::from(logits[metric.of as usize]) - f64::from(logits[metric.less as usize])
    };
    let best = (0..clean.n_layers())
        .flat_map(|layer| (0..clean.heads(layer)).map(move |head| (layer, head)))
        .max_by(|a, b| found.heads[a.0][a.1].total_cmp(&found.heads[b.0][b.1]))
        .expect("there are heads");
    for (layer, head) in [best, (0, 0), (clean.n_layers() - 1, 1)] {
        let trace =
            changed(&model, &clean, &format!("patch=blocks.{layer}.attn.hook_z[{head}]@*<-text:{THERE}"));
        let share = (of(&trace) - found.corrupted) / (found.clean - found.corrupted);
        assert!((share - found.heads[layer][head]).abs() < 1e-4, "head {layer}.{head}: {share}");
    }
    assert!(found.heads[best.0][best.1] > 0.05, "some head carries part of the answer");
}

#[test]
fn a_difference_of_two_texts_is_that_of_their_last_tokens() {
    let model = storyteller();
    let clean = run_text(&model, HERE);
    let (of, less) = ("Anna is very happy", "Anna is very sad");
    let (hook, by) = ("blocks.2.hook_resid_pre", 1.5_f32);
    let spelled = format!("add={hook}@*<-texts:[\"{of}\",\"{less}\"]*{by}");
    let trace = changed(&model, &clean, &spelled);
    let last = |text: &str| {
        let run = run_text(&model, text);
        let data = run.activation(&model.network, Hook::ResidPre, 2).expect("it has that").data;
        data[data.len() - run.spec.width..].to_vec()
    };
    let (of, less) = (last(of), last(less));
    let width = clean.spec.width;
    for (token, row) in trace.resid(2).chunks(width).enumerate() {
        let own = &clean.resid(2)[token * width..];
        for (i, x) in row.iter().enumerate() {
            let expected = own[i] + by * (of[i] - less[i]);
            assert!((x - expected).abs() < 1e-4, "token {token}, dimension {i}: {x}, not {expected}");
        }
    }
}

#[test]
fn what_is_not_there_is_refused() {
    let model = storyteller();
    let clean = run_text(&model, HERE);
    for (text, what) in [
        ("patch=blocks.0.attn.hook_z[99]@*<-text:Tom", "heads, from 0"),
        ("patch=blocks.0.hook_resid_pre[0]@0<-text:Tom", "has no heads"),
        ("patch=blocks.0.attn.hook_z[0]@*<-text:Tom", "equal length"),
        ("add=blocks.0.hook_none@0<-texts:[\"a\",\"b\"]", "this model has no"),
        ("add=blocks.0.hook_resid_pre@99<-texts:[\"a\",\"b\"]", "tokens, from 0"),
    ] {
        let change: Intervention = text.parse().expect("well spelled");
        let error = intervene(&model, &clean, &[change], &Job::new(), &mut |_| {}).expect_err(text);
        assert!(error.to_string().contains(what), "{text}: {error}");
    }
}
