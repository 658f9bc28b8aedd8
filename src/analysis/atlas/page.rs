//! An atlas as one page for a browser: it needs no network, and every word from elsewhere is escaped.

use super::{Atlas, HeadEntry, ROLES, Role, clusters, columns};
use crate::trace::said_with;
use serde_json::json;
use std::fmt::Write as _;

const STYLE: &str = include_str!("../../../assets/html/atlas.css");
const SCRIPT: &str = include_str!("../../../assets/html/atlas.js");
/// Nothing is fetched, whatever a text may try.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/// The page.
pub fn page(atlas: &Atlas) -> String {
    let name = escaped(&atlas.model);
    let ran = &atlas.ran;
    let texts = match &ran.texts {
        Some(texts) => format!("{} passages of {} ({} tokens)", ran.passages, escaped(texts), ran.tokens),
        None => "no text".to_owned(),
    };
    let probes = match ran.probes {
        0 => String::new(),
        1 => format!("1 probe of {} random tokens said twice (seed {}), ", ran.period, ran.seed),
        probes => format!("{probes} probes of {} random tokens said twice (seed {}), ", ran.period, ran.seed),
    };
    let changed = escaped(&said_with(&ran.interventions));
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\
         <link rel=\"icon\" href=\"data:,\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Heads of {name}</title>\
         <style>{STYLE}</style></head><body>\n<h1>Heads of {name}</h1>\n<p>{probes}{texts}{changed}.</p>\n"
    );
    out.push_str(
        "<main><section><label>across <select id=\"x\"></select></label>\
         <label>up <select id=\"y\"></select></label><label>colour <select id=\"colour\">\
         <option value=\"layer\">layer</option><option value=\"cluster\">alike</option></select></label>\
         <svg id=\"plot\" viewBox=\"0 0 600 404\" role=\"group\" aria-label=\"Heads\"></svg>\
         <div id=\"legend\"></div><p id=\"under\"></p></section><section id=\"card\"></section></main>\n",
    );
    out.push_str("<h2>Scores</h2>\n<table><thead><tr><th>head</th><th>roles</th>");
    for role in columns() {
        write_to(&mut out, format_args!("<th title=\"{}\">{}</th>", escaped(role.formula), role.score));
    }
    out.push_str("</tr></thead><tbody>\n");
    for (place, entry) in atlas.heads.iter().enumerate() {
        row(&mut out, place, entry);
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
    write_to(
        &mut out,
        format_args!(
            "</dl>\n<script type=\"application/json\" id=\"data\">{}</script>\n<script>{SCRIPT}</script>\n\
         </body></html>\n",
            data(atlas)
        ),
    );
    out
}

/// Everything the script draws, in a form that cannot end its element.
fn data(atlas: &Atlas) -> String {
    let axes: Vec<_> = atlas
        .axes()
        .into_iter()
        .map(|axis| json!({ "id": axis.id, "label": axis.label, "formula": axis.formula }))
        .collect();
    let alike = clusters(atlas);
    let all = json!({ "axes": axes, "clusters": { "of": alike.of }, "atlas": atlas });
    all.to_string().replace('<', "\\u003c")
}

fn sign(role: &Role) -> (&'static str, f64) {
    if role.threshold < 0.0 { ("≤", -role.threshold) } else { ("≥", role.threshold) }
}

fn row(out: &mut String, place: usize, entry: &HeadEntry) {
    write_to(
        out,
        format_args!(
            "<tr><th><button data-head=\"{place}\">{}</button></th><td class=\"roles\">",
            entry.head
        ),
    );
    for role in entry.roles() {
        write_to(out, format_args!("<span class=\"role\">{}</span>", role.label));
    }
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
