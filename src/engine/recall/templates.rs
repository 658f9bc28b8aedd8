//! The words of recall: how a fact is told, what stands around it, how it is asked for.

use super::RecallError;
use crate::engine::RunError;
use crate::engine::probes::{Drawn, repeatable};
use crate::model::{Model, Origin, Tokenizer};
use rand::Rng as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use strum::{EnumIter, EnumString, IntoStaticStr};

/// In which words a model is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, EnumIter, EnumString, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Template {
    /// Who has which toy, as the embedded model was taught: "Mary has a red ball. … Mary plays with the"
    Toys,
    /// A number among sentences that say nothing: "The pass key is 4821. … The pass key is"
    Passkey,
    /// One of many keys: "river: 31 … river:"
    Pairs,
    /// Random tokens, and some of them again: works with any vocabulary
    Repeat,
}

impl Template {
    /// What suits a model: toys for the embedded one, the pass key where its tokenizer reads that, else random tokens.
    pub fn suited(model: &Model) -> Self {
        match (&model.origin, &model.tokenizer) {
            (Origin::Embedded, _) => Self::Toys,
            (_, Some(tokenizer)) if Self::Passkey.is_read_by(tokenizer) => Self::Passkey,
            _ => Self::Repeat,
        }
    }

    /// The template that would suit a model if its tokenizer could read the words.
    pub fn unread_by(model: &Model) -> Option<Self> {
        (model.tokenizer.is_some() && Self::suited(model) == Self::Repeat).then_some(Self::Passkey)
    }

    /// Whether a tokenizer has every word and digit of a template.
    fn is_read_by(self, tokenizer: &Tokenizer) -> bool {
        let others = self.usual_distractors();
        let Story { fact, around, gap, question, .. } = story(self, others, &mut StdRng::seed_from_u64(0));
        let sentences = [fact, around.join(gap), question, "0 1 2 3 4 5 6 7 8 9".to_owned()];
        sentences.iter().all(|text| tokenizer.knows(text))
    }

    /// Facts about others that may be told around the one that is asked for; none where there is no such thing.
    pub fn most_distractors(self) -> usize {
        match self {
            Self::Toys => COLOURS.len() - 1,
            Self::Passkey => DOORS.len(),
            Self::Pairs => KEYS.len() - 1,
            Self::Repeat => 0,
        }
    }

    /// As many as are told where nobody says.
    fn usual_distractors(self) -> usize {
        match self {
            Self::Toys => OTHERS,
            Self::Pairs => KEYS.len() - 1,
            Self::Passkey | Self::Repeat => 0,
        }
    }
}

/// Tokens of a repeated sequence that are said again before the answer.
const CUE: usize = 4;
/// Facts about others that stand around the fact that is asked for.
const OTHERS: usize = 2;

const NAMES: &[&str] =
    &["Mary", "Tom", "Ann", "Jack", "Ben", "Lucy", "Peter", "Rose", "Sam", "Kate", "Ned", "Emma"];
const COLOURS: &[&str] = &["red", "blue", "green", "yellow", "white", "black", "brown", "pink"];
const TOYS: &[&str] = &["ball", "kite", "drum", "doll", "hat", "cup", "book", "boat", "box", "bell"];
const EVENTS: &[&str] = &[
    "It was a fine day.",
    "They all went out to play.",
    "The sun was shining.",
    "The wind blew hard.",
    "Then they sat down to tea.",
    "Nobody said a word.",
    "After that it grew dark.",
    "They laughed and sang.",
];
const SAYINGS: &[&str] = &[
    "The road goes up the hill and down again.",
    "There is water in the well and bread on the table.",
    "The days are long in summer and short in winter.",
    "A door stands open and a window is shut.",
    "The clock on the wall is a little slow.",
];
const DOORS: &[&str] = &["front", "back", "cellar", "garden", "stable", "attic", "kitchen", "tower"];
const KEYS: &[&str] = &[
    "river", "stone", "apple", "cloud", "horse", "candle", "ladder", "garden", "window", "silver", "paper",
    "needle", "button", "forest", "bridge", "mirror", "basket", "hammer", "island", "pocket", "ribbon",
    "saddle", "tunnel", "valley",
];

