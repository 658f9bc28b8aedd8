//! One self-contained interactive page: every picked head's map, no network, nothing executed but our own script.
//!
//! Weights are stored in equal steps of a head's greatest weight, deflated and in base64; the steps are as fine as the
//! size of the page allows, and the page states the error that they make. Text from the prompt and the model enters as JSON in which `<` cannot occur, and the script only ever
//! sets it as text: a token `</script>` stays a token.

use std::io::Write;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Map, Value, json};
use strum::IntoEnumIterator as _;

use crate::model::shown;
use crate::render::{ColorMap, tiles};
use crate::trace::{HeadId, Hook, Side, Token, Trace};

use super::arrays::Source;
use super::error::ExportError;
use super::options::{Lang, Options};
use super::picture;
use super::what::What;
use super::words::{maps, names, page};

const PAGE: &str = include_str!("../../assets/html/page.html");
const STYLE: &str = include_str!("../../assets/html/page.css");
const SCRIPT: &str = include_str!("../../assets/html/page.js");

/// The most weights a page holds: beyond it browsers take long to open the file.
const MOST_CELLS: u64 = 1 << 28;
/// Up to this many weights two bytes each are tried.
const FINE_CELLS: u64 = 1 << 22;
/// Bytes that a page of up to [`BUDGET_CELLS`] weights may have; of more weights, in proportion.
const BUDGET: u64 = 5_000_000;
/// Twelve layers of twelve heads over 512 tokens.
const BUDGET_CELLS: u64 = 144 * 512 * 512;
/// Bits of a step's number, finest first.
const BITS: [u32; 5] = [16, 8, 7, 6, 5];
/// Query rows that are packed at once.
const BAND: usize = 256;
/// Candidates for the next token.
const CANDIDATES: usize = 8;

/// Writes the page.
pub(super) fn write(source: &Source<'_>, options: &Options, out: &mut dyn Write) -> Result<(), ExportError> {
    if options.what != [What::Pattern] {
        return Err(ExportError::Content { format: ".html", what: "anything but attention weights".into() });
    }
    let trace = source.trace;
    let heads = picture::heads(trace, options)?;
    let cells_of = |head: &HeadId| {
        trace.query_tokens(head.layer).len() as u64 * trace.key_tokens(head.layer).len() as u64
    };
    let cells = heads.iter().map(cells_of).sum();
    if cells > MOST_CELLS {
        return Err(ExportError::Page { cells, most: MOST_CELLS });
    }
    let room = BUDGET.max(BUDGET * cells / BUDGET_CELLS);
    let around = [PAGE, STYLE, SCRIPT].iter().map(|part| part.len() as u64).sum::<u64>();
    let (mut meta, mut packed) = (String::new(), Vec::new());
    for bits in BITS.into_iter().filter(|&bits| bits < 16 || cells <= FINE_CELLS) {
        let steps = Steps { bits };
        meta = safe(&describe(trace, options, &heads, steps));
        packed = pack_all(source, &heads, steps)?;
        let bytes = packed.iter().map(|head| head.len() as u64 + 1).sum::<u64>();
        if bytes + meta.len() as u64 + around <= room {
            break;
        }
    }

    let (top, rest) = split(PAGE, "/*STYLE*/");
    let (middle, rest) = split(rest, "/*DATA*/");
    let (before_script, bottom) = split(rest, "/*SCRIPT*/");
    for part in [top, STYLE, middle] {
        out.write_all(part.as_bytes())?;
    }
    // One object whose last member is the list of heads
    write!(out, "{},\"heads\":[", meta.strip_suffix('}').unwrap_or(&meta))?;
    for (index, head) in packed.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(out, "{comma}{head}")?;
    }
    write!(out, "]}}")?;
    for part in [before_script, SCRIPT, bottom] {
        out.write_all(part.as_bytes())?;
    }
    Ok(())
}

/// In how many steps a weight is stored: in two bytes where they need 16 bits, else in one.
#[derive(Clone, Copy)]
struct Steps {
    bits: u32,
}

impl Steps {
    fn most(self) -> f32 {
        (2_u32.pow(self.bits) - 1) as f32
    }
}

/// Every head as JSON.
fn pack_all(source: &Source<'_>, heads: &[HeadId], steps: Steps) -> Result<Vec<String>, ExportError> {
    let mut packed = Vec::with_capacity(heads.len());
    for (index, &head) in heads.iter().enumerate() {
        if (source.watch)(index as f32 / heads.len() as f32).is_break() {
            return Err(ExportError::Cancelled);
        }
        packed.push(safe(&pack(source.trace, head, steps)?));
    }
    Ok(packed)
}

