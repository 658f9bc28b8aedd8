//! The picture that an export would write, drawn on a worker while its dialog is open; and pictures for the clipboard.

use super::{banner::Banner, derived::Derived, words::Words, worker::Post};
use crate::{
    engine::{Job, ViewAsk, plate},
    export::{
        self, Options, Source,
        picture::{self, Limits},
        png,
    },
    model::Model,
    trace::Trace,
};
use egui::{ColorImage, Context, TextureHandle, TextureOptions};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// How long a choice must stand before it is drawn.
const DELAY: Duration = Duration::from_millis(120);
/// The preview's longer side in pixels.
const SIDE: f32 = 800.0;
/// The longer side of a picture on the clipboard, at most.
const CLIPBOARD: f32 = 4096.0;

/// Which picture of which run.
#[derive(Clone, Debug)]
pub struct Key {
    /// The run's number.
    pub run: u64,
    /// The run: which one it is, its number tells.
    pub trace: Trace,
    /// What is drawn, and how.
    pub options: Options,
    /// The view that is drawn instead, where it is one.
    pub view: Option<ViewAsk>,
    /// The command line that makes the same.
    pub command: String,
    /// Whether the caption is for LaTeX.
    pub latex: bool,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.run == other.run
            && self.options == other.options
            && self.command == other.command
            && self.view == other.view
    }
}

/// A picture with its caption.
pub struct Drawn {
    image: Arc<ColorImage>,
    caption: String,
}

/// What the dialog shows.
#[derive(Clone, Copy)]
pub enum Preview<'a> {
    /// The format holds no picture.
    None,
    /// Not drawn yet.
    Waiting,
    /// The picture, and its caption.
    Ready(&'a TextureHandle, &'a str),
    /// It cannot be drawn.
    Failed(&'a Banner),
}

/// Pictures being drawn.
#[derive(Default)]
pub struct Figures {
    drawn: Derived<Key, Drawn>,
    wanted: Option<(Key, Instant)>,
    texture: Option<(Key, TextureHandle)>,
    copied: Derived<Key, Drawn>,
    copying: Option<Key>,
}

impl Figures {
    /// Draws `key` once it has stood for a moment; without one nothing is drawn.
    pub fn follow(&mut self, ctx: &Context, key: Option<Key>, post: &Post, model: Option<&Arc<Model>>) {
        if key.as_ref() != self.wanted.as_ref().map(|(key, _)| key) {
            self.wanted = key.map(|key| (key, Instant::now()));
        }
        let since = self.wanted.as_ref().map(|(_, since)| since.elapsed());
        // The first picture of a dialog need not wait
        let settled = since.is_some_and(|since| since >= DELAY || self.texture.is_none());
        if let Some(since) = since.filter(|_| !settled) {
            ctx.request_repaint_after(DELAY.saturating_sub(since));
        } else {
            match &self.wanted {
                Some((key, _)) if !self.drawn.is_of(Some(key), post) => {
                    self.drawn.follow("preview", Some(key.clone()), post, |key| {
                        work(key.clone(), model, (SIDE, true), post.words())
                    });
                }
                Some(_) => {}
                None => self.drawn.stop(),
            }
        }
        match (&self.wanted, self.drawn.latest()) {
            (None, _) => self.texture = None,
            (_, Some((key, drawn))) if self.texture.as_ref().is_none_or(|(shown, _)| shown != key) => {
                let image = Arc::clone(&drawn.image);
                self.texture = Some((key.clone(), ctx.load_texture("figure", image, TextureOptions::LINEAR)));
            }
            _ => {}
        }
    }

    /// What there is to show.
    pub fn preview(&self) -> Preview<'_> {
        match (&self.wanted, self.drawn.error(), self.drawn.latest(), &self.texture) {
            (None, ..) => Preview::None,
            (_, Some(error), ..) => Preview::Failed(error),
            (_, None, Some((_, drawn)), Some((_, texture))) => Preview::Ready(texture, &drawn.caption),
            _ => Preview::Waiting,
        }
    }

    /// Asks for a picture on the clipboard.
    pub fn copy(&mut self, key: Key) {
        self.copied.stop();
        self.copying = Some(key);
    }

    /// Puts the picture that was asked for on the clipboard once it is drawn; then says so, or why not.
    pub fn serve(&mut self, ctx: &Context, post: &Post, model: Option<&Arc<Model>>) -> Option<Banner> {
        let key = self.copying.as_ref()?;
        if !self.copied.is_of(Some(key), post) {
            self.copied.follow("picture", Some(key.clone()), post, |key| {
                work(key.clone(), model, (CLIPBOARD, false), post.words())
            });
        }
        let said = match (self.copied.get(), self.copied.error()) {
            (Some(drawn), _) => {
                ctx.copy_image((*drawn.image).clone());
                Some(Banner::done(post.words().figures.copied.to_owned()))
            }
            (None, Some(error)) => Some(error.clone()),
            (None, None) => None,
        };
        if said.is_some() {
            self.copying = None;
            self.copied = Derived::default();
        }
        said
    }
}

/// Draws on a worker. `side`: the longer side at most; `fit` also makes small pictures that large.
fn work(
    key: Key,
    model: Option<&Arc<Model>>,
    (side, fit): (f32, bool),
    words: &'static Words,
) -> impl FnOnce(&Job) -> Result<Drawn, Banner> + Send + use<> {
    let model = model.cloned();
    move |job| {
        let Key { trace, options, command, view, latex, .. } = key;
        let failed = |error: &export::ExportError| Banner::of(error, words);
        let (drawing, caption) = if let Some(ask) = view {
            let plate = plate(model.as_deref(), &trace, &ask, &mut |_| job.go_on());
            let plate = plate.map_err(|error| Banner::of(&error, words))?;
            let caption = plate.caption(Some(&trace), options.look.lang, &command);
            (plate.draw(options.look, Limits::PIXELS), caption)
        } else {
            let watch = |_| job.go_on();
            let source = Source { model: model.as_deref(), trace: &trace, watch: &watch };
            let caption = export::caption(&trace, &options, &command).map_err(|error| failed(&error))?;
            (picture::draw(&source, &options, Limits::PIXELS), caption)
        };
        let drawing = drawing.map_err(|error| failed(&error))?;
        let most = side / drawing.width.max(drawing.height);
        let zoom = if fit { most.min(4.0) } else { options.look.pixels(drawing.width).min(most) };
        let png::Pixels { width, height, bytes } =
            png::paint(&drawing, zoom).map_err(|error| failed(&error))?;
        let image = ColorImage::from_rgba_unmultiplied([width as usize, height as usize], &bytes);
        let caption = if latex { caption.latex() } else { caption.text };
        Ok(Drawn { image: Arc::new(image), caption })
    }
}

/// Whether the format that a path ends in holds a picture.
pub fn is_picture(path: &str) -> bool {
    let format = export::format_of(std::path::Path::new(path.trim()));
    format.is_ok_and(|format| format.holds == export::Holds::Picture)
}
