//! Contract: a model is the same model, whichever container it comes in.

use crate::files::{copy_into, only, write};
use crate::parity::{Expected, compare, fixtures, none, open, run_ids};
use mnemoscope::kernels::{Elements, Packed, Packing, Scales};
use mnemoscope::model::{Model, gguf};
use safetensors::SafeTensors;
use std::path::{Path, PathBuf};

pub(crate) fn containers() -> PathBuf {
    fixtures().join("containers")
}

/// What differs between the model at `path` and what Transformers computed for a parity fixture.
fn differences(path: &Path, fixture: &str) -> Vec<String> {
    let expected = Expected::read(&fixtures().join(fixture).join("expected.safetensors"));
    let place = path.display().to_string();
    let model = match Model::open(path) {
        Ok(model) => model,
        Err(error) => return vec![format!("{place}: {error}")],
    };
    let trace = run_ids(&model, &expected.ids("tokens"));
    compare(&model, &trace, &expected, &place)
}

fn check(path: &Path, fixture: &str) {
    none(&differences(path, fixture));
}

/// The files of the containers' folder with an ending, each with the fixture it is named after.
fn files(ending: &str) -> Vec<(PathBuf, String)> {
    let entries = std::fs::read_dir(containers()).expect("fixtures are committed");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("a readable entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|found| found == ending));
    files.sort();
    let name = |file: PathBuf| {
        let stem = file.file_stem().expect("a name").to_string_lossy().into_owned();
        (file, stem)
    };
    files.into_iter().map(name).collect()
}

#[test]
fn a_converted_model_equals_its_original() {
    let files = files("gguf");
    assert!(files.len() >= 28, "only {} files", files.len());
    none(&files.iter().flat_map(|(file, fixture)| differences(file, fixture)).collect::<Vec<_>>());
}

/// Shards in folders of their own, without an index, or named themselves; numbers of double precision.
#[test]
fn shards_are_found_however_they_lie() {
    let name = "llama-f16-sharded";
    let (original, here) = (fixtures().join(name), tempfile::tempdir().expect("a folder"));
    let files = std::fs::read_dir(&original).expect("a fixture").map(|entry| entry.expect("readable").path());
    let shards: Vec<PathBuf> = files.filter(|file| file.to_string_lossy().contains("-of-")).collect();
    assert!(shards.len() > 1);
    let folder = |part: &str| {
        let folder = here.path().join(part);
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::copy(original.join("config.json"), folder.join("config.json")).expect("a copy");
        folder
    };
    let plain = folder("no-index");
    let nested = folder("nested");
    std::fs::create_dir(nested.join("parts")).expect("a folder");
    for shard in &shards {
        let own = shard.file_name().expect("a name");
        std::fs::copy(shard, plain.join(own)).expect("a copy");
        std::fs::copy(shard, nested.join("parts").join(own)).expect("a copy");
    }
    let index = std::fs::read_to_string(original.join("model.safetensors.index.json")).expect("an index");
    write(
        &nested.join("model.safetensors.index.fp16.json"),
        index.replace("\"model-", "\"parts/model-").as_bytes(),
    );
    check(&plain, name);
    check(&nested, name);
    check(&shards[1], name);
    check(&original.join("model.safetensors.index.json"), name);

    let single = "gpt2-one-head-one-layer";
    let bytes = std::fs::read(fixtures().join(single).join("model.safetensors")).expect("a fixture");
    let tensors = SafeTensors::deserialize(&bytes).expect("sound safetensors");
    let doubled = |data: &[u8]| -> Vec<u8> {
        let words = data.as_chunks::<4>().0.iter();
        words.flat_map(|bytes| f64::from(f32::from_le_bytes(*bytes)).to_le_bytes()).collect()
    };
    let doubles: Vec<(String, Vec<usize>, Vec<u8>)> = tensors
        .tensors()
        .into_iter()
        .map(|(name, view)| (name, view.shape().to_vec(), doubled(view.data())))
        .collect();
    let views = doubles.iter().map(|(name, shape, bytes)| {
        let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F64, shape.clone(), bytes);
        (name.as_str(), view.expect("a sound view"))
    });
    let double = here.path().join("double");
    std::fs::create_dir(&double).expect("a folder");
    std::fs::copy(fixtures().join(single).join("config.json"), double.join("config.json")).expect("a copy");
    write(&double.join("model.safetensors"), safetensors::serialize(views, None).expect("bytes"));
    check(&double, single);
}

