//! Contract: an atlas that was interrupted comes out as if it had not been; files come back as they were written, HeadVis's
//! folder among them; what strangers wrote is refused, not believed.

use crate::atlas::atlas_of;
use crate::files::write;
use crate::parity::storyteller;
use mnemoscope::analysis::atlas::Atlas;
use mnemoscope::engine::{
    self, AtlasError, AtlasForm, AtlasOptions, Job, ModelSource, Partial, RunError, Texts, open_atlas,
    open_partial, resume_atlas, save_atlas, save_partial,
};
use mnemoscope::export::Lang;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A text of so many passages.
fn corpus(folder: &Path, passages: usize) -> AtlasOptions {
    let line =
        |i: usize| format!("Tom has {i} kites and a ball. Anna gave the kite to Tom, and Tom gave {i}.\n\n");
    write(&folder.join("text.txt"), (0..passages).map(line).collect::<String>().as_bytes());
    let texts = Texts::Corpus(folder.join("text.txt"));
    AtlasOptions { texts, probes: 1, tokens: 12, samples: 1, ..AtlasOptions::default() }
}

fn bytes(atlas: &Atlas) -> Vec<u8> {
    serde_json::to_vec(atlas).expect("JSON")
}

/// A model that reads a text byte by byte, and a passage in no time.
fn small() -> PathBuf {
    crate::parity::fixtures().join("llama-tied")
}

#[test]
fn an_interrupted_atlas_goes_on_to_the_same_end() {
    let model = engine::load(&ModelSource::Path(small()), &Job::new()).expect("it opens");
    let folder = tempfile::tempdir().expect("a folder");
    let options = corpus(folder.path(), 14);
    let whole = bytes(&atlas_of(&model, &options));
    let file = folder.path().join("a.partial");
    let mut left: Option<Partial> = None;
    // Three sittings: two are broken off, each in the middle of the text
    for stop in [4, 9] {
        let job = Job::new();
        let mut keep = |partial: &Partial| {
            if partial.passages() == stop {
                job.cancel();
            }
            save_partial(partial, &file).expect("kept");
        };
        let outcome = resume_atlas(&model, &options, left.take(), &mut keep, &job);
        assert!(matches!(outcome, Err(AtlasError::Run(RunError::Cancelled))));
        left = Some(open_partial(&file).expect("readable"));
        assert_eq!(left.as_ref().map(Partial::passages), Some(stop));
    }
    let resumed = resume_atlas(&model, &options, left.clone(), &mut |_| {}, &Job::new()).expect("made");
    assert_eq!(bytes(&resumed), whole);
    // More passages may be read than was said at first; another job is refused
    let fewer = AtlasOptions { passages: 10, ..options.clone() };
    let resumed = resume_atlas(&model, &fewer, left.clone(), &mut |_| {}, &Job::new()).expect("made");
    assert_eq!(bytes(&resumed), bytes(&atlas_of(&model, &fewer)));
    let other = AtlasOptions { tokens: 11, ..options.clone() };
    let outcome = resume_atlas(&model, &other, left.clone(), &mut |_| {}, &Job::new());
    assert!(matches!(outcome, Err(AtlasError::Another("an option"))));
    corpus(folder.path(), 15);
    let outcome = resume_atlas(&model, &options, left, &mut |_| {}, &Job::new());
    assert!(matches!(outcome, Err(AtlasError::Another("the text"))));
}

/// What is kept while reading does not grow with what is read, once every counter is taken.
#[test]
fn what_is_kept_grows_with_heads_not_with_texts() {
    let model = storyteller();
    let folder = tempfile::tempdir().expect("a folder");
    let mut sizes = Vec::new();
    let options = AtlasOptions { samples: 0, ..corpus(folder.path(), 30) };
    let mut keep = |partial: &Partial| sizes.push(serde_json::to_vec(partial).expect("JSON").len());
    resume_atlas(&model, &options, None, &mut keep, &Job::new()).expect("made");
    let (early, late) = (sizes[9] as f64, sizes[29] as f64);
    assert!(late < early * 1.15, "{early} bytes after 10 passages, {late} after 30");
}

