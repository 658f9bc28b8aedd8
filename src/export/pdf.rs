//! PDF: shapes as vectors, text as text in embedded, subset fonts. The letters stand where the PNG has them.

use std::collections::HashMap;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::LineJoinStyle;
use pdf_writer::{Content, Filter, Finish as _, Name, Pdf, Rect, Ref, TextStr};

use crate::render::{Raster, Rgba};

use super::error::ExportError;
use super::figure::drawing::{Area, Shape};
use super::figure::{Drawing, typeset};
use super::pdf_boxes::boxed;
use super::pdf_text::{Fonts, Run};

/// Points in a CSS pixel.
const POINTS: f32 = 0.75;
/// A cubic comes closest to a quarter circle with its handles this share of the radius away from the corner.
const NEAR: f32 = 0.447_715;

/// A drawing as a PDF of one page.
pub fn draw(drawing: &Drawing) -> Result<Vec<u8>, ExportError> {
    let tree = typeset::tree(drawing)?;
    let mut runs = Run::all(tree.root());
    let boxes = boxed(tree.fontdb(), &mut runs);
    let mut fonts = Fonts::of(tree.fontdb(), &runs)?;

    let mut ids = (1..).map(Ref::new);
    let mut id = move || ids.next().unwrap_or(Ref::new(i32::MAX));
    let (catalog, pages, page_id, content_id, info) = (id(), id(), id(), id(), id());
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids([page_id]).count(1);
    let program = concat!("Mnemoscope ", env!("CARGO_PKG_VERSION"));
    pdf.document_info(info).title(TextStr(&drawing.title)).creator(TextStr(program));

    let (width, height) = (drawing.width * POINTS, drawing.height * POINTS);
    let mut content = Content::new();
    // From here on as in the drawing: pixels, downwards
    content.transform([POINTS, 0.0, 0.0, -POINTS, 0.0, height]);
    let mut images = Vec::new();
    let palette = Palette::of(drawing, &mut pdf, &mut id);
    for shape in &drawing.shapes {
        match shape {
            Shape::Rect { area, radius, fill } => rect(&mut content, *area, *radius, *fill),
            Shape::Frame { area, stroke } => {
                let [red, green, blue] = color(*stroke);
                content.set_stroke_rgb(red, green, blue).set_line_width(1.0);
                content.rect(area.x + 0.5, area.y + 0.5, area.width - 1.0, area.height - 1.0).stroke();
            }
            Shape::Line { points, width, stroke } => {
                let [red, green, blue] = color(*stroke);
                content.set_stroke_rgb(red, green, blue).set_line_width(*width);
                content.set_line_join(LineJoinStyle::RoundJoin);
                for (index, &[x, y]) in points.iter().enumerate() {
                    if index == 0 {
                        content.move_to(x, y)
                    } else {
                        content.line_to(x, y)
                    };
                }
                content.stroke();
            }
            Shape::Image { area, raster } => {
                let name = format!("Im{}", images.len());
                content.save_state().transform([area.width, 0.0, 0.0, -area.height, area.x, area.bottom()]);
                content.x_object(Name(name.as_bytes())).restore_state();
                let image = id();
                write_image(&mut pdf, image, raster, palette.as_ref());
                images.push((name, image));
            }
            Shape::Polygon { corners, fill } => polygon(&mut content, corners, *fill),
            Shape::Text(_) => {}
        }
    }
    // Text lies over everything else on each of our pages
    for run in &runs {
        fonts.show(run, &mut content);
    }
    for own in &boxes {
        own.draw(&mut content);
    }
    pdf.stream(content_id, &deflated(&content.finish())).filter(Filter::FlateDecode);

    let written = fonts.write(&mut pdf, &mut id)?;
    let mut page = pdf.page(page_id);
    page.media_box(Rect::new(0.0, 0.0, width, height)).parent(pages).contents(content_id);
    let mut resources = page.resources();
    let mut list = resources.fonts();
    for (name, font) in &written {
        list.pair(Name(name.as_bytes()), font);
    }
    list.finish();
    let mut list = resources.x_objects();
    for (name, image) in &images {
        list.pair(Name(name.as_bytes()), image);
    }
    list.finish();
    resources.finish();
    page.finish();
    Ok(pdf.finish())
}

