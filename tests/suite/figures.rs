//! Contract: a picture's words are whole, readable and never on top of each other, whatever the prompt.

use mnemoscope::export::figure::axis::Axis;
use mnemoscope::export::figure::drawing::{Drawing, Text};
use mnemoscope::export::figure::matrix::{self, Matrix};
use mnemoscope::export::figure::sheet::{self, Group, Line, Sheet};
use mnemoscope::export::figure::strip::Strip;
use mnemoscope::export::figure::{Style, to_svg};
use mnemoscope::export::words::maps;
use mnemoscope::export::{What, png};
use mnemoscope::render::{ColorMap, Scale, Shader, Theme, ValueRange};

fn tokens(n: usize) -> Vec<String> {
    const WORDS: &[&str] = &[
        "<s>",
        "·Mary",
        "·has",
        "·incomprehensibilities",
        "它",
        "·a",
        "⏎",
        "‹E4 BD›",
        ".",
        "指的是谁这一个",
        "W",
        "🙂",
    ];
    (0..n).map(|i| WORDS[(i * 5 + i / 7) % WORDS.len()].to_owned()).collect()
}

fn page(n: usize, numbered: bool, theme: Theme) -> Drawing {
    let axis = |name| Axis { numbered, ..Axis::new(name, tokens(n)) };
    let matrix = Matrix {
        title: "Head 3.5".into(),
        subtitle: "storyteller · 6 layers × 8 heads".into(),
        hook: "blocks.3.attn.hook_pattern[5]".into(),
        rows: axis(&maps::QUERY),
        columns: axis(&maps::KEY),
        value_columns: n,
        values: (0..n * n).map(|i| if i % n <= i / n { 1.0 / (1 + i / n) as f32 } else { 0.0 }).collect(),
        quantity: maps::of(What::Pattern),
        strips: vec![Strip { title: &maps::PROMPT, tokens: tokens(n) }],
    };
    let map = ColorMap::of(theme);
    let shader = Shader::new(map, Scale::Linear, ValueRange::fit(map, false, &matrix.values));
    matrix::layout(&matrix, &shader, Scale::Linear, &Style::screen(theme))
}

/// Whether two turned boxes share any point: they do unless some edge of one has the other wholly outside.
fn overlap(a: &[[f32; 2]; 4], b: &[[f32; 2]; 4]) -> bool {
    let apart = |a: &[[f32; 2]; 4], b: &[[f32; 2]; 4]| {
        (0..4).any(|i| {
            let ([x, y], [next_x, next_y]) = (a[i], a[(i + 1) % 4]);
            let outside = |[px, py]: [f32; 2]| (next_x - x) * (py - y) - (next_y - y) * (px - x) <= 0.01;
            b.iter().all(|&point| outside(point))
        })
    };
    !apart(a, b) && !apart(b, a)
}

#[track_caller]
fn check(drawing: &Drawing) {
    let texts: Vec<&Text> = drawing.texts().collect();
    let boxes: Vec<_> = texts.iter().map(|text| text.outline()).collect();
    for (i, a) in boxes.iter().enumerate() {
        for [x, y] in a {
            let inside = (0.0..=drawing.width).contains(x) && (0.0..=drawing.height).contains(y);
            assert!(inside, "`{}` leaves the page at {x}, {y}", texts[i].text);
        }
        for (j, b) in boxes.iter().enumerate().skip(i + 1) {
            assert!(!overlap(a, b), "`{}` lies on `{}`", texts[i].text, texts[j].text);
        }
    }
}

#[test]
fn labels_never_overlap_nor_leave_the_page() {
    for n in [1, 2, 5, 23, 40, 51, 52, 64, 65, 100, 333, 719, 1024, 3000] {
        // Values are not what is looked at: the largest maps are laid out with few
        for numbered in [false, true] {
            check(&page(n.min(400), numbered, Theme::Dark));
        }
    }
}

