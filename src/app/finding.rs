//! Everything that has a name, for the palette: commands, settings, heads, tokens, tensors, measures, examples, models,
//! layouts. Gathered once, when the palette opens or what it depends on changes; searched once for each thing typed.

mod settings;

use super::{
    command::{Command, CommandKind},
    exporting::Piece,
    layout,
    scene::Scene,
    state::State,
    words::{Language, Words},
};
use crate::{
    analysis::MEASURES,
    model::{HeadId, HeadName, Part},
};
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

/// How a thing is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Search {
    /// By letters in order: what one knows the name of.
    Letters,
    /// By every word of the query somewhere in it: one of very many.
    Parts,
}

/// Something that can be found.
struct Thing {
    found: Found,
    search: Search,
    /// Its name in English, where that is another, or another name that it goes by.
    other: Option<String>,
    /// Both, in small letters.
    small: String,
    /// What it does, in small letters: where no name is asked for, words of this may be.
    about: String,
    /// Whether choosing it would change nothing.
    current: bool,
}

/// What things depend on, beside the state.
#[derive(PartialEq)]
struct Key {
    language: Language,
    dark: bool,
    /// The run and its layers that are done, the roles, the model.
    of: (u64, usize, u64, usize),
    busy: bool,
    travel: (bool, bool),
    settings: (bool, usize),
}

/// What the palette knows while it is open.
#[derive(Default)]
pub struct Finder {
    key: Option<Key>,
    state: Option<State>,
    things: Vec<Thing>,
    query: Option<String>,
    found: Vec<Found>,
}

impl Finder {
    /// What `query` finds, best first; an empty query lists the commands.
    pub fn find(&mut self, scene: &Scene<'_>, query: &str, keys: impl Fn(CommandKind) -> String) -> &[Found] {
        let key = Key {
            language: scene.words.language,
            dark: scene.dark,
            of: (
                scene.run,
                scene.trace.map_or(0, crate::trace::Trace::layers_done),
                scene.told.number(),
                scene.model.map_or(0, |model| std::sync::Arc::as_ptr(model).addr()),
            ),
            busy: scene.busy.is_some(),
            travel: (scene.can_undo, scene.can_redo),
            settings: (scene.settings.live, scene.settings.recent.len()),
        };
        let same = self.key.as_ref() == Some(&key) && self.state.as_ref() == Some(scene.state);
        if !same {
            self.state = Some(scene.state.clone());
            (self.key, self.things) = (Some(key), everything(scene, &keys));
        }
        if !same || self.query.as_deref() != Some(query) {
            self.found = search(&self.things, scene, query.trim());
            self.query = Some(query.to_owned());
        }
        &self.found
    }

    /// Forgets everything: the palette is closed.
    pub fn close(&mut self) {
        *self = Self::default();
    }
}

/// What a name gains that holds the query letter by letter.
const WHOLE: isize = 1000;

fn search(things: &[Thing], scene: &Scene<'_>, query: &str) -> Vec<Found> {
    if query.is_empty() {
        let commands = things.iter().filter(|thing| thing.found.kind == scene.words.found_command);
        return commands.map(|thing| thing.found.clone()).take(MOST).collect();
    }
    let small = query.to_lowercase();
    let mut found: Vec<Found> = heads(scene, query).into_iter().chain(token(scene, query)).collect();
    let numbered = found.iter().map(|found| found.name.clone()).collect::<Vec<_>>();
    let matching = things.iter().filter_map(|thing| thing.matching(query, &small));
    found.extend(matching.filter(|found| !numbered.contains(&found.name)));
    found.sort_by_cached_key(|found| (std::cmp::Reverse(found.score), found.name.chars().count()));
    found.truncate(MOST);
    found
}

impl Thing {
    fn new(name: String, kind: &'static str, note: String, command: Command) -> Self {
        let found = Found { name, kind, note, command: Ok(command), marked: Vec::new(), score: 0 };
        let (small, about) = (found.name.to_lowercase(), String::new());
        Self { small, found, search: Search::Letters, other: None, about, current: false }
    }

    /// The same; where it is set so already, it says that and comes last.
    fn unless(mut self, current: bool, why: &'static str) -> Self {
        if current {
            (self.found.command, self.current) = (Err(why), true);
        }
        self
    }

    /// The same, found by another name, too.
    fn or(mut self, other: &str) -> Self {
        if other != self.found.name {
            self.small = format!("{}\n{}", self.small, other.to_lowercase());
            self.other = Some(other.to_owned());
        }
        self
    }

