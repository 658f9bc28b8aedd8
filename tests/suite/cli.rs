//! Contract: names, JSON shapes, exit statuses and one line of complaint, as other people's scripts rely on them.

use crate::files::write;
use crate::parity::fixtures;
use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const IDS: &[&str] = &["--ids", "5 1 7, 3 5 1"];

pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mnemoscope"));
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env_remove("WAYLAND_SOCKET");
    command
}

fn model() -> PathBuf {
    fixtures().join("llama-gqa")
}

/// Runs `command` on the fixture with ids as its prompt.
pub(crate) fn on_ids(command: &str, more: &[&str]) -> Output {
    program().arg(command).arg(model()).args(IDS).args(more).output().expect("the binary runs")
}

fn bare(arguments: &[&str]) -> Output {
    program().args(arguments).output().expect("the binary runs")
}

#[track_caller]
pub(crate) fn object(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.trim_end().lines().count(), 1, "one object and nothing else: {text}");
    serde_json::from_str(&text).expect("a JSON object")
}

/// Status 1, nothing on stdout, one line on stderr that holds every one of `words`.
#[track_caller]
pub(crate) fn complains(output: &Output, words: &[&str]) {
    let line = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{line}");
    assert!(output.stdout.is_empty());
    assert_eq!(line.lines().count(), 1, "one line: {line}");
    for word in words {
        assert!(line.contains(word), "`{word}` is not in: {line}");
    }
}

#[test]
fn run_gives_tokens_candidates_timing_and_bytes() {
    let object = object(&on_ids("run", &["--json", "--top", "3"]));
    let ids: Vec<u64> = object["tokens"]
        .as_array()
        .expect("tokens")
        .iter()
        .map(|token| token["id"].as_u64().expect("an id"))
        .collect();
    assert_eq!(ids, [5, 1, 7, 3, 5, 1]);
    assert!(object["tokens"][0]["text"].is_string());
    let next = object["next"].as_array().expect("candidates");
    assert_eq!(next.len(), 3);
    assert!(next.iter().all(|next| next["id"].is_u64() && next["text"].is_string() && next["p"].is_f64()));
    assert!(object["forward_s"].as_f64().is_some_and(|s| s > 0.0));
    assert!(object["trace_bytes"].as_u64().is_some_and(|bytes| bytes > 0));
}

#[test]
fn heads_gives_every_measure_and_sorts_by_one() {
    let object = object(&on_ids("heads", &["--json", "--sort", "entropy"]));
    assert_eq!(object["tokens"].as_array().map(Vec::len), Some(6));
    let heads = object["heads"].as_array().expect("heads");
    for measure in mnemoscope::analysis::MEASURES {
        assert!(heads.iter().all(|head| head[measure.id].is_number()), "{} is missing", measure.id);
    }
    let entropies: Vec<f64> = heads.iter().map(|head| head["entropy"].as_f64().expect("a number")).collect();
    assert!(entropies.is_sorted_by(|a, b| a >= b), "{entropies:?}");
    let table = on_ids("heads", &["--top", "2"]);
    let lines: Vec<String> = String::from_utf8_lossy(&table.stdout).lines().map(str::to_owned).collect();
    // Roles stand behind the measures, where a head has any
    let wide = lines.iter().find_map(|line| line.find("  roles")).expect("a last column");
    let aligned = |line: &String| line.len() == wide || line[wide..].starts_with("  ");
    assert!(lines.len() >= 3 && lines.iter().all(|line| line.len() >= wide && aligned(line)), "{lines:#?}");
}

#[test]
fn lens_has_a_layer_more_than_the_model() {
    let object = object(&on_ids("lens", &["--json", "--top", "2"]));
    let layers = object["layers"].as_array().expect("layers");
    let info = self::object(&program().arg("info").arg(model()).arg("--json").output().expect("runs"));
    assert_eq!(layers.len() as u64, info["layers"].as_u64().expect("a number") + 1);
    for layer in layers {
        assert!(layer["name"].is_string());
        assert_eq!(layer["tokens"].as_array().map(Vec::len), Some(6));
        assert_eq!(layer["tokens"][5].as_array().map(Vec::len), Some(2));
    }
    assert!(String::from_utf8_lossy(&on_ids("lens", &[]).stdout).lines().count() > 2);
}

