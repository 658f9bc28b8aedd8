//! Which roles heads have: on the prompt, or as an atlas of the model has them.

use std::path::PathBuf;

use crate::analysis::atlas::Roles;
use crate::engine;
use crate::trace::Trace;

/// Where roles come from.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Told {
    /// Atlas of this model, as `atlas -o` wrote it: roles are its own (default: this prompt's, as far as it tells), and
    /// the view atlas shows it (default: it is made)
    #[arg(long, value_name = "ATLAS")]
    pub(in crate::cli) atlas: Option<PathBuf>,
}

impl Told {
    /// The roles of a run's heads.
    pub(in crate::cli) fn roles(&self, trace: &Trace) -> anyhow::Result<Roles> {
        let Some(path) = &self.atlas else { return Ok(Roles::on_prompt(trace)) };
        let atlas = engine::open_atlas(path)?;
        let (its, own) = (&atlas.model, &trace.model_name);
        anyhow::ensure!(its == own, "{} is of the model {its}, this run of {own}", path.display());
        Ok(Roles::of_atlas(&atlas))
    }
}
