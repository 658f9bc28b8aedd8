//! Contract: no key and no tensor of a GGUF that changes the numbers is passed over: it is read, or the file is refused by
//! its name; a key that nobody knows is told.

use crate::files::write;
use crate::parity::{fixtures, run_ids, told_of};
use mnemoscope::model::{Model, RotaryScaling};

/// What a key says.
#[derive(Clone, Copy)]
enum Says {
    Real(f32),
    Whole(u32),
    Flag(bool),
    Word(&'static str),
    Reals(&'static [f32]),
}

/// A key as it lies in a file.
fn entry(key: &str, says: Says) -> Vec<u8> {
    let text = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    let (kind, bytes): (u32, Vec<u8>) = match says {
        Says::Whole(x) => (4, x.to_le_bytes().to_vec()),
        Says::Real(x) => (6, x.to_le_bytes().to_vec()),
        Says::Flag(x) => (7, vec![u8::from(x)]),
        Says::Word(word) => (8, text(word)),
        Says::Reals(all) => {
            let head = [&6_u32.to_le_bytes()[..], &(all.len() as u64).to_le_bytes()].concat();
            (9, all.iter().fold(head, |bytes, x| [&bytes[..], &x.to_le_bytes()].concat()))
        }
    };
    [&text(key)[..], &kind.to_le_bytes(), &bytes].concat()
}

/// A copy of a fixture's file with more keys.
fn with_keys(fixture: &str, keys: &[(&str, Says)]) -> tempfile::TempDir {
    let bytes = std::fs::read(fixtures().join(fixture)).expect("a fixture");
    let mut more: Vec<u8> = keys.iter().flat_map(|(key, says)| entry(key, *says)).collect();
    // Whole steps of the alignment, so that the numbers stay where the tables say
    let odd = (more.len() + entry("general.", Says::Flag(true)).len()) % 32;
    more.extend(entry(&format!("general.{}", "x".repeat((32 - odd) % 32)), Says::Flag(true)));
    assert_eq!(more.len() % 32, 0);
    let count = u64::from_le_bytes(bytes[16..24].try_into().expect("eight bytes")) + keys.len() as u64 + 1;
    let here = tempfile::tempdir().expect("a folder");
    let whole = [&bytes[..16], &count.to_le_bytes(), &more, &bytes[24..]].concat();
    write(&here.path().join("model.gguf"), whole);
    here
}

fn opened(fixture: &str, keys: &[(&str, Says)]) -> Result<Model, String> {
    Model::open(with_keys(fixture, keys).path()).map_err(|error| error.to_string())
}

const EXAONE: &str = "gguf-small/exaone/model.gguf";
const OLMO: &str = "containers/olmo-odd.gguf";

#[test]
fn a_key_that_would_change_the_numbers_is_refused_by_its_name() {
    for (fixture, key, says, word) in [
        (EXAONE, "exaone.attention.scale", Says::Real(0.2), "0.2"),
        (EXAONE, "exaone.attn_logit_softcapping", Says::Real(30.0), "30"),
        (EXAONE, "exaone.final_logit_softcapping", Says::Real(30.0), "30"),
        (EXAONE, "exaone.attention.sliding_window", Says::Whole(3), "3"),
        (EXAONE, "exaone.attention.max_alibi_bias", Says::Real(8.0), "8"),
        (EXAONE, "exaone.attention.clamp_kqv", Says::Real(2.0), "2"),
        (OLMO, "olmo.rope.freq_base_swa", Says::Real(99.0), "99"),
        (EXAONE, "exaone.attention.temperature_scale", Says::Real(0.1), "0.1"),
        (EXAONE, "exaone.logit_scale", Says::Real(0.5), "0.5"),
        (EXAONE, "exaone.embedding_scale", Says::Real(12.0), "12"),
        (EXAONE, "exaone.residual_scale", Says::Real(0.3), "0.3"),
        (EXAONE, "exaone.use_parallel_residual", Says::Flag(true), "1"),
        (EXAONE, "exaone.expert_weights_scale", Says::Real(2.5), "2.5"),
        (EXAONE, "exaone.expert_gating_func", Says::Whole(2), "2"),
        (EXAONE, "exaone.rope.scaling.attn_factor", Says::Real(1.2), "1.2"),
        (EXAONE, "exaone.swin_norm", Says::Flag(true), "`exaone.swin_norm`"),
        (EXAONE, "exaone.attention.sliding_window_pattern", Says::Reals(&[1.0, 0.0]), "a list"),
        (OLMO, "olmo.attention.scale", Says::Real(0.2), "0.2"),
    ] {
        let error = opened(fixture, &[(key, says)]).err().unwrap_or_else(|| panic!("{key} was passed over"));
        assert!(error.contains(key) && error.contains(word), "{key}: {error}");
    }
}

#[test]
fn a_key_that_changes_nothing_is_no_reason_to_refuse() {
    let keys = [
        ("exaone.attention.scale", Says::Real(0.0)),
        ("exaone.logit_scale", Says::Real(1.0)),
        ("exaone.expert_count", Says::Whole(0)),
        ("exaone.attention.sliding_window", Says::Whole(1 << 20)),
        ("exaone.rope.scaling.type", Says::Word("none")),
        ("exaone.rope.scaling.factor", Says::Real(8.0)),
        ("exaone.pooling_type", Says::Whole(0)),
    ];
    let plain = opened(EXAONE, &[]).expect("the fixture opens");
    let model = opened(EXAONE, &keys).expect("it opens");
    assert_eq!(model.spec(), plain.spec());
    assert!(!told_of(&model).contains("not known"), "{}", told_of(&model));
    assert_eq!(run_ids(&model, &[5, 6, 7]).logits, run_ids(&plain, &[5, 6, 7]).logits);
}

#[test]
fn a_key_that_nobody_knows_is_told() {
    let model = opened(EXAONE, &[("exaone.shine", Says::Real(3.0))]).expect("it opens");
    assert!(told_of(&model).contains("`exaone.shine`"), "{}", told_of(&model));
}

/// Where llama.cpp reads them, whatever the architecture.
#[test]
fn stretched_rotary_is_read_however_a_file_says_it() {
    let scaling = |keys: &[(&str, Says)]| {
        let model = opened(EXAONE, keys).expect("it opens");
        model.spec().blocks[0].attention.rotary.clone().expect("rotary").scaling
    };
    let linear = RotaryScaling::Linear { factor: 4.0 };
    assert_eq!(scaling(&[("exaone.rope.scaling.factor", Says::Real(4.0))]), linear);
    assert_eq!(scaling(&[("exaone.rope.scale_linear", Says::Real(4.0))]), linear);
    let half =
        [("exaone.rope.scaling.type", Says::Word("linear")), ("exaone.rope.scaling.factor", Says::Real(0.5))];
    assert_eq!(scaling(&half), RotaryScaling::Linear { factor: 0.5 });
    let yarn = [
        ("exaone.rope.scaling.type", Says::Word("yarn")),
        ("exaone.rope.scaling.factor", Says::Real(2.0)),
        ("exaone.rope.scaling.original_context_length", Says::Whole(8)),
        ("exaone.rope.scaling.yarn_beta_fast", Says::Real(8.0)),
    ];
    assert!(matches!(scaling(&yarn), RotaryScaling::Yarn { factor: 2.0, fast: 8.0, slow: 1.0, .. }));
    let unknown =
        [("exaone.rope.scaling.type", Says::Word("spiral")), ("exaone.rope.scaling.factor", Says::Real(2.0))];
    assert!(opened(EXAONE, &unknown).expect_err("no such scaling").contains("spiral"));
}

#[test]
fn a_decoder_that_looks_both_ways_does() {
    let model = opened(EXAONE, &[("exaone.attention.causal", Says::Flag(false))]).expect("it opens");
    let trace = run_ids(&model, &[5, 6, 7]);
    assert!(trace.head_ids().all(|head| trace.pattern(head).row(0)[2] > 0.0));
    assert!(!model.spec().generates());
}

/// Biases of which the first has another name, so that nothing says that there are any.
#[test]
fn a_weight_that_has_no_place_is_refused_by_its_name() {
    let mut bytes = std::fs::read(fixtures().join("gguf-small/seed_oss/model.gguf")).expect("a fixture");
    let (from, to) = (b"blk.0.attn_q.bias", b"blk.0.attn_x.bias");
    let at = bytes.windows(from.len()).position(|part| part == from).expect("a bias");
    bytes[at..at + to.len()].copy_from_slice(to);
    let here = tempfile::tempdir().expect("a folder");
    write(&here.path().join("model.gguf"), bytes);
    let error = Model::open(here.path()).expect_err("biases without a place").to_string();
    assert!(error.contains("blk.0.attn_x.bias") && error.contains("not read"), "{error}");
}
