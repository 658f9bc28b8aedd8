//! The numbers of one step: strips that line up, each with its meaning and place, and their colours.

use super::{
    cells::{Cells, Grid, read},
    symbols::{is_share, like, symbol},
};
use crate::{
    analysis::walk::{Along, Owner, Quantity, Step, StepKind, Strip, Walk},
    app::{
        command::Command,
        labels::Labels,
        scene::{Out, Scene},
        theme::{self, SMALL, TITLE},
        walking::Order,
        widgets,
    },
    render::{ColorMap, Scale, Shader, ValueRange},
    trace::Side,
};
use egui::{Align2, Rect, Sense, Ui, pos2, vec2};
use std::borrow::Cow;

/// Heights of what a step is drawn with.
#[derive(Clone, Copy)]
pub(super) struct Heights {
    /// A row of numbers.
    row: f32,
    /// The line over a strip.
    heading: f32,
    /// The bars of a running sum.
    pub(super) bars: f32,
    /// The line of a result.
    pub(super) result: f32,
}

const ROOMY: Heights = Heights { row: 40.0, heading: 26.0, bars: 56.0, result: 36.0 };
/// For windows as low as a small laptop's.
const TIGHT: Heights = Heights { row: 24.0, heading: 21.0, bars: 28.0, result: 24.0 };
/// Room below which a step is drawn tight.
const LOW: f32 = 460.0;
/// How many times as high rows are where a large window has room for all of them.
const LARGER: [f32; 3] = [1.6, 1.4, 1.2];

impl Heights {
    fn times(self, by: f32) -> Self {
        let whole = |height: f32| (height * by / 4.0).round() * 4.0;
        let Self { row, heading, bars, result } = self;
        Self { row: whole(row), heading: whole(heading), bars: whole(bars), result: whole(result) }
    }

    /// What the strips of a step take, one below the other, in some width.
    fn of(self, step: &Step, width: f32) -> f32 {
        let strip = |strip: &Strip| match strip.what {
            Quantity::RunningSum => self.bars + 8.0,
            _ => self.heading + Grid::new(strip.values.len(), width, self.row, labelled(strip)).height(),
        };
        step.strips.iter().map(strip).sum::<f32>() + 2.0 * self.result
    }
}

/// Whether a strip's numbers have names under them.
fn labelled(strip: &Strip) -> bool {
    !matches!(strip.along, Along::Width | Along::HeadDimension | Along::Hidden)
}

/// What is drawn of a step.
pub(super) struct Body<'a> {
    pub(super) scene: &'a Scene<'a>,
    pub(super) walk: &'a Walk,
    pub(super) step: &'a Step,
    /// A head's dimensions in the order in which they are shown.
    order: Option<Vec<usize>>,
    pub(super) heights: Heights,
    gap: f32,
}

impl<'a> Body<'a> {
    /// In a room so wide and so high.
    pub(super) fn new(
        scene: &'a Scene<'a>,
        walk: &'a Walk,
        step: &'a Step,
        (width, room): (f32, f32),
    ) -> Self {
        let order = step.strip(Quantity::Product).filter(|_| scene.state.walk.order == Order::Product);
        let order = order.map(|products| {
            let mut order: Vec<usize> = (0..products.values.len()).collect();
            order.sort_by(|&a, &b| products.values[b].total_cmp(&products.values[a]));
            order
        });
        let strips = step.strips.len().max(1) as f32;
        // What is left goes into the rows, then between the strips
        let fits = |heights: &Heights| heights.of(step, width) + 28.0 * (strips + 1.0) <= room;
        let larger = LARGER.map(|by| ROOMY.times(by)).into_iter().find(fits);
        let heights = larger.unwrap_or(if room < LOW { TIGHT } else { ROOMY });
        let gap = ((room - heights.of(step, width)) / strips).clamp(4.0, 28.0);
        let gap = (gap / 4.0).floor() * 4.0;
        Self { scene, walk, step, order, heights, gap }
    }

    pub(super) fn show(&self, ui: &mut Ui, out: &mut Out) {
        ui.spacing_mut().item_spacing.y = 0.0;
        let last = self.step.strips.len().saturating_sub(1);
        for (index, strip) in self.step.strips.iter().enumerate() {
            if strip.what == Quantity::RunningSum {
                self.bars(ui, strip);
                continue;
            }
            let result = self.result_before(index);
            if let Some(target) = result {
                self.carried(ui, target);
            }
            self.strip(ui, strip, out);
            if index < last {
                ui.add_space(self.gap);
            }
        }
        if self.step.kind != StepKind::Scores {
            self.result(ui);
        }
        self.legend(ui);
    }

    /// The strip that a sum is carried to stands at `index`.
    fn result_before(&self, index: usize) -> Option<&Strip> {
        let strip = &self.step.strips[index];
        (self.step.kind == StepKind::Scores && strip.what == Quantity::Score).then_some(strip)
    }

