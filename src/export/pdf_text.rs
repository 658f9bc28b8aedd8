//! Text of a PDF: runs of placed glyphs, and the parts of the fonts that they need.

use std::collections::{BTreeMap, HashMap};

use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Filter, Name, Pdf, Rect, Ref, Str};
use resvg::usvg;
use resvg::usvg::fontdb;
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, GlyphId, MetadataProvider as _};
use subsetter::GlyphRemapper;

use super::error::ExportError;
use super::pdf::{color, deflated};

/// Two glyphs whose baselines differ by less, in pixels, share a run.
const LEVEL: f32 = 0.01;
/// Letters and their codes: what the reader calls them is in the fonts' own tables.
const IDENTITY: SystemInfo<'_> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// Glyphs of one font on one baseline, so that a reader gets words rather than letters.
pub(super) struct Run {
    pub(super) font: fontdb::ID,
    pub(super) size: f32,
    pub(super) ink: [f32; 3],
    /// From the run's coordinates to the page's.
    pub(super) place: usvg::Transform,
    pub(super) baseline: f32,
    /// Each glyph's number in the font, its left edge, and the characters it stands for.
    pub(super) glyphs: Vec<(u16, f32, String)>,
}

impl Run {
    /// Every run of a page.
    pub(super) fn all(group: &usvg::Group) -> Vec<Self> {
        let mut runs = Vec::new();
        for node in group.children() {
            match node {
                usvg::Node::Group(group) => runs.extend(Self::all(group)),
                usvg::Node::Text(text) => {
                    text.layouted()
                        .iter()
                        .for_each(|span| Self::of_span(span, text.abs_transform(), &mut runs));
                }
                usvg::Node::Path(_) | usvg::Node::Image(_) => {}
            }
        }
        runs
    }

    fn of_span(span: &usvg::layout::Span, place: usvg::Transform, runs: &mut Vec<Self>) {
        let Some(usvg::Paint::Color(ink)) = span.fill.as_ref().map(usvg::Fill::paint) else { return };
        let ink = color([ink.red, ink.green, ink.blue, 255]);
        let same = |a: &usvg::layout::PositionedGlyph, b: &usvg::layout::PositionedGlyph| {
            a.font == b.font && (a.transform().ty - b.transform().ty).abs() < LEVEL
        };
        for glyphs in span.positioned_glyphs.chunk_by(same) {
            let Some(first) = glyphs.first() else { continue };
            let (font, size, baseline) = (first.font, first.font_size(), first.transform().ty);
            let glyph = |glyph: &usvg::layout::PositionedGlyph| {
                (u16::try_from(glyph.id.0).unwrap_or(0), glyph.transform().tx, glyph.text.clone())
            };
            runs.push(Self { font, size, ink, place, baseline, glyphs: glyphs.iter().map(glyph).collect() });
        }
    }
}

/// A font, and which of its glyphs a page needs.
struct Used {
    name: String,
    data: Vec<u8>,
    index: u32,
    post_script: String,
    monospaced: bool,
    glyphs: GlyphRemapper,
    /// By new number: width in thousandths of the font size, and what it stands for.
    shown: BTreeMap<u16, (f32, String)>,
    /// Height and depth of letters, and the box of all, in thousandths.
    metrics: [f32; 7],
}

/// The fonts of a page.
pub(super) struct Fonts {
    used: Vec<Used>,
    places: HashMap<fontdb::ID, usize>,
}

impl Fonts {
    /// Those that `runs` are set in.
    pub(super) fn of(faces: &fontdb::Database, runs: &[Run]) -> Result<Self, ExportError> {
        let mut fonts = Self { used: Vec::new(), places: HashMap::new() };
        for run in runs {
            let at = match fonts.places.get(&run.font) {
                Some(&at) => at,
                None => fonts.open(faces, run.font)?,
            };
            let used = &mut fonts.used[at];
            let font = FontRef::from_index(&used.data, used.index).map_err(unreadable)?;
            let widths = font.glyph_metrics(Size::new(1000.0), LocationRef::default());
            for (glyph, _, text) in &run.glyphs {
                let width = widths.advance_width(GlyphId::new(u32::from(*glyph))).unwrap_or(0.0);
                used.shown.entry(used.glyphs.remap(*glyph)).or_insert_with(|| (width, text.clone()));
            }
        }
        Ok(fonts)
    }

    fn open(&mut self, faces: &fontdb::Database, id: fontdb::ID) -> Result<usize, ExportError> {
        let face = faces.face(id).ok_or_else(|| unreadable("it is gone"))?;
        let read = faces.with_face_data(id, |data, index| (data.to_vec(), index));
        let (data, index) = read.ok_or_else(|| unreadable("it is gone"))?;
        let font = FontRef::from_index(&data, index).map_err(unreadable)?;
        let own = font.metrics(Size::new(1000.0), LocationRef::default());
        let bounds = own.bounds.unwrap_or_default();
        let metrics = [
            own.ascent,
            own.descent,
            own.cap_height.unwrap_or(own.ascent),
            bounds.x_min,
            bounds.y_min,
            bounds.x_max,
            bounds.y_max,
        ];
        let at = self.used.len();
        let used = Used {
            name: format!("F{at}"),
            index,
            post_script: face.post_script_name.clone(),
            monospaced: face.monospaced,
            glyphs: GlyphRemapper::new(),
            shown: BTreeMap::new(),
            metrics,
            data,
        };
        self.used.push(used);
        self.places.insert(id, at);
        Ok(at)
    }

