//! Contract: a caption states its formula, in plain letters and as LaTeX, with model, prompt, version and command.

use crate::parity::storyteller_run;
use crate::views::of;
use mnemoscope::analysis::atlas::ROLES;
use mnemoscope::analysis::{MEASURES, Picture};
use mnemoscope::engine::{View, ViewAsk};
use mnemoscope::export::{Lang, Plate, latex};
use mnemoscope::trace::Trace;
use strum::IntoEnumIterator as _;

/// Whether a formula is what LaTeX's mathematics takes: plain letters, braces and parentheses that close.
#[track_caller]
fn is_mathematics(formula: &str) {
    let math = latex::math(formula);
    let words: Vec<&str> = math.split("\\text{").skip(1).filter_map(|rest| rest.split('}').next()).collect();
    assert!(math.is_ascii(), "{formula}: {math}");
    assert!(words.iter().all(|word| word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')), "{math}");
    let mut depth = 0_i32;
    let mut before = ' ';
    for c in math.chars() {
        if before != '\\' {
            depth += i32::from(c == '{') - i32::from(c == '}');
        }
        assert!(depth >= 0, "{formula}: {math}");
        before = c;
    }
    assert_eq!(depth, 0, "{formula}: {math}");
    assert!(!math.contains("}_{_") && !math.contains("}_{}"), "{formula}: {math}");
}

/// A view's caption states its formula, model, version and command; `all` gets it as LaTeX.
#[track_caller]
pub(crate) fn states(view: View, plate: &Plate, trace: &Trace, all: &mut String) {
    let command = format!("mnemoscope export --view {} -o a.pdf", view.id());
    let caption = plate.caption(Some(trace), Lang::En, &command);
    for words in [env!("CARGO_PKG_VERSION"), &command] {
        assert!(caption.text.contains(words), "{view:?}: `{words}` is not in: {}", caption.text);
    }
    // A training's model and checkpoints have no name but their own
    let named = caption.text.contains("storyteller");
    let unnamed = [View::Training, View::Trained, View::Step, View::Timeline];
    assert!(named || unnamed.contains(&view), "{view:?}: {}", caption.text);
    // An array is what it is
    let of_values = view == View::States;
    assert!(of_values || !caption.formulas.is_empty(), "{view:?} has no formula: {}", caption.text);
    for formula in &caption.formulas {
        assert!(caption.text.contains(formula.as_str()), "{view:?}: `{formula}` is not in {}", caption.text);
        is_mathematics(formula);
    }
    let latex = caption.latex();
    assert_eq!(latex.matches('$').count() % 2, 0, "{view:?}: {latex}");
    let set = caption.formulas.iter().all(|formula| latex.contains(&latex::math(formula)));
    assert!(set, "{view:?}: {latex}");
    // What tokens hold beyond Latin letters is for other engines
    all.extend(latex.chars().map(|c| if c.is_ascii() || c == '·' { c } else { '?' }));
    all.push_str("\n\n");
}

/// LaTeX itself takes it, where it is installed.
#[track_caller]
pub(crate) fn compiles(text: &str) {
    let packages = "\\usepackage[T1]{fontenc}\\usepackage{textcomp,amsmath}";
    let whole = format!("\\documentclass{{article}}{packages}\\begin{{document}}\n{text}\\end{{document}}\n");
    let folder = tempfile::tempdir().expect("a folder");
    crate::files::write(&folder.path().join("a.tex"), whole.as_bytes());
    let mut program = std::process::Command::new("pdflatex");
    program.args(["-interaction=nonstopmode", "-halt-on-error", "a.tex"]).current_dir(folder.path());
    match program.output() {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout)),
        Err(_) => eprintln!("not compiled: there is no pdflatex on this machine"),
    }
}

#[test]
fn every_picture_measure_and_role_is_mathematics() {
    let (model, trace) = storyteller_run("Mary has a red ball.");
    for picture in Picture::iter() {
        let ask = ViewAsk { picture, ..ViewAsk::new(View::River) };
        let plate = of(Some(&model), &trace, &ask).expect("a river");
        is_mathematics(&plate.formulas[0].en);
    }
    for formula in MEASURES.iter().map(|measure| measure.formula).chain(ROLES.iter().map(|role| role.formula))
    {
        is_mathematics(formula);
    }
}

#[test]
fn formulas_are_set_as_latex_sets_them() {
    for (plain, math) in [
        (
            "A_ij = softmax_j(0.18 q_i·k_j) over j ≤ i",
            "A_{ij} = \\operatorname{softmax}_{j}(0.18 q_{i}\\cdot k_{j})\\ \\text{over}\\ j \\le  i",
        ),
        ("‖x‖₂ = √(Σ_d x_d²)", "\\Vert x\\Vert _{2} = \\sqrt{\\sum _{d} x_{d}^{2}}"),
        ("W_Q·W_Kᵀ", "W_{Q}\\cdot W_{K}^{\\top}"),
    ] {
        assert_eq!(latex::math(plain), math);
    }
    let caption = latex::caption("100 % of “a_b” --view: x² = 1.", &["x² = 1".to_owned()]);
    assert_eq!(caption, "100 \\% of ``a\\_b'' -{}-view: $x^{2} = 1$.");
}
