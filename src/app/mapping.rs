//! The maps of the head view: what its recipe is, and what workers found out about them.

mod copying;

pub use copying::Part;

use super::{
    banner::Banner,
    derived::Derived,
    flowing,
    labels::Labels,
    session::Session,
    state::{Cells, Hover, State},
    tiles::{Key, Of, Rows, SKETCH},
    worker::Post,
};
use crate::{
    engine::Job,
    model::{HeadId, Model},
    render::Tile,
    trace::{Combine, Level, Map, MapError, MapRecipe, Steps, Survey, Trace, Weigh, snapped},
};
use serde::{Deserialize, Serialize};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Values along a side of the picture that is drawn until tiles come.
const SIDE: usize = 128;

/// Which heads a map is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, strum::EnumIter)]
pub enum Over {
    /// The selected one.
    #[default]
    Head,
    /// All that are selected.
    Chosen,
    /// All of its layer.
    Layer,
    /// All of the model that look at the same texts.
    All,
}

/// What the head view shows: part of the state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MapChoice {
    /// Which heads.
    pub over: Over,
    /// How they become one map.
    pub combine: Combine,
    /// What is done to each before.
    pub steps: Steps,
    /// Whether lengths stand beside weights where there is room for both.
    pub beside: bool,
    /// Values smaller than this show the floor.
    pub threshold: f32,
    /// Query tokens that are looked at together; none: the pinned one.
    pub queries: Vec<usize>,
    /// Key tokens that are looked at together.
    pub keys: Vec<usize>,
}

impl MapChoice {
    /// Whether rows and columns are tokens.
    pub fn of_tokens(&self) -> bool {
        (self.steps.queries, self.steps.keys) == (Level::Token, Level::Token)
    }
    /// The threshold that is drawn and counted with.
    pub fn from(&self) -> f32 {
        snapped(self.threshold)
    }
}

/// What the head view's map is made of.
pub fn recipe(state: &State, trace: &Trace) -> MapRecipe {
    let (choice, head) = (&state.map, state.head);
    let heads: Vec<HeadId> = match choice.over {
        Over::Head => vec![head],
        Over::Chosen => flowing::heads(state, trace),
        Over::Layer => (0..trace.heads(head.layer)).map(|index| HeadId { head: index, ..head }).collect(),
        Over::All => {
            let part = trace.spec.blocks[head.layer].part;
            trace.head_ids().filter(|own| trace.spec.blocks[own.layer].part == part).collect()
        }
    };
    let (heads, combine) = match (choice.combine, choice.over) {
        (Combine::Difference, Over::Chosen) => (heads.into_iter().take(2).collect(), Combine::Difference),
        // Of one head, or of more than two, there is no difference
        (Combine::Difference, _) => (heads, Combine::Mean),
        (combine, _) => (heads, combine),
    };
    let combine = if heads.len() == 1 { Combine::Mean } else { combine };
    MapRecipe { heads, combine, steps: choice.steps }
}

/// Which map: a run, the one that is subtracted, the recipe.
type Asked = (u64, Option<u64>, MapRecipe);

/// A map, and what is drawn of it first.
pub struct Sight {
    /// The map.
    pub map: Arc<Map>,
    /// Its number among all maps.
    pub number: u64,
    /// Whether it is one head's pattern as it is.
    pub plain: bool,
    /// What its rows and columns read, where they are no tokens.
    labels: [Option<Labels>; 2],
    sketch: (usize, usize, Vec<f32>),
    run: u64,
}

impl Sight {
    fn new(map: Map, run: u64, trace: &Trace, job: &Job) -> Option<Self> {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        let recipe = map.recipe();
        let plain = recipe.heads.len() == 1 && recipe.steps.are_plain();
        let (rows, columns) = (map.n_queries().min(SIDE), map.n_keys().min(SIDE));
        let sketch = if plain { Vec::new() } else { map.sketch(rows, columns, &|| job.go_on())? };
        let part = trace.spec.blocks[recipe.heads[0].layer].part;
        let label = |side, groups: &crate::trace::Groups| {
            (!groups.are_tokens()).then(|| Labels::named(trace.group_labels(side, groups)))
        };
        let labels = [label(part.rows(), map.queries()), label(part.columns(), map.keys())];
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let sketch = (rows, columns, sketch);
        Some(Self { map: Arc::new(map), number, plain, labels, sketch, run })
    }

