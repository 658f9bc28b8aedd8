//! The bars across the window: name and menus on top, the banner under them, the status at the foot.

use super::theme_switch;
use crate::app::{
    banner::{Banner, Offer},
    command::{Command, CommandKind},
    docking,
    layout::Pane,
    scene::{Out, Scene},
    state::Shown,
    theme::{self, BODY, TITLE},
    topics::Topic,
    widgets::{self, entry},
};
use egui::{Align, Button, Layout, RichText, ScrollArea, Sense, Ui, UiBuilder, vec2};
use strum::IntoEnumIterator as _;

/// Narrower than this, and the bar has no room for what a key does, too.
const NARROW: f32 = 700.0;
/// Letters of what was changed at the foot.
const SAID: usize = 32;

/// Draws menu, name, model line, layouts, search, export, theme and language.
pub fn top(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let tokens = theme::tokens(ui);
    let bar = ui.available_rect_before_wrap().shrink2(vec2(12.0, 0.0));
    ui.allocate_rect(bar, Sense::hover());
    let to_left = Layout::right_to_left(Align::Center);
    let mut right = ui.new_child(UiBuilder::new().max_rect(bar).layout(to_left));
    language_switch(&mut right, scene, out);
    theme_switch::show(&mut right, scene, out);
    right.add_space(4.0);
    export(&mut right, scene, out);
    // In a window this narrow Ctrl+K and the menu open the palette
    if bar.width() > NARROW {
        right.add_space(4.0);
        search(&mut right, scene, out);
    }
    let room = bar.with_max_x(right.min_rect().left() - 12.0);
    let mut left = ui.new_child(UiBuilder::new().max_rect(room).layout(Layout::left_to_right(Align::Center)));
    menus(&mut left, scene, out);
    left.add_space(4.0);
    if bar.width() > NARROW {
        left.label(RichText::new("Mnemoscope").font(theme::strong(TITLE)).color(tokens.text));
    }
    if let Some((name, spec)) = scene.named().filter(|_| bar.width() > 1100.0) {
        let line = format!("{name} · {}", super::heads::shape_of(spec));
        left.add_space(4.0);
        let galley = widgets::short(&left, &line, theme::body(BODY), 260.0, tokens.muted);
        left.label(galley);
    }
    left.add_space(12.0);
    left.spacing_mut().item_spacing.x = 2.0;
    docking::layouts(&mut left, scene, out);
}

/// A field that opens the palette.
fn search(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let tokens = theme::tokens(ui);
    let width = (ui.available_width() * 0.26).clamp(120.0, 280.0);
    let (rect, response) = ui.allocate_exact_size(vec2(width, 28.0), Sense::click());
    let words = scene.words;
    let name = (words.command)(CommandKind::Palette).0;
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name));
    let line = if response.hovered() || response.has_focus() { tokens.dim } else { tokens.line };
    ui.painter().rect(rect, 6, tokens.background, egui::Stroke::new(1.0, line), egui::StrokeKind::Inside);
    let keys =
        CommandKind::Palette.shortcut().map(|keys| widgets::keys::shown(ui.ctx(), &keys)).unwrap_or_default();
    let keys = widgets::short(ui, &keys, theme::body(12.0), 80.0, tokens.muted);
    let at = egui::Align2::RIGHT_CENTER.anchor_size(rect.right_center() - vec2(10.0, 0.0), keys.size());
    let room = at.left() - rect.left() - 18.0;
    ui.painter().galley(at.min, keys, tokens.muted);
    let text = widgets::short(ui, words.search_hint, theme::body(BODY), room, tokens.muted);
    let at = egui::Align2::LEFT_CENTER.anchor_size(rect.left_center() + vec2(10.0, 0.0), text.size());
    ui.painter().galley(at.min, text, tokens.muted);
    if response.on_hover_cursor(egui::CursorIcon::Text).clicked() {
        out.send(Command::Palette);
    }
}

fn language_switch(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let tokens = theme::tokens(ui);
    let words = scene.words;
    let label = RichText::new(words.languages).size(BODY).color(tokens.muted);
    let response = ui.add(Button::new(label).frame(false)).on_hover_text(words.other_language);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, words.other_language));
    if response.clicked() {
        out.send(Command::SetLanguage(words.language.other()));
    }
}

fn export(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let button = widgets::outlined(ui, format!("{} ▾", scene.words.export));
    egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
        ui.set_min_width(190.0);
        for kind in [
            CommandKind::ExportView,
            CommandKind::ExportHead,
            CommandKind::ExportChosen,
            CommandKind::ExportAll,
            CommandKind::ExportStates,
            CommandKind::CopyPicture,
            CommandKind::SaveTrace,
        ] {
            entry(ui, kind, scene, out);
        }
    });
}

