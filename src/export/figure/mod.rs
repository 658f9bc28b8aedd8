//! Pictures for papers and slides: one layout, spelled as SVG, drawn as PNG.
//!
//! A layout is pure: values, labels and a shader go in, a [`Drawing`] comes out whose texts know their places.

mod around;
pub mod axis;
pub mod bars;
pub mod chips;
pub mod columns;
pub mod curves;
pub mod drawing;
pub mod graph;
pub mod histogram;
pub(crate) mod legend;
pub mod lines;
pub mod matrix;
pub(crate) mod metrics;
pub mod panels;
pub mod paths;
pub mod river;
pub mod rows;
pub mod sheet;
pub mod strip;
pub mod style;
mod svg;
pub(crate) mod typeset;
pub mod words;

pub use drawing::Drawing;
pub use style::Style;
pub use svg::to_svg;
