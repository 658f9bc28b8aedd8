//! A prompt for a model that cannot read the one at hand.

use crate::model::Model;

/// Different tokens of a prompt of ids.
const IDS: usize = 8;

/// A prompt that a model can read and in which there is something to see: some words of its own vocabulary said twice,
/// or ids where it has no tokenizer. None where its vocabulary or its room is too small.
pub fn fitting_prompt(model: &Model) -> Option<String> {
    let spec = model.spec();
    let (vocab, context) =
        spec.encoder.as_ref().map_or((spec.vocab, spec.context), |encoder| (encoder.vocab, encoder.context));
    let room = context.unwrap_or(usize::MAX);
    if let Some(tokenizer) = &model.tokenizer {
        let frame = tokenizer.encode("").map_or(0, |tokens| tokens.len());
        return tokenizer.fitting(room.saturating_sub(frame));
    }
    let ids = (0..vocab as u32).filter(|&id| Some(id) != model.masked);
    let some: Vec<u32> = ids.step_by((vocab / IDS).max(1)).take(IDS.min(room / 2)).collect();
    // A classifier over all positions reads exactly so many
    let length = spec.needs_tokens().unwrap_or(2 * some.len());
    let words: Vec<String> = some.iter().cycle().take(length).map(u32::to_string).collect();
    (some.len() > 1 && length <= room).then(|| words.join(" "))
}