#[test]
fn info_says_what_the_model_is() {
    let object = object(&program().arg("info").arg(model()).arg("--json").output().expect("runs"));
    for name in ["family", "layers", "heads", "kv_heads", "head_dim", "width", "vocab_size", "parameters"] {
        assert!(!object[name].is_null(), "{name} is missing");
    }
    assert!(object["tensors"].as_array().is_some_and(|tensors| tensors[0]["source"].is_string()));
}

#[test]
fn generate_adds_tokens_and_a_seed_repeats_them() {
    let draw = |seed: &str| {
        let more =
            ["--json", "-n", "4", "--temperature", "1", "--top-k", "20", "--top-p", "0.9", "--seed", seed];
        object(&on_ids("generate", &more))["tokens"].clone()
    };
    assert!((1..=4).contains(&draw("3").as_array().expect("tokens").len()));
    assert_eq!(draw("3"), draw("3"));
}

#[test]
fn check_passes_on_a_sound_model() {
    let object = object(&program().arg("check").arg(model()).arg("--json").output().expect("runs"));
    assert_eq!(object["passed"], true, "{object:#}");
    assert!(object["checks"].as_array().is_some_and(|checks| checks.len() >= 4));
}

#[test]
fn bench_prints_what_can_stand_beside_another_program() {
    let more = ["--tokens", "12", "--runs", "2", "--decode", "2", "--threads", "1", "--json"];
    let object = object(&program().arg("bench").arg(model()).args(more).output().expect("runs"));
    assert_eq!(object["tokens"], 12);
    assert_eq!(object["threads"], 1);
    for name in ["load_s", "forward_s", "first_map_s", "decode_s", "peak_rss_bytes"] {
        assert!(object[name].as_f64().is_some_and(|value| value > 0.0), "{name}: {object}");
    }
}

#[test]
fn export_writes_what_the_names_say() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let more = ["-o", &path("a.npz"), &path("a.svg"), "--layers", "0", "--heads", "0-1", "--json"];
    let object = object(&on_ids("export", &more));
    let files = object["files"].as_array().expect("files");
    assert_eq!(files.len(), 2);
    for file in files {
        let bytes = std::fs::metadata(file["path"].as_str().expect("a path")).expect("written").len();
        assert_eq!(file["bytes"], bytes);
    }
}

