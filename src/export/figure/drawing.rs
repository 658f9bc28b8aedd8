//! A picture as a list of shapes with known places: what the layouts make and the SVG writer spells out.
//!
//! Text knows its outline before any font is asked, so that layouts can keep labels apart and tests can check it.

use crate::render::{Raster, Rgba};

use super::metrics;

/// Shapes on a page, painted in order. Units are CSS pixels.
#[derive(Clone, Debug)]
pub struct Drawing {
    /// Page width.
    pub width: f32,
    /// Page height.
    pub height: f32,
    /// What a screen reader says of the whole picture.
    pub title: String,
    /// The shapes.
    pub shapes: Vec<Shape>,
}

/// One shape.
#[derive(Clone, Debug)]
pub enum Shape {
    /// A filled rectangle.
    Rect {
        /// Where.
        area: Area,
        /// Corner radius; 0 also asks for edges without blur.
        radius: f32,
        /// Its colour.
        fill: Rgba,
    },
    /// A rectangle's outline, drawn inside it.
    Frame {
        /// Where.
        area: Area,
        /// Its colour.
        stroke: Rgba,
    },
    /// A line through points.
    Line {
        /// Where it goes, corner by corner.
        points: Vec<[f32; 2]>,
        /// How thick it is.
        width: f32,
        /// Its colour.
        stroke: Rgba,
    },
    /// Pixels, stretched over an area.
    Image {
        /// Where.
        area: Area,
        /// What.
        raster: Raster,
    },
    /// A filled area between straight edges.
    Polygon {
        /// Its corners, all the way round.
        corners: Vec<[f32; 2]>,
        /// Its colour.
        fill: Rgba,
    },
    /// A line of text.
    Text(Text),
}

/// An upright rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// Left edge.
    pub x: f32,
    /// Upper edge.
    pub y: f32,
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
}

/// A line of text on its baseline.
#[derive(Clone, Debug)]
pub struct Text {
    /// Where its anchor sits.
    pub x: f32,
    /// Its baseline.
    pub y: f32,
    /// The words.
    pub text: String,
    /// Font size.
    pub size: f32,
    /// Which face.
    pub face: Face,
    /// Which of its ends is at `x`.
    pub anchor: Anchor,
    /// Degrees clockwise about (`x`, `y`).
    pub turn: f32,
    /// Its colour.
    pub fill: Rgba,
}

/// The faces of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// Proportional, for words.
    Sans,
    /// The same, stronger, for titles.
    Strong,
    /// Monospace, for tokens and ids.
    Mono,
}

/// Which end of a text its position names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The left end.
    Start,
    /// The middle.
    Middle,
    /// The right end.
    End,
}

impl Area {
    /// A rectangle from its upper left corner and its size.
    pub fn new(x: f32, y: f32, width: f32, height: f32) -> Self {
        Self { x, y, width, height }
    }

    /// The right edge.
    pub fn right(self) -> f32 {
        self.x + self.width
    }

    /// The lower edge.
    pub fn bottom(self) -> f32 {
        self.y + self.height
    }
}

impl Text {
    /// Upright text that starts at (`x`, `y`).
    pub fn new(x: f32, y: f32, text: impl Into<String>, size: f32, face: Face, fill: Rgba) -> Self {
        Self { x, y, text: text.into(), size, face, anchor: Anchor::Start, turn: 0.0, fill }
    }

    /// The same with another anchor.
    #[must_use]
    pub fn anchored(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    /// The same, turned.
    #[must_use]
    pub fn turned(self, degrees: f32) -> Self {
        Self { turn: degrees, ..self }
    }

    /// How wide it runs: an upper estimate.
    pub fn width(&self) -> f32 {
        metrics::width(&self.text, self.face, self.size)
    }

    /// The corners of the box its letters stay in, clockwise from the upper left one before turning.
    pub fn outline(&self) -> [[f32; 2]; 4] {
        let width = self.width();
        let left = match self.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -width / 2.0,
            Anchor::End => -width,
        };
        let (up, down) = (metrics::ASCENT * self.size, metrics::DESCENT * self.size);
        let (sin, cos) = self.turn.to_radians().sin_cos();
        [[left, -up], [left + width, -up], [left + width, down], [left, down]]
            .map(|[x, y]| [self.x + x * cos - y * sin, self.y + x * sin + y * cos])
    }
}

impl Drawing {
    /// A page filled with `background`.
    pub fn new(width: f32, height: f32, title: impl Into<String>, background: Rgba) -> Self {
        let page = Shape::Rect { area: Area::new(0.0, 0.0, width, height), radius: 0.0, fill: background };
        Self { width, height, title: title.into(), shapes: vec![page] }
    }

    /// The same without the fill of its page: what lies behind shows through.
    #[must_use]
    pub fn without_ground(mut self) -> Self {
        self.shapes.remove(0);
        self
    }

    /// Adds a filled rectangle.
    pub fn rect(&mut self, area: Area, radius: f32, fill: Rgba) {
        self.shapes.push(Shape::Rect { area, radius, fill });
    }

    /// Adds an outline.
    pub fn frame(&mut self, area: Area, stroke: Rgba) {
        self.shapes.push(Shape::Frame { area, stroke });
    }

    /// Adds a filled polygon.
    pub fn polygon(&mut self, corners: Vec<[f32; 2]>, fill: Rgba) {
        self.shapes.push(Shape::Polygon { corners, fill });
    }

    /// Adds a line through points; fewer than two make none.
    pub fn line(&mut self, points: Vec<[f32; 2]>, width: f32, stroke: Rgba) {
        if points.len() > 1 {
            self.shapes.push(Shape::Line { points, width, stroke });
        }
    }

    /// Adds a disc.
    pub fn disc(&mut self, [x, y]: [f32; 2], radius: f32, fill: Rgba) {
        self.rect(Area::new(x - radius, y - radius, 2.0 * radius, 2.0 * radius), radius, fill);
    }

    /// Adds pixels.
    pub fn image(&mut self, area: Area, raster: Raster) {
        self.shapes.push(Shape::Image { area, raster });
    }

    /// Adds text.
    pub fn text(&mut self, text: Text) {
        self.shapes.push(Shape::Text(text));
    }

    /// Every text on the page.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        self.shapes.iter().filter_map(|shape| match shape {
            Shape::Text(text) => Some(text),
            _ => None,
        })
    }
}

/// A length or a coordinate as vector formats spell it: with at most two decimals.
#[derive(Clone, Copy)]
pub(crate) struct Number(pub(crate) f32);

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", (self.0 * 100.0).round() / 100.0)
    }
}
