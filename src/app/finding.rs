//! Everything that has a name, for the palette: commands, heads, tokens, measures, examples, models, layouts.

use super::{
    command::{Command, CommandKind},
    layout,
    scene::Scene,
};
use crate::{analysis::MEASURES, model::HeadId};
use strum::IntoEnumIterator as _;

/// How many answers are worth showing.
const MOST: usize = 60;
/// Tokens beyond which only a number finds one: nobody reads a list that long.
const TOKENS: usize = 4096;

/// One thing that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its name.
    pub name: String,
    /// What sort of thing it is.
    pub kind: &'static str,
    /// What it does, its key or its value.
    pub note: String,
    /// What choosing it sends, or why it means nothing now.
    pub command: Result<Command, &'static str>,
    /// Which characters of the name were asked for.
    pub marked: Vec<usize>,
    score: isize,
}

/// What `query` finds, best first; an empty query lists the commands.
pub fn find(scene: &Scene<'_>, query: &str, keys: impl Fn(CommandKind) -> String) -> Vec<Found> {
    let query = query.trim();
    let mut found = everything(scene, query, &keys);
    if query.is_empty() {
        found.retain(|found| found.kind == scene.words.found_command);
    } else {
        found.retain_mut(|found| matches(found, query));
        found.sort_by_key(|found| (std::cmp::Reverse(found.score), found.name.chars().count()));
    }
    found.truncate(MOST);
    found
}

/// Scores a name against the query: its characters in order, best where they stand together and begin words.
fn matches(found: &mut Found, query: &str) -> bool {
    if found.score > 0 {
        return true; // named by number
    }
    let Some(matched) = sublime_fuzzy::best_match(query, &found.name) else { return false };
    found.score = matched.score();
    let runs = matched.continuous_matches().flat_map(|run| run.start()..run.start() + run.len());
    found.marked = runs.collect();
    true
}

fn everything(scene: &Scene<'_>, query: &str, keys: &impl Fn(CommandKind) -> String) -> Vec<Found> {
    let words = scene.words;
    let item = |name: String, kind, note: String, command| Found {
        name,
        kind,
        note,
        command: Ok(command),
        marked: Vec::new(),
        score: 0,
    };
    let mut all: Vec<Found> = CommandKind::iter()
        .filter(|&kind| kind != CommandKind::Palette)
        .map(|kind| Found {
            command: kind.aim(scene),
            ..item((words.command)(kind).0.to_owned(), words.found_command, keys(kind), Command::Clear)
        })
        .collect();
    all.extend(layout::names(scene.state).into_iter().map(|name| {
        item(layout::title(&name, words), words.found_layout, String::new(), Command::SetLayout(name))
    }));
    if !query.is_empty() {
        let offers = scene.offers(scene.target()).unwrap_or_default();
        all.extend(
            offers
                .into_iter()
                .flat_map(|group| {
                    let title = group.title;
                    group
                        .offers
                        .into_iter()
                        .map(move |offer| (format!("{} · {title}", offer.label), offer))
                        .collect::<Vec<_>>()
                })
                .map(|(name, offer)| {
                    item(name, words.changes.interventions, offer.spelled(), offer.command())
                }),
        );
    }
    all.extend(head(scene, query));
    all.extend(MEASURES.iter().map(|measure| {
        let (name, sentence) = (words.measure)(measure);
        let command = Command::SetTint(measure.id.to_owned());
        item(name.to_owned(), words.found_measure, sentence.to_owned(), command)
    }));
    all.extend(scene.examples.iter().enumerate().map(|(index, example)| {
        let title = example.text(words.language).0.to_owned();
        item(title, words.found_example, example.prompt.clone(), Command::ChooseExample(index))
    }));
    all.extend(scene.settings.recent.iter().map(|path| {
        let name = path.display().to_string();
        item(name, words.found_model, String::new(), Command::OpenModel(path.clone()))
    }));
    if !query.is_empty() {
        all.extend(tokens(scene, query));
    }
    all
}

/// A head by its number: `3.5`, `L3H5`.
fn head(scene: &Scene<'_>, query: &str) -> Option<Found> {
    let plain = query.to_ascii_lowercase().replace(['l', 'h'], " ").replace('.', " ");
    let mut numbers = plain.split_whitespace().map(str::parse::<usize>);
    let (layer, head) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    let id = HeadId { layer, head };
    let trace = scene.trace.filter(|trace| layer < trace.n_layers() && head < trace.heads(layer))?;
    Some(Found {
        name: trace.spec.head_name(id),
        kind: scene.words.found_head,
        note: trace.spec.hook_name(crate::model::Hook::Pattern, layer),
        command: Ok(Command::SelectHead(id)),
        marked: Vec::new(),
        score: isize::MAX,
    })
}

/// Tokens by number or by text.
fn tokens(scene: &Scene<'_>, query: &str) -> Vec<Found> {
    let side = scene.rows();
    let labels = &scene.labels_of(side).texts;
    let number = query.parse::<usize>().ok().filter(|&number| number < labels.len());
    let found = |index: usize, score| Found {
        name: scene.token_name(side, index),
        kind: scene.words.found_token,
        note: scene.text_name(side).to_owned(),
        command: Ok(Command::PinQuery(Some(index))),
        marked: Vec::new(),
        score,
    };
    let mut all: Vec<Found> = number.map(|number| found(number, isize::MAX - 1)).into_iter().collect();
    if labels.len() <= TOKENS {
        let asked = query.to_lowercase();
        let named = (0..labels.len()).filter(|&index| labels[index].to_lowercase().contains(&asked));
        all.extend(named.filter(|&index| number != Some(index)).map(|index| found(index, 1)));
    }
    all
}
