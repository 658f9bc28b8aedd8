//! Thumbnails of heads in few textures: a draw call for each. Only heads in sight have a place in them, each is painted
//! once, and many are painted over several frames, so that no frame waits for a grid of thousands. Where their size changes
//! the pictures before stand in for those that are not painted yet.

use super::{
    palette::{Palette, differences},
    theme,
};
use crate::{
    model::{HeadId, Thumbnail},
    trace::Trace,
};
use egui::{ColorImage, Rect, TextureHandle, TextureOptions, pos2, vec2};
use std::{borrow::Cow, collections::HashMap, ops::Range};

/// Values that are coloured in one frame at most: about 2 ms, and nearly as many as 144 heads have.
const VALUES: usize = 1 << 19;
/// Sides of thumbnails are multiples of this, so that zooming does not paint all of them at every step.
const STEP: usize = 8;
/// A texture's longer side at most: a larger one takes a frame's time to make and to hand over.
const SHEET: usize = 1024;
/// Pixels of all textures of one size of thumbnails at most.
const MOST: usize = 32 << 20;

const OPTIONS: TextureOptions =
    TextureOptions { minification: egui::TextureFilter::Linear, ..TextureOptions::NEAREST };

/// What all pictures of an album have in common; another value means other pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Made {
    run: u64,
    less: Option<u64>,
    side: usize,
}

/// One head's place.
#[derive(Clone, Copy)]
struct Slot {
    head: HeadId,
    /// The frame in which it was last in sight.
    seen: u64,
    /// Number of the palette that it was painted with.
    palette: u64,
    /// Rows and columns that the head fills of its place.
    filled: [usize; 2],
}

/// One texture.
struct Sheet {
    texture: TextureHandle,
    across: usize,
    slots: Vec<Option<Slot>>,
}

/// Pictures of one size.
#[derive(Default)]
struct Album {
    made: Made,
    sheets: Vec<Sheet>,
    /// Sheet and slot.
    places: HashMap<HeadId, (usize, usize)>,
}

/// Every picture at hand.
#[derive(Default)]
pub struct Atlas {
    now: Album,
    /// Those of another size, until all are there.
    before: Album,
    complete: bool,
    frame: u64,
}

impl Atlas {
    /// Colours the thumbnails of `wanted` heads for cells of `pixels` on screen, those that are not there already and as
    /// many as a frame has time for. True where all of them are there.
    ///
    /// With `less`, another run and its number, they show how the run differs from it.
    pub fn refresh(
        &mut self,
        ctx: &egui::Context,
        (run, trace): (u64, &Trace),
        less: Option<(u64, &Trace)>,
        palette: &Palette,
        (wanted, pixels): (&[HeadId], f32),
    ) -> bool {
        let sizes = wanted.iter().filter(|&&head| trace.has(head)).map(|&head| {
            let thumbnail = trace.thumbnail(head);
            thumbnail.rows.max(thumbnail.columns)
        });
        let Some(largest) = sizes.max() else { return true };
        let side = (pixels.ceil() as usize).max(1).next_multiple_of(STEP).min(largest);
        self.turn_to(Made { run, less: less.map(|(run, _)| run), side });
        self.frame += 1;
        let mut missing = 0;
        for &head in wanted {
            match self.now.slot(head) {
                Some(slot) => slot.seen = self.frame,
                None => missing += 1,
            }
        }
        let mut todo: Vec<(usize, usize)> = Vec::new();
        let (mut values, mut free) = (0, (0, 0));
        self.complete = true;
        for &head in wanted.iter().filter(|&&head| trace.has(head)) {
            let known = self.now.slot(head).map(|slot| slot.palette);
            if known == Some(palette.number) {
                continue;
            }
            if values >= VALUES {
                self.complete = false;
                break;
            }
            values += trace.thumbnail(head).values.len();
            let place = match known {
                Some(_) => self.now.places.get(&head).copied(),
                None => self.now.room(ctx, (self.frame, missing), &mut free, palette),
            };
            let Some((sheet, slot)) = place else { break };
            self.now.sheets[sheet].slots[slot] =
                Some(Slot { head, seen: self.frame, palette: palette.number, filled: [0, 0] });
            self.now.places.insert(head, (sheet, slot));
            missing -= usize::from(known.is_none());
            todo.push((sheet, slot));
        }
        todo.sort_unstable();
        let mut rest = &todo[..];
        while let Some(&(sheet, first)) = rest.first() {
            let Sheet { across, .. } = self.now.sheets[sheet];
            let beside = (first..first + across - first % across).map(|slot| (sheet, slot));
            let run = rest.iter().zip(beside).take_while(|(own, next)| *own == next).count();
            let side = self.now.made.side;
            self.now.sheets[sheet].paint(
                (first..first + run, side),
                (trace, less.map(|less| less.1)),
                palette,
            );
            rest = &rest[run..];
        }
        if self.complete {
            self.before = Album::default();
        }
        self.complete
    }

    /// Begins an album where other pictures are wanted. What was whole stands in for it, as far as it shows the same.
    fn turn_to(&mut self, made: Made) {
        if made == self.now.made {
            return;
        }
        let old = std::mem::replace(&mut self.now, Album { made, ..Album::default() });
        if self.complete {
            self.before = old;
        }
        if (self.before.made.run, self.before.made.less) != (made.run, made.less) {
            self.before = Album::default();
        }
    }

