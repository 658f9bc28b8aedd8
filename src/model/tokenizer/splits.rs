//! How byte-level vocabularies cut a text into words before they merge, by the name that GGUF files give the rule.

mod rules;

use super::Error;
pub(super) use rules::Round;
use rules::{OLDER, RULES, Rule};
use tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::SplitDelimiterBehavior;

/// How to cut a text, and what to do before and after.
pub(super) struct Cutting {
    pub(super) splits: PreTokenizerWrapper,
    pub(super) rule: &'static Rule,
    /// Whether the name is one we know; the default rule stands in for another
    pub(super) known: bool,
}

/// The rule's name for files that were written before they named one.
pub(super) fn of_architecture(architecture: &str) -> Option<&'static str> {
    OLDER.iter().find(|(known, _)| *known == architecture).map(|(_, rule)| *rule)
}

/// The rule of that name.
pub(super) fn rule(name: &str) -> Result<Cutting, Error> {
    let find = |name: &str| RULES.iter().find(|rule| rule.names.contains(&name));
    let found = find(name);
    let rule = found.or_else(|| find("default")).ok_or("there is no default rule")?;
    Ok(Cutting { splits: cut(rule)?, rule, known: found.is_some() })
}

/// Cuts by patterns, spells bytes as letters where the vocabulary does, cuts again.
fn cut(rule: &Rule) -> Result<PreTokenizerWrapper, Error> {
    let isolate = |pattern: &&str| {
        let pattern = SplitPattern::Regex((*pattern).to_owned());
        Split::new(pattern, SplitDelimiterBehavior::Isolated, false).map(PreTokenizerWrapper::from)
    };
    let mut parts = rule.patterns.iter().map(isolate).collect::<Result<Vec<_>, _>>()?;
    if !rule.pieces {
        parts.push(ByteLevel::new(false, true, false).into());
    }
    for pattern in rule.spelled {
        parts.push(isolate(pattern)?);
    }
    Ok(Sequence::new(parts).into())
}
