//! The head atlas: all heads by any two measures, heads that are alike, and a card of the selected one.

use super::{
    atlas_card,
    heads::{drawn, paint_band, with},
};
use crate::{
    analysis::{atlas::Axis, measure},
    app::{
        charting::{AtlasAct, AtlasChoice, AtlasPath, Colour, PASSAGES, Source, View},
        command::Command,
        linking::Hover,
        scene::{Out, Scene},
        theme::{self, BODY, SMALL},
        widgets::{self, focus, segments},
        words::grouped,
    },
    export::words::uncapped,
    model::HeadId,
};
use egui::{Color32, Rect, RichText, ScrollArea, Sense, Stroke, Ui, UiBuilder, vec2};
use egui_plot::{Plot, Points};
use std::collections::{BTreeMap, HashSet};

/// Narrower than this the card stands below.
const WIDE: f32 = 760.0;
/// Heads of a cluster that are named.
const NAMED: usize = 64;
/// Room of the list of heads that are alike.
const LIST: f32 = 128.0;

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let words = scene.words.atlas;
    let of = |view: &View| {
        let ran = &view.atlas.ran;
        let changes = ran.interventions.iter().map(ToString::to_string);
        let said: Vec<String> =
            [(words.sub_of)(&view.atlas.model, ran.passages)].into_iter().chain(changes).collect();
        said.join(" · ")
    };
    let subtitle = scene.charting.view().map_or_else(|| words.sub.to_owned(), of);
    widgets::header(ui, words.title, &subtitle, |ui| controls(ui, scene, out));
    match (scene.charting.view(), scene.charting.error(), scene.charting.progress()) {
        (_, Some(error), _) => widgets::empty(ui, &error.what, error.hint.as_deref().unwrap_or("")),
        (Some(view), ..) => body(ui, scene, view, out),
        (None, _, Some(done)) => {
            let pace = match scene.charting.pace() {
                Some((read, rate)) if read > 0 => (words.pace)(read, rate),
                _ => words.preparing.to_owned(),
            };
            widgets::empty(ui, &format!("{:.0} %", done * 100.0), &pace);
        }
        (None, ..) => match scene.may_chart() {
            Ok(()) => widgets::empty(ui, words.sub, words.hint),
            Err(reason) => widgets::empty(ui, reason, words.hint),
        },
    }
}

fn choose(out: &mut Out, choice: AtlasChoice) {
    out.send(Command::Atlas(AtlasAct::Choose(choice)));
}

/// From the right: run or stop, go on, the text, its passages, files.
fn controls(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (words, choice) = (scene.words.atlas, &scene.state.atlas);
    if let Some(done) = scene.charting.progress() {
        let pace = scene.charting.pace().filter(|pace| pace.0 > 0);
        let pace = pace.map_or_else(String::new, |(read, rate)| format!(" · {}", (words.pace)(read, rate)));
        let label = format!("{} · {:.0} %{pace}", words.stop, done * 100.0);
        if ui.add(widgets::outlined(ui, label)).clicked() {
            out.send(Command::Atlas(AtlasAct::Stop));
        }
    } else {
        let ready = scene.may_chart().is_ok();
        if ui.add_enabled(ready, widgets::primary(ui, words.make)).clicked() {
            out.send(Command::Atlas(AtlasAct::Run { resume: false }));
        }
        if let Some(passages) = scene.charting.left().filter(|_| ready)
            && ui.add(widgets::outlined(ui, (words.go_on)(passages))).clicked()
        {
            out.send(Command::Atlas(AtlasAct::Run { resume: true }));
        }
    }
    let name = match &choice.source {
        Source::BuiltIn => words.built_in.to_owned(),
        Source::Prompt => words.prompt.to_owned(),
        Source::Corpus(path) => {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            name.unwrap_or_else(|| path.display().to_string())
        }
    };
    if matches!(choice.source, Source::Corpus(_)) {
        widgets::choice(ui, words.passages, &choice.passages.to_string(), |ui| {
            for passages in PASSAGES {
                if ui.selectable_label(passages == choice.passages, passages.to_string()).clicked() {
                    choose(out, AtlasChoice { passages, ..choice.clone() });
                    ui.close();
                }
            }
        });
    }
    widgets::choice(ui, words.text, &name, |ui| {
        for (source, name) in [(Source::BuiltIn, words.built_in), (Source::Prompt, words.prompt)] {
            if ui.selectable_label(source == choice.source, name).clicked() {
                choose(out, AtlasChoice { source, ..choice.clone() });
                ui.close();
            }
        }
        if ui.selectable_label(matches!(choice.source, Source::Corpus(_)), words.file).clicked() {
            out.send(Command::Atlas(AtlasAct::Ask(AtlasPath::Text)));
            ui.close();
        }
    });
    widgets::choice(ui, "", words.atlas, |ui| {
        if ui.button(words.open).clicked() {
            out.send(Command::Atlas(AtlasAct::Ask(AtlasPath::Open)));
            ui.close();
        }
        if ui.add_enabled(scene.charting.view().is_some(), egui::Button::new(words.save)).clicked() {
            out.send(Command::Atlas(AtlasAct::Ask(AtlasPath::Save)));
            ui.close();
        }
    });
}

