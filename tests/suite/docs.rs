//! Contract: tables in `docs/` and the README say what the code does. `make docs` writes them anew.

use crate::files::write;
use mnemoscope::analysis::{MEASURES, atlas::ROLES};
use mnemoscope::model::{Hook, gguf, supported};
use std::fmt::Write as _;
use std::path::Path;
use strum::IntoEnumIterator as _;

/// Compares the part of a file between `<!-- NAME -->` and `<!-- end -->` with `table`, or writes it.
fn check(file: &str, name: &str, table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(&path).expect("a readable file");
    let (start, end) = (format!("<!-- {name} -->\n"), "<!-- end -->");
    let from = text.find(&start).unwrap_or_else(|| panic!("{file} has no `{start}`")) + start.len();
    let to = from + text[from..].find(end).expect("an end mark");
    if std::env::var_os("UPDATE").is_some() {
        let new = format!("{}{table}{}", &text[..from], &text[to..]);
        write(&path, new);
    } else {
        assert_eq!(&text[from..to], table, "{file} is out of date: run `make docs`");
    }
}

#[test]
fn measures() {
    let mut table = String::from("| name | formula | range | says | source |\n|---|---|---|---|---|\n");
    for measure in MEASURES {
        let range = match (measure.max, measure.unit) {
            (Some(max), _) => format!("0 to {max}"),
            (None, unit) => unit.to_owned(),
        };
        let (id, formula, sentence, source) = (measure.id, measure.formula, measure.sentence, measure.source);
        writeln!(table, "| `{id}` | {formula} | {range} | {sentence} | {source} |").expect("written");
    }
    check("docs/measures.md", "measures", &table);
}

#[test]
fn roles() {
    let mut table =
        String::from("| role | score | threshold | formula | over | source |\n|---|---|---|---|---|---|\n");
    for role in ROLES {
        let sign = if role.threshold < 0.0 { "≤" } else { "≥" };
        let (id, score, threshold) = (role.id, role.score, role.threshold.abs());
        let (formula, over, source) = (role.formula, role.over, role.source);
        writeln!(table, "| `{id}` | `{score}` | {sign} {threshold} | {formula} | {over} | {source} |")
            .expect("written");
    }
    check("docs/atlas.md", "roles", &table);
}

#[test]
fn hooks() {
    let mut table = String::from("| name | in |\n|---|---|\n");
    for hook in Hook::iter() {
        let place = if hook.per_layer() { "every block" } else { "the model" };
        writeln!(table, "| `{}` | {place} |", hook.name_of_all().replace("blocks.*", "blocks.{l}"))
            .expect("written");
    }
    check("docs/hooks.md", "hooks", &table);
}

#[test]
fn families() {
    let quoted = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let all = supported();
    let types: Vec<&str> = all.iter().map(|(model_type, _)| *model_type).collect();
    check("README.md", "families", &format!("{}\n", quoted(&types)));
    let mut table = String::from("| `model_type` | classes |\n|---|---|\n");
    for (model_type, classes) in &all {
        writeln!(table, "| `{model_type}` | {} |", quoted(classes)).expect("written");
    }
    check("docs/models.md", "families", &table);
    check("docs/models.md", "gguf", &format!("{}\n", quoted(&gguf::architectures())));
}
