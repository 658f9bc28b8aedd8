//! Arrays from NumPy's files: `.npy`, and one member of an `.npz`. Nothing is allocated on a header's word, on
//! which the crate `npyz` would take up to 4 GiB.

use half::f16;
use std::io::Read as _;
use std::path::Path;

/// The longest header that is read; NumPy writes 128 bytes or little more.
const LONGEST: usize = 1024;

/// An array of single precision.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Numbers {
    /// Sides
    pub(super) shape: Vec<usize>,
    /// Row-major
    pub(super) data: Vec<f32>,
}

/// Reads an `.npy`. The error says why not.
pub(super) fn read(file: &Path) -> Result<Numbers, String> {
    parse(&std::fs::read(file).map_err(|error| error.to_string())?)
}

/// Reads the array `name` of an `.npz`.
pub(super) fn read_member(file: &Path, name: &str) -> Result<Numbers, String> {
    let open = std::fs::File::open(file).map_err(|error| error.to_string())?;
    let mut zip = zip::ZipArchive::new(open).map_err(|error| error.to_string())?;
    let member = zip.by_name(&format!("{name}.npy")).map_err(|error| format!("`{name}`: {error}"))?;
    let (size, mut bytes) = (member.size(), Vec::new());
    member.take(size).read_to_end(&mut bytes).map_err(|error| format!("`{name}`: {error}"))?;
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> Result<Numbers, String> {
    let no = || "it is no .npy file".to_owned();
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or_else(no)?;
    let (length, rest) = match rest {
        [1, _, a, b, rest @ ..] => (u32::from(u16::from_le_bytes([*a, *b])), rest),
        [2 | 3, _, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]), rest),
        _ => return Err(no()),
    };
    let length = length as usize;
    if length > LONGEST.min(rest.len()) {
        return Err(no());
    }
    let (header, values) = rest.split_at(length);
    let header = std::str::from_utf8(header).map_err(|_| no())?;
    let field = |name: &str| Some(header.split_once(&format!("'{name}':"))?.1.trim_start());
    let shape = field("shape").and_then(|rest| rest.strip_prefix('(')?.split_once(')')).ok_or_else(no)?.0;
    let sides = shape.split(',').map(str::trim).filter(|side| !side.is_empty());
    let shape = sides.map(str::parse).collect::<Result<Vec<usize>, _>>().map_err(|_| no())?;
    if shape.len() > 1 && field("fortran_order").is_none_or(|order| !order.starts_with("False")) {
        return Err("its order is Fortran's: save numpy.ascontiguousarray of it".to_owned());
    }
    let kind = field("descr").and_then(|rest| rest.get(1..4)).ok_or_else(no)?;
    let data: Vec<f32> = match kind {
        "<f4" => values.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect(),
        "<f8" => values.as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes) as f32).collect(),
        "<f2" => values.as_chunks().0.iter().map(|&bytes| f16::from_le_bytes(bytes).to_f32()).collect(),
        other => return Err(format!("its numbers are {other}, not <f4, <f8 or <f2")),
    };
    let count = shape.iter().try_fold(1_usize, |count, &side| count.checked_mul(side));
    if count != Some(data.len()) {
        return Err(format!("its shape is {shape:?}, but it holds {} numbers", data.len()));
    }
    if data.iter().any(|x| !x.is_finite()) {
        return Err("some of its numbers are NaN or infinite".to_owned());
    }
    Ok(Numbers { shape, data })
}