/// A score or measure as the user's language names it.
pub(super) fn name_of(scene: &Scene<'_>, axis: &Axis) -> String {
    let words = scene.words;
    let own = (words.atlas.score)(&axis.id).map(str::to_owned);
    // As the scores are written, which stand in the same list
    own.or_else(|| measure(&axis.id).map(|own| uncapped((words.measure)(own).0)))
        .unwrap_or_else(|| axis.label.clone())
}

fn body(ui: &mut Ui, scene: &Scene<'_>, view: &View, out: &mut Out) {
    let tokens = theme::tokens(ui);
    let area = ui.available_rect_before_wrap();
    ui.allocate_rect(area, Sense::hover());
    let wide = area.width() >= WIDE;
    let (map, card) = if wide {
        let split = area.left() + area.width() * 0.54;
        ui.painter().vline(split, area.y_range(), Stroke::new(1.0, tokens.line));
        (area.with_max_x(split), area.with_min_x(split + 1.0))
    } else {
        let split = area.top() + area.height() * 0.55;
        ui.painter().hline(area.x_range(), split, Stroke::new(1.0, tokens.line));
        (area.with_max_y(split), area.with_min_y(split + 1.0))
    };
    let mut left = ui.new_child(UiBuilder::new().max_rect(map.shrink2(vec2(12.0, 4.0))).id_salt("map"));
    axes(&mut left, scene, view, out);
    let list = if map.height() > 360.0 { LIST } else { 0.0 };
    let room = left.available_rect_before_wrap();
    let plotted = room.with_max_y(room.bottom() - list);
    plot(&mut left, scene, view, plotted, out);
    if list > 0.0 {
        let below = room.with_min_y(plotted.bottom() + 8.0);
        let mut below = left.new_child(UiBuilder::new().max_rect(below).id_salt("alike"));
        alike(&mut below, scene, view, out);
    }
    let mut right = ui.new_child(UiBuilder::new().max_rect(card).id_salt("card"));
    right.shrink_clip_rect(card);
    atlas_card::show(&mut right, scene, view, out);
}

fn axes(ui: &mut Ui, scene: &Scene<'_>, view: &View, out: &mut Out) {
    let (words, choice) = (scene.words.atlas, &scene.state.atlas);
    ui.horizontal(|ui| {
        for (upright, label) in [(false, words.across), (true, words.up)] {
            let id = if upright { &choice.y } else { &choice.x };
            let Some(now) = view.axis(id) else { continue };
            widgets::choice(ui, label, &name_of(scene, now), |ui| {
                for axis in &view.axes {
                    let entry = ui.selectable_label(axis.id == now.id, name_of(scene, axis));
                    if entry.on_hover_text((words.formula)(&axis.id).unwrap_or(&axis.formula)).clicked() {
                        let mut choice = choice.clone();
                        (if upright { &mut choice.y } else { &mut choice.x }).clone_from(&axis.id);
                        choose(out, choice);
                        ui.close();
                    }
                }
            });
        }
        let colours = [Colour::Layer, Colour::Alike];
        let named = [words.layer, words.alike];
        let names: Vec<(&str, bool)> =
            named.iter().zip(colours).map(|(&name, colour)| (name, colour == choice.colour)).collect();
        if let Some(index) = segments::show(ui, &names) {
            choose(out, AtlasChoice { colour: colours[index], ..choice.clone() });
        }
    });
    ui.add_space(4.0);
}

/// The colour of a head's point: its layer on one ramp, or its cluster's.
fn colour_of(scene: &Scene<'_>, view: &View, place: usize) -> Color32 {
    match scene.state.atlas.colour {
        Colour::Alike => theme::series(scene.dark, view.clusters.of[place]),
        Colour::Layer => {
            let share = view.atlas.heads[place].head.layer as f32 / view.last_layer.max(1) as f32;
            let map = scene.state.look.map(scene.dark);
            // Neither the floor, which is the ground, nor the very end
            theme::of_map(map.at(0.25 + 0.65 * share))
        }
    }
}

