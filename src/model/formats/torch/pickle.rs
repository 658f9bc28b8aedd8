//! What a Python pickle holds, as data: values in one flat list that point at each other by index, so that neither depth
//! nor cycles can hurt.

use super::machine::Machine;
use super::names::Global;

/// A value, by its place in the list.
pub(super) type Id = u32;

/// What a pickle holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// `None`, and whatever nothing asks for
    Nothing,
    Bool(bool),
    Int(i64),
    Text(String),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    /// In the order of the file
    Dict(Vec<(Id, Id)>),
    Global(Global),
    /// What only the file around the pickle can explain: a storage
    Persistent(Id),
    Tensor {
        storage: Id,
        offset: Id,
        size: Id,
        stride: Id,
        /// Where the storage does not say it
        kind: Option<Id>,
    },
    Mark,
}

/// The values of one pickle.
#[derive(Debug)]
pub(super) struct Pickle {
    values: Vec<Value>,
    /// What the file as a whole stands for
    pub(super) root: Id,
    /// Bytes up to its end
    pub(super) len: usize,
}

impl Pickle {
    /// All of them, in the order in which they were made.
    pub(super) fn values(&self) -> impl Iterator<Item = &Value> {
        self.values.iter()
    }
    pub(super) fn get(&self, id: Id) -> &Value {
        &self.values[id as usize]
    }
    pub(super) fn int(&self, id: Id) -> Option<i64> {
        match self.get(id) {
            Value::Int(x) => Some(*x),
            _ => None,
        }
    }
    pub(super) fn text(&self, id: Id) -> Option<&str> {
        match self.get(id) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
    pub(super) fn tuple(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Value::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// Reads one pickle from the start of `bytes`.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut machine = Machine::new(bytes);
        let root = machine.run()?;
        Ok(Self { root, len: machine.at, values: machine.values })
    }
}
