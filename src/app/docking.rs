//! The panes in their places: tiles that are dragged, split and tabbed, one pane alone, panes in windows of their own.

mod bars;
mod dock;
mod menus;
mod nothing;

pub use bars::lay_out;
pub use dock::Dock;
pub use menus::layouts;

use super::{
    atlas::Atlas,
    command::Command,
    comparing::Art,
    flowing::Flowing,
    hidden::Hidden,
    input::keys,
    layout::Pane,
    palette::Palette,
    panes::{
        atlas, attribution, cache, circuits, compare, composition, flow, head, heads, honesty, journal, left,
        lens, memory_map, next, norms, recall, right, river, similarity, stream, sweep, timeline, trails,
        train_curves, train_heads, train_numbers, train_setup, walk, weights, why,
    },
    river::MapPicture,
    scene::{Out, Scene},
    stepping,
    theme::{self, HEADER, TITLE},
    tiles::Tiles as MapTiles,
    widgets::focus,
    worker::Post,
};
use egui::{
    Color32, EventFilter, Rect, RichText, ScrollArea, Sense, Stroke, StrokeKind, Ui, UiBuilder, UiStackInfo,
    Visuals, vec2,
};
use egui_tiles::{
    Behavior, EditAction, ResizeState, SimplificationOptions, TabState, TileId, Tiles, Tree, UiResponse,
};

/// What the tiles are tidied to before each frame.
const SIMPLE: SimplificationOptions = SimplificationOptions {
    prune_empty_tabs: true,
    prune_single_child_tabs: true,
    prune_empty_containers: true,
    prune_single_child_containers: true,
    all_panes_must_have_tabs: false,
    join_nested_linear_containers: true,
    flatten_tabs_in_tabs: false,
};

/// A pane lower than this is drawn as high as the next, and scrolls.
const LOW: f32 = 148.0;
const USABLE: f32 = 360.0;

/// Marks what lies behind a tab that names it already.
pub const TABBED: &str = "tabbed";

/// What panes draw with and change while drawing.
pub struct Parts<'a> {
    /// Thumbnails.
    pub atlas: &'a mut Atlas,
    /// Where they are.
    pub grid: &'a mut heads::Kept,
    /// Those of the live model.
    pub live_atlas: &'a mut Atlas,
    /// Tiles of the head's map.
    pub tiles: &'a mut MapTiles,
    /// Lines between tokens.
    pub flowing: &'a mut Flowing,
    /// Picture of one layer's residual stream.
    pub stream: &'a mut Hidden,
    /// Picture of the norms.
    pub norms: &'a mut Hidden,
    /// Picture of how alike tokens are.
    pub similarity: &'a mut Hidden,
    /// Picture of every token's memory.
    pub memory_map: &'a mut MapPicture,
    /// Pictures of how two runs differ.
    pub comparison: &'a mut Art,
}

/// Draws panes where the tree says.
pub struct Panes<'a, 'b> {
    /// This frame's world.
    pub scene: &'a Scene<'b>,
    /// What panes keep.
    pub parts: Parts<'a>,
    /// For panes that start work.
    pub post: &'a Post,
    /// Colours of weights.
    pub palette: Palette,
    /// What panes send back.
    pub out: &'a mut Out,
    /// Whether a map with real values was painted.
    pub painted: bool,
    /// Whether the user moved something.
    pub edited: bool,
    /// Tiles behind tabs.
    tabbed: Vec<TileId>,
    /// A pane that was pressed.
    pub pressed: Option<Pane>,
    /// Whether keys are commands: no dialog has them.
    pub listens: bool,
}

impl<'a, 'b> Panes<'a, 'b> {
    /// Panes for one frame.
    pub fn new(scene: &'a Scene<'b>, parts: Parts<'a>, post: &'a Post, out: &'a mut Out) -> Self {
        let palette = match scene.less() {
            Some(_) => Palette::of_differences(&scene.state.look, scene.dark),
            None => Palette::new(&scene.state.look, scene.dark),
        };
        Self {
            scene,
            parts,
            post,
            palette,
            out,
            painted: false,
            edited: false,
            tabbed: Vec::new(),
            pressed: None,
            listens: true,
        }
    }

    /// Draws the tree, or the one pane that fills the window.
    pub fn show(&mut self, ui: &mut Ui, tree: &mut Tree<Pane>) {
        if let Some(pane) = self.scene.state.maximised.filter(|pane| !self.scene.state.torn.contains(pane)) {
            self.framed(ui, pane, false);
        } else {
            self.tabbed = tabbed(tree);
            tree.ui(self, ui);
        }
        for &pane in &self.scene.state.torn {
            self.torn(ui, pane);
        }
    }

