//! How a picture looks: options that every command which draws one shares.

use crate::export::{FirstToken, Labels, Lang, Look, Preset, Span};
use crate::render::{ColorMap, Scale, Theme};
use crate::trace::{Level, Steps, Weigh};

use super::shared::names;

/// What every picture has, whatever it shows.
#[derive(Debug, clap::Args)]
pub(super) struct PictureArgs {
    /// Sizes and colours for a paper's column (84 mm), a thesis (140 mm) or a slide (240 mm)
    #[arg(long, value_parser = names::<Preset>())]
    preset: Option<Preset>,

    /// Pixels of a PNG to one of the layout, such as 3
    #[arg(long, value_name = "TIMES", value_parser = parse_zoom)]
    zoom: Option<f32>,

    /// Leave the page's ground out of PNG, SVG and PDF, so that what lies behind shows through
    #[arg(long)]
    transparent: bool,

    /// Colour map of pictures (default: the theme's, or the preset's)
    #[arg(long, value_name = "NAME", value_parser = names::<ColorMap>())]
    colormap: Option<ColorMap>,

    /// Theme of pictures (default: light, or what the colour map is made for)
    #[arg(long, value_parser = names::<Theme>())]
    theme: Option<Theme>,

    /// Language of a picture's words and of its caption
    #[arg(long, value_parser = names::<Lang>(), default_value = "en")]
    lang: Lang,
}

impl PictureArgs {
    pub(super) fn look(&self) -> Look {
        Look {
            theme: self.theme,
            map: self.colormap,
            zoom: self.zoom,
            preset: self.preset,
            transparent: self.transparent,
            lang: self.lang,
            ..Look::default()
        }
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct LookArgs {
    #[command(flatten)]
    picture: PictureArgs,

    /// Width of a PNG in pixels (default: twice the layout's, or the preset's)
    #[arg(long, value_name = "PIXELS", conflicts_with = "zoom")]
    size: Option<u32>,

    /// How values become colours
    #[arg(long, value_parser = names::<Scale>(), default_value = "linear")]
    scale: Scale,

    /// What stands beside rows and columns
    #[arg(long, value_parser = names::<Labels>(), default_value = "tokens")]
    labels: Labels,

    /// The first key, on which many heads rest: keep it, leave its column out (hide), or divide by the sum of the other weights, too
    #[arg(long, value_name = "FATE", value_parser = names::<FirstToken>(), default_value = "keep")]
    first_token: FirstToken,

    /// What a cell holds: the attention weight, or (values) the length of what it moves, ‖P·v·W_O‖
    #[arg(long, value_name = "WHAT", value_parser = names::<Weigh>(), default_value = "weights")]
    weigh: Weigh,

    /// What rows and columns stand for: sums over the keys, means over the queries of a word, line or sentence
    #[arg(long, value_parser = names::<Level>(), default_value = "token")]
    level: Level,

    /// The same for rows alone
    #[arg(long, value_name = "LEVEL", value_parser = names::<Level>())]
    query_level: Option<Level>,

    /// The same for columns alone
    #[arg(long, value_name = "LEVEL", value_parser = names::<Level>())]
    key_level: Option<Level>,

    /// Leave cells smaller than this in the colour of nothing
    #[arg(long, value_name = "VALUE", default_value = "0", value_parser = parse_threshold)]
    threshold: f32,

    /// Queries to show, such as 4-20 (default: all)
    #[arg(long, value_name = "RANGE")]
    rows: Option<Span>,

    /// Keys to show, such as 0-12 (default: all)
    #[arg(long, value_name = "RANGE")]
    columns: Option<Span>,
}

/// Looks alone, as a recipe's table `style` says them.
#[derive(Debug, clap::Parser)]
#[command(no_binary_name = true)]
pub(super) struct StyleArgs {
    #[command(flatten)]
    pub(super) look: LookArgs,
}

impl LookArgs {
    pub(super) fn look(&self) -> Look {
        Look {
            scale: self.scale,
            size: self.size,
            labels: self.labels,
            steps: Steps {
                weigh: self.weigh,
                first: self.first_token,
                queries: self.query_level.unwrap_or(self.level),
                keys: self.key_level.unwrap_or(self.level),
            },
            threshold: self.threshold,
            rows: self.rows,
            columns: self.columns,
            ..self.picture.look()
        }
    }
}

fn parse_threshold(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(threshold) if (0.0..f32::INFINITY).contains(&threshold) => Ok(threshold),
        _ => Err("expected a number from 0 on, such as 0.05".to_owned()),
    }
}

fn parse_zoom(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(zoom) if zoom > 0.0 && zoom <= 64.0 => Ok(zoom),
        _ => Err("expected a number above 0 and up to 64, such as 3".to_owned()),
    }
}