    /// The same, found by what it does, too.
    fn does(self, sentences: [&str; 2]) -> Self {
        Self { about: sentences.join("\n").to_lowercase(), ..self }
    }

    /// The same, found by parts of its name.
    fn by_parts(self) -> Self {
        Self { search: Search::Parts, ..self }
    }

    /// What a query finds of it.
    fn matching(&self, query: &str, small: &str) -> Option<Found> {
        let found = self.matched(query, small)?;
        let last = if self.current { 3 * WHOLE } else { 0 };
        Some(Found { score: found.score - last, ..found })
    }

    /// Characters in order, best where they stand together and begin words; else every word somewhere.
    fn matched(&self, query: &str, small: &str) -> Option<Found> {
        if self.search == Search::Parts {
            let all = small.split_whitespace().all(|part| self.small.contains(part));
            return all.then(|| Found { score: 1, ..self.found.clone() });
        }
        if !holds(&self.small, small) {
            // "show log": one word of its name, the other of what it does
            let told = !self.about.is_empty()
                && small
                    .split_whitespace()
                    .all(|part| self.about.contains(part) || self.small.contains(part));
            return told.then(|| Found { score: 0, ..self.found.clone() });
        }
        // What is called so comes first, then what holds the query as it is typed, then what holds its letters apart
        let whole = if self.found.name.eq_ignore_ascii_case(query) {
            2 * WHOLE
        } else if self.small.contains(small) {
            WHOLE
        } else {
            0
        };
        let own = sublime_fuzzy::best_match(query, &self.found.name);
        let other = self.other.as_ref().and_then(|other| sublime_fuzzy::best_match(query, other));
        let by_other = other.filter(|other| own.as_ref().is_none_or(|own| own.score() < other.score()));
        let mut found = self.found.clone();
        if let Some((matched, other)) = by_other.zip(self.other.as_ref()) {
            let parts = [other, &found.note].into_iter().filter(|part| !part.is_empty()).cloned();
            (found.score, found.note) = (matched.score() + whole, parts.collect::<Vec<_>>().join(" · "));
            return Some(found);
        }
        let own = own?;
        let runs = own.continuous_matches().flat_map(|run| run.start()..run.start() + run.len());
        (found.score, found.marked) = (own.score() + whole, runs.collect());
        Some(found)
    }
}

/// Whether all characters of `query` but spaces stand in `text` in their order.
fn holds(text: &str, query: &str) -> bool {
    let mut text = text.chars();
    query.chars().filter(|letter| !letter.is_whitespace()).all(|letter| text.any(|own| own == letter))
}

fn everything(scene: &Scene<'_>, keys: &impl Fn(CommandKind) -> String) -> Vec<Thing> {
    let (words, english) = (scene.words, Language::English.words());
    let item = Thing::new;
    let mut all: Vec<Thing> = CommandKind::iter()
        .filter(|&kind| kind != CommandKind::Palette)
        .map(|kind| {
            let name = (words.command)(kind).0.to_owned();
            let mut thing = item(name, words.found_command, keys(kind), Command::Clear);
            thing.found.command = kind.aim(scene);
            // "show log": what shows a pane is called like the pane; what a pane's own menu offers is found as it says
            let verb = |words: &Words| match (kind, &thing.found.command) {
                (CommandKind::ClosePane, _) => words.close_pane,
                (CommandKind::Maximise, _) => words.maximise,
                (CommandKind::TearOff, _) => words.tear_off,
                (CommandKind::ResetLayout, _) => words.reset_layout,
                (_, Ok(Command::ShowPane(_))) => words.finding.show,
                _ => "",
            };
            let about = |words: &Words| format!("{} {}", verb(words), (words.command)(kind).1);
            let about = [about(words), about(english)];
            thing.or((english.command)(kind).0).does([&about[0], &about[1]])
        })
        .collect();
    all.extend(settings::settings(scene));
    all.extend(exports(scene));
    all.extend(layout::names(scene.state).into_iter().map(|name| {
        let (title, other) = (layout::title(&name, words), layout::title(&name, english));
        item(title, words.found_layout, String::new(), Command::SetLayout(name)).or(&other)
    }));
    all.extend(settings::own_layouts(scene));
    let offers = scene.offers(scene.target()).unwrap_or_default();
    all.extend(offers.into_iter().flat_map(|group| {
        let title = group.title;
        group.offers.into_iter().map(move |offer| {
            let name = format!("{} · {title}", offer.label);
            item(name, words.changes.interventions, offer.spelled(), offer.command())
        })
    }));
    all.extend(MEASURES.iter().map(|measure| {
        let (name, sentence) = (words.measure)(measure);
        let command = Command::SetTint(measure.id.to_owned());
        item(name.to_owned(), words.found_measure, sentence.to_owned(), command)
            .or((english.measure)(measure).0)
    }));
    all.extend(scene.examples.iter().enumerate().map(|(index, example)| {
        let title = |language| example.text(language).0;
        let command = Command::ChooseExample(index);
        item(title(words.language).to_owned(), words.found_example, example.prompt.clone(), command)
            .or(title(Language::English))
    }));
    all.extend(scene.settings.recent.iter().map(|path| {
        let name = path.display().to_string();
        item(name, words.found_model, String::new(), Command::OpenModel(path.clone()))
    }));
    let tensors = scene.model.map_or(&[][..], |model| model.tensors());
    all.extend(tensors.iter().map(|tensor| {
        let shape = tensor.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ");
        let command = Command::ShowTensor(Some(tensor.name.clone()));
        let thing = item(tensor.name.clone(), words.finding.tensor, shape, command);
        thing.or(&tensor.source_name).by_parts()
    }));
    let side = scene.rows();
    let n = scene.labels_of(side).texts.len();
    if n <= TOKENS {
        let name = scene.text_name(side).to_owned();
        all.extend((0..n).map(|index| {
            let command = Command::PinQuery(Some(index));
            item(scene.token_name(side, index), words.found_token, name.clone(), command).by_parts()
        }));
    }
    all
}

