//! Rivers and maps of memory as files.

use std::io;
use std::path::Path;

use crate::analysis::{MemoryMap, Picture, River};
use crate::export::figure::axis::Axis;
use crate::export::figure::matrix::Matrix;
use crate::export::figure::river::{self, RiverFigure};
use crate::export::figure::{Drawing, to_svg};
use crate::export::{ExportError, Look, atomic, pdf, picture, png, write_map, write_matrix};
use crate::render::{Rgba, ValueRange};
use crate::trace::{Token, Trace};

/// Sources with a band of their own in a picture.
const BANDS: usize = 6;

/// Writes a river as `.png`, `.svg`, `.pdf`, `.csv` (source, token, layer, value, share) or `.npz` (`memory`,
/// [layer, source]).
pub fn write_river(path: &Path, river: &River, trace: &Trace, look: Look) -> Result<(), ExportError> {
    let draw = || figure(river, trace, look);
    match ending(path).as_str() {
        "png" => {
            let drawing = draw();
            let pixels = look.pixels(drawing.width);
            atomic::write(path, |out| Ok(out.write_all(&png::draw(&drawing, pixels)?)?))
        }
        "svg" => atomic::write(path, |out| Ok(out.write_all(to_svg(&draw()).as_bytes())?)),
        "pdf" => atomic::write(path, |out| Ok(out.write_all(&pdf::draw(&draw())?)?)),
        "csv" => atomic::write(path, |out| table(river, trace, out)),
        "npz" => atomic::write(path, |out| arrays(trace, &river.values, out)),
        _ => Err(ExportError::Ending(path.to_owned())),
    }
}

/// Writes a map as `.png`, `.svg`, `.pdf`, `.csv` (query, source, source_text, value) or `.npz` (`memory`, [query,
/// source]).
pub fn write_memory_map(
    path: &Path,
    memory: &MemoryMap,
    trace: &Trace,
    look: Look,
) -> Result<(), ExportError> {
    if ending(path) == "npz" {
        return atomic::write(path, |out| arrays(trace, &memory.values, out));
    }
    let labels: Vec<String> = trace.tokens.iter().map(Token::shown).collect();
    let axis = |name| Axis { name, labels: labels.clone(), first: 0, numbered: false };
    let values: Vec<f32> = memory.values.iter().flatten().map(|&value| value as f32).collect();
    let name: &'static str = memory.picture.into();
    let high = values.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    let matrix = Matrix {
        title: format!("Memory after L{}", memory.layer),
        subtitle: format!("{} · {name} · what each token's state consists of", trace.model_name),
        hook: format!("memory.{name}"),
        rows: axis("query"),
        columns: axis("source"),
        value_columns: labels.len(),
        values,
        quantity: if memory.picture == Picture::Values { "Length" } else { "Share of the state" },
        strips: picture::strips(trace),
    };
    write_map(path, &matrix, ValueRange { low: 0.0, high }, look)
}

fn ending(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

fn figure(river: &River, trace: &Trace, look: Look) -> Drawing {
    let bands = river.bands(BANDS, river.values.len().saturating_sub(1), None);
    let theme = look.theme();
    let shown = |source: usize| {
        format!("{source} {}", trace.tokens.get(source).map_or_else(String::new, Token::shown))
    };
    let band = |(index, &source): (usize, &usize)| (shown(source), theme.series(index));
    let others: (String, Rgba) = ("others".to_owned(), theme.tokens().dim);
    let name: &'static str = river.picture.into();
    let before = bands.begins.then(|| "before".to_owned());
    let layers = (0..river.values.len()).map(|layer| format!("L{layer}"));
    let figure = RiverFigure {
        title: format!("Memory of {}", shown(river.token)),
        subtitle: format!("{} · {name} · share of each source after every layer", trace.model_name),
        hook: format!("memory.{name}"),
        columns: before.into_iter().chain(layers).collect(),
        bands: bands.sources.iter().enumerate().map(band).chain([others]).collect(),
        shares: bands.shares,
        strips: picture::strips(trace),
    };
    river::layout(&figure, &look.style())
}

fn table(river: &River, trace: &Trace, out: &mut dyn io::Write) -> Result<(), ExportError> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(["layer", "source", "source_text", "value", "share"]).map_err(io::Error::from)?;
    for (layer, values) in river.values.iter().enumerate() {
        for (source, value) in values.iter().enumerate() {
            let text = trace.tokens.get(source).map_or("", |token| token.text.as_str());
            let share = river.share(layer, source);
            let record =
                [&layer.to_string(), &source.to_string(), text, &value.to_string(), &share.to_string()];
            table.write_record(record).map_err(io::Error::from)?;
        }
    }
    table.flush()?;
    Ok(())
}

fn arrays(trace: &Trace, values: &[Vec<f64>], out: &mut dyn io::Write) -> Result<(), ExportError> {
    let shape = [values.len(), values.first().map_or(0, Vec::len)];
    let flat: Vec<f32> = values.iter().flatten().map(|&value| value as f32).collect();
    write_matrix(&trace.ids(), "memory", shape, &flat, out)
}