#[test]
fn blocks_unpack_as_the_gguf_package_unpacks_them() {
    let bytes = std::fs::read(containers().join("blocks.safetensors")).expect("a fixture");
    let tensors = SafeTensors::deserialize(&bytes).expect("sound safetensors");
    let all = [
        Packing::Q4_0,
        Packing::Q4_1,
        Packing::Q5_0,
        Packing::Q5_1,
        Packing::Q8_0,
        Packing::Q2K,
        Packing::Q3K,
        Packing::Q4K,
        Packing::Q5K,
        Packing::Q6K,
        Packing::Iq4Nl,
        Packing::Iq4Xs,
        Packing::Mxfp4,
    ];
    for packing in all {
        let blocks = tensors.tensor(&format!("{packing}.bytes")).expect("its blocks");
        let numbers = tensors.tensor(&format!("{packing}.numbers")).expect("its numbers");
        let (words, _) = numbers.data().as_chunks::<4>();
        let expected: Vec<f32> = words.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        // Vectors of numbers are aligned, slices of a file need not be
        let aligned: Vec<u64> = blocks.data().chunks(8).map(word).collect();
        let bytes = &bytemuck::cast_slice(&aligned)[..blocks.data().len()];
        let elements = Elements::Packed(Packed { packing, bytes, scales: Scales::Within, first: 0 });
        assert_eq!(elements.len(), expected.len(), "{packing}");
        let mut whole = vec![0.0_f32; expected.len()];
        elements.read(0, &mut whole);
        let close = |a: f32, b: f32| (a - b).abs() <= 1e-6 * b.abs().max(1.0);
        assert!(whole.iter().zip(&expected).all(|(a, b)| close(*a, *b)), "{packing}");
        // Any part of it, from any place on
        for start in [1, 31, 32, 33, expected.len() - 5] {
            let mut part = vec![0.0_f64; expected.len() - start - 3];
            elements.from(start - 1).read(1, &mut part);
            assert!(
                part.iter().zip(&whole[start..]).all(|(a, b)| a.to_bits() == f64::from(*b).to_bits()),
                "{packing} from {start}"
            );
        }
    }
}

#[test]
fn numbers_of_few_bits_equal_pytorchs() {
    let bytes = std::fs::read(containers().join("scaled.safetensors")).expect("a fixture");
    let tensors = SafeTensors::deserialize(&bytes).expect("sound safetensors");
    let bytes = |name: &str| tensors.tensor(name).expect("a tensor of the maker").data().to_vec();
    let check = |name: &str, packing: Packing, bytes: &[u8], scales: Scales<'_>| {
        let numbers = tensors.tensor(&format!("{name}.numbers")).expect("its numbers");
        let (words, _) = numbers.data().as_chunks::<4>();
        let expected: Vec<f32> = words.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        let mut found = vec![0.0_f32; expected.len()];
        Elements::Packed(Packed { packing, bytes, scales, first: 0 }).read(0, &mut found);
        let same = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
        assert!(found.iter().zip(&expected).all(same), "{name}: {found:?}, expected {expected:?}");
    };
    check("F8_E4M3", Packing::E4m3, &bytes("codes"), Scales::Within);
    check("F8_E5M2", Packing::E5m2, &bytes("codes"), Scales::Within);
    check("MXFP4", Packing::Mxfp4Apart, &bytes("blocks"), Scales::Exponents(&bytes("exponents")));
}

fn word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(word)
}

