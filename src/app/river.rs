//! One token's memory through the layers, and that of all tokens at one layer: what workers find out, and the map's
//! picture.

use super::{
    banner::Banner, derived::Derived, layout::Pane, palette::Palette, session::Session, state::State, theme,
};
use crate::{
    analysis::{MemoryMap, Picture, River, memory_map, river},
    engine::{HonestyError, Job},
    model::Model,
    render::{Shader, ValueRange},
    trace::Trace,
};
use egui::{TextureHandle, TextureOptions};
use std::sync::Arc;

/// A run's number, the asked token, the picture.
pub type RiverKey = (u64, usize, Picture);
/// The numbers of a run and of the one that is subtracted, the layer, the picture.
pub type MapKey = (u64, Option<u64>, usize, Picture);

const STAGE: &str = "Tracing memory";

/// What workers found out.
#[derive(Default)]
pub struct Rivers {
    /// One token's memory.
    pub river: Derived<RiverKey, River>,
    /// Every token's.
    pub map: Derived<MapKey, MemoryMap>,
}

/// The token that the memory panes ask about: the pinned query, else the one that the answer follows, else the last.
pub fn asked_token(state: &State, trace: &Trace) -> usize {
    trace.asked_token(state.query.filter(|&query| query < trace.n_tokens()))
}

/// The layer that they look at: the chosen one, else the last.
pub fn asked_layer(state: &State, trace: &Trace) -> usize {
    let last = trace.n_layers().saturating_sub(1);
    state.memory.last_layer.filter(|&layer| layer < last).unwrap_or(last)
}

impl Session {
    /// Traces memory through the layers where a pane shows it.
    pub fn follow_rivers(&mut self, state: &State, in_sight: impl Fn(Pane) -> bool) {
        let mut rivers = std::mem::take(&mut self.memory.rivers);
        if let Some((model, seen)) = self.model.as_ref().zip(self.visible_whole(state)) {
            self.trace_memory(&mut rivers, (model, seen), state, in_sight);
        }
        self.memory.rivers = rivers;
    }

    fn trace_memory(
        &self,
        rivers: &mut Rivers,
        (model, (run, trace)): (&Arc<Model>, (u64, &Trace)),
        state: &State,
        in_sight: impl Fn(Pane) -> bool,
    ) {
        let (post, words, picture) = (&self.post, self.post.words(), state.memory.picture);
        let failed = move |error: HonestyError| Banner::of(&error, words);
        if in_sight(Pane::River) {
            let token = asked_token(state, trace);
            rivers.river.follow("river", Some((run, token, picture)), post, |_| {
                let (model, trace) = (Arc::clone(model), trace.clone());
                move |job: &Job| {
                    river(&model.network, &trace, token, picture, &mut job.tell(STAGE))
                        .map_err(|error| failed(error.into()))
                }
            });
        }
        if in_sight(Pane::MemoryMap) {
            let layer = asked_layer(state, trace);
            let less = self.less_of(state);
            let key = (run, less.map(|(run, _)| run), layer, picture);
            rivers.map.follow("memory map", Some(key), post, |_| {
                let (model, trace) = (Arc::clone(model), trace.clone());
                let less = less.map(|(_, clean)| clean.clone());
                move |job: &Job| {
                    let of = |trace: &Trace| {
                        memory_map(&model.network, trace, layer, picture, &mut job.tell(STAGE))
                            .map_err(|error| failed(error.into()))
                    };
                    let map = of(&trace)?;
                    Ok(match less {
                        Some(clean) => map.less(&of(&clean)?),
                        None => map,
                    })
                }
            });
        }
    }
}

/// The map's pixels, made anew where it or its colours change.
#[derive(Default)]
pub struct MapPicture {
    shown: Option<((MapKey, u64), TextureHandle, Shader)>,
}

impl MapPicture {
    /// The texture and its colours.
    pub fn picture(
        &mut self,
        ctx: &egui::Context,
        (key, map): (&MapKey, &MemoryMap),
        palette: Palette,
    ) -> Option<(&TextureHandle, &Shader)> {
        let of = (*key, palette.number);
        if self.shown.as_ref().is_none_or(|shown| shown.0 != of) {
            let values: Vec<f32> = map.values.iter().flatten().map(|&value| value as f32).collect();
            let high = values.iter().map(|value| value.abs()).fold(f32::MIN_POSITIVE, f32::max);
            let low = if key.1.is_some() { -high } else { 0.0 };
            let shader = Shader::new(palette.map, palette.scale, ValueRange { low, high });
            let image = theme::image(&shader.paint(&values, map.values.len().max(1)));
            let options =
                TextureOptions { minification: egui::TextureFilter::Linear, ..TextureOptions::NEAREST };
            self.shown = Some((of, ctx.load_texture("memory map", image, options), shader));
        }
        self.shown.as_ref().map(|(_, texture, shader)| (texture, shader))
    }
}
