//! The two halves of a matrix that makes keys and values from a short vector, put together again.

use super::translate::read;
use crate::model::stored::{Dtype, Storage, StoredTensor};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Makes one tensor, [head · (key, value), in], of every `…#keys`, [head, in, key], and `…#values`, [head, value, in].
/// Halves that do not fit are left out, so that the whole is missed by its name.
pub(super) fn join(map: &mut BTreeMap<String, StoredTensor>) {
    let names: Vec<_> = map.keys().filter_map(|name| name.strip_suffix("#keys").map(str::to_owned)).collect();
    for name in names {
        let halves = map.remove(&format!("{name}#keys")).zip(map.remove(&format!("{name}#values")));
        if let Some(joined) = halves.and_then(|(keys, values)| joined(&keys, &values)) {
            map.insert(name, joined);
        }
    }
}

fn joined(keys: &StoredTensor, values: &StoredTensor) -> Option<StoredTensor> {
    let (&[heads, inputs, key], &[others, value, width]) = (&keys.shape[..], &values.shape[..]) else {
        return None;
    };
    if heads != others || inputs != width {
        return None;
    }
    let (of_keys, of_values) = (read(keys)?, read(values)?);
    let (keys_of_head, values_of_head) = (inputs.checked_mul(key)?, value.checked_mul(inputs)?);
    let mut numbers = Vec::with_capacity(of_keys.len() + of_values.len());
    for head in 0..heads {
        let turned = of_keys.get(head * keys_of_head..)?.get(..keys_of_head)?;
        numbers.extend((0..key).flat_map(|row| (0..inputs).map(move |column| turned[column * key + row])));
        numbers.extend_from_slice(of_values.get(head * values_of_head..)?.get(..values_of_head)?);
    }
    Some(StoredTensor {
        dtype: Ok(Dtype::F32),
        shape: vec![heads * (key + value), inputs],
        storage: Arc::new(Storage::owned(bytemuck::cast_slice(&numbers))),
        range: 0..4 * numbers.len(),
        ..keys.clone()
    })
}
