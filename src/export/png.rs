//! PNG: pixels as they are, and drawings through resvg.

use resvg::tiny_skia;

use crate::render::Raster;

use super::error::ExportError;
use super::figure::{Drawing, typeset};

/// The largest picture side that is drawn, in pixels: beyond it a PNG stops being a picture one can open.
pub const LARGEST: u32 = 16_384;

/// An opaque raster as PNG.
pub fn encode(raster: &Raster) -> Vec<u8> {
    compress(raster.width as u32, raster.height as u32, raster.bytes(), None).unwrap_or_default()
}

/// A drawing as PNG, `zoom` pixels to each of its own. Where the drawing has no ground, neither has the PNG.
pub fn draw(drawing: &Drawing, zoom: f32) -> Result<Vec<u8>, ExportError> {
    let Pixels { width, height, bytes } = paint(drawing, zoom)?;
    let dots = (96.0 * zoom / 0.0254).round() as u32;
    compress(width, height, &bytes, Some(dots)).map_err(|error| ExportError::Draw(error.to_string()))
}

/// A drawing's pixels: red, green, blue and alpha of each, not premultiplied.
pub struct Pixels {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// `4 × width × height` bytes.
    pub bytes: Vec<u8>,
}

/// A drawing in pixels, `zoom` to each of its own.
pub fn paint(drawing: &Drawing, zoom: f32) -> Result<Pixels, ExportError> {
    let (width, height) = ((drawing.width * zoom).round() as u32, (drawing.height * zoom).round() as u32);
    let size = || ExportError::Size { width, height, largest: LARGEST };
    if width.min(height) == 0 || width.max(height) > LARGEST {
        return Err(size());
    }
    let tree = typeset::tree(drawing)?;
    let mut pixels = tiny_skia::Pixmap::new(width, height).ok_or_else(size)?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(zoom, zoom), &mut pixels.as_mut());
    let plain = pixels.pixels().iter().flat_map(|pixel| {
        let pixel = pixel.demultiply();
        [pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()]
    });
    Ok(Pixels { width, height, bytes: plain.collect() })
}

/// RGB where every pixel is opaque, else RGBA. `dots`: pixels a metre.
fn compress(width: u32, height: u32, rgba: &[u8], dots: Option<u32>) -> Result<Vec<u8>, png::EncodingError> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    let opaque = rgba.chunks_exact(4).all(|pixel| pixel[3] == 255);
    encoder.set_color(if opaque { png::ColorType::Rgb } else { png::ColorType::Rgba });
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    encoder.set_pixel_dims(dots.map(|dots| png::PixelDimensions {
        xppu: dots,
        yppu: dots,
        unit: png::Unit::Meter,
    }));
    let mut writer = encoder.write_header()?;
    if opaque {
        let rgb: Vec<u8> = rgba.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
        writer.write_image_data(&rgb)?;
    } else {
        writer.write_image_data(rgba)?;
    }
    writer.finish()?;
    Ok(out)
}