    /// A pane in a window of its own.
    fn torn(&mut self, ui: &Ui, pane: Pane) {
        let title = pane.title(self.scene.words);
        let builder = egui::ViewportBuilder::default().with_title(title).with_inner_size([760.0, 620.0]);
        let id = egui::ViewportId::from_hash_of(("pane", pane));
        let ctx = ui.ctx().clone();
        ctx.show_viewport_immediate(id, builder, |ui, class| {
            // Keys go to the window that is in front, and mean the same there
            if self.listens && class == egui::ViewportClass::Immediate {
                keys(ui.ctx(), self.scene, self.out);
            }
            self.framed(ui, pane, false);
            focus::ring(ui.ctx(), self.scene.dark);
            if ui.ctx().input(|input| input.viewport().close_requested()) {
                self.out.send(Command::Dock(pane));
            }
        });
    }

    /// Draws a pane on its ground; its header is the handle to drag it by. True where a drag began.
    fn framed(&mut self, ui: &mut Ui, pane: Pane, tabbed: bool) -> bool {
        let (scene, tokens) = (self.scene, theme::tokens(ui));
        let rect = ui.available_rect_before_wrap();
        let fill = match pane {
            pane if pane.is_plain() => tokens.panel,
            _ => tokens.background,
        };
        ui.painter().rect_filled(rect, 0, fill);
        if ui.rect_contains_pointer(rect) && ui.input(|input| input.pointer.any_pressed()) {
            self.pressed = Some(pane);
        }
        let height = if pane.is_plain() { 28.0 } else { HEADER };
        let handle = Rect::from_min_size(rect.min, vec2(rect.width(), height));
        let handle = ui.interact(handle, stepping::handle(pane), Sense::click_and_drag());
        let title = pane.title(scene.words);
        handle.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TitleBar, true, title));
        if handle.double_clicked() {
            self.out.send(Command::Maximise(scene.state.maximised.is_none().then_some(pane)));
        }
        handle.context_menu(|ui| menus::menu(ui, scene, pane, self.out));
        let mut info = UiStackInfo::default();
        if tabbed {
            info = info.with_tag(TABBED);
        }
        let builder = UiBuilder::new().max_rect(rect).ui_stack_info(info).id_salt(("pane", pane));
        let mut inner = ui.new_child(builder);
        inner.shrink_clip_rect(rect);
        if rect.height() < LOW && !pane.is_plain() {
            // As high as it can be used, and scrolled
            ScrollArea::vertical().id_salt("low pane").auto_shrink(false).show(&mut inner, |ui| {
                let (room, _) = ui.allocate_exact_size(vec2(ui.available_width(), USABLE), Sense::hover());
                self.draw(&mut ui.new_child(UiBuilder::new().max_rect(room)), pane);
            });
        } else {
            self.draw(&mut inner, pane);
        }
        ui.allocate_rect(rect, Sense::hover());
        if handle.has_focus() {
            ui.painter().rect_stroke(rect, 0, Stroke::new(2.0, tokens.accent), StrokeKind::Inside);
            // Arrows are for what is selected, not for the focus
            let arrows =
                EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(handle.id, arrows));
        }
        handle.drag_started()
    }

    /// Stands where a pane would be that is in a window of its own.
    fn elsewhere(&mut self, ui: &mut Ui, pane: Pane) {
        let words = self.scene.words;
        ui.painter().rect_filled(ui.available_rect_before_wrap(), 0, theme::tokens(ui).background);
        ui.centered_and_justified(|ui| {
            let label = format!("{}: {}", pane.title(words), words.dock);
            if ui.add(egui::Button::new(label).frame(false)).clicked() {
                self.out.send(Command::Dock(pane));
            }
        });
    }

    fn draw(&mut self, ui: &mut Ui, pane: Pane) {
        if self.nothing(ui, pane) {
            return;
        }
        let Self { scene, parts, post, palette, out, .. } = self;
        match pane {
            Pane::Prompt => left::show(ui, scene, out),
            Pane::Details => right::show(ui, scene, out),
            Pane::Heads => heads::show(ui, scene, (parts.atlas, parts.grid), palette, out),
            Pane::Head => self.painted |= head::show(ui, scene, parts.atlas, parts.tiles, *palette, out),
            Pane::Stream => stream::show(ui, scene, parts.stream, post, out),
            Pane::Norms => norms::show(ui, scene, parts.norms, post, out),
            Pane::Lens => lens::show(ui, scene, out),
            Pane::Recall => recall::show(ui, scene, out),
            Pane::Cache => cache::show(ui, scene, out),
            Pane::Honesty => honesty::show(ui, scene, out),
            Pane::River => river::show(ui, scene, out),
            Pane::MemoryMap => memory_map::show(ui, scene, parts.memory_map, out),
            Pane::Next => next::show(ui, scene, out),
            Pane::Walk => walk::show(ui, scene, out),
            Pane::Flow => flow::show(ui, scene, parts.flowing, post, out),
            Pane::Why => why::show(ui, scene, out),
            Pane::Attribution => attribution::show(ui, scene, out),
            Pane::Atlas => atlas::show(ui, scene, out),
            Pane::Circuits => circuits::show(ui, scene, out),
            Pane::Composition => composition::show(ui, scene, out),
            Pane::TrainSetup => train_setup::show(ui, scene, out),
            Pane::TrainCurves => train_curves::show(ui, scene, out),
            Pane::TrainHeads => train_heads::show(ui, scene, parts.live_atlas, out),
            Pane::TrainNumbers => train_numbers::show(ui, scene, out),
            Pane::Timeline => timeline::show(ui, scene, out),
            Pane::Similarity => similarity::show(ui, scene, parts.similarity, post, out),
            Pane::Trails => trails::show(ui, scene, out),
            Pane::Weights => weights::show(ui, scene, out),
            Pane::CompareHeads => compare::heads::show(ui, scene, parts.comparison, out),
            Pane::SideBySide => compare::pair::show(ui, scene, parts.comparison, out),
            Pane::CompareWords => compare::words::show(ui, scene, out),
            Pane::Log => journal::show(ui, scene, out),
            Pane::Sweep => sweep::show(ui, scene, out),
        }
    }
}

