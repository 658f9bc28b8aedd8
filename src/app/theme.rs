//! The window's looks: the colours of both themes, the type scale, the fonts. No other file names a colour.

use crate::render::{self, Raster, Rgba};
use egui::{
    Color32, ColorImage, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Shadow, Stroke,
    TextStyle, Theme,
};
use std::sync::Arc;

/// One theme's colours, by what they mean.
#[derive(Debug)]
pub struct Tokens {
    /// Behind the maps.
    pub background: Color32,
    /// Side columns, bars.
    pub panel: Color32,
    /// Cards, fields, chips.
    pub raised: Color32,
    /// Hairlines.
    pub line: Color32,
    /// Words one reads.
    pub text: Color32,
    /// Words one may skip.
    pub muted: Color32,
    /// Marks and hairlines, never words.
    pub dim: Color32,
    /// Selected, the query: fills and frames.
    pub accent: Color32,
    /// The accent as text.
    pub accent_text: Color32,
    /// A measure: fills.
    pub measure: Color32,
    /// A measure as text.
    pub measure_text: Color32,
    /// Something went wrong.
    pub error: Color32,
}

const DARK: Tokens = Tokens::new(render::Theme::Dark.tokens());
const LIGHT: Tokens = Tokens::new(render::Theme::Light.tokens());

impl Tokens {
    const fn new(shared: render::Tokens) -> Self {
        Self {
            background: opaque(shared.background),
            panel: opaque(shared.panel),
            raised: opaque(shared.raised),
            line: opaque(shared.line),
            text: opaque(shared.text),
            muted: opaque(shared.muted),
            dim: opaque(shared.dim),
            accent: opaque(shared.accent),
            accent_text: opaque(shared.accent_text),
            measure: opaque(shared.measure),
            measure_text: opaque(shared.measure_text),
            error: opaque(shared.error),
        }
    }
}

const fn opaque([red, green, blue, _]: Rgba) -> Color32 {
    Color32::from_rgb(red, green, blue)
}

/// The colours of the theme that `ui` is drawn in.
pub fn tokens(ui: &egui::Ui) -> &'static Tokens {
    of(ui.visuals().dark_mode)
}

/// The colours of one theme.
pub fn of(dark: bool) -> &'static Tokens {
    if dark { &DARK } else { &LIGHT }
}

/// A mix of two colours; `t` = 0 gives the first.
pub fn mix(a: Color32, b: Color32, t: f32) -> Color32 {
    a.lerp_to_gamma(b, t.clamp(0.0, 1.0))
}

/// A colour of a colour map.
pub fn of_map(rgba: Rgba) -> Color32 {
    opaque(rgba)
}

/// Black or white, whichever is easier to read on a colour.
pub fn ink(on: Color32) -> Color32 {
    of_map(render::ink_on(on.to_array()))
}

/// Colours that tell things of one kind apart, without the accent's.
pub fn series(dark: bool, index: usize) -> Color32 {
    opaque(shared(dark).series(index))
}

/// Pixels that go to a texture.
pub fn image(raster: &Raster) -> ColorImage {
    ColorImage::from_rgba_unmultiplied([raster.width, raster.height], raster.bytes())
}

/// The theme as `render` names it.
pub fn shared(dark: bool) -> render::Theme {
    if dark { render::Theme::Dark } else { render::Theme::Light }
}

/// Height of the bars across the window: the top one and the status.
pub const BARS: f32 = 66.0;
/// Height of a pane's header.
pub const HEADER: f32 = 36.0;
/// Small print: labels of thumbnails, axes.
pub const SMALL: f32 = 11.0;
/// What most words are set in.
pub const BODY: f32 = 13.0;
/// Titles.
pub const TITLE: f32 = 15.0;

/// Interface face.
pub fn body(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// Interface face for titles and names.
pub fn strong(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name("strong".into()))
}

/// Tokens, ids, hook names.
pub fn mono(size: f32) -> FontId {
    FontId::new(size, FontFamily::Monospace)
}

/// Fonts and both themes' styles; once, before the first frame.
pub fn install(ctx: &egui::Context) {
    ctx.set_fonts(fonts());
    for (theme, tokens) in [(Theme::Dark, &DARK), (Theme::Light, &LIGHT)] {
        ctx.style_mut_of(theme, |style| restyle(style, tokens));
    }
}