/// A prompt and the tokens that answer it.
pub(super) struct Question {
    pub(super) prompt: Vec<u32>,
    pub(super) answer: Vec<u32>,
    /// Where the fact tells the answer, tokens of the prompt
    pub(super) needle: Range<usize>,
    /// Tokens from where the answer was told to the prompt's end
    pub(super) distance: usize,
}

/// Writes questions for one model.
pub(super) struct Writer<'a> {
    kind: Kind<'a>,
}

enum Kind<'a> {
    Text(Template, usize, &'a Tokenizer),
    Repeat { prefix: Vec<u32>, drawn: Drawn },
}

impl<'a> Writer<'a> {
    /// `distractors`: facts about others; none: as many as the template usually has.
    pub(super) fn new(
        model: &'a Model,
        template: Template,
        distractors: Option<usize>,
    ) -> Result<Self, RecallError> {
        let others = distractors.unwrap_or(template.usual_distractors());
        if others > template.most_distractors() {
            let most = template.most_distractors();
            return Err(RecallError::TooManyDistractors { found: others, most });
        }
        let kind = match (template, &model.tokenizer) {
            (Template::Repeat, _) => {
                let (prefix, drawn) = repeatable(model);
                Kind::Repeat { prefix, drawn }
            }
            (_, Some(tokenizer)) => Kind::Text(template, others, tokenizer),
            (_, None) => return Err(RunError::NoTokenizer.into()),
        };
        Ok(Self { kind })
    }

    /// A question of at most `length` tokens whose fact stands at `depth`.
    pub(super) fn question(
        &self,
        length: usize,
        depth: f64,
        random: &mut StdRng,
    ) -> Result<Question, RecallError> {
        match &self.kind {
            Kind::Text(template, others, tokenizer) => {
                tell(story(*template, *others, random), tokenizer, length, depth)
            }
            Kind::Repeat { prefix, drawn } => repeat(prefix, drawn, length, depth, random),
        }
    }
}

/// A story in parts.
struct Story {
    fact: String,
    /// Said around the fact until the length is reached, over and over
    around: Vec<String>,
    /// Between two sentences
    gap: &'static str,
    question: String,
    answer: String,
}

/// A story with some facts about others; what is drawn by chance does not depend on how many.
fn story(template: Template, others: usize, random: &mut StdRng) -> Story {
    match template {
        Template::Passkey => {
            let key = random.random_range(1000..10_000);
            let sayings = shuffled(SAYINGS, random);
            let doors = shuffled(DOORS, random);
            let others = doors
                .iter()
                .map(|door| format!("The {door} door's key is {}.", random.random_range(1000..10_000)))
                .collect::<Vec<_>>()
                .into_iter()
                .take(others);
            Story {
                fact: format!("The pass key is {key}. Remember it: {key} is the pass key."),
                around: others.chain(sayings).collect(),
                gap: " ",
                question: "What is the pass key? The pass key is".to_owned(),
                answer: format!(" {key}"),
            }
        }
        Template::Pairs => {
            let keys = shuffled(KEYS, random);
            let mut pairs = keys.iter().map(|key| format!("{key}: {}", random.random_range(10..100)));
            let fact = pairs.next().unwrap_or_default();
            let (key, value) = fact.split_once(':').unwrap_or_default();
            let (question, answer) = (format!("{key}:"), value.to_owned());
            let pairs: Vec<String> = pairs.collect();
            let sayings = shuffled(SAYINGS, random);
            let full = others >= pairs.len();
            // Where all lines are pairs nothing else is needed to fill the text
            let sayings = sayings.into_iter().filter(|_| !full);
            let around = pairs.into_iter().take(others).chain(sayings).collect();
            Story { fact, around, gap: "\n", question, answer }
        }
        Template::Toys | Template::Repeat => {
            let (names, colours, toys) =
                (shuffled(NAMES, random), shuffled(COLOURS, random), shuffled(TOYS, random));
            let mut facts = names
                .iter()
                .zip(&colours)
                .zip(&toys)
                .map(|((name, colour), toy)| format!("{name} has a {colour} {toy}."));
            let fact = facts.next().unwrap_or_default();
            let mut around: Vec<String> = facts.take(others).collect();
            around.extend(shuffled(EVENTS, random));
            let (question, answer) = (format!("{} plays with the", names[0]), format!(" {}", colours[0]));
            Story { fact, around, gap: " ", question, answer }
        }
    }
}

