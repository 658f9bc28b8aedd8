//! An atlas as one page for a browser: no script, no network, and every word from elsewhere escaped.

use super::{Atlas, HeadEntry, ROLES, Role, columns};
use crate::analysis::MEASURES;
use crate::model::shown;
use std::fmt::Write as _;

const STYLE: &str = include_str!("../../../assets/html/atlas.css");

/// The page.
pub fn page(atlas: &Atlas) -> String {
    let name = escaped(&atlas.model);
    let ran = &atlas.ran;
    let texts = match &ran.texts {
        Some(texts) => format!("{} passages of {} ({} tokens)", ran.passages, escaped(texts), ran.tokens),
        None => "no text".to_owned(),
    };
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Heads of {name}</title>\
         <style>{STYLE}</style></head><body>\n<h1>Heads of {name}</h1>\n\
         <p>{} probes of {} random tokens said twice (seed {}), {texts}.</p>\n",
        ran.probes, ran.period, ran.seed
    );
    out.push_str("<table><thead><tr><th>head</th><th>roles</th>");
    for role in columns() {
        write_to(&mut out, format_args!("<th title=\"{}\">{}</th>", escaped(role.formula), role.score));
    }
    out.push_str("</tr></thead><tbody>\n");
    for entry in &atlas.heads {
        row(&mut out, entry);
    }
    out.push_str("</tbody></table>\n<h2>Roles</h2>\n<dl>");
    for role in ROLES {
        let (sign, threshold) = sign(role);
        let (formula, source) = (escaped(role.formula), escaped(role.source));
        write_to(
            &mut out,
            format_args!(
                "<dt>{}: {} {sign} {threshold}</dt><dd>{formula}. {source}.</dd>",
                role.label, role.score
            ),
        );
    }
    out.push_str("</dl>\n</body></html>\n");
    out
}

fn sign(role: &Role) -> (&'static str, f64) {
    if role.threshold < 0.0 { ("≤", -role.threshold) } else { ("≥", role.threshold) }
}

fn row(out: &mut String, entry: &HeadEntry) {
    write_to(out, format_args!("<tr><th>{}</th><td class=\"roles\">", entry.head));
    for role in entry.roles() {
        write_to(out, format_args!("<span>{}</span>", role.label));
    }
    details(out, entry);
    out.push_str("</td>");
    for role in columns() {
        match (role.value)(&entry.scores) {
            Some(value) => {
                let shade = (value.clamp(0.0, 1.0) * 70.0).round();
                write_to(out, format_args!("<td style=\"--shade:{shade}%\">{value:.2}</td>"));
            }
            None => out.push_str("<td>–</td>"),
        }
    }
    out.push_str("</tr>\n");
}

/// What unfolds under a head: measures, key tokens, snippets.
fn details(out: &mut String, entry: &HeadEntry) {
    out.push_str("<details><summary>more</summary><p>");
    for (measure, value) in MEASURES.iter().zip(&entry.measures) {
        write_to(out, format_args!("{} {value:.3} · ", escaped(measure.label)));
    }
    out.push_str("</p><p>looks at ");
    for key in &entry.keys {
        write_to(
            out,
            format_args!("<code>{}</code> {:.1} % ", escaped(&shown(&key.text)), key.share * 100.0),
        );
    }
    out.push_str("</p><ol>");
    for snippet in &entry.snippets {
        let [query, key, text] =
            [&snippet.query, &snippet.key, &snippet.text].map(|text| escaped(&shown(text)));
        write_to(
            out,
            format_args!(
                "<li>{:.3} <code>{query}</code> → <code>{key}</code> <q>{text}</q></li>",
                snippet.weight
            ),
        );
    }
    out.push_str("</ol></details>");
}

fn write_to(out: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail
    let _ = out.write_fmt(words);
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}
