//! Words of the flow, by meaning.

use super::grouped;

/// One language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is its own English text, below")]
pub struct FlowWords {
    pub flow: &'static str,
    pub threshold: &'static str,
    /// Lines drawn, lines that passed.
    pub lines: fn(usize, usize) -> String,
    pub keys: &'static str,
    pub queries: &'static str,
    /// Tokens, for screen readers.
    pub key_named: fn(&str) -> String,
    pub query_named: fn(&str) -> String,
    /// A head's switch, for screen readers.
    pub head_named: fn(&str) -> String,
    pub head_hint: &'static str,
    /// Chosen heads of other layers, on the button that lists them.
    pub others: fn(usize) -> String,
}

/// English.
pub(super) const ENGLISH: FlowWords = FlowWords {
    flow: "Flow",
    threshold: "from weight",
    lines: |drawn, found| {
        let (drawn, found) = (drawn as u64, found as u64);
        match drawn {
            1 if found == 1 => "1 line".to_owned(),
            _ if drawn == found => format!("{} lines", grouped(found)),
            _ => format!("the strongest {} of {} lines", grouped(drawn), grouped(found)),
        }
    },
    keys: "looked at",
    queries: "looks",
    key_named: |token| format!("flow key {token}"),
    query_named: |token| format!("flow query {token}"),
    head_named: |head| format!("lines of head {head}"),
    head_hint: "A click draws its lines too, or takes them away",
    others: |n| format!("+ {n} of other layers"),
};

/// Simplified Chinese.
pub(super) const CHINESE: FlowWords = FlowWords {
    flow: "连线",
    threshold: "权重不低于",
    lines: |drawn, found| {
        let (drawn, found) = (drawn as u64, found as u64);
        if drawn == found {
            format!("{} 条线", grouped(found))
        } else {
            format!("{} 条线中最强的 {} 条", grouped(found), grouped(drawn))
        }
    },
    keys: "被看",
    queries: "在看",
    key_named: |token| format!("连线的键 {token}"),
    query_named: |token| format!("连线的查询 {token}"),
    head_named: |head| format!("头 {head} 的连线"),
    head_hint: "单击可加上或去掉它的连线",
    others: |n| format!("+ 其他层的 {n} 个头"),
};