#[test]
fn a_killed_command_is_resumed_to_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    // What there is is kept every 32 passages
    corpus(folder.path(), 250);
    let path = |name: &str| folder.path().join(name).display().to_string();
    let command = |output: &str, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mnemoscope"));
        command.arg("atlas").arg(small()).args([
            "--corpus",
            &path("text.txt"),
            "--tokens",
            "8",
            "--probes",
            "1",
        ]);
        command.args(["--samples", "1", "-o", &path(output)]).args(more);
        command
    };
    let mut running = command("a.json", &[]).stdout(std::process::Stdio::null()).spawn().expect("it starts");
    let partial = folder.path().join("a.json.partial");
    while !partial.exists() {
        assert!(running.try_wait().expect("a child").is_none(), "it ended before anything was kept");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    running.kill().expect("killed");
    running.wait().expect("gone");
    assert!(!folder.path().join("a.json").exists());
    let resumed = command("a.json", &["--resume"]).output().expect("it runs");
    assert!(resumed.status.success(), "{}", String::from_utf8_lossy(&resumed.stderr));
    assert!(!partial.exists(), "what was left is done with");
    assert!(command("b.json", &[]).status().expect("it runs").success());
    let read = |name: &str| std::fs::read(folder.path().join(name)).expect("written");
    assert_eq!(read("a.json"), read("b.json"));
    let nothing = command("c.json", &["--resume"]).output().expect("it runs");
    assert_eq!(nothing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("nothing to go on from"));
}

#[test]
fn files_come_back_as_they_were_written() {
    let model = storyteller();
    let folder = tempfile::tempdir().expect("a folder");
    let atlas = atlas_of(&model, &corpus(folder.path(), 8));
    let json = folder.path().join("atlas.json");
    save_atlas(&atlas, &json, (AtlasForm::Json, Lang::En)).expect("written");
    let back = open_atlas(&json).expect("readable");
    assert_eq!(bytes(&back), bytes(&atlas));

    // HeadVis's folder has no offsets, no ids and fewer decimals; everything else is there
    let (once, twice) = (folder.path().join("once"), folder.path().join("twice"));
    save_atlas(&atlas, &once, (AtlasForm::HeadVis, Lang::En)).expect("written");
    let back = open_atlas(&once).expect("readable");
    assert_eq!((&back.model, &back.ran), (&atlas.model, &atlas.ran));
    assert_eq!(back.heads.len(), atlas.heads.len());
    let of = |atlas: &Atlas, id: &str| -> Vec<f64> {
        atlas.heads.iter().filter_map(|entry| entry.value(id)).map(|x| (x * 1e4).round()).collect()
    };
    for axis in atlas.axes() {
        assert_eq!(of(&back, &axis.id), of(&atlas, &axis.id), "{}", axis.id);
    }
    for (found, own) in back.heads.iter().zip(&atlas.heads) {
        let roles = |entry: &mnemoscope::analysis::atlas::HeadEntry| -> Vec<&str> {
            entry.roles().map(|role| role.id).collect()
        };
        assert_eq!(roles(found), roles(own));
        let shown = |atlas: &Atlas, entry: &mnemoscope::analysis::atlas::HeadEntry| {
            let mut all: Vec<_> = entry
                .sequences
                .iter()
                .map(|own| (atlas.passages[own.passage].clone(), own.decile, own.cells.clone()))
                .collect();
            all.sort_by_key(|own| own.0.number);
            all
        };
        assert_eq!(shown(&back, found), shown(&atlas, own), "{}", own.head);
    }
    save_atlas(&back, &twice, (AtlasForm::HeadVis, Lang::En)).expect("written");
    for name in ["scatter_data.json", "heads/L4H0.json", "server_config.json", "attributions/manifest.json"] {
        let read = |folder: &Path| std::fs::read_to_string(folder.join(name)).expect("written");
        assert_eq!(read(&once), read(&twice), "{name}");
    }
}