    /// Rows and columns.
    pub fn cells(&self) -> Cells {
        Cells { queries: self.map.n_queries(), keys: self.map.n_keys() }
    }
    /// What its rows read, where they are no tokens.
    pub fn row_labels(&self) -> Option<&Labels> {
        self.labels[0].as_ref()
    }
    /// The same of its columns.
    pub fn column_labels(&self) -> Option<&Labels> {
        self.labels[1].as_ref()
    }
    /// The greatest size among the values that are drawn first.
    pub fn sketched(&self) -> f32 {
        // The first row of many maps has no choice
        let rows = self.sketch.2.chunks(self.sketch.1.max(1)).skip(usize::from(self.sketch.0 > 1));
        rows.flatten().filter(|value| value.is_finite()).fold(0.0, |far: f32, value| far.max(value.abs()))
    }
    /// Where the picture that is drawn first is kept.
    pub fn sketch_key(&self, rows: Rows) -> Key {
        Key { of: Of::Map(self.number), rows, tile: SKETCH }
    }
    /// That picture.
    pub fn sketch(&self) -> Tile {
        let (rows, columns, values) = self.sketch.clone();
        // On a scale of ranks its own rows are ranked: near enough for a picture that is replaced
        Tile { rows, columns, values, peaks: None, ranks: None }
    }
    /// The row that a token is in.
    pub fn row_of(&self, token: usize) -> usize {
        self.map.queries().group(token)
    }
    /// The column that a token is in.
    pub fn column_of(&self, token: usize) -> usize {
        self.map.keys().group(token)
    }
}

/// One map as far as it is known.
#[derive(Default)]
pub struct Known {
    sight: Derived<Asked, Option<Arc<Sight>>>,
    survey: Derived<u64, Option<Survey>>,
    row: Derived<(u64, Vec<usize>), Vec<f32>>,
    column: Derived<(u64, Vec<usize>), Vec<f32>>,
}

impl Known {
    /// The map that was asked for; while it is made, the one before of the same run.
    pub fn sight(&self) -> Option<&Arc<Sight>> {
        let (asked, sight) = self.sight.latest()?;
        sight.as_ref().filter(|sight| sight.run == asked.0)
    }
    /// Why there is none.
    pub fn why_not(&self) -> Option<&Banner> {
        self.sight.error()
    }
    /// What is known of the whole map.
    pub fn survey(&self) -> Option<&Survey> {
        let (number, survey) = self.survey.latest()?;
        survey.as_ref().filter(|_| self.sight().is_some_and(|sight| sight.number == *number))
    }
    /// How much of the survey is done.
    pub fn surveyed(&self) -> Option<f32> {
        self.survey.progress()
    }
    /// The row that is shown: which rows it is the mean of, and its values.
    pub fn row(&self) -> Option<(&[usize], &[f32])> {
        self.line(&self.row)
    }
    /// The column that is shown: which columns it is the sum of, and its values.
    pub fn column(&self) -> Option<(&[usize], &[f32])> {
        self.line(&self.column)
    }
    fn line<'a>(&self, line: &'a Derived<(u64, Vec<usize>), Vec<f32>>) -> Option<(&'a [usize], &'a [f32])> {
        let ((number, of), values) = line.latest()?;
        (self.sight()?.number == *number).then_some((of, values))
    }

    fn stop(&mut self) {
        *self = Self::default();
    }

    /// Has profiles read: of the rows and columns that are marked, else of those under the pointer or the pin.
    fn follow_lines(&mut self, rows: Vec<usize>, columns: Vec<usize>, post: &Post) {
        let Some(sight) = self.sight().cloned() else { return };
        let number = sight.number;
        let key = (!rows.is_empty()).then_some((number, rows));
        if !self.row.is_of(key.as_ref(), post) {
            self.row.follow("map row", key, post, |(_, rows)| {
                let (map, rows) = (Arc::clone(&sight.map), rows.clone());
                move |_: &Job| Ok(map.mean_row(&rows))
            });
        }
        let key = (!columns.is_empty()).then_some((number, columns));
        if !self.column.is_of(key.as_ref(), post) {
            self.column.follow("map column", key, post, |(_, columns)| {
                let (map, columns) = (Arc::clone(&sight.map), columns.clone());
                move |job: &Job| Ok(map.column_sum(&columns, &|| job.go_on()).unwrap_or_default())
            });
        }
    }

    fn follow_survey(&mut self, wanted: bool, post: &Post) {
        let Some(sight) = self.sight().filter(|_| wanted).cloned() else { return };
        self.survey.follow("survey of a map", Some(sight.number), post, |_| {
            move |job: &Job| Ok(sight.map.survey(&job.tell("Looking through the map")))
        });
    }
}

/// What workers know of the maps in sight.
#[derive(Default)]
pub struct Mapping {
    /// The map of the recipe; where two stand side by side, the left one.
    pub main: Known,
    /// The right one.
    pub beside: Known,
    copied: Derived<(u64, Part), String>,
    copying: Option<(u64, Part)>,
}

impl Mapping {
    /// The map in sight, where its rows or columns are no tokens.
    pub fn grouped(&self, state: &State) -> Option<&Sight> {
        self.main.sight().filter(|_| !state.map.of_tokens()).map(|sight| &**sight)
    }
}

