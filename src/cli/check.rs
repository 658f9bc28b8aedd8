//! `mnemoscope check`: do the numbers hold? The model's own identities, each with its residual.

use std::io::Write as _;

use anyhow::bail;
use serde_json::json;

use crate::engine;

use super::console::Console;
use super::shared::ModelArg;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    model: ModelArg,
}

/// An identity that does not hold is a failed job: the results are printed, and the status is 1.
pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    let job = console.job();
    let model = args.model.open(console, &job)?;
    let results = engine::check(&model, &job)?;
    job.report("Checking the model", 1.0);
    let failed: Vec<&str> =
        results.iter().filter(|result| !result.passed).map(|result| result.name).collect();
    if console.json {
        console.object(&json!({ "model": model.name, "passed": failed.is_empty(), "checks": results }))?;
    } else {
        let width = results.iter().map(|result| result.name.chars().count()).max().unwrap_or(0);
        for result in &results {
            let tick = if result.passed { "✓" } else { "✗" };
            let (name, residual, tolerance) = (result.name, result.residual, result.tolerance);
            writeln!(console, "{tick} {name:<width$}  {residual:8.1e}  (allowed {tolerance:.0e})")?;
            writeln!(console, "  {}", result.explanation)?;
        }
    }
    console.finish()?;
    if !failed.is_empty() {
        bail!("{} of {} checks of {} failed: {}", failed.len(), results.len(), model.name, failed.join(", "));
    }
    Ok(())
}
