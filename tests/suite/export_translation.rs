//! Contract: what is written of an encoder–decoder model has rows of one text and columns of the other, both texts'
//! tokens, and names that say the part.

use crate::export::{Run, read_npz, what};
use crate::parity::{fixtures, open};
use mnemoscope::engine::{self, Job, Prompt, RunOptions};
use mnemoscope::export::{Lang, Look, Options, Ranges, Selection, What};
use mnemoscope::model::{HeadName, Part};
use mnemoscope::trace::{Combine, HeadId};
use safetensors::SafeTensors;
use std::sync::Arc;

/// A run of an encoder–decoder model: six source tokens, and a target of three after its start.
pub(crate) fn translated() -> Run {
    let model = open(&fixtures().join("seq2seq/bart"));
    let options = RunOptions { target: Some(Prompt::Ids(vec![8, 10, 12])), ..RunOptions::default() };
    let trace =
        engine::run(&model, &Prompt::Ids(vec![5, 7, 9, 11, 13, 15]), &options, &Job::new(), &mut |_| {})
            .expect("it runs");
    Run { model, trace, folder: tempfile::tempdir().expect("a temporary folder") }
}

#[test]
fn maps_of_two_texts_have_both_their_lengths() {
    let run = translated();
    let arrays = read_npz(
        &run.export("all.npz", &what(&[What::Pattern, What::Resid, What::K, What::MlpOut])).expect("written"),
    );
    for (name, shape) in [
        ("tokens", vec![4]),
        ("source_tokens", vec![6]),
        ("encoder.0.attn.hook_pattern", vec![2, 6, 6]),
        ("decoder.1.attn.hook_pattern", vec![3, 4, 4]),
        ("decoder.1.cross_attn.hook_pattern", vec![3, 4, 6]),
        ("decoder.1.cross_attn.hook_k", vec![6, 3, 8]),
        ("encoder.0.hook_normalized_resid_post", vec![6, 24]),
        ("decoder.1.hook_normalized_resid_post", vec![4, 24]),
        ("decoder.0.hook_mlp_out", vec![4, 24]),
    ] {
        let (found, _) = arrays.get(name).unwrap_or_else(|| panic!("{name} is not in {:?}", arrays.keys()));
        assert_eq!(*found, shape, "{name}");
    }
    assert_eq!(arrays["source_tokens"].1, [5.0, 7.0, 9.0, 11.0, 13.0, 15.0]);
    assert_eq!(arrays["tokens"].1, [2.0, 8.0, 10.0, 12.0]);
    let cross = HeadId { layer: run.trace.spec.layer_of(Part::Cross, 1).expect("there"), head: 2 };
    let exact = run.trace.pattern(cross).tile(0..4, 0..6);
    assert_eq!(arrays["decoder.1.cross_attn.hook_pattern"].1[2 * 24..], exact);

    let bytes =
        std::fs::read(run.export("a.safetensors", &Options::default()).expect("written")).expect("read");
    let file = SafeTensors::deserialize(&bytes).expect("a sound file");
    assert_eq!(file.tensor("source_tokens").expect("there").shape(), [6]);
    let tensor = file.tensor("decoder.0.cross_attn.hook_pattern").expect("there");
    assert_eq!(tensor.shape(), [3, 4, 6]);
    let (_, header) = SafeTensors::read_metadata(&bytes).expect("a header");
    assert!(header.metadata().as_ref().expect("metadata").contains_key("source_token_texts"));

    let text = std::fs::read(run.export("a.json", &Options::default()).expect("written")).expect("read");
    let object: serde_json::Value = serde_json::from_slice(&text).expect("one object");
    let length = |value: &serde_json::Value| value.as_array().expect("a list").len();
    assert_eq!((length(&object["source"]), length(&object["tokens"])), (6, 4));
    let map = &object["arrays"]["decoder.0.cross_attn.hook_pattern"][0];
    assert_eq!((length(map), length(&map[3])), (4, 6));
}