/// Bytes as PDF's `FlateDecode` reads them.
pub(super) fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    // Writing into memory does not fail
    let _ = packed.write_all(bytes);
    packed.finish().unwrap_or_default()
}

pub(super) fn color([red, green, blue, _]: Rgba) -> [f32; 3] {
    [red, green, blue].map(|channel| f32::from(channel) / 255.0)
}

/// A filled rectangle, its corners rounded by quarter circles.
fn rect(content: &mut Content, area: Area, radius: f32, fill: Rgba) {
    let [red, green, blue] = color(fill);
    content.set_fill_rgb(red, green, blue);
    let r = radius.min(area.width / 2.0).min(area.height / 2.0);
    if r <= 0.0 {
        content.rect(area.x, area.y, area.width, area.height).fill_nonzero();
        return;
    }
    let (left, top, right, bottom) = (area.x, area.y, area.right(), area.bottom());
    let k = r * NEAR;
    content.move_to(left + r, top);
    content.line_to(right - r, top).cubic_to(right - k, top, right, top + k, right, top + r);
    content.line_to(right, bottom - r).cubic_to(right, bottom - k, right - k, bottom, right - r, bottom);
    content.line_to(left + r, bottom).cubic_to(left + k, bottom, left, bottom - k, left, bottom - r);
    content.line_to(left, top + r).cubic_to(left, top + k, left + k, top, left + r, top);
    content.close_path().fill_nonzero();
}

fn polygon(content: &mut Content, corners: &[[f32; 2]], fill: Rgba) {
    let [red, green, blue] = color(fill);
    let Some((&[x, y], rest)) = corners.split_first() else { return };
    content.set_fill_rgb(red, green, blue).move_to(x, y);
    for &[x, y] in rest {
        content.line_to(x, y);
    }
    content.close_path().fill_nonzero();
}

/// The colours of all images of a page, where a byte counts them: those of one colour map.
struct Palette {
    id: Ref,
    places: HashMap<[u8; 3], u8>,
}

impl Palette {
    /// Writes them once for all images; none where they are too many.
    fn of(drawing: &Drawing, pdf: &mut Pdf, id: &mut impl FnMut() -> Ref) -> Option<Self> {
        let (mut places, mut colours) = (HashMap::new(), Vec::new());
        let images = drawing.shapes.iter().filter_map(|shape| match shape {
            Shape::Image { raster, .. } => Some(raster),
            _ => None,
        });
        for &[red, green, blue, _] in images.flat_map(|raster| &raster.pixels) {
            let colour = [red, green, blue];
            if !places.contains_key(&colour) {
                places.insert(colour, u8::try_from(places.len()).ok()?);
                colours.extend(colour);
            }
        }
        let last = i32::try_from(places.len()).ok()? - 1;
        if last < 0 {
            return None;
        }
        let id = id();
        pdf.color_space(id).indexed(Name(b"DeviceRGB"), last, &colours);
        Some(Self { id, places })
    }
}

/// Pixels as they are: viewers draw them as squares.
fn write_image(pdf: &mut Pdf, id: Ref, raster: &Raster, palette: Option<&Palette>) {
    let pixels = raster.pixels.iter().map(|&[red, green, blue, _]| [red, green, blue]);
    let bytes: Vec<u8> = match palette {
        Some(palette) => pixels.map(|colour| palette.places.get(&colour).copied().unwrap_or(0)).collect(),
        None => pixels.flatten().collect(),
    };
    let packed = deflated(&bytes);
    let mut image = pdf.image_xobject(id, &packed);
    image.filter(Filter::FlateDecode);
    image.width(raster.width as i32).height(raster.height as i32);
    match palette {
        Some(palette) => {
            image.pair(Name(b"ColorSpace"), palette.id);
        }
        None => image.color_space().device_rgb(),
    }
    image.bits_per_component(8);
}
