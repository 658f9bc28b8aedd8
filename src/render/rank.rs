//! Ranks of a row's values: their order, whatever their sizes.

/// Each value's place in the order of its row: 0 the least, 1 the greatest, equal ones the mean of theirs; `signed`:
/// from −1 to 1. Cells that are 0 are not there, and −∞; what is no number stays so.
///
/// - formula: (values that are less + half of the others that are equal) / (n − 1) over the row's n values; 1 where
///   there is one
pub fn of_row(values: &[f32], signed: bool) -> Vec<f32> {
    let mut out: Vec<f32> =
        values.iter().map(|value| if value.is_nan() { *value } else { f32::NEG_INFINITY }).collect();
    let there = |&index: &usize| values[index] != 0.0 && values[index].is_finite();
    let mut order: Vec<usize> = (0..values.len()).filter(there).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let others = order.len().saturating_sub(1);
    let mut rest = &order[..];
    let mut less = 0;
    while let Some(&first) = rest.first() {
        let equal = rest.partition_point(|&index| values[index] <= values[first]);
        let share = if others == 0 { 1.0 } else { (less as f64 + (equal - 1) as f64 / 2.0) / others as f64 };
        let share = if signed && others > 0 { 2.0 * share - 1.0 } else { share };
        for &index in &rest[..equal] {
            out[index] = share as f32;
        }
        less += equal;
        rest = &rest[equal..];
    }
    out
}

/// The ranks as they are painted where values smaller than `threshold` are not shown: −∞ for those.
pub fn from_threshold(ranks: &[f32], values: &[f32], threshold: f32) -> Vec<f32> {
    let shown =
        |(&rank, &value): (&f32, &f32)| if value.abs() < threshold { f32::NEG_INFINITY } else { rank };
    ranks.iter().zip(values).map(shown).collect()
}
