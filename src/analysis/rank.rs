//! Do two lists put the same things first? Rank correlations, ties counted fairly.

/// Spearman's ρ: the linear correlation of the ranks, equal values sharing the mean of theirs; in [−1, 1].
///
/// - `a`, `b`: as long as each other; pairs with a value that is no number are left out
/// - `None` where fewer than three pairs are left, or one list is constant: it then ranks nothing
/// - source: Spearman 1904, *The Proof and Measurement of Association between Two Things*
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    let (a, b) = numbers(a, b)?;
    let (a, b) = (ranks(&a), ranks(&b));
    let mean = (a.len() + 1) as f64 / 2.0;
    let (mut both, mut own, mut theirs) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(&b) {
        both += (a - mean) * (b - mean);
        own += (a - mean).powi(2);
        theirs += (b - mean).powi(2);
    }
    (own > 0.0 && theirs > 0.0).then(|| both / (own * theirs).sqrt())
}

/// Kendall's τ_b: pairs in the same order less pairs in the opposite one, over pairs without a tie; in [−1, 1].
///
/// - costs the square of the length
/// - `None` as with [`spearman`]
/// - source: Kendall 1945, *The Treatment of Ties in Ranking Problems*
pub fn kendall(a: &[f64], b: &[f64]) -> Option<f64> {
    let (a, b) = numbers(a, b)?;
    let (mut sum, mut own, mut theirs) = (0_i64, 0_i64, 0_i64);
    for i in 0..a.len() {
        for j in 0..i {
            let (x, y) = (a[i].total_cmp(&a[j]) as i64, b[i].total_cmp(&b[j]) as i64);
            sum += x * y;
            own += x.abs();
            theirs += y.abs();
        }
    }
    (own > 0 && theirs > 0).then(|| sum as f64 / ((own as f64) * (theirs as f64)).sqrt())
}

/// The pairs that can be ranked; −0 is 0.
fn numbers(a: &[f64], b: &[f64]) -> Option<(Vec<f64>, Vec<f64>)> {
    let pairs = a.iter().zip(b).filter(|(a, b)| !a.is_nan() && !b.is_nan());
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.map(|(a, b)| (a + 0.0, b + 0.0)).unzip();
    (a.len() >= 3).then_some((a, b))
}

/// Ranks from 1; equal values share the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    while from < order.len() {
        let equal = order[from..].iter().take_while(|&&i| values[i].total_cmp(&values[order[from]]).is_eq());
        let to = from + equal.count();
        for &i in &order[from..to] {
            ranks[i] = (from + to + 1) as f64 / 2.0;
        }
        from = to;
    }
    ranks
}
