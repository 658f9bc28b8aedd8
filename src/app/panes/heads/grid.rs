//! Where the thumbnails are: layers down and heads across, or in order of a measure; parts of the model side by side or
//! one below the other, whatever makes the maps larger.

use crate::{
    analysis::{Measure, measure},
    app::{scene::Scene, state::Sort, theme::SMALL},
    model::{HeadId, Part},
    trace::Trace,
};
use egui::{Pos2, Rect, Vec2, vec2};
use std::ops::Range;

/// Room for the names of layers.
pub(super) const LAYER_NAME: f32 = 26.0;
/// Height of the measure's bar under a thumbnail.
pub(super) const BAR: f32 = 3.0;
/// Height of a part's title, and the room between parts side by side.
pub(super) const GROUP_TITLE: f32 = 20.0;
const GROUP_GAP: f32 = 14.0;
/// Thumbnails grow with their room up to here: a model of one head need not fill a wall.
pub(super) const LARGEST: f32 = 480.0;
const SMALLEST: f32 = 14.0;
/// Thumbnails smaller than this have no name under them.
const NAMED_FROM: f32 = 26.0;
/// Layers go on in another column where that makes the maps so many times larger.
const FOLD_FROM: f32 = 1.25;
/// From here on the brackets over heads that share keys and values are numbered.
const NUMBERED_FROM: f32 = 44.0;

/// What a grid was made for; another value means another grid.
#[derive(Clone, Debug, PartialEq)]
struct Key {
    run: u64,
    layers: usize,
    room: Vec2,
    zoom: f32,
    /// The measure that heads are ordered by.
    sort: Option<&'static str>,
}

/// The grid in sight, kept until what it was made for changes.
#[derive(Default)]
pub struct Kept {
    made: Option<(Key, Grid)>,
    /// The head that was selected when the grid was last drawn.
    pub(super) selected: Option<HeadId>,
    /// Where the grid is to stand after a zoom: a point of it in columns and rows, and where in the room it was.
    pub(super) held: Option<(Vec2, Vec2)>,
}

impl Kept {
    /// The grid of a run in this room.
    pub(super) fn grid(&mut self, trace: &Trace, scene: &Scene<'_>, room: Vec2) -> &Grid {
        let sorted = scene.state.look.sort == Sort::Measure && trace.is_complete();
        let sort = measure(&scene.state.look.tint).filter(|_| sorted);
        let key = Key {
            run: scene.run,
            layers: trace.layers_done(),
            room,
            zoom: scene.state.grid_zoom,
            sort: sort.map(|measure| measure.id),
        };
        let made = self.made.take().filter(|(own, _)| *own == key);
        let made = made.unwrap_or_else(|| {
            let grid = Grid::new(trace, sort, room, key.zoom);
            (key, grid)
        });
        &self.made.insert(made).1
    }
}

/// Sizes and order of the thumbnails.
#[expect(clippy::struct_excessive_bools, reason = "independent facts of one layout")]
pub(super) struct Grid {
    pub groups: Vec<Group>,
    /// In order of a measure, not by layers.
    pub sorted: bool,
    /// Groups are parts of the model, which have titles.
    pub titled: bool,
    /// Parts stand side by side, not one below the other: names of layers stand once.
    pub beside: bool,
    /// Rows of the highest group.
    pub highest: usize,
    pub side: f32,
    pub pitch: Vec2,
    pub size: Vec2,
    pub named: bool,
    /// Room over each map for the bracket of heads that share keys and values; none where none do.
    pub bracket: f32,
}

/// The thumbnails of one part of the model, or of some of its layers where these go on in another column.
pub(super) struct Group {
    pub part: Part,
    /// Layers of the part that stand in columns before.
    pub before: usize,
    /// Where they are in the grid: below the part's title.
    pub corner: Vec2,
    /// Room for the names of layers.
    pub left: f32,
    pub layers: Vec<usize>,
    /// Heads as they are shown, row by row, each with its name within its part.
    pub order: Vec<(HeadId, HeadId)>,
    /// Which of them are in each row.
    pub rows: Vec<Range<usize>>,
    pub across: usize,
}

