//! Words of the log and of the panes' menu, by meaning.

use crate::app::journal::Level;

/// One language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is its own English text, below")]
pub struct JournalWords {
    pub title: &'static str,
    /// Entries in sight, all of them.
    pub subtitle: fn(usize, usize) -> String,
    pub copy: &'static str,
    pub empty: &'static str,
    pub level: fn(Level) -> &'static str,
    pub loaded: fn(&str) -> String,
    pub opened: fn(&str) -> String,
    /// Model, tokens.
    pub ran: fn(&str, usize) -> String,
    pub changed: &'static str,
    pub cancelled: &'static str,
    /// Identities that hold, all of them.
    pub checked: fn(usize, usize) -> String,
    pub fetched: fn(&str) -> String,
    // Topics of panes
    pub attention: &'static str,
    pub states: &'static str,
    pub answer: &'static str,
}

/// English.
pub(super) const ENGLISH: JournalWords = JournalWords {
    title: "Log",
    subtitle: |shown, all| {
        if shown == all { format!("{all} entries") } else { format!("{shown} of {all} entries") }
    },
    copy: "Copy all",
    empty: "Nothing of this level has happened yet",
    level: |level| match level {
        Level::Info => "All",
        Level::Warning => "Warnings",
        Level::Error => "Errors",
    },
    loaded: |name| format!("Model loaded: {name}"),
    opened: |name| format!("Saved run opened: {name}"),
    ran: |name, n| format!("{name} ran on {n} tokens"),
    changed: "Run again with interventions",
    cancelled: "Cancelled",
    checked: |held, all| format!("Numbers checked: {held} of {all} identities hold"),
    fetched: |path| format!("Model fetched: {path}"),
    attention: "Attention",
    states: "Hidden states",
    answer: "Answer",
};

/// 简体中文.
pub(super) const CHINESE: JournalWords = JournalWords {
    title: "日志",
    subtitle: |shown, all| {
        if shown == all { format!("{all} 条") } else { format!("{all} 条中的 {shown} 条") }
    },
    copy: "全部复制",
    empty: "还没有这一级别的记录",
    level: |level| match level {
        Level::Info => "全部",
        Level::Warning => "警告",
        Level::Error => "错误",
    },
    loaded: |name| format!("已加载模型：{name}"),
    opened: |name| format!("已打开保存的运行：{name}"),
    ran: |name, n| format!("{name} 已运行 {n} 个词元"),
    changed: "已按干预重新运行",
    cancelled: "已取消",
    checked: |held, all| format!("已检查数值：{all} 条恒等式中 {held} 条成立"),
    fetched: |path| format!("已获取模型：{path}"),
    attention: "注意力",
    states: "隐藏状态",
    answer: "回答",
};
