//! Lines between two columns, bundled: those of one group that run close together share their middle, so that what many
//! of them have in common can be seen.

use std::collections::HashMap;

/// Points along a bent line.
const POINTS: usize = 25;
/// More lines than these are a wall whatever their way: they stay straight, which costs less.
const MOST: usize = 1200;
/// Where along the way the middle begins and ends.
const MIDDLE: [f32; 2] = [0.35, 0.65];

/// A line: which of them belong together, the rows of its ends, its weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strand {
    /// Only lines of one group are bundled.
    pub group: usize,
    /// The row where it begins.
    pub from: usize,
    /// The row where it ends.
    pub to: usize,
    /// How much it pulls the others, at least 0.
    pub weight: f32,
}

/// For each line the two rows that its middle runs through: the means, by weight, of where those of its group begin and
/// end that do so within the same `reach` rows. None for a line that is alone there, and for all where there are too many.
pub fn bundled(strands: &[Strand], reach: usize) -> Vec<Option<[f32; 2]>> {
    if strands.len() > MOST {
        return vec![None; strands.len()];
    }
    let reach = reach.max(1);
    let place = |strand: &Strand| (strand.group, strand.from / reach, strand.to / reach);
    let mut bundles: HashMap<_, (usize, [f32; 3])> = HashMap::new();
    for strand in strands {
        let (count, [weight, from, to]) = bundles.entry(place(strand)).or_default();
        *count += 1;
        let own = strand.weight.max(f32::MIN_POSITIVE);
        (*weight, *from, *to) =
            (*weight + own, *from + own * strand.from as f32, *to + own * strand.to as f32);
    }
    let middle = |strand: &Strand| {
        let (count, [weight, from, to]) = bundles.get(&place(strand))?;
        (*count > 1).then_some([from / weight, to / weight])
    };
    strands.iter().map(middle).collect()
}

/// Points of a line between two rows, across in [0, 1] and down in rows: straight, or through the middle of its bundle (a
/// cubic Bézier curve, its control points on that middle).
pub fn way(from: usize, to: usize, middle: Option<[f32; 2]>) -> Vec<[f32; 2]> {
    let (from, to) = (from as f32, to as f32);
    let Some([near, far]) = middle else { return vec![[0.0, from], [1.0, to]] };
    let at = |step: usize| {
        let t = step as f32 / (POINTS - 1) as f32;
        let rest = 1.0 - t;
        let parts = [rest * rest * rest, 3.0 * rest * rest * t, 3.0 * rest * t * t, t * t * t];
        let along = |ends: [f32; 4]| parts.iter().zip(ends).map(|(part, end)| part * end).sum();
        [along([0.0, MIDDLE[0], MIDDLE[1], 1.0]), along([from, near, far, to])]
    };
    (0..POINTS).map(at).collect()
}