/// One head's place.
#[derive(Clone, Copy)]
pub(super) struct Thumb {
    pub head: HeadId,
    /// Its name within its part.
    pub in_part: HeadId,
    /// Its map.
    pub rect: Rect,
}

impl Group {
    fn new((part, layers): (Part, Vec<usize>), before: usize, trace: &Trace, sort: Option<&Measure>) -> Self {
        let of = |(index, &layer): (usize, &usize)| {
            let named = move |head| (HeadId { layer, head }, HeadId { layer: before + index, head });
            (0..trace.heads(layer)).map(named)
        };
        let mut order: Vec<(HeadId, HeadId)> = layers.iter().enumerate().flat_map(of).collect();
        if let Some(measure) = sort {
            let value = |&(head, _): &(HeadId, HeadId)| (measure.value)(&trace.measures(head));
            let mut valued: Vec<_> = order.into_iter().map(|own| (value(&own), own)).collect();
            valued.sort_by(|a, b| b.0.total_cmp(&a.0));
            order = valued.into_iter().map(|own| own.1).collect();
        }
        let across = layers.iter().map(|&layer| trace.heads(layer)).max().unwrap_or(1);
        let rows = layers.iter().scan(0, |next, &layer| {
            let start = *next;
            *next += trace.heads(layer);
            Some(start..*next)
        });
        let rows = rows.collect();
        Self { part, before, corner: Vec2::ZERO, left: LAYER_NAME, rows, layers, order, across }
    }

    /// Lays all heads in rows of the same length.
    fn in_rows_of(&mut self, columns: usize) {
        let n = self.order.len();
        self.across = columns;
        self.rows = (0..n).step_by(columns).map(|start| start..(start + columns).min(n)).collect();
    }

    pub(super) fn down(&self) -> usize {
        self.rows.len()
    }
}