impl Session {
    /// Has made what the head view shows.
    pub fn follow_map(&mut self, state: &State, hover: Hover, drawn: bool) {
        if !drawn {
            self.mapping.main.stop();
            return self.mapping.beside.stop();
        }
        let (run, trace) = self.visible(state);
        let ready =
            trace.filter(|trace| trace.has(state.head) && !trace.query_tokens(state.head.layer).is_empty());
        let recipe = ready.map(|trace| recipe(state, trace));
        // Both runs, where their difference is shown
        let less = self.less_of(state).map(|(run, _)| run);
        let with = |weigh: Weigh| {
            let recipe = recipe.clone()?;
            Some((run, less, MapRecipe { steps: Steps { weigh, ..recipe.steps }, ..recipe }))
        };
        let two = state.map.beside && self.model.is_some();
        let main = if two { with(Weigh::Weights) } else { with(state.map.steps.weigh) };
        let mut mapping = std::mem::take(&mut self.mapping);
        self.make(&mut mapping.main, main, state);
        self.make(&mut mapping.beside, with(Weigh::Values).filter(|_| two), state);
        for known in [&mut mapping.main, &mut mapping.beside] {
            let plain = known.sight().is_none_or(|sight| sight.plain);
            known.follow_survey(!plain || state.map.threshold > 0.0, &self.post);
            let (rows, columns) = self.lines(known, state, hover);
            known.follow_lines(rows, columns, &self.post);
        }
        self.mapping = mapping;
    }

    fn make(&self, known: &mut Known, asked: Option<Asked>, state: &State) {
        if known.sight.is_of(asked.as_ref(), &self.post) {
            return;
        }
        let trace = self.visible(state).1.cloned();
        let less = self.less_of(state).map(|(_, trace)| trace.clone());
        let (model, words) = (self.model.clone(), self.post.words());
        known.sight.follow("map", asked, &self.post, move |asked| {
            let asked = asked.clone();
            move |job: &Job| {
                let trace = trace.ok_or_else(|| Banner::error(&words.needs_trace, None))?;
                make(model.as_deref(), &trace, less.as_ref(), asked, job)
                    .map_err(|error| Banner::of(&error, words))
            }
        });
    }

    /// Rows and columns whose profiles stand along the edges.
    fn lines(&self, known: &Known, state: &State, hover: Hover) -> (Vec<usize>, Vec<usize>) {
        let Some(sight) = known.sight() else { return (Vec::new(), Vec::new()) };
        let (queries, keys) = (sight.map.queries(), sight.map.keys());
        let cells = self.cells(state.head);
        let groups = |tokens: &[usize], of: &crate::trace::Groups, n: usize| {
            let mut groups: Vec<usize> =
                tokens.iter().filter(|&&token| token < n).map(|&token| of.group(token)).collect();
            groups.sort_unstable();
            groups.dedup();
            groups
        };
        let mut rows = groups(&state.map.queries, queries, cells.queries);
        if rows.is_empty() {
            let shown = hover.query.filter(|&query| query < cells.queries);
            rows.extend(shown.or_else(|| self.pinned_query(state)).map(|query| queries.group(query)));
        }
        // The map in sight may be of the head before, until the selected one's is made
        rows.retain(|&row| row < sight.map.n_queries());
        let mut columns = groups(&state.map.keys, keys, cells.keys);
        if columns.is_empty() {
            let shown = hover.key.or(state.key).filter(|&key| key < cells.keys);
            columns.extend(shown.map(|key| keys.group(key)));
        }
        columns.retain(|&column| column < sight.map.n_keys());
        if columns.is_empty()
            && let Some((of, values)) = known.row().filter(|(of, _)| *of == rows)
        {
            // Nothing is pointed at: what the row looks at most
            let seen = of
                .iter()
                .map(|&row| sight.map.seen(row))
                .reduce(|a, b| a.start.min(b.start)..a.end.max(b.end));
            columns.extend(
                seen.unwrap_or(0..0).reduce(|best, key| if values[key] > values[best] { key } else { best }),
            );
        }
        (rows, columns)
    }
}

/// The map that is asked for, less that of the other run; none where nobody waits any more.
fn make(
    model: Option<&Model>,
    trace: &Trace,
    less: Option<&Trace>,
    (run, _, recipe): Asked,
    job: &Job,
) -> Result<Option<Arc<Sight>>, MapError> {
    let network = model.map(|model| &model.network);
    let mut map = Map::new(trace, network, recipe.clone())?;
    if let Some(less) = less {
        map = map.less(Map::new(less, network, recipe)?);
    }
    Ok(Sight::new(map, run, trace, job).map(Arc::new))
}
