//! Thumbnails of heads in one texture: one draw call for the grid. Only heads in sight have a place in it, each is painted
//! once, and many are painted over several frames, so that no frame waits for a grid of thousands.

use super::{
    palette::{Palette, differences},
    theme,
};
use crate::{
    model::{HeadId, Thumbnail},
    trace::Trace,
};
use egui::{ColorImage, Rect, TextureHandle, TextureOptions, pos2, vec2};
use std::{collections::HashMap, ops::Range};

/// Values that are coloured in one frame at most: about 3 ms, and more than 144 heads have.
const VALUES: usize = 1 << 20;
/// Sides of thumbnails are multiples of this, so that zooming does not paint all of them at every step.
const STEP: usize = 8;
/// The texture's longer side at most.
const LARGEST: usize = 4096;

const OPTIONS: TextureOptions =
    TextureOptions { minification: egui::TextureFilter::Linear, ..TextureOptions::NEAREST };

/// What all pictures in the texture have in common; another value means other pictures.
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

/// The texture, and where each head is in it.
#[derive(Default)]
pub struct Atlas {
    texture: Option<TextureHandle>,
    made: Made,
    across: usize,
    slots: Vec<Option<Slot>>,
    places: HashMap<HeadId, usize>,
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
        let made = Made { run, less: less.map(|(run, _)| run), side };
        self.frame += 1;
        if made != self.made || wanted.len() > self.slots.len() {
            self.clear(ctx, made, wanted.len(), palette);
        }
        let mut todo: Vec<usize> = Vec::new();
        let (mut values, mut free) = (0, 0);
        for &head in wanted {
            if let Some(slot) = self.places.get(&head).and_then(|&place| self.slots[place].as_mut()) {
                slot.seen = self.frame;
            }
        }
        let mut complete = true;
        for &head in wanted.iter().filter(|&&head| trace.has(head)) {
            let known = self.places.get(&head).copied();
            let painted = known.and_then(|place| self.slots[place]).map(|slot| slot.palette);
            if painted == Some(palette.number) {
                continue;
            }
            if values >= VALUES {
                complete = false;
                break;
            }
            values += trace.thumbnail(head).values.len();
            let Some(place) = known.or_else(|| self.vacate(&mut free)) else { break };
            let slot = Slot { head, seen: self.frame, palette: palette.number, filled: [0, 0] };
            self.slots[place] = Some(slot);
            self.places.insert(head, place);
            todo.push(place);
        }
        todo.sort_unstable();
        let mut rest = &todo[..];
        while let Some(&first) = rest.first() {
            let in_row = self.across - first % self.across;
            let run = rest.iter().zip(first..first + in_row).take_while(|&(&own, next)| own == next).count();
            self.paint(first..first + run, trace, less.map(|(_, trace)| trace), palette);
            rest = &rest[run..];
        }
        complete
    }

    /// Forgets every picture, and makes room for `heads` and those about them.
    fn clear(&mut self, ctx: &egui::Context, made: Made, heads: usize, palette: &Palette) {
        let most = ctx.input(|input| input.max_texture_side).clamp(made.side, LARGEST.max(made.side));
        let along = most / made.side;
        // Larger ones are fewer: room for as many as before would be a texture that a frame cannot fill
        let fits = made.side == self.made.side && heads <= self.slots.len();
        let wanted = if fits { self.slots.len() } else { heads + heads / 4 };
        let across = ((wanted as f32).sqrt().ceil() as usize).clamp(1, along);
        let down = wanted.div_ceil(across).clamp(1, along);
        let size = [across * made.side, down * made.side];
        if self.texture.as_ref().is_none_or(|texture| texture.size() != size) {
            let image = ColorImage::filled(size, theme::of_map(palette.floor()));
            self.texture = Some(ctx.load_texture("thumbnails", image, OPTIONS));
        }
        (self.made, self.across) = (made, across);
        self.slots.clear();
        self.slots.resize(across * down, None);
        self.places.clear();
    }

    /// A place that no head in sight has, from `from` on.
    fn vacate(&mut self, from: &mut usize) -> Option<usize> {
        let unseen = |slot: &Option<Slot>| slot.is_none_or(|slot| slot.seen != self.frame);
        let place = *from + self.slots.get(*from..)?.iter().position(unseen)?;
        *from = place + 1;
        if let Some(old) = self.slots[place].take() {
            self.places.remove(&old.head);
        }
        Some(place)
    }

    /// Paints heads whose places lie side by side, as one piece of the texture.
    fn paint(&mut self, places: Range<usize>, trace: &Trace, less: Option<&Trace>, palette: &Palette) {
        let side = self.made.side;
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
        if let Some(texture) = &mut self.texture {
            texture.set_partial(corner, image, OPTIONS);
        }
    }

    /// The texture.
    pub fn texture(&self) -> Option<egui::TextureId> {
        self.texture.as_ref().map(TextureHandle::id)
    }

    /// The texture and a head's place in it, where it shows this run, less that other one.
    pub fn place(&self, run: u64, less: Option<u64>, head: HeadId) -> Option<(egui::TextureId, Rect)> {
        let texture = self.texture.as_ref().filter(|_| (self.made.run, self.made.less) == (run, less))?;
        let (slot, side) = (*self.places.get(&head)?, self.made.side);
        let [rows, columns] = self.slots.get(slot)?.as_ref()?.filled;
        let [width, height] = texture.size();
        let (x, y) = (slot % self.across * side, slot / self.across * side);
        let scale = vec2(1.0 / width as f32, 1.0 / height as f32);
        let corner = |x: usize, y: usize| pos2(x as f32 * scale.x, y as f32 * scale.y);
        Some((texture.id(), Rect::from_min_max(corner(x, y), corner(x + columns, y + rows))))
    }
}

/// A thumbnail's values with the one farthest from 0 of each cell kept, at most `side` along the longer side; and how many
/// there are across.
fn shrunk(thumbnail: &Thumbnail, side: usize) -> (Vec<f32>, usize) {
    let Thumbnail { rows, columns, ref values } = *thumbnail;
    let longest = rows.max(columns);
    if side >= longest {
        return (values.clone(), columns);
    }
    let small = |cells: usize| (cells * side).div_ceil(longest);
    let (down, across) = (small(rows), small(columns));
    let mut out = vec![0.0_f32; down * across];
    for (y, row) in values.chunks(columns).enumerate() {
        for (x, &value) in row.iter().enumerate() {
            let cell = &mut out[y * down / rows * across + x * across / columns];
            if value.is_nan() || value.abs() > cell.abs() {
                *cell = value;
            }
        }
    }
    (out, across)
}