impl Grid {
    /// For the heads of a run, in order of a measure or by layers; `zoom`: times as large as what fits the room.
    fn new(trace: &Trace, sort: Option<&Measure>, room: Vec2, zoom: f32) -> Self {
        let zoom = if zoom.is_finite() { zoom.max(1.0) } else { 1.0 };
        let parts = trace.spec.parts();
        let whole = |part| Group::new(part, 0, trace, sort);
        let mut groups: Vec<Group> = parts.into_iter().map(whole).collect();
        let titled = groups.len() > 1;
        let title = if titled { GROUP_TITLE } else { 0.0 };
        let n = groups.len();
        let most = |groups: &[Group]| groups.iter().map(|group| group.across).max().unwrap_or(1);
        let total = |groups: &[Group]| groups.iter().map(Group::down).sum::<usize>();
        let below = room - vec2(0.0, title * n as f32);
        let shares = trace.spec.blocks.iter().any(|block| block.attention.shares_keys());
        let bracket = |side: f32| match side {
            _ if sort.is_some() || !shares => 0.0,
            NUMBERED_FROM.. => 18.0,
            _ => 5.0,
        };
        let fitting = |room, across, down| fitting_side(room, LAYER_NAME, across, down, &bracket);
        let mut side = fitting(below, most(&groups), total(&groups));
        if sort.is_some() {
            let longest = groups.iter().map(|group| group.order.len()).max().unwrap_or(0);
            let mut best = None;
            for columns in 1..=longest {
                let rows = groups.iter().map(|group| group.order.len().div_ceil(columns)).sum();
                // What cannot be larger need not be tried
                if (below.y - 6.0) / rows as f32 <= side || (below.x - LAYER_NAME) / columns as f32 <= side {
                    continue;
                }
                let here = fitting(below, columns, rows);
                if here > side {
                    (side, best) = (here, Some(columns));
                }
            }
            let columns = best.unwrap_or_else(|| most(&groups));
            for group in &mut groups {
                group.in_rows_of(columns);
            }
        }
        // Many layers of few heads go on in further columns where that makes the maps much larger
        let folded = Some(&groups[..]).filter(|_| sort.is_none()).and_then(|groups| match groups {
            [one] => columns_of(one, side, &|columns, down| {
                let between = (LAYER_NAME + GROUP_GAP) * (columns - 1) as f32;
                fitting(below - vec2(between, 0.0), one.across * columns, down)
            }),
            _ => None,
        });
        if let (Some((columns, larger)), [one]) = (folded, &groups[..]) {
            let each = one.layers.len().div_ceil(columns);
            let pieces = one.layers.chunks(each).enumerate();
            let piece = |(index, layers): (usize, &[usize])| {
                Group::new((one.part, layers.to_vec()), index * each, trace, None)
            };
            (groups, side) = (pieces.map(piece).collect(), larger);
        }
        // Parts stand one below the other, or side by side where that makes the maps larger
        let all = groups.iter().map(|group| group.across).sum::<usize>();
        let gaps = GROUP_GAP * groups.len().saturating_sub(1) as f32;
        let highest = groups.iter().map(Group::down).max().unwrap_or(1);
        let beside = fitting(room - vec2(gaps, title), all, highest);
        let beside = Some(beside).filter(|&beside| titled && sort.is_none() && beside > side);
        let (left, across) = match (beside, folded) {
            (Some(_), _) => (LAYER_NAME + gaps, all),
            (None, Some(_)) => (LAYER_NAME * groups.len() as f32 + gaps, all),
            (None, None) => (LAYER_NAME, most(&groups)),
        };
        let smallest = if titled { SMALLEST - 2.0 } else { SMALLEST };
        let side = beside.unwrap_or(side).clamp(smallest, LARGEST);
        let side = (side * zoom).clamp(smallest, LARGEST).round();
        let (named, bracket) = (side >= NAMED_FROM, bracket(side));
        let pitch = vec2(
            side + gap(side),
            bracket + side + BAR + 3.0 + if named { SMALL + 5.0 } else { 0.0 } + gap(side) * 0.6,
        );
        // What is left over goes between the columns, as far as it does not tear them apart
        let spare = (room.x - left - pitch.x * across as f32) / across.max(1) as f32;
        let pitch = pitch + vec2(spare.clamp(0.0, side * 0.35), 0.0);
        let mut at = vec2(0.0, title);
        let mut size = Vec2::ZERO;
        for (index, group) in groups.iter_mut().enumerate() {
            group.corner = at;
            // Side by side, layers have their names once
            group.left = if beside.is_some() && index > 0 { 0.0 } else { LAYER_NAME };
            let own = vec2(group.left + pitch.x * group.across as f32, pitch.y * group.down() as f32);
            size = size.max(at + own);
            let next = beside.is_some() || folded.is_some();
            at += if next { vec2(own.x + GROUP_GAP, 0.0) } else { vec2(0.0, own.y + title) };
        }
        let size = size + vec2(0.0, 4.0);
        let (sorted, beside) = (sort.is_some(), beside.is_some());
        Self { groups, sorted, titled, beside, highest, side, pitch, size, named, bracket }
    }

    /// Where the first head's column and row begin.
    pub(super) fn first(&self) -> Vec2 {
        self.groups.first().map_or(Vec2::ZERO, |group| group.corner + vec2(group.left, super::ABOVE))
    }

    /// The place of the head in a row and a column of a group, the grid's corner being at `origin`.
    fn thumb(&self, group: &Group, origin: Pos2, row: usize, column: usize) -> Thumb {
        let (head, in_part) = group.order[group.rows[row].start + column];
        let at = vec2(group.left + self.pitch.x * column as f32, self.pitch.y * row as f32 + self.bracket);
        Thumb { head, in_part, rect: Rect::from_min_size(origin + group.corner + at, Vec2::splat(self.side)) }
    }

