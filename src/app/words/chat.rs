//! Words of conversations.

use crate::model::ROLES;

/// One language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is its own English text, below")]
pub struct ChatWords {
    /// Who speaks, in the order of [`ROLES`].
    pub roles: [&'static str; 3],
    /// A turn's field, for screen readers: its number and who speaks.
    pub turn: fn(usize, &str) -> String,
    pub hint: &'static str,
    pub add: &'static str,
    pub add_why: &'static str,
    pub remove: &'static str,
}

impl ChatWords {
    /// Who speaks, as a template calls it.
    pub fn role<'a>(&self, role: &'a str) -> &'a str
    where
        Self: 'static,
    {
        ROLES.iter().position(|own| *own == role).map_or(role, |place| self.roles[place])
    }
}

/// English.
pub(super) const ENGLISH: ChatWords = ChatWords {
    roles: ["system", "user", "assistant"],
    turn: |number, role| format!("turn {number}: {role}"),
    hint: "What was said",
    add: "+ earlier turn",
    add_why: "Adds a turn of the conversation before the prompt, which is the user's last one",
    remove: "Remove the turn",
};

/// 简体中文.
pub(super) const CHINESE: ChatWords = ChatWords {
    roles: ["系统", "用户", "助手"],
    turn: |number, role| format!("第 {number} 轮：{role}"),
    hint: "说了什么",
    add: "+ 之前的一轮",
    add_why: "在提示词之前加一轮对话；提示词本身是用户的最后一轮",
    remove: "删除这一轮",
};