/// Our subsets first, then egui's own (Hack has the arrows and blocks that others lack).
pub fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let ours: [(&str, &'static [u8]); 3] = [
        ("Inter", crate::render::fonts::SANS),
        ("Inter SemiBold", crate::render::fonts::STRONG),
        ("JetBrains Mono", crate::render::fonts::MONO),
    ];
    for (name, bytes) in ours {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    }
    let rest: Vec<String> = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    let family = |first: &[&str]| -> Vec<String> {
        let mut names: Vec<String> = first.iter().map(|&name| name.to_owned()).collect();
        names.push("Hack".to_owned());
        names.extend(rest.iter().filter(|name| *name != "Hack").cloned());
        names
    };
    fonts.families.insert(FontFamily::Proportional, family(&["Inter"]));
    fonts.families.insert(FontFamily::Name("strong".into()), family(&["Inter SemiBold"]));
    fonts.families.insert(FontFamily::Monospace, family(&["JetBrains Mono", "Inter"]));
    fonts
}

fn restyle(style: &mut egui::Style, tokens: &Tokens) {
    style.text_styles = [
        (TextStyle::Small, body(SMALL)),
        (TextStyle::Body, body(BODY)),
        (TextStyle::Button, body(BODY)),
        (TextStyle::Monospace, mono(12.0)),
        (TextStyle::Heading, strong(TITLE)),
    ]
    .into();
    style.animation_time = 0.0;
    style.interaction.tooltip_delay = 0.35;
    style.interaction.selectable_labels = false;
    let spacing = &mut style.spacing;
    spacing.item_spacing = egui::vec2(8.0, 4.0);
    spacing.button_padding = egui::vec2(8.0, 3.0);
    spacing.interact_size.y = 24.0;
    spacing.menu_margin = Margin::same(6);
    spacing.window_margin = Margin::same(16);
    spacing.tooltip_width = 340.0;
    spacing.combo_width = 80.0;
    recolour(&mut style.visuals, tokens);
}

fn recolour(visuals: &mut egui::Visuals, tokens: &Tokens) {
    visuals.panel_fill = tokens.panel;
    visuals.window_fill = tokens.panel;
    visuals.window_stroke = Stroke::new(1.0, tokens.line);
    visuals.window_corner_radius = CornerRadius::same(8);
    visuals.menu_corner_radius = CornerRadius::same(8);
    let shadow = Shadow { offset: [0, 6], blur: 18, spread: 0, color: Color32::from_black_alpha(70) };
    (visuals.window_shadow, visuals.popup_shadow) = (shadow, shadow);
    visuals.extreme_bg_color = tokens.raised;
    visuals.text_edit_bg_color = Some(tokens.raised);
    visuals.faint_bg_color = tokens.raised;
    visuals.code_bg_color = tokens.raised;
    visuals.hyperlink_color = tokens.accent_text;
    visuals.error_fg_color = tokens.error;
    visuals.warn_fg_color = tokens.accent_text;
    visuals.weak_text_color = Some(tokens.muted);
    visuals.selection.bg_fill = mix(tokens.panel, tokens.accent, 0.3);
    visuals.selection.stroke = Stroke::new(1.0, tokens.text);
    visuals.text_cursor.stroke = Stroke::new(2.0, tokens.accent);
    // A blinking cursor would wake an idle window twice a second
    visuals.text_cursor.blink = false;
    visuals.slider_trailing_fill = true;
    let widgets = &mut visuals.widgets;
    let radius = CornerRadius::same(6);
    for (widget, fill, stroke, text) in [
        (&mut widgets.noninteractive, tokens.panel, tokens.line, tokens.text),
        (&mut widgets.inactive, tokens.raised, tokens.line, tokens.text),
        (&mut widgets.hovered, mix(tokens.raised, tokens.dim, 0.18), tokens.dim, tokens.text),
        (&mut widgets.active, mix(tokens.raised, tokens.dim, 0.3), tokens.muted, tokens.text),
        (&mut widgets.open, mix(tokens.raised, tokens.dim, 0.18), tokens.dim, tokens.text),
    ] {
        (widget.bg_fill, widget.weak_bg_fill) = (fill, fill);
        widget.bg_stroke = Stroke::new(1.0, stroke);
        widget.fg_stroke = Stroke::new(1.0, text);
        widget.corner_radius = radius;
        widget.expansion = 0.0;
    }
}
