//! All thumbnails in one texture: one draw call for the grid, coloured anew only when something changed.

use super::{
    palette::{Palette, differences},
    theme,
};
use crate::{
    model::{HeadId, Thumbnail},
    trace::Trace,
};
use egui::{Rect, TextureHandle, TextureOptions, pos2, vec2};

/// What the texture was made from; another value means another picture.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Made {
    run: u64,
    less: Option<u64>,
    layers: usize,
    palette: u64,
    side: usize,
}

/// The texture, and where each head is in it.
#[derive(Default)]
pub struct Atlas {
    texture: Option<TextureHandle>,
    made: Option<Made>,
    across: usize,
    slot: usize,
    /// First slot of each layer.
    starts: Vec<usize>,
    /// Rows and columns that each head fills of its slot.
    filled: Vec<[usize; 2]>,
}

impl Atlas {
    /// Colours the thumbnails for cells of `pixels` on screen, unless that is what is there already.
    ///
    /// With `less`, another run and its number, they show how the run differs from it.
    pub fn refresh(
        &mut self,
        ctx: &egui::Context,
        (run, trace): (u64, &Trace),
        less: Option<(u64, &Trace)>,
        palette: &Palette,
        pixels: f32,
    ) {
        let largest = if trace.layers_done() == 0 {
            return;
        } else {
            let sizes = (0..trace.layers_done()).map(|layer| {
                let thumbnail = trace.thumbnail(HeadId { layer, head: 0 });
                thumbnail.rows.max(thumbnail.columns)
            });
            sizes.max().unwrap_or(1)
        };
        let side = if pixels < largest as f32 { (pixels.ceil() as usize).clamp(8, largest) } else { largest };
        let made = Made {
            run,
            less: less.map(|(run, _)| run),
            layers: trace.layers_done(),
            palette: palette.number,
            side,
        };
        if self.made == Some(made) {
            return;
        }
        self.made = Some(made);
        self.slot = side;
        self.starts = (0..trace.n_layers())
            .scan(0, |next, layer| {
                let start = *next;
                *next += trace.heads(layer);
                Some(start)
            })
            .collect();
        let heads = self.starts.last().map_or(0, |start| start + trace.heads(trace.n_layers() - 1));
        self.filled = vec![[0, 0]; heads];
        self.across = (heads as f32).sqrt().ceil().max(1.0) as usize;
        let size = [self.across * side, heads.div_ceil(self.across) * side];
        let mut image = egui::ColorImage::filled(size, theme::of_map(palette.floor()));
        for layer in 0..trace.layers_done() {
            for head in 0..trace.heads(layer) {
                self.paint(&mut image, trace, less.map(|(_, trace)| trace), palette, HeadId { layer, head });
            }
        }
        let options = TextureOptions { minification: egui::TextureFilter::Linear, ..TextureOptions::NEAREST };
        match &mut self.texture {
            Some(texture) => texture.set(image, options),
            None => self.texture = Some(ctx.load_texture("thumbnails", image, options)),
        }
    }

    fn paint(
        &mut self,
        image: &mut egui::ColorImage,
        trace: &Trace,
        less: Option<&Trace>,
        palette: &Palette,
        head: HeadId,
    ) {
        let differences = less.map(|less| differences(trace, less, head));
        let thumbnail = differences.as_ref().unwrap_or_else(|| trace.thumbnail(head));
        let (values, columns) = shrunk(thumbnail, self.slot);
        let raster = palette.shader(trace, less, head).paint(&values, columns);
        let slot = self.starts[head.layer] + head.head;
        let (left, top) = (slot % self.across * self.slot, slot / self.across * self.slot);
        self.filled[slot] = [values.len() / columns.max(1), columns];
        for (y, row) in raster.pixels.chunks(columns).enumerate() {
            let start = (top + y) * image.size[0] + left;
            for (to, &from) in image.pixels[start..start + columns].iter_mut().zip(row) {
                *to = theme::of_map(from);
            }
        }
    }

    /// The texture and a head's place in it.
    pub fn place(&self, head: HeadId) -> Option<(egui::TextureId, Rect)> {
        let texture = self.texture.as_ref()?;
        let slot = self.starts.get(head.layer)? + head.head;
        let [width, height] = texture.size();
        let (x, y) = (slot % self.across * self.slot, slot / self.across * self.slot);
        let scale = vec2(1.0 / width as f32, 1.0 / height as f32);
        let corner = |x: usize, y: usize| pos2(x as f32 * scale.x, y as f32 * scale.y);
        let [rows, columns] = *self.filled.get(slot)?;
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
