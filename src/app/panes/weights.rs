//! Every tensor of the model: what it is called here and in its file, its shape and type, what its numbers are like.

use crate::{
    analysis::TensorStats,
    app::{
        command::Command,
        panes::model_card,
        scene::{Out, Scene},
        theme::{self, BODY},
        widgets::{self, focus},
        words,
    },
    model::TensorInfo,
};
use egui::{Align2, RichText, ScrollArea, Sense, TextEdit, Ui, vec2};

const ROW: f32 = 22.0;
/// Width of the numbers and the card beside the table.
const ASIDE: std::ops::RangeInclusive<f32> = 260.0..=560.0;

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let words = &scene.words.states;
    let id = ui.scope_id().with("tensor query");
    let mut query: String = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    let all = scene.model.map_or(&[][..], |model| model.tensors());
    let asked = query.to_lowercase();
    let found = |tensor: &&TensorInfo| {
        tensor.name.to_lowercase().contains(&asked) || tensor.source_name.to_lowercase().contains(&asked)
    };
    let shown: Vec<&TensorInfo> = all.iter().filter(found).collect();
    widgets::header(ui, words.info, &(words.info_sub)(shown.len(), all.len()), |ui| {
        let field = TextEdit::singleline(&mut query).hint_text(words.find_tensor).desired_width(180.0);
        let response = ui.add(field);
        response.widget_info(|| {
            let mut info = egui::WidgetInfo::text_edit(true, &query, &query, words.find_tensor);
            info.label = Some(words.find_tensor.to_owned());
            info
        });
    });
    ui.data_mut(|data| data.insert_temp(id, query));
    if all.is_empty() {
        let why = if scene.only_trace() { scene.words.needs_weights } else { scene.words.needs_model };
        return widgets::empty(ui, why, "");
    }
    let room = ui.available_rect_before_wrap().shrink2(vec2(12.0, 4.0));
    let aside = (room.width() * 0.34).clamp(*ASIDE.start(), *ASIDE.end()).min(room.width() * 0.5);
    let (table, aside) = room.split_left_right_at_x(room.right() - aside);
    let mut left = ui.new_child(egui::UiBuilder::new().max_rect(table.with_max_x(table.right() - 12.0)));
    ScrollArea::vertical().auto_shrink(false).show_rows(&mut left, ROW, shown.len(), |ui, rows| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for tensor in &shown[rows] {
            line(ui, scene, tensor, out);
        }
    });
    let mut right = ui.new_child(egui::UiBuilder::new().max_rect(aside));
    let chosen = scene.state.tensor.as_ref().and_then(|name| all.iter().find(|tensor| tensor.name == *name));
    if let Some(tensor) = chosen {
        about(&mut right, scene, tensor);
    } else {
        right.label(RichText::new(words.choose).color(theme::tokens(ui).muted));
        right.add_space(8.0);
        if let Some(model) = scene.model {
            model_card::show(&mut right, scene, model, out);
        }
    }
    ui.allocate_rect(room, Sense::hover());
}

fn shape(tensor: &TensorInfo) -> String {
    tensor.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ")
}

fn line(ui: &mut Ui, scene: &Scene<'_>, tensor: &TensorInfo, out: &mut Out) {
    let tokens = theme::tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW + 3.0), Sense::click());
    let on = scene.state.tensor.as_deref() == Some(&tensor.name);
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, on, &tensor.name));
    let block = scene.named().and_then(|(_, spec)| spec.block_of(&tensor.name));
    if response.hovered() {
        out.hover.layer = block;
    }
    if on || response.hovered() || block.is_some() && block == scene.hover.layer {
        ui.painter().rect_filled(rect, 4, tokens.raised);
    }
    if block == Some(scene.state.head.layer) {
        // Of the selected layer
        let mark = egui::Rect::from_min_size(rect.min + vec2(0.0, 5.0), vec2(2.0, rect.height() - 10.0));
        ui.painter().rect_filled(mark, 1, tokens.accent);
    }
    let parts = [
        (
            0.0,
            0.58,
            tensor.name.clone(),
            theme::mono(12.0),
            if on { tokens.accent_text } else { tokens.text },
        ),
        (0.6, 0.24, shape(tensor), theme::body(12.0), tokens.muted),
        (0.86, 0.14, tensor.dtype.to_string(), theme::body(12.0), tokens.muted),
    ];
    for (at, share, text, font, color) in parts {
        let galley = widgets::short(ui, &text, font, rect.width() * share - 6.0, color);
        let left = rect.left_center() + vec2(6.0 + rect.width() * at, 0.0);
        ui.painter().galley(Align2::LEFT_CENTER.anchor_size(left, galley.size()).min, galley, color);
    }
    let response = response.on_hover_text(&tensor.source_name);
    if response.clicked() {
        out.send(Command::ShowTensor((!on).then(|| tensor.name.clone())));
    }
    response.context_menu(|ui| {
        let words = scene.words.menus;
        for (label, name) in [(words.copy_name, &tensor.name), (words.copy_stored, &tensor.source_name)] {
            if ui.button(label).clicked() {
                out.send(Command::Copy(name.clone()));
                ui.close();
            }
        }
    });
}

fn about(ui: &mut Ui, scene: &Scene<'_>, tensor: &TensorInfo) {
    let (words, tokens) = (&scene.words.states, theme::tokens(ui));
    ui.spacing_mut().item_spacing.y = 3.0;
    ui.add(egui::Label::new(RichText::new(&tensor.name).font(theme::mono(BODY)).color(tokens.text)).wrap());
    let fact = widgets::fact;
    fact(ui, words.shape, &shape(tensor));
    fact(ui, words.kind, &tensor.dtype.to_string());
    fact(ui, words.stored_as, &tensor.source_name);
    fact(ui, words.file, &tensor.file.file_name().unwrap_or_default().to_string_lossy());
    let Some(stats) = scene.tensor.get() else {
        ui.label(RichText::new(scene.words.starting).color(tokens.muted));
        return;
    };
    fact(ui, words.numbers, &words::grouped(stats.count as u64));
    fact(ui, words.mean, &format!("{:.5}", stats.mean));
    fact(ui, words.std, &format!("{:.5}", stats.std));
    fact(ui, words.range, &format!("{:.4} … {:.4}", stats.min, stats.max));
    fact(ui, words.zeros, &words::grouped(stats.zeros as u64));
    if stats.broken > 0 {
        fact(ui, words.broken, &words::grouped(stats.broken as u64));
    }
    histogram(ui, words.histogram, stats);
}

/// The histogram, its bars as high as the logarithm of what they count: a few outliers stay visible.
fn histogram(ui: &mut Ui, name: &str, stats: &TensorStats) {
    let tokens = theme::tokens(ui);
    ui.add_space(6.0);
    let height = ui.available_height().clamp(40.0, 90.0);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, name));
    let high = stats.histogram.iter().copied().max().unwrap_or(0) as f32;
    let width = rect.width() / stats.histogram.len().max(1) as f32;
    for (index, &count) in stats.histogram.iter().enumerate() {
        let share = (count as f32 + 1.0).ln() / (high + 1.0).ln().max(f32::MIN_POSITIVE);
        let left = rect.left() + index as f32 * width;
        let bar = egui::Rect::from_min_max(
            egui::pos2(left, rect.bottom() - share * rect.height()),
            egui::pos2(left + (width - 1.0).max(1.0), rect.bottom()),
        );
        ui.painter().rect_filled(bar, 0, tokens.measure);
    }
    let range = format!("{:.4} … {:.4}", stats.min, stats.max);
    focus::say(&response, || range);
    response.on_hover_text(name);
}
