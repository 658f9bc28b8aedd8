//! Numbers as they are read: grouped, in few figures, in the unit that keeps them short.

/// 1234567 as 1,234,567.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count in three figures: 3.4 M.
pub fn count(n: u64) -> String {
    match n {
        0..10_000 => grouped(n),
        10_000..1_000_000 => format!("{:.0} K", n as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} M", n as f64 / 1e6),
        _ => format!("{:.1} B", n as f64 / 1e9),
    }
}

/// A duration in the unit that keeps it short.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 0.1 => format!("{:.1} ms", s * 1e3),
        s if s < 1.0 => format!("{:.0} ms", s * 1e3),
        s => format!("{s:.1} s"),
    }
}

/// Bytes in the unit that keeps them short.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.0} KB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// Four decimals with a real minus sign; −∞ where an edge was cut.
pub fn signed(x: f64) -> String {
    if x == f64::NEG_INFINITY { "−∞".to_owned() } else { fixed(x, 4) }
}

/// So many decimals with a real minus sign; what they leave nothing of has none.
pub fn fixed(x: f64, decimals: usize) -> String {
    let text = format!("{x:.decimals$}");
    match text.strip_prefix('-') {
        Some(size) if size.bytes().all(|digit| matches!(digit, b'0' | b'.')) => size.to_owned(),
        Some(size) => format!("−{size}"),
        None => text,
    }
}

/// The same of a change: what grew says so.
pub fn change(x: f64, decimals: usize) -> String {
    let text = fixed(x, decimals);
    let grew = x > 0.0 && text.bytes().any(|digit| matches!(digit, b'1'..=b'9'));
    if grew { format!("+{text}") } else { text }
}