fn tabbed(tree: &Tree<Pane>) -> Vec<TileId> {
    let containers = tree.tiles.tiles().filter_map(|tile| match tile {
        egui_tiles::Tile::Container(egui_tiles::Container::Tabs(tabs)) => Some(&tabs.children),
        _ => None,
    });
    containers.flatten().copied().collect()
}

impl Behavior<Pane> for Panes<'_, '_> {
    fn pane_ui(&mut self, ui: &mut Ui, tile: TileId, pane: &mut Pane) -> UiResponse {
        if self.scene.state.torn.contains(pane) {
            self.elsewhere(ui, *pane);
            return UiResponse::None;
        }
        let tabbed = self.tabbed.contains(&tile);
        if self.framed(ui, *pane, tabbed) { UiResponse::DragStarted } else { UiResponse::None }
    }

    fn tab_title_for_pane(&mut self, pane: &Pane) -> egui::WidgetText {
        RichText::new(pane.title(self.scene.words)).font(theme::body(TITLE)).into()
    }

    fn tab_title_for_tile(&mut self, tiles: &Tiles<Pane>, tile: TileId) -> egui::WidgetText {
        // A tab with several panes is named by them
        let names: Vec<&str> =
            panes_below(tiles, tile).into_iter().map(|pane| pane.title(self.scene.words)).collect();
        RichText::new(names.join(" · ")).font(theme::body(TITLE)).into()
    }

    fn is_tab_closable(&self, _tiles: &Tiles<Pane>, _tile: TileId) -> bool {
        false
    }

    fn tab_bar_height(&self, _style: &egui::Style) -> f32 {
        HEADER - 4.0
    }

    fn gap_width(&self, _style: &egui::Style) -> f32 {
        1.0
    }

    fn min_size(&self) -> f32 {
        120.0
    }

    fn simplification_options(&self) -> SimplificationOptions {
        SIMPLE
    }

    fn resize_stroke(&self, style: &egui::Style, state: ResizeState) -> Stroke {
        let tokens = theme::of(style.visuals.dark_mode);
        match state {
            ResizeState::Idle => Stroke::new(1.0, tokens.line),
            ResizeState::Hovering => Stroke::new(2.0, tokens.dim),
            ResizeState::Dragging => Stroke::new(2.0, tokens.text),
        }
    }

    fn tab_bar_color(&self, visuals: &Visuals) -> Color32 {
        theme::of(visuals.dark_mode).background
    }

    fn tab_bg_color(&self, _: &Visuals, _: &Tiles<Pane>, _: TileId, _: &TabState) -> Color32 {
        Color32::TRANSPARENT
    }

    fn tab_outline_stroke(&self, _: &Visuals, _: &Tiles<Pane>, _: TileId, _: &TabState) -> Stroke {
        Stroke::NONE
    }

    fn tab_bar_hline_stroke(&self, visuals: &Visuals) -> Stroke {
        Stroke::new(1.0, theme::of(visuals.dark_mode).line)
    }

    fn tab_text_color(&self, visuals: &Visuals, _: &Tiles<Pane>, _: TileId, state: &TabState) -> Color32 {
        let tokens = theme::of(visuals.dark_mode);
        if state.active { tokens.text } else { tokens.muted }
    }

    fn tab_title_spacing(&self, _: &Visuals) -> f32 {
        10.0
    }

    fn drag_preview_stroke(&self, visuals: &Visuals) -> Stroke {
        Stroke::new(1.0, theme::of(visuals.dark_mode).accent)
    }

    fn drag_preview_color(&self, visuals: &Visuals) -> Color32 {
        theme::of(visuals.dark_mode).accent.gamma_multiply(0.12)
    }

    fn on_edit(&mut self, action: EditAction) {
        self.edited |= !matches!(action, EditAction::TileDragged);
    }
}

fn panes_below(tiles: &Tiles<Pane>, tile: TileId) -> Vec<Pane> {
    match tiles.get(tile) {
        Some(egui_tiles::Tile::Pane(pane)) => vec![*pane],
        Some(egui_tiles::Tile::Container(container)) => {
            container.children().flat_map(|&child| panes_below(tiles, child)).collect()
        }
        None => Vec::new(),
    }
}

/// The header's title stands on the tab already.
pub fn is_tabbed(ui: &Ui) -> bool {
    ui.stack().iter().any(|stack| stack.tags().contains(TABBED))
}
