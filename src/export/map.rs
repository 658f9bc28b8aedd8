//! A map that is no attention pattern: rows and columns with labels, as a picture or a table.

use std::io;
use std::path::Path;

use crate::render::{Shader, ValueRange};

use super::error::ExportError;
use super::figure::matrix::{self, Matrix};
use super::figure::to_svg;
use super::options::Look;
use super::{atomic, pdf, png};

/// Writes `matrix` as `.png`, `.svg`, `.pdf` or `.csv` (row, column, value), its values coloured over `range`.
pub fn write_map(path: &Path, matrix: &Matrix, range: ValueRange, look: Look) -> Result<(), ExportError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let shader = Shader::new(look.map(true), look.scale, range);
    let draw = || matrix::layout(matrix, &shader, look.scale, &look.style());
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("png") => {
            let drawing = draw();
            let pixels = look.pixels(drawing.width);
            atomic::write(path, |out| Ok(out.write_all(&png::draw(&drawing, pixels)?)?))
        }
        Some("svg") => atomic::write(path, |out| Ok(out.write_all(to_svg(&draw()).as_bytes())?)),
        Some("pdf") => atomic::write(path, |out| Ok(out.write_all(&pdf::draw(&draw())?)?)),
        Some("csv") => atomic::write(path, |out| table(matrix, out)),
        _ => Err(ExportError::Ending(path.to_owned())),
    }
}

fn table(matrix: &Matrix, out: &mut dyn io::Write) -> Result<(), ExportError> {
    let mut table = ::csv::Writer::from_writer(out);
    let text = format!("{}_text", matrix.columns.name);
    table.write_record([matrix.rows.name, matrix.columns.name, &text, "value"]).map_err(io::Error::from)?;
    for (row, values) in matrix.values.chunks_exact(matrix.value_columns.max(1)).enumerate() {
        for (column, value) in values.iter().enumerate() {
            let label = matrix.columns.labels.get(column).map_or("", String::as_str);
            let record = [row.to_string(), column.to_string(), label.to_owned(), value.to_string()];
            table.write_record(record).map_err(io::Error::from)?;
        }
    }
    table.flush()?;
    Ok(())
}
