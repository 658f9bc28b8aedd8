//! The two themes and the colours of everything that is not a value: shared by pictures and pages.

#![expect(clippy::unreadable_literal, reason = "a colour is read as six hexadecimal digits")]

use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumString, IntoStaticStr};

use super::colormap::Rgba;

/// Dark for screens, light for paper and projectors.
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
    EnumIter,
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Theme {
    /// Light marks on near-black.
    #[default]
    Dark,
    /// Dark marks on near-white.
    Light,
}

/// A theme's colours by role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// Behind everything.
    pub background: Rgba,
    /// A pane.
    pub panel: Rgba,
    /// What stands out from a pane: a token, a field.
    pub raised: Rgba,
    /// Hairlines.
    pub line: Rgba,
    /// Words to read.
    pub text: Rgba,
    /// Words beside the point.
    pub muted: Rgba,
    /// Marks, never words.
    pub dim: Rgba,
    /// Selected, or the query: fills and frames.
    pub accent: Rgba,
    /// The accent as words.
    pub accent_text: Rgba,
    /// A measure: fills.
    pub measure: Rgba,
    /// A measure as words.
    pub measure_text: Rgba,
    /// What went wrong.
    pub error: Rgba,
}

impl Theme {
    /// Its colours.
    pub const fn tokens(self) -> Tokens {
        match self {
            Self::Dark => Tokens {
                background: rgb(0x0f1217),
                panel: rgb(0x151920),
                raised: rgb(0x1b2029),
                line: rgb(0x262d39),
                text: rgb(0xdfe4ec),
                muted: rgb(0x8791a3),
                dim: rgb(0x5c6576),
                accent: rgb(0xf3b04c),
                accent_text: rgb(0xf3b04c),
                measure: rgb(0x55c7b4),
                measure_text: rgb(0x55c7b4),
                error: rgb(0xe5716d),
            },
            Self::Light => Tokens {
                background: rgb(0xf4f5f7),
                panel: rgb(0xffffff),
                raised: rgb(0xf0f2f5),
                line: rgb(0xdfe3ea),
                text: rgb(0x1d232e),
                muted: rgb(0x5d6778),
                dim: rgb(0x98a1b0),
                accent: rgb(0xb8720a),
                accent_text: rgb(0x8f5806),
                measure: rgb(0x12806d),
                measure_text: rgb(0x0f6f5f),
                error: rgb(0xb73a36),
            },
        }
    }

    /// Its name in options and files.
    pub fn id(self) -> &'static str {
        self.into()
    }

    /// Colours that tell things of one kind apart, for eyes of every kind (after Okabe and Ito), without the accent's.
    pub fn series(self, index: usize) -> Rgba {
        const DARK: [u32; 7] = [0x56b4e9, 0xe87a48, 0x3fc18f, 0xe095c4, 0xf0e442, 0x8f9cf5, 0xc9d1dc];
        const LIGHT: [u32; 7] = [0x0072b2, 0xc64b00, 0x00805c, 0xb34d8c, 0x807400, 0x534fc4, 0x455062];
        let colors = match self {
            Self::Dark => DARK,
            Self::Light => LIGHT,
        };
        rgb(colors[index % colors.len()])
    }
}

/// A mix of two colours; a share of 0 gives the first.
pub fn mix(a: Rgba, b: Rgba, share: f32) -> Rgba {
    let share = share.clamp(0.0, 1.0);
    std::array::from_fn(|channel| {
        (f32::from(a[channel]) * (1.0 - share) + f32::from(b[channel]) * share).round() as u8
    })
}

const fn rgb(hex: u32) -> Rgba {
    let [_, red, green, blue] = hex.to_be_bytes();
    [red, green, blue, 0xff]
}
