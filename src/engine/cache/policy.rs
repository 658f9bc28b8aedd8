//! What a KV cache forgets, and when: policies, in one grammar for the command line and the window.

use rand::Rng as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use std::fmt;
use std::str::FromStr;

/// Which entries a cache keeps.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Policy {
    /// All of them
    All,
    /// The first `sinks` and the last `recent`, the query's own included (StreamingLLM, Xiao et al. 2023; a sliding
    /// window where there are no sinks)
    Recent {
        /// Entries kept at the beginning
        sinks: usize,
        /// Entries kept at the end
        recent: usize,
    },
    /// The last `recent`, and of the others those `heavy` that have received most attention so far, from all heads of
    /// the layer (H2O, Zhang et al. 2023)
    Heavy {
        /// Heavy hitters
        heavy: usize,
        /// Entries kept at the end
        recent: usize,
    },
    /// As many as `budget`, by chance, the query's own among them
    Random {
        /// Entries
        budget: usize,
        /// Of the random numbers
        seed: u64,
    },
    /// Only these
    Only(Vec<Entries>),
    /// All but these
    Without(Vec<Entries>),
}

/// Some entries, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Entries {
    /// In one layer, or in every one
    pub layer: Option<usize>,
    /// The first
    pub first: usize,
    /// The last
    pub last: usize,
}

impl Entries {
    fn hold(&self, layer: usize, key: usize) -> bool {
        self.layer.is_none_or(|own| own == layer) && (self.first..=self.last).contains(&key)
    }
}

/// For each entry of a layer the first query that no longer finds it, [token]; none: it is kept to the end.
pub type Gone = Vec<Option<usize>>;

impl Policy {
    /// The first of the entries that it names which begins beyond so many tokens or layers, as it is written.
    pub(super) fn beyond(&self, tokens: usize, layers: usize) -> Option<String> {
        let (Self::Only(named) | Self::Without(named)) = self else { return None };
        let out = |own: &&Entries| own.first >= tokens || own.layer.is_some_and(|layer| layer >= layers);
        named.iter().find(out).map(|own| said(&[*own]))
    }

    /// What one layer forgets of `n` tokens, where attention need not be asked; `None` for heavy hitters.
    pub(super) fn blind(&self, layer: usize, n: usize) -> Option<Gone> {
        let from = |query: usize| (query < n).then_some(query);
        Some(match self {
            Self::Heavy { .. } => return None,
            Self::All => vec![None; n],
            Self::Recent { sinks, recent } => {
                let gone = |key: usize| if key < *sinks { None } else { from(key.saturating_add(*recent)) };
                (0..n).map(gone).collect()
            }
            Self::Random { budget, seed } => at_random(n, *budget, *seed, layer),
            Self::Only(kept) => {
                let held = |key| kept.iter().any(|entries| entries.hold(layer, key));
                (0..n).map(|key| if held(key) { None } else { from(key + 1) }).collect()
            }
            Self::Without(dropped) => {
                let lost = |key| dropped.iter().any(|entries| entries.hold(layer, key));
                (0..n).map(|key| if lost(key) { from(key + 1) } else { None }).collect()
            }
        })
    }
}

/// One entry, never the query's own, goes at every step beyond the budget; each layer draws for itself.
fn at_random(n: usize, budget: usize, seed: u64, layer: usize) -> Gone {
    let mut random = StdRng::seed_from_u64(seed.wrapping_add((layer as u64) << 32));
    let (mut gone, mut held) = (vec![None; n], Vec::new());
    for query in 0..n {
        if held.len() == budget {
            let key: usize = held.swap_remove(random.random_range(0..held.len()));
            gone[key] = Some(query);
        }
        held.push(query);
    }
    gone
}

