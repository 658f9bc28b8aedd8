//! Contract: pictures show what the window shows, in every format, at the size that a preset says; a recipe makes a
//! figure again with its numbers, and says which key is wrong.

use crate::export::{Run, what};
use crate::parity::{fixtures, run_ids, storyteller};
use mnemoscope::export::figure::drawing::{Area, Drawing, Face, Shape, Text};
use mnemoscope::export::picture::{self, Limits};
use mnemoscope::export::{
    self, ExportError, FirstToken, Lang, Look, Options, Preset, Recipe, RecipeError, Source, Span, What, png,
};
use mnemoscope::render::tiles::{self, Quantity, TileKey};
use mnemoscope::render::{ColorMap, Plain, Scale, Shader, Theme};
use mnemoscope::trace::{HeadId, Steps, Trace};
use std::io::Read as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Output};
use strum::IntoEnumIterator as _;

const HEAD: HeadId = HeadId { layer: 1, head: 2 };

/// A run of the embedded model: the fixtures take only short prompts.
fn trace(n_tokens: u32) -> Trace {
    let model = storyteller();
    let vocab = model.spec().vocab as u32;
    run_ids(&model, &(0..n_tokens).map(|i| (i * 7 + i / 3) % vocab).collect::<Vec<_>>())
}

fn source(trace: &Trace) -> Source<'_> {
    Source { model: None, trace, watch: &|_| ControlFlow::Continue(()) }
}

fn picked(heads: &[HeadId], look: Look) -> Options {
    Options { picked: heads.to_vec(), look, ..Options::default() }
}

/// The largest thing on a page but the page itself.
fn map_of(shapes: &[Shape]) -> Area {
    let areas = shapes[1..].iter().filter_map(|shape| match shape {
        Shape::Rect { area, .. } | Shape::Image { area, .. } => Some(*area),
        _ => None,
    });
    areas.max_by(|a, b| (a.width * a.height).total_cmp(&(b.width * b.height))).expect("a map")
}

#[test]
fn the_windows_tiles_and_a_png_have_the_same_pixels() {
    for n in [24, 100] {
        let trace = trace(n);
        for (scale, theme) in [
            (Scale::Linear, Theme::Dark),
            (Scale::Log, Theme::Light),
            (Scale::Row, Theme::Dark),
            (Scale::Rank, Theme::Light),
        ] {
            let look = Look { scale, theme: Some(theme), ..Look::default() };
            let map = look.map(false);
            // What the window's worker makes and its texture holds: `app::tiles`
            let shader = Shader::new(map, scale, tiles::weight_range(&trace, HEAD));
            let key = TileKey { level: 0, row: 0, column: 0 };
            let plain = Plain { pattern: trace.pattern(HEAD), quantity: Quantity::Weights };
            let tile = tiles::tile(&plain, key, scale).expect("nobody breaks off").paint(&shader);

            let drawing =
                picture::draw(&source(&trace), &picked(&[HEAD], look), Limits::PIXELS).expect("drawn");
            let area = map_of(&drawing.shapes);
            let pixels = png::paint(&drawing, 2.0).expect("painted");
            let cell = area.width / n as f32;
            for row in 0..n {
                for column in 0..n {
                    let at = |from: f32, index: u32| (2.0 * (from + (index as f32 + 0.45) * cell)) as u32;
                    let index = (at(area.y, row) * pixels.width + at(area.x, column)) as usize;
                    let shown = &pixels.bytes[4 * index..4 * index + 4];
                    let window = tile.pixels[(row * n + column) as usize];
                    assert_eq!(shown, window, "{n} tokens, {scale:?}, {theme:?}: cell {row}, {column}");
                }
            }
        }
    }
}

