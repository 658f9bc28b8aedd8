//! Ready sizes for where a figure goes.

use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumString, IntoStaticStr};

use super::figure::style::{Around, Style};
use crate::render::{ColorMap, Theme};

/// Where a figure goes. Each brings a width, font sizes, and a colour map; on paper one whose lightness never turns back,
/// so that a copy in greys says the same.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, EnumIter, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Preset {
    /// One column of a paper: 84 mm wide, text of 7 pt, no title, 600 dpi
    Paper,
    /// Text width of a thesis: 140 mm wide, text of 9 pt, no title, 300 dpi
    Thesis,
    /// A slide: 240 mm wide and at most 135 mm high, text of 14 pt under a title, 200 dpi
    Slide,
}

impl Preset {
    /// Its name in options and files.
    pub fn id(self) -> &'static str {
        self.into()
    }

    /// Width in millimetres.
    pub fn millimetres(self) -> f32 {
        match self {
            Self::Paper => 84.0,
            Self::Thesis => 140.0,
            Self::Slide => 240.0,
        }
    }

    /// Font size of labels in points.
    pub fn points(self) -> f32 {
        match self {
            Self::Paper => 7.0,
            Self::Thesis => 9.0,
            Self::Slide => 14.0,
        }
    }

    /// Pixels an inch of a PNG.
    pub fn dpi(self) -> f32 {
        match self {
            Self::Paper => 600.0,
            Self::Thesis => 300.0,
            Self::Slide => 200.0,
        }
    }

    /// The colour map; of values of both signs one that greys keep from the least to the greatest, and on a slide, which
    /// has its colours, blue below and red above zero.
    pub fn map(self, signed: bool, theme: Theme) -> ColorMap {
        match (self, signed) {
            (_, false) => ColorMap::of(theme),
            (Self::Slide, true) => ColorMap::signed(theme),
            (Self::Paper | Self::Thesis, true) => ColorMap::Cividis,
        }
    }

    /// The sizes that result.
    pub fn style(self, theme: Theme) -> Style {
        let pixels = |millimetres: f32| millimetres / 25.4 * 96.0;
        let text = self.points() / 72.0 * 96.0;
        let slide = self == Self::Slide;
        Style {
            theme,
            width: Some(pixels(self.millimetres())),
            // A page of 24 cm holds a figure and its caption
            height: pixels(if slide { 135.0 } else { 200.0 }),
            text,
            title: text * if slide { 1.6 } else { 1.0 },
            margin: if slide { text } else { text * 0.5 },
            around: if slide { Around::Title } else { Around::Nothing },
            lang: super::options::Lang::En,
        }
    }
}
