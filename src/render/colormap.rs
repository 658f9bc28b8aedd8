//! Colour maps: names, kin across themes, and 256-entry tables.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use strum::{EnumCount, EnumIter, EnumString, IntoStaticStr};

use super::palette;
use super::theme::Theme;

/// Red, green, blue, alpha as they go to a texture or a PNG: sRGB, not premultiplied.
pub type Rgba = [u8; 4];

/// A named way from 0…1 (or −1…1, for the signed ones) to colour.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    EnumIter,
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum ColorMap {
    /// Black through purple and orange to pale yellow.
    #[default]
    Magma,
    /// Black through red to bright yellow.
    Inferno,
    /// Purple through green to yellow.
    Viridis,
    /// Navy through grey to yellow: the same to colour-blind eyes.
    Cividis,
    /// Black to white.
    Greys,
    /// Blue below, dark at zero, red above.
    Diverging,
    /// White to navy.
    Blues,
    /// White through orange and purple to black.
    MagmaLight,
    /// White to black.
    GreysLight,
    /// Blue below, white at zero, red above.
    DivergingLight,
}

impl ColorMap {
    /// The map that a theme starts with: black-floored on dark, white-floored on light.
    pub fn of(theme: Theme) -> Self {
        match theme {
            Theme::Dark => Self::Magma,
            Theme::Light => Self::Blues,
        }
    }

    /// The map for values of both signs.
    pub fn signed(theme: Theme) -> Self {
        match theme {
            Theme::Dark => Self::Diverging,
            Theme::Light => Self::DivergingLight,
        }
    }

    /// Its name in options, settings and files: `magma-light`.
    pub fn id(self) -> &'static str {
        self.into()
    }

    /// Its name on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Magma => "Magma",
            Self::Inferno => "Inferno",
            Self::Viridis => "Viridis",
            Self::Cividis => "Cividis",
            Self::Greys => "Greys",
            Self::Diverging => "Blue–red",
            Self::Blues => "Blues on white",
            Self::MagmaLight => "Magma on white",
            Self::GreysLight => "Greys on white",
            Self::DivergingLight => "Blue–red on white",
        }
    }

    /// Whether zero sits in the middle of it.
    pub fn is_signed(self) -> bool {
        matches!(self, Self::Diverging | Self::DivergingLight)
    }

    /// The theme that its floor belongs to.
    pub fn theme(self) -> Theme {
        match self {
            Self::Blues | Self::MagmaLight | Self::GreysLight | Self::DivergingLight => Theme::Light,
            _ => Theme::Dark,
        }
    }

    /// Its nearest kin with the floor of `theme`, so that switching themes keeps the choice.
    #[must_use]
    pub fn on(self, theme: Theme) -> Self {
        match (theme, self) {
            (Theme::Light, Self::Magma | Self::Inferno) => Self::MagmaLight,
            (Theme::Light, Self::Viridis | Self::Cividis) => Self::Blues,
            (Theme::Light, Self::Greys) => Self::GreysLight,
            (Theme::Light, Self::Diverging) => Self::DivergingLight,
            (Theme::Dark, Self::Blues | Self::MagmaLight) => Self::Magma,
            (Theme::Dark, Self::GreysLight) => Self::Greys,
            (Theme::Dark, Self::DivergingLight) => Self::Diverging,
            (_, same) => same,
        }
    }

    /// What a NaN looks like: a colour that the map itself never shows.
    pub fn nan(self) -> Rgba {
        match self {
            Self::Viridis | Self::Cividis | Self::Blues | Self::GreysLight => [0xff, 0x2f, 0xc8, 0xff],
            _ => [0x12, 0xe0, 0xb0, 0xff],
        }
    }

    /// Its 256 colours, lowest value first.
    pub fn lut(self) -> &'static [Rgba; 256] {
        static LUTS: LazyLock<Vec<[Rgba; 256]>> = LazyLock::new(|| {
            use strum::IntoEnumIterator as _;
            ColorMap::iter().map(ColorMap::build).collect()
        });
        &LUTS[self as usize]
    }

    /// The colour at `t`, a share of the way from its lowest end to its highest.
    pub fn at(self, t: f32) -> Rgba {
        self.lut()[(t.clamp(0.0, 1.0) * 255.0 + 0.5) as usize]
    }

    fn build(self) -> [Rgba; 256] {
        let anchors = self.anchors();
        std::array::from_fn(|i| {
            let position = i as f32 / 255.0 * (anchors.len() - 1) as f32;
            let left = (position as usize).min(anchors.len() - 2);
            let share = position - left as f32;
            let [a, b] = [anchors[left], anchors[left + 1]].map(u32::to_be_bytes);
            let mix = |c: usize| (f32::from(a[c]) * (1.0 - share) + f32::from(b[c]) * share + 0.5) as u8;
            [mix(1), mix(2), mix(3), 0xff]
        })
    }

    fn anchors(self) -> &'static [u32] {
        match self {
            Self::Magma => palette::MAGMA,
            Self::Inferno => palette::INFERNO,
            Self::Viridis => palette::VIRIDIS,
            Self::Cividis => palette::CIVIDIS,
            Self::Greys => palette::GREYS,
            Self::Diverging => palette::DIVERGING,
            Self::Blues => palette::BLUES,
            Self::MagmaLight => palette::MAGMA_LIGHT,
            Self::GreysLight => palette::GREYS_LIGHT,
            Self::DivergingLight => palette::DIVERGING_LIGHT,
        }
    }
}

/// Black or white, whichever is easier to read on `background` (the higher WCAG contrast).
pub fn ink_on(background: Rgba) -> Rgba {
    let ink = if luminance(background) > 0.179 { 0x00 } else { 0xff };
    [ink, ink, ink, 0xff]
}

/// WCAG contrast of two opaque colours, 1…21.
pub fn contrast(a: Rgba, b: Rgba) -> f32 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Relative luminance of an sRGB colour, 0…1.
fn luminance(rgba: Rgba) -> f32 {
    let linear = |channel: u8| {
        let c = f32::from(channel) / 255.0;
        if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(rgba[0]) + 0.7152 * linear(rgba[1]) + 0.0722 * linear(rgba[2])
}
