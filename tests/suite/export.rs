//! Contract: what is written can be read by other people's readers, under the vocabulary's names and shapes, and a
//! file is there whole or not at all.

use crate::parity::{fixtures, open, run_ids};
use mnemoscope::export::{self, Dtype, ExportError, Look, Options, Ranges, Selection, Source, What};
use mnemoscope::model::Model;
use mnemoscope::trace::{HeadId, Hook, Trace};
use safetensors::SafeTensors;
use std::collections::HashMap;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use strum::IntoEnumIterator as _;

const TEXT: &str = "</script><script>alert(1)</script>,\"\n'";

pub(crate) struct Run {
    pub(crate) model: Model,
    pub(crate) trace: Trace,
    pub(crate) folder: tempfile::TempDir,
}

impl Run {
    pub(crate) fn of(fixture: &str, n_tokens: u32) -> Self {
        let model = open(&fixtures().join(fixture));
        let vocab = model.spec().vocab as u32;
        let mut trace = run_ids(&model, &(0..n_tokens).map(|i| (i * 5 + 3) % vocab).collect::<Vec<_>>());
        Arc::make_mut(&mut trace.tokens)[1].text = TEXT.into();
        Self { model, trace, folder: tempfile::tempdir().expect("a temporary folder") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn export(&self, name: &str, options: &Options) -> Result<PathBuf, ExportError> {
        let source =
            Source { model: Some(&self.model), trace: &self.trace, watch: &|_| ControlFlow::Continue(()) };
        let path = self.path(name);
        export::export(&source, options, &path).map(|_| path)
    }

    fn array(&self, hook: Hook, layer: usize) -> Vec<f32> {
        self.trace.activation(&self.model.network, hook, layer).expect("it exists").data
    }
}

pub(crate) fn what(what: &[What]) -> Options {
    Options { what: what.to_vec(), ..Options::default() }
}

fn one_head(layer: usize, head: usize) -> Selection {
    Selection { layers: Some(Ranges::one(layer)), heads: Some(Ranges::one(head)) }
}

/// Name → (shape, values), read with the crates `zip` and `npyz`.
pub(crate) fn read_npz(path: &Path) -> HashMap<String, (Vec<u64>, Vec<f32>)> {
    let mut zip = zip::ZipArchive::new(std::fs::File::open(path).expect("written")).expect("a zip");
    let mut arrays = HashMap::new();
    for index in 0..zip.len() {
        let mut member = zip.by_index(index).expect("listed");
        let name = member.name().expect("a name").to_string();
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).expect("whole");
        let file = npyz::NpyFile::new(&bytes[..]).expect("an npy header");
        assert_eq!(file.order(), npyz::Order::C);
        let shape = file.shape().to_vec();
        let values = match file.dtype().descr().as_str() {
            "'<i8'" => file.into_vec::<i64>().expect("integers").into_iter().map(|id| id as f32).collect(),
            "'<f2'" => file.into_vec::<half::f16>().expect("halves").into_iter().map(f32::from).collect(),
            _ => file.into_vec::<f32>().expect("floats"),
        };
        arrays.insert(name.trim_end_matches(".npy").to_owned(), (shape, values));
    }
    arrays
}

fn shape(shape: &[usize]) -> Vec<u64> {
    shape.iter().map(|&n| n as u64).collect()
}

#[test]
fn npz_holds_every_array_as_the_model_has_it() {
    let run = Run::of("llama-gqa", 11);
    // What only models with positions of their own, or with narrower embeddings, have
    let all: Vec<What> = What::iter().filter(|what| !matches!(what, What::Embed | What::Projected)).collect();
    let arrays = read_npz(&run.export("all.npz", &what(&all)).expect("written"));
    let mut expected = vec![(Hook::FinalNormalized, 0), (Hook::Logits, 0)];
    for layer in 0..run.trace.n_layers() {
        let hooks = all.iter().map(|what| what.hook()).filter(|hook| hook.per_layer());
        expected.extend(hooks.map(|hook| (hook, layer)));
    }
    expected.push((Hook::ResidPost, run.trace.n_layers() - 1));
    for &(hook, layer) in &expected {
        let name = run.trace.spec.hook_name(hook, layer);
        let (found, values) = arrays.get(&name).unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(*found, shape(&run.trace.shape(hook, layer)), "{name}");
        assert_eq!(*values, run.array(hook, layer), "{name}");
    }
    let ids: Vec<f32> = run.trace.tokens.iter().map(|token| token.id as f32).collect();
    assert_eq!(arrays["tokens"], (vec![11], ids));
    assert_eq!(arrays.len(), expected.len() + 1);
}

#[test]
fn safetensors_hold_the_same_and_where_it_came_from() {
    let run = Run::of("gpt2-odd", 9);
    let path = run.export("a.safetensors", &what(&[What::Pattern, What::Resid])).expect("written");
    let bytes = std::fs::read(path).expect("written");
    let file = SafeTensors::deserialize(&bytes).expect("a sound file");
    for layer in 0..run.trace.n_layers() {
        let tensor = file.tensor(&run.trace.spec.hook_name(Hook::Pattern, layer)).expect("every layer");
        assert_eq!(tensor.shape(), [run.trace.heads(layer), 9, 9]);
        let values: Vec<f32> = bytemuck::pod_collect_to_vec(tensor.data());
        assert_eq!(values, run.array(Hook::Pattern, layer));
    }
    let last = run.trace.n_layers() - 1;
    assert!(
        file.tensor(&run.trace.spec.hook_name(Hook::ResidPost, last)).is_ok(),
        "the residual stream ends after the last block"
    );
    let (_, header) = SafeTensors::read_metadata(&bytes).expect("a header");
    let metadata = header.metadata().as_ref().expect("metadata");
    assert_eq!(metadata["model"], run.trace.model_name);
    assert!(metadata.contains_key("mnemoscope") && metadata.contains_key("prompt"));
}

#[test]
fn a_post_norm_model_ends_in_its_normalised_stream() {
    let run = Run::of("bert-bare", 7);
    let arrays = read_npz(&run.export("a.npz", &what(&[What::Resid])).expect("written"));
    let last = run.trace.n_layers() - 1;
    assert_eq!(
        arrays[&run.trace.spec.hook_name(Hook::NormalizedResidPost, last)].1,
        run.trace.resid(last + 1)
    );
}

#[test]
fn halves_are_rounded_and_take_half_the_room() {
    let run = Run::of("gpt2-odd", 9);
    let options = Options { dtype: Dtype::F16, ..Options::default() };
    let arrays = read_npz(&run.export("half.npz", &options).expect("written"));
    let exact = run.array(Hook::Pattern, 0);
    for (half, exact) in arrays[&run.trace.spec.hook_name(Hook::Pattern, 0)].1.iter().zip(exact) {
        assert!((half - exact).abs() <= 5e-4, "{half} for {exact}");
    }
    let bytes = std::fs::read(run.export("half.safetensors", &options).expect("written")).expect("written");
    let file = SafeTensors::deserialize(&bytes).expect("a sound file");
    assert_eq!(
        file.tensor(&run.trace.spec.hook_name(Hook::Pattern, 0)).expect("there").dtype(),
        safetensors::Dtype::F16
    );
}

#[test]
fn picked_heads_bring_the_key_value_heads_they_read() {
    let run = Run::of("llama-gqa", 6);
    let attention = &run.trace.spec.blocks[1].attention;
    assert!(attention.kv_heads < attention.heads, "the fixture shares keys and values");
    let head = attention.heads - 1;
    let options = Options { selection: one_head(1, head), ..what(&[What::Pattern, What::Q, What::K]) };
    let arrays = read_npz(&run.export("one.npz", &options).expect("written"));
    assert_eq!(arrays.len(), 4);
    let (n, dim) = (6, attention.head_dim);
    assert_eq!(arrays[&run.trace.spec.hook_name(Hook::Pattern, 1)].0, [1, 6, 6]);
    let pattern = run.trace.pattern(HeadId { layer: 1, head }).tile(0..6, 0..6);
    assert_eq!(arrays[&run.trace.spec.hook_name(Hook::Pattern, 1)].1, pattern);
    let (kv_head, kv_heads) = (attention.kv_head(head), attention.kv_heads);
    let whole = run.array(Hook::K, 1);
    let part: Vec<f32> =
        (0..n).flat_map(|t| whole[(t * kv_heads + kv_head) * dim..][..dim].to_vec()).collect();
    assert_eq!(arrays[&run.trace.spec.hook_name(Hook::K, 1)], (vec![n as u64, 1, dim as u64], part));
}

#[test]
fn json_is_one_object_nested_as_the_shapes_say() {
    let run = Run::of("gpt2-odd", 5);
    let path = run.export("a.json", &what(&[What::Pattern, What::Scores, What::Logits])).expect("written");
    let object: serde_json::Value =
        serde_json::from_slice(&std::fs::read(path).expect("written")).expect("one JSON value");
    assert_eq!(object["tokens"][1]["text"], TEXT);
    let pattern = run.trace.pattern(HeadId { layer: 0, head: 1 });
    for (q, k) in [(0, 0), (3, 1), (4, 4), (1, 3)] {
        let found = object["arrays"]["blocks.0.attn.hook_pattern"][1][q][k].as_f64().expect("a number");
        assert!((found - f64::from(pattern.cell(q, k))).abs() < 1e-7, "{q}, {k}");
    }
    let scores = &object["arrays"]["blocks.0.attn.hook_attn_scores"];
    assert!(scores[0][0][1].is_null() && scores[0][1][0].is_number(), "−∞ is no JSON number");
    assert_eq!(object["arrays"]["logits"].as_array().expect("rows").len(), 5);
    assert_eq!(object["arrays"]["logits"][4].as_array().expect("a row").len(), run.model.spec().vocab);
}

#[test]
fn csv_has_a_line_for_every_cell_that_is_not_masked() {
    let run = Run::of("gpt2-odd", 5);
    let options = Options { selection: one_head(0, 1), ..Options::default() };
    let mut table = csv::Reader::from_path(run.export("a.csv", &options).expect("written")).expect("a table");
    let header: Vec<String> = table.headers().expect("a header").iter().map(str::to_owned).collect();
    assert_eq!(header, ["layer", "head", "query", "key", "query_token", "key_token", "weight"]);
    let pattern = run.trace.pattern(HeadId { layer: 0, head: 1 });
    let mut lines = 0;
    for record in table.records() {
        let record = record.expect("whole");
        let number = |at: usize| record[at].parse::<usize>().expect("a position");
        assert_eq!((number(0), number(1)), (0, 1));
        let (q, k) = (number(2), number(3));
        assert_eq!(&record[4], run.trace.tokens[q].text, "quoted as CSV needs it");
        let weight = record[6].parse::<f32>().expect("a weight");
        assert_eq!(weight.to_bits(), pattern.cell(q, k).to_bits(), "nothing is lost in print");
        lines += 1;
    }
    assert_eq!(lines, 15);
}

#[test]
fn csv_of_hidden_states_counts_layers_to_the_end() {
    let run = Run::of("gpt2-odd", 4);
    let path = run.export("a.csv", &what(&[What::Resid])).expect("written");
    let mut table = csv::Reader::from_path(path).expect("a table");
    let layers: std::collections::BTreeSet<String> =
        table.records().map(|record| record.expect("whole")[0].to_owned()).collect();
    assert_eq!(layers.len(), run.trace.n_layers() + 1);
}

#[test]
fn pictures_open_and_a_folder_has_one_per_head() {
    let run = Run::of("gpt2-odd", 6);
    for (name, options) in [
        ("sheet.png", Options::default()),
        ("head.png", Options { selection: one_head(0, 0), ..Options::default() }),
        ("states.png", Options { selection: one_head(0, 0), ..what(&[What::Resid]) }),
        ("scores.png", what(&[What::Scores])),
        ("norms.png", what(&[What::Resid])),
    ] {
        let options = Options { look: Look { size: Some(500), ..Look::default() }, ..options };
        let bytes = std::fs::read(run.export(name, &options).expect(name)).expect(name);
        let decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        let mut reader = decoder.read_info().expect(name);
        assert_eq!(reader.info().width, 500, "{name}");
        let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
        reader.next_frame(&mut pixels).expect(name);
        assert!(pixels.chunks(3).any(|pixel| pixel != &pixels[..3]), "{name} is blank");
    }
    let svg = std::fs::read_to_string(run.export("sheet.svg", &Options::default()).expect("written"))
        .expect("text");
    assert!(!svg.contains("<script"), "the token became an element");
    assert!(resvg::usvg::Tree::from_str(&svg, &resvg::usvg::Options::default()).is_ok());

    let small = Options { look: Look { size: Some(200), ..Look::default() }, ..Options::default() };
    let folder = run.export("heads/", &small).expect("written");
    let files = std::fs::read_dir(&folder).expect("made").count();
    assert_eq!(files, run.trace.head_ids().count());
    assert!(folder.join("L0H0.png").is_file());
}

#[test]
fn what_cannot_be_written_says_so_and_leaves_the_old_file() {
    let run = Run::of("gpt2-odd", 4);
    let old = run.path("old.npz");
    std::fs::File::create(&old).expect("made");
    let beyond = Options { selection: one_head(99, 0), ..Options::default() };
    let error = run.export("old.npz", &beyond).expect_err("there is no layer 99");
    assert!(error.to_string().contains("layer 99"), "{error}");
    assert_eq!(std::fs::read(&old).expect("still there"), b"");

    for (name, options, word) in [
        ("a.docx", Options::default(), "no format"),
        ("missing/a.npz", Options::default(), "cannot write"),
        ("a.csv", what(&[What::Q, What::K]), "several kinds"),
        ("a.html", what(&[What::Q]), "attention weights"),
        ("a.png", what(&[What::Q]), "`q`"),
    ] {
        let error = run.export(name, &options).expect_err(name);
        assert!(error.to_string().contains(word), "{name}: {error}");
        assert!(error.hint().is_some(), "{name}: {error} has no hint");
    }
    let left: Vec<_> = std::fs::read_dir(run.folder.path()).expect("listed").collect();
    assert_eq!(left.len(), 1, "something half-written was left: {left:?}");
}

#[test]
fn a_cancelled_export_leaves_nothing() {
    let run = Run::of("gpt2-odd", 4);
    let source = Source { model: Some(&run.model), trace: &run.trace, watch: &|_| ControlFlow::Break(()) };
    for name in ["a.npz", "a.safetensors", "a.json", "a.html"] {
        let outcome = export::export(&source, &Options::default(), &run.path(name));
        assert!(matches!(outcome, Err(ExportError::Cancelled)), "{name}: {outcome:?}");
        assert!(!run.path(name).exists(), "{name}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_noticed() {
    let run = Run::of("gpt2-odd", 4);
    let full = Path::new("/dev/full");
    let link = run.path("full.npz");
    std::os::unix::fs::symlink(full, &link).expect("linked");
    let error = run.export("full.npz", &Options::default()).expect_err("/dev/full is full");
    assert!(error.to_string().contains("full.npz") && error.hint().is_some(), "{error}");
}

#[test]
fn numbers_and_ranges_are_read_as_typed() {
    let spec = open(&fixtures().join("gpt2-odd")).spec().clone();
    let layers = |text: &str| {
        let ranges = text.parse::<Ranges>().map_err(|error| error.to_string())?;
        Selection { layers: Some(ranges), heads: None }.layers(&spec).map_err(|error| error.to_string())
    };
    assert_eq!(layers("0"), Ok(vec![0]));
    assert_eq!(layers("1, 0"), Ok(vec![0, 1]));
    assert_eq!(layers("0-1,1"), Ok(vec![0, 1]));
    for wrong in ["", "a", "1-", "3-1", "-1", "0,,1", "18446744073709551615"] {
        assert!(layers(wrong).is_err(), "`{wrong}` was taken");
    }
}

#[test]
fn every_format_is_found_by_its_ending() {
    for format in export::FORMATS {
        let found =
            export::format_of(Path::new(&format!("A.b{}", format.ending.to_uppercase()))).expect("known");
        assert_eq!(found.ending, format.ending);
    }
    assert!(export::format_of(Path::new(".png")).is_err(), "an ending alone is no name");
}