#[test]
fn a_preset_brings_its_width_its_letters_and_a_map_that_greys_keep() {
    let trace = trace(40);
    for preset in Preset::iter() {
        let look = Look { preset: Some(preset), ..Look::default() };
        for options in [
            picked(&[HEAD], look),
            picked(&[HEAD, HeadId { layer: 2, head: 0 }, HeadId { layer: 0, head: 1 }], look),
            Options { look, ..Options::default() },
        ] {
            let drawing = picture::draw(&source(&trace), &options, Limits::PIXELS).expect("drawn");
            let millimetres = drawing.width / 96.0 * 25.4;
            assert!((millimetres - preset.millimetres()).abs() < 0.01, "{preset:?}: {millimetres} mm");
            let most = if preset == Preset::Slide { 136.0 } else { 201.0 };
            assert!(drawing.height / 96.0 * 25.4 <= most, "{preset:?} is {} high", drawing.height);
            let points = preset.points() / 0.75;
            assert!(drawing.texts().any(|text| (text.size - points).abs() < 0.01), "{preset:?}");
            assert!(drawing.texts().all(|text| text.size > points * 0.8), "{preset:?}: too small to read");
            for text in drawing.texts() {
                for [x, y] in text.outline() {
                    let inside = (-0.5..=drawing.width + 0.5).contains(&x)
                        && (-0.5..=drawing.height + 0.5).contains(&y);
                    assert!(inside, "{preset:?}: `{}` leaves the page at {x}, {y}", text.text);
                }
            }
        }
        for (theme, signed) in
            [(Theme::Light, false), (Theme::Light, true), (Theme::Dark, false), (Theme::Dark, true)]
        {
            // A slide has its colours: blue below, red above
            if preset == Preset::Slide && signed {
                assert!(preset.map(signed, theme).is_signed());
                continue;
            }
            let lut = preset.map(signed, theme).lut();
            let grey =
                |[r, g, b, _]: [u8; 4]| f32::from(r) * 0.299 + f32::from(g) * 0.587 + f32::from(b) * 0.114;
            let sign = (grey(lut[255]) - grey(lut[0])).signum();
            let turns = lut.windows(2).any(|pair| (grey(pair[1]) - grey(pair[0])) * sign < -1.0);
            assert!(!turns, "{preset:?}: {theme:?} greys turn back");
        }
    }
}

/// What is in a PDF's streams once they are inflated, and the rest as it is.
fn inflated(pdf: &[u8]) -> String {
    let mut out = String::from_utf8_lossy(pdf).into_owned();
    let mut rest = pdf;
    while let Some(at) = rest.windows(7).position(|window| window == b"stream\n") {
        rest = &rest[at + 7..];
        let mut text = Vec::new();
        let _ = flate2::read::ZlibDecoder::new(rest).read_to_end(&mut text);
        out.push_str(&String::from_utf8_lossy(&text));
    }
    out
}

/// An emoji that no font draws in outlines is a box with its code point: its digits are there to be read and copied.
#[test]
fn a_character_without_an_outline_says_which_it_is() {
    let ink = [0, 0, 0, 255];
    let mut drawing = Drawing::new(80.0, 40.0, "emoji", [255, 255, 255, 255]);
    drawing.text(Text::new(10.0, 20.0, "🦀", 14.0, Face::Mono, ink));
    let text = inflated(&export::pdf::draw(&drawing).expect("drawn"));
    let outlined = text.contains("D83EDD80");
    let digits =
        ['1', 'F', '9', '8', '0'].iter().all(|&digit| text.contains(&format!("<{:04X}>", digit as u32)));
    assert!(outlined || digits, "neither the crab nor its number: {text}");
}

/// Small maps hold what can be told apart, and a colour map's pixels are a byte each.
#[test]
fn a_sheet_of_many_heads_is_a_small_pdf() {
    let folder = tempfile::tempdir().expect("a folder");
    let shape = crate::random_model::Shape { layers: 3, ..crate::random_model::Shape::LARGE };
    crate::random_model::write_model(folder.path(), shape);
    let model = crate::parity::open(folder.path());
    let trace = run_ids(&model, &(0..64).collect::<Vec<u32>>());
    let sheet = picture::draw(&source(&trace), &Options::default(), Limits::PIXELS).expect("drawn");
    let images: Vec<_> = sheet
        .shapes
        .iter()
        .filter_map(|shape| match shape {
            Shape::Image { area, raster } => Some((area, raster)),
            _ => None,
        })
        .collect();
    assert_eq!(images.len(), 3 * 128);
    for (area, raster) in images {
        assert!(
            raster.width as f32 <= area.width * 4.0 && raster.width >= 16,
            "{} in {area:?}",
            raster.width
        );
    }
    let pdf = export::pdf::draw(&sheet).expect("drawn");
    assert!(String::from_utf8_lossy(&pdf).contains("/Indexed"));
    assert!(pdf.len() < 3 * 128 * 800, "{} bytes", pdf.len());
}

