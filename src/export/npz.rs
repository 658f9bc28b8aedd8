//! NPZ: NumPy's zip of arrays (`numpy.load`), stored without compression so that it can be memory-mapped.

use std::io::{self, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::arrays::{self, Source};
use super::error::ExportError;
use super::options::{Dtype, Options};

/// Writes `tokens`, in encoder–decoder models `source_tokens`, and the arrays of `options`.
pub(super) fn write(source: &Source<'_>, options: &Options, out: &mut dyn Write) -> Result<(), ExportError> {
    let entries = arrays::entries(source.trace, &options.what, &options.selection)?;
    let mut zip = ZipWriter::new_stream(out);
    for (name, tokens) in arrays::token_arrays(source.trace) {
        let ids: Vec<u8> = tokens.iter().flat_map(|token| i64::from(token.id).to_le_bytes()).collect();
        begin(&mut zip, name, "<i8", &[tokens.len()], ids.len() as u64)?;
        zip.write_all(&ids)?;
    }
    let kind = match options.dtype {
        Dtype::F32 => "<f4",
        Dtype::F16 => "<f2",
    };
    let mut bytes = Vec::new();
    for entry in entries {
        begin(&mut zip, &entry.name, kind, &entry.shape, entry.len() * options.dtype.bytes())?;
        entry.stream(source, &mut |values| {
            bytes.clear();
            options.dtype.spell(values, &mut bytes);
            Ok(zip.write_all(&bytes)?)
        })?;
    }
    zip.finish().map_err(io::Error::from)?;
    Ok(())
}

/// Writes an array of its own: `tokens` and one matrix, row-major.
pub fn write_matrix(
    ids: &[u32],
    name: &str,
    shape: [usize; 2],
    values: &[f32],
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let mut zip = ZipWriter::new_stream(out);
    let ids: Vec<u8> = ids.iter().flat_map(|&id| i64::from(id).to_le_bytes()).collect();
    begin(&mut zip, "tokens", "<i8", &[ids.len() / size_of::<i64>()], ids.len() as u64)?;
    zip.write_all(&ids)?;
    let mut bytes = Vec::with_capacity(size_of_val(values));
    Dtype::F32.spell(values, &mut bytes);
    begin(&mut zip, name, "<f4", &shape, bytes.len() as u64)?;
    zip.write_all(&bytes)?;
    zip.finish().map_err(io::Error::from)?;
    Ok(())
}

/// Begins the member `name`, with NumPy's header.
fn begin(
    zip: &mut ZipWriter<impl Write + io::Seek>,
    name: &str,
    kind: &str,
    shape: &[usize],
    bytes: u64,
) -> io::Result<()> {
    let options = SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .large_file(bytes >= u64::from(u32::MAX) - (1 << 16));
    zip.start_file(format!("{name}.npy"), options)?;
    zip.write_all(&header(kind, shape))
}

/// The header of an `.npy` file, version 1.0: values begin at a multiple of 64 bytes.
fn header(kind: &str, shape: &[usize]) -> Vec<u8> {
    let shape = shape.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
    let mut words = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape},), }}");
    let begun = 10 + words.len() + 1;
    words.extend(std::iter::repeat_n(' ', begun.next_multiple_of(64) - begun));
    words.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((words.len() as u16).to_le_bytes());
    bytes.extend(words.bytes());
    bytes
}