#[test]
fn a_short_prompt_shows_every_token_and_a_long_one_says_how_many_more() {
    let shown =
        |n: usize| page(n, false, Theme::Light).texts().map(|text| text.text.clone()).collect::<Vec<_>>();
    let short = shown(12);
    for token in tokens(12) {
        // Twice along the axes (perhaps elided), once in the prompt
        assert!(short.iter().filter(|text| **text == token).count() >= 1, "`{token}` is missing");
    }
    assert!(shown(300).iter().any(|text| text.starts_with("… ") && text.ends_with(" more")));
}

#[test]
fn a_sheet_of_any_size_keeps_its_names_apart() {
    for (layers, heads) in [(1, 1), (6, 8), (12, 12), (2, 32), (24, 16), (3, 64)] {
        let raster =
            Shader::new(ColorMap::Magma, Scale::Linear, ValueRange { low: 0.0, high: 1.0 }).paint(&[0.5], 1);
        let line = |layer: usize| Line {
            name: format!("L{layer}"),
            maps: (0..heads).map(|head| (format!("{layer}.{head}"), raster.clone())).collect(),
        };
        let sheet = Sheet {
            title: "storyteller".into(),
            subtitle: format!("{layers} layers × {heads} heads · 9 tokens"),
            hook: "blocks.*.attn.hook_pattern".into(),
            words: "Attention weight, each map from 0 to its own maximum".into(),
            groups: vec![Group {
                title: (layers > 1).then(|| "Decoder".to_owned()),
                shape: (9, 3 * layers),
                lines: (0..layers).map(line).collect(),
            }],
            strips: vec![Strip { title: &maps::PROMPT, tokens: tokens(9) }],
        };
        check(&sheet::layout(&sheet, &Style::screen(Theme::Dark)));
    }
}

#[test]
fn markup_in_tokens_stays_text() {
    let evil = "</text><script>alert(1)</script>\u{1}&amp;\"";
    let mut drawing = page(3, false, Theme::Dark);
    let mut text = drawing.texts().next().expect("a page has a title").clone();
    text.text = evil.to_owned();
    drawing.title = evil.to_owned();
    drawing.text(text);
    let svg = to_svg(&drawing);
    assert!(!svg.contains("<script"), "a token became an element");
    assert!(!svg.contains('\u{1}'), "XML 1.0 has no such character");
    let options = resvg::usvg::Options::default();
    let tree = resvg::usvg::Tree::from_str(&svg, &options).expect("someone else's reader accepts it");
    assert!((tree.size().width() - drawing.width).abs() < 0.5);
}

#[test]
fn a_png_is_as_wide_as_asked_and_shows_the_ground() {
    for theme in [Theme::Dark, Theme::Light] {
        let drawing = page(9, false, theme);
        let bytes = png::draw(&drawing, 300.0 / drawing.width).expect("drawn");
        let decoder = ::png::Decoder::new(std::io::Cursor::new(bytes));
        let mut reader = decoder.read_info().expect("a PNG");
        assert_eq!(reader.info().width, 300);
        let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
        reader.next_frame(&mut pixels).expect("whole");
        let ground = match theme {
            Theme::Dark => [0x0f, 0x12, 0x17],
            Theme::Light => [0xff; 3],
        };
        assert_eq!(pixels[..3], ground, "{theme:?}");
    }
}

#[test]
fn an_absurd_size_is_refused() {
    let error = png::draw(&page(3, false, Theme::Dark), 2000.0).expect_err("too large");
    assert!(error.hint().is_some_and(|hint| hint.contains("--size")), "{error}");
}

#[test]
fn a_small_probability_is_not_written_as_none() {
    let said = [0.0, 4e-5, 6e-5, 0.9566, 1.0].map(|p| mnemoscope::export::figure::bars::percent(p, 2));
    assert_eq!(said, ["0.00 %", "< 0.01 %", "0.01 %", "95.66 %", "100.00 %"]);
}