#[test]
fn a_pdf_is_a_page_of_the_drawings_size_with_fonts_and_their_letters_inside() {
    let run = Run::of("gpt2-odd", 9);
    let look = Look { preset: Some(Preset::Paper), ..Look::default() };
    let path = run.export("figure.pdf", &picked(&[HeadId { layer: 1, head: 0 }], look)).expect("written");
    let pdf = std::fs::read(path).expect("written");
    assert!(pdf.starts_with(b"%PDF-"));
    let text = inflated(&pdf);
    assert!(text.contains("FontFile"), "no font is embedded");
    assert!(text.contains("beginbfchar") || text.contains("beginbfrange"), "letters cannot be copied out");
    assert!(text.contains("JetBrainsMono") && text.contains("Inter"), "the faces of the house");
    let width = Preset::Paper.millimetres() / 25.4 * 72.0;
    let media = text.split("/MediaBox").nth(1).expect("a page");
    let numbers: Vec<f32> = media
        .split(['[', ']'])
        .nth(1)
        .expect("a box")
        .split_whitespace()
        .filter_map(|number| number.parse().ok())
        .collect();
    assert!((numbers[2] - width).abs() < 0.05, "{numbers:?} for {width}");
}

#[test]
fn latex_gets_every_character_escaped_and_no_more_cells_than_it_can_set() {
    let run = Run::of("gpt2-odd", 9);
    let path = run.export("figure.tex", &picked(&[HEAD_OF_FIXTURE], Look::default())).expect("written");
    let tex = std::fs::read_to_string(&path).expect("written");
    assert!(tex.contains("\\textless{}/script\\textgreater{}"), "the token is there, escaped");
    let body = tex.split("\\begin{document}").nth(1).expect("a body");
    let mut depth = 0_i32;
    let mut characters = body.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => drop(characters.next()),
            '{' => depth += 1,
            '}' => depth -= 1,
            '$' | '&' | '#' | '^' | '~' | '%' => panic!("`{c}` stands bare"),
            _ => {}
        }
        assert!(depth >= 0, "a brace closes nothing");
    }
    assert_eq!(depth, 0, "a brace stays open");
    let long = trace(400);
    let sheet = picture::draw(&source(&long), &Options::default(), export::tikz::LIMITS).expect("drawn");
    let cells = sheet.shapes.iter().map(|shape| match shape {
        Shape::Image { raster, .. } => raster.pixels.len(),
        _ => 1,
    });
    assert!(cells.sum::<usize>() < 40_000);
    match Command::new("pdflatex")
        .args(["-interaction=nonstopmode", "-halt-on-error", "figure.tex"])
        .current_dir(run.folder.path())
        .output()
    {
        Err(_) => eprintln!("not compiled: there is no pdflatex on this machine"),
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
            assert!(run.folder.path().join("figure.pdf").exists());
        }
    }
}

const HEAD_OF_FIXTURE: HeadId = HeadId { layer: 0, head: 1 };

/// The lines of a CSV file by (query, key) → value.
fn numbers(run: &Run, look: Look) -> Vec<(usize, usize, f32)> {
    let mut bytes = Vec::new();
    let source = Source { model: Some(&run.model), trace: &run.trace, watch: &|_| ControlFlow::Continue(()) };
    picture::write_numbers(&source, &picked(&[HEAD_OF_FIXTURE], look), &mut bytes).expect("written");
    let mut table = csv::Reader::from_reader(&bytes[..]);
    let line = |record: csv::StringRecord| {
        (
            record[2].parse().expect("a query"),
            record[3].parse().expect("a key"),
            record[6].parse().expect("a value"),
        )
    };
    table.records().map(|record| line(record.expect("a line"))).collect()
}

