//! `mnemoscope info`: what a model is, and where each of its tensors came from.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::model::{Model, ModelSpec, Origin, TensorInfo};

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
    json!({
        "name": model.name,
        "family": spec.family,
        "architecture": spec.architecture,
        "layers": spec.layers(),
        "heads": each(spec, |layer| spec.heads(layer)),
        "kv_heads": each(spec, |layer| spec.blocks[layer].attention.kv_heads),
        "head_dim": each(spec, |layer| spec.blocks[layer].attention.head_dim),
        "width": spec.width,
        "mlp_width": each(spec, |layer| mlp_width(spec, layer)),
        "vocab_size": spec.vocab,
        "context": spec.context,
        "parameters": model.parameters(),
        "weight_bytes": model.weight_bytes(),
        "tokenizer": model.tokenizer.is_some(),
        "chat_template": model.chat_template.is_some(),
        "origin": origin(model),
        "warnings": model.warnings,
        "spec": **spec,
        "tensors": tensors,
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
        Origin::Path(path) => path.display().to_string(),
    }
}

fn describe(model: &Model, tensors: bool, console: &mut Console) -> anyhow::Result<()> {
    let spec = model.spec();
    let lines = [
        ("model", format!("{} ({})", model.name, origin(model))),
        ("architecture", format!("{} (family {})", spec.architecture, spec.family)),
        ("layers", spec.layers().to_string()),
        ("heads", each(spec, |layer| spec.heads(layer)).to_string()),
        ("key/value heads", each(spec, |layer| spec.blocks[layer].attention.kv_heads).to_string()),
        ("head dimension", each(spec, |layer| spec.blocks[layer].attention.head_dim).to_string()),
        ("width", spec.width.to_string()),
        ("MLP width", each(spec, |layer| mlp_width(spec, layer)).to_string()),
        ("vocabulary", spec.vocab.to_string()),
        ("context", spec.context.map_or_else(|| "no limit".to_owned(), |n| format!("{n} tokens"))),
        ("parameters", grouped(model.parameters())),
        ("weights", console::bytes(model.weight_bytes())),
        ("chat template", if model.chat_template.is_some() { "yes: --chat" } else { "none" }.to_owned()),
        ("tokenizer", if model.tokenizer.is_some() { "yes" } else { "none: ids only" }.to_owned()),
    ];
    for (name, value) in lines {
        writeln!(console, "{name:<16} {value}")?;
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

/// `3440000` → `3,440,000`.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `F16`, as safetensors spells it.
fn dtype(tensor: &TensorInfo) -> String {
    tensor.dtype.to_string()
}
