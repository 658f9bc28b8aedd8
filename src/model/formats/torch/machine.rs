//! Python's pickle machine without the one thing that makes it dangerous: calling what a file names.
//!
//! A name outside [`Global`] ends the reading. Own reader, as candle's keeps any callable a file asks for, stops at the
//! first opcode of protocol 4, and recurses as deep as the file likes.
//! Reference: `pickletools.py` in CPython, `_weights_only_unpickler.py` in PyTorch.

use super::names::{Global, named};
use super::pickle::{Id, Value};
use std::collections::HashMap;

/// What stands before the name that ends the reading, in the reason that is given.
pub(super) const FOREIGN: &str = "it asks for ";

/// More values than any model's pickle has.
const MOST_VALUES: usize = 1 << 22;

pub(super) struct Machine<'a> {
    bytes: &'a [u8],
    pub(super) at: usize,
    /// The first is `None`
    pub(super) values: Vec<Value>,
    stack: Vec<Id>,
    memo: HashMap<usize, Id>,
    /// Pairs of dictionaries made of others
    copied: usize,
}

/// Place of `None` in the list of values.
const NOTHING: Id = 0;

impl<'a> Machine<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let (stack, memo) = (Vec::new(), HashMap::new());
        Self { bytes, at: 0, values: vec![Value::Nothing], stack, memo, copied: 0 }
    }

    /// Reads up to the end mark; what is then on top is what the pickle stands for.
    pub(super) fn run(&mut self) -> Result<Id, String> {
        loop {
            if self.values.len().max(self.stack.len()).max(self.copied) > MOST_VALUES {
                return Err("it holds more values than any model".into());
            }
            match self.byte()? {
                b'.' => return self.pop(),
                opcode => self.step(opcode)?,
            }
        }
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8], String> {
        let end = self.at.checked_add(n).filter(|&end| end <= self.bytes.len());
        let end = end.ok_or("it ends in the middle of a value")?;
        let bytes = &self.bytes[self.at..end];
        self.at = end;
        Ok(bytes)
    }
    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        Ok(*self.take(N)?.first_chunk().ok_or("it ends in the middle of a value")?)
    }
    fn byte(&mut self) -> Result<u8, String> {
        self.array::<1>().map(|[byte]| byte)
    }
    fn u32(&mut self) -> Result<usize, String> {
        self.array().map(|bytes| u32::from_le_bytes(bytes) as usize)
    }
    fn u64(&mut self) -> Result<usize, String> {
        usize::try_from(u64::from_le_bytes(self.array()?)).map_err(|error| error.to_string())
    }
    fn line(&mut self) -> Result<&'a str, String> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().take(1000).position(|&byte| byte == b'\n').ok_or("a name has no end")?;
        self.at += end + 1;
        std::str::from_utf8(&rest[..end]).map_err(|_| "a name is no text".into())
    }

    fn push(&mut self, value: Value) {
        self.stack.push(self.values.len() as Id);
        self.values.push(value);
    }
    fn pop(&mut self) -> Result<Id, String> {
        self.stack.pop().ok_or_else(|| "it takes from an empty stack".into())
    }
    fn last(&self) -> Result<Id, String> {
        self.stack.last().copied().ok_or_else(|| "it takes from an empty stack".into())
    }
    /// Everything above the last mark.
    fn marked(&mut self) -> Result<Vec<Id>, String> {
        let is_mark = |id: &Id| self.values[*id as usize] == Value::Mark;
        let mark = self.stack.iter().rposition(is_mark).ok_or("a mark is missing")?;
        let items = self.stack.split_off(mark + 1);
        self.stack.pop();
        Ok(items)
    }
    fn text(&mut self, n: usize) -> Result<(), String> {
        let bytes = self.take(n)?;
        self.push(Value::Text(String::from_utf8_lossy(bytes).into_owned()));
        Ok(())
    }
    /// Bytes that nothing asks for.
    fn skip(&mut self, n: usize) -> Result<(), String> {
        self.take(n)?;
        self.stack.push(NOTHING);
        Ok(())
    }
    fn tuple(&mut self, n: usize) -> Result<(), String> {
        let from = self.stack.len().checked_sub(n).ok_or("it takes from an empty stack")?;
        let items = self.stack.split_off(from);
        self.push(Value::Tuple(items));
        Ok(())
    }
    fn remember(&mut self, index: usize) -> Result<(), String> {
        self.memo.insert(index, self.last()?);
        Ok(())
    }
    fn recall(&mut self, index: usize) -> Result<(), String> {
        let id = self.memo.get(&index).ok_or("it recalls what it never said")?;
        self.stack.push(*id);
        Ok(())
    }

    /// Opcodes that carry their value with them; then those that do not.
    fn step(&mut self, opcode: u8) -> Result<(), String> {
        match opcode {
            0x80 => self.byte().map(|_| ()), // protocol
            0x95 => self.u64().map(|_| ()),  // frame
            b'N' => self.skip(0),
            0x88 | 0x89 => {
                self.push(Value::Bool(opcode == 0x88));
                Ok(())
            }
            b'K' => self.byte().map(|x| self.push(Value::Int(i64::from(x)))),
            b'M' => self.array().map(|x| self.push(Value::Int(i64::from(u16::from_le_bytes(x))))),
            b'J' => self.array().map(|x| self.push(Value::Int(i64::from(i32::from_le_bytes(x))))),
            0x8a => self.long(),
            b'G' => self.skip(8),
            b'X' | b'T' | b'B' => {
                let n = self.u32()?;
                if opcode == b'B' { self.skip(n) } else { self.text(n) }
            }
            0x8c | b'U' | b'C' => {
                let n = self.byte()?;
                if opcode == b'C' { self.skip(n.into()) } else { self.text(n.into()) }
            }
            0x8d => {
                let n = self.u64()?;
                self.text(n)
            }
            0x8e | 0x96 => {
                let n = self.u64()?;
                self.skip(n)
            }
            other => self.compose(other),
        }
    }

    /// Opcodes that take what others left on the stack.
    fn compose(&mut self, opcode: u8) -> Result<(), String> {
        match opcode {
            b'(' => {
                self.push(Value::Mark);
                Ok(())
            }
            b')' => self.tuple(0),
            0x85..=0x87 => self.tuple(usize::from(opcode - 0x84)),
            b't' => self.marked().map(|items| self.push(Value::Tuple(items))),
            b']' | 0x8f => {
                self.push(Value::List(Vec::new()));
                Ok(())
            }
            b'}' => {
                self.push(Value::Dict(Vec::new()));
                Ok(())
            }
            b'l' | 0x91 => self.marked().map(|items| self.push(Value::List(items))),
            b'a' => {
                let item = self.pop()?;
                self.extend(vec![item])
            }
            b'e' | 0x90 => {
                let items = self.marked()?;
                self.extend(items)
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.set(&[key, value])
            }
            b'u' => {
                let items = self.marked()?;
                self.set(&items)
            }
            b'd' => {
                let items = self.marked()?;
                self.push(Value::Dict(Vec::new()));
                self.set(&items)
            }
            b'0' => self.pop().map(|_| ()),
            b'1' => self.marked().map(|_| ()),
            b'2' => self.last().map(|id| self.stack.push(id)),
            b'q' => {
                let index = self.byte()?;
                self.remember(index.into())
            }
            b'r' => {
                let index = self.u32()?;
                self.remember(index)
            }
            0x94 => self.remember(self.memo.len()),
            b'h' => {
                let index = self.byte()?;
                self.recall(index.into())
            }
            b'j' => {
                let index = self.u32()?;
                self.recall(index)
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.global(module, name)
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                match (self.values[module as usize].clone(), self.values[name as usize].clone()) {
                    (Value::Text(module), Value::Text(name)) => self.global(&module, &name),
                    _ => Err("it names something by what is no text".into()),
                }
            }
            b'Q' => {
                let id = self.pop()?;
                self.push(Value::Persistent(id));
                Ok(())
            }
            b'R' | 0x81 => {
                let (arguments, callee) = (self.pop()?, self.pop()?);
                self.make(callee, arguments)
            }
            // State laid over an object: a dictionary's own attributes, which nothing asks for
            b'b' => self.pop().and_then(|_| self.last()).map(|_| ()),
            other => Err(format!("opcode {other:#04x} is unknown")),
        }
    }

    /// A whole number of up to 255 bytes; those above 63 bits are the magic of the legacy layout.
    fn long(&mut self) -> Result<(), String> {
        let n = self.byte()?;
        let bytes = self.take(n.into())?;
        let mut word = if bytes.last().is_some_and(|byte| byte & 0x80 != 0) { [0xff; 8] } else { [0; 8] };
        let value = match word.get_mut(..bytes.len()) {
            Some(low) => {
                low.copy_from_slice(bytes);
                Value::Int(i64::from_le_bytes(word))
            }
            None if bytes == MAGIC => Value::Text(MAGIC_WORD.into()),
            None => Value::Nothing,
        };
        self.push(value);
        Ok(())
    }

    fn extend(&mut self, items: Vec<Id>) -> Result<(), String> {
        let last = self.last()? as usize;
        match &mut self.values[last] {
            Value::List(list) => list.extend(items),
            _ => return Err("it adds to what is no list".into()),
        }
        Ok(())
    }
    fn set(&mut self, items: &[Id]) -> Result<(), String> {
        let (pairs, rest) = items.as_chunks::<2>();
        let last = self.last()? as usize;
        match &mut self.values[last] {
            Value::Dict(dict) if rest.is_empty() => {
                dict.extend(pairs.iter().map(|&[key, value]| (key, value)));
            }
            _ => return Err("it adds pairs to what is no dictionary".into()),
        }
        Ok(())
    }
    fn global(&mut self, module: &str, name: &str) -> Result<(), String> {
        let Some(global) = named(module, name) else {
            let name: String =
                format!("{module}.{name}").chars().filter(|c| !c.is_control()).take(100).collect();
            return Err(format!("{FOREIGN}{name}"));
        };
        self.push(Value::Global(global));
        Ok(())
    }

    /// What a known name makes of its arguments.
    fn make(&mut self, callee: Id, arguments: Id) -> Result<(), String> {
        let Value::Global(global) = self.values[callee as usize] else {
            return Err("it calls what is no name".into());
        };
        let Value::Tuple(items) = &self.values[arguments as usize] else {
            return Err("it calls with what are no arguments".into());
        };
        let value = match (global, &items[..]) {
            (Global::Dict, []) => Value::Dict(Vec::new()),
            (Global::Dict, &[pairs, ..]) => {
                let pairs = self.pairs(pairs);
                // Copied as often as the file asks: counted, so that a short file cannot ask for much
                self.copied += pairs.len();
                Value::Dict(pairs)
            }
            (Global::Tensor, &[storage, offset, size, stride, ..]) => {
                Value::Tensor { storage, offset, size, stride, kind: None }
            }
            (Global::TypedTensor, &[storage, offset, size, stride, _, _, kind, ..]) => {
                Value::Tensor { storage, offset, size, stride, kind: Some(kind) }
            }
            (Global::Parameter, &[tensor, ..]) => {
                self.stack.push(tensor);
                return Ok(());
            }
            (Global::Subclass, &[function, _, arguments, ..]) if function != callee => {
                let Value::Global(inner) = self.values[function as usize] else {
                    return Err("it calls what is no name".into());
                };
                return if inner == Global::Subclass {
                    Err("it calls itself".into())
                } else {
                    self.make(function, arguments)
                };
            }
            // A size's tuple is read as the tuple it is made of
            (Global::Container, &[items, ..]) => {
                self.stack.push(items);
                return Ok(());
            }
            (Global::Container | Global::Ignored, _) => Value::Nothing,
            _ => return Err("a tensor lacks some of its parts".into()),
        };
        self.push(value);
        Ok(())
    }

    /// The pairs that a dictionary is made of.
    fn pairs(&self, id: Id) -> Vec<(Id, Id)> {
        match &self.values[id as usize] {
            Value::Dict(pairs) => pairs.clone(),
            Value::List(items) => {
                let pair = |item: &Id| match &self.values[*item as usize] {
                    Value::Tuple(pair) | Value::List(pair) if pair.len() == 2 => Some((pair[0], pair[1])),
                    _ => None,
                };
                items.iter().filter_map(pair).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The number that a legacy file begins with, as the pickle has it.
const MAGIC: &[u8] = &[0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
/// What it reads as here.
pub(super) const MAGIC_WORD: &str = "\u{0}legacy";
