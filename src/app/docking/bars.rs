//! The window's own frame: bars across it, the panes between them.

use super::Panes;
use crate::app::{banner::Banner, layout::Pane, panes::bars, theme};
use egui::{CentralPanel, Frame, Panel};
use egui_tiles::Tree;

/// Bars across the window, the panes between them. True once a map with real values was painted.
pub fn lay_out(
    ui: &mut egui::Ui,
    panes: &mut Panes<'_, '_>,
    tree: &mut Tree<Pane>,
    banner: Option<&Banner>,
) -> bool {
    let tokens = theme::tokens(ui);
    let plain = |fill| Frame::new().fill(fill);
    let scene = panes.scene;
    Panel::top("top")
        .exact_size(40.0)
        .frame(plain(tokens.panel))
        .show(ui, |ui| bars::top(ui, scene, panes.out));
    if let Some(banner) = banner {
        let fill = theme::mix(tokens.panel, if banner.error { tokens.error } else { tokens.measure }, 0.12);
        let frame = plain(fill).inner_margin(egui::Margin::symmetric(0, 6));
        Panel::top("banner")
            .frame(frame)
            .resizable(false)
            .show(ui, |ui| bars::banner(ui, scene, banner, panes.out));
    }
    Panel::bottom("status")
        .exact_size(26.0)
        .frame(plain(tokens.panel))
        .show(ui, |ui| bars::status(ui, scene, panes.out));
    CentralPanel::default().frame(plain(tokens.background)).show(ui, |ui| panes.show(ui, tree));
    panes.painted
}
