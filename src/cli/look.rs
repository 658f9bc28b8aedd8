//! How a picture looks: options that every command which draws one shares.

use crate::export::{FirstToken, Labels, Look, Preset, Span};
use crate::render::{ColorMap, Scale, Theme};

use super::shared::names;

#[derive(Debug, clap::Args)]
pub(super) struct LookArgs {
    /// Sizes and colours for a paper's column (84 mm), a thesis (140 mm) or a slide (240 mm)
    #[arg(long, value_parser = names::<Preset>())]
    preset: Option<Preset>,

    /// Width of a PNG in pixels (default: twice the layout's, or the preset's)
    #[arg(long, value_name = "PIXELS")]
    size: Option<u32>,

    /// Pixels of a PNG to one of the layout, such as 3
    #[arg(long, value_name = "TIMES", conflicts_with = "size", value_parser = parse_zoom)]
    zoom: Option<f32>,

    /// Leave the page's ground out of PNG, SVG and PDF, so that what lies behind shows through
    #[arg(long)]
    transparent: bool,

    /// Colour map of pictures (default: the theme's, or the preset's)
    #[arg(long, value_name = "NAME", value_parser = names::<ColorMap>())]
    colormap: Option<ColorMap>,

    /// How values become colours
    #[arg(long, value_parser = names::<Scale>(), default_value = "linear")]
    scale: Scale,

    /// Theme of pictures (default: light, or what the colour map is made for)
    #[arg(long, value_parser = names::<Theme>())]
    theme: Option<Theme>,

    /// What stands beside rows and columns
    #[arg(long, value_parser = names::<Labels>(), default_value = "tokens")]
    labels: Labels,

    /// The first key, on which many heads rest: keep it, leave its column out (hide), or divide by the sum of the other weights, too
    #[arg(long, value_name = "FATE", value_parser = names::<FirstToken>(), default_value = "keep")]
    first_token: FirstToken,

    /// Queries to show, such as 4-20 (default: all)
    #[arg(long, value_name = "RANGE")]
    rows: Option<Span>,

    /// Keys to show, such as 0-12 (default: all)
    #[arg(long, value_name = "RANGE")]
    columns: Option<Span>,
}

impl LookArgs {
    pub(super) fn look(&self) -> Look {
        Look {
            theme: self.theme,
            map: self.colormap,
            scale: self.scale,
            size: self.size,
            zoom: self.zoom,
            labels: self.labels,
            preset: self.preset,
            transparent: self.transparent,
            first: self.first_token,
            rows: self.rows,
            columns: self.columns,
        }
    }
}

fn parse_zoom(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(zoom) if zoom > 0.0 && zoom <= 64.0 => Ok(zoom),
        _ => Err("expected a number above 0 and up to 64, such as 3".to_owned()),
    }
}
