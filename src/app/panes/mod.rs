//! One file a pane: each draws from a `Scene` and answers with commands.

use super::scene::{Out, Scene};
use egui::{Rect, Ui, vec2};

pub mod atlas;
mod atlas_card;
pub mod attribution;
pub mod bars;
pub mod cache;
mod change;
pub mod circuits;
pub mod compare;
pub mod composition;
mod curves;
pub mod dialogs;
mod exporting;
mod finder;
pub mod flow;
pub mod head;
pub mod heads;
mod hints;
pub mod honesty;
pub mod interventions;
pub mod journal;
mod languages;
pub mod left;
pub mod lens;
mod lens_plot;
pub mod memory_map;
mod model_card;
pub mod next;
mod norm_plot;
pub mod norms;
mod notes;
mod readme;
pub mod recall;
mod recall_curve;
mod recall_heads;
pub mod right;
pub mod river;
mod shared;
mod shelf;
pub mod similarity;
pub mod stream;
pub mod sweep;
mod theme_switch;
pub mod timeline;
pub mod track;
pub mod trails;
pub mod train_curves;
pub mod train_heads;
pub mod train_numbers;
pub mod train_setup;
mod turns;
pub mod walk;
pub mod weights;
pub mod why;
mod word_menu;

/// The room of a pane, less what a hint takes at its foot.
fn hinted(ui: &mut Ui, scene: &Scene<'_>, number: u8, out: &mut Out) -> Rect {
    let room = ui.available_rect_before_wrap();
    let height = if number == 2 { 100.0 } else { 84.0 };
    if !hints::wanted(scene, number) || room.height() < 4.0 * height {
        return room;
    }
    let foot =
        Rect::from_min_max(room.left_bottom() - vec2(-16.0, height), room.right_bottom() - vec2(16.0, 8.0));
    let mut inner = ui.new_child(egui::UiBuilder::new().max_rect(foot).id_salt("hint"));
    hints::show(&mut inner, scene, number, out);
    room.with_max_y(foot.top() - 4.0)
}
