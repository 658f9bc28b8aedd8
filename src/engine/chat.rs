//! A conversation, written down as the open model wants it.

use super::{Prompt, RunError};
use crate::model::{Message, Model};

/// The prompt of a user's turn, with what was said before it (a system message, earlier turns; a turn without words is
/// none) and the answer's beginning behind it.
pub fn chat_prompt(model: &Model, before: &[Message], user: &str) -> Result<Prompt, RunError> {
    let mut messages: Vec<Message> =
        before.iter().filter(|turn| !turn.content.trim().is_empty()).cloned().collect();
    messages.push(Message::new("user", user));
    render_chat(model, &messages, true).map(Prompt::Framed)
}

/// Writes messages down by the model's own template. `add_generation_prompt` opens the assistant's next turn.
pub fn render_chat(
    model: &Model,
    messages: &[Message],
    add_generation_prompt: bool,
) -> Result<String, RunError> {
    let template =
        model.chat_template.as_ref().ok_or_else(|| RunError::NoChatTemplate(model.name.clone()))?;
    let date = |format: &str| {
        let now = jiff::ZonedDateTime::now();
        jiff::fmt::strtime::format(format, &now).unwrap_or_else(|_| now.date().to_string())
    };
    Ok(template.render(messages, add_generation_prompt, date)?)
}
