//! An atlas as one page for a browser: it needs no network, and every word from elsewhere is escaped.

use super::super::view::plates::changed_by;
use crate::analysis::atlas::{self as analysis, Atlas, HeadEntry, ROLES, Role, clusters, columns};
use crate::export::Lang;
use crate::export::words::{Says, atlas as words, names};
use serde_json::{Map, json};
use std::fmt::Write as _;

const STYLE: &str = include_str!("../../../assets/html/atlas.css");
const SCRIPT: &str = include_str!("../../../assets/html/atlas.js");
/// Nothing is fetched, whatever a text may try.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/// The page; its words are in the language of `lang`, what models and texts are called stays.
pub fn page(atlas: &Atlas, lang: Lang) -> String {
    let ran = &atlas.ran;
    let said = |says: &Says| escaped(says.get(lang));
    let title = said(&words::title(&atlas.model));
    let probes = said(&words::probes(ran.probes, ran.period, ran.seed));
    let texts = said(&words::texts(ran.passages, ran.texts.as_deref(), ran.tokens));
    let changed = said(&changed_by(&ran.interventions));
    let end = if lang == Lang::Zh { "。" } else { "." };
    let code = lang.code();
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"{code}\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\
         <link rel=\"icon\" href=\"data:,\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n<p>{probes}{texts}{changed}{end}</p>\n"
    );
    let [across, up, colour, layer, alike, heads] =
        [&words::ACROSS, &words::UP, &words::COLOUR, &words::LAYER, &words::ALIKE, &words::HEADS].map(said);
    write_to(
        &mut out,
        format_args!(
            "<main><section><label>{across} <select id=\"x\"></select></label>\
             <label>{up} <select id=\"y\"></select></label><label>{colour} <select id=\"colour\">\
             <option value=\"layer\">{layer}</option><option value=\"cluster\">{alike}</option></select></label>\
             <svg id=\"plot\" viewBox=\"0 0 600 404\" role=\"group\" aria-label=\"{heads}\"></svg>\
             <div id=\"legend\"></div><p id=\"under\"></p></section><section id=\"card\"></section></main>\n"
        ),
    );
    let [scores, head, roles] = [&words::SCORES, &words::HEAD, &words::ROLES_OF].map(said);
    write_to(&mut out, format_args!("<h2>{scores}</h2>\n<table><thead><tr><th>{head}</th><th>{roles}</th>"));
    for role in columns() {
        let formula = said(&names::formula(role.score, role.formula));
        write_to(&mut out, format_args!("<th title=\"{formula}\">{}</th>", role.score));
    }
    out.push_str("</tr></thead><tbody>\n");
    for (place, entry) in atlas.heads.iter().enumerate() {
        row(&mut out, (place, entry), lang);
    }
    write_to(&mut out, format_args!("</tbody></table>\n<h2>{}</h2>\n<dl>", said(&words::ROLES)));
    for role in ROLES {
        let (sign, threshold) = sign(role);
        let (formula, name) =
            (said(&names::formula(role.score, role.formula)), said(&names::role(role.id, role.label)));
        let source = source(role, lang);
        write_to(
            &mut out,
            format_args!(
                "<dt>{name}: {} {sign} {threshold}</dt><dd>{formula}{end} {source}{end}</dd>",
                role.score
            ),
        );
    }
    write_to(
        &mut out,
        format_args!(
            "</dl>\n<script type=\"application/json\" id=\"data\">{}</script>\n<script>{SCRIPT}</script>\n\
         </body></html>\n",
            data(atlas, lang)
        ),
    );
    out
}

/// Where a role's score comes from: papers are called what they are called.
fn source(role: &Role, lang: Lang) -> String {
    match role.source.strip_prefix(&*words::OWN.en) {
        Some(_) if lang != Lang::En => escaped(words::OWN.get(lang)),
        _ => escaped(role.source),
    }
}

/// Everything the script draws, in a form that cannot end its element.
fn data(atlas: &Atlas, lang: Lang) -> String {
    let axis = |axis: analysis::Axis| {
        let formula = names::formula(&axis.id, axis.formula);
        let label = names::axis(&axis.id, axis.label);
        json!({ "id": axis.id, "label": label.get(lang), "formula": formula.get(lang) })
    };
    let axes: Vec<_> = atlas.axes().into_iter().map(axis).collect();
    let alike = clusters(atlas);
    let roles: Map<_, _> = ROLES
        .iter()
        .map(|role| (role.id.to_owned(), json!(names::role(role.id, role.label).get(lang))))
        .collect();
    let words: Map<_, _> = words::words(lang).map(|(name, word)| (name.to_owned(), json!(word))).collect();
    let all = json!({
        "axes": axes, "clusters": { "of": alike.of }, "roles": roles, "words": words, "atlas": atlas,
    });
    all.to_string().replace('<', "\\u003c")
}

fn sign(role: &Role) -> (&'static str, f64) {
    if role.threshold < 0.0 { ("≤", -role.threshold) } else { ("≥", role.threshold) }
}

fn row(out: &mut String, (place, entry): (usize, &HeadEntry), lang: Lang) {
    write_to(
        out,
        format_args!(
            "<tr><th><button data-head=\"{place}\">{}</button></th><td class=\"roles\">",
            entry.head
        ),
    );
    for role in entry.roles() {
        write_to(
            out,
            format_args!("<span class=\"role\">{}</span>", names::role(role.id, role.label).get(lang)),
        );
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
