//! A row of a family's table: which of the file's tensors is which canonical weight, and how it is read.

use super::Rows;
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::ModelSpec;

/// Names the tensors that a block shares with others, for the configuration and the block's number.
pub(in crate::model) type Group = fn(&Config, usize) -> Result<String, SpecError>;

/// Ours ← theirs.
#[derive(Clone, Copy)]
pub(in crate::model) struct Map {
    pub(in crate::model) ours: &'static str,
    pub(in crate::model) theirs: &'static str,
    /// Read the first of these that is there where `theirs` is not (tied weights)
    pub(in crate::model) fallbacks: [Option<&'static str>; 2],
    /// Stored [out, in], read as [in, out]
    pub(in crate::model) turned: bool,
    /// Which of the tensor's outputs (all, where there is nothing here)
    pub(in crate::model) rows: Option<fn(&ModelSpec, usize) -> Rows>,
    /// A tensor that holds just these outputs, of the one expert where there are experts: read where it is there
    pub(in crate::model) apart: Option<&'static str>,
    /// What `{g}` in `theirs` stands for, where blocks share their weights
    pub(in crate::model) group: Option<Group>,
    /// The tensor holds all experts' weights one after the other
    pub(in crate::model) sliced: bool,
    /// The file may have given this vector more dimensions
    pub(in crate::model) flat: bool,
    pub(in crate::model) needed: Needed,
}

/// When a model cannot do without a weight.
#[derive(Clone, Copy)]
pub(in crate::model) enum Needed {
    Always,
    /// Used where present
    Optional,
    /// Needed exactly when this key of `config.json` is true, and else not read
    If(&'static str),
    /// Not read exactly when this key of `config.json` is false, and else needed
    Unless(&'static str),
    /// Not read where the configuration is so, and else needed
    Without(fn(&Config) -> Result<bool, SpecError>),
}

pub(super) const fn from(ours: &'static str, theirs: &'static str) -> Map {
    Map {
        ours,
        theirs,
        fallbacks: [None; 2],
        turned: false,
        rows: None,
        apart: None,
        group: None,
        sliced: false,
        flat: false,
        needed: Needed::Always,
    }
}

impl Map {
    pub(super) const fn turned(self) -> Self {
        Self { turned: true, ..self }
    }
    pub(super) const fn or(self, fallback: &'static str) -> Self {
        let [first, _] = self.fallbacks;
        match first {
            None => Self { fallbacks: [Some(fallback), None], ..self },
            Some(_) => Self { fallbacks: [first, Some(fallback)], ..self },
        }
    }
    /// Of a fused tensor: one of the selections in `fused`
    pub(super) const fn rows(self, rows: fn(&ModelSpec, usize) -> Rows) -> Self {
        Self { rows: Some(rows), ..self }
    }
    /// Some files keep apart what others fuse
    pub(super) const fn apart(self, theirs: &'static str) -> Self {
        Self { apart: Some(theirs), ..self }
    }
    /// From the tensors that this block shares with others
    pub(super) const fn shared(self, group: Group) -> Self {
        Self { group: Some(group), ..self }
    }
    pub(super) const fn sliced(self) -> Self {
        Self { sliced: true, ..self }
    }
    pub(super) const fn flat(self) -> Self {
        Self { flat: true, ..self }
    }
    pub(super) const fn unless_off(self, key: &'static str) -> Self {
        Self { needed: Needed::Unless(key), ..self }
    }
    pub(super) const fn optional(self) -> Self {
        Self { needed: Needed::Optional, ..self }
    }
    pub(super) const fn unless(self, without: fn(&Config) -> Result<bool, SpecError>) -> Self {
        Self { needed: Needed::Without(without), ..self }
    }
    pub(super) const fn when(self, key: &'static str) -> Self {
        Self { needed: Needed::If(key), ..self }
    }
}
