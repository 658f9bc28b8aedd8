//! Files dropped on the window: a model, a run, a session, a prompt, or the file that the open dialog asks for.

use super::{
    charting::{AtlasPath, is_text},
    command::Command,
    document::{Reference, is_session},
    drafting::Draft,
    layout::Pane,
    panes::dialogs::Dialog,
    scene::{Out, Scene},
    theme,
};
use std::path::{Path, PathBuf};

impl Dialog {
    /// The field that a dropped file belongs into: that of a dialog which asks for one to read.
    fn file_to_read(&mut self) -> Option<&mut String> {
        match self {
            Self::Text { path } | Self::Atlas { what: AtlasPath::Text | AtlasPath::Open, path } => Some(path),
            Self::Change {
                draft: Draft::Mean { .. } | Draft::Pattern { .. } | Draft::AddFile { .. },
                answers,
            } => Some(&mut answers.text),
            _ => None,
        }
    }
}

/// Opens what was dropped; while files hover, the window says what letting go does.
pub fn drops(ctx: &egui::Context, scene: &Scene<'_>, dialog: &mut Dialog, out: &mut Out) {
    let dropped: Vec<PathBuf> =
        ctx.input(|input| input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect());
    if let Some(first) = dropped.first() {
        let left = if let Some(field) = dialog.file_to_read() {
            *field = first.display().to_string();
            dropped.len() - 1
        } else if matches!(dialog, Dialog::Second { .. }) {
            out.send(Command::OpenSecond(Some(Reference::Path(first.clone()))));
            dropped.len() - 1
        } else {
            let right = ctx.pointer_latest_pos().is_some_and(|at| at.x > ctx.content_rect().center().x);
            if *dialog != Dialog::None {
                out.send(Command::CloseDialog);
            }
            open(&dropped, scene, right, out)
        };
        out.notice = (left > 0).then(|| (scene.words.session.dropped_more)(left));
    }
    if ctx.input(|input| !input.raw.hovered_files.is_empty()) {
        hovers(ctx, scene);
    }
}

/// Opens one model and one prompt of what was dropped, of either two where two runs are compared. Returns how many are
/// left.
fn open(dropped: &[PathBuf], scene: &Scene<'_>, right: bool, out: &mut Out) -> usize {
    let compares = scene.shows(Pane::CompareWords);
    // To the atlas a text is what it is made over
    let (prompts, models): (Vec<&PathBuf>, Vec<&PathBuf>) =
        dropped.iter().partition(|path| is_text(path) && !scene.shows(Pane::Atlas));
    let places = |n: usize| match (compares, n) {
        (true, 1) => vec![right],
        (true, _) => vec![false, true],
        (false, _) => vec![false],
    };
    let mut left = dropped.len();
    // The prompt first: it is what the model runs as soon as it is open
    for (path, second) in prompts.iter().zip(places(prompts.len())) {
        out.send(Command::ReadPrompt { path: (*path).clone(), second });
        left -= 1;
    }
    for (path, second) in models.iter().zip(places(models.len())) {
        out.send(model(path, second));
        left -= 1;
    }
    left
}

fn model(path: &Path, second: bool) -> Command {
    if second && !is_session(path) {
        Command::OpenSecond(Some(Reference::Path(path.to_owned())))
    } else {
        Command::OpenModel(path.to_owned())
    }
}

fn hovers(ctx: &egui::Context, scene: &Scene<'_>) {
    let tokens = theme::of(scene.dark);
    let area = ctx.content_rect();
    let layer = egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("drop"));
    let painter = ctx.layer_painter(layer);
    painter.rect_filled(area, 0, tokens.background.gamma_multiply(0.85));
    painter.rect_stroke(
        area.shrink(16.0),
        8,
        egui::Stroke::new(2.0, tokens.accent),
        egui::StrokeKind::Inside,
    );
    let compares = scene.shows(Pane::CompareWords);
    let words = if compares { scene.words.compare.drop_second } else { scene.words.drop_here };
    painter.text(area.center(), egui::Align2::CENTER_CENTER, words, theme::strong(20.0), tokens.text);
}
