//! `mnemoscope composition`: which heads read what earlier heads write.

use std::io::Write as _;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::analysis::circuits::{Composition, Kind, Link, compose};
use crate::model::{HeadId, HeadName, Model};

use super::console::Console;
use super::shared::{ModelArg, named, names};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    model: ModelArg,

    /// What of the later head reads: its queries, keys or values
    #[arg(long, default_value = "k", value_parser = names::<Kind>())]
    kind: Kind,

    /// Pairs shown, the strongest
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,

    /// Only pairs with this head
    #[arg(long, value_name = "L.H")]
    head: Option<HeadName>,

    /// With the norms' weights and centring; else weights as they are stored
    #[arg(long)]
    folded: bool,

    /// Take off what random weights of these shapes score
    #[arg(long)]
    above_random: bool,
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    let job = console.job();
    let model = args.model.open(console, &job)?;
    let asked = args.head.map(|head| named(model.spec(), head)).transpose()?;
    if let Some(HeadId { layer, head }) = asked
        && (layer >= model.spec().layers() || head >= model.spec().heads(layer))
    {
        anyhow::bail!("the model has no head {layer}.{head}");
    }
    let composed =
        job.stage("Multiplying heads", |progress| compose(&model.network, args.kind, args.folded, progress));
    let mut composed = composed.context("cancelled")?;
    if let Some(head) = asked {
        composed.links.retain(|link| link.from == head || link.to == head);
    }
    let off = if args.above_random { composed.random } else { 0.0 };
    let links: Vec<Link> = composed
        .strongest(args.top)
        .into_iter()
        .map(|link| Link { score: link.score - off, ..link })
        .collect();
    if console.json {
        return console.object(&object(args, &composed, &links, &model));
    }
    let kind = match args.kind {
        Kind::Q => "queries",
        Kind::K => "keys",
        Kind::V => "values",
    };
    writeln!(console, "how much the {kind} of a later head read of what an earlier head writes")?;
    let random = composed.random;
    writeln!(console, "{} pairs; random weights would score {random:.4}", composed.links.len())?;
    writeln!(console, "\n{:>9}  {:12}  read by", "score", "written by")?;
    for link in links {
        let name = |head| model.spec().head_name(head);
        writeln!(console, "{:>9.4}  {:12}  {}", link.score, name(link.from), name(link.to))?;
    }
    Ok(())
}

fn object(args: &Args, composed: &Composition, links: &[Link], model: &Model) -> Value {
    let head = |id: HeadId| json!({ "name": model.spec().head_name(id), "layer": id.layer, "head": id.head });
    let link = |own: &Link| json!({ "from": head(own.from), "to": head(own.to), "score": own.score });
    json!({
        "kind": composed.kind,
        "folded": args.folded,
        "above_random": args.above_random,
        "random": composed.random,
        "pairs": composed.links.len(),
        "links": links.iter().map(link).collect::<Value>(),
    })
}
