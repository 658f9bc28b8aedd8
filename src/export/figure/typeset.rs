//! A drawing with its letters placed: the faces, and which one draws which character. PNG and PDF both stand on it.

use std::sync::Arc;

use resvg::usvg;
use resvg::usvg::fontdb::{Database, FaceInfo, Source, Style, Weight};

use crate::export::error::ExportError;
use crate::render::fonts;

use super::{Drawing, metrics, to_svg};

/// The drawing's SVG, read and laid out: every glyph has its face and its place.
pub(crate) fn tree(drawing: &Drawing) -> Result<usvg::Tree, ExportError> {
    let options = usvg::Options { fontdb: Arc::new(faces(drawing)), ..usvg::Options::default() };
    usvg::Tree::from_str(&to_svg(drawing), &options).map_err(|error| ExportError::Draw(error.to_string()))
}

/// The embedded faces, and the system's only where a token needs them: reading those takes a while.
fn faces(drawing: &Drawing) -> Database {
    let mut faces = Database::new();
    for face in [fonts::SANS, fonts::STRONG, fonts::MONO] {
        faces.load_font_source(Source::Binary(Arc::new(face)));
    }
    let foreign = |text: &str| text.chars().any(|c| !metrics::is_embedded(c));
    if drawing.texts().any(|text| foreign(&text.text)) {
        add_system_fonts(&mut faces);
    }
    faces
}

/// The drawing falls back to the first face that has a character: upright ones of usual weight come first, sans
/// before serif, simplified Chinese before its kin.
fn add_system_fonts(faces: &mut Database) {
    let mut system = Database::new();
    system.load_system_fonts();
    let mut others: Vec<FaceInfo> = system.faces().cloned().collect();
    others.sort_by_cached_key(|face| {
        let unusual = face.style != Style::Normal || face.weight != Weight::NORMAL;
        let name = face.families.first().map_or("", |(name, _)| name.as_str());
        let rank = usize::from(name.contains("Serif")) * 2 + usize::from(!name.contains(" SC"));
        (unusual, rank, face.post_script_name.clone())
    });
    for face in others {
        faces.push_face_info(face);
    }
}
