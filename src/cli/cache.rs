//! `mnemoscope cache`: what the KV cache holds of a text, and what it costs to forget a part of it.

use std::io::Write as _;

use serde_json::json;

use crate::analysis::{KvCache, kv_cache};
use crate::engine::{self, Eviction, EvictionError, NotAPolicy, Policy, Written};
use crate::trace::{Token, Trace};

use super::console::{Console, bytes};
use super::shared::Input;

/// Heavy hitters that a table names.
const HEAVY: usize = 5;
/// Tokens whose loss grew most that a table names.
const DEAREST: usize = 8;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,

    /// What is kept: all, sinks:4+recent:32, heavy:44, heavy:12+recent:32, window:64, random:44:SEED, only:0-3,17 or
    /// without:5,2.7-9 (in layer 2)
    #[arg(long, value_name = "POLICY", default_value = "all", value_parser = policy)]
    keep: Policy,

    /// Add up attention over the last N queries
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..))]
    steps: u32,

    /// Go on with the text by N tokens, with everything kept and with what the policy keeps
    #[arg(short, long = "tokens", value_name = "N", default_value_t = 0)]
    n: usize,
}

pub(super) fn policy(text: &str) -> Result<Policy, String> {
    text.parse().map_err(|error: NotAPolicy| error.to_string())
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    let (model, trace) = args.input.run(console)?;
    let (eviction, under) = engine::evict(&model, &trace, &args.keep, &console.job())?;
    let cache =
        kv_cache(&under, args.steps as usize).ok_or_else(|| EvictionError::NoCache(model.name.clone()))?;
    let written = match args.n {
        0 => None,
        n => Some(engine::write_on(&model, &trace, &args.keep, n, &console.job())?),
    };
    if console.json {
        let tokens: Vec<&str> = trace.tokens.iter().map(|token| token.text.as_str()).collect();
        return console.object(&json!({
            "model": trace.model_name,
            "tokens": tokens,
            "interventions": trace.interventions(),
            "eviction": eviction,
            "cache": cache,
            "written": written,
        }));
    }
    layers(&cache, &eviction, &trace, console)?;
    costs(&eviction, &trace, console)?;
    match written {
        Some(written) => goes_on(&written, &eviction.policy, console),
        None => Ok(()),
    }
}

/// Both continuations, one under the other.
fn goes_on(written: &Written, policy: &str, console: &mut Console) -> anyhow::Result<()> {
    let width = policy.len().max(3);
    writeln!(console, "\ngoes on")?;
    for (name, tokens) in [("all", &written.all), (policy, &written.kept)] {
        writeln!(console, "{name:<width$}  {}", Written::text(tokens).escape_debug())?;
    }
    Ok(())
}

fn layers(cache: &KvCache, eviction: &Eviction, trace: &Trace, console: &mut Console) -> anyhow::Result<()> {
    let n = trace.n_tokens();
    let text = |token: &usize| format!("{token} `{}`", trace.tokens[*token].shown());
    writeln!(
        console,
        "{:<6} {:>9} {:>10}  heavy hitters ({HEAVY} of greatest mass)",
        "layer", "entries", "bytes"
    )?;
    for (layer, kept) in cache.layers.iter().zip(&eviction.kept) {
        let size = bytes((layer.bytes / n.max(1) * kept) as u64);
        let heavy: Vec<String> = layer.heavy(HEAVY).iter().map(text).collect();
        writeln!(
            console,
            "{:<6} {:>9} {size:>10}  {}",
            trace.spec.layer_name(layer.layer),
            format!("{kept}/{n}"),
            heavy.join(", ")
        )?;
    }
    let mut sinks: Vec<usize> = cache.layers.iter().flat_map(|layer| layer.sinks.iter().copied()).collect();
    sinks.sort_unstable();
    sinks.dedup();
    if !sinks.is_empty() {
        writeln!(console, "sinks   {}", sinks.iter().map(text).collect::<Vec<_>>().join(", "))?;
    }
    Ok(())
}

fn costs(eviction: &Eviction, trace: &Trace, console: &mut Console) -> anyhow::Result<()> {
    writeln!(console, "\nkeep all → {}", eviction.policy)?;
    if let (Some(before), Some(after)) = (eviction.loss_before, eviction.loss_after) {
        writeln!(console, "loss    {before:.4} → {after:.4} bits a token ({:+.4})", after - before)?;
    }
    let Eviction { answer_text, answer_after_text, p_before, p_after, .. } = eviction;
    let now = if eviction.answer == eviction.answer_after {
        "still the first choice".to_owned()
    } else {
        format!("now first: `{answer_after_text}`")
    };
    writeln!(
        console,
        "next    `{answer_text}` {:.1} % → {:.1} % ({now})",
        p_before * 100.0,
        p_after * 100.0
    )?;
    let (before, after) = (eviction.bytes_before, eviction.bytes_after);
    let share = after as f64 / before.max(1) as f64 * 100.0;
    writeln!(console, "memory  {} → {} ({share:.0} %)", bytes(before as u64), bytes(after as u64))?;
    let changes: Vec<f64> = eviction
        .losses_after
        .iter()
        .zip(&eviction.losses_before)
        .map(|(after, before)| after - before)
        .collect();
    let mut order: Vec<usize> = (0..changes.len()).filter(|&at| changes[at] > 0.01).collect();
    order.sort_by(|&a, &b| changes[b].total_cmp(&changes[a]));
    if !order.is_empty() {
        writeln!(console, "\ntokens that are harder to foresee, in bits")?;
    }
    let shown: Vec<String> = trace.tokens.iter().map(Token::shown).collect();
    for at in order.into_iter().take(DEAREST) {
        let text: String = shown[at + 1].chars().take(14).collect();
        writeln!(console, "{:>4} {text:<14} {:+.3}", at + 1, changes[at])?;
    }
    Ok(())
}
