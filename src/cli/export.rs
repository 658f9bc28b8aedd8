//! `mnemoscope export`: files, one per `-o`; the endings say which formats.

use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::PathBuf;

use serde_json::json;

use crate::export::{self, Dtype, Labels, Look, Options, Ranges, Selection, Source, What};
use crate::render::{ColorMap, Scale, Theme};

use super::console::{self, Console};
use super::shared::{Input, names};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,

    /// Where to write: .trace.safetensors (the whole run, to open again), .npz, .safetensors, .json, .csv, .png, .svg or .html; DIR/ for one picture per head
    #[arg(short, long, required = true, num_args = 1.., value_name = "PATH")]
    output: Vec<PathBuf>,

    /// What to write, with commas between
    #[arg(long, value_delimiter = ',', value_parser = names::<What>(), default_value = "pattern")]
    what: Vec<What>,

    /// Layers, such as 0,3-5; of an encoder–decoder model also by part, such as encoder.0,cross.0-2, where plain numbers
    /// count all blocks in the order of the pass (default: all)
    #[arg(long, value_name = "LAYERS")]
    layers: Option<Ranges>,

    /// Heads of those layers, such as 0-3 (default: all)
    #[arg(long, value_name = "HEADS")]
    heads: Option<Ranges>,

    /// How arrays store numbers
    #[arg(long, value_parser = names::<Dtype>(), default_value = "f32")]
    dtype: Dtype,

    /// Width of a PNG in pixels (default: twice the layout's)
    #[arg(long, value_name = "PIXELS")]
    size: Option<u32>,

    /// Colour map of pictures (default: the theme's)
    #[arg(long, value_name = "NAME", value_parser = names::<ColorMap>())]
    colormap: Option<ColorMap>,

    /// How values become colours
    #[arg(long, value_parser = names::<Scale>(), default_value = "linear")]
    scale: Scale,

    /// Theme of pictures (default: light, or what the colour map is made for)
    #[arg(long, value_parser = names::<Theme>())]
    theme: Option<Theme>,

    /// What stands beside rows and columns
    #[arg(long, value_parser = names::<Labels>(), default_value = "tokens")]
    labels: Labels,
}

pub(super) fn run(args: &Args, console: &mut Console) -> anyhow::Result<()> {
    let options = Options {
        what: args.what.clone(),
        selection: Selection { layers: args.layers.clone(), heads: args.heads.clone() },
        dtype: args.dtype,
        look: Look {
            theme: args.theme,
            map: args.colormap,
            scale: args.scale,
            size: args.size,
            labels: args.labels,
        },
    };
    // A name that says nothing should not cost a run
    for path in args.output.iter().filter(|path| !export::is_folder(path)) {
        export::format_of(path)?;
    }
    let (model, trace) = args.input.trace(console)?;
    let job = console.job();
    let watch = |done| {
        job.report("Writing", done);
        ControlFlow::Continue(())
    };
    let source = Source { model: model.as_ref(), trace: &trace, watch: &watch };
    let mut files = Vec::new();
    for path in &args.output {
        files.extend(export::export(&source, &options, path)?);
        job.report("Writing", 1.0);
    }
    let size = |path: &PathBuf| std::fs::metadata(path).map_or(0, |file| file.len());
    if console.json {
        let files: Vec<_> = files.iter().map(|path| json!({ "path": path, "bytes": size(path) })).collect();
        return console.object(&json!({ "files": files }));
    }
    for path in &files {
        writeln!(console, "{}  {}", path.display(), console::bytes(size(path)))?;
    }
    Ok(())
}
