//! Captions as LaTeX: words escaped, formulas as mathematics. Our formulas are written in plain letters, in one small
//! notation; what it means is said here, once.

use std::iter::Peekable;
use std::str::Chars;

/// What goes between the braces of `\caption{…}`: `text`, in which each of `formulas` stands letter by letter.
pub fn caption(text: &str, formulas: &[String]) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text;
    loop {
        let found = formulas.iter().filter(|formula| !formula.is_empty());
        let found = found.filter_map(|formula| Some((rest.find(formula.as_str())?, formula)));
        // The longest of those that begin first: one may be the beginning of another
        let Some((at, formula)) = found.min_by_key(|(at, formula)| (*at, usize::MAX - formula.len())) else {
            words(&mut out, rest);
            return out;
        };
        words(&mut out, &rest[..at]);
        out.push('$');
        out.push_str(&math(formula));
        out.push('$');
        rest = &rest[at + formula.len()..];
    }
}

/// Words as LaTeX takes them; letters of other scripts stay, as any editor of LaTeX today reads UTF-8.
fn words(out: &mut String, text: &str) {
    let mut before = ' ';
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\textbackslash{}"),
            '{' | '}' | '$' | '&' | '#' | '%' | '_' => out.extend(['\\', c]),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '<' => out.push_str("\\textless{}"),
            '>' => out.push_str("\\textgreater{}"),
            '|' => out.push_str("\\textbar{}"),
            '"' => out.push_str("\\textquotedbl{}"),
            '\'' => out.push_str("\\textquotesingle{}"),
            '`' => out.push_str("\\textasciigrave{}"),
            // Two hyphens of an option would be one dash
            '-' if before == '-' => out.push_str("{}-"),
            '“' => out.push_str("``"),
            '”' => out.push_str("''"),
            '’' => out.push('\''),
            '–' => out.push_str("--"),
            '—' => out.push_str("---"),
            '…' => out.push_str("\\ldots{}"),
            _ => match symbol(c) {
                Some(symbol) => out.extend(["$", symbol, "$"]),
                None => out.push(if c.is_control() { ' ' } else { c }),
            },
        }
        before = c;
    }
}

/// A formula as LaTeX's mathematics.
///
/// `A_ij`, `q_{i,j}` and `x²` have sub- and superscripts, `√(…)` a root, `‖x‖` bars; words of two letters and more are
/// words, of which some are functions.
pub fn math(formula: &str) -> String {
    let mut out = String::with_capacity(formula.len() * 2);
    let mut rest = formula.chars().peekable();
    while rest.peek().is_some() {
        piece(&mut out, &mut rest);
    }
    out
}

/// Functions that LaTeX knows by their own name.
const KNOWN: [&str; 7] = ["exp", "ln", "log", "max", "min", "tanh", "cos"];

fn piece(out: &mut String, rest: &mut Peekable<Chars<'_>>) {
    let Some(c) = rest.next() else { return };
    match c {
        c if c.is_ascii_alphabetic() => {
            let mut word = String::from(c);
            while let Some(&next) = rest.peek().filter(|next| next.is_ascii_alphabetic()) {
                word.push(next);
                rest.next();
            }
            named(out, &word);
        }
        // Between words and what is no word there is room; between symbols mathematics has its own
        ' ' => {
            let word = |rest: &str| rest.find('}') == Some(rest.len() - 1);
            let worded = out.rsplit_once("\\text{").is_some_and(|(_, rest)| !rest.is_empty() && word(rest));
            let before = worded || out.ends_with(')') || out.ends_with(',');
            let after = rest.peek().is_some_and(char::is_ascii_alphanumeric);
            out.push_str(if before && after || rest.peek() == Some(&'(') { "\\ " } else { " " });
        }
        '_' | '^' => {
            out.push(c);
            group(out, rest);
        }
        '√' => {
            out.push_str("\\sqrt");
            root(out, rest);
        }
        '{' | '}' | '%' | '#' | '&' | '$' => out.extend(['\\', c]),
        '\\' => out.push_str("\\backslash "),
        'Â' => out.push_str("\\hat{A}"),
        _ if c.is_ascii() && !c.is_ascii_control() && c != '~' && c != '"' => out.push(c),
        _ => match symbol(c) {
            Some(symbol) => {
                out.push_str(symbol);
                // A command ends before the next letter
                if symbol.ends_with(|c: char| c.is_ascii_alphabetic()) {
                    out.push(' ');
                }
            }
            None => out.extend(["\\text{", &c.to_string(), "}"]),
        },
    }
}

/// A word: a letter is a variable.
fn named(out: &mut String, word: &str) {
    if word.len() == 1 {
        out.push_str(word);
    } else if KNOWN.contains(&word) {
        out.extend(["\\", word, " "]);
    } else if word == "softmax" || word == "maxflow" || word == "norm" || word == "logit" {
        out.extend(["\\operatorname{", word, "}"]);
    } else {
        out.extend(["\\text{", word, "}"]);
    }
}

/// What stands low or high: a group in braces, or the letters and digits that follow.
fn group(out: &mut String, rest: &mut Peekable<Chars<'_>>) {
    out.push('{');
    if rest.peek() == Some(&'{') {
        rest.next();
        while rest.peek().is_some_and(|&next| next != '}') {
            piece(out, rest);
        }
        rest.next();
    } else {
        let mut name = String::new();
        while let Some(&next) = rest.peek().filter(|next| next.is_ascii_alphanumeric()) {
            name.push(next);
            rest.next();
        }
        // Up to three letters are indices beside one another, more are a word
        if name.len() > 3 {
            out.extend(["\\text{", &name, "}"]);
        } else {
            out.push_str(&name);
        }
    }
    out.push('}');
}

/// What stands under a root: a group in parentheses, or one word.
fn root(out: &mut String, rest: &mut Peekable<Chars<'_>>) {
    out.push('{');
    if rest.peek() == Some(&'(') {
        rest.next();
        let mut inside = String::new();
        let mut depth = 1;
        for c in rest.by_ref() {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            inside.push(c);
        }
        out.push_str(&math(&inside));
    } else {
        piece(out, rest);
    }
    out.push('}');
}

/// A sign that mathematics has a command for.
pub(super) fn symbol(c: char) -> Option<&'static str> {
    Some(match c {
        'Σ' => "\\sum",
        'λ' => "\\lambda",
        'μ' => "\\mu",
        'ρ' => "\\rho",
        'τ' => "\\tau",
        'σ' => "\\sigma",
        'β' => "\\beta",
        '‖' => "\\Vert",
        '⟨' => "\\langle",
        '⟩' => "\\rangle",
        '⌊' => "\\lfloor",
        '⌋' => "\\rfloor",
        '·' => "\\cdot",
        '⊙' => "\\odot",
        '×' => "\\times",
        '±' => "\\pm",
        '−' => "-",
        '→' => "\\to",
        '←' => "\\leftarrow",
        '↓' => "\\downarrow",
        '≤' => "\\le",
        '≥' => "\\ge",
        '≠' => "\\ne",
        '≈' => "\\approx",
        '∈' => "\\in",
        '∩' => "\\cap",
        '∞' => "\\infty",
        '⋯' => "\\cdots",
        '…' => "\\ldots",
        '–' => "\\text{--}",
        '½' => "\\tfrac{1}{2}",
        '√' => "\\surd",
        '₀' => "_{0}",
        '₁' => "_{1}",
        '₂' => "_{2}",
        '²' => "^{2}",
        'ᵀ' => "^{\\top}",
        '⏎' => "\\hookleftarrow",
        '⇥' => "\\mapsto",
        _ => return None,
    })
}
