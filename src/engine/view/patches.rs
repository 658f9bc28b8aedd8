//! A patch sweep as a figure: how far each place of another prompt's run moves the answer of this one.

use std::ops::ControlFlow;

use super::{Progress, ViewAsk, ViewError, by_formula, of_run};
use crate::engine::sweep::{Moved, Places, moved_by};
use crate::export::figure::axis::Axis;
use crate::export::figure::strip::Strip;
use crate::export::words::{maps, views};
use crate::export::{Body, Plate, Says, Table};
use crate::model::Model;
use crate::trace::{Token, Trace};

pub(super) fn sweep(
    model: &Model,
    trace: &Trace,
    ask: &ViewAsk,
    progress: Progress<'_>,
) -> Result<Plate, ViewError> {
    let asked = ask.sweep.as_ref().ok_or(ViewError::NeedsOther)?;
    if let Some(known) = &asked.known {
        return Ok(map(trace, known, asked.places));
    }
    let moved = moved_by(model, trace, &asked.prompt, (ask.word, ask.against), progress)?;
    if progress(1.0) == ControlFlow::Break(()) {
        return Err(ViewError::Cancelled);
    }
    Ok(map(trace, &moved, asked.places))
}

/// The map of one kind of places.
pub fn map(here: &Trace, moved: &Moved, places: Places) -> Plate {
    let (rows, across, title, labels): (_, _, _, Vec<String>) = match places {
        Places::Tokens => (&moved.sweep.tokens, &maps::TOKEN, &views::PATCHED_TOKENS, moved.labels(here)),
        Places::Heads => {
            let most = moved.sweep.heads.iter().map(Vec::len).max().unwrap_or(0);
            {
                let labels = (0..most).map(|head| head.to_string()).collect();
                (&moved.sweep.heads, &maps::HEAD, &views::PATCHED_HEADS, labels)
            }
        }
    };
    let columns = labels.len();
    let filled = |row: &Vec<f64>| {
        let own = row.iter().map(|&value| value as f32);
        own.chain(std::iter::repeat(f32::NAN)).take(columns).collect::<Vec<_>>()
    };
    let body = Body::Map {
        rows: Axis::new(&maps::LAYER, (0..rows.len()).map(|layer| maps::named(&here.spec.layer_name(layer)))),
        columns: Axis::new(across, labels),
        values: rows.iter().flat_map(filled).collect(),
        quantity: &views::RECOVERED,
        signed: true,
    };
    let (hook, place) = match places {
        Places::Tokens => (
            "blocks.*.hook_resid_pre",
            Says::new("the residual stream before a layer, at one token,", "某层之前、某个词元处的残差流"),
        ),
        Places::Heads => (
            "blocks.*.attn.hook_z",
            Says::new("one head's output, at every token,", "某个头在所有词元处的输出"),
        ),
    };
    let [of, less] = &moved.texts;
    let says = Says::new(
        format!(
            "How far {} moves logit({of}) − logit({less}) from this prompt's to that of \"{}\", from which it is \
             patched (0: not at all, 1: all the way),",
            place.en, moved.prompt
        ),
        format!(
            "把{}换成 “{}” 的值，logit({of}) − logit({less}) 从本提示词的值向它移动了多少（0：没有，1：完全）",
            place.zh, moved.prompt
        ),
    );
    let title = (title.clone(), hook);
    let plate = of_run(here, title, says, body, Table::default());
    let mut plate = by_formula(plate, "(d_patched − d_here) / (d_other − d_here), d = logit(a) − logit(b)");
    plate
        .strips
        .push(Strip { title: &maps::PATCHED_FROM, tokens: moved.tokens.iter().map(Token::shown).collect() });
    plate
}
