//! A training in its checkpoints: measures against steps, a slider that every view follows, when heads took their roles.

use super::{
    curves::{self, Across, BESIDE, Curve},
    track,
};
use crate::{
    analysis::{
        atlas::Role,
        timeline::{Overview, RoleTaken, curve},
    },
    app::{
        command::{Command, CommandKind},
        scene::{Out, Scene},
        theme::{self, SMALL},
        timeline::{Sight, TimelineAct, Whose},
        training::Act,
        widgets::{self, focus},
    },
    model::HeadId,
    render,
};
use egui::{Rect, RichText, ScrollArea, Sense, Stroke, Ui, vec2};

const LEFT: f32 = 48.0;
/// Narrower than this, and the roles stand nowhere; narrower still, and neither do the names of curves.
const WIDE: f32 = 760.0;
const NAMED: f32 = 420.0;
const ROLES: f32 = 236.0;
/// From this height on the loss has a plot of its own.
const TALL: f32 = 230.0;

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let words = scene.words.timeline;
    let Some(sight) = scene.timeline() else {
        return without(ui, scene, out);
    };
    widgets::header(ui, words.title, &subtitle(scene, &sight), |ui| controls(ui, scene, &sight, out));
    if let Some(error) = scene.timeline_error() {
        let tokens = theme::tokens(ui);
        ui.horizontal_wrapped(|ui| {
            ui.add_space(12.0);
            ui.label(RichText::new(&error.what).color(tokens.error));
            ui.label(RichText::new(error.hint.as_deref().unwrap_or_default()).color(tokens.muted));
        });
    }
    let room = ui.available_rect_before_wrap().shrink2(vec2(8.0, 4.0));
    ui.allocate_rect(room, Sense::hover());
    let (named, with_roles) = (room.width() > NAMED, room.width() > WIDE);
    let right = room.right() - if with_roles { ROLES + 16.0 } else { 0.0 };
    let left = room.with_max_x(right);
    let end = right - if named { BESIDE } else { 12.0 };
    let across = Across { left: left.left() + LEFT, right: end, axis: sight.axis() };
    let (above, below) = left.split_top_bottom_at_y(left.bottom() - track::HEIGHT);
    plots(ui, scene, &sight, across, (above, named), out);
    track::show(ui, scene, &sight, across, (below, named, words.slider), out);
    let x = across.x(sight.step());
    let y = above.top() + 20.0..=below.top() + track::TRACK;
    ui.painter().vline(x, y, Stroke::new(1.5, theme::tokens(ui).accent));
    if with_roles {
        roles(ui, scene, &sight, room.with_min_x(right + 16.0), out);
    }
}

/// Before there is one: what to do, or what is being done.
fn without(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let words = scene.words.timeline;
    widgets::header(ui, words.title, "", |ui| {
        if scene.state.timeline.folder.is_some() && ui.add(widgets::outlined(ui, words.close)).clicked() {
            out.send(Command::Timeline(TimelineAct::Close));
        }
        if ui.add(widgets::outlined(ui, words.open)).clicked() {
            out.send(Command::AskForModel);
        }
    });
    match scene.timeline_error() {
        Some(error) => widgets::empty(ui, &error.what, error.hint.as_deref().unwrap_or_default()),
        None if scene.state.timeline.folder.is_some() => widgets::empty(ui, words.looking, ""),
        None => widgets::empty(ui, words.empty, words.empty_sub),
    }
}

fn subtitle(scene: &Scene<'_>, sight: &Sight<'_>) -> String {
    let (words, timelines) = (scene.words.timeline, scene.timelines);
    let (first, last) = (sight.steps[0], sight.steps[sight.steps.len() - 1]);
    if sight.live {
        return (words.of)(words.live, sight.steps.len(), first, last);
    }
    let name = timelines.found.get().map(crate::engine::Checkpoints::name).unwrap_or_default();
    let of = (words.of)(&name, sight.steps.len(), first, last);
    let changes = scene.state.timeline.changes.iter().map(ToString::to_string);
    let of = std::iter::once(of).chain(changes).collect::<Vec<_>>().join(" · ");
    let left_out = timelines.measuring.get().map_or(0, Vec::len);
    match timelines.measuring.progress() {
        Some(_) => format!("{} · {of}", (words.asking)(sight.seen.len(), sight.steps.len())),
        None if left_out > 0 => format!("{of} · {}", (words.left_out)(left_out)),
        None => of,
    }
}

