//! Stretched rotary frequencies: GGUF's keys and tensors for them, as Transformers spells them.

use crate::model::formats::gguf::translate::Known;
use serde_json::{Map, Value, json};

/// Puts `rope_scaling` into a configuration, where a file has any.
pub(in crate::model::formats::gguf) fn scaling(known: &Known<'_>, config: &mut Map<String, Value>) {
    let number = |key: &str| known.number(key).filter(|x| x.is_finite() && *x > 0.0);
    let original = known.count("rope.scaling.original_context_length");
    let context = known.count("context_length");
    if let Some(long) = known.numbers("rope_factors_long.weight") {
        let short = known.numbers("rope_factors_short.weight").unwrap_or_else(|| long.clone());
        known.number("rope.scaling.factor"); // Said in the tensors
        known.text("rope.scaling.type");
        config.insert(
            "rope_scaling".into(),
            json!({ "rope_type": "longrope", "long_factor": long, "short_factor": short,
                "attention_factor": number("rope.scaling.attn_factor") }),
        );
        config.insert("original_max_position_embeddings".into(), json!(original));
        return;
    }
    if let Some(factors) = known.numbers("rope_freqs.weight") {
        let theta = known.number("rope.freq_base").unwrap_or(10_000.0);
        let as_published = llama3(theta, &factors).filter(|found| found.gives(theta, &factors));
        let own = json!({ "rope_type": "longrope", "long_factor": factors, "short_factor": factors,
            "attention_factor": 1.0, "original_max_position_embeddings": context });
        if factors.iter().any(|&factor| factor.to_bits() != 1.0_f32.to_bits()) {
            config.insert("rope_scaling".into(), as_published.map_or(own, |found| found.spelled()));
        }
        return;
    }
    let kind = known.text("rope.scaling.type").unwrap_or("linear");
    let factor = number("rope.scaling.factor").or_else(|| number("rope.scale_linear")).unwrap_or(1.0);
    if kind == "none" || kind != "yarn" && (factor - 1.0).abs() < 1e-9 {
        return;
    }
    let mut scaling = json!({ "rope_type": kind, "factor": factor });
    if kind == "yarn" {
        scaling["original_max_position_embeddings"] = json!(original.or(context));
        for (theirs, ours) in [
            ("beta_fast", "rope.scaling.yarn_beta_fast"),
            ("beta_slow", "rope.scaling.yarn_beta_slow"),
            ("attention_factor", "rope.scaling.yarn_attn_factor"),
        ] {
            if let Some(x) = number(ours) {
                scaling[theirs] = json!(x);
            }
        }
    }
    config.insert("rope_scaling".into(), scaling);
}

/// Llama 3's settings.
struct Llama3 {
    factor: f64,
    low: f64,
    high: f64,
}

impl Llama3 {
    const CONTEXT: f64 = 8192.0;

    /// How often pair `i` of `n` turns over the context.
    fn turns(theta: f64, i: usize, n: usize) -> f64 {
        Self::CONTEXT / std::f64::consts::TAU * theta.powf(-(i as f64) / n as f64)
    }
    /// Whether these settings divide every frequency by what the file says.
    fn gives(&self, theta: f64, factors: &[f32]) -> bool {
        let own = |i: usize| {
            let smooth =
                ((Self::turns(theta, i, factors.len()) - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
            1.0 / ((1.0 - smooth) / self.factor + smooth)
        };
        factors.iter().enumerate().all(|(i, &x)| (own(i) / f64::from(x) - 1.0).abs() < 3e-6)
    }
    fn spelled(&self) -> Value {
        json!({ "rope_type": "llama3", "factor": self.factor, "low_freq_factor": self.low,
            "high_freq_factor": self.high, "original_max_position_embeddings": Self::CONTEXT })
    }
}

/// Llama 3's three settings from what they did to each frequency: ones, a ramp in 1/wavelength, the whole factor.
///
/// Only two of the three can be told from the ramp; the third is a common factor of all, set to the published 8192.
fn llama3(theta: f64, factors: &[f32]) -> Option<Llama3> {
    let factor = factors.iter().copied().fold(1.0, f32::max);
    if !factor.is_finite() || factor <= 1.0 {
        return None;
    }
    let factor = f64::from(factor);
    // How far along the ramp each pair is: 1 keeps its frequency, 0 has it divided
    let along = |&x: &f32| (1.0 / f64::from(x) - 1.0 / factor) / (1.0 - 1.0 / factor);
    let turns = |i: usize| Llama3::turns(theta, i, factors.len());
    let points: Vec<_> = factors.iter().enumerate().map(|(i, x)| (turns(i), along(x))).collect();
    let kept = points.iter().rev().find(|(_, along)| *along > 1.0 - 1e-6)?;
    let divided = points.iter().find(|(_, along)| *along < 1e-6);
    let ramp: Vec<_> = points.iter().filter(|(_, along)| (1e-6..=1.0 - 1e-6).contains(along)).collect();
    let (low, high) = match *ramp {
        [] => (divided?.0, kept.0),
        [(turns, along)] => {
            // One point: a line through it that leaves its neighbours outside
            let upper = ((kept.0 - turns) / (1.0 - along))
                .min(divided.map_or(f64::MAX, |low| (turns - low.0) / along));
            (turns - along * upper, turns + (1.0 - along) * upper)
        }
        [first, .., last] => {
            let slope = (first.1 - last.1) / (first.0 - last.0);
            (first.0 - first.1 / slope, first.0 + (1.0 - first.1) / slope)
        }
    };
    Some(Llama3 { factor, low, high })
}