/// Views that can be written as figures, once there is a run.
fn exports(scene: &Scene<'_>) -> Vec<Thing> {
    if !scene.trace.is_some_and(crate::trace::Trace::is_complete) {
        return Vec::new();
    }
    let (words, english) = (scene.words, Language::English.words());
    let one = |piece: Piece| {
        let Piece::View(view) = piece else { return None };
        let name = |words: &Words| (words.figures.export_view)(piece.title(words));
        let command = Command::AskForExport(piece);
        let thing = Thing::new(name(words), words.export, String::new(), command);
        // As the command line calls it, too
        Some(thing.or(&(english.figures.export_view)(view.id())).or(&name(english)))
    };
    Piece::all().filter_map(one).collect()
}

/// Heads by their number: `3.5`, `L3H5`; of an encoder–decoder model, where every part counts its own, those of all
/// parts, or of one that is named: `cross 0.1`.
fn heads(scene: &Scene<'_>, query: &str) -> Vec<Found> {
    let Some(trace) = scene.trace else { return Vec::new() };
    let (spec, typed) = (&trace.spec, query.to_ascii_lowercase());
    let parts: Vec<Part> = spec.parts().into_iter().map(|(part, _)| part).collect();
    let named = parts.iter().find_map(|part| Some((*part, typed.strip_prefix(part.name())?)));
    let plain = named.map_or(&*typed, |(_, rest)| rest).replace(['l', 'h', '.'], " ");
    let mut numbers = plain.split_whitespace().map_while(|number| number.parse::<usize>().ok());
    let Some((layer, head)) = numbers.next().zip(numbers.next()) else { return Vec::new() };
    let head = HeadId { layer, head };
    let wanted: Vec<Option<Part>> = match named {
        Some((part, _)) => vec![Some(part)],
        None => parts.into_iter().map(Some).chain([None]).collect(),
    };
    let mut ids: Vec<HeadId> = Vec::new();
    for part in wanted {
        ids.extend(spec.head(HeadName { part, head }).filter(|id| !ids.contains(id)));
    }
    let found = ids.into_iter().enumerate().map(|(place, id)| Found {
        name: scene.with_role(spec.head_name(id), id),
        kind: scene.words.found_head,
        note: spec.hook_name(crate::model::Hook::Pattern, id.layer),
        command: Ok(Command::SelectHead(id)),
        marked: Vec::new(),
        score: isize::MAX - place as isize,
    });
    found.collect()
}

/// A token by its number.
fn token(scene: &Scene<'_>, query: &str) -> Option<Found> {
    let side = scene.rows();
    let n = scene.labels_of(side).texts.len();
    let index = query.parse::<usize>().ok().filter(|&number| number < n)?;
    Some(Found {
        name: scene.token_name(side, index),
        kind: scene.words.found_token,
        note: scene.text_name(side).to_owned(),
        command: Ok(Command::PinQuery(Some(index))),
        marked: Vec::new(),
        score: isize::MAX - 1,
    })
}