/// Forgets, at every step beyond the budget, the entry of least mass so far that is not recent.
///
/// `weights(query, held)`: the mean weights of the layer's heads on the keys that are held, the query's own included.
pub(super) fn heavy_hitters(
    n: usize,
    heavy: usize,
    recent: usize,
    mut weights: impl FnMut(usize, &[usize]) -> Vec<f64>,
) -> Gone {
    let (mut gone, mut mass, mut held) = (vec![None; n], vec![0.0_f64; n], Vec::new());
    for query in 0..n {
        held.push(query);
        if held.len() > heavy + recent {
            let old = held.iter().take_while(|&&key| key + recent <= query).enumerate();
            if let Some((at, _)) = old.min_by(|(_, a), (_, b)| mass[**a].total_cmp(&mass[**b])) {
                gone[held.remove(at)] = Some(query);
            }
        }
        for (&key, weight) in held.iter().zip(weights(query, &held)) {
            mass[key] += weight;
        }
    }
    gone
}

/// Text that is no policy.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{0}` is no policy: write all, sinks:4+recent:32, heavy:44, heavy:12+recent:32, window:64, random:44:SEED, only:0-3,17 or without:5,2.7-9"
)]
pub struct NotAPolicy(String);

impl FromStr for Policy {
    type Err = NotAPolicy;

    fn from_str(text: &str) -> Result<Self, NotAPolicy> {
        let wrong = || NotAPolicy(text.to_owned());
        let count = |text: &str| text.parse::<usize>().ok().filter(|&n| n > 0).ok_or_else(wrong);
        let recent = |text: &str| count(text.strip_prefix("recent:").ok_or_else(wrong)?);
        if text == "all" {
            return Ok(Self::All);
        }
        let (kind, rest) = text.split_once(':').ok_or_else(wrong)?;
        match (kind, rest.split_once('+')) {
            ("sinks", Some((sinks, rest))) => {
                Ok(Self::Recent { sinks: sinks.parse().map_err(|_| wrong())?, recent: recent(rest)? })
            }
            ("window", None) => Ok(Self::Recent { sinks: 0, recent: count(rest)? }),
            ("heavy", Some((heavy, rest))) => {
                Ok(Self::Heavy { heavy: heavy.parse().map_err(|_| wrong())?, recent: recent(rest)? })
            }
            // Half of each, as in the paper
            ("heavy", None) => {
                let budget = count(rest)?;
                Ok(Self::Heavy { heavy: budget / 2, recent: budget - budget / 2 })
            }
            ("random", None) => {
                let (budget, seed) = rest.split_once(':').unwrap_or((rest, "0"));
                Ok(Self::Random { budget: count(budget)?, seed: seed.parse().map_err(|_| wrong())? })
            }
            ("only", None) => entries(rest).map(Self::Only).ok_or_else(wrong),
            ("without", None) => entries(rest).map(Self::Without).ok_or_else(wrong),
            _ => Err(wrong()),
        }
    }
}

/// `0-3,17,2.5`: tokens or ranges of them, of one layer where it stands before a dot.
fn entries(text: &str) -> Option<Vec<Entries>> {
    let one = |part: &str| {
        let (layer, tokens) = match part.trim().split_once('.') {
            Some((layer, tokens)) => (Some(layer.parse().ok()?), tokens),
            None => (None, part.trim()),
        };
        let (first, last) = tokens.split_once('-').unwrap_or((tokens, tokens));
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        (first <= last).then_some(Entries { layer, first, last })
    };
    text.split(',').map(one).collect()
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Recent { sinks: 0, recent } => write!(f, "window:{recent}"),
            Self::Recent { sinks, recent } => write!(f, "sinks:{sinks}+recent:{recent}"),
            Self::Heavy { heavy, recent } => write!(f, "heavy:{heavy}+recent:{recent}"),
            Self::Random { budget, seed } => write!(f, "random:{budget}:{seed}"),
            Self::Only(kept) => write!(f, "only:{}", said(kept)),
            Self::Without(dropped) => write!(f, "without:{}", said(dropped)),
        }
    }
}

fn said(entries: &[Entries]) -> String {
    let one = |Entries { layer, first, last }: &Entries| {
        let layer = layer.map_or_else(String::new, |layer| format!("{layer}."));
        if first == last { format!("{layer}{first}") } else { format!("{layer}{first}-{last}") }
    };
    entries.iter().map(one).collect::<Vec<_>>().join(",")
}
