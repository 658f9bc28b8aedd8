//! ALiBi's slopes, as the papers' authors and the families that took them up compute them.

use crate::model::attention_spec::{AttentionSpec, PositionBias};
use crate::model::error::SpecError;

/// More heads than this are a broken file; every block keeps a slope for each.
const MOST_HEADS: usize = 4096;

/// As in the paper's code: powers of 2^(−8/n) for n heads; where n is no power of two, every second one of twice as
/// many fills up (BLOOM, Falcon).
pub(super) fn filled_up(heads: usize) -> Result<PositionBias, SpecError> {
    refuse_many(heads)?;
    let power = 1 << heads.ilog2();
    let extra = (1..).step_by(2).take(heads - power).map(|i| slope(i, 2 * power));
    Ok(of((1..=power).map(|i| slope(i, power)).chain(extra).collect()))
}

/// The same, but rounded, and scaled with the scores (Falcon).
pub(super) fn as_in_falcon(attention: &AttentionSpec) -> Result<PositionBias, SpecError> {
    Ok(match filled_up(attention.heads)? {
        PositionBias::Alibi { slopes, .. } => {
            PositionBias::Alibi { slopes, rounded: true, factor: attention.scale }
        }
        other => other,
    })
}

/// The next power of two's slopes, every second one first (MPT; `alibi_bias_max` is not read, as the reference does
/// not read it either).
pub(super) fn sifted(heads: usize) -> Result<PositionBias, SpecError> {
    refuse_many(heads)?;
    let power = heads.next_power_of_two();
    let every = |first: usize| (first..=power).step_by(2).map(|i| slope(i, power));
    if power == heads {
        return Ok(of((1..=power).map(|i| slope(i, power)).collect()));
    }
    Ok(of(every(2).chain(every(1)).take(heads).collect()))
}

fn refuse_many(heads: usize) -> Result<(), SpecError> {
    if heads <= MOST_HEADS {
        return Ok(());
    }
    Err(SpecError::Value {
        key: "number of heads".into(),
        found: heads.to_string(),
        expected: "no more than 4096, as ALiBi has a slope for each",
    })
}

fn slope(i: usize, of: usize) -> f32 {
    (-8.0 * i as f64 / of as f64).exp2() as f32
}

fn of(slopes: Vec<f32>) -> PositionBias {
    PositionBias::Alibi { slopes, rounded: false, factor: 1.0 }
}
