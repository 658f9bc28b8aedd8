//! Tiles of attention maps: computed on one worker, kept up to a limit, the coarse ones drawn until the fine ones come.
//!
//! **Invariant:** the window never waits here. Each frame says what it wants; what it no longer wants is not computed.

use super::theme;
use crate::{
    model::HeadId,
    render::{Quantity, Scale, Shader, Tile, TileKey, tiles},
    trace::Trace,
};
use egui::{TextureHandle, TextureOptions};
use std::{
    collections::HashMap,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
};

/// Bytes of values and pixels kept at most.
const LIMIT: usize = 256 << 20;
/// Tiles coloured in one frame; the rest follow in the next.
const PAINT_PER_FRAME: usize = 12;

/// Which tile of which map. `by_row` tiles know their rows' maxima.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The run it belongs to.
    pub run: u64,
    /// The run that is subtracted.
    pub less: Option<u64>,
    /// The head.
    pub head: HeadId,
    /// Whether it is for [`Scale::Row`].
    pub by_row: bool,
    /// Where in the pyramid.
    pub tile: TileKey,
}

struct Kept {
    tile: Tile,
    texture: Option<(u64, TextureHandle)>,
    seen: u64,
}

impl Kept {
    fn bytes(&self) -> usize {
        2 * size_of::<f32>() * self.tile.values.len()
    }
}

#[derive(Default)]
struct Wish {
    trace: Option<Trace>,
    less: Option<Trace>,
    keys: Vec<Key>,
    making: Option<Key>,
    closed: bool,
}

type Desk = Arc<(Mutex<Wish>, Condvar)>;

/// The tiles at hand, and the worker that makes more.
pub struct Tiles {
    desk: Desk,
    done: Receiver<(Key, Tile)>,
    kept: HashMap<Key, Kept>,
    wanted: Vec<Key>,
    sent: Vec<Key>,
    frame: u64,
    painted: usize,
}

impl Tiles {
    /// Starts the worker; it sleeps until there is a wish.
    pub fn new(ctx: &egui::Context) -> Self {
        let desk = Desk::default();
        let (send, done) = channel();
        let (theirs, ctx) = (Arc::clone(&desk), ctx.clone());
        let started =
            std::thread::Builder::new().name("tiles".to_owned()).spawn(move || work(&theirs, &send, &ctx));
        if let Err(error) = started {
            log::error!("no worker for tiles, maps stay coarse: {error}");
        }
        Self { desk, done, kept: HashMap::new(), wanted: Vec::new(), sent: Vec::new(), frame: 0, painted: 0 }
    }

    /// Takes in what the worker made since the last frame.
    pub fn begin_frame(&mut self) {
        self.frame += 1;
        self.painted = 0;
        self.wanted.clear();
        while let Ok((key, tile)) = self.done.try_recv() {
            self.kept.insert(key, Kept { tile, texture: None, seen: self.frame });
        }
    }

    /// The texture of a tile, coloured by `shader` (whose number tells when to colour anew); none: not there yet.
    pub fn texture(
        &mut self,
        ctx: &egui::Context,
        key: Key,
        shader: (u64, &Shader),
    ) -> Option<egui::TextureId> {
        let Some(kept) = self.kept.get_mut(&key) else {
            self.wanted.push(key);
            return None;
        };
        kept.seen = self.frame;
        let stale = kept.texture.as_ref().is_none_or(|(number, _)| *number != shader.0);
        if stale && self.painted < PAINT_PER_FRAME {
            self.painted += 1;
            let image = theme::image(&kept.tile.paint(shader.1));
            if let Some((number, texture)) = &mut kept.texture {
                texture.set(image, TextureOptions::NEAREST);
                *number = shader.0;
            } else {
                let texture = ctx.load_texture("tile", image, TextureOptions::NEAREST);
                kept.texture = Some((shader.0, texture));
            }
        } else if stale {
            ctx.request_repaint();
        }
        kept.texture.as_ref().map(|(_, texture)| texture.id())
    }

    /// A tile's texture if it is there in these colours; asks for nothing.
    pub fn at_hand(&self, key: Key, shader: u64) -> Option<egui::TextureId> {
        let (number, texture) = self.kept.get(&key)?.texture.as_ref()?;
        (*number == shader).then(|| texture.id())
    }

    /// Hands the worker this frame's wish, and lets go of what was longest unseen.
    ///
    /// `less` is the run that differences are taken from.
    pub fn end_frame(&mut self, trace: Option<&Trace>, less: Option<&Trace>) {
        if self.sent != self.wanted {
            self.sent.clone_from(&self.wanted);
            let (wish, bell) = &*self.desk;
            let mut wish = wish.lock().unwrap_or_else(PoisonError::into_inner);
            let making = wish.making;
            (wish.trace, wish.less) = (trace.cloned(), less.cloned());
            wish.keys = self.wanted.iter().copied().filter(|&key| Some(key) != making).collect();
            bell.notify_one();
        }
        self.forget();
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.kept.values().map(Kept::bytes).sum()
    }

    fn forget(&mut self) {
        let mut bytes = self.bytes();
        if bytes <= LIMIT {
            return;
        }
        let mut oldest: Vec<(u64, Key, usize)> =
            self.kept.iter().map(|(&key, kept)| (kept.seen, key, kept.bytes())).collect();
        oldest.sort_by_key(|&(seen, ..)| seen);
        for (seen, key, size) in oldest {
            if bytes <= LIMIT || seen == self.frame {
                break;
            }
            self.kept.remove(&key);
            bytes -= size;
        }
    }
}

impl Drop for Tiles {
    fn drop(&mut self) {
        let (wish, bell) = &*self.desk;
        wish.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        bell.notify_one();
    }
}

/// The worker: takes the first wish, makes it, looks again.
fn work(desk: &Desk, send: &Sender<(Key, Tile)>, ctx: &egui::Context) {
    let (wish, bell) = &**desk;
    loop {
        let mut now = wish.lock().unwrap_or_else(PoisonError::into_inner);
        while now.keys.is_empty() && !now.closed {
            now = bell.wait(now).unwrap_or_else(PoisonError::into_inner);
        }
        if now.closed {
            return;
        }
        let key = now.keys.remove(0);
        now.making = Some(key);
        let Some(trace) = now.trace.clone() else { continue };
        let less = now.less.clone().filter(|_| key.less.is_some());
        drop(now);
        if key.head.layer >= trace.layers_done() {
            continue;
        }
        let scale = if key.by_row { Scale::Row } else { Scale::Linear };
        let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut tile = tiles::tile(&trace.pattern(key.head), Quantity::Weights, key.tile, scale);
            if let Some(less) = &less {
                let theirs = tiles::tile(&less.pattern(key.head), Quantity::Weights, key.tile, scale);
                tile.values.iter_mut().zip(theirs.values).for_each(|(value, theirs)| *value -= theirs);
            }
            tile
        }));
        match made.map(|tile| send.send((key, tile))) {
            Ok(Ok(())) => ctx.request_repaint(),
            Ok(Err(_)) => return,
            Err(_) => log::error!("a tile of head {} could not be computed", key.head),
        }
    }
}
