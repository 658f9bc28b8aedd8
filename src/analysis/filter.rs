//! Heads by an expression: `induction > 0.5`, `layer < 3 and entropy < 1`, `not (sink >= .8 or 3.*)`.
//!
//! `or` binds least, then `and`, then `not`. A term compares a measure, `layer` or `head` with a number, lists heads as
//! `3.5, 4.*`, or asks for a role: `role = induction`, `role != sink`, `role = none`. A head that has several is found by
//! each. Measures and roles go by their ids, or by names that the caller knows.

use super::{
    MEASURES, Measure,
    atlas::{ROLES, Role, RoleSet, Roles},
};
use crate::{
    model::HeadId,
    trace::{HeadMeasures, Trace},
};
use std::str::FromStr;

/// How deep brackets and `not` may stand in one another.
const DEEPEST: usize = 64;

/// What a head is asked.
#[derive(Clone, Debug)]
pub struct Filter(Node);

/// An expression that does not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` does not read at character {}: expected {expected}", self.character())]
pub struct FilterError {
    /// The whole expression.
    pub text: String,
    /// The byte where it stops making sense.
    pub at: usize,
    /// What could stand there.
    pub expected: &'static str,
}

impl FilterError {
    /// The place as people count, from 1.
    pub fn character(&self) -> usize {
        self.text[..self.at].chars().count() + 1
    }
}

#[derive(Clone, Debug)]
enum Node {
    /// One of these; a list and no tree, as a long one must not take a deep stack
    Any(Vec<Node>),
    /// All of these
    All(Vec<Node>),
    Not(Box<Node>),
    Compare(Value, Operator, f64),
    /// Layer and head; none: any.
    Head(Option<usize>, Option<usize>),
    /// A role; none: that there is no role.
    Role(Option<&'static Role>),
}

/// What a name stands for.
#[derive(Clone, Copy, Debug)]
pub enum Named {
    /// A measure
    Measure(&'static Measure),
    /// A role
    Role(&'static Role),
    /// The word `role`
    WordRole,
    /// The word `none`
    NoRole,
}

#[derive(Clone, Copy, Debug)]
enum Value {
    Layer,
    Head,
    Of(&'static Measure),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Less,
    AtMost,
    Equal,
    Other,
    AtLeast,
    More,
}

/// Longer spellings first.
const OPERATORS: [(&str, Operator); 9] = [
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("!=", Operator::Other),
    ("==", Operator::Equal),
    ("≤", Operator::AtMost),
    ("≥", Operator::AtLeast),
    ("<", Operator::Less),
    (">", Operator::More),
    ("=", Operator::Equal),
];

impl Filter {
    /// Reads an expression; `names` are other names of measures and roles. Case does not matter.
    pub fn parse(text: &str, names: &[(&str, Named)]) -> Result<Self, FilterError> {
        let mut parser = Parser { text, at: 0, names };
        let node = parser.either(0)?;
        parser.space();
        if parser.at < text.len() {
            return Err(parser.expected("`and`, `or` or the end"));
        }
        Ok(Self(node))
    }

    /// The heads of a run that pass, by layer; those of layers that are not computed yet do not.
    pub fn heads<'a>(&'a self, trace: &'a Trace, roles: &'a Roles) -> impl Iterator<Item = HeadId> + 'a {
        trace.head_ids().filter(|&head| self.keeps(trace, roles, head))
    }

    /// Whether a head of a run passes.
    pub fn keeps(&self, trace: &Trace, roles: &Roles, head: HeadId) -> bool {
        let in_part = trace.spec.head_in_part(head);
        head.layer < trace.layers_done() && self.passes(in_part, &trace.measures(head), roles.of(head))
    }

    /// Whether a head with these measures and roles passes. `head`: its layer counted within its part of the model.
    pub fn passes(&self, head: HeadId, measures: &HeadMeasures, roles: RoleSet) -> bool {
        self.0.holds(head, measures, roles)
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse(text, &[])
    }
}

impl Node {
    fn holds(&self, id: HeadId, measures: &HeadMeasures, roles: RoleSet) -> bool {
        match self {
            Self::Any(nodes) => nodes.iter().any(|node| node.holds(id, measures, roles)),
            Self::All(nodes) => nodes.iter().all(|node| node.holds(id, measures, roles)),
            Self::Not(node) => !node.holds(id, measures, roles),
            Self::Role(Some(role)) => roles.has(role),
            Self::Role(None) => roles.first().is_none(),
            Self::Head(layer, head) => {
                layer.is_none_or(|layer| layer == id.layer) && head.is_none_or(|head| head == id.head)
            }
            Self::Compare(value, operator, number) => {
                let value = match value {
                    Value::Layer => id.layer as f64,
                    Value::Head => id.head as f64,
                    Value::Of(measure) => (measure.value)(measures),
                };
                match operator {
                    Operator::Less => value < *number,
                    Operator::AtMost => value <= *number,
                    Operator::Equal => (value - number).abs() < 1e-9,
                    Operator::Other => (value - number).abs() >= 1e-9,
                    Operator::AtLeast => value >= *number,
                    Operator::More => value > *number,
                }
            }
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    names: &'a [(&'a str, Named)],
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn expected(&self, expected: &'static str) -> FilterError {
        FilterError { text: self.text.to_owned(), at: self.at, expected }
    }

    /// Takes a sign, where it stands next.
    fn sign(&mut self, sign: &str) -> bool {
        self.space();
        let there = self.rest().starts_with(sign);
        self.at += if there { sign.len() } else { 0 };
        there
    }