/// The shapes that the docstrings of HeadVis's `data_pipeline.py` and `server.py` demand.
#[test]
fn headviss_folder_has_the_shapes_that_its_viewers_read() {
    let model = storyteller();
    let folder = tempfile::tempdir().expect("a folder");
    let atlas = atlas_of(&model, &corpus(folder.path(), 6));
    save_atlas(&atlas, &folder.path().join("data"), (AtlasForm::HeadVis, Lang::En)).expect("written");
    let read = |name: &str| -> Value {
        let bytes = std::fs::read(folder.path().join("data").join(name)).expect("written");
        serde_json::from_slice(&bytes).expect("JSON")
    };
    let config = read("config.json");
    assert_eq!((config["n_layers"].as_u64(), config["n_heads"].as_u64()), (Some(6), Some(6)));
    assert_eq!(config["n_intervals"], 10);
    assert_eq!(config["has_umap"], false);
    assert_eq!(config["heads"].as_array().map(Vec::len), Some(36));
    assert_eq!(config["head_data_pattern"], "L{layer}H{head}.json");
    let metrics: Vec<&str> =
        config["metrics"].as_array().expect("names").iter().filter_map(Value::as_str).collect();
    let scatter = read("scatter_data.json");
    let rows = scatter.as_array().expect("rows");
    assert_eq!(rows.len(), 36);
    for name in ["self_attention_score", "previous_token_score", "pattern_entropy", "qk_distance"] {
        assert!(metrics.contains(&name), "{name}");
        assert!(config["metric_descriptions"][name].is_string());
    }
    for row in rows {
        assert!(row["layer"].is_u64() && row["head"].is_u64() && row["prev_token_score"].is_f64());
        assert!(metrics.iter().all(|name| row.get(*name).is_some()));
    }
    assert_eq!((read("server_config.json"), read("attributions/manifest.json")), (json!({}), json!({})));
    let head = read("heads/L3H1.json");
    for table in ["top_query_tokens", "top_key_tokens"] {
        let rows = head[table].as_array().expect("a table");
        assert!(rows.iter().all(|row| row["token"].is_string() && row["weight"].is_number()));
        assert!(rows.is_sorted_by(|a, b| a["weight"].as_f64() >= b["weight"].as_f64()));
    }
    for plot in ["qk_distance_histogram", "histogram"] {
        let count = |part: &str| head[plot][part].as_array().map(Vec::len).expect("numbers");
        assert_eq!(count("bin_edges"), count("bin_values") + 1);
    }
    // A head that looks one token back has its mass at distance 1
    let bins = head["qk_distance_histogram"]["bin_values"].as_array().expect("numbers");
    let mass: Vec<f64> = bins.iter().filter_map(Value::as_f64).collect();
    assert!(mass[1] > 0.8 * mass.iter().sum::<f64>(), "{mass:?}");
    for sequence in head["sequences"].as_array().expect("sequences") {
        let n = sequence["seq_len"].as_u64().expect("a length");
        assert_eq!(sequence["tokens"].as_array().map(Vec::len), Some(n as usize));
        let cells = sequence["attention_indices"].as_array().expect("cells");
        let values = sequence["attention_values"].as_array().expect("values");
        assert_eq!(cells.len(), values.len());
        let apart = cells.iter().zip(values).filter_map(|(cell, value)| {
            let (query, key) = (cell.as_u64()? / n, cell.as_u64()? % n);
            assert!(key <= query && query < n);
            (query > 0 && key > 0).then(|| value.as_f64())?
        });
        let max = sequence["max_activation"].as_f64().expect("a weight");
        assert!((apart.fold(0.0, f64::max) - max).abs() < 1e-4);
        assert!((1..=10).contains(&sequence["interval"].as_i64().expect("a tenth")));
    }
}