fn controls(ui: &mut Ui, scene: &Scene<'_>, sight: &Sight<'_>, out: &mut Out) {
    let words = scene.words.timeline;
    let mut button = |ui: &mut Ui, kind: CommandKind, button: egui::Button<'_>| {
        let (aim, why) = (kind.aim(scene), (scene.words.command)(kind).1);
        let response = ui.add_enabled(aim.is_ok(), button).on_hover_text(why);
        let response = match &aim {
            Err(refusal) => response.on_disabled_hover_text(*refusal),
            Ok(_) => response,
        };
        if let (true, Ok(command)) = (response.clicked(), aim) {
            out.send(command);
        }
    };
    if !sight.live {
        let close = widgets::outlined(ui, words.close);
        button(ui, CommandKind::CloseTimeline, close);
    }
    let compare = widgets::outlined(ui, words.compare);
    button(ui, CommandKind::CompareCheckpoint, compare);
    let forward = widgets::outlined(ui, words.forward);
    button(ui, CommandKind::CheckpointForward, forward);
    let play = if scene.timelines.playing.is_some() { words.pause } else { words.play };
    let play = widgets::primary(ui, play).min_size(vec2(64.0, 0.0));
    button(ui, CommandKind::PlayTimeline, play);
    let back = widgets::outlined(ui, words.back);
    button(ui, CommandKind::CheckpointBack, back);
    let state = &scene.state.timeline;
    let whose = |whose| if whose == Whose::Best { words.best_heads } else { words.selected_heads };
    widgets::choice(ui, "", whose(state.whose), |ui| {
        for own in [Whose::Best, Whose::Selected] {
            if ui.selectable_label(own == state.whose, whose(own)).clicked() {
                out.send(Command::Timeline(TimelineAct::Whose(own)));
            }
        }
    });
    widgets::choices(ui, "", words.measures, |ui| {
        for (role, _) in &sight.overview.best {
            let mut on = state.shows(role);
            if widgets::checkbox::show(ui, &mut on, (scene.words.train.role)(role)).changed() {
                out.send(Command::Timeline(TimelineAct::Show(role.id, on)));
            }
        }
        let changed = state.changes != scene.state.changes_in_sight();
        let another = state.asked != scene.state.prompt && !scene.state.prompt.is_empty();
        if !sight.live && (another || changed) {
            ui.separator();
            let (name, why) = match (changed, scene.state.changes_in_sight().is_empty()) {
                (false, _) => (words.measure_prompt, words.measure_prompt_why),
                (true, false) => (words.measure_changed, words.measure_changed_why),
                (true, true) => (words.measure_clean, words.measure_clean_why),
            };
            let ask = ui.button(name).on_hover_text(why);
            if ask.clicked() {
                out.send(Command::Timeline(TimelineAct::Ask));
            }
        }
    });
}

/// The scores, and above them the loss where there is room.
fn plots(
    ui: &mut Ui,
    scene: &Scene<'_>,
    sight: &Sight<'_>,
    across: Across,
    (room, named): (Rect, bool),
    out: &mut Out,
) {
    let words = scene.words.timeline;
    if room.height() < 60.0 {
        return;
    }
    let losses: Vec<(u64, f64)> =
        sight.seen.iter().filter_map(|seen| Some((seen.step(), seen.loss()?))).collect();
    let plane = |from: f32, to: f32| Rect::from_x_y_ranges(across.left..=across.right, from..=to);
    let (top, bottom) = (room.top() + 20.0, room.bottom() - 12.0);
    let tall = room.height() > TALL && losses.len() > 1;
    let split = top + (bottom - top) * 0.42;
    let score = plane(if tall { split + 22.0 } else { top }, bottom);
    let whole = plane(top, bottom);
    let name = sight.overview.change.map(|(from, to)| (scene.words.train.phase)(from, to));
    curves::phase(ui, across, whole, sight.overview.change, name.as_deref().unwrap_or_default());
    if tall {
        loss(ui, scene, sight, across, (plane(top, split - 12.0), named), losses);
    }
    scores(ui, scene, sight, across, (score, named));
    let response = ui.interact(whole, ui.scope_id().with("plot"), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, words.plot));
    focus::say(&response, || (scene.words.train.at_step)(sight.step()));
    track::follow(ui, &response, sight, across, out);
}

fn loss(
    ui: &Ui,
    scene: &Scene<'_>,
    sight: &Sight<'_>,
    across: Across,
    (plot, named): (Rect, bool),
    points: Vec<(u64, f64)>,
) {
    let (words, tokens) = (scene.words.timeline, theme::tokens(ui));
    let top = (points.iter().map(|(_, loss)| *loss as f32).fold(0.0, f32::max) * 1.02).max(0.5);
    let (values, places) = curves::loss_values(top * 2.0);
    let values: Vec<f32> = values.into_iter().filter(|value| *value <= top).collect();
    let y = curves::grid(ui, plot, words.loss, top, &values, places);
    let (color, name) = (tokens.text, words.loss);
    let own = Curve { name, what: "", color, width: 2.0, dashed: false, strong: true, points };
    let end = curves::draw(ui, across, plot, &y, Some(sight.step()), &own);
    if named {
        curves::names(ui, plot, &mut [(end, own)]);
    }
}

