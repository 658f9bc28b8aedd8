//! What a model is: its sizes, where it came from, and its spec as files have it.

use crate::{
    app::{
        panes::readme,
        scene::{Out, Scene},
        theme, widgets, words,
    },
    model::{Model, ModelSpec, Origin},
};
use egui::{RichText, ScrollArea, Ui};
use std::sync::Arc;

/// Draws the card, in the room beside the table of weights.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, model: &Arc<Model>, out: &mut Out) {
    let (words, tokens) = (scene.words.card, theme::tokens(ui));
    let spec = model.spec();
    ui.label(RichText::new(&model.name).font(theme::strong(theme::BODY)).color(tokens.text));
    let origin = match &model.origin {
        Origin::Embedded => scene.words.embedded.to_owned(),
        Origin::Memory => words.made_here.to_owned(),
        Origin::Path(path) => path.display().to_string(),
    };
    let attention = |of: fn(&crate::model::AttentionSpec) -> usize| {
        span(spec.blocks.iter().map(|block| of(&block.attention)))
    };
    let mlp = spec.blocks.iter().filter_map(|block| block.mlp.as_ref()).map(|mlp| mlp.width);
    let yes = |is: bool| if is { words.yes } else { words.no }.to_owned();
    let facts = [
        (words.origin, origin),
        (words.architecture, format!("{} · {}", spec.architecture, spec.family)),
        (scene.words.layers_heads, super::heads::shape_of(spec)),
        (words.kv_heads, attention(|attention| attention.kv_heads)),
        (words.head_dim, attention(|attention| attention.head_dim)),
        (words.width, spec.width.to_string()),
        (words.mlp_width, span(mlp)),
        (words.vocabulary, words::grouped(spec.vocab as u64)),
        (
            scene.words.context,
            spec.context.map_or_else(|| scene.words.unlimited.to_owned(), scene.words.context_tokens),
        ),
        (scene.words.parameters, words::grouped(model.parameters())),
        (words.bytes, words::size(model.weight_bytes())),
        (words.tokenizer, yes(model.tokenizer.is_some())),
        (words.chat, yes(model.chat_template.is_some())),
    ];
    ScrollArea::vertical().id_salt("card").auto_shrink(false).show(ui, |ui| {
        for (name, value) in facts {
            widgets::fact(ui, name, &value);
        }
        if let Some(card) = scene.card.get().and_then(Option::as_ref) {
            ui.add_space(8.0);
            widgets::section(ui, words.readme);
            for (key, values) in &card.facts {
                said(ui, (words.fact)(key), &values.join(", "));
            }
            readme::show(ui, &card.blocks, words, out);
        }
        ui.add_space(8.0);
        widgets::section(ui, words.spec);
        let text = spec_text(ui, model);
        let text = RichText::new(&*text).font(theme::mono(theme::SMALL)).color(tokens.text);
        ui.add(egui::Label::new(text).wrap().selectable(true));
    });
}

/// A fact that may be long: cut where it does not fit, whole where one points.
fn said(ui: &mut Ui, name: &str, value: &str) {
    let response = ui.scope(|ui| widgets::fact(ui, name, value)).response;
    response.on_hover_text(value);
}

/// `8`, or `4–8` where they differ; a dash where there are none.
fn span(all: impl Iterator<Item = usize> + Clone) -> String {
    match (all.clone().min(), all.max()) {
        (Some(least), Some(most)) if least == most => most.to_string(),
        (Some(least), Some(most)) => format!("{least}–{most}"),
        _ => "–".to_owned(),
    }
}

/// The spec as JSON, made once a model: blocks that are alike stand once.
fn spec_text(ui: &Ui, model: &Arc<Model>) -> Arc<str> {
    let id = egui::Id::unique("spec of the model").with(Arc::as_ptr(model) as usize);
    if let Some(text) = ui.data(|data| data.get_temp::<Arc<str>>(id)) {
        return text;
    }
    let text: Arc<str> = folded(model.spec()).into();
    ui.data_mut(|data| data.insert_temp(id, Arc::clone(&text)));
    text
}

/// The spec as JSON, runs of equal blocks under the range of their layers.
fn folded(spec: &ModelSpec) -> String {
    let mut value = serde_json::to_value(spec).unwrap_or_default();
    if let Some(blocks) = value.get_mut("blocks").map(serde_json::Value::take) {
        let mut runs = serde_json::Map::new();
        let blocks = blocks.as_array().cloned().unwrap_or_default();
        let mut first = 0;
        for run in blocks.chunk_by(|a, b| a == b) {
            let last = first + run.len() - 1;
            let name = if first == last { first.to_string() } else { format!("{first}–{last}") };
            runs.insert(name, run[0].clone());
            first = last + 1;
        }
        value["blocks"] = runs.into();
    }
    serde_json::to_string_pretty(&value).unwrap_or_default()
}
