//! `mnemoscope recall`: how far back a fact can be asked for.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::engine::{
    self, AmongOthers, Carriers, HeadsCut, Recall, RecallAsked, RecallCell, RecallOptions, Template,
};
use crate::export::{ExportError, Look, Plate, atomic};
use crate::trace::listed_changes;

use super::console::Console;
use super::look::PictureArgs;
use super::shared::{Changing, ModelArg, names, parse_bytes, usage};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    model: ModelArg,

    /// Tokens of context, with commas between
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "32,64,128", value_parser = clap::value_parser!(u32).range(1..))]
    lengths: Vec<u32>,

    /// Where the fact stands, with commas between: 0 at the beginning, 1 right before the question
    #[arg(long, value_name = "SHARE", value_delimiter = ',', default_value = "0,0.25,0.5,0.75,1", value_parser = share)]
    depths: Vec<f64>,

    /// In which words to ask (default: toys for the embedded model, passkey where the tokenizer reads it, else repeat)
    #[arg(long, value_parser = names::<Template>())]
    template: Option<Template>,

    /// Questions for each length and depth
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..))]
    trials: u32,

    /// Seed of the facts
    #[arg(long, default_value_t = 0)]
    seed: u64,

    /// Where to write: .json, .csv, .png, .svg, .pdf or .tex
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,

    /// Facts about others that stand around the one that is asked for (default: 2 toys, every pair, no pass key);
    /// several numbers, with commas between, are compared
    #[arg(long, value_name = "N", value_delimiter = ',')]
    distractors: Vec<usize>,

    /// Cut every head on the same questions, and see which of them look at what is copied: who carries recall?
    #[arg(long, conflicts_with_all = ["intervene", "intervene_file"])]
    heads: bool,

    /// Memory a run may take, such as 2G or 500M (default: three quarters of what is free)
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes)]
    memory: Option<u64>,

    #[command(flatten)]
    changing: Changing,

    #[command(flatten)]
    look: PictureArgs,
}

pub(super) fn share(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("expected a number from 0 to 1".to_owned()),
    }
}

/// How the file is written.
#[derive(Clone, Copy)]
enum Form {
    Json,
    Csv,
    Picture,
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    let form = args.output.as_deref().map(form).transpose()?;
    let job = console.job();
    let model = args.model.open(console, &job)?;
    let options = RecallOptions {
        template: args.template,
        lengths: args.lengths.iter().map(|&length| length as usize).collect(),
        depths: args.depths.clone(),
        trials: args.trials as usize,
        seed: args.seed,
        memory_budget: args.memory,
        interventions: args.changing.read()?,
        distractors: args.distractors.first().copied(),
    };
    if let Some(unread) = Template::unread_by(&model).filter(|_| args.template.is_none()) {
        let unread: &'static str = unread.into();
        console.remark(format!(
            "the tokenizer of {} cannot read the words of {unread}: asked with repeat, random tokens said again",
            model.name
        ));
    }
    if args.distractors.len() > 1 {
        if args.heads || !options.interventions.is_empty() {
            let what =
                "several --distractors are compared on the clean model, without --heads and --intervene";
            return Err(usage(clap::error::ErrorKind::ArgumentConflict, what));
        }
        let found = engine::among_others(&model, &options, Some(&args.distractors), &job)?;
        let drawn = || engine::others_plate(&RecallAsked::of(&model, &options), &found);
        return if args.drawn(drawn, console)? { Ok(()) } else { distractors(&found, console) };
    }
    if args.heads {
        let found = engine::carriers(&model, &options, &job)?;
        let drawn = || engine::carriers_plate(&RecallAsked::of(&model, &options), &found);
        return if args.drawn(drawn, console)? { Ok(()) } else { carriers(&found, console) };
    }
    let recall = engine::recall(&model, &options, &job)?;
    if let (Some(path), Some(form)) = (&args.output, form) {
        write(&recall, (form, args.look.look()), path)?;
    }
    match (&args.output, console.json) {
        (_, true) => console.object(&json!(recall)),
        (Some(path), false) => Ok(writeln!(console, "{}", path.display())?),
        (None, false) => table(&recall, &options, console),
    }
}

impl Args {
    /// Writes a figure where a file is asked for; whether nothing is left to be said.
    fn drawn(&self, plate: impl Fn() -> Plate, console: &mut Console) -> anyhow::Result<bool> {
        let Some(path) = &self.output else { return Ok(false) };
        plate().write(self.look.look(), path)?;
        if !console.json {
            writeln!(console, "{}", path.display())?;
        }
        Ok(!console.json)
    }
}

