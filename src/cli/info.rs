//! `mnemoscope info`: what a model is, and where each of its tensors came from.

use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::app::words::grouped;
use crate::engine;
use crate::model::{Model, ModelSpec, Origin, TensorInfo};
use crate::trace::{Trace, listed_changes};

use super::console::{self, Console};
use super::shared::ModelArg;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    model: ModelArg,

    /// List every tensor: our name, its name in the file, shape, type
    #[arg(long)]
    tensors: bool,
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    let job = console.job();
    if let Some(file) = args.model.source().trace() {
        let trace = engine::open_trace(file, &job)?;
        return describe_trace(&trace, file, console);
    }
    let model = args.model.open(console, &job)?;
    if console.json { console.object(&object(&model)) } else { describe(&model, args.tensors, console) }
}

fn object(model: &Model) -> Value {
    let spec = model.spec();
    let tensors: Vec<_> = model
        .tensors()
        .iter()
        .map(|tensor| {
            json!({ "name": tensor.name, "source": tensor.source_name, "shape": tensor.shape,
                    "dtype": dtype(tensor), "file": tensor.file })
        })
        .collect();
    let mut object = spec_object(&model.name, spec);
    object["parameters"] = json!(model.parameters());
    object["weight_bytes"] = json!(model.weight_bytes());
    object["tokenizer"] = json!(model.tokenizer.is_some());
    object["chat_template"] = json!(model.chat_template.is_some());
    object["origin"] = json!(origin(model));
    object["warnings"] = json!(model.warnings.iter().map(ToString::to_string).collect::<Vec<_>>());
    object["card"] = json!(engine::model_card(model).map(|card| {
        let facts: serde_json::Map<_, _> =
            card.facts.into_iter().map(|(key, values)| (key.to_owned(), json!(values))).collect();
        json!({ "facts": facts, "text": card.text })
    }));
    object["tensors"] = json!(tensors);
    object
}

/// What is known of a model without its weights.
fn spec_object(name: &str, spec: &ModelSpec) -> Value {
    json!({
        "name": name,
        "family": spec.family,
        "architecture": spec.architecture,
        "layers": spec.layers(),
        "heads": each(spec, |layer| spec.heads(layer)),
        "kv_heads": each(spec, |layer| spec.blocks[layer].attention.kv_heads),
        "head_dim": each(spec, |layer| spec.blocks[layer].attention.head_dim),
        "width": spec.width,
        "mlp_width": each(spec, |layer| mlp_width(spec, layer)),
        "experts": each(spec, |layer| spec.blocks[layer].experts.map_or(0, |experts| experts.count)),
        "vocab_size": spec.vocab,
        "context": spec.context,
        "spec": spec,
    })
}

fn mlp_width(spec: &ModelSpec, layer: usize) -> usize {
    spec.blocks[layer].mlp.as_ref().map_or(0, |mlp| mlp.width)
}

/// One number where all blocks agree, else one for each.
fn each(spec: &ModelSpec, of: impl Fn(usize) -> usize) -> Value {
    let all: Vec<usize> = (0..spec.layers()).map(of).collect();
    match all.first() {
        Some(&first) if all.iter().all(|&n| n == first) => json!(first),
        _ => json!(all),
    }
}

fn origin(model: &Model) -> String {
    match &model.origin {
        Origin::Embedded => "embedded".to_owned(),
        Origin::Memory => "memory".to_owned(),
        Origin::Path(path) => path.display().to_string(),
    }
}

fn describe(model: &Model, tensors: bool, console: &mut Console) -> anyhow::Result<()> {
    let spec = model.spec();
    let own = [
        ("parameters", grouped(model.parameters())),
        ("weights", console::bytes(model.weight_bytes())),
        ("chat template", if model.chat_template.is_some() { "yes: --chat" } else { "none" }.to_owned()),
        ("tokenizer", if model.tokenizer.is_some() { "yes" } else { "none: ids only" }.to_owned()),
    ];
    let name = format!("{} ({})", model.name, origin(model));
    print_lines(std::iter::once(("model", name)).chain(spec_lines(spec)).chain(own), console)?;
    if let Some(card) = engine::model_card(model) {
        for (key, values) in card.facts {
            writeln!(console, "{:<16} {}", key.replace('_', " "), values.join(", "))?;
        }
    }
    if let Some(experts) = spec.blocks.iter().find_map(|block| block.experts) {
        let shared = if experts.shared.is_some() { ", and one that all go through" } else { "" };
        writeln!(
            console,
            "{:<16} {}, of which a token goes through {}{shared}",
            "experts", experts.count, experts.chosen
        )?;
    }
    if !tensors {
        return Ok(());
    }
    let infos = model.tensors();
    let ours = infos.iter().map(|tensor| tensor.name.len()).max().unwrap_or(0);
    let theirs = infos.iter().map(|tensor| tensor.source_name.len()).max().unwrap_or(0);
    writeln!(console)?;
    for tensor in infos {
        let shape = tensor.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ");
        let (name, source, dtype) = (&tensor.name, &tensor.source_name, dtype(tensor));
        writeln!(
            console,
            "{name:<ours$}  ← {source:<theirs$}  {dtype}  [{shape}]  {}",
            tensor.file.display()
        )?;
    }
    Ok(())
}

fn spec_lines(spec: &ModelSpec) -> [(&'static str, String); 9] {
    [
        ("architecture", format!("{} (family {})", spec.architecture, spec.family)),
        ("layers", spec.layers().to_string()),
        ("heads", each(spec, |layer| spec.heads(layer)).to_string()),
        ("key/value heads", each(spec, |layer| spec.blocks[layer].attention.kv_heads).to_string()),
        ("head dimension", each(spec, |layer| spec.blocks[layer].attention.head_dim).to_string()),
        ("width", spec.width.to_string()),
        ("MLP width", each(spec, |layer| mlp_width(spec, layer)).to_string()),
        ("vocabulary", spec.vocab.to_string()),
        ("context", spec.context.map_or_else(|| "no limit".to_owned(), |n| format!("{n} tokens"))),
    ]
}

fn print_lines(
    lines: impl Iterator<Item = (&'static str, String)>,
    console: &mut Console,
) -> anyhow::Result<()> {
    for (name, value) in lines {
        writeln!(console, "{name:<16} {value}")?;
    }
    Ok(())
}

/// A saved trace: the run, and what it says of its model.
fn describe_trace(trace: &Trace, file: &Path, console: &mut Console) -> anyhow::Result<()> {
    let spec = &trace.spec;
    if console.json {
        let mut object = spec_object(&trace.model_name, spec);
        object["origin"] = json!(file.display().to_string());
        object["trace"] = json!({
            "tokens": trace.n_tokens(),
            "prompt": trace.prompt,
            "bytes": trace.bytes(),
            "interventions": trace.interventions(),
        });
        return console.object(&object);
    }
    let changes = listed_changes(trace.interventions());
    let changed = if changes.is_empty() { "nothing".to_owned() } else { changes };
    let head = [
        ("saved trace", file.display().to_string()),
        ("model", format!("{} (its weights are not in the file)", trace.model_name)),
        ("tokens", trace.n_tokens().to_string()),
        ("changed", changed),
    ];
    print_lines(head.into_iter().chain(spec_lines(spec)), console)
}

/// `F16`, as safetensors spells it.
fn dtype(tensor: &TensorInfo) -> String {
    tensor.dtype.to_string()
}
