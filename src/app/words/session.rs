//! Words about sessions, notes, token edits and hints.

/// One language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is its own English text, below")]
pub struct SessionWords {
    pub title: &'static str,
    pub what: &'static str,
    pub path: &'static str,
    pub crashed: &'static str,
    pub recover: &'static str,
    /// The folder, and the system's reason.
    pub not_kept: fn(&str, &str) -> String,
    pub not_kept_hint: &'static str,
    /// How many files were dropped beside those that are opened.
    pub dropped_more: fn(usize) -> String,
    pub broken_settings: fn(&str) -> String,
    pub note: &'static str,
    pub note_at: fn(&str, &str, &str) -> String,
    pub note_hint: &'static str,
    pub notes: &'static str,
    pub add_note: &'static str,
    pub no_prompt: fn(&str, &str) -> String,
    pub remove_note: &'static str,
    pub history: &'static str,
    pub no_history: &'static str,
    pub token_drop: &'static str,
    pub token_swap: &'static str,
    pub token_replace: &'static str,
    pub token_insert: &'static str,
    pub token_text: &'static str,
    pub token_run: &'static str,
    pub hint_write: (&'static str, &'static str),
    pub hint_heads: (&'static str, &'static str),
    pub hint_row: &'static str,
    pub hint_row_is: fn(&str, &str) -> String,
    pub hint_next: fn(&str) -> String,
    pub hint_next_sub: &'static str,
    pub hints_done: &'static str,
    pub hint_close: &'static str,
}

/// English.
pub(super) const ENGLISH: SessionWords = SessionWords {
    title: "Save the session",
    what: "Model, prompt, selection, interventions, notes and layout in one small file",
    path: "File to write",
    crashed: "The window before this one did not end by itself; what it had open was kept",
    recover: "Bring it back",
    not_kept: |folder, why| format!("What is open cannot be kept against a crash ({why}): {folder}"),
    not_kept_hint: "Ctrl+S saves the session elsewhere",
    dropped_more: |left| {
        format!("A model and a prompt are opened at a time; of what was dropped, {left} more stayed shut")
    },
    broken_settings: |copy| {
        format!(
            "Some settings could not be read and are back at their usual values; the old file is kept: {copy}"
        )
    },
    note: "Note",
    note_at: |head, query, key| format!("{head} · {query} → {key}"),
    note_hint: "What is to be remembered about this cell",
    notes: "Notes",
    add_note: "Write a note…",
    no_prompt: |path, why| format!("the prompt cannot be read ({why}): {path}"),
    remove_note: "Remove the note",
    history: "Earlier prompts",
    no_history: "No other prompt was run there",
    token_drop: "Drop this token",
    token_swap: "Swap with the next",
    token_replace: "Replace…",
    token_insert: "Insert before…",
    token_text: "Text of the token",
    token_run: "Run with it",
    hint_write: ("Write here", "Ctrl+Enter runs it again"),
    hint_heads: (
        "Each picture is one attention head",
        "It shows which token looks back at which; click one to see it large",
    ),
    hint_row: "Read the framed row",
    hint_row_is: |query, key| format!("After {query} the model looks back at {key}"),
    hint_next: |word| format!("So it says {word}"),
    hint_next_sub: "Right-click the head and cut it, then see what it says",
    hints_done: "Do not show these hints again",
    hint_close: "Close this hint",
};

/// 简体中文.
pub(super) const CHINESE: SessionWords = SessionWords {
    title: "保存会话",
    what: "模型、提示词、选择、干预、笔记和布局，存为一个小文件",
    path: "写入的文件",
    crashed: "上一个窗口没有正常结束；当时打开的内容已保留",
    recover: "恢复",
    not_kept: |folder, why| format!("无法自动保存当前内容以防崩溃（{why}）：{folder}"),
    not_kept_hint: "可按 Ctrl+S 把会话存到别处",
    dropped_more: |left| format!("一次只打开一个模型和一个提示词；拖入的文件中另有 {left} 个没有打开"),
    broken_settings: |copy| format!("部分设置无法读取，已恢复为默认值；原文件保留在：{copy}"),
    note: "笔记",
    note_at: |head, query, key| format!("{head}：{query} → {key}"),
    note_hint: "关于这个格子要记住什么",
    notes: "笔记",
    add_note: "写笔记…",
    no_prompt: |path, why| format!("无法读取提示词（{why}）：{path}"),
    remove_note: "删除笔记",
    history: "以前的提示词",
    no_history: "那边没有运行过的提示词",
    token_drop: "去掉这个词元",
    token_swap: "与下一个对调",
    token_replace: "替换…",
    token_insert: "在前面插入…",
    token_text: "词元的文字",
    token_run: "照此运行",
    hint_write: ("在这里写一句话", "Ctrl + 回车，再跑一遍"),
    hint_heads: ("每个小图是一个注意力头", "哪个词回头看哪个词，一图看尽；点一下，在右边放大"),
    hint_row: "看橙框这一行",
    hint_row_is: |query, key| format!("在 {query} 之后，模型回头看 {key}"),
    hint_next: |word| format!("于是它说：{word}"),
    hint_next_sub: "右键点击这个头并剪断它，再看它说什么",
    hints_done: "不再显示这四条提示",
    hint_close: "关闭这条提示",
};
