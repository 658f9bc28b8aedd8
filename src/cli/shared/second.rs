//! A second run beside the first: another prompt, another model, or the same with interventions.

use std::path::{Path, PathBuf};

use crate::engine::{self, ModelSource, Prompt};
use crate::model::Model;
use crate::trace::Trace;

use super::{Console, Input, Runs, usage, warn_of};

/// What the second run is of.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Second {
    /// Second model: a folder, a file, a name that `models` lists, or a saved trace (default: the first)
    #[arg(long, value_name = "MODEL", conflicts_with_all = ["intervene", "intervene_file"])]
    with: Option<PathBuf>,

    /// Second prompt (default: the first)
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["intervene", "intervene_file"])]
    with_prompt: Option<String>,

    /// Second prompt as token ids
    #[arg(long, value_name = "IDS", value_parser = Prompt::of_ids, conflicts_with_all = ["with_prompt", "intervene", "intervene_file"])]
    with_ids: Option<Prompt>,
}

impl Second {
    fn prompt(&self) -> Option<Prompt> {
        self.with_ids.clone().or_else(|| self.with_prompt.clone().map(Prompt::Text))
    }
}

/// A model to run, or a run that is there.
enum Side {
    Model(Box<Model>),
    Trace(Box<Trace>),
}

impl Input {
    /// Two runs: the second is of `second`, of another model, or has the interventions that the input asks for.
    pub(in crate::cli) fn pair(
        &self,
        second: &Second,
        other: Option<&Path>,
        console: &mut Console,
    ) -> anyhow::Result<[Trace; 2]> {
        let (prompt, with) = (second.prompt(), other.or(second.with.as_deref()));
        if with.is_none() && prompt.is_none() {
            let Runs { clean, changed, .. } = self.runs(console)?;
            let words = "nothing to compare with: give --with-prompt, another model or --intervene";
            let none = || usage(clap::error::ErrorKind::MissingRequiredArgument, words);
            return Ok([clean, changed.ok_or_else(none)?]);
        }
        let first = side(self.model.model.as_deref(), console)?;
        let other = with.map(|path| side(Some(path), console)).transpose()?;
        let mut runs = match (first, other) {
            (Side::Trace(a), Some(Side::Trace(b))) => return Ok([*a, *b]),
            (Side::Trace(a), Some(Side::Model(b))) => {
                let prompt = self.asked(&b, prompt)?;
                [*a, self.once(&b, &prompt, console)?]
            }
            (Side::Trace(_), None) => {
                let words = "a saved trace runs no second prompt: give --with, a model or a trace";
                return Err(usage(clap::error::ErrorKind::MissingRequiredArgument, words));
            }
            (Side::Model(a), Some(Side::Trace(b))) => {
                let prompt = self.asked(&a, None)?;
                [self.once(&a, &prompt, console)?, *b]
            }
            (Side::Model(a), other) => {
                let b = match &other {
                    Some(Side::Model(b)) => b,
                    _ => &a,
                };
                let prompts = [self.asked(&a, None)?, self.asked(b, prompt)?];
                engine::both_fit([(&a, &prompts[0]), (b, &prompts[1])], &self.options())?;
                [self.once(&a, &prompts[0], console)?, self.once(b, &prompts[1], console)?]
            }
        };
        for trace in &mut runs {
            warn_of(trace, console);
        }
        Ok(runs)
    }

    /// The second prompt, or the input's own, as this model is asked it.
    fn asked(&self, model: &Model, second: Option<Prompt>) -> anyhow::Result<Prompt> {
        let prompt = second.map_or_else(|| self.prompt.read(), Ok)?;
        self.in_chat(model, prompt)
    }

    fn once(&self, model: &Model, prompt: &Prompt, console: &Console) -> anyhow::Result<Trace> {
        Ok(engine::run(model, prompt, &self.options(), &console.job(), &mut |_| {})?)
    }
}

/// Opens a model, or a run that is there.
fn side(path: Option<&Path>, console: &mut Console) -> anyhow::Result<Side> {
    let source = path.map_or(ModelSource::Embedded, |path| ModelSource::Path(path.to_owned()));
    let job = console.job();
    if let Some(file) = source.trace() {
        return Ok(Side::Trace(Box::new(engine::open_trace(file, &job)?)));
    }
    let model = super::ModelArg { model: path.map(Path::to_owned) }.open(console, &job)?;
    Ok(Side::Model(Box::new(model)))
}