#[test]
fn a_prompt_comes_from_a_file_or_standard_input() {
    let mut child = program()
        .args(["run", "--prompt-file", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    child.stdin.take().expect("piped").write_all(b"Once upon a time\n").expect("it reads");
    let from_pipe = object(&child.wait_with_output().expect("it ends"));
    let from_option = object(&bare(&["run", "--prompt", "Once upon a time", "--json"]));
    assert_eq!(from_pipe["tokens"], from_option["tokens"]);
}

#[test]
fn a_wrong_prompt_is_one_clear_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("prompt.txt");
    write(&path, b"good \xff bad");
    let name = path.display().to_string();
    complains(&bare(&["run", "--prompt-file", &name]), &["byte 5", &name, "UTF-8"]);
    complains(&bare(&["run", "--prompt-file", "/nowhere/at/all"]), &["/nowhere/at/all"]);
    complains(&bare(&["run", "--prompt", ""]), &["empty"]);
    complains(&bare(&["run", "--ids", "99999999"]), &["99999999", "out of range"]);
    complains(&on_ids("run", &["--memory", "1k"]), &["memory", "--memory"]);
}

#[test]
fn a_wrong_model_is_one_clear_line() {
    complains(&bare(&["info", "/no/such/model"]), &["/no/such/model"]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let name = folder.path().display().to_string();
    complains(&bare(&["run", &name, "--prompt", "a"]), &["config.json", &name]);
    std::fs::copy(model().join("model.safetensors"), folder.path().join("model.safetensors"))
        .expect("copied");
    write(&folder.path().join("config.json"), r#"{"model_type": "mamba"}"#);
    complains(&bare(&["info", &name]), &["mamba", "supported: ", "llama"]);
    complains(&bare(&["info", "--device", "cuda:1"]), &["cuda:1"]);
}

#[test]
fn where_nothing_can_be_written_one_line_says_so() {
    complains(&on_ids("export", &["-o", "/nowhere/a.npz"]), &["/nowhere/a.npz", "folder"]);
    complains(&on_ids("export", &["-o", "a.xyz"]), &["a.xyz", ".npz"]);
    complains(&on_ids("export", &["-o", "a.png", "--layers", "77"]), &["layer 77"]);
    #[cfg(target_os = "linux")]
    {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("Linux has it");
        let output = program().args(["info", "--json"]).stdout(full).output().expect("runs");
        assert_eq!(output.status.code(), Some(1), "a full disk under standard output");
    }
}

#[test]
fn wrong_usage_is_status_two() {
    for arguments in [
        &["run"][..],
        &["run", "--prompt", "a", "--ids", "1"],
        &["run", "--ids", "x"],
        &["export", "--prompt", "a"],
        &["export", "--prompt", "a", "-o", "a.png", "--colormap", "mauve"],
        &["heads", "--prompt", "a", "--sort", "beauty"],
        &["generate", "--prompt", "a", "--top-p", "3"],
        &["--device", "abacus", "info"],
        &["model", "run", "--prompt", "a"],
        &["--no-such-option"],
    ] {
        let output = bare(arguments);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn help_version_completions_and_the_man_page_are_there() {
    let text = |arguments: &[&str]| {
        let output = bare(arguments);
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    assert!(text(&["--version"]).contains(env!("CARGO_PKG_VERSION")));
    let man = text(&["man"]);
    for command in ["run", "export", "heads", "lens", "generate", "info", "check", "atlas", "recall", "bench"]
    {
        assert!(text(&["--help"]).contains(command));
        assert!(
            man.to_lowercase().contains(&format!("mnemoscope\\-{command}")),
            "{command} is not in the man page"
        );
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(text(&["completions", shell]).contains("prompt-file"), "{shell}");
    }
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_no_failure() {
    let script = format!("'{}' man | true; exit ${{PIPESTATUS[0]}}", env!("CARGO_BIN_EXE_mnemoscope"));
    let status = Command::new("bash").args(["-c", &script]).status().expect("a shell");
    assert_eq!(status.code(), Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_window_without_a_display_is_one_clear_line() {
    complains(&bare(&[]), &["display"]);
    complains(&bare(&["bench", "--window", "--runs", "1"]), &["display"]);
}

#[test]
fn a_model_of_one_token_or_without_a_head_runs() {
    let one = fixtures().join("llama-one-token");
    let _ = object(&program().arg("run").arg(one).args(["--ids", "1", "--json"]).output().expect("runs"));
    let headless: &Path = &fixtures().join("bert-bare");
    let next = object(&program().arg("run").arg(headless).args(IDS).arg("--json").output().expect("runs"));
    assert_eq!(next["next"].as_array().map(Vec::len), Some(0));
    let lens = program().arg("lens").arg(headless).args(IDS).output().expect("runs");
    complains(&lens, &["head"]);
    let generate = program().arg("generate").arg(headless).args(IDS).output().expect("runs");
    complains(&generate, &["does not generate"]);
}

/// Runs `command` on an encoder–decoder fixture with ids for both texts.
fn translate(command: &str, more: &[&str]) -> Output {
    let texts = ["--ids", "5 7 9 11 13 15", "--target-ids", "8 10 12"];
    let model = fixtures().join("seq2seq/bart");
    program().arg(command).arg(model).args(texts).args(more).output().expect("the binary runs")
}

#[test]
fn heads_of_an_encoder_and_a_decoder_say_their_part() {
    let object = object(&translate("heads", &["--json"]));
    let length = |value: &Value| value.as_array().expect("a list").len();
    assert_eq!((length(&object["source"]), length(&object["tokens"])), (6, 4));
    let heads = object["heads"].as_array().expect("heads");
    assert_eq!(heads.len(), 2 + 2 * (3 + 3));
    let last = heads.last().expect("not empty");
    assert_eq!((last["part"].as_str(), last["part_layer"].as_u64()), (Some("cross"), Some(1)));
    assert_eq!((last["layer"].as_u64(), last["name"].as_str()), (Some(4), Some("cross 1.2")));
    let table = translate("heads", &[]);
    let text = String::from_utf8_lossy(&table.stdout);
    assert!(text.lines().any(|line| line.starts_with("cross 1.2 ")), "{text}");
}

#[test]
fn layers_of_an_encoder_and_a_decoder_are_exported_by_their_part() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("heads");
    let folder_name = format!("{}/", path.display());
    let output =
        translate("export", &["--layers", "cross.1", "--heads", "0", "--size", "200", "-o", &folder_name]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(path.join("cross_L1H0.png").is_file());
    assert_eq!(std::fs::read_dir(&path).expect("made").count(), 1);
    let wrong = translate("export", &["--layers", "cross.7", "-o", &folder_name]);
    complains(&wrong, &["no layer 7", "cross-attention"]);
    assert_eq!(translate("export", &["--layers", "middle.1", "-o", "a.npz"]).status.code(), Some(2));
}

#[test]
fn the_lens_of_an_encoder_and_a_decoder_reads_the_target() {
    let object = object(&translate("lens", &["--json", "--top", "1"]));
    let layers = object["layers"].as_array().expect("layers");
    assert_eq!(layers.len(), 2 * 2 + 1);
    assert_eq!(layers[1]["name"], "decoder.0.hook_resid_pre_cross");
    assert!(layers.iter().all(|layer| layer["tokens"].as_array().expect("tokens").len() == 4));
}

#[test]
fn a_saved_trace_is_read_without_its_model() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("run.trace.safetensors");
    let name = file.display().to_string();
    object(&on_ids("export", &["-o", &name, "--json"]));
    let (mut saved, mut run) =
        (object(&bare(&["run", &name, "--json"])), object(&on_ids("run", &["--json"])));
    for object in [&mut saved, &mut run] {
        for measured in ["forward_s", "first_map_s", "trace_bytes"] {
            assert!(object[measured].take().is_number(), "{measured}");
        }
    }
    assert_eq!(saved, run);
    assert_eq!(
        object(&bare(&["heads", &name, "--json"]))["heads"].as_array().map(Vec::len),
        object(&on_ids("heads", &["--json"]))["heads"].as_array().map(Vec::len)
    );
    let info = object(&bare(&["info", &name, "--json"]));
    assert_eq!((&info["trace"]["tokens"], &info["family"]), (&Value::from(6), &Value::from("llama")));
    let picture = folder.path().join("head.svg").display().to_string();
    let more = ["-o", &picture, "--layers", "0", "--heads", "0", "--json"];
    object(&bare(&[&["export", &name], &more[..]].concat()));

    complains(&bare(&["run", &name, "--prompt", "a"]), &["saved trace", "open the model"]);
    for arguments in
        [&["lens", &name, "--ids", "1"][..], &["generate", &name], &["check", &name], &["bench", &name]]
    {
        complains(&bare(arguments), &["run.trace.safetensors", "not the model's weights", "open the model"]);
    }
    let arrays = folder.path().join("a.npz").display().to_string();
    complains(&bare(&["export", &name, "-o", &arrays, "--what", "z"]), &["hook_z", "weights"]);
}

#[test]
fn an_atlas_is_printed_and_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let model = fixtures().join("induction-by-hand").display().to_string();
    let atlas = object(&bare(&["atlas", &model, "--json", "-o", &path("a.json")]));
    let heads = atlas["heads"].as_array().expect("heads");
    assert_eq!(heads.len(), 4);
    assert_eq!(heads[3]["roles"][0], "induction");
    for name in ["scores", "measures", "offsets", "distances", "keys", "queries", "sequences"] {
        assert!(!heads[0][name].is_null(), "{name} is missing");
    }
    let written = std::fs::read(path("a.json")).expect("written");
    assert_eq!(serde_json::from_slice::<Value>(&written).expect("JSON"), atlas);
    let page = bare(&["atlas", &model, "-o", &path("a.html"), "--probes", "1"]);
    assert!(page.status.success());
    assert!(std::fs::read_to_string(path("a.html")).expect("written").contains("induction"));
    assert!(String::from_utf8_lossy(&bare(&["atlas", &model]).stdout).contains("previous token"));
    assert_eq!(bare(&["atlas", &model, "-o", "a.xyz"]).status.code(), Some(2));
    complains(&bare(&["atlas", "--corpus", "/no/such/corpus"]), &["/no/such/corpus", "--corpus"]);
}

#[test]
fn recall_is_printed_and_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let model = fixtures().join("induction-by-hand").display().to_string();
    let asked = ["recall", &model, "--lengths", "8,16", "--depths", "0,0.5,1", "--trials", "2"];
    let recall = object(&bare(&[&asked[..], &["--json", "-o", &path("a.json")]].concat()));
    let cells = recall["cells"].as_array().expect("cells");
    assert_eq!(cells.len(), 6);
    assert!(cells.iter().all(|cell| cell["right"] == 1.0 && cell["p"].is_f64()));
    let written = std::fs::read(path("a.json")).expect("written");
    assert_eq!(serde_json::from_slice::<Value>(&written).expect("JSON"), recall);
    object(&bare(&[&asked[..], &["--json", "-o", &path("a.csv")]].concat()));
    let table = std::fs::read_to_string(path("a.csv")).expect("written");
    assert!(table.starts_with("length,depth,") && table.lines().count() == 7, "{table}");
    object(&bare(&[&asked[..], &["--json", "-o", &path("a.png")]].concat()));
    assert!(std::fs::read(path("a.png")).expect("written").starts_with(b"\x89PNG"));
    assert!(String::from_utf8_lossy(&bare(&asked).stdout).contains("16 tokens"));
    for wrong in [["--depths", "2"], ["--lengths", "0"], ["-o", "a.xyz"], ["--template", "song"]] {
        assert_eq!(bare(&[&asked[..2], &wrong[..]].concat()).status.code(), Some(2), "{wrong:?}");
    }
    let learned = fixtures().join("gpt2-odd").display().to_string();
    complains(&bare(&["recall", &learned, "--lengths", "9999"]), &["9999", "13", "--lengths"]);
}

#[test]
fn the_window_takes_its_prompt_from_a_file_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("prompt.txt");
    write(&file, "Mary has a red ball.");
    let name = file.display().to_string();
    // There is no display here: what is read before is read well
    complains(&bare(&["--prompt-file", &name]), &["display"]);
    complains(&bare(&["--prompt-file", "no/such.txt"]), &["cannot read the prompt in no/such.txt"]);
    assert_eq!(bare(&["--prompt", "a", "--prompt-file", &name]).status.code(), Some(2), "one of them");
    assert_eq!(bare(&["--prompt-file", &name, "info"]).status.code(), Some(2), "behind the command");
}

#[test]
fn columns_stand_under_each_other_whatever_script_names_are_in() {
    let (home, models) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    for name in ["模型甲", "plain"] {
        for file in ["config.json", "model.safetensors"] {
            let bytes = std::fs::read(fixtures().join("gpt2-odd").join(file)).expect("a committed file");
            write(&models.path().join(name).join(file), bytes);
        }
    }
    let output = program()
        .args(["models", "--add-folder"])
        .arg(models.path())
        .env("HOME", home.path())
        .env("MNEMOSCOPE_CONFIG_DIR", home.path())
        .env_remove("HF_HOME")
        .output()
        .expect("the binary runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // Every letter of East Asia is two columns wide: where the second column begins
    let place = |line: &str| {
        let (name, _) = line.split_once("gpt2").expect("a family");
        name.chars().map(|letter| if letter.is_ascii() { 1 } else { 2 }).sum::<usize>()
    };
    let places: Vec<usize> = text.lines().filter(|line| line.contains("gpt2")).map(place).collect();
    assert!(places.len() == 2 && places[0] == places[1], "{places:?}: {text}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_screen_that_does_not_answer_is_named_as_the_cause() {
    let output = program().env("DISPLAY", ":4242").output().expect("runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("connection to X server") && !said.contains("recreated"), "{said}");
}
