//! Pictures of how two runs differ, coloured anew only when something changed.

use super::{Found, PairMaps, SMALL};
use crate::{
    app::{palette::Palette, theme},
    model::HeadId,
    render::{ColorMap, Scale, Shader, ValueRange},
};
use egui::{ColorImage, Rect, TextureHandle, TextureId, TextureOptions, pos2};

const OPTIONS: TextureOptions =
    TextureOptions { minification: egui::TextureFilter::Linear, ..TextureOptions::NEAREST };

/// What a pair's pictures are of: runs and head, the palette's number, whether it is dark.
type PairKey = ((u64, u64, HeadId), u64, bool);

/// Textures at hand.
#[derive(Default)]
pub struct Art {
    grid: Option<((u64, u64), bool, Grid)>,
    pair: Option<(PairKey, Pictures)>,
}

/// Every head's difference in one texture, all in one range.
pub struct Grid {
    texture: TextureHandle,
    across: usize,
    sizes: Vec<[usize; 2]>,
    /// Its colours.
    pub shader: Shader,
}

/// One head of both runs, and the difference.
pub struct Pictures {
    /// A, B, and B less A.
    pub textures: [TextureHandle; 3],
    /// Colours of A and B.
    pub weights: Shader,
    /// Colours of the difference.
    pub difference: Shader,
}

impl Grid {
    fn new(ctx: &egui::Context, found: &Found, dark: bool) -> Self {
        let range = ValueRange { low: -found.most, high: if found.most > 0.0 { found.most } else { 1.0 } };
        let shader = Shader::new(ColorMap::signed(theme::shared(dark)), Scale::Linear, range);
        let across = (found.maps.len() as f32).sqrt().ceil().max(1.0) as usize;
        let size = [across * SMALL, found.maps.len().div_ceil(across).max(1) * SMALL];
        let mut image = ColorImage::filled(size, theme::of_map(shader.floor()));
        for (slot, map) in found.maps.iter().enumerate() {
            let raster = shader.paint(&map.values, map.columns);
            let (left, top) = (slot % across * SMALL, slot / across * SMALL);
            for (y, row) in raster.pixels.chunks(map.columns.max(1)).enumerate() {
                let to = &mut image.pixels[(top + y) * size[0] + left..][..row.len()];
                to.iter_mut().zip(row).for_each(|(to, &from)| *to = theme::of_map(from));
            }
        }
        let sizes = found.maps.iter().map(|map| [map.rows, map.columns]).collect();
        Self { texture: ctx.load_texture("differences", image, OPTIONS), across, sizes, shader }
    }

    /// The texture, and where a head of `comparison.heads` is in it.
    pub fn place(&self, index: usize) -> (TextureId, Rect) {
        let [width, height] = self.texture.size();
        let (x, y) = (index % self.across * SMALL, index / self.across * SMALL);
        let [rows, columns] = self.sizes.get(index).copied().unwrap_or_default();
        let at = |x: usize, y: usize| pos2(x as f32 / width as f32, y as f32 / height as f32);
        (self.texture.id(), Rect::from_min_max(at(x, y), at(x + columns, y + rows)))
    }
}

impl Art {
    /// The grid's picture.
    pub fn grid(&mut self, ctx: &egui::Context, runs: (u64, u64), found: &Found, dark: bool) -> &Grid {
        let made = self.grid.take().filter(|(of, in_dark, _)| (*of, *in_dark) == (runs, dark));
        let made = made.unwrap_or_else(|| (runs, dark, Grid::new(ctx, found, dark)));
        &self.grid.insert(made).2
    }

    /// One head's pictures; A and B in one range, which leaves out the first row where that sees one key alone.
    pub fn pair(
        &mut self,
        ctx: &egui::Context,
        key: (u64, u64, HeadId),
        maps: &PairMaps,
        palette: Palette,
        dark: bool,
    ) -> &Pictures {
        let key = (key, palette.number, dark);
        let made = self.pair.take().filter(|(of, _)| *of == key);
        let made = made.unwrap_or_else(|| {
            let high = maps.sides.iter().map(|map| {
                let skipped = if maps.causal && map.rows > 1 { map.columns } else { 0 };
                ValueRange::up_to_max(&map.values[skipped..]).high
            });
            let range = ValueRange { low: 0.0, high: high.fold(0.0, f32::max) };
            let weights = Shader::new(palette.map, palette.scale, range);
            let signed = ColorMap::signed(theme::shared(dark));
            let range = ValueRange::symmetric(&maps.difference.values);
            let difference = Shader::new(signed, Scale::Linear, range);
            let [a, b] = &maps.sides;
            let parts = [
                (&weights, &a.values, a.columns),
                (&weights, &b.values, b.columns),
                (&difference, &maps.difference.values, maps.difference.columns),
            ];
            let textures = parts.map(|(shader, values, columns)| {
                ctx.load_texture("pair", theme::image(&shader.paint(values, columns)), OPTIONS)
            });
            (key, Pictures { textures, weights, difference })
        });
        &self.pair.insert(made).1
    }
}
