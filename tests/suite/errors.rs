//! Contract: what goes wrong is said in the user's language, with what was found and what to do.
//!
//! That every variant has its words is held by the compiler: `words::errors` matches without a wildcard.

use mnemoscope::analysis::{AttributionError, MemoryTraceError, WhyError};
use mnemoscope::app::words::Language;
use mnemoscope::app::words::errors::{Fault, check};
use mnemoscope::engine::{
    EvictionError, HonestyError, HubError, Identity, InterveneError, RecallError, RunError, TrainingError,
    ViewError,
};
use mnemoscope::export::ExportError;
use mnemoscope::model::{EncodeError, HeadId, LoadError, SpecError};
use mnemoscope::trace::TraceError;
use mnemoscope::train::{ShapeError, TrainError};
use std::io::{Error, ErrorKind};
use std::path::PathBuf;
use strum::IntoEnumIterator as _;

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

/// Each error with what of its values must be in both languages' sentences.
fn samples() -> Vec<(Box<dyn Fault>, &'static [&'static str])> {
    let path = || PathBuf::from("/models/aria");
    let refused = || Error::from(ErrorKind::PermissionDenied);
    vec![
        (Box::new(LoadError::NotFound(path())), &["/models/aria"]),
        (Box::new(LoadError::Read { file: path(), source: refused() }), &["/models/aria"]),
        (
            Box::new(LoadError::Shape {
                tensor: "wte".into(),
                found: vec![3, 4],
                expected: vec![4, 4],
                file: path(),
            }),
            &["wte", "[3, 4]", "[4, 4]"],
        ),
        (
            Box::new(LoadError::Unread { tensor: "blk.0.odd".into(), file: path() }),
            &["blk.0.odd", "/models/aria"],
        ),
        (
            Box::new(LoadError::Config { file: path(), source: SpecError::Unknown("OddNet".into()) }),
            &["OddNet", "/models/aria"],
        ),
        (
            Box::new(LoadError::Foreign { name: "argparse.Namespace".into(), file: path() }),
            &["argparse.Namespace", "/models/aria"],
        ),
        (
            Box::new(LoadError::Broken { format: "GGUF", file: path(), reason: "cut short".into() }),
            &["GGUF", "cut short"],
        ),
        (Box::new(TraceError::Missing { name: "lse".into(), file: path() }), &["lse", "/models/aria"]),
        (Box::new(HubError::Length { file: "a.bin".into(), found: 7, expected: 9 }), &["a.bin", "7", "9"]),
        (Box::new(RunError::TooLong { found: 3000, limit: 1024 }), &["3000", "1024"]),
        (Box::new(RunError::OutOfRange { id: 900, vocab: 256 }), &["900", "256", "255"]),
        (
            Box::new(RunError::Encode(EncodeError { why: "odd byte".into(), missing: None, fitting: None })),
            &["odd byte"],
        ),
        (Box::new(RunError::EmptyRow { head: HeadId { layer: 3, head: 5 }, query: 7 }), &["3.5", "7"]),
        (
            Box::new(InterveneError::Missing { intervention: "zero=9.9".into(), what: "no head".into() }),
            &["zero=9.9"],
        ),
        (Box::new(MemoryTraceError::TooLong { found: 5000, limit: 2048 }), &["5000", "2048"]),
        (Box::new(HonestyError::Word("red kite".into())), &["red kite"]),
        (Box::new(EvictionError::NoCache("aria".into())), &["aria"]),
        (Box::new(RecallError::TooShort { length: 8, needed: 12 }), &["8", "12"]),
        (
            Box::new(WhyError::Masked { head: HeadId { layer: 1, head: 2 }, query: 4, key: 6 }),
            &["1.2", "4", "6"],
        ),
        (Box::new(AttributionError::NoWord { word: 9000, vocab: 512 }), &["9000", "512"]),
        (Box::new(ViewError::NeedsModel), &[]),
        (Box::new(ExportError::Write { path: path(), source: refused() }), &["/models/aria"]),
        (Box::new(ExportError::Size { width: 9, height: 8, largest: 7 }), &["9", "8", "7"]),
        (Box::new(TrainError::Shape(ShapeError::Width { heads: 3, width: 64 })), &["3", "64"]),
        (Box::new(TrainingError::Train(TrainError::Diverged(412))), &["412"]),
    ]
}

#[test]
fn an_error_says_the_same_in_both_languages() {
    for (error, values) in samples() {
        let english = error.told(Language::English);
        let chinese = error.told(Language::Chinese);
        assert!(!is_chinese(&english.what), "{}", english.what);
        assert!(is_chinese(&chinese.what), "{}", chinese.what);
        for value in values {
            assert!(english.what.contains(value), "`{value}` is not in: {}", english.what);
            assert!(chinese.what.contains(value), "`{value}` is not in: {}", chinese.what);
        }
        assert_eq!(english.hint.is_some(), chinese.hint.is_some(), "{}", english.what);
        assert!(chinese.hint.as_deref().is_none_or(is_chinese), "{:?}", chinese.hint);
    }
}

#[test]
fn the_models_identities_have_their_names_in_both_languages() {
    for identity in Identity::iter() {
        let (name, why) = check(identity, Language::English);
        assert_eq!((name, why), (identity.name(), identity.explanation()));
        let (name, why) = check(identity, Language::Chinese);
        assert!(is_chinese(why) && (is_chinese(name) || identity == Identity::Double), "{name}: {why}");
    }
}