fn plot(ui: &mut Ui, scene: &Scene<'_>, view: &View, room: Rect, out: &mut Out) {
    let (words, tokens, choice) = (scene.words.atlas, theme::tokens(ui), &scene.state.atlas);
    let (Some(x), Some(y)) = (view.axis(&choice.x), view.axis(&choice.y)) else { return };
    let heads = &view.atlas.heads;
    let (across, up) = (view.column(x).0, view.column(y).0);
    let at = |place: usize| Some([across[place]?, up[place]?]);
    let chosen = scene.charted().map(|entry| entry.head);
    let mut inner = ui.new_child(UiBuilder::new().max_rect(room));
    let plot = Plot::new(("atlas", &x.id, &y.id))
        .grid_color(tokens.line)
        .show_background(false)
        .allow_scroll(false)
        // With Shift a box is drawn over the heads instead
        .allow_drag(!ui.input(|input| input.modifiers.shift))
        .set_margin_fraction(vec2(0.08, 0.08))
        .x_axis_label(name_of(scene, x))
        .y_axis_label(name_of(scene, y))
        .label_formatter(|_| None);
    let radius = if heads.len() > 400 { 3.0 } else { 5.0 };
    let response = plot.show(&mut inner, |plot| {
        // One series a colour: thousands would each cost a plot item
        let mut series: BTreeMap<[u8; 4], Vec<[f64; 2]>> = BTreeMap::new();
        let marked: HashSet<HeadId> = scene.state.chosen.iter().copied().collect();
        let mut rims: Vec<[f64; 2]> = Vec::new();
        for (place, entry) in heads.iter().enumerate() {
            if let Some(point) = at(place).filter(|_| Some(entry.head) != chosen) {
                if marked.contains(&entry.head) {
                    rims.push(point);
                }
                series.entry(colour_of(scene, view, place).to_array()).or_default().push(point);
            }
        }
        if !rims.is_empty() {
            plot.points(Points::new("", rims).color(tokens.accent).radius(radius + 2.0));
        }
        for ([r, g, b, a], points) in series {
            let color = Color32::from_rgba_premultiplied(r, g, b, a);
            plot.points(Points::new("", points).color(color).radius(radius));
        }
        let lit = scene.hover.head.filter(|_| scene.charts_own());
        let lit = lit.and_then(|head| heads.iter().position(|entry| entry.head == head)).and_then(at);
        if let Some(point) = lit {
            plot.points(Points::new("", vec![point]).color(tokens.text).radius(radius + 2.0));
        }
        let place = heads.iter().position(|entry| Some(entry.head) == chosen);
        if let Some((place, point)) = place.and_then(|place| Some((place, at(place)?))) {
            plot.points(Points::new("", vec![point]).color(tokens.accent).radius(radius + 3.5));
            plot.points(Points::new("", vec![point]).color(tokens.background).radius(radius + 1.5));
            let color = colour_of(scene, view, place);
            plot.points(Points::new("", vec![point]).color(color).radius(radius));
        }
        plot.pointer_coordinate().map(|point| (point, plot.transform().dpos_dvalue()))
    });
    let on_screen = |place: usize| {
        let [x, y] = at(place)?;
        Some((heads[place].head, response.transform.position_from_point(&egui_plot::PlotPoint::new(x, y))))
    };
    band(ui, &response.response, (0..heads.len()).filter_map(on_screen), scene, out);
    let name = format!("{}: {} × {}", words.title, name_of(scene, x), name_of(scene, y));
    response.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &name));
    focus::say(&response.response, || {
        let own = heads.iter().position(|entry| Some(entry.head) == chosen);
        let own = own.and_then(|place| Some((place, at(place)?)));
        own.map_or_else(String::new, |(place, [x, y])| {
            format!("{} {x:.4}, {y:.4}", (words.head)(&heads[place].head.to_string()))
        })
    });
    let near = response.inner.and_then(|(pointer, [dx, dy])| {
        let far =
            |point: [f64; 2]| ((point[0] - pointer.x) * dx).powi(2) + ((point[1] - pointer.y) * dy).powi(2);
        let all = (0..heads.len()).filter_map(|place| Some((place, far(at(place)?))));
        all.min_by(|a, b| a.1.total_cmp(&b.1)).filter(|own| own.1 < 400.0).map(|own| own.0)
    });
    if let Some(place) = near.filter(|_| response.response.hovered()) {
        let entry = &heads[place];
        if scene.charts_own() {
            out.hover = Hover::of_head(entry.head);
        }
        if response.response.clicked() {
            out.send(Command::Atlas(AtlasAct::Head(entry.head)));
        }
        let [across, up] = at(place).unwrap_or_default();
        response.response.on_hover_ui_at_pointer(|ui| {
            ui.label(RichText::new((words.head)(&entry.head.to_string())).font(theme::strong(BODY)));
            ui.label(RichText::new(roles(scene, entry)).color(tokens.muted));
            for (axis, value) in [(x, across), (y, up)] {
                ui.label(format!("{} {value:.4}", name_of(scene, axis)));
            }
        });
    }
    ui.allocate_rect(room, Sense::hover());
}

