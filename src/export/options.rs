//! How an export is asked for: the same for the window's dialog and the command line.

use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumString, IntoStaticStr};

use crate::render::{ColorMap, Scale, Theme};

use super::what::{Selection, What};

/// Everything but the place to write to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Which activations; a picture shows the first.
    pub what: Vec<What>,
    /// Of which layers and heads.
    pub selection: Selection,
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

/// How pictures look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Dark for screens, light for paper; that of the colour map where not told.
    pub theme: Option<Theme>,
    /// The colour map; the theme's own where not told.
    pub map: Option<ColorMap>,
    /// How values become colours.
    pub scale: Scale,
    /// Width of a PNG in pixels; twice the layout's where not told.
    pub size: Option<u32>,
    /// What stands beside rows and columns.
    pub labels: Labels,
}

impl Look {
    /// The theme that results: paper, unless the choice of colours says otherwise.
    pub fn theme(self) -> Theme {
        self.theme.or(self.map.map(ColorMap::theme)).unwrap_or(Theme::Light)
    }

    /// The colour map that results; `signed` for values of both signs.
    pub fn map(self, signed: bool) -> ColorMap {
        let usual = if signed { ColorMap::signed(self.theme()) } else { ColorMap::of(self.theme()) };
        self.map.unwrap_or(usual)
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
