//! Where the thumbnails are: layers down and heads across, or in order of a measure; parts of the model side by side or
//! one below the other, whatever makes the maps larger.

use crate::{
    analysis::{Measure, measure},
    app::{scene::Scene, state::Sort, theme::SMALL},
    model::{HeadId, Part},
    trace::Trace,
};
use egui::{Pos2, Rect, Vec2, vec2};

/// Room for the names of layers.
pub(super) const LAYER_NAME: f32 = 26.0;
/// Height of the measure's bar under a thumbnail.
pub(super) const BAR: f32 = 3.0;
/// Height of a part's title, and the room between parts side by side.
pub(super) const GROUP_TITLE: f32 = 20.0;
const GROUP_GAP: f32 = 14.0;
const LARGEST: f32 = 220.0;
const SMALLEST: f32 = 14.0;
/// Thumbnails smaller than this have no name under them.
const NAMED_FROM: f32 = 26.0;

/// Sizes and order of the thumbnails.
pub(super) struct Grid {
    pub groups: Vec<Group>,
    /// In order of a measure, not by layers.
    pub sorted: bool,
    /// Parts stand side by side, not one below the other.
    pub beside: bool,
    /// Rows of the highest part.
    pub highest: usize,
    pub side: f32,
    pub pitch: Vec2,
    pub size: Vec2,
    pub named: bool,
}

/// The thumbnails of one part of the model.
pub(super) struct Group {
    pub part: Part,
    /// Where they are in the grid: below the part's title.
    pub corner: Vec2,
    /// Room for the names of layers.
    pub left: f32,
    pub layers: Vec<usize>,
    /// Heads as they are shown, row by row.
    pub order: Vec<HeadId>,
    pub across: usize,
    pub down: usize,
}

/// One head's place.
pub(super) struct Thumb {
    pub head: HeadId,
    /// Its name within its part.
    pub in_part: HeadId,
    /// Its map.
    pub rect: Rect,
}

impl Group {
    fn new((part, layers): (Part, Vec<usize>), trace: &Trace, sort: Option<&Measure>) -> Self {
        let of = |&layer: &usize| (0..trace.heads(layer)).map(move |head| HeadId { layer, head });
        let mut order: Vec<HeadId> = layers.iter().flat_map(of).collect();
        if let Some(measure) = sort {
            let value = |head: &HeadId| (measure.value)(&trace.measures(*head));
            order.sort_by(|a, b| value(b).total_cmp(&value(a)));
        }
        let across = layers.iter().map(|&layer| trace.heads(layer)).max().unwrap_or(1);
        Self { part, corner: Vec2::ZERO, left: LAYER_NAME, down: layers.len(), layers, order, across }
    }
}

impl Grid {
    /// For the heads of a run, in the order that the state asks for.
    pub(super) fn new(trace: &Trace, scene: &Scene<'_>, room: Vec2) -> Self {
        let sorted = scene.state.look.sort == Sort::Measure && trace.is_complete();
        let sort = measure(&scene.state.look.tint).filter(|_| sorted);
        let parts = trace.spec.parts();
        let mut groups: Vec<Group> = parts.into_iter().map(|part| Group::new(part, trace, sort)).collect();
        let n = groups.len();
        let title = if n > 1 { GROUP_TITLE } else { 0.0 };
        let most = |groups: &[Group]| groups.iter().map(|group| group.across).max().unwrap_or(1);
        let total = |groups: &[Group]| groups.iter().map(|group| group.down).sum::<usize>();
        let below = room - vec2(0.0, title * n as f32);
        let mut side = side_of(below, LAYER_NAME, most(&groups), total(&groups));
        if sort.is_some() {
            let longest = groups.iter().map(|group| group.order.len()).max().unwrap_or(0);
            for columns in 1..=longest {
                let rows = groups.iter().map(|group| group.order.len().div_ceil(columns)).sum();
                let here = side_of(below, LAYER_NAME, columns, rows);
                if here > side {
                    side = here;
                    for group in &mut groups {
                        (group.across, group.down) = (columns, group.order.len().div_ceil(columns));
                    }
                }
            }
        }
        // Parts stand one below the other, or side by side where that makes the maps larger
        let all = groups.iter().map(|group| group.across).sum::<usize>();
        let gaps = GROUP_GAP * n.saturating_sub(1) as f32;
        let highest = groups.iter().map(|group| group.down).max().unwrap_or(1);
        let beside = side_of(room - vec2(gaps, title), LAYER_NAME, all, highest);
        let beside = Some(beside).filter(|&beside| n > 1 && sort.is_none() && beside > side);
        let (left, across) =
            if beside.is_some() { (LAYER_NAME + gaps, all) } else { (LAYER_NAME, most(&groups)) };
        let smallest = if n > 1 { SMALLEST - 2.0 } else { SMALLEST };
        let side = beside.unwrap_or(side).clamp(smallest, LARGEST);
        let named = side >= NAMED_FROM;
        let pitch = vec2(
            side + gap(side),
            side + BAR + 3.0 + if named { SMALL + 5.0 } else { 0.0 } + gap(side) * 0.6,
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
            let own = vec2(group.left + pitch.x * group.across as f32, pitch.y * group.down as f32);
            size = size.max(at + own);
            at += if beside.is_some() { vec2(own.x + GROUP_GAP, 0.0) } else { vec2(0.0, own.y + title) };
        }
        let size = size + vec2(0.0, 4.0);
        Self { groups, sorted: sort.is_some(), beside: beside.is_some(), highest, side, pitch, size, named }
    }

    /// Every head's place in a group, row by row, the grid's corner being at `origin`.
    pub(super) fn places(&self, group: &Group, trace: &Trace, origin: Pos2) -> impl Iterator<Item = Thumb> {
        let (side, pitch, sorted) = (self.side, self.pitch, self.sorted);
        let corner = origin + group.corner + vec2(group.left, 0.0);
        group.order.iter().enumerate().map(move |(rank, &head)| {
            let in_part = trace.spec.head_in_part(head);
            let ranked = (rank / group.across, rank % group.across);
            let (row, column) = if sorted { ranked } else { (in_part.layer, head.head) };
            let at = corner + vec2(pitch.x * column as f32, pitch.y * row as f32);
            Thumb { head, in_part, rect: Rect::from_min_size(at, vec2(side, side)) }
        })
    }

    /// Every head, as one reads the grid.
    pub(super) fn order(&self) -> impl Iterator<Item = HeadId> {
        self.groups.iter().flat_map(|group| group.order.iter().copied())
    }

    /// What answers the pointer of a thumbnail: its map, bar and name.
    pub(super) fn whole(&self, rect: Rect) -> Rect {
        rect.with_max_y(rect.bottom() + BAR + 3.0 + if self.named { SMALL + 4.0 } else { 0.0 })
    }
}

/// Between thumbnails.
pub(in crate::app::panes) fn gap(side: f32) -> f32 {
    (side * 0.14).clamp(3.0, 12.0)
}

/// The largest thumbnail with which `across` × `down` fit into `room`.
pub(in crate::app::panes) fn side_of(room: egui::Vec2, left: f32, across: usize, down: usize) -> f32 {
    let width = (room.x - left) / across.max(1) as f32;
    let height = (room.y - 6.0) / down.max(1) as f32;
    let fits = |side: f32| {
        let name = if side >= NAMED_FROM { SMALL + 5.0 } else { 0.0 };
        side + gap(side) <= width && side + BAR + 3.0 + name + gap(side) * 0.6 <= height
    };
    let mut side = width.min(height).min(LARGEST).floor();
    while side > 4.0 && !fits(side) {
        side -= 1.0;
    }
    side
}
