//! Weights of few bits whose factors are tensors of their own: 8-bit floats and gpt-oss's 4-bit blocks.
//!
//! DeepSeek-V3: `NAME.weight` and `NAME.weight_scale_inv`, a factor for every tile (`weight_block_size`, else told from
//! the shapes); others: `NAME.weight_scale`, one
//! for all or one a row. gpt-oss: `NAME_blocks` [expert, row, block, 16] and `NAME_scales` [expert, row, block].

use super::Tensors;
use crate::kernels::Packing;
use crate::model::error::LoadError;
use crate::model::stored::{Dtype, StoredScales, StoredTensor};
use std::sync::Arc;

/// Rows and columns of a matrix that share a factor, where the configuration says so.
pub(in crate::model) type Tile = Option<(usize, usize)>;

/// What most files have, for messages.
const TILE: usize = 128;

/// Gives every tensor its factors, which are tensors no longer.
pub(super) fn join(tensors: &mut Tensors, told: Tile) -> Result<(), LoadError> {
    let names: Vec<_> = tensors.map.keys().cloned().collect();
    for name in names {
        let eight_bits = [Packing::E4m3, Packing::E5m2].map(|packing| Ok(Dtype::Packed(packing)));
        if tensors.map.get(&name).is_some_and(|tensor| eight_bits.contains(&tensor.dtype)) {
            let factors = ["_scale_inv", "_scale"].map(|ending| format!("{name}{ending}"));
            let found = factors.iter().find_map(|factors| Some((factors, tensors.map.remove(factors)?)));
            if let (Some((scale_name, factors)), Some(tensor)) = (found, tensors.map.get_mut(&name)) {
                tensor.scales = Some(Arc::new(tiles(tensor, &factors, scale_name, told)?));
            }
        } else if let Some(stem) = name.strip_suffix("_blocks") {
            let scale_name = format!("{stem}_scales");
            let both = (tensors.map.get(&name), tensors.map.get(&scale_name));
            if let (Some(blocks), Some(exponents)) = both {
                let joined = four_bits(blocks, exponents, &scale_name)?;
                tensors.map.insert(stem.to_owned(), joined);
                tensors.map.remove(&name);
                tensors.map.remove(&scale_name);
            }
        }
    }
    Ok(())
}

/// Factors of a matrix of 8-bit floats: one for all, one a row, or one a tile.
fn tiles(
    tensor: &StoredTensor,
    factors: &StoredTensor,
    name: &str,
    told: Tile,
) -> Result<StoredScales, LoadError> {
    let (rows, row) = match tensor.shape[..] {
        [ref rows @ .., row] => (rows.iter().product::<usize>(), row),
        [] => (1, 1),
    };
    let tile = match factors.shape[..] {
        [] | [1] => Some((rows, row)),
        [n] | [n, 1] if n == rows => Some((1, row)),
        [down, across] => {
            let fits =
                |tile: &(usize, usize)| (rows.div_ceil(tile.0), row.div_ceil(tile.1)) == (down, across);
            told.filter(fits).or_else(|| Some((side(rows, down)?, side(row, across)?)))
        }
        _ => None,
    };
    let numbers = numbers(factors);
    match (tile, numbers) {
        (Some(tile), Some(factors)) if tile.0 > 0 && tile.1 > 0 => {
            Ok(StoredScales::Tiles { factors, row, tile })
        }
        (_, None) => Err(LoadError::Type {
            tensor: name.to_owned(),
            found: factors.dtype.clone().map_or_else(|name| name, |dtype| dtype.to_string()),
            file: factors.file.clone(),
        }),
        _ => Err(LoadError::Shape {
            tensor: name.to_owned(),
            found: factors.shape.clone(),
            expected: vec![rows.div_ceil(TILE), row.div_ceil(TILE)],
            file: factors.file.clone(),
        }),
    }
}

/// The side of `count` tiles that cover `n` numbers: the one power of two that does, as all known files have it, else
/// an even share.
fn side(n: usize, count: usize) -> Option<usize> {
    let powers = (0..usize::BITS - 1).map(|power| 1_usize << power);
    let power = powers.take_while(|&side| side / 2 < n).find(|&side| n.div_ceil(side) == count);
    power.or_else(|| n.checked_div(count).filter(|side| side * count == n))
}

/// A small tensor's numbers; 8-bit exponents are powers of two.
fn numbers(tensor: &StoredTensor) -> Option<Vec<f32>> {
    if tensor.dtype == Err("F8_E8M0".into()) {
        let exponents = &tensor.storage.bytes()[tensor.range.clone()];
        return Some(exponents.iter().map(|&exponent| (f32::from(exponent) - 127.0).exp2()).collect());
    }
    let tensor = tensor.clone().aligned();
    let elements = tensor.elements()?;
    let mut numbers = vec![0.0; elements.len()];
    elements.read(0, &mut numbers);
    Some(numbers)
}

/// gpt-oss's blocks, which hold [out, in] of what unpacked files hold as [in, out].
fn four_bits(blocks: &StoredTensor, exponents: &StoredTensor, name: &str) -> Result<StoredTensor, LoadError> {
    let wrong = |tensor: &StoredTensor, expected: Vec<usize>| LoadError::Shape {
        tensor: name.to_owned(),
        found: tensor.shape.clone(),
        expected,
        file: tensor.file.clone(),
    };
    let [ref outer @ .., rows, count, 16] = blocks.shape[..] else {
        return Err(wrong(blocks, vec![0, 0, 0, 16]));
    };
    if exponents.shape != blocks.shape[..blocks.shape.len() - 1] {
        return Err(wrong(exponents, blocks.shape[..blocks.shape.len() - 1].to_vec()));
    }
    let bytes = Err("U8".to_owned());
    if blocks.dtype != bytes || exponents.dtype != bytes {
        let (tensor, found) = (name.to_owned(), "no bytes".to_owned());
        return Err(LoadError::Type { tensor, found, file: blocks.file.clone() });
    }
    let scales =
        StoredScales::Exponents { storage: exponents.storage.clone(), range: exponents.range.clone() };
    let shape = outer.iter().copied().chain([count * 32, rows]).collect();
    let dtype = Ok(Dtype::Packed(Packing::Mxfp4Apart));
    let whole = StoredTensor::new(dtype, shape, &blocks.storage, blocks.range.clone(), &blocks.file);
    Ok(StoredTensor { swapped: true, scales: Some(Arc::new(scales)), ..whole })
}