#[test]
fn packed_weights_stay_packed() {
    let model = open(&fixtures().join("gguf-blocks-of-256"));
    let kinds: std::collections::BTreeSet<_> =
        model.tensors().iter().map(|info| info.dtype.to_string()).collect();
    assert!(kinds.contains("Q4_K") && kinds.contains("IQ4_XS"), "{kinds:?}");
    assert!(model.weight_bytes() < model.parameters(), "less than a byte a weight");
}

#[test]
fn a_files_own_words_can_be_asked_for() {
    let metadata = gguf::Metadata::open(&containers().join("llama-gqa.gguf")).expect("a sound file");
    assert_eq!(metadata.text("general.architecture"), Some("llama"));
    assert_eq!(metadata.count("llama.attention.head_count_kv"), Some(2));
    assert_eq!(metadata.text("llama.attention.head_count_kv"), None);
    assert!(metadata.keys().any(|key| key == "llama.context_length"));
}

/// A folder with a parity fixture's configuration and nothing else.
pub(crate) fn bare(fixture: &str) -> tempfile::TempDir {
    only(&fixtures().join(fixture), &["config.json"])
}

#[test]
fn what_pytorch_saved_equals_its_original() {
    let files = files("pth");
    assert!(files.len() >= 8, "only {} files", files.len());
    for (file, name) in files {
        let (fixture, _) = name.split_once('@').expect("FIXTURE@CASE");
        let folder = bare(fixture);
        let copy = folder.path().join("pytorch_model.bin");
        std::fs::copy(&file, &copy).expect("a copy");
        check(folder.path(), fixture);
        let renamed = folder.path().join("checkpoint.pth");
        std::fs::rename(&copy, &renamed).expect("renamed");
        check(&renamed, fixture);
        check(folder.path(), fixture);
    }
}

#[test]
fn shards_of_pytorch_open() {
    let mut folders =
        std::fs::read_dir(containers()).expect("fixtures").map(|entry| entry.expect("one").path());
    let shards =
        folders.find(|folder| folder.to_string_lossy().ends_with("@sharded")).expect("a folder of shards");
    let name = shards.file_name().expect("a name").to_string_lossy().into_owned();
    let (fixture, _) = name.split_once('@').expect("FIXTURE@CASE");
    let folder = bare(fixture);
    copy_into(&shards, folder.path());
    check(folder.path(), fixture);
}

#[test]
fn a_pickle_that_asks_for_code_is_refused_by_name() {
    let folder = bare("gpt2-one-head-one-layer");
    let file = folder.path().join("pytorch_model.bin");
    for (global, word) in [
        ("cos\nsystem\n", "`os.system`"),
        ("cbuiltins\neval\n", "`builtins.eval`"),
        ("c__main__\nMyModel\n", "`__main__.MyModel`"),
    ] {
        let code = format!("{global}(X\x04\0\0\0truetR.");
        let mut bytes = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.".to_vec();
        bytes.extend(b"\x80\x02M\xe9\x03.\x80\x02}.\x80\x02");
        bytes.extend(code.as_bytes());
        write(&file, &bytes);
        let error = Model::open(folder.path()).expect_err("code is refused").to_string();
        assert!(error.contains(word) && error.contains("nothing in it was run"), "{error}");
    }
}

#[test]
fn real_models_open() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/models/stories260k");
    if !folder.is_dir() {
        eprintln!("not compared: {} is not there", folder.display());
        return;
    }
    let ids = [1, 403, 407, 261, 378, 432];
    let logits = |model: &Model| run_ids(model, &ids).logits.clone();
    let original = logits(&open(&folder));
    let single = logits(&open(&folder.join("stories260K.gguf")));
    let eight_bits = logits(&open(&folder.join("stories260K.q8_0.gguf")));
    let largest = |other: &[f32]| original.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(largest(&single) < 1e-4, "{}", largest(&single));
    assert!(largest(&eight_bits) < 0.3, "{}", largest(&eight_bits));
}