    pub(super) fn values(&self, strip: &Strip) -> Vec<f32> {
        match (&self.order, &strip.along, strip.what) {
            (Some(order), Along::HeadDimension, Quantity::RunningSum) => {
                let products = self.step.strip(Quantity::Product).map_or(&[][..], |own| &own.values);
                let sum = order.iter().scan(0.0_f64, |sum, &index| {
                    *sum += f64::from(products[index]);
                    Some(*sum as f32)
                });
                sum.collect()
            }
            (Some(order), Along::HeadDimension, _) => {
                order.iter().map(|&index| strip.values[index]).collect()
            }
            _ => strip.values.clone(),
        }
    }

    pub(super) fn grid(&self, ui: &Ui, strip: &Strip) -> Grid {
        Grid::new(strip.values.len(), ui.available_width(), self.heights.row, labelled(strip))
    }

    fn labels(&self, strip: &Strip) -> Option<Cow<'a, Labels>> {
        let of = |side: Side| Some(Cow::Borrowed(self.scene.labels_of(side)));
        match &strip.along {
            Along::Width | Along::HeadDimension | Along::Hidden => None,
            Along::Queries => of(self.scene.rows()),
            Along::Keys => of(self.scene.columns()),
            Along::Words(words) => {
                let texts: Vec<String> = words.iter().map(|word| crate::model::shown(word)).collect();
                Some(Cow::Owned(Labels {
                    longest: texts.iter().map(|text| text.chars().count()).max().unwrap_or(0),
                    texts,
                }))
            }
        }
    }

    fn strip(&self, ui: &mut Ui, strip: &Strip, out: &mut Out) {
        self.heading(ui, strip, out);
        let values = self.values(strip);
        let shader = (strip.what != Quantity::Ids).then(|| self.shader(strip.what));
        let labels = self.labels(strip);
        let words = self.scene.words.walk;
        let name = format!("{} {}", symbol(strip.what), (words.quantity)(strip.what));
        let name = (words.strip_of)(name.trim(), values.len());
        let (framed, accented) = match strip.along {
            Along::Keys => (Some(self.walk.key), self.same_text().then_some(self.walk.query)),
            Along::Queries => (Some(self.walk.query), Some(self.walk.query)),
            Along::Words(_) => (Some(0), None),
            _ => (None, None),
        };
        // The same dimension is marked in every strip that has it
        let shared = ui.ctx().data(|data| data.get_temp::<(usize, usize)>(memory()));
        let marked = match strip.along {
            Along::Keys => self.scene.hover.key,
            Along::Queries => self.scene.hover.query,
            _ => shared.filter(|(n, _)| *n == values.len()).map(|(_, index)| index),
        };
        let cells = Cells {
            grid: self.grid(ui, strip),
            values: &values,
            shader: shader.as_ref(),
            share: is_share(strip.what),
            labels: labels.as_deref(),
            framed,
            accented,
            marked,
            name: &name,
        };
        let (response, under, _) = cells.show(ui);
        if let Some(index) = under {
            self.point(ui, strip, &response, (index, values[index]), out);
        }
    }

    /// What pointing at a number and clicking it does.
    fn point(
        &self,
        ui: &Ui,
        strip: &Strip,
        response: &egui::Response,
        (index, value): (usize, f32),
        out: &mut Out,
    ) {
        let words = self.scene.words.walk;
        let what = match &strip.along {
            Along::Keys => {
                out.hover.key = Some(index);
                if response.clicked() {
                    out.send(Command::PinKey(Some(index)));
                }
                self.scene.key_name(index)
            }
            Along::Queries => {
                out.hover.query = Some(index);
                if response.clicked() {
                    out.send(Command::PinQuery(Some(index)));
                }
                self.scene.query_name(index)
            }
            Along::Words(words) => words.get(index).cloned().unwrap_or_default(),
            _ => {
                let n = strip.values.len();
                ui.ctx().data_mut(|data| data.insert_temp(memory(), (n, index)));
                (words.dimension)(self.order.as_ref().map_or(index, |order| order[index]))
            }
        };
        let place = self.order.as_ref().map_or(index, |order| order.get(index).copied().unwrap_or(index));
        let hook = strip.hook.as_ref().map(|hook| match hook.strip_suffix(']') {
            Some(hook) => format!("{hook},{place}]"),
            None => format!("{hook}[{place}]"),
        });
        read(response, &what, value, hook.as_deref());
    }

    /// Sign, token and meaning at the left; shape and hook at the right, where a click copies it.
    fn heading(&self, ui: &mut Ui, strip: &Strip, out: &mut Out) {
        let (tokens, words) = (theme::tokens(ui), self.scene.words.walk);
        let (rect, _) =
            ui.allocate_exact_size(vec2(ui.available_width(), self.heights.heading), Sense::hover());
        let shape = format!("[{}]", strip.values.len());
        let mut right = rect.right();
        if let Some(hook) = &strip.hook {
            let text = widgets::short(ui, hook, theme::mono(12.0), rect.width() * 0.5, tokens.muted);
            let place = Align2::RIGHT_CENTER.anchor_size(pos2(right, rect.center().y), text.size());
            let id = ui.scope_id().with(("hook", strip.what));
            let response = ui.interact(place, id, Sense::click()).on_hover_text(self.scene.words.copy_hook);
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, hook));
            if response.clicked() {
                out.send(Command::Copy(hook.clone()));
            }
            ui.painter().galley(place.min, text, tokens.muted);
            right = place.left() - 8.0;
        }
        let text = widgets::short(ui, &shape, theme::mono(12.0), 90.0, tokens.muted);
        let place = Align2::RIGHT_CENTER.anchor_size(pos2(right, rect.center().y), text.size());
        ui.painter().galley(place.min, text, tokens.muted);
        let mut at = rect.left();
        let mut put = |text: &str, font: egui::FontId, color: egui::Color32| {
            if text.is_empty() {
                return;
            }
            let galley = widgets::short(ui, text, font, (place.left() - at - 8.0).max(0.0), color);
            let start = pos2(at, rect.center().y - 2.0 - galley.size().y / 2.0);
            at += galley.size().x + 10.0;
            // The line that carries a sum down passes behind
            let plate = Rect::from_min_size(start, galley.size()).expand2(vec2(3.0, 0.0));
            ui.painter().rect_filled(plate, 0, tokens.background);
            ui.painter().galley(start, galley, color);
        };
        let (token, color) = match strip.owner {
            Owner::Query => {
                (self.scene.labels_of(self.scene.rows()).get(self.walk.query), tokens.accent_text)
            }
            Owner::Key => (self.scene.labels_of(self.scene.columns()).get(self.walk.key), tokens.text),
            _ => ("", tokens.text),
        };
        put(symbol(strip.what), theme::strong(TITLE + 2.0), color);
        put(token, theme::mono(TITLE - 1.0), color);
        put((words.quantity)(strip.what), theme::body(TITLE), tokens.muted);
    }

    fn shader(&self, what: Quantity) -> Shader {
        let theme = theme::shared(self.scene.dark);
        let alike = self.step.strips.iter().filter(|strip| like(strip.what) == like(what));
        let values = alike.flat_map(|strip| &strip.values).filter(|value| value.is_finite());
        let most = values.fold(0.0_f32, |most, value| most.max(value.abs())).max(f32::MIN_POSITIVE);
        if is_share(what) {
            return Shader::new(ColorMap::of(theme), Scale::Linear, ValueRange { low: 0.0, high: most });
        }
        Shader::new(ColorMap::signed(theme), Scale::Linear, ValueRange { low: -most, high: most })
    }

    /// The colours, and where each strip's end.
    fn legend(&self, ui: &mut Ui) {
        let signed: Vec<Quantity> = self
            .step
            .strips
            .iter()
            .map(|strip| strip.what)
            .filter(|&what| !is_share(what) && what != Quantity::Ids && what != Quantity::RunningSum)
            .collect();
        let Some(&first) = signed.first() else { return };
        ui.add_space(self.gap * 0.5);
        let tokens = theme::tokens(ui);
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
        let bar = Rect::from_min_size(rect.left_center() - vec2(0.0, 4.0), vec2(150.0, 8.0));
        let ramp = self.shader(first).ramp(48);
        for (i, color) in ramp.iter().enumerate() {
            let x = |i: usize| bar.left() + bar.width() * i as f32 / ramp.len() as f32;
            let part = Rect::from_x_y_ranges(x(i)..=x(i + 1), bar.y_range());
            ui.painter().rect_filled(part, 0, theme::of_map(*color));
        }
        let mut ends: Vec<String> = Vec::new();
        let mut known = Vec::new();
        for what in signed {
            if known.contains(&like(what)) {
                continue;
            }
            known.push(like(what));
            let high = self.shader(what).range().high;
            ends.push(format!("{} ±{}", symbol(what), super::symbols::short(high, false)));
        }
        let text = format!("{} · {}", self.scene.words.walk.legend, ends.join(" · "));
        let text = widgets::short(ui, &text, theme::body(SMALL + 1.0), rect.width() - 170.0, tokens.muted);
        ui.painter().galley(
            pos2(bar.right() + 16.0, rect.center().y - text.size().y / 2.0),
            text,
            tokens.muted,
        );
    }

    fn same_text(&self) -> bool {
        self.scene.rows() == self.scene.columns()
    }
}

/// Where the dimension that the pointer is on is kept from one frame to the next.
fn memory() -> egui::Id {
    egui::Id::unique("walk dimension")
}
