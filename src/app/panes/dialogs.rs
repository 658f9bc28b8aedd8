//! What opens over the window: open a model, export, check the numbers, keys and gestures.

mod paths;

use super::{change, compare, exporting, finder, shelf};
use crate::app::{
    charting::AtlasPath,
    command::{Command, CommandKind},
    drafting::{Answers, Draft},
    editing::Splice,
    exporting::{Finish, Piece},
    finding::Finder,
    scene::{Out, Scene},
    session::Checks,
    theme::{self, BODY, TITLE},
    widgets,
    words::errors::check,
    worker::Purpose,
};
use egui::{
    Align, Align2, Layout, Modal, RichText, ScrollArea, TextEdit, Ui,
    text::{CCursor, CCursorRange},
    text_edit::TextEditState,
    vec2,
};
use strum::IntoEnumIterator as _;

/// Which dialog is open, with what was typed into it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields say themselves")]
pub enum Dialog {
    /// None.
    #[default]
    None,
    /// Where the model is.
    Open { path: String },
    /// Where the model or the trace is that the run is compared with.
    Second { path: String },
    /// A model's name on the hub.
    Hub { name: String },
    /// Where the export goes, and what is exported.
    Export { path: String, piece: Piece, finish: Finish },
    /// Whether the numbers hold.
    Checks,
    /// Where the session goes.
    Session { path: String },
    /// What the text of a token is.
    Token { at: Splice, text: String },
    /// What is to be said of the cell in sight.
    Note { text: String },
    /// What a change still wants.
    Change { draft: Draft, answers: Answers },
    /// What an own layout is called; of one that has a name already, what that becomes.
    Layout { name: String, of: Option<String> },
    /// The folder that the live model goes to.
    SaveTraining { path: String },
    /// The text that is to be learned.
    Text { path: String },
    /// A text for the atlas, an atlas to open, or where it goes.
    Atlas { what: AtlasPath, path: String },
    /// Anything, by name: what was typed, and which of what was found is marked.
    Palette { query: String, at: usize },
    /// Keys and gestures.
    Help,
}

/// What a dialog asks of the window beyond commands: the system's own file dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A file with a model.
    File,
    /// A folder with a model, or for one.
    Folder,
    /// Where to write.
    Save,
}

impl Ask {
    /// What the picked path is for.
    pub fn purpose(self) -> Purpose {
        if self == Self::Save { Purpose::Export } else { Purpose::Model }
    }
}

/// Draws the dialog that is open. Returns a file dialog to open beside it.
pub fn show(
    ctx: &egui::Context,
    (dialog, finder): (&mut Dialog, &mut Finder),
    scene: &Scene<'_>,
    out: &mut Out,
) -> Option<Ask> {
    if !matches!(dialog, Dialog::Palette { .. }) {
        finder.close();
    }
    if *dialog == Dialog::None {
        return None;
    }
    let mut ask = None;
    let (id, window) = (egui::Id::unique("dialog"), ctx.content_rect().size());
    let mut area = Modal::default_area(id);
    if matches!(dialog, Dialog::Palette { .. }) {
        // However long its list is, what is typed stays where it is
        area = area.anchor(Align2::CENTER_TOP, vec2(0.0, window.y * 0.14));
    }
    let modal = Modal::new(id).area(area).show(ctx, |ui| {
        let width = if matches!(dialog, Dialog::Export { .. }) { 920.0_f32 } else { 560.0 };
        ui.set_width(width.min(window.x - 40.0));
        // One higher than the window scrolls
        let scroll = ScrollArea::vertical().id_salt("dialog").max_height(window.y - 48.0);
        let scroll = scroll.min_scrolled_height(window.y - 48.0);
        scroll.auto_shrink([false, true]).show(ui, |ui| match dialog {
            Dialog::None => {}
            Dialog::Open { path } => paths::open(ui, path, scene, out, &mut ask),
            Dialog::Second { path } => compare::second::show(ui, path, scene, out, &mut ask),
            Dialog::Hub { name } => hub(ui, name, scene, out),
            Dialog::Export { path, piece, finish } => {
                let form = exporting::Form { path, piece: *piece, finish };
                exporting::show(ui, form, scene, out, &mut ask);
            }
            Dialog::Checks => checks(ui, scene, out),
            Dialog::Session { path } => paths::session(ui, path, scene, out, &mut ask),
            Dialog::Token { at, text } => token(ui, *at, text, scene, out),
            Dialog::Note { text } => note(ui, text, scene, out),
            Dialog::Change { draft, answers } => change::show(ui, draft, answers, scene, out, &mut ask),
            Dialog::Layout { name, of } => layout(ui, name, of.as_deref(), scene, out),
            Dialog::SaveTraining { path } => paths::save_training(ui, path, scene, out, &mut ask),
            Dialog::Text { path } => paths::text(ui, path, scene, out, &mut ask),
            Dialog::Atlas { what, path } => paths::atlas(ui, *what, path, scene, out, &mut ask),
            Dialog::Palette { query, at } => finder::show(ui, (query, at, finder), scene, out),
            Dialog::Help => help(ui, scene, out),
        });
    });
    if modal.should_close() {
        out.send(Command::CloseDialog);
    }
    ask
}

