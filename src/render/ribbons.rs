//! Shares of a whole that change from column to column, as bands that lie on one another: the shape of a river.
//!
//! Everything is in a square of side 1, y downwards, so that any page or pane can stretch it.

/// Pieces of a band between two columns.
const PIECES: usize = 16;

/// Bands between the columns, one above another.
#[derive(Clone, Debug, PartialEq)]
pub struct Ribbons {
    /// Each band's edges from left to right: x, upper y, lower y
    pub bands: Vec<Vec<[f32; 3]>>,
}

impl Ribbons {
    /// Of shares [column, band]; a column that sums to less than 1 leaves room at the bottom. One column is drawn
    /// across the whole.
    pub fn new(shares: &[Vec<f64>]) -> Self {
        let n = shares.first().map_or(0, Vec::len);
        // Where each band ends in each column
        let ends: Vec<Vec<f64>> = shares
            .iter()
            .map(|column| {
                let mut sum = 0.0;
                let end = |share: &f64| {
                    sum += share.max(0.0);
                    sum.min(1.0)
                };
                column.iter().map(end).collect()
            })
            .collect();
        let gaps = shares.len().saturating_sub(1).max(1);
        let at = |piece: usize| -> (f32, Vec<f32>) {
            let gap = (piece / PIECES).min(gaps - 1);
            let part = (piece - gap * PIECES) as f64 / PIECES as f64;
            // Level at every column, so that what is read there is what is drawn
            let bend = part * part * (3.0 - 2.0 * part);
            let (from, to) = (&ends[gap], &ends[(gap + 1).min(ends.len() - 1)]);
            let between = from.iter().zip(to).map(|(from, to)| (from + (to - from) * bend) as f32).collect();
            (piece as f32 / (gaps * PIECES) as f32, between)
        };
        let places: Vec<(f32, Vec<f32>)> =
            if ends.is_empty() { Vec::new() } else { (0..=gaps * PIECES).map(at).collect() };
        let band = |band: usize| {
            let upper = |ends: &[f32]| if band == 0 { 0.0 } else { ends[band - 1] };
            places.iter().map(|(x, ends)| [*x, upper(ends), ends[band]]).collect()
        };
        Self { bands: (0..n).map(band).collect() }
    }

    /// The band at a place of the square.
    pub fn at(&self, x: f32, y: f32) -> Option<usize> {
        self.bands.iter().position(|band| {
            let last = band.len().saturating_sub(1) as f32;
            let near = band.get((x.clamp(0.0, 1.0) * last).round() as usize);
            near.is_some_and(|[_, upper, lower]| (*upper..*lower).contains(&y))
        })
    }

    /// The middle of each band at its right end.
    pub fn mouths(&self) -> Vec<f32> {
        let middle =
            |band: &Vec<[f32; 3]>| band.last().map_or(0.0, |[_, upper, lower]| f32::midpoint(*upper, *lower));
        self.bands.iter().map(middle).collect()
    }
}

/// Places moved apart until none are nearer than `gap`, in order, as little as that takes, within 0 to `room` where
/// they fit.
pub fn apart(places: &[f32], gap: f32, room: f32) -> Vec<f32> {
    let mut out: Vec<f32> = Vec::with_capacity(places.len());
    for (index, &place) in places.iter().enumerate() {
        let after = (places.len() - 1 - index) as f32 * gap;
        let highest = out.last().map_or(0.0, |above: &f32| above + gap);
        out.push(place.min(room - after).max(highest));
    }
    out
}
