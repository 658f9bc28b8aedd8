//! One vector for a whole text, as encoders without a head are used: how it is made of the tokens' vectors.

use super::classes::Pooling;
use super::config::Config;
use super::formats::gguf::Metadata;
use super::spec::HeadSpec;
use super::transformer::Network;
use crate::kernels::Real;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// How a text's vector is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentenceHead {
    /// Of the tokens' vectors, behind the final norm where there is one
    pub pooling: Pooling,
    /// It is divided by its length
    pub unit: bool,
}

impl SentenceHead {
    /// The mean of all tokens: what an encoder without a head is taken for where nothing says otherwise.
    pub const MEAN: Self = Self { pooling: Pooling::Mean, unit: false };

    /// What the files of Sentence Transformers in a folder say: `modules.json` and each module's `config.json`.
    ///
    /// `None` where there are no such files; no head where they ask for what is not computed here.
    pub(super) fn from_folder(folder: &Path) -> Option<HeadSpec> {
        let read = |path: &str| std::fs::read(folder.join(path)).ok();
        let modules = read("modules.json")
            .and_then(|bytes| serde_json::from_slice::<Vec<serde_json::Value>>(&bytes).ok())
            .unwrap_or_default();
        let of =
            |key: &str| modules.iter().filter_map(|module| module.get(key)?.as_str()).collect::<Vec<_>>();
        let kinds = of("type");
        let has = |end: &str| kinds.iter().any(|kind| kind.ends_with(end));
        let pooling = of("path").into_iter().zip(&kinds).find(|(_, kind)| kind.ends_with("Pooling"));
        let file = pooling.map_or("1_Pooling", |(path, _)| path);
        // A path that leaves the folder is not followed
        if file.contains("..") || Path::new(file).is_absolute() {
            return Some(HeadSpec::None);
        }
        let config = Config::parse(&read(&format!("{file}/config.json"))?).ok();
        let pooling = config.as_ref().and_then(pooling_of).filter(|_| !has("Dense"));
        Some(
            pooling.map_or(HeadSpec::None, |pooling| {
                HeadSpec::Sentence(Self { pooling, unit: has("Normalize") })
            }),
        )
    }

    /// What a GGUF says of it: `ARCHITECTURE.pooling_type`; no head where it asks for none, or for classes.
    pub(super) fn from_gguf(keys: &Metadata) -> Option<HeadSpec> {
        let architecture = keys.text("general.architecture")?;
        let pooling = match keys.count(&format!("{architecture}.pooling_type"))? {
            1 => Pooling::Mean,
            2 => Pooling::First,
            3 => Pooling::Last,
            _ => return Some(HeadSpec::None),
        };
        Some(HeadSpec::Sentence(Self { pooling, unit: false }))
    }
}

/// The one kind of pooling that is switched on.
fn pooling_of(config: &Config) -> Option<Pooling> {
    let kinds = [
        ("pooling_mode_cls_token", Some(Pooling::First)),
        ("pooling_mode_mean_tokens", Some(Pooling::Mean)),
        ("pooling_mode_max_tokens", Some(Pooling::Max)),
        ("pooling_mode_lasttoken", Some(Pooling::Last)),
        ("pooling_mode_mean_sqrt_len_tokens", None),
        ("pooling_mode_weightedmean_tokens", None),
    ];
    let on: Vec<_> = kinds.iter().filter(|(key, _)| config.flag_or(key, false).unwrap_or(false)).collect();
    match on[..] {
        [(_, pooling)] => *pooling,
        _ => None,
    }
}

impl Network {
    /// The vector of a text, [width], from its last residual stream, [token, width]; empty where the model is not
    /// used so.
    pub fn sentence<F: Real>(&self, resid: &[F]) -> Vec<F> {
        let HeadSpec::Sentence(head) = &self.spec.head else { return Vec::new() };
        let mut vector = head.pooling.of(self.final_normalized(resid), self.spec.width);
        if head.unit {
            let length = vector.iter().map(|&x| x.double().powi(2)).sum::<f64>().sqrt();
            let factor = F::of64(1.0 / length.max(f64::MIN_POSITIVE));
            for x in &mut vector {
                *x *= factor;
            }
        }
        vector
    }
}
