//! Tiles of attention maps: computed on one worker, kept up to a limit, the coarse ones drawn until the fine ones come.
//!
//! **Invariant:** the window never waits here. Each frame says what it wants; what it no longer wants is not computed.

use super::theme;
use crate::{
    model::HeadId,
    render::{Plain, Quantity, Scale, Shader, Tile, TileKey, Watched, tiles},
    trace::{Map, Trace},
};
use egui::{TextureHandle, TextureOptions};
use std::{
    collections::HashMap,
    ops::ControlFlow,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
};

/// Bytes of values and pixels kept at most.
const LIMIT: usize = 256 << 20;
/// Tiles coloured in one frame; the rest follow in the next.
const PAINT_PER_FRAME: usize = 12;

/// Which tile of which map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The map.
    pub of: Of,
    /// What it knows of whole rows.
    pub rows: Rows,
    /// Where in the pyramid.
    pub tile: TileKey,
}

/// Which map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Of {
    /// A head's pattern as it is.
    Head {
        /// The run it belongs to.
        run: u64,
        /// The run that is subtracted.
        less: Option<u64>,
        /// The head.
        head: HeadId,
    },
    /// A map made by a recipe, by its number.
    Map(u64),
}

/// What tiles know of whole rows: as much as their scale asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rows {
    /// Nothing.
    None,
    /// Their greatest values.
    Peaks,
    /// Their order.
    Ranks,
}

impl Rows {
    /// What a scale asks for.
    pub fn of(scale: Scale) -> Self {
        match scale {
            Scale::Linear | Scale::Log => Self::None,
            Scale::Row => Self::Peaks,
            Scale::Rank => Self::Ranks,
        }
    }
    fn scale(self) -> Scale {
        match self {
            Self::None => Scale::Linear,
            Self::Peaks => Scale::Row,
            Self::Ranks => Scale::Rank,
        }
    }
}

/// Where a map's first picture, drawn until its tiles come, is kept among them.
pub const SKETCH: TileKey = TileKey { level: u8::MAX, row: 0, column: 0 };

struct Kept {
    tile: Tile,
    texture: Option<(u64, TextureHandle)>,
    seen: u64,
}

impl Kept {
    fn bytes(&self) -> usize {
        let ranks = self.tile.ranks.as_ref().map_or(0, Vec::len);
        size_of::<f32>() * (2 * self.tile.values.len() + ranks)
    }
}

#[derive(Default)]
struct Wish {
    trace: Option<Trace>,
    less: Option<Trace>,
    /// With the map that each is of, where a recipe makes it
    keys: Vec<(Key, Option<Arc<Map>>)>,
    making: Option<Key>,
    closed: bool,
}

type Desk = Arc<(Mutex<Wish>, Condvar)>;

/// The tiles at hand, and the worker that makes more.
pub struct Tiles {
    desk: Desk,
    done: Receiver<(Key, Tile)>,
    kept: HashMap<Key, Kept>,
    wanted: Vec<(Key, Option<Arc<Map>>)>,
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

    /// Keeps a tile that was made elsewhere, unless it is there.
    pub fn keep(&mut self, key: Key, tile: impl FnOnce() -> Tile) {
        let seen = self.frame;
        self.kept.entry(key).or_insert_with(|| Kept { tile: tile(), texture: None, seen });
    }

    /// The texture of a tile, coloured by `shader` (whose number tells when to colour anew); none: not there yet. `map`
    /// is the one it is of, where a recipe makes it.
    pub fn texture(
        &mut self,
        ctx: &egui::Context,
        key: Key,
        map: Option<&Arc<Map>>,
        shader: (u64, &Shader),
    ) -> Option<egui::TextureId> {
        let Some(kept) = self.kept.get_mut(&key) else {
            self.wanted.push((key, map.cloned()));
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
        if !self.sent.iter().eq(self.wanted.iter().map(|(key, _)| key)) {
            self.sent = self.wanted.iter().map(|&(key, _)| key).collect();
            let (wish, bell) = &*self.desk;
            let mut wish = wish.lock().unwrap_or_else(PoisonError::into_inner);
            // What is being made and is still wished for is not made twice; what is not is given up
            let wanted = &self.wanted;
            let making = wish.making.filter(|making| wanted.iter().any(|(key, _)| key == making));
            wish.making = making;
            (wish.trace, wish.less) = (trace.cloned(), less.cloned());
            wish.keys = self.wanted.iter().filter(|&&(key, _)| Some(key) != making).cloned().collect();
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
        let (key, map) = now.keys.remove(0);
        now.making = Some(key);
        let (trace, less) = (now.trace.clone(), now.less.clone());
        drop(now);
        // What nobody wishes for any more is given up
        let go_on = || {
            let now = wish.lock().unwrap_or_else(PoisonError::into_inner);
            let given_up = now.closed || now.making != Some(key);
            if given_up { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let make = || match (key.of, map) {
            (Of::Map(_), Some(map)) => {
                tiles::tile(&Watched { map: &map, go_on: &go_on }, key.tile, key.rows.scale())
            }
            (Of::Head { head, less: other, .. }, _) => {
                head_tile(trace.as_ref()?, less.as_ref().filter(|_| other.is_some()), head, key)
            }
            (Of::Map(_), None) => None,
        };
        let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(make));
        match made.map(|tile| tile.is_none_or(|tile| send.send((key, tile)).is_ok())) {
            Ok(true) => ctx.request_repaint(),
            Ok(false) => return,
            Err(_) => log::error!("a tile of {:?} could not be computed", key.of),
        }
        let mut now = wish.lock().unwrap_or_else(PoisonError::into_inner);
        now.making = None;
    }
}

/// A tile of one head as it is; less that of another run, where there is one.
fn head_tile(trace: &Trace, less: Option<&Trace>, head: HeadId, key: Key) -> Option<Tile> {
    if head.layer >= trace.layers_done() {
        return None;
    }
    let plain = |trace| Plain { pattern: Trace::pattern(trace, head), quantity: Quantity::Weights };
    let mut tile = tiles::tile(&plain(trace), key.tile, key.rows.scale())?;
    if let Some(less) = less {
        let theirs = tiles::tile(&plain(less), key.tile, key.rows.scale())?;
        tile.values.iter_mut().zip(theirs.values).for_each(|(value, theirs)| *value -= theirs);
    }
    Some(tile)
}
