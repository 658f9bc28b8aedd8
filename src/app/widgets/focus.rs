//! What has the keys: a ring around it, the arrows that it keeps, and what a screen reader says of a picture.

use crate::app::{stepping, theme};
use egui::{Context, EventFilter, Id, Response, Slider, Stroke, StrokeKind, Ui};

/// Where the window finds what keeps ← and →.
const KEEPS: &str = "keeps arrows";
/// Arrows are for the selection, not for the focus.
const ARROWS: EventFilter =
    EventFilter { tab: false, horizontal_arrows: true, vertical_arrows: true, escape: false };

/// A slider that ← and → move while it has the focus; elsewhere they go from head to head.
pub fn slide(ui: &mut Ui, slider: Slider<'_>) -> Response {
    let response = ui.add(slider);
    keep(&response);
    response
}

/// The same for one that was put there otherwise.
pub fn keep(response: &Response) {
    if response.has_focus() {
        response.ctx.data_mut(|data| data.insert_temp(Id::unique(KEEPS), response.id));
        response.ctx.memory_mut(|memory| memory.set_focus_lock_filter(response.id, ARROWS));
    }
}

/// Whether ← and → belong to what has the focus.
pub fn keeps_arrows(ctx: &Context) -> bool {
    let own = ctx.data(|data| data.get_temp::<Id>(Id::unique(KEEPS)));
    own.is_some_and(|own| ctx.memory(|memory| memory.has_focus(own)))
}

/// Arrows go from head to head and leave the focus where it is, but in a menu; text fields and sliders say otherwise later
/// in the frame.
pub fn lock(ctx: &Context) {
    let filter = if egui::Popup::is_any_open(ctx) { EventFilter::default() } else { ARROWS };
    if let Some(focused) = ctx.memory(egui::Memory::focused) {
        ctx.memory_mut(|memory| memory.set_focus_lock_filter(focused, filter));
    }
}

/// Draws a ring around what has the keys, whatever it is: text fields have their own, and so have panes as a whole.
pub fn ring(ctx: &Context, dark: bool) {
    let Some(focused) = ctx.memory(egui::Memory::focused) else { return };
    if ctx.text_edit_focused() || stepping::is_handle(focused) {
        return;
    }
    let Some(response) = ctx.read_response(focused) else { return };
    let clip = response.interact_rect.expand(5.0);
    // Amber is for what is selected
    let stroke = Stroke::new(2.0, theme::of(dark).text);
    let painter = ctx.layer_painter(response.layer_id).with_clip_rect(clip);
    painter.rect_stroke(response.rect.expand(2.0), 4, stroke, StrokeKind::Outside);
}

/// Has a screen reader say what of a picture is selected, as soon as it is something else.
pub fn say(response: &Response, value: impl FnOnce() -> String) {
    // Nobody listens most of the time
    if response.ctx.accesskit_node_builder(response.id, |_| ()).is_some() {
        let value = value();
        response.ctx.accesskit_node_builder(response.id, |node| node.set_value(value));
    }
}
