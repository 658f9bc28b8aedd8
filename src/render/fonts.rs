//! The faces of the house: the window and the pictures are set in the same ones. Licences: `assets/fonts/README.md`.

/// Inter: words.
pub const SANS: &[u8] = include_bytes!("../../assets/fonts/Inter-Regular.otf");

/// Inter, stronger: titles.
pub const STRONG: &[u8] = include_bytes!("../../assets/fonts/Inter-SemiBold.otf");

/// A monospace face: tokens and ids.
pub const MONO: &[u8] = include_bytes!("../../assets/fonts/JetBrainsMono-Regular.ttf");
