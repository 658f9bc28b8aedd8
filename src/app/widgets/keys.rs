//! How a shortcut reads: signs and arrows as they stand on the keys, whatever the language.

use egui::{Context, Key, KeyboardShortcut};

/// `Ctrl+↑`, `[`, `Shift+F11`.
pub fn shown(ctx: &Context, shortcut: &KeyboardShortcut) -> String {
    let text = ctx.format_shortcut(shortcut);
    let sign = match shortcut.logical_key {
        Key::ArrowLeft => "←",
        Key::ArrowRight => "→",
        Key::ArrowUp => "↑",
        Key::ArrowDown => "↓",
        Key::Plus => "+",
        Key::Minus => "−",
        Key::OpenBracket => "[",
        Key::CloseBracket => "]",
        Key::Comma => ",",
        Key::Period => ".",
        Key::Slash => "/",
        Key::Backslash => "\\",
        _ => return text,
    };
    match text.strip_suffix(shortcut.logical_key.name()) {
        Some(before) => format!("{before}{sign}"),
        None => text,
    }
}
