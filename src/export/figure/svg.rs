//! A drawing as SVG text: real text, crisp cells, nothing that reaches outside the file.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::export::png;
use crate::render::{Raster, Rgba};

use super::drawing::{Anchor, Area, Drawing, Face, Number, Shape, Text};

/// Families by face: the embedded ones first, then what the usual systems have.
const SANS: &str = "'Inter', 'Noto Sans', 'Helvetica Neue', Arial, sans-serif";
const MONO: &str = "'JetBrains Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace";

/// The whole file.
pub fn to_svg(drawing: &Drawing) -> String {
    let Drawing { width, height, title, shapes } = drawing;
    let mut out = String::new();
    out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {0} {1}\" role=\"img\">",
        Number(*width),
        Number(*height),
    );
    let _ = writeln!(out, "<title>{}</title>", Escaped(title));
    for shape in shapes {
        let _ = match shape {
            Shape::Rect { area, radius, fill } => rect(&mut out, *area, *radius, *fill),
            Shape::Frame { area, stroke } => frame(&mut out, *area, *stroke),
            Shape::Line { points, width, stroke } => line(&mut out, points, *width, *stroke),
            Shape::Image { area, raster } => image(&mut out, *area, raster),
            Shape::Polygon { corners, fill } => polygon(&mut out, corners, *fill),
            Shape::Text(line) => text(&mut out, line),
        };
    }
    out.push_str("</svg>\n");
    out
}

fn rect(out: &mut String, area: Area, radius: f32, fill: Rgba) -> std::fmt::Result {
    write!(out, "<rect {} fill=\"{}\"", Place(area), Hex(fill))?;
    if radius > 0.0 {
        write!(out, " rx=\"{}\"", Number(radius))?;
    } else {
        out.push_str(" shape-rendering=\"crispEdges\"");
    }
    out.push_str("/>\n");
    Ok(())
}

fn frame(out: &mut String, area: Area, stroke: Rgba) -> std::fmt::Result {
    let inside = Area::new(area.x + 0.5, area.y + 0.5, area.width - 1.0, area.height - 1.0);
    writeln!(out, "<rect {} fill=\"none\" stroke=\"{}\"/>", Place(inside), Hex(stroke))
}

fn polygon(out: &mut String, corners: &[[f32; 2]], fill: Rgba) -> std::fmt::Result {
    out.push_str("<path d=\"");
    for (index, [x, y]) in corners.iter().enumerate() {
        let step = if index == 0 { 'M' } else { 'L' };
        write!(out, "{step}{} {}", Number(*x), Number(*y))?;
    }
    writeln!(out, "Z\" fill=\"{}\"/>", Hex(fill))
}

fn line(out: &mut String, points: &[[f32; 2]], width: f32, stroke: Rgba) -> std::fmt::Result {
    out.push_str("<polyline points=\"");
    for (index, &[x, y]) in points.iter().enumerate() {
        let gap = if index == 0 { "" } else { " " };
        write!(out, "{gap}{},{}", Number(x), Number(y))?;
    }
    writeln!(
        out,
        "\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\"/>",
        Hex(stroke),
        Number(width)
    )
}

/// Pixels stay squares where they are drawn larger than they are; where smaller, they are smoothed.
fn image(out: &mut String, area: Area, raster: &Raster) -> std::fmt::Result {
    let rendering = if area.width >= raster.width as f32 { "pixelated" } else { "auto" };
    let data = BASE64_STANDARD.encode(png::encode(raster));
    writeln!(
        out,
        "<image {} preserveAspectRatio=\"none\" style=\"image-rendering:{rendering}\" href=\"data:image/png;base64,{data}\"/>",
        Place(area),
    )
}

fn text(out: &mut String, text: &Text) -> std::fmt::Result {
    let family = match text.face {
        Face::Sans | Face::Strong => SANS,
        Face::Mono => MONO,
    };
    let (x, y) = (Number(text.x), Number(text.y));
    write!(out, "<text x=\"{x}\" y=\"{y}\" font-family=\"{family}\" font-size=\"{}\"", Number(text.size))?;
    if text.face == Face::Strong {
        out.push_str(" font-weight=\"600\"");
    }
    match text.anchor {
        Anchor::Start => {}
        Anchor::Middle => out.push_str(" text-anchor=\"middle\""),
        Anchor::End => out.push_str(" text-anchor=\"end\""),
    }
    if text.turn != 0.0 {
        write!(out, " transform=\"rotate({} {x} {y})\"", Number(text.turn))?;
    }
    writeln!(out, " fill=\"{}\" xml:space=\"preserve\">{}</text>", Hex(text.fill), Escaped(&text.text))
}

struct Place(Area);

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [x, y, width, height] = [self.0.x, self.0.y, self.0.width, self.0.height].map(Number);
        write!(f, "x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"")
    }
}

struct Hex(Rgba);

impl std::fmt::Display for Hex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [red, green, blue, _] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// Text as XML allows it: markup escaped, characters that XML forbids replaced.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                    f.write_str("\u{fffd}")?;
                }
                _ => f.write_char(c)?,
            }
        }
        Ok(())
    }
}
