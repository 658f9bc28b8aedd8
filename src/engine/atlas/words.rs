//! Words to ask a model with that mean the same to everybody: names, and words that have an order.

use super::{AtlasError, Job, Model, Prompt, RunError, Runner, tokens_of};
use crate::analysis::atlas::{Ordinals, name_moved};
use crate::analysis::{AttributionError, Question, attribute};
use crate::model::{HeadId, HeadSpec, Part};
use crate::trace::Token;
use rayon::prelude::*;

/// Names that many vocabularies have in one piece.
const NAMES: [&str; 16] = [
    "Tom", "Anna", "Ben", "Lily", "Sam", "Mary", "John", "Lucy", "Peter", "Jack", "Kate", "Jane", "Paul",
    "Emma", "Mark", "Sarah",
];
/// Two names, one of them again, and the place where the other is due.
const SENTENCES: [&str; 4] = [
    "When {A} and {B} went to the garden, {A} gave a ball to",
    "When {B} and {A} sat down at the table, {A} passed the bread to",
    "Then {A} and {B} came home, and {A} read the letter to",
    "After {B} and {A} had looked at the kite, {A} gave it to",
];
/// Words in their order.
const ORDERS: [&[&str]; 5] = [
    &["1", "2", "3", "4", "5", "6", "7", "8", "9"],
    &["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"],
    &["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    &[
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    &[
        "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q", "R", "S", "T",
        "U", "V", "W", "X", "Y", "Z",
    ],
];
/// A run of fewer words says little.
const LEAST: usize = 4;

/// Whether a model says the next word straight from the stream that its heads write into.
fn says_words(model: &Model) -> bool {
    let spec = model.spec();
    let plain = spec.head == HeadSpec::NextToken && spec.encoder.is_none() && spec.generates();
    plain && spec.blocks.iter().all(|block| block.part == Part::Only) && model.tokenizer.is_some()
}

fn tokens(model: &Model, text: &str) -> Vec<Token> {
    tokens_of(model, &Prompt::Text(text.to_owned()), false).unwrap_or_default()
}

/// A sentence with two names, read.
struct Due {
    ids: Vec<u32>,
    /// Where the name stands that is due
    key: usize,
    name: u32,
    other: u32,
}

impl Due {
    /// `None` where a name is not one token wherever it stands.
    fn new(model: &Model, sentence: &str, name: &str, other: &str) -> Option<Self> {
        let text = sentence.replace("{A}", other).replace("{B}", name);
        let tokens_now = tokens(model, &text);
        let said = |word: &str| {
            let places = (0..tokens_now.len()).filter(|&place| tokens_now[place].text.trim() == word);
            places.collect::<Vec<_>>()
        };
        let next = |word: &str| -> Option<u32> {
            let longer = tokens(model, &format!("{text} {word}"));
            let last = longer.last().filter(|last| last.text.trim() == word)?;
            (longer.len() == tokens_now.len() + 1).then_some(last.id)
        };
        let (names, others) = (said(name), said(other));
        let [key] = names[..] else { return None };
        let ids = tokens_now.iter().map(|token| token.id).collect();
        (others.len() == 2).then_some(Self { ids, key, name: next(name)?, other: next(other)? })
    }
}

/// Every head's name-mover score: a mean over sentences; `None` where the model has not two names in one piece.
pub(super) fn name_movers(
    runner: &Runner<'_>,
    heads: &[HeadId],
    job: &Job,
) -> Result<Vec<Option<f64>>, AtlasError> {
    let model = runner.model;
    if !says_words(model) {
        return Ok(Vec::new());
    }
    let usable = |pair: &[&str; 2]| Due::new(model, SENTENCES[0], pair[0], pair[1]).is_some();
    let pairs = NAMES.windows(2).filter_map(|pair| <[&str; 2]>::try_from(pair).ok()).filter(usable);
    let pairs: Vec<[&str; 2]> = pairs.take(SENTENCES.len()).collect();
    let both = pairs.iter().zip(SENTENCES.iter().cycle());
    let dues: Vec<Due> = both
        .flat_map(|(&[a, b], sentence)| [(sentence, a, b), (sentence, b, a)])
        .filter_map(|(sentence, name, other)| Due::new(model, sentence, name, other))
        .collect();
    if dues.is_empty() {
        return Ok(Vec::new());
    }
    let mut sums = vec![0.0; heads.len()];
    for (done, due) in dues.iter().enumerate() {
        job.report("Asking for names", done as f32 / dues.len() as f32);
        let trace = match runner.run(due.ids.clone()) {
            // A change may name a token that so short a sentence does not have
            Err(AtlasError::Run(RunError::TooLong { .. }) | AtlasError::Change(_)) => return Ok(Vec::new()),
            trace => trace?,
        };
        let question = Question { token: trace.n_tokens() - 1, word: due.name, against: Some(due.other) };
        let attribution = match attribute(&model.network, &trace, question, &mut |_| job.go_on()) {
            Ok(attribution) => attribution,
            Err(AttributionError::Cancelled) => return Err(RunError::Cancelled.into()),
            Err(_) => return Ok(Vec::new()),
        };
        sums.par_iter_mut().zip(heads).for_each(|(sum, &head)| {
            *sum += name_moved(&trace, &attribution, head, due.key);
        });
    }
    Ok(sums.into_iter().map(|sum| Some(sum / dues.len() as f64)).collect())
}

/// Every head's successor score; `None` where the model has no run of words in one piece.
pub(super) fn successors(
    runner: &Runner<'_>,
    heads: &[HeadId],
    job: &Job,
) -> Result<Vec<Option<f64>>, AtlasError> {
    let model = runner.model;
    if !says_words(model) {
        return Ok(Vec::new());
    }
    let prefix: Vec<u32> = tokens(model, "").iter().map(|token| token.id).collect();
    let prefix = if prefix.is_empty() { super::repeatable(model).0 } else { prefix };
    let id = |word: &str| -> Option<u32> {
        [format!(" {word}"), word.to_owned()].iter().find_map(|text| {
            let read = tokens(model, text);
            let last = read.last().filter(|last| last.text.trim() == word)?;
            (read.len() == prefix.len() + 1).then_some(last.id)
        })
    };
    // The longest run without a gap: only neighbours are each other's successors
    let run = |words: &&[&str]| -> Vec<u32> {
        let ids: Vec<Option<u32>> = words.iter().map(|word| id(word)).collect();
        let runs = ids.split(Option::is_none).map(|run| run.iter().flatten().copied().collect::<Vec<_>>());
        // The first of equally long ones
        runs.reduce(|best, run| if run.len() > best.len() { run } else { best }).unwrap_or_default()
    };
    let runs: Vec<Vec<u32>> = ORDERS.iter().map(run).filter(|run| run.len() >= LEAST).collect();
    let Some(ordinals) = Ordinals::new(&model.network, runs) else { return Ok(Vec::new()) };
    let asked: Vec<(usize, usize)> = ordinals.asked().collect();
    let mut hits = vec![0_usize; heads.len()];
    for (done, &(run, at)) in asked.iter().enumerate() {
        job.report("Asking for what comes next", done as f32 / asked.len() as f32);
        let trace = match runner.run([&prefix[..], &[ordinals.runs[run][at]]].concat()) {
            Err(AtlasError::Change(_)) => return Ok(Vec::new()),
            trace => trace?,
        };
        hits.par_iter_mut().zip(heads).for_each(|(hits, &head)| {
            *hits += usize::from(ordinals.succeeds(&model.network, &trace, head, run, at));
        });
    }
    Ok(hits.into_iter().map(|hits| Some(hits as f64 / asked.len() as f64)).collect())
}
