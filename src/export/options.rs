//! How an export is asked for: the same for the window's dialog and the command line.

use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumString, IntoStaticStr};

use crate::render::{ColorMap, Scale, Theme};
use crate::trace::{Combine, Steps};

use super::error::ExportError;
use super::figure::Style;
use super::preset::Preset;
use super::what::{Selection, What};
use crate::model::HeadId;

/// Everything but the place to write to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Which activations; a picture shows the first.
    pub what: Vec<What>,
    /// Of which layers and heads.
    pub selection: Selection,
    /// Heads to show side by side, instead of those of a selection.
    pub picked: Vec<HeadId>,
    /// How all of them become one map, where they do.
    pub combine: Option<Combine>,
    /// Whether the lengths of what weights move stand beside them, in a picture of one map.
    pub beside: bool,
    /// How numbers are stored, in formats that leave a choice.
    pub dtype: Dtype,
    /// How pictures look.
    pub look: Look,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            what: vec![What::default()],
            selection: Selection::default(),
            picked: Vec::new(),
            combine: None,
            beside: false,
            dtype: Dtype::default(),
            look: Look::default(),
        }
    }
}

/// How numbers are stored.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, EnumIter, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Dtype {
    /// Four bytes, as computed.
    #[default]
    F32,
    /// Two bytes.
    F16,
}

impl Dtype {
    /// Bytes a value takes.
    pub fn bytes(self) -> u64 {
        match self {
            Self::F32 => 4,
            Self::F16 => 2,
        }
    }

    /// `values` as little-endian bytes, appended to `out`.
    pub(crate) fn spell(self, values: &[f32], out: &mut Vec<u8>) {
        match self {
            Self::F32 => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
            Self::F16 => {
                out.extend(values.iter().flat_map(|&value| half::f16::from_f32(value).to_le_bytes()));
            }
        }
    }
}

/// The language of a figure's words and of its caption.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, EnumIter, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// 简体中文.
    Zh,
}

impl Lang {
    /// What pages call it.
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-CN",
        }
    }
}

/// How pictures look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Dark for screens, light for paper; that of the colour map where not told.
    pub theme: Option<Theme>,
    /// The colour map; the theme's own where not told.
    pub map: Option<ColorMap>,
    /// How values become colours.
    pub scale: Scale,
    /// Width of a PNG in pixels; `zoom` times the layout's where not told.
    pub size: Option<u32>,
    /// Pixels of a PNG to one of the layout; those of the preset, else two, where not told.
    pub zoom: Option<f32>,
    /// What stands beside rows and columns.
    pub labels: Labels,
    /// Sizes for where the picture goes; as large as its content where not told.
    pub preset: Option<Preset>,
    /// Whether what lies behind the page shows through.
    pub transparent: bool,
    /// What is done to each head's weights.
    pub steps: Steps,
    /// Values smaller than this show the floor.
    pub threshold: f32,
    /// The rows that are shown, counted as the map has them; all where not told.
    pub rows: Option<Span>,
    /// The columns that are shown; all where not told.
    pub columns: Option<Span>,
    /// The language of its words and of the caption.
    pub lang: Lang,
}

impl Look {
    /// The theme that results: paper, unless the choice of colours says otherwise.
    pub fn theme(self) -> Theme {
        self.theme.or(self.map.map(ColorMap::theme)).unwrap_or(Theme::Light)
    }

    /// The colour map that results; `signed` for values of both signs.
    pub fn map(self, signed: bool) -> ColorMap {
        let theme = self.theme();
        let usual = match self.preset {
            Some(preset) => preset.map(signed, theme),
            None if signed => ColorMap::signed(theme),
            None => ColorMap::of(theme),
        };
        self.map.unwrap_or(usual)
    }

    /// The sizes that result.
    pub fn style(self) -> Style {
        let theme = self.theme();
        let style = self.preset.map_or_else(|| Style::screen(theme), |preset| preset.style(theme));
        Style { lang: self.lang, ..style }
    }

    /// Pixels of a PNG to one of a layout `width` wide.
    pub fn pixels(self, width: f32) -> f32 {
        let usual = self.preset.map_or(2.0, |preset| preset.dpi() / 96.0);
        self.size.map_or(self.zoom.unwrap_or(usual), |size| size as f32 / width)
    }

    /// Whether it shows only a part of each map, or one that is changed.
    pub fn is_cut(self) -> bool {
        self.rows.is_some() || self.columns.is_some() || !self.steps.are_plain() || self.threshold > 0.0
    }
}

/// A part of an axis, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    /// The first place.
    pub first: usize,
    /// The last place.
    pub last: usize,
}

impl Span {
    /// The places it means of `n`; reaching past them is an error that says what one of them is.
    pub fn of(span: Option<Self>, n: usize, one: &str) -> Result<Range<usize>, ExportError> {
        match span {
            Some(Self { last, .. }) if last >= n => Err(ExportError::Selection(format!(
                "there is no {one} {last}: the prompt has {one} tokens 0 to {}",
                n.saturating_sub(1)
            ))),
            Some(Self { first, last }) => Ok(first..last + 1),
            None => Ok(0..n),
        }
    }
}

/// What was typed is no part of an axis.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no range of tokens such as 4-20")]
pub struct NotASpan(String);

impl FromStr for Span {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Self, NotASpan> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        match [first, last].map(|number| number.trim().parse::<usize>()) {
            [Ok(first), Ok(last)] if first <= last && last < usize::MAX => Ok(Self { first, last }),
            _ => Err(NotASpan(text.to_owned())),
        }
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// What stands beside rows and columns.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, EnumIter, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Labels {
    /// The tokens; with their positions where there is no room for all.
    #[default]
    Tokens,
    /// Positions and tokens.
    Both,
    /// Positions alone.
    Positions,
    /// Nothing.
    None,
}