    /// The heads of a group that are in sight, row by row: those that touch `clip`.
    pub(super) fn places<'a>(
        &'a self,
        group: &'a Group,
        origin: Pos2,
        clip: Rect,
    ) -> impl Iterator<Item = Thumb> + 'a {
        let corner = origin + group.corner + vec2(group.left, 0.0);
        let within = |from: f32, to: f32, pitch: f32, n: usize| {
            let first = (from / pitch).floor().clamp(0.0, n as f32) as usize;
            first..((to / pitch).ceil().clamp(0.0, n as f32) as usize).max(first)
        };
        let rows = within(clip.top() - corner.y, clip.bottom() - corner.y, self.pitch.y, group.down());
        let columns = within(clip.left() - corner.x, clip.right() - corner.x, self.pitch.x, group.across);
        rows.flat_map(move |row| {
            let columns = columns.start..columns.end.min(group.rows[row].len());
            columns.map(move |column| self.thumb(group, origin, row, column))
        })
    }

    /// The head at a point.
    pub(super) fn head_at(&self, origin: Pos2, point: Pos2) -> Option<HeadId> {
        let near = Rect::from_center_size(point, Vec2::splat(1.0));
        let thumbs = self.groups.iter().flat_map(|group| self.places(group, origin, near));
        let mut hit = thumbs.filter(|thumb| self.whole(thumb.rect).contains(point));
        hit.next().map(|thumb| thumb.head)
    }

    /// A head's place.
    pub(super) fn place_of(&self, head: HeadId, origin: Pos2) -> Option<Rect> {
        self.groups.iter().find_map(|group| {
            let place = group.order.iter().position(|own| own.0 == head)?;
            let row = group.rows.partition_point(|row| row.end <= place);
            Some(self.thumb(group, origin, row, place - group.rows[row].start).rect)
        })
    }

    /// Every head, as one reads the grid.
    pub(super) fn order(&self) -> impl Iterator<Item = HeadId> {
        self.groups.iter().flat_map(|group| group.order.iter().map(|own| own.0))
    }

    /// What answers the pointer of a thumbnail: its map, bar and name.
    pub(super) fn whole(&self, rect: Rect) -> Rect {
        rect.with_max_y(rect.bottom() + BAR + 3.0 + if self.named { SMALL + 4.0 } else { 0.0 })
    }
}

/// In how many columns the layers of a group stand best, and the side of its maps then; none where that gains little on
/// `side`. `fitting` says the side for so many columns of so many layers.
fn columns_of(group: &Group, side: f32, fitting: &dyn Fn(usize, usize) -> f32) -> Option<(usize, f32)> {
    let layers = group.layers.len();
    let tried = (2..=layers.div_ceil(2)).map(|columns| (columns, fitting(columns, layers.div_ceil(columns))));
    let better = tried.filter(|&(_, larger)| larger.min(LARGEST) >= FOLD_FROM * side.max(SMALLEST));
    better.reduce(|best, other| if other.1 > best.1 { other } else { best })
}

/// Between thumbnails.
pub(in crate::app::panes) fn gap(side: f32) -> f32 {
    (side * 0.14).clamp(3.0, 12.0)
}

/// The largest thumbnail with which `across` × `down` fit into `room`.
pub(in crate::app::panes) fn side_of(room: egui::Vec2, left: f32, across: usize, down: usize) -> f32 {
    fitting_side(room, left, across, down, &|_| 0.0)
}

/// The same where each has something over it, as high as `above` says of its side.
fn fitting_side(room: egui::Vec2, left: f32, across: usize, down: usize, above: &dyn Fn(f32) -> f32) -> f32 {
    let width = (room.x - left) / across.max(1) as f32;
    let height = (room.y - 6.0) / down.max(1) as f32;
    let fits = |side: f32| {
        let name = if side >= NAMED_FROM { SMALL + 5.0 } else { 0.0 };
        side + gap(side) <= width && above(side) + side + BAR + 3.0 + name + gap(side) * 0.6 <= height
    };
    let mut side = width.min(height).min(LARGEST).floor();
    while side > 4.0 && !fits(side) {
        side -= 1.0;
    }
    side
}