pub(super) fn title(ui: &mut Ui, title: &str, subtitle: &str) {
    ui.label(RichText::new(title).font(theme::strong(TITLE)));
    if !subtitle.is_empty() {
        ui.label(RichText::new(subtitle).color(theme::tokens(ui).muted));
    }
    ui.add_space(10.0);
}

/// A text to type, with a name; true where Enter was pressed in it.
pub(super) fn text_field(ui: &mut Ui, name: &str, path: &mut String) -> bool {
    widgets::section(ui, name);
    let field = TextEdit::singleline(path)
        .desired_width(f32::INFINITY)
        .margin(vec2(10.0, 6.0))
        .font(theme::mono(12.0));
    let response = ui.add(field);
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::text_edit(true, path.as_str(), path.as_str(), "");
        info.label = Some(name.to_owned());
        info
    });
    let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    // A dialog that opens takes the keys, whatever had them before
    let (id, pass) = (response.id.with("seen"), ui.ctx().cumulative_pass_nr());
    let seen = ui.data(|data| data.get_temp::<u64>(id)).is_some_and(|last| last + 1 >= pass);
    ui.data_mut(|data| data.insert_temp(id, pass));
    if !entered && (!seen || ui.memory(|memory| memory.focused().is_none())) {
        response.request_focus();
    }
    if !seen {
        // What is proposed gives way to what is typed
        select_all(ui, response.id, path);
    }
    entered
}

/// Marks the whole text of a field.
pub(super) fn select_all(ui: &Ui, field: egui::Id, text: &str) {
    let whole = CCursorRange::two(CCursor::default(), CCursor::new(text.chars().count()));
    let mut state = TextEditState::load(ui.ctx(), field).unwrap_or_default();
    state.cursor.set_char_range(Some(whole));
    state.store(ui.ctx(), field);
}

/// A line of controls from the right edge on.
fn at_right<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    // A dialog that scrolls has no height to be centred in
    let size = vec2(ui.available_width(), 28.0);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), add).inner
}

pub(super) fn buttons(ui: &mut Ui, scene: &Scene<'_>, label: &str, ready: bool, out: &mut Out) -> bool {
    ui.add_space(14.0);
    at_right(ui, |ui| {
        let button = widgets::primary(ui, label);
        let go = ui.add_enabled(ready, button).clicked();
        if ui.add(widgets::outlined(ui, scene.words.close)).clicked() {
            out.send(Command::CloseDialog);
        }
        go
    })
}

fn token(ui: &mut Ui, at: Splice, text: &mut String, scene: &Scene<'_>, out: &mut Out) {
    let words = scene.words;
    let name = match at {
        Splice::Replace(_) => words.session.token_replace,
        Splice::Insert(_) => words.session.token_insert,
    };
    title(ui, name, "");
    let entered = text_field(ui, words.session.token_text, text);
    let ready = !text.is_empty();
    if buttons(ui, scene, words.session.token_run, ready, out) || (entered && ready) {
        out.send(Command::SpliceToken(at, text.clone()));
    }
}

fn note(ui: &mut Ui, text: &mut String, scene: &Scene<'_>, out: &mut Out) {
    let words = scene.words;
    let cell = scene.pinned_query().zip(scene.pinned_key());
    let at = cell.map_or_else(String::new, |(query, key)| {
        (words.session.note_at)(&scene.head_name(), &scene.query_name(query), &scene.key_name(key))
    });
    title(ui, words.session.note, &at);
    let entered = text_field(ui, words.session.note_hint, text);
    if buttons(ui, scene, words.save, true, out) || entered {
        out.send(Command::SetNote(text.trim().to_owned()));
    }
}