#[test]
fn a_cut_and_the_first_keys_fate_are_in_the_numbers() {
    let run = Run::of("gpt2-odd", 9);
    let exact = |query, key| run.trace.pattern(HEAD_OF_FIXTURE).cell(query, key);
    let all = numbers(&run, Look::default());
    assert_eq!(all.len(), 9 * 10 / 2, "what is masked is left out");
    assert!(all.iter().all(|&(query, key, value)| value.to_bits() == exact(query, key).to_bits()));

    let span = |first, last| Some(Span { first, last });
    let cut = numbers(&run, Look { rows: span(3, 5), columns: span(2, 4), ..Look::default() });
    assert!(cut.iter().all(|&(query, key, _)| (3..=5).contains(&query) && (2..=4).contains(&key)));
    assert_eq!(cut.len(), 2 + 3 + 3);

    let hidden = numbers(&run, Look { steps: first(FirstToken::Hide), ..Look::default() });
    assert!(
        hidden.iter().all(|&(query, key, value)| key > 0 && value.to_bits() == exact(query, key).to_bits())
    );
    let shares = numbers(&run, Look { steps: first(FirstToken::Renormalise), ..Look::default() });
    for query in 1..9 {
        let sum: f32 = shares.iter().filter(|share| share.0 == query).map(|share| share.2).sum();
        assert!((sum - 1.0).abs() < 1e-5, "query {query}: {sum}");
        let (_, key, share) = *shares.iter().find(|share| share.0 == query).expect("a share");
        let expected = exact(query, key) / (1.0 - exact(query, 0));
        assert!((share - expected).abs() < 1e-5);
    }
}

#[test]
fn a_cut_past_the_prompt_or_of_a_whole_array_is_an_error_that_says_so() {
    let run = Run::of("gpt2-odd", 9);
    let look = Look { rows: Some(Span { first: 3, last: 20 }), ..Look::default() };
    let error = run.export("a.png", &picked(&[HEAD_OF_FIXTURE], look)).expect_err("9 tokens");
    assert!(error.to_string().contains("query 20") && error.to_string().contains("0 to 8"), "{error}");
    for name in ["a.npz", "a.json", "a.html"] {
        let error = run.export(name, &Options { look, ..what(&[What::Pattern]) }).expect_err("whole arrays");
        assert!(matches!(error, ExportError::Cut(_)), "{name}: {error}");
    }
    let stranger = HeadId { layer: 9, head: 0 };
    let error = run.export("a.png", &picked(&[stranger], Look::default())).expect_err("no such head");
    assert!(error.to_string().contains("9.0"), "{error}");
}

#[test]
fn a_transparent_png_has_no_ground() {
    let trace = trace(9);
    let look = Look { transparent: true, ..Look::default() };
    let drawing = picture::draw(&source(&trace), &picked(&[HEAD], look), Limits::PIXELS).expect("drawn");
    let bytes = png::draw(&drawing, 1.0).expect("painted");
    let mut reader = ::png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("a PNG");
    assert_eq!(reader.info().color_type, ::png::ColorType::Rgba);
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    reader.next_frame(&mut pixels).expect("whole");
    assert_eq!(pixels[3], 0, "the corner shows what lies behind");
    assert!(pixels.chunks(4).any(|pixel| pixel[3] == 255));
}