/// As Neuronpedia's pipeline writes it: five intervals, its own name for the previous token, a measure that is missing.
fn strange(folder: &Path, pattern: &str, cell: u64) {
    let config = json!({
        "model_name": "other/model", "dataset_name": "some/texts", "heads": [[0, 0], [0, 1]], "n_layers": 1,
        "n_heads": 2, "n_intervals": 5, "metrics": ["prev_token_score", "logit_std"],
        "metric_descriptions": { "logit_std": "std of scores" }, "head_data_pattern": pattern,
        "pipeline_config": { "n_sequences": 20, "actual_sequences_processed": 19 },
    });
    let scatter = json!([
        { "layer": 0, "head": 0, "prev_token_score": 0.25, "logit_std": 1.5 },
        { "layer": 0, "head": 1, "prev_token_score": null, "logit_std": 2.5 },
    ]);
    let head = json!({
        "sequences": [{ "sequence_id": 7, "interval": 5, "tokens": ["a", " b", " c"],
            "attention_indices": [8, cell], "attention_values": [0.5, 0.25], "seq_len": 3, "max_activation": 0.5 }],
        "top_query_tokens": [{ "token": " c", "weight": 3.0 }, { "token": " b", "weight": 1.0 }],
        "histogram": {}, "statistics": {},
    });
    std::fs::create_dir_all(folder.join("heads")).expect("made");
    for (name, value) in [("config.json", config), ("scatter_data.json", scatter), ("heads/L0H0.json", head)]
    {
        write(&folder.join(name), value.to_string().as_bytes());
    }
}

#[test]
fn a_folder_of_others_is_opened_or_refused_with_a_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    strange(folder.path(), "L{layer}H{head}.json", 4);
    let atlas = open_atlas(folder.path()).expect("readable");
    assert_eq!((atlas.model.as_str(), atlas.ran.texts.as_deref()), ("other/model", Some("some/texts")));
    assert_eq!((atlas.ran.passages, atlas.heads.len()), (19, 2));
    let [first, second] = &atlas.heads[..] else { panic!("two heads") };
    assert_eq!((first.value("previous_token"), second.value("previous_token")), (Some(0.25), None));
    assert_eq!(second.value("logit_std"), Some(2.5));
    assert_eq!((first.roles().count(), second.sequences.len()), (0, 0));
    let sequence = &first.sequences[0];
    assert_eq!((sequence.decile, sequence.cells.strongest(3)), (10, Some((2, 2, 0.5))));
    assert_eq!(sequence.cells.cells, [4, 8], "in order");
    assert_eq!((first.queries[0].text.as_str(), first.queries[0].share), (" c", 0.75));
    let axis = atlas.axes().into_iter().find(|axis| axis.id == "logit_std").expect("an axis");
    assert_eq!(axis.formula, "std of scores");

    let refused = |what: &str| {
        let error = open_atlas(folder.path()).expect_err("refused").to_string();
        assert!(error.contains(what), "{error}");
    };
    strange(folder.path(), "L{layer}H{head}.json", 9);
    refused("sequence 7");
    strange(folder.path(), "../L{layer}H{head}.json", 4);
    refused("leads out");
    write(&folder.path().join("scatter_data.json"), b"[{}]");
    refused("no layer");
    std::fs::remove_file(folder.path().join("config.json")).expect("gone");
    refused("config.json is not there");
    let json = folder.path().join("a.json");
    write(
        &json,
        br#"{"model":"m","ran":{"period":0,"probes":0,"seed":0,"texts":null,"passages":0,"tokens":0},
        "heads":[{"layer":0,"head":0,"scores":{},"measures":{},"sequences":[
        {"passage":3,"decile":1,"top":true,"max":0.1,"cells":[],"weights":[]}]}]}"#,
    );
    assert!(open_atlas(&json).expect_err("refused").to_string().contains("not there"));
}

#[test]
fn an_atlas_is_opened_and_converted_on_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder");
    strange(folder.path(), "L{layer}H{head}.json", 4);
    let path = |name: &str| folder.path().join(name).display().to_string();
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_mnemoscope")).args(arguments).output().expect("it runs")
    };
    let made = run(&["atlas", "--open", &path(""), "-o", &path("b.json")]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    assert_eq!(open_atlas(&folder.path().join("b.json")).expect("readable").heads.len(), 2);
    let made = run(&["atlas", "--open", &path("b.json"), "--format", "headvis", "-o", &path("again")]);
    assert!(made.status.success());
    assert_eq!(open_atlas(&folder.path().join("again")).expect("readable").heads.len(), 2);
    let missing = run(&["atlas", "--open", &path("nothing.json")]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("nothing.json"));
}