#[expect(clippy::too_many_lines, reason = "a table: one entry a command")]
fn menus(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    use CommandKind as K;
    let words = scene.words;
    let tables: [(&str, &[K]); 7] = [
        (
            words.file,
            &[
                K::OpenModel,
                K::OpenEmbedded,
                K::OpenSecond,
                K::ClearSecond,
                K::SaveSession,
                K::SaveTrace,
                K::GetModel,
                K::ExportView,
                K::ExportHead,
                K::ExportChosen,
                K::ExportAll,
                K::ExportStates,
                K::Quit,
            ],
        ),
        (
            words.edit,
            &[
                K::Undo,
                K::Redo,
                K::Clear,
                K::ChooseHead,
                K::ChooseLayer,
                K::ReleaseHeads,
                K::ChoosePassing,
                K::FilterHeads,
                K::CopyHook,
                K::CopyPicture,
                K::AddNote,
            ],
        ),
        (
            words.view,
            &[
                K::ZoomIn,
                K::ZoomOut,
                K::ZoomFit,
                K::ScaleLinear,
                K::ScaleLog,
                K::ScaleRow,
                K::ToggleTheme,
                K::Enlarge,
                K::Reduce,
                K::UsualSize,
                K::ToggleLanguage,
                K::ShowClean,
                K::ShowChanged,
                K::ShowDifference,
            ],
        ),
        (
            words.panes,
            &[
                K::LayoutInspect,
                K::LayoutMemory,
                K::LayoutTeach,
                K::LayoutCompare,
                K::LayoutAtlas,
                K::PreviousStep,
                K::NextStep,
                K::PlayWalk,
                K::OrderWalk,
                K::MakeAtlas,
                K::OpenAtlas,
                K::SaveAtlas,
                K::CheckpointBack,
                K::CheckpointForward,
                K::PlayTimeline,
                K::CompareCheckpoint,
                K::CloseTimeline,
                K::ToggleLower,
                K::NextPane,
                K::PreviousPane,
                K::Maximise,
                K::TearOff,
                K::ClosePane,
                K::SaveLayout,
                K::ResetLayout,
            ],
        ),
        (
            words.head,
            &[
                K::HeadLeft,
                K::HeadRight,
                K::HeadUp,
                K::HeadDown,
                K::QueryUp,
                K::QueryDown,
                K::KeyLeft,
                K::KeyRight,
                K::CutHead,
                K::CutLayer,
                K::PatchHere,
                K::SteerHere,
                K::ClearInterventions,
            ],
        ),
        (
            words.model,
            &[
                K::RunPrompt,
                K::Cancel,
                K::FocusPrompt,
                K::EarlierPrompt,
                K::LaterPrompt,
                K::ToggleLive,
                K::ToggleChat,
                K::ShowChecks,
            ],
        ),
        (words.help, &[K::Palette, K::ShowHelp]),
    ];
    let button = Button::new(RichText::new("☰").size(TITLE).color(theme::tokens(ui).muted)).frame(false);
    let (response, _) = egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
        ui.set_min_width(150.0);
        for (name, kinds) in tables {
            ui.menu_button(name, |ui| {
                ui.set_min_width(230.0);
                // A menu longer than a small window scrolls
                let high = ui.ctx().content_rect().height() - 40.0;
                ScrollArea::vertical().max_height(high).show(ui, |ui| {
                    if name == words.panes {
                        panes(ui, scene, out);
                    }
                    for &kind in kinds {
                        entry(ui, kind, scene, out);
                    }
                });
            });
        }
    });
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, words.menu));
}

/// Every pane, by what it is about; those in sight are marked.
fn panes(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    for topic in Topic::iter() {
        ui.menu_button(topic.title(scene.words), |ui| {
            ui.set_min_width(170.0);
            for pane in Pane::iter().filter(|&pane| Topic::of(pane) == topic) {
                if ui.selectable_label(scene.shows(pane), pane.title(scene.words)).clicked() {
                    out.send(Command::ShowPane(pane));
                    ui.close();
                }
            }
        });
    }
    ui.separator();
}

