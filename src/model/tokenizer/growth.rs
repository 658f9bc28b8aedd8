//! Rules that make a text longer, held to a measure: a short file must not ask for much memory.

use super::Error;
use serde_json::Value;

/// How many times as long a text may become. Published rules write two or three bytes for one.
const MOST: usize = 256;

/// Refuses rules by which a text grows beyond measure, each perhaps upon what the one before has made.
pub(super) fn check(inner: &tokenizers::Tokenizer) -> Result<(), Error> {
    for rules in [serde_json::to_value(inner.get_normalizer())?, serde_json::to_value(inner.get_decoder())?] {
        if growth(&rules) > MOST {
            return Err(format!("its rules may make a text more than {MOST} times as long").into());
        }
    }
    Ok(())
}

/// The longest that one byte may become.
fn growth(rules: &Value) -> usize {
    let Value::Object(rule) = rules else {
        let list = rules.as_array().into_iter().flatten();
        return list.fold(1, |grown, rule| grown.saturating_mul(growth(rule)));
    };
    let text = |key: &str| rule.get(key).and_then(Value::as_str).map_or(1, |text| text.len().max(1));
    let own = text("content").max(text("prepend"));
    let inner = ["normalizers", "decoders"].iter().filter_map(|key| rule.get(*key));
    inner.fold(own, |grown, rules| grown.saturating_mul(growth(rules)))
}