    /// Whether a word stands next, in whatever case, and ends there.
    fn is_word(&self, word: &str) -> bool {
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let ends = word.ends_with(letters);
        self.rest().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
            && !(ends && self.rest()[word.len()..].starts_with(letters))
    }

    fn word(&mut self, word: &str) -> bool {
        self.space();
        let there = self.is_word(word);
        self.at += if there { word.len() } else { 0 };
        there
    }

    fn either(&mut self, depth: usize) -> Result<Node, FilterError> {
        let mut nodes = vec![self.both(depth)?];
        while self.word("or") {
            nodes.push(self.both(depth)?);
        }
        Ok(Node::Any(nodes))
    }

    fn both(&mut self, depth: usize) -> Result<Node, FilterError> {
        let mut nodes = vec![self.one(depth)?];
        while self.word("and") {
            nodes.push(self.one(depth)?);
        }
        Ok(Node::All(nodes))
    }

    fn one(&mut self, depth: usize) -> Result<Node, FilterError> {
        if depth > DEEPEST {
            return Err(self.expected("fewer brackets"));
        }
        if self.word("not") {
            return Ok(Node::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.sign("(") {
            let node = self.either(depth + 1)?;
            return if self.sign(")") { Ok(node) } else { Err(self.expected("`)`")) };
        }
        self.space();
        if self.rest().starts_with(|c: char| c.is_ascii_digit() || c == '*') {
            return self.heads();
        }
        let of_roles = self.names.iter().filter(|(_, named)| matches!(named, Named::WordRole));
        if std::iter::once("role").chain(of_roles.map(|&(name, _)| name)).any(|name| self.word(name)) {
            return self.role();
        }
        let value = self.value()?;
        let operator = self.operator(|_| true).ok_or_else(|| self.expected("a comparison such as > 0.5"))?;
        Ok(Node::Compare(value, operator, self.number()?))
    }

    /// A measure's name, the longest that fits.
    fn value(&mut self) -> Result<Value, FilterError> {
        let ids = MEASURES.iter().flat_map(|measure| [(measure.id, measure), (measure.label, measure)]);
        let others = self.names.iter().filter_map(|&(name, named)| match named {
            Named::Measure(measure) => Some((name, measure)),
            _ => None,
        });
        let measures = ids.chain(others).map(|(name, measure)| (name, Value::Of(measure)));
        let all = [("layer", Value::Layer), ("head", Value::Head)].into_iter().chain(measures);
        self.longest(all)
            .ok_or_else(|| self.expected("a measure, `layer`, `head`, `role` or a head such as 3.5"))
    }

    /// What the longest of these names stands for that stands next.
    fn longest<'n, T>(&mut self, names: impl Iterator<Item = (&'n str, T)>) -> Option<T> {
        let found = names.filter(|(name, _)| self.is_word(name)).max_by_key(|(name, _)| name.len());
        let (name, value) = found?;
        self.at += name.len();
        Some(value)
    }

    /// The operator that stands next, where it fits.
    fn operator(&mut self, fits: impl Fn(Operator) -> bool) -> Option<Operator> {
        self.space();
        let &(sign, operator) = OPERATORS.iter().find(|(sign, _)| self.rest().starts_with(sign))?;
        fits(operator).then(|| {
            self.at += sign.len();
            operator
        })
    }

    /// `= induction`, `!= sink`, `= none`
    fn role(&mut self) -> Result<Node, FilterError> {
        let operator = self.operator(|own| matches!(own, Operator::Equal | Operator::Other));
        let operator = operator.ok_or_else(|| self.expected("`=` or `!=`"))?;
        self.space();
        let ids = ROLES.iter().flat_map(|role| [(role.id, Some(role)), (role.label, Some(role))]);
        let others = self.names.iter().filter_map(|&(name, named)| match named {
            Named::Role(role) => Some((name, Some(role))),
            Named::NoRole => Some((name, None)),
            Named::Measure(_) | Named::WordRole => None,
        });
        let found = self.longest(ids.chain([("none", None)]).chain(others));
        let role = found.ok_or_else(|| self.expected("a role such as `induction`, or `none`"))?;
        let node = Node::Role(role);
        Ok(if matches!(operator, Operator::Other) { Node::Not(Box::new(node)) } else { node })
    }

    fn number(&mut self) -> Result<f64, FilterError> {
        self.space();
        let length = self.rest().find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-'));
        let length = length.unwrap_or(self.rest().len());
        let number = self.rest()[..length].parse().map_err(|_| self.expected("a number"))?;
        self.at += length;
        Ok(number)
    }

    /// `3.5, 4.*`
    fn heads(&mut self) -> Result<Node, FilterError> {
        let mut nodes = vec![self.head()?];
        while self.sign(",") {
            self.space();
            nodes.push(self.head()?);
        }
        Ok(Node::Any(nodes))
    }

    fn head(&mut self) -> Result<Node, FilterError> {
        let layer = self.index()?;
        if !self.rest().starts_with('.') {
            return Err(self.expected("`.` and a head, as in 3.5 or 4.*"));
        }
        self.at += 1;
        Ok(Node::Head(layer, self.index()?))
    }

    fn index(&mut self) -> Result<Option<usize>, FilterError> {
        if self.rest().starts_with('*') {
            self.at += 1;
            return Ok(None);
        }
        let length = self.rest().find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest().len());
        let index = self.rest()[..length].parse().map_err(|_| self.expected("a head such as 3.5 or 4.*"))?;
        self.at += length;
        Ok(Some(index))
    }
}