/// Which curves there are: a role's, of the best head or of one.
fn chosen(scene: &Scene<'_>, sight: &Sight<'_>) -> Vec<(&'static Role, Option<HeadId>)> {
    let Overview { best, .. } = sight.overview;
    let roles = best.iter().map(|(role, _)| *role).filter(|role| scene.state.timeline.shows(role));
    let heads = scene.timeline_heads(sight);
    if heads.is_empty() {
        return roles.map(|role| (role, None)).collect();
    }
    roles.flat_map(|role| heads.iter().map(move |head| (role, Some(*head))).collect::<Vec<_>>()).collect()
}

fn scores(ui: &Ui, scene: &Scene<'_>, sight: &Sight<'_>, across: Across, (plot, named): (Rect, bool)) {
    let (words, theme) = (scene.words.timeline, theme::of(scene.dark));
    let shown = chosen(scene, sight);
    let several = shown.iter().filter_map(|(_, head)| *head).any(|head| Some(head) != shown[0].1);
    let kind = if scene.dark { render::Theme::Dark } else { render::Theme::Light };
    let known: Vec<&Role> = sight.overview.best.iter().map(|(role, _)| *role).collect();
    let labels: Vec<String> = shown
        .iter()
        .map(|(role, head)| match head {
            Some(head) if several => format!("{head} {}", (scene.words.train.role)(role)),
            _ => (scene.words.train.role)(role).to_owned(),
        })
        .collect();
    let one = sight.now();
    let mut drawn = Vec::new();
    let mut points: Vec<Vec<(u64, f64)>> = shown
        .iter()
        .map(|(role, head)| match head {
            None => {
                let own = sight.overview.best.iter().find(|(known, _)| known.id == role.id);
                own.map(|(_, curve)| curve.clone()).unwrap_or_default()
            }
            Some(_) => curve(&sight.seen, role, *head),
        })
        .collect();
    let most = points.iter().flatten().map(|(_, value)| *value as f32).fold(1.0, f32::max);
    let values: &[f32] = if most > 1.0 { &[0.0, 0.5, 1.0, 1.5, 2.0, 3.0] } else { &[0.0, 0.5, 1.0] };
    let values: Vec<f32> = values.iter().copied().filter(|value| *value <= most).collect();
    let y = curves::grid(ui, plot, words.score, most, &values, 1);
    for (index, (role, head)) in shown.iter().enumerate() {
        let color = known.iter().position(|own| own.id == role.id).unwrap_or(0);
        let [r, g, b, _] = kind.series(color);
        // Induction is what a training is watched for
        let main = role.id == "induction";
        let color = if main { theme.measure } else { egui::Color32::from_rgb(r, g, b) };
        let own = Curve {
            name: &labels[index],
            what: "",
            color,
            width: if main { 2.0 } else { 1.5 },
            dashed: several && *head != shown[0].1,
            strong: main,
            points: std::mem::take(&mut points[index]),
        };
        let at = one.map(|_| sight.step());
        drawn.push((curves::draw(ui, across, plot, &y, at, &own), own));
    }
    if named {
        curves::names(ui, plot, &mut drawn);
    }
}

/// Heads by when they took the roles that they have; a click selects the head and goes there.
fn roles(ui: &mut Ui, scene: &Scene<'_>, sight: &Sight<'_>, room: Rect, out: &mut Out) {
    let (words, tokens) = (scene.words, theme::tokens(ui));
    ui.painter().vline(room.left() - 8.0, room.y_range(), Stroke::new(1.0, tokens.line));
    let builder = egui::UiBuilder::new().max_rect(room.shrink2(vec2(8.0, 4.0))).id_salt("roles");
    let mut ui = ui.new_child(builder);
    widgets::section(&mut ui, words.train.roles);
    if sight.overview.roles.is_empty() {
        ui.label(RichText::new(words.timeline.none).size(SMALL).color(tokens.muted));
    }
    let selected = if sight.live { scene.live.head } else { scene.state.head };
    ScrollArea::vertical().auto_shrink(false).show(&mut ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for taken in sight.overview.roles.iter().filter(|taken| scene.state.timeline.shows(taken.role)) {
            let role = (words.train.role)(taken.role);
            let name = (words.timeline.since)(&taken.head.to_string(), role, taken.step);
            let row = curves::role_row(ui, taken, (role, &name), sight.axis(), taken.head == selected);
            if row.clicked() {
                go_to(sight, taken, out);
            }
        }
    });
}

fn go_to(sight: &Sight<'_>, taken: &RoleTaken, out: &mut Out) {
    out.send(if sight.live {
        Command::Train(Act::Select(taken.head))
    } else {
        Command::SelectHead(taken.head)
    });
    out.commands.extend(sight.nearest(taken.step).and_then(|at| sight.go(at)));
}