/// Draws what went wrong, or what was done, until it is dismissed.
pub fn banner(ui: &mut Ui, scene: &Scene<'_>, banner: &Banner, out: &mut Out) {
    let tokens = theme::tokens(ui);
    let color = if banner.error { tokens.error } else { tokens.measure_text };
    ui.horizontal(|ui| {
        ui.add_space(14.0);
        let (dot, _) = ui.allocate_exact_size(vec2(8.0, 8.0), Sense::hover());
        ui.painter().circle_filled(dot.center(), 4.0, color);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(12.0);
            if widgets::cross(ui, TITLE, scene.words.dismiss).clicked() {
                out.send(Command::DismissBanner);
            }
            if banner.offer == Some(Offer::Recover)
                && ui.add(widgets::outlined(ui, scene.words.session.recover)).clicked()
            {
                out.send(Command::Recover);
            }
            if banner.offer == Some(Offer::Cut) && ui.add(widgets::outlined(ui, scene.words.cut)).clicked() {
                out.send(Command::RunCut);
            }
            if let Some(Offer::Fitting(text)) = &banner.offer {
                fitting(ui, scene, text, out);
            }
            ui.with_layout(Layout::left_to_right(Align::Center).with_main_wrap(true), |ui| {
                ui.label(RichText::new(&banner.what).size(BODY).color(tokens.text));
                if let Some(hint) = &banner.hint {
                    ui.label(RichText::new(hint).size(BODY).color(tokens.muted));
                }
            });
        });
    });
}

/// Draws a prompt that can be run instead. Enter takes it too, where nothing else waits for keys.
fn fitting(ui: &mut Ui, scene: &Scene<'_>, text: &str, out: &mut Out) {
    let response = ui.add(widgets::outlined(ui, (scene.words.fit)(text)));
    if ui.memory(|memory| memory.focused().is_none()) {
        response.request_focus();
    }
    if response.clicked() {
        out.send(Command::RunEarlier(text.to_owned()));
    }
}

/// Draws state, sizes and times; at the right the selection's hook, which a click copies.
pub fn status(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (words, tokens) = (scene.words, theme::tokens(ui));
    ui.horizontal_centered(|ui| {
        ui.add_space(14.0);
        ui.spacing_mut().item_spacing.x = 18.0;
        let (state, color) = match scene.busy {
            Some(busy) if busy.done > 0.0 => {
                (format!("{} {:.0} %", busy.stage, busy.done * 100.0), tokens.accent)
            }
            Some(busy) => (busy.stage.to_owned(), tokens.accent),
            None if scene.live.running => (words.train.training.to_owned(), tokens.accent),
            None => (words.ready.to_owned(), tokens.measure),
        };
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            let (dot, _) = ui.allocate_exact_size(vec2(7.0, 7.0), Sense::hover());
            ui.painter().circle_filled(dot.center(), 3.5, color);
            ui.label(RichText::new(state).size(12.0).color(tokens.text));
        });
        let stop = if scene.busy.is_some() { words.cancel } else { words.train.pause };
        // The training's own pane has the button already
        let told = scene.busy.is_none() && scene.shows(Pane::TrainCurves);
        if !told
            && let Ok(command) = CommandKind::Cancel.aim(scene)
            && ui.add(Button::new(RichText::new(stop).size(12.0)).small()).clicked()
        {
            out.send(command);
        }
        if let Some(trace) = scene.trace.filter(|trace| !trace.interventions().is_empty()) {
            let all: Vec<String> = trace.interventions().iter().map(ToString::to_string).collect();
            let said = format!("{} · {}", words.changes.changed, widgets::cut(&all.join(", "), SAID));
            let button =
                ui.add(Button::new(RichText::new(said).size(12.0).color(tokens.accent)).frame(false));
            let why = format!("{}\n{}", all.join("\n"), words.changes.changed_why);
            if button.on_hover_text(why).clicked() {
                out.send(Command::SetShown(Shown::Clean));
            }
        }
        if let Some(trace) = scene.trace {
            let facts = [
                match trace.source.len() {
                    0 => (words.token_count)(trace.n_tokens()),
                    n => (words.token_flow)(n, trace.n_tokens()),
                },
                (words.pass_time)(trace.forward_seconds),
                (words.first_map_time)(trace.first_map_seconds),
                (words.trace_size)(trace.bytes()),
                (words.threads)(trace.threads),
            ];
            let done = trace.is_complete();
            // Another program's trace need not say how long its pass took
            let timed = trace.forward_seconds > 0.0;
            let known = |i: usize| (done && i == 3) || i == 0 || (timed && (done || i == 4));
            for (i, fact) in facts.into_iter().enumerate().filter(|(i, _)| known(*i)) {
                // What fits; the hook at the right needs its room
                if ui.available_width() > 320.0 || i < 2 {
                    ui.label(RichText::new(fact).size(12.0).color(tokens.muted));
                }
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(12.0);
            if scene.trace.is_some() {
                let hook = scene.hook_name();
                let label = RichText::new(&hook).font(theme::mono(12.0)).color(tokens.muted);
                let button = ui.add(Button::new(label).frame(false).truncate());
                if button.on_hover_text(words.copy_hook).clicked() {
                    out.send(Command::Copy(hook));
                }
            }
        });
    });
}
