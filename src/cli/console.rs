//! What commands print with: results on stdout, progress on a terminal's stderr, one line for what went wrong.

use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write};

use serde_json::Value;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::analysis::compare::CompareError;
use crate::engine::{
    AtlasError, AtlasFileError, CurveError, EvictionError, HonestyError, HubError, InterveneError, Job,
    LoadError, Progress, RecallError, RunError, SweepError, TimelineError, TrainingError, ViewError,
};
use crate::export::ExportError;
use crate::trace::TraceError;

use super::shared::Shared;

/// Standard output, and how to use it.
pub(super) struct Console {
    /// Print one JSON object, and nothing else.
    pub(super) json: bool,
    quiet: bool,
    remarks: Vec<String>,
    out: BufWriter<StdoutLock<'static>>,
}

impl Console {
    pub(super) fn new(shared: &Shared) -> Self {
        let out = BufWriter::new(io::stdout().lock());
        Self { json: shared.json, quiet: shared.quiet, remarks: Vec::new(), out }
    }

    /// A job that shows its progress where somebody looks.
    pub(super) fn job(&self) -> Job {
        if self.quiet || !io::stderr().is_terminal() {
            return Job::new();
        }
        Job::with_progress(|Progress { stage, done }| {
            let percent = done * 100.0;
            let line = if done >= 1.0 { String::new() } else { format!("{stage} {percent:.0} %") };
            // \x1b[K clears what a longer line left
            let _ = write!(io::stderr(), "\r{line}\x1b[K");
        })
    }

    /// A remark beside the result: on stderr, once that is there.
    pub(super) fn remark(&mut self, words: impl Into<String>) {
        self.remarks.push(words.into());
    }

    /// The one JSON object.
    pub(super) fn object(&mut self, value: &Value) -> anyhow::Result<()> {
        serde_json::to_writer(&mut self.out, value).map_err(io::Error::from)?;
        Ok(writeln!(self.out)?)
    }

    /// Sees to it that everything has left, and that a full disk is noticed.
    pub(super) fn finish(&mut self) -> anyhow::Result<()> {
        self.out.flush()?;
        for remark in self.remarks.drain(..).filter(|_| !self.quiet) {
            let _ = writeln!(io::stderr(), "mnemoscope: {}", one_line(&remark));
        }
        Ok(())
    }
}

impl Write for Console {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// One line on stderr: what happened, where, and what to do about it.
pub(super) fn complain(error: &anyhow::Error) {
    let mut line = "mnemoscope".to_owned();
    for cause in error.chain().map(ToString::to_string) {
        // Our own errors name their cause already
        if !line.contains(&cause) {
            line.push_str(": ");
            line.push_str(&cause);
        }
    }
    if let Some(hint) = hint(error) {
        line.push_str("; ");
        line.push_str(&hint);
    }
    let _ = writeln!(io::stderr(), "{}", one_line(&line));
}

fn hint(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(|cause| {
        let load = || cause.downcast_ref::<LoadError>()?.hint();
        let run = || cause.downcast_ref::<RunError>()?.hint();
        let export = || cause.downcast_ref::<ExportError>()?.hint();
        let hub = || cause.downcast_ref::<HubError>()?.hint();
        let intervene = || cause.downcast_ref::<InterveneError>()?.hint();
        let sweep = || cause.downcast_ref::<SweepError>()?.hint();
        let trace = || cause.downcast_ref::<TraceError>()?.hint();
        let atlas = || cause.downcast_ref::<AtlasError>()?.hint();
        let atlas_file = || cause.downcast_ref::<AtlasFileError>()?.hint();
        let recall = || cause.downcast_ref::<RecallError>()?.hint();
        let training = || cause.downcast_ref::<TrainingError>()?.hint();
        let honesty = || cause.downcast_ref::<HonestyError>()?.hint();
        let eviction = || cause.downcast_ref::<EvictionError>()?.hint();
        let curve = || cause.downcast_ref::<CurveError>()?.hint();
        let compare = || cause.downcast_ref::<CompareError>()?.hint();
        let view = || cause.downcast_ref::<ViewError>()?.hint();
        let timeline = || cause.downcast_ref::<TimelineError>()?.hint();
        let memory =
            || honesty().or_else(eviction).or_else(curve).or_else(compare).or_else(view).or_else(timeline);
        let more =
            || trace().or_else(atlas).or_else(atlas_file).or_else(recall).or_else(training).or_else(memory);
        load().or_else(run).or_else(export).or_else(hub).or_else(intervene).or_else(sweep).or_else(more)
    })
}

fn one_line(text: &str) -> String {
    text.split(['\r', '\n']).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// `1536` → `1.5 kB`: decimal, as disks and the memory budget count.
pub(super) fn bytes(n: u64) -> String {
    let mut size = n as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if size < 1000.0 {
            return if unit == "B" { format!("{n} B") } else { format!("{size:.1} {unit}") };
        }
        size /= 1000.0;
    }
    format!("{size:.1} TB")
}

/// `0.00123` → `1.2 ms`.
pub(super) fn seconds(s: f64) -> String {
    if s < 1.0 { format!("{:.1} ms", s * 1e3) } else { format!("{s:.2} s") }
}

/// How many columns of a terminal a text takes: those of East Asia take two a letter.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

/// Filled with spaces to so many columns.
pub(super) fn filled(text: &str, width: usize) -> String {
    format!("{text}{:1$}", "", width.saturating_sub(columns(text)))
}

/// As much of it as takes so many columns, filled to them.
pub(super) fn fitted(text: &str, width: usize) -> String {
    let mut left = width;
    let fits = |letter: &char| {
        let rest = left.checked_sub(letter.width().unwrap_or(0));
        left = rest.unwrap_or(left);
        rest.is_some()
    };
    filled(&text.chars().take_while(fits).collect::<String>(), width)
}
