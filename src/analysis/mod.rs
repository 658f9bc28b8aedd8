//! Floor 4: what a trace says, in numbers that have a formula and a source.

pub mod atlas;
mod lens;
mod measures;
mod shift;
pub mod walk;

pub use lens::{Lens, LensLayer, LensOptions, lens};
pub use measures::{MEASURES, Measure, measure};
pub use shift::{Shift, shifts};