fn layout(ui: &mut Ui, name: &mut String, of: Option<&str>, scene: &Scene<'_>, out: &mut Out) {
    let words = scene.words;
    title(ui, if of.is_some() { words.rename_layout } else { words.save_layout }, "");
    let entered = text_field(ui, words.layout_name, name);
    let to = name.trim().to_owned();
    let ready = !to.is_empty();
    if buttons(ui, scene, words.save, ready, out) || (entered && ready) {
        out.send(match of {
            Some(of) => Command::RenameLayout { from: of.to_owned(), to },
            None => Command::SaveLayout(to),
        });
    }
}

fn hub(ui: &mut Ui, name: &mut String, scene: &Scene<'_>, out: &mut Out) {
    let words = scene.words;
    title(ui, words.hub_title, words.hub_what);
    shelf::from_the_hub(ui, name, scene, out);
    ui.add_space(14.0);
    at_right(ui, |ui| {
        if ui.add(widgets::outlined(ui, words.close)).clicked() {
            out.send(Command::CloseDialog);
        }
    });
}

fn checks(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (words, tokens) = (scene.words, theme::tokens(ui));
    title(ui, words.checks, words.checks_sub);
    match scene.checks {
        Checks::Unasked | Checks::Running(_) => {
            ui.label(RichText::new(words.checks_running).color(tokens.muted));
        }
        Checks::Done(results) => {
            for result in results {
                let (name, explanation) = check(result.identity, words.language);
                ui.horizontal(|ui| {
                    let (sign, color) =
                        if result.passed { ("✓", tokens.measure_text) } else { ("✗", tokens.error) };
                    ui.add_sized(
                        [18.0, 20.0],
                        egui::Label::new(RichText::new(sign).font(theme::strong(TITLE)).color(color)),
                    );
                    ui.label(RichText::new(name).size(BODY)).on_hover_text(explanation);
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        let figure = (words.residual)(result.residual, result.tolerance);
                        ui.label(RichText::new(figure).font(theme::mono(12.0)).color(tokens.muted));
                    });
                });
                ui.indent(name, |ui| {
                    ui.label(RichText::new(explanation).size(12.0).color(tokens.muted));
                });
                ui.add_space(6.0);
            }
        }
    }
    ui.add_space(8.0);
    at_right(ui, |ui| {
        if ui.add(widgets::outlined(ui, words.close)).clicked() {
            out.send(Command::CloseDialog);
        }
    });
}

fn help(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (words, tokens) = (scene.words, theme::tokens(ui));
    title(ui, words.help_title, "");
    let height = (ui.ctx().content_rect().height() - 200.0).min(560.0);
    ScrollArea::vertical().max_height(height).min_scrolled_height(height).show(ui, |ui| {
        ui.set_width(ui.available_width());
        let line = |ui: &mut Ui, keys: &str, what: &str| {
            ui.horizontal(|ui| {
                let (rect, _) = ui.allocate_exact_size(vec2(204.0, 20.0), egui::Sense::hover());
                let galley = widgets::short(ui, keys, theme::body(BODY), rect.width(), tokens.text);
                ui.painter().galley(
                    rect.left_center() - vec2(0.0, galley.size().y / 2.0),
                    galley,
                    tokens.text,
                );
                ui.label(RichText::new(what).color(tokens.muted));
            });
        };
        for gestures in words.gestures {
            widgets::section(ui, gestures.place);
            for (gesture, what) in gestures.all {
                line(ui, gesture, what);
            }
            ui.add_space(8.0);
        }
        widgets::section(ui, words.keys);
        for kind in CommandKind::iter() {
            if let Some(keys) = kind.shortcut() {
                line(ui, &widgets::keys::shown(ui.ctx(), &keys), (scene.words.command)(kind).1);
            }
        }
    });
    ui.add_space(8.0);
    at_right(ui, |ui| {
        if ui.add(widgets::outlined(ui, words.close)).clicked() {
            out.send(Command::CloseDialog);
        }
    });
}