#[test]
fn a_table_of_two_texts_says_the_part_and_both_tokens() {
    let mut run = translated();
    Arc::make_mut(&mut run.trace.source)[5].text = "the last of the source".into();
    let options = Options { selection: layers("cross.1"), ..Options::default() };
    let mut table = csv::Reader::from_path(run.export("a.csv", &options).expect("written")).expect("a table");
    let header: Vec<String> = table.headers().expect("a header").iter().map(str::to_owned).collect();
    let columns =
        ["layer", "part", "part_layer", "head", "query", "key", "query_token", "key_token", "weight"];
    assert_eq!(header, columns);
    let lines: Vec<csv::StringRecord> = table.records().map(|record| record.expect("whole")).collect();
    assert_eq!(lines.len(), 3 * 4 * 6);
    assert!(lines.iter().all(|line| &line[1] == "cross" && &line[2] == "1"));
    let last = lines.last().expect("not empty");
    assert_eq!((&last[4], &last[5], &last[7]), ("3", "5", "the last of the source"));
    let cross = HeadId { layer: run.trace.spec.layer_of(Part::Cross, 1).expect("there"), head: 2 };
    let weight: f32 = last[8].parse().expect("a weight");
    assert_eq!(weight.to_bits(), run.trace.pattern(cross).cell(3, 5).to_bits());
}

#[test]
fn pictures_of_two_texts_have_groups_strips_and_names() {
    let run = translated();
    let svg = |name: &str, options: &Options| {
        std::fs::read_to_string(run.export(name, options).expect("written")).expect("text")
    };
    let sheet = svg("sheet.svg", &Options::default());
    for word in [
        "Encoder ·",
        "Decoder ·",
        "Cross-attention ·",
        "SOURCE · 6 TOKENS",
        "TARGET · 4 TOKENS",
        "1 + 2 layers",
    ] {
        assert!(sheet.contains(word), "{word} is not on the sheet");
    }
    let one_of = |part: &str, head: usize| Selection { heads: Some(Ranges::one(head)), ..layers(part) };
    let page = svg("head.svg", &Options { selection: one_of("cross.1", 2), ..Options::default() });
    assert!(page.contains("Head cross 1.2") && page.contains("decoder.1.cross_attn.hook_pattern[2]"));
    let mut chinese = Options { selection: one_of("cross.1", 2), ..Options::default() };
    chinese.look.lang = Lang::Zh;
    assert!(svg("chinese.svg", &chinese).contains("头 交叉 1.2"));
    let named = |name: &str| run.trace.spec.head(name.parse().expect("a head"));
    let cross = HeadId { layer: run.trace.spec.layer_of(Part::Cross, 1).expect("there"), head: 2 };
    assert_eq!(named("cross.1.2"), Some(cross));
    assert_eq!(named("cross 1.2"), Some(cross), "as it is shown");
    assert_eq!(named(&cross.to_string()), Some(cross), "blocks counted through");
    assert_eq!([named("cross.2.0"), named("encoder.0.9")], [None, None]);
    for wrong in ["cross", "cross.1", "only.0.0", "1", "a.b.c"] {
        assert!(wrong.parse::<HeadName>().is_err(), "{wrong}");
    }
    svg("norms.svg", &what(&[What::Resid]));
    let encoder = Options { selection: layers("encoder.0"), ..what(&[What::AttnOut]) };
    assert!(svg("state.svg", &encoder).contains("layer encoder 0"));

    let small = Options { look: Look { size: Some(200), ..Look::default() }, ..Options::default() };
    let folder = run.export("heads/", &small).expect("written");
    assert_eq!(std::fs::read_dir(&folder).expect("made").count(), run.trace.head_ids().count());
    for name in ["encoder_L0H1.png", "decoder_L1H2.png", "cross_L0H0.png"] {
        assert!(folder.join(name).is_file(), "{name}");
    }
}

