//! Heads and cells as they are typed, in a model.

use crate::analysis::{Cell, CellName};
use crate::export::Ranges;
use crate::model::{HeadName, ModelSpec};
use crate::trace::HeadId;

/// The head that a name of the command line means.
pub(crate) fn named(spec: &ModelSpec, name: HeadName) -> anyhow::Result<HeadId> {
    match (spec.head(name), name.part) {
        (Some(head), _) => Ok(head),
        (None, None) => Ok(name.head),
        (None, Some(_)) => {
            let parts = spec.parts().into_iter();
            let parts = parts.map(|(part, layers)| format!("layers {}", Ranges::of_part(part, layers.len())));
            anyhow::bail!("the model has no head {name}: it has {}", parts.collect::<Vec<_>>().join(", "))
        }
    }
}

/// The heads that are meant. A part that the model does not have, or no such layer or head of it, is an error that says
/// what there is; plain numbers are left to whoever reads the head.
pub(crate) fn picked(spec: &ModelSpec, names: &[HeadName]) -> anyhow::Result<Vec<HeadId>> {
    names.iter().map(|&name| named(spec, name)).collect()
}

/// The cell that a name means.
pub(crate) fn cell(spec: &ModelSpec, name: CellName) -> anyhow::Result<Cell> {
    Ok(Cell { head: named(spec, name.head)?, query: name.query, key: name.key })
}
