//! PNG: pixels as they are, and drawings through resvg.

use std::sync::Arc;

use resvg::{tiny_skia, usvg};

use crate::render::Raster;

use super::error::ExportError;
use super::figure::{Drawing, metrics, to_svg};

/// The largest picture side that is drawn, in pixels: beyond it a PNG stops being a picture one can open.
pub const LARGEST: u32 = 16_384;

/// An opaque raster as PNG.
pub fn encode(raster: &Raster) -> Vec<u8> {
    let rgb: Vec<u8> = raster.pixels.iter().flat_map(|&[red, green, blue, _]| [red, green, blue]).collect();
    compress(raster.width as u32, raster.height as u32, &rgb).unwrap_or_default()
}

/// A drawing, `width` pixels wide (twice its own size when not told), as PNG.
pub fn draw(drawing: &Drawing, width: Option<u32>) -> Result<Vec<u8>, ExportError> {
    let scale = width.map_or(2.0, |width| width as f32 / drawing.width);
    let (width, height) = ((drawing.width * scale).round() as u32, (drawing.height * scale).round() as u32);
    if width == 0 || width.max(height) > LARGEST {
        return Err(ExportError::Size { width, height, largest: LARGEST });
    }
    let options = usvg::Options { fontdb: Arc::new(fonts(drawing)), ..usvg::Options::default() };
    let failed = |why: String| ExportError::Draw(why);
    let tree = usvg::Tree::from_str(&to_svg(drawing), &options).map_err(|e| failed(e.to_string()))?;
    let mut pixels =
        tiny_skia::Pixmap::new(width, height).ok_or(ExportError::Size { width, height, largest: LARGEST })?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
    // The page is opaque: premultiplied and plain are the same
    let rgb: Vec<u8> = pixels.data().chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
    compress(width, height, &rgb).map_err(|e| failed(e.to_string()))
}

fn compress(width: u32, height: u32, rgb: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    encoder.write_header()?.write_image_data(rgb)?;
    Ok(out)
}

/// The two embedded faces, and the system's only where a token needs them: reading those takes a while.
fn fonts(drawing: &Drawing) -> usvg::fontdb::Database {
    let mut fonts = usvg::fontdb::Database::new();
    fonts.load_font_data(epaint_default_fonts::UBUNTU_LIGHT.to_vec());
    fonts.load_font_data(epaint_default_fonts::HACK_REGULAR.to_vec());
    fonts.set_sans_serif_family("Ubuntu");
    fonts.set_monospace_family("Hack");
    let foreign = |text: &str| text.chars().any(|c| !metrics::is_embedded(c));
    if drawing.texts().any(|text| foreign(&text.text)) {
        fonts.load_system_fonts();
    }
    fonts
}
