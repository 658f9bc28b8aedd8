//! How large things are on a page, and what stands round the map.

use crate::export::options::Lang;
use crate::render::Theme;

/// Sizes of a page in CSS pixels (1/96 inch).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// Dark for screens, light for paper.
    pub theme: Theme,
    /// The page's width; as wide as its content where none is given.
    pub width: Option<f32>,
    /// The most that the page may be high, where its width is given.
    pub height: f32,
    /// Font size of labels, legends and tokens.
    pub text: f32,
    /// Font size of the title, where there is one.
    pub title: f32,
    /// The page's margin.
    pub margin: f32,
    /// What stands round the map.
    pub around: Around,
    /// In which language its words are.
    pub lang: Lang,
}

/// What stands round a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Around {
    /// Title, prompt, and the array's name at the foot: a page that explains itself.
    Everything,
    /// A title: for a slide.
    Title,
    /// Nothing but labels and legend: a caption says the rest.
    Nothing,
}

impl Style {
    /// As large as the content asks for.
    pub fn screen(theme: Theme) -> Self {
        Self {
            theme,
            width: None,
            height: f32::INFINITY,
            text: 11.0,
            title: 20.0,
            margin: 32.0,
            around: Around::Everything,
            lang: Lang::En,
        }
    }

    /// `length`, drawn for the screen's text, in proportion to this style's.
    pub(crate) fn scaled(&self, length: f32) -> f32 {
        length * self.text / 11.0
    }
}