#[test]
fn a_caption_states_model_head_prompt_formula_version_and_command() {
    let run = Run::of("gemma2-odd", 7);
    let options =
        picked(&[HeadId { layer: 1, head: 0 }], Look { steps: first(FirstToken::Hide), ..Look::default() });
    let command = export::command_line(["mnemoscope", "export", "--prompt", "it's a test", "-o", "a.pdf"]);
    assert_eq!(command, "mnemoscope export --prompt 'it'\\''s a test' -o a.pdf");
    let text = export::caption(&run.trace, &options, &command).expect("a caption").text;
    let spec = &run.trace.spec.blocks[1].attention;
    let formula = export::formula(spec, Quantity::Weights).en;
    assert!(spec.softcap.is_none_or(|_| formula.contains("tanh")), "{formula}");
    for words in [
        &*run.trace.model_name,
        "layer 1, head 0",
        "(7 tokens)",
        &formula,
        "first key is left out",
        env!("CARGO_PKG_VERSION"),
        &command,
    ] {
        assert!(text.contains(words), "`{words}` is not in: {text}");
    }
}

#[test]
fn a_caption_speaks_chinese_where_it_is_asked_to() {
    let run = Run::of("gemma2-odd", 7);
    let look =
        Look { steps: first(FirstToken::Renormalise), threshold: 0.25, lang: Lang::Zh, ..Look::default() };
    let span = Some("1-3".parse().expect("a span"));
    let cut = Look { rows: span, columns: span, scale: Scale::Rank, ..look };
    let all = Options { look, ..Options::default() };
    let one = picked(&[HeadId { layer: 1, head: 0 }], cut);
    let states = Options { what: vec![What::Resid], ..all.clone() };
    let command = "mnemoscope export --lang zh -o a.pdf";
    for (options, words) in [
        (&all, &["所有头", "自己的最大值"][..]),
        (&one, &["第 1 层，头 0", "只显示查询 1 到 3。只显示键 1 到 3。", "不计第一个键", "低于 0.25"]),
        (&states, &["隐藏状态", "hook_resid"]),
    ] {
        let text = export::caption(&run.trace, options, command).expect("a caption").text;
        let common = [&*run.trace.model_name, "7 个词元", env!("CARGO_PKG_VERSION"), command];
        for words in words.iter().chain(&common) {
            assert!(text.contains(words), "`{words}` is not in: {text}");
        }
        let own = text.split("由 Mnemoscope").next().unwrap_or_default();
        for english in [" the ", " of ", "Prompt", "heads", "layer", "Colours", "keys"] {
            assert!(!own.contains(english), "`{english}` is in: {own}");
        }
    }
}

fn first(first: FirstToken) -> Steps {
    Steps { first, ..Steps::default() }
}

fn figure(folder: &Path, recipe: &str, more: &[&str]) -> Output {
    let path = folder.join("recipe.toml");
    export::atomic::write(&path, |out| Ok(out.write_all(recipe.as_bytes())?)).expect("written");
    let mut program = Command::new(env!("CARGO_BIN_EXE_mnemoscope"));
    program.arg("figure").arg(path).args(more).output().expect("the binary runs")
}

#[test]
fn a_recipe_makes_its_figure_again_on_another_model_and_prompt() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let recipe = r#"
        out = ["induction.pdf", "induction.png", "induction.tex"]
        prompt = "Mary took the key. Then Mary took the"
        heads = ["1.1", "0.0"]
        first_token = "renormalise"

        [style]
        preset = "paper"
    "#;
    let output = figure(folder.path(), recipe, &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("written");
    let (table, caption) = (read("induction.csv"), read("induction.caption.txt"));
    assert!(table.starts_with("layer,head,query,key,query_token,key_token,share\n"), "{table:.80}");
    assert!(
        table.lines().any(|line| line.starts_with("1,1,"))
            && table.lines().any(|line| line.starts_with("0,0,"))
    );
    for words in ["heads 1.1, 0.0", "divided by their sum", "Mary took the key", "mnemoscope figure"] {
        assert!(caption.contains(words), "`{words}` is not in: {caption}");
    }
    assert!(
        ["pdf", "png", "tex"].iter().all(|ending| folder.path().join(format!("induction.{ending}")).exists())
    );

    let other = folder.path().join("other");
    let arguments =
        ["--prompt", "Another prompt altogether", "--out", other.to_str().expect("UTF-8"), "--quiet"];
    assert!(figure(folder.path(), recipe, &arguments).status.success());
    assert_ne!(std::fs::read_to_string(other.join("induction.csv")).expect("written"), table);
    let model = fixtures().join("stories");
    if model.exists() {
        let arguments = ["--model", model.to_str().expect("UTF-8")];
        assert!(figure(folder.path(), recipe, &arguments).status.success());
    }
}