fn shuffled(words: &[&str], random: &mut StdRng) -> Vec<String> {
    let mut words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
    words.shuffle(random);
    words
}

/// Tells a story, with as many sentences around the fact as fit.
fn tell(story: Story, tokenizer: &Tokenizer, length: usize, depth: f64) -> Result<Question, RecallError> {
    let Story { fact, around, gap, question, answer } = story;
    let told_at = fact.find(answer.trim()).unwrap_or(0);
    let written = |sentences: usize| -> Result<Question, RecallError> {
        let before = (depth * sentences as f64).round() as usize;
        let at = |index: usize| around[index % around.len()].as_str();
        let mut text = String::new();
        for index in 0..before {
            text.extend([at(index), gap]);
        }
        let needle = text.len() + told_at..text.len() + told_at + answer.trim().len();
        text.push_str(&fact);
        let told = text.len();
        for index in before..sentences {
            text.extend([gap, at(index)]);
        }
        text.extend([gap, &question]);
        let asked = text.len();
        text.push_str(&answer);
        // Told together with its answer, as some vocabularies join a word to what stands before it
        let tokens = tokenizer.encode(&text).map_err(RunError::from)?;
        let first = tokens.iter().position(|token| token.span.end > asked).unwrap_or(tokens.len());
        let fact_end = tokens.iter().position(|token| token.span.end >= told).unwrap_or(0);
        let answers = tokens[first..].iter().filter(|token| !token.span.is_empty());
        let answer: Vec<u32> = answers.map(|token| token.id).collect();
        let prompt: Vec<u32> = tokens[..first].iter().map(|token| token.id).collect();
        let distance = prompt.len().saturating_sub(fact_end + 1);
        let within = |span: &Range<usize>| span.start < needle.end && span.end > needle.start;
        let told = |token: &crate::model::Token| !token.span.is_empty() && within(&token.span);
        let start = tokens[..first].iter().position(told).unwrap_or(0);
        let needle = start..start + tokens[start..first].iter().take_while(|token| told(token)).count();
        Ok(Question { prompt, answer, needle, distance })
    };
    let size = |question: &Question| question.prompt.len() + question.answer.len();
    let mut best = written(0)?;
    if best.answer.is_empty() || best.prompt.is_empty() || size(&best) > length {
        return Err(RecallError::TooShort { length, needed: size(&best).max(2) });
    }
    // Every sentence is a token at least
    let (mut low, mut high) = (0, length);
    while low < high {
        let middle = (low + high).div_ceil(2);
        let tried = written(middle)?;
        if size(&tried) <= length {
            (low, best) = (middle, tried);
        } else {
            high = middle - 1;
        }
    }
    Ok(best)
}

/// Random tokens, the last of them said again from some place on; the answer is what came next there.
fn repeat(
    prefix: &[u32],
    drawn: &Drawn,
    length: usize,
    depth: f64,
    random: &mut StdRng,
) -> Result<Question, RecallError> {
    // Shorter cues where there is little room: at least a token, what follows it, and it again
    let cue = CUE.min(length.saturating_sub(prefix.len()) / 3);
    let needed = prefix.len() + 3;
    if cue == 0 {
        return Err(RecallError::TooShort { length, needed });
    }
    let n = length - prefix.len() - cue;
    if n > drawn.words() {
        return Err(RecallError::TooFewWords { length, words: drawn.words() });
    }
    let told = drawn.draw(n, random);
    let answered = cue + (depth * (n - cue - 1) as f64).round() as usize;
    let again = &told[answered - cue..answered];
    let prompt = [prefix, &told, again].concat();
    let told_at = prefix.len() + answered;
    let distance = prompt.len() - told_at - 1;
    Ok(Question { prompt, answer: vec![told[answered]], needle: told_at..told_at + 1, distance })
}