/// Heads that a table names.
const HEADS: usize = 10;

fn carriers(carriers: &Carriers, console: &mut Console) -> anyhow::Result<()> {
    if console.json {
        return console.object(&json!(carriers));
    }
    let Carriers { questions, answered, p, .. } = carriers;
    writeln!(console, "{questions} questions, probability of the right answer")?;
    writeln!(
        console,
        "retrieval: how often a head looks most at the token that is copied, over {answered} answered rightly"
    )?;
    writeln!(console, "{:<18} {p:.3}", "all heads")?;
    for head in carriers.heads.iter().take(HEADS) {
        let retrieval = format!("  retrieval {:.2}", head.retrieval);
        row("without", &head.cut, &retrieval, console)?;
    }
    row("dearest together:", &carriers.top, "", console)?;
    row("others:", &carriers.control, "", console)?;
    writeln!(console, "\nmasked together, best retrieval scores first; as many others, mean of draws")?;
    for masked in &carriers.masked {
        let added: Vec<String> = masked.top.heads.iter().map(ToString::to_string).collect();
        let names = if added.len() > HEADS {
            format!("{}, …", added[..HEADS].join(", "))
        } else {
            added.join(", ")
        };
        writeln!(console, "{:>3} {:.3}  others {:.3}  {names}", added.len(), masked.top.p, masked.control_p)?;
    }
    Ok(())
}

fn row(name: &str, cut: &HeadsCut, more: &str, console: &mut Console) -> anyhow::Result<()> {
    let heads: Vec<String> = cut.heads.iter().map(ToString::to_string).collect();
    let name = format!("{name} {}", heads.join(", "));
    Ok(writeln!(console, "{name:<18} {:.3} ({:.2} right){more}", cut.p, cut.right)?)
}

fn distractors(found: &[AmongOthers], console: &mut Console) -> anyhow::Result<()> {
    if console.json {
        return console.object(&json!({ "distractors": found }));
    }
    writeln!(console, "probability of the right answer among facts about others")?;
    for AmongOthers { distractors, p, rank, right } in found {
        writeln!(console, "{distractors:>3} others  {p:.3} ({right:.2} right, rank {rank:.1})")?;
    }
    Ok(())
}

/// A name that says nothing should not cost a run.
fn form(path: &Path) -> anyhow::Result<Form> {
    match path.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase).as_deref() {
        Some("json") => Ok(Form::Json),
        Some("csv") => Ok(Form::Csv),
        Some("png" | "svg" | "pdf" | "tex") => Ok(Form::Picture),
        _ => {
            let what = "recall is written as .json, .csv, .png, .svg, .pdf or .tex";
            Err(usage(clap::error::ErrorKind::ValueValidation, what))
        }
    }
}

fn write(recall: &Recall, (form, look): (Form, Look), path: &Path) -> Result<(), ExportError> {
    if matches!(form, Form::Picture) {
        return engine::recall_plate(recall).write(look, path);
    }
    atomic::write(path, |out| {
        if matches!(form, Form::Json) {
            return Ok(serde_json::to_writer(out, recall).map_err(std::io::Error::from)?);
        }
        let mut rows = csv::Writer::from_writer(out);
        for cell in &recall.cells {
            rows.serialize(cell).map_err(std::io::Error::from)?;
        }
        Ok(rows.flush()?)
    })
}

fn table(recall: &Recall, options: &RecallOptions, console: &mut Console) -> anyhow::Result<()> {
    let template: &'static str = recall.template.into();
    writeln!(console, "probability of the right answer (share right), template {template}")?;
    cells(&recall.cells, options, console)?;
    if let Some(changed) = &recall.changed {
        writeln!(console, "\nthe same with {}", listed_changes(&recall.interventions))?;
        cells(changed, options, console)?;
    }
    Ok(())
}

fn cells(cells: &[RecallCell], options: &RecallOptions, console: &mut Console) -> anyhow::Result<()> {
    write!(console, "{:>7}", "depth")?;
    for length in &options.lengths {
        write!(console, "  {:>13}", format!("{length} tokens"))?;
    }
    writeln!(console)?;
    for (row, depth) in options.depths.iter().enumerate() {
        write!(console, "{depth:>7}")?;
        for column in 0..options.lengths.len() {
            let cell = cells[column * options.depths.len() + row];
            write!(console, "  {:>13}", format!("{:.3} ({:.2})", cell.p, cell.right))?;
        }
        writeln!(console)?;
    }
    Ok(())
}
