//! What is computed because it is in sight.

use super::{
    figures,
    layout::{self, Pane},
    panes::dialogs::Dialog,
    window::Window,
};

impl Window {
    /// Has computed what is in sight this frame.
    pub(super) fn follow(&mut self, ctx: &egui::Context) {
        let live = self.live_place();
        let drawn = self.sees(Pane::Timeline);
        if self.session.follow_timeline(&self.state, live, drawn) {
            self.session.fit(&mut self.state);
        }
        self.draw_figures(ctx);
        self.serve_copy(ctx);
        let (state, tree) = (&self.state, &self.dock.tree);
        let drawn = |pane| state.torn.contains(&pane) || layout::shows(state, tree, pane);
        self.session.follow_lens(state, drawn(Pane::Lens));
        self.session.follow_map(state, self.hover, drawn(Pane::Head));
        self.session.follow_reasons(state, drawn);
        self.session.follow_atlas();
        self.session.follow_roles(state);
        self.session.follow_filter(state);
        self.session.follow_circuits(state, drawn);
        if drawn(Pane::Walk) {
            self.session.follow_walk(state);
        }
        self.session.intervene(&self.state);
        self.session.follow_memory(state, drawn);
        self.session.follow_rivers(state, drawn);
        self.session.follow_comparison(state, &self.live, drawn);
        self.session.follow_sweep(state, drawn);
        self.session.follow_trails(state, drawn(Pane::Trails));
        self.session.follow_added(state, drawn(Pane::Norms));
        self.session.follow_card(drawn(Pane::Weights));
        self.session.follow_tensor(state, drawn(Pane::Weights));
        self.session.follow_tint(state, drawn(Pane::Prompt));
        self.session.follow_next(state, drawn(Pane::Next));
        self.session.refresh_row(&self.state, self.hover);
        self.take_fitting();
    }

    /// Has the export dialog's picture drawn, and puts on the clipboard what was asked for.
    fn draw_figures(&mut self, ctx: &egui::Context) {
        let key = match &self.dialog {
            Dialog::Export { path, piece, finish } if figures::is_picture(path) => {
                self.figure_key(*piece, *finish, path)
            }
            _ => None,
        };
        let model = self.session.model.as_ref();
        self.figures.follow(ctx, key, self.session.post(), model);
        if let Some(said) = self.figures.serve(ctx, self.session.post(), model) {
            self.session.banner = Some(said);
        }
    }
}