#[test]
fn a_wrong_recipe_is_told_which_key_and_what_belongs_there() {
    let good = "out = \"a.png\"\n";
    let cases: &[(&str, &[&str])] = &[
        ("out = ", &["line 1"]),
        ("prompt = \"x\"", &["`out` is missing", "figure.pdf"]),
        ("out = \"a.npz\"", &["`out` is \"a.npz\"", "a picture or page"]),
        ("out = 3", &["`out` is 3"]),
        ("color = \"red\"", &["`color` is no key", "first_token"]),
        ("heads = [\"3.x\"]", &["`heads` is \"3.x\"", "3.5"]),
        ("layers = \"0\"\nheads = \"1.1\"", &["`heads` and `layers` exclude each other"]),
        ("rows = \"9-2\"", &["`rows` is \"9-2\"", "4-20"]),
        ("first_token = \"drop\"", &["`first_token` is \"drop\"", "keep, hide, renormalise"]),
        ("prompt = 5", &["`prompt` is 5", "in quotation marks"]),
        ("intervene = \"cut=1.1\"", &["`intervene` is \"cut=1.1\"", "zero=3.5"]),
        ("style = 1", &["`style` is 1", "[style]"]),
        ("[style]\npreset = \"poster\"", &["`style.preset` is \"poster\"", "paper, thesis, slide"]),
        ("[style]\ncolormap = \"rainbow\"", &["`style.colormap` is \"rainbow\"", "viridis"]),
        ("[style]\nzoom = 0", &["`style.zoom` is 0", "a number from"]),
        ("[style]\ntransparent = \"yes\"", &["`style.transparent` is \"yes\"", "true or false"]),
        ("[style]\nwidth = 3", &["`style.width` is no key", "preset"]),
    ];
    for (wrong, words) in cases {
        let text = if wrong.contains("out") || wrong.starts_with("prompt = \"x") {
            (*wrong).to_owned()
        } else {
            format!("{good}{wrong}")
        };
        let error = text.parse::<Recipe>().expect_err(wrong).to_string();
        for words in *words {
            assert!(error.contains(words), "`{words}` is not in: {error}");
        }
    }
    assert!(matches!("out = [\"a.png\", 3]".parse::<Recipe>(), Err(RecipeError::Value { .. })));
    let recipe: Recipe = format!("{good}[style]\ncolormap = \"viridis\"").parse().expect("a recipe");
    assert_eq!(recipe.options.look.map, Some(ColorMap::Viridis));

    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = figure(folder.path(), &format!("{good}first_token = \"drop\""), &[]);
    let line = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{line}");
    assert!(
        line.contains("recipe.toml") && line.contains("`first_token`") && line.lines().count() == 1,
        "{line}"
    );
}

#[test]
fn export_prints_a_caption_or_writes_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = |more: &[&str]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_mnemoscope"));
        program
            .current_dir(folder.path())
            .args(["export", "--prompt", "It's a key", "--pick", "1.1"])
            .args(more);
        let output = program.output().expect("the binary runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let printed = run(&["--preset", "paper", "-o", "a.pdf", "a.tex", "--caption"]);
    let command =
        "mnemoscope export --prompt 'It'\\''s a key' --pick 1.1 --preset paper -o a.pdf a.tex --caption";
    assert!(printed.contains("layer 1, head 1") && printed.contains(command), "{printed}");
    let object: serde_json::Value =
        serde_json::from_str(&run(&["-o", "a.png", "--caption=words.txt", "--json"])).expect("an object");
    let written = std::fs::read_to_string(folder.path().join("words.txt")).expect("written");
    assert_eq!(object["caption"].as_str(), Some(written.trim_end()));
    assert_eq!(object["files"].as_array().map(Vec::len), Some(2));
}
