//! The conversation before the prompt: who said what, for models that have a template.

use crate::{
    app::{
        command::Command,
        scene::{Out, Scene},
        theme::{self, BODY},
        widgets,
    },
    model::{Message, ROLES},
};
use egui::{Align, Layout, TextEdit, Ui};

/// Whether the prompt is put as a chat, and the turns before it; nothing where the model has no template.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    if !scene.chats() {
        return;
    }
    let (words, own) = (scene.words, scene.words.chatting);
    let mut chat = scene.state.chat;
    ui.horizontal(|ui| {
        if widgets::checkbox::show(ui, &mut chat, words.chat).on_hover_text(words.chat_why).changed() {
            out.send(Command::SetChat(chat));
        }
        if scene.state.chat {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if ui.add(widgets::outlined(ui, own.add)).on_hover_text(own.add_why).clicked() {
                    let next = Message::new(next_role(&scene.state.turns), "");
                    out.send(Command::SetTurns([&scene.state.turns[..], &[next]].concat()));
                }
            });
        }
    });
    if scene.state.chat {
        let mut turns = scene.state.turns.clone();
        let mut gone = None;
        for (index, turn) in turns.iter_mut().enumerate() {
            if row(ui, scene, index, turn) {
                gone = Some(index);
            }
        }
        if let Some(index) = gone {
            turns.remove(index);
        }
        if turns != scene.state.turns {
            out.send(Command::SetTurns(turns));
        }
    }
    ui.add_space(8.0);
}

/// Who would speak next: a system message comes first, then user and assistant by turns.
fn next_role(turns: &[Message]) -> &'static str {
    match turns.last().map(|turn| turn.role.as_str()) {
        None => "system",
        Some("user") => "assistant",
        Some(_) => "user",
    }
}

/// One turn; true where it is to go.
fn row(ui: &mut Ui, scene: &Scene<'_>, index: usize, turn: &mut Message) -> bool {
    let own = scene.words.chatting;
    let who = turn.role.clone();
    let name = (own.turn)(index + 1, own.role(&who));
    let gone = ui.push_id(("turn", index), |ui| {
        ui.horizontal(|ui| {
            widgets::choice(ui, "", own.role(&who), |ui| {
                for role in ROLES {
                    if ui.selectable_label(turn.role == role, own.role(role)).clicked() {
                        role.clone_into(&mut turn.role);
                        ui.close();
                    }
                }
            });
            let mut gone = false;
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let response = widgets::cross(ui, BODY, &format!("{} {}", own.remove, index + 1));
                gone = response.on_hover_text(own.remove).clicked();
            });
            gone
        })
        .inner
    });
    let edit = TextEdit::multiline(&mut turn.content)
        .id(egui::Id::unique("turn").with(index))
        .hint_text(own.hint)
        .font(theme::body(BODY))
        .margin(egui::Margin::symmetric(10, 6))
        .desired_rows(1)
        .desired_width(f32::INFINITY);
    let response = ui.add(edit);
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::text_edit(true, &turn.content, &turn.content, own.hint);
        info.label = Some(name.clone());
        info
    });
    gone.inner
}