/// Everything but the heads.
fn describe(trace: &Trace, options: &Options, heads: &[HeadId], steps: Steps) -> Value {
    let look = options.look;
    let maps = ColorMap::iter().filter(|map| !map.is_signed()).map(|map| {
        let colours: Vec<u8> =
            map.lut().iter().flat_map(|&[red, green, blue, _]| [red, green, blue]).collect();
        json!({ "id": map.id(), "label": if look.lang == Lang::Zh { names::colormap_zh(map) } else { map.label() },
                "theme": map.theme().id(),
                "colours": BASE64_STANDARD.encode(colours) })
    });
    let next = trace.next.iter().take(CANDIDATES);
    let next: Vec<_> = next.map(|next| json!({ "text": shown(&next.text), "p": next.p })).collect();
    let error = 0.5 / steps.most();
    let measures = json!(trace.measures(heads[0]));
    let named =
        |id: &String| Some((id.clone(), json!(names::measure_zh(id).filter(|_| look.lang == Lang::Zh)?)));
    let measures = measures.as_object().into_iter().flat_map(Map::keys).filter_map(named);
    json!({
        "about": page::about(env!("CARGO_PKG_VERSION"), error).get(look.lang),
        "bits": steps.bits,
        "first": heads[0],
        "ids": ids(&trace.tokens),
        "lang": look.lang.code(),
        "measure_names": measures.collect::<Map<_, _>>(),
        "map": look.map(false).id(),
        "maps": maps.collect::<Vec<_>>(),
        "model": trace.model_name,
        "next": next,
        "scale": look.scale.id(),
        "subtitle": maps::subtitle(trace, false).get(look.lang),
        "theme": (look.theme.is_some() || look.map.is_some()).then(|| look.theme().id()),
        "source": texts(&trace.source),
        "source_ids": ids(&trace.source),
        "translates": trace.spec.encoder.is_some(),
        "tokens": texts(&trace.tokens),
        "words": page::words(look.lang).map(|(name, word)| (name.to_owned(), json!(word))).collect::<Map<_, _>>(),
    })
}

fn texts(tokens: &[Token]) -> Vec<String> {
    tokens.iter().map(Token::shown).collect()
}

fn ids(tokens: &[Token]) -> Vec<u32> {
    tokens.iter().map(|token| token.id).collect()
}

/// One head: its measures, its thumbnail in 255 steps, its weights packed.
fn pack(trace: &Trace, head: HeadId, steps: Steps) -> Result<Value, ExportError> {
    let pattern = trace.pattern(head);
    let thumbnail = trace.thumbnail(head);
    let max = greatest(&thumbnail.values);
    let step = |value: f32, most: f32| (value / max * most).round().clamp(0.0, most);
    let small: Vec<u8> = thumbnail.values.iter().map(|&value| step(value, 255.0) as u8).collect();

    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    let (rows, columns) = (pattern.n_queries(), pattern.n_keys());
    for first in (0..rows).step_by(BAND) {
        let values = pattern.tile(first..(first + BAND).min(rows), 0..columns);
        let bytes: Vec<u8> = if steps.bits > 8 {
            values.iter().flat_map(|&value| (step(value, steps.most()) as u16).to_le_bytes()).collect()
        } else {
            values.iter().map(|&value| step(value, steps.most()) as u8).collect()
        };
        packed.write_all(&bytes)?;
    }
    let part = trace.spec.blocks[head.layer].part;
    let of_source = |side: Side| side == Side::Source;
    Ok(json!({
        "layer": head.layer,
        "head": head.head,
        "part": part.name(),
        "part_layer": trace.spec.index_in_part(head.layer),
        "name": trace.spec.head_name(head),
        "hook": format!("{}[{}]", trace.spec.hook_name(Hook::Pattern, head.layer), head.head),
        "rows": rows,
        "columns": columns,
        "rows_of_source": of_source(part.rows()),
        "columns_of_source": of_source(part.columns()),
        "max": max,
        "high": tiles::weight_range(trace, head).high,
        "measures": trace.measures(head),
        "small": [thumbnail.rows, thumbnail.columns],
        "thumbnail": BASE64_STANDARD.encode(small),
        "data": BASE64_STANDARD.encode(packed.finish()?),
    }))
}

/// The greatest weight of a head: a max-pooled thumbnail knows it. Never 0.
fn greatest(values: &[f32]) -> f32 {
    let max = values.iter().copied().filter(|value| value.is_finite()).fold(0.0, f32::max);
    if max > 0.0 { max } else { 1.0 }
}

/// JSON that can stand in a script element: markup and JavaScript's odd line ends are escaped, which only strings hold.
fn safe(value: &Value) -> String {
    let text = value.to_string();
    let mut out = String::with_capacity(text.len() + 64);
    for c in text.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
    out
}

/// The template before and after a mark that it is known to hold.
fn split<'a>(template: &'a str, mark: &str) -> (&'a str, &'a str) {
    template.split_once(mark).unwrap_or((template, ""))
}