#[test]
fn a_common_map_is_of_one_part_and_says_which_there_are() {
    let run = translated();
    let mean = Options { combine: Some(Combine::Mean), ..Options::default() };
    let error = run.export("all.svg", &mean).expect_err("of three parts").to_string();
    for choice in ["--layers encoder.0", "--layers decoder.0-1", "--layers cross.0-1"] {
        assert!(error.contains(choice), "{choice} is not in {error}");
    }
    for part in ["encoder.0", "decoder.0-1", "cross.0-1"] {
        let selection = layers(part);
        assert_eq!(selection.layers.as_ref().map(ToString::to_string).as_deref(), Some(part));
        run.export("one.svg", &Options { selection, ..mean.clone() }).expect("a map of one part");
    }
}

fn layers(text: &str) -> Selection {
    Selection { layers: Some(text.parse().expect("a range")), heads: None }
}

#[test]
fn layers_are_picked_by_their_part() {
    let spec = open(&fixtures().join("seq2seq/bart")).spec().clone();
    let picked = |text: &str| {
        let ranges = text.parse::<Ranges>().map_err(|error| error.to_string())?;
        Selection { layers: Some(ranges), heads: None }.layers(&spec).map_err(|error| error.to_string())
    };
    assert_eq!(picked("encoder.0"), Ok(vec![0]));
    assert_eq!(picked("decoder.0-1"), Ok(vec![1, 3]));
    assert_eq!(picked("cross.1, encoder.0,1"), Ok(vec![0, 1, 4]));
    for (wrong, word) in [
        ("encoder.1", "the encoder has layers 0 to 0"),
        ("cross.0-2", "no layer 2"),
        ("only.0", "no number or range"),
        ("cross", "no number or range"),
        ("cross.", "no number or range"),
    ] {
        assert!(picked(wrong).is_err_and(|error| error.contains(word)), "{wrong}: {:?}", picked(wrong));
    }
    let single = open(&fixtures().join("gpt2-odd")).spec().clone();
    assert!(
        layers("cross.0").layers(&single).is_err_and(|error| error.to_string().contains("no cross layers"))
    );
    let heads = Selection { layers: None, heads: Some("cross.0".parse().expect("a range")) };
    assert!(heads.heads(&spec, 0).is_err(), "heads have no parts");
}

/// A cell is named by its head's part as maps are: on the command line and in recipes, which give the same file.
#[test]
fn a_cell_of_cross_attention_is_drawn_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = fixtures().join("seq2seq/t5-gated");
    let run = |words: &[&str]| {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_mnemoscope"));
        let output = program.args(words).current_dir(folder.path()).output().expect("it runs");
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let read = |name: &str| std::fs::read(folder.path().join(name)).expect("written");
    let place = model.display().to_string();
    let layer = open(&model).spec().layer_of(Part::Cross, 0).expect("there");
    for view in ["walk", "why", "details"] {
        let given = ["export", &place, "--ids", "5 6 7 8", "--target-ids", "3 4", "--view", view];
        let cells = ["cross.0.1:q1->k2".to_owned(), format!("{layer}.1:q1->k2")];
        for (cell, name) in cells.iter().zip(["named.svg", "counted.svg"]) {
            run(&[&given[..], &["--cell", cell, "-o", name]].concat());
        }
        assert!(read("named.svg") == read("counted.svg"), "{view}");
        let recipe = format!(
            "out = \"made.svg\"\nview = \"{view}\"\nids = \"5 6 7 8\"\ntarget_ids = \"3 4\"\ncell = \"cross.0.1:q1->k2\"\n"
        );
        crate::files::write(&folder.path().join("a.toml"), recipe.as_bytes());
        run(&["figure", "a.toml", "--model", &place]);
        assert!(read("made.svg") == read("named.svg"), "{view}");
        let caption = String::from_utf8(read("made.caption.txt")).expect("a text");
        assert!(caption.contains("“5 6 7 8") || caption.contains("5 6 7 8"), "{caption}");
    }
}