    /// The texture that has a head and its place in it, where it shows this run, less that other one.
    pub fn place(&self, run: u64, less: Option<u64>, head: HeadId) -> Option<(egui::TextureId, Rect)> {
        let shown = |album: &&Album| (album.made.run, album.made.less) == (run, less);
        [&self.now, &self.before].into_iter().filter(shown).find_map(|album| album.place(head))
    }
}

impl Album {
    fn slot(&mut self, head: HeadId) -> Option<&mut Slot> {
        let &(sheet, slot) = self.places.get(&head)?;
        self.sheets[sheet].slots[slot].as_mut()
    }

    /// A place that no head in sight has, from `from` on, or one in a new sheet, with room for all that are `missing`.
    fn room(
        &mut self,
        ctx: &egui::Context,
        (frame, missing): (u64, usize),
        from: &mut (usize, usize),
        palette: &Palette,
    ) -> Option<(usize, usize)> {
        let unseen = |slot: &Option<Slot>| slot.is_none_or(|slot| slot.seen != frame);
        while let Some(sheet) = self.sheets.get_mut(from.0) {
            if let Some(further) = sheet.slots[from.1..].iter().position(unseen) {
                let place = (from.0, from.1 + further);
                if let Some(old) = sheet.slots[place.1].take() {
                    self.places.remove(&old.head);
                }
                *from = (place.0, place.1 + 1);
                return Some(place);
            }
            *from = (from.0 + 1, 0);
        }
        let side = self.made.side;
        let most = ctx.input(|input| input.max_texture_side).min(SHEET).max(side);
        let wanted = missing + missing / 4;
        let across = ((wanted as f32).sqrt().ceil() as usize).clamp(1, most / side);
        let down = wanted.div_ceil(across).clamp(1, most / side);
        let held: usize = self.sheets.iter().map(|sheet| sheet.slots.len()).sum();
        if !self.sheets.is_empty() && (held + across * down) * side * side > MOST {
            return None;
        }
        let image = ColorImage::filled([across * side, down * side], theme::of_map(palette.floor()));
        let texture = ctx.load_texture("thumbnails", image, OPTIONS);
        self.sheets.push(Sheet { texture, across, slots: vec![None; across * down] });
        let place = (self.sheets.len() - 1, 0);
        *from = (place.0, 1);
        Some(place)
    }

    fn place(&self, head: HeadId) -> Option<(egui::TextureId, Rect)> {
        let (&(sheet, slot), side) = (self.places.get(&head)?, self.made.side);
        let sheet = self.sheets.get(sheet)?;
        let [rows, columns] = sheet.slots.get(slot)?.as_ref()?.filled;
        let [width, height] = sheet.texture.size();
        let (x, y) = (slot % sheet.across * side, slot / sheet.across * side);
        let scale = vec2(1.0 / width as f32, 1.0 / height as f32);
        let corner = |x: usize, y: usize| pos2(x as f32 * scale.x, y as f32 * scale.y);
        Some((sheet.texture.id(), Rect::from_min_max(corner(x, y), corner(x + columns, y + rows))))
    }
}

impl Sheet {
    /// Paints heads whose places lie side by side, as one piece of the texture.
    fn paint(
        &mut self,
        (places, side): (Range<usize>, usize),
        (trace, less): (&Trace, Option<&Trace>),
        palette: &Palette,
    ) {
        let corner = [places.start % self.across * side, places.start / self.across * side];
        let mut image = ColorImage::filled([places.len() * side, side], theme::of_map(palette.floor()));
        for (slot, left) in self.slots[places].iter_mut().flatten().zip((0..).step_by(side)) {
            let head = slot.head;
            let differences = less.map(|less| differences(trace, less, head));
            let thumbnail = differences.as_ref().unwrap_or_else(|| trace.thumbnail(head));
            let (values, columns) = shrunk(thumbnail, side);
            let raster = palette.shader(trace, less, head).paint(&values, columns);
            slot.filled = [values.len() / columns.max(1), columns];
            for (y, row) in raster.pixels.chunks(columns).enumerate() {
                let start = y * image.size[0] + left;
                for (to, &from) in image.pixels[start..start + columns].iter_mut().zip(row) {
                    *to = theme::of_map(from);
                }
            }
        }
        self.texture.set_partial(corner, image, OPTIONS);
    }
}

/// A thumbnail's values with the one farthest from 0 of each cell kept, at most `side` along the longer side; and how many
/// there are across.
fn shrunk(thumbnail: &Thumbnail, side: usize) -> (Cow<'_, [f32]>, usize) {
    let Thumbnail { rows, columns, ref values } = *thumbnail;
    let longest = rows.max(columns);
    if side >= longest {
        return (Cow::Borrowed(values), columns);
    }
    let small = |cells: usize| (cells * side).div_ceil(longest);
    let (down, across) = (small(rows), small(columns));
    let mut out = vec![0.0_f32; down * across];
    // A division for each value would take longer than all else
    let places: Vec<usize> = (0..columns).map(|x| x * across / columns).collect();
    for (y, row) in values.chunks(columns).enumerate() {
        let out = &mut out[y * down / rows * across..][..across];
        for (&place, &value) in places.iter().zip(row) {
            let cell = &mut out[place];
            if value.is_nan() || value.abs() > cell.abs() {
                *cell = value;
            }
        }
    }
    (Cow::Owned(out), across)
}
