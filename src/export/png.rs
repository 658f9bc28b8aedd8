//! PNG: pixels as they are, and drawings through resvg.

use std::sync::Arc;

use resvg::usvg::fontdb::{Database, FaceInfo, Style, Weight};
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
fn fonts(drawing: &Drawing) -> Database {
    let mut fonts = Database::new();
    fonts.load_font_data(epaint_default_fonts::UBUNTU_LIGHT.to_vec());
    fonts.load_font_data(epaint_default_fonts::HACK_REGULAR.to_vec());
    fonts.set_sans_serif_family("Ubuntu");
    fonts.set_monospace_family("Hack");
    let foreign = |text: &str| text.chars().any(|c| !metrics::is_embedded(c));
    if drawing.texts().any(|text| foreign(&text.text)) {
        add_system_fonts(&mut fonts);
    }
    fonts
}

/// The drawing falls back to the first face that has a character: upright ones of usual weight come first, sans
/// before serif, simplified Chinese before its kin.
fn add_system_fonts(fonts: &mut Database) {
    let mut system = Database::new();
    system.load_system_fonts();
    let mut faces: Vec<FaceInfo> = system.faces().cloned().collect();
    faces.sort_by_cached_key(|face| {
        let unusual = face.style != Style::Normal || face.weight != Weight::NORMAL;
        let name = face.families.first().map_or("", |(name, _)| name.as_str());
        let rank = usize::from(name.contains("Serif")) * 2 + usize::from(!name.contains(" SC"));
        (unusual, rank, face.post_script_name.clone())
    });
    for face in faces {
        fonts.push_face_info(face);
    }
}