    /// Sets a run.
    pub(super) fn show(&self, run: &Run, content: &mut Content) {
        let (Some(&at), Some((_, left, _))) = (self.places.get(&run.font), run.glyphs.first()) else {
            return;
        };
        let used = &self.used[at];
        let [red, green, blue] = run.ink;
        let usvg::Transform { sx, ky, kx, sy, tx, ty } = run.place;
        content.save_state().transform([sx, ky, kx, sy, tx, ty]).set_fill_rgb(red, green, blue);
        content.begin_text().set_font(Name(used.name.as_bytes()), run.size);
        // The page runs downwards, letters stand upwards
        content.set_text_matrix([1.0, 0.0, 0.0, -1.0, *left, run.baseline]);
        let mut shown = content.show_positioned();
        let mut items = shown.items();
        for (index, (glyph, x, _)) in run.glyphs.iter().enumerate() {
            let new = used.glyphs.get(*glyph).unwrap_or(0);
            items.show(Str(&new.to_be_bytes()));
            if let Some((_, next, _)) = run.glyphs.get(index + 1) {
                let own = used.shown.get(&new).map_or(0.0, |(width, _)| *width);
                let closer = own - (next - x) / run.size * 1000.0;
                if closer.abs() > 0.5 {
                    items.adjust(closer);
                }
            }
        }
        drop(items);
        drop(shown);
        content.end_text().restore_state();
    }

    /// Writes each font's part; returns their names on the page.
    pub(super) fn write(
        &mut self,
        pdf: &mut Pdf,
        id: &mut impl FnMut() -> Ref,
    ) -> Result<Vec<(String, Ref)>, ExportError> {
        let mut written = Vec::with_capacity(self.used.len());
        for used in &self.used {
            let font = id();
            used.write(pdf, font, [id(), id(), id(), id()])?;
            written.push((used.name.clone(), font));
        }
        Ok(written)
    }
}

impl Used {
    fn write(
        &self,
        pdf: &mut Pdf,
        font: Ref,
        [cid, descriptor, file, cmap]: [Ref; 4],
    ) -> Result<(), ExportError> {
        let part = subsetter::subset(&self.data, self.index, &self.glyphs).map_err(unreadable)?;
        let compact = table(&part, *b"CFF ");
        // Six letters mark a part of a font
        let base = format!("MNEMOS+{}", self.post_script);
        let base = Name(base.as_bytes());
        pdf.type0_font(font)
            .base_font(base)
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(cid)
            .to_unicode(cmap);

        let mut kind = pdf.cid_font(cid);
        kind.subtype(if compact.is_some() { CidFontType::Type0 } else { CidFontType::Type2 });
        kind.base_font(base).system_info(IDENTITY).font_descriptor(descriptor).default_width(0.0);
        if compact.is_none() {
            kind.cid_to_gid_map_predefined(Name(b"Identity"));
        }
        let mut widths = kind.widths();
        for (&glyph, (width, _)) in &self.shown {
            widths.consecutive(glyph, [*width]);
        }
        drop(widths);
        drop(kind);

        let mut names = UnicodeCmap::new(Name(b"Mnemoscope"), IDENTITY);
        for (&glyph, (_, text)) in self.shown.iter().filter(|(_, (_, text))| !text.is_empty()) {
            names.pair_with_multiple(glyph, text.chars());
        }
        pdf.stream(cmap, &deflated(&names.finish())).filter(Filter::FlateDecode);

        let [ascent, descent, caps, left, bottom, right, top] = self.metrics;
        let fixed = if self.monospaced { FontFlags::FIXED_PITCH } else { FontFlags::empty() };
        let mut about = pdf.font_descriptor(descriptor);
        about.name(base).flags(FontFlags::SYMBOLIC | fixed).bbox(Rect::new(left, bottom, right, top));
        about.italic_angle(0.0).ascent(ascent).descent(descent).cap_height(caps).stem_v(80.0);
        if compact.is_some() {
            about.font_file3(file)
        } else {
            about.font_file2(file)
        };
        drop(about);
        let packed = deflated(compact.unwrap_or(&part));
        let mut stream = pdf.stream(file, &packed);
        stream.filter(Filter::FlateDecode);
        if compact.is_some() {
            stream.pair(Name(b"Subtype"), Name(b"CIDFontType0C"));
        }
        Ok(())
    }
}

/// A table of an OpenType file.
fn table(font: &[u8], tag: [u8; 4]) -> Option<&[u8]> {
    let tables = usize::from(u16::from_be_bytes(font.get(4..6)?.try_into().ok()?));
    let entry = font.get(12..12 + 16 * tables)?.chunks_exact(16).find(|entry| entry[..4] == tag)?;
    let number = |at: usize| Some(u32::from_be_bytes(entry.get(at..at + 4)?.try_into().ok()?) as usize);
    let (start, length) = (number(8)?, number(12)?);
    font.get(start..start.checked_add(length)?)
}

fn unreadable(why: impl std::fmt::Display) -> ExportError {
    ExportError::Draw(format!("a font cannot be embedded: {why}"))
}
