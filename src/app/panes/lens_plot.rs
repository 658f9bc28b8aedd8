//! The rank of the pinned word through the layers, as the logit lens has it: the first is on top.

use super::shared::layers;
use crate::{
    app::{
        command::Command,
        lensing::LensChoice,
        scene::{Out, Scene},
        theme::{self, BODY},
        widgets,
        words::grouped,
    },
    model::shown,
    trace::Side,
};
use egui::{Align, Layout, Rect, RichText, Ui, vec2};
use egui_plot::{Line, Plot, PlotPoints, Points};

/// Width of the plot, and the least that must be left for the table beside it.
const WIDTH: f32 = 320.0;
const TABLE: f32 = 380.0;

/// Takes the plot's room off the right of `area` and draws it there, if a word is pinned and the table keeps enough.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, area: &mut Rect, out: &mut Out) {
    let Some(word) = scene.state.lens.word else { return };
    if area.width() < WIDTH + TABLE {
        return;
    }
    let (table, room) = area.split_left_right_at_x(area.right() - WIDTH);
    *area = table;
    let (words, tokens) = (scene.words.lens_words, theme::tokens(ui));
    let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(room.shrink2(vec2(12.0, 0.0))));
    let known = scene.lens_word.filter(|((_, _, own, _), ranks)| *own == word && !ranks.is_empty());
    let text = scene.model.map_or_else(|| word.to_string(), |model| shown(&model.token(word).text));
    let after = known.map_or_else(String::new, |((.., token), _)| scene.token_name(Side::Target, *token));
    let title = (words.rank_of)(&text, &after);
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if widgets::cross(ui, BODY, words.let_go).on_hover_text(words.let_go).clicked() {
                out.send(Command::SetLens(LensChoice { word: None, ..scene.state.lens }));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let label = RichText::new(&title).font(theme::mono(12.0)).color(tokens.text);
                ui.add(egui::Label::new(label).truncate());
            });
        });
    });
    let Some((_, ranks)) = known else {
        ui.label(RichText::new(scene.words.waiting).size(BODY).color(tokens.muted));
        return;
    };
    if let Some((rank, p)) = ranks.last() {
        let said = format!("#{} · {p:.4}", grouped(*rank as u64));
        ui.label(RichText::new(said).size(BODY).color(tokens.accent_text));
    }
    // Ranks span the vocabulary: by their logarithms, the first on top
    let points: Vec<[f64; 2]> =
        ranks.iter().enumerate().map(|(layer, &(rank, _))| [layer as f64, -(rank as f64).log10()]).collect();
    let line = Line::new("", PlotPoints::from(points.clone())).color(tokens.accent).width(2.0);
    let dots = Points::new("", PlotPoints::from(points)).color(tokens.accent).radius(3.0);
    let rank_at = |y: f64| grouped(10f64.powf(-y).round().max(1.0) as u64);
    let response = Plot::new("rank through the layers")
        .grid_color(tokens.line)
        .allow_scroll(false)
        .allow_drag(false)
        .allow_zoom(false)
        .show_background(false)
        .custom_x_axes(vec![layers(scene.words.layer)])
        .y_axis_label(words.rank)
        .y_axis_min_width(44.0)
        .include_y(0.15)
        .include_y(-1.0)
        .y_grid_spacer(|grid| {
            let mark = |power: i32| egui_plot::GridMark { value: f64::from(-power), step_size: 1.0 };
            let within = |mark: &egui_plot::GridMark| (grid.bounds.0..=grid.bounds.1).contains(&mark.value);
            (0..8).map(mark).filter(within).collect()
        })
        .grid_spacing(14.0..=120.0)
        .y_axis_formatter(move |mark, _| rank_at(mark.value))
        .label_formatter(|_| None)
        .show(&mut ui, |plot| {
            plot.line(line);
            plot.points(dots);
        })
        .response;
    let said: Vec<String> = ranks.iter().map(|(rank, _)| rank.to_string()).collect();
    response.widget_info(|| {
        let name = format!("{} · {title}: {}", words.rank, said.join(", "));
        egui::WidgetInfo::labeled(egui::Role::Image, true, name)
    });
}
