//! How values of options are read, and what is said of wrong ones.

use std::str::FromStr;

use clap::CommandFactory as _;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use strum::IntoEnumIterator;

use crate::cli::Cli;

/// Wrong usage that only shows once the arguments are read: status 2.
pub(in crate::cli) fn usage(kind: clap::error::ErrorKind, words: &str) -> anyhow::Error {
    let mut program = Cli::command();
    program.build();
    let given = program.clone().try_get_matches().ok();
    let name = given.as_ref().and_then(|matches| matches.subcommand_name());
    match name.and_then(|name| program.find_subcommand_mut(name)) {
        Some(command) => command.error(kind, words).into(),
        None => program.error(kind, words).into(),
    }
}

pub(in crate::cli) fn parse_bytes(text: &str) -> Result<u64, String> {
    let text = text.trim().trim_end_matches(['B', 'b']);
    let (number, unit) = match text.char_indices().next_back() {
        Some((at, 'k' | 'K')) => (&text[..at], 1e3),
        Some((at, 'm' | 'M')) => (&text[..at], 1e6),
        Some((at, 'g' | 'G')) => (&text[..at], 1e9),
        _ => (text, 1.0),
    };
    match number.trim().parse::<f64>() {
        Ok(number) if number > 0.0 && number.is_finite() => Ok((number * unit) as u64),
        _ => Err("expected a size such as 2G, 500M or 1000000".to_owned()),
    }
}

/// Accepts the names of an enum, and lists them in the help and in completions.
pub(in crate::cli) fn names<T>() -> impl TypedValueParser<Value = T>
where
    T: IntoEnumIterator + FromStr + Into<&'static str> + Clone + Send + Sync + 'static,
    T::Err: std::error::Error + Send + Sync,
{
    PossibleValuesParser::new(T::iter().map(Into::<&'static str>::into)).try_map(|name| T::from_str(&name))
}
