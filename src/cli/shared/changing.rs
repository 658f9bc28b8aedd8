//! What is changed about runs.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::trace::{Intervention, NotAnIntervention, forms};

/// Interventions, one by one or in a file.
#[derive(Debug, Default, clap::Args)]
pub(in crate::cli) struct Changing {
    /// Change the run, such as zero=3.5 or knockout=3.5:q7->k2; may be given several times
    #[arg(long, value_name = "SPEC", value_parser = parse_intervention, long_help = interventions_help())]
    pub(in crate::cli) intervene: Vec<Intervention>,

    /// JSON file with a list of such changes
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) intervene_file: Option<PathBuf>,
}

impl Changing {
    /// All of them, those of the file first.
    pub(in crate::cli) fn read(&self) -> anyhow::Result<Vec<Intervention>> {
        let mut all = Vec::new();
        if let Some(file) = &self.intervene_file {
            let place = || format!("cannot read the interventions in {}", file.display());
            let text = std::fs::read(file).with_context(place)?;
            let listed: Vec<Intervention> = serde_json::from_slice(&text).with_context(place)?;
            all.extend(listed);
        }
        all.extend(self.intervene.iter().cloned());
        Ok(all)
    }
}

fn parse_intervention(text: &str) -> Result<Intervention, String> {
    text.parse().map_err(|error: NotAnIntervention| match error.hint() {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    })
}

fn interventions_help() -> String {
    let mut help =
        "Change the run; may be given several times. L and H are a layer and a head, or *:\n".to_owned();
    for form in forms() {
        help.push_str("\n  ");
        help.push_str(form);
    }
    help
}