/// A box that is drawn over the points with Shift held: once it is let go the heads in it are chosen, with Ctrl beside
/// those that were.
fn band(
    ui: &Ui,
    response: &egui::Response,
    heads: impl Iterator<Item = (HeadId, egui::Pos2)>,
    scene: &Scene<'_>,
    out: &mut Out,
) {
    let keys = ui.input(|input| input.modifiers);
    let Some((area, ends)) = drawn(ui, response, keys.shift) else { return };
    if !ends {
        return paint_band(ui, area.intersect(response.rect));
    }
    let caught: Vec<HeadId> = heads.filter(|(_, at)| area.contains(*at)).map(|(head, _)| head).collect();
    if !caught.is_empty() {
        out.send(Command::ChooseHeads(with(scene, keys.command, &caught)));
    }
}

/// A head's roles in one line.
pub(super) fn roles(scene: &Scene<'_>, entry: &crate::analysis::atlas::HeadEntry) -> String {
    let words = scene.words.atlas;
    let roles: Vec<&str> = entry.roles().map(|role| (words.role)(role)).collect();
    if roles.is_empty() { words.no_role.to_owned() } else { roles.join(" · ") }
}

/// Heads that are alike, each a button.
fn alike(ui: &mut Ui, scene: &Scene<'_>, view: &View, out: &mut Out) {
    let (words, tokens) = (scene.words.atlas, theme::tokens(ui));
    widgets::section(ui, words.alike);
    let title = Rect::from_min_size(ui.max_rect().min, vec2(ui.max_rect().width(), 20.0));
    ui.interact(title, ui.scope_id().with("why"), Sense::hover())
        .on_hover_text((words.alike_sub)(view.clusters.silhouette));
    let chosen = scene.charted().map(|entry| entry.head);
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        for (number, cluster) in view.clusters.clusters.iter().enumerate() {
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(4.0, 2.0);
                ui.spacing_mut().button_padding = vec2(4.0, 0.0);
                let (dot, _) = ui.allocate_exact_size(vec2(14.0, 18.0), Sense::hover());
                ui.painter().circle_filled(dot.center(), 4.5, theme::series(scene.dark, number));
                ui.label(RichText::new(traits(scene, view, number)).size(12.0).color(tokens.muted));
                ui.add_space(6.0);
                for &head in cluster.heads.iter().take(NAMED) {
                    head_button(ui, scene, head, chosen == Some(head), out);
                }
                if let Some(more) = cluster.heads.len().checked_sub(NAMED).filter(|&more| more > 0) {
                    let text = RichText::new(format!("+ {}", grouped(more as u64))).size(SMALL);
                    ui.label(text.color(tokens.muted));
                }
            });
            ui.add_space(2.0);
        }
    });
}

/// What sets a cluster apart: `induction ↑, entropy ↓`.
fn traits(scene: &Scene<'_>, view: &View, number: usize) -> String {
    let named = |(id, z): &(String, f64)| {
        let name = view.axes.iter().find(|axis| axis.id == *id).map(|axis| name_of(scene, axis));
        format!("{} {}", name.unwrap_or_else(|| id.clone()), if *z > 0.0 { "↑" } else { "↓" })
    };
    let traits: Vec<String> = view.clusters.clusters[number].traits.iter().map(named).collect();
    if traits.is_empty() { scene.words.atlas.alone.to_owned() } else { traits.join(", ") }
}

fn head_button(ui: &mut Ui, scene: &Scene<'_>, head: HeadId, on: bool, out: &mut Out) {
    let tokens = theme::tokens(ui);
    let color = if on { tokens.accent_text } else { tokens.text };
    let text = RichText::new(head.to_string()).font(theme::mono(SMALL)).color(color);
    let button = egui::Button::new(text).fill(tokens.background).stroke(Stroke::NONE).small();
    let response = ui.add(button);
    let name = (scene.words.atlas.head)(&head.to_string());
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, on, &name));
    if response.clicked() {
        out.send(Command::Atlas(AtlasAct::Head(head)));
    }
    if scene.charts_own() {
        out.point_at(head, &response);
    }
    if response.hovered()
        && let Some(entry) = scene.charting.view().and_then(|view| view.atlas.entry(head))
    {
        response.on_hover_text(format!("{name} · {}", roles(scene, entry)));
    }
}
