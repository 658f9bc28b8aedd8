//! Contract: values become the colours that the map, the scale and the range say, and tiles show the whole.

use crate::parity::{run_ids, storyteller};
use mnemoscope::render::tiles::{self, Quantity, TileKey};
use mnemoscope::render::{ColorMap, Plain, Scale, Shader, Theme, ValueRange, contrast, ink_on};
use mnemoscope::trace::{HeadId, Pattern, Trace};
use strum::IntoEnumIterator as _;

const UNIT: ValueRange = ValueRange { low: 0.0, high: 1.0 };

fn trace(n_tokens: u32) -> Trace {
    // The embedded model: the fixtures take only short prompts
    let model = storyteller();
    let vocab = model.spec().vocab as u32;
    run_ids(&model, &(0..n_tokens).map(|i| (i * 7 + i / 3) % vocab).collect::<Vec<_>>())
}

#[test]
fn published_maps_keep_their_ends() {
    for (map, low, high) in [
        (ColorMap::Magma, [0x00, 0x00, 0x04], [0xfc, 0xfd, 0xbf]),
        (ColorMap::Viridis, [0x44, 0x01, 0x54], [0xfd, 0xe7, 0x25]),
        (ColorMap::Inferno, [0x00, 0x00, 0x04], [0xfc, 0xff, 0xa4]),
        (ColorMap::Cividis, [0x00, 0x22, 0x4e], [0xfe, 0xe8, 0x38]),
    ] {
        assert_eq!(map.lut()[0][..3], low, "{}", map.id());
        assert_eq!(map.lut()[255][..3], high, "{}", map.id());
    }
}

#[test]
fn a_map_has_the_floor_of_its_theme() {
    for map in ColorMap::iter() {
        let floor = if map.is_signed() { map.at(0.5) } else { map.at(0.0) };
        let ground = match map.theme() {
            Theme::Dark => [0, 0, 0, 255],
            Theme::Light => [255, 255, 255, 255],
        };
        assert!(contrast(floor, ground) < 1.7, "{}: {floor:?} is no floor of {:?}", map.id(), map.theme());
        for theme in Theme::iter() {
            let kin = map.on(theme);
            assert_eq!((kin.theme(), kin.is_signed()), (theme, map.is_signed()), "{}", map.id());
        }
    }
}

#[test]
fn unsigned_maps_grow_steadily_lighter_or_darker() {
    let lightness = |[r, g, b, _]: [u8; 4]| f32::from(r) * 0.3 + f32::from(g) * 0.59 + f32::from(b) * 0.11;
    for map in ColorMap::iter().filter(|map| !map.is_signed()) {
        let lut = map.lut();
        let rising = lightness(lut[255]) > lightness(lut[0]);
        for pair in lut.windows(2) {
            let step = lightness(pair[1]) - lightness(pair[0]);
            assert!(if rising { step > -2.0 } else { step < 2.0 }, "{} turns back: {pair:?}", map.id());
        }
    }
}

#[test]
fn names_are_read_back() {
    for map in ColorMap::iter() {
        assert_eq!(map.id().parse(), Ok(map));
        assert_eq!(serde_json::to_string(&map).expect("serialises"), format!("\"{}\"", map.id()));
    }
}

#[test]
fn words_stay_readable_in_both_themes() {
    for theme in Theme::iter() {
        let tokens = theme.tokens();
        for words in [tokens.text, tokens.muted, tokens.accent_text, tokens.measure_text] {
            for ground in [tokens.background, tokens.panel, tokens.raised] {
                assert!(contrast(words, ground) >= 4.5, "{theme:?}: {words:?} on {ground:?}");
            }
        }
    }
}

#[test]
fn ink_is_black_or_white_whichever_contrasts() {
    assert_eq!(ink_on([255, 255, 255, 255]), [0, 0, 0, 255]);
    assert_eq!(ink_on([20, 20, 60, 255]), [255, 255, 255, 255]);
}

#[test]
fn masked_cells_take_the_floor_and_nan_its_own_colour() {
    for map in ColorMap::iter() {
        for scale in Scale::iter() {
            let shader = Shader::new(map, scale, UNIT);
            assert_eq!(shader.color(f32::NEG_INFINITY), shader.floor(), "{} {}", map.id(), scale.id());
            assert_eq!(shader.color(0.0), shader.floor(), "{} {}", map.id(), scale.id());
            assert_eq!(shader.color(f32::NAN), map.nan());
            assert!(!map.lut().contains(&map.nan()), "{} shows its NaN colour", map.id());
        }
    }
}

#[test]
fn values_beyond_the_range_take_its_ends() {
    let shader = Shader::new(ColorMap::Greys, Scale::Linear, ValueRange { low: 1.0, high: 3.0 });
    assert_eq!(shader.color(-5.0), [0, 0, 0, 255]);
    assert_eq!(shader.color(f32::INFINITY), [255, 255, 255, 255]);
    let middle = shader.color(2.0)[0];
    assert!((127..=128).contains(&middle), "{middle}");
}

#[test]
fn the_logarithmic_scale_is_a_logarithm() {
    let shader = Shader::new(ColorMap::Greys, Scale::Log, ValueRange { low: 0.0, high: 2.0 });
    for octave in 0..=16 {
        let position = shader.position(2.0 * 0.5_f32.powi(octave));
        assert!((position - (1.0 - octave as f32 / 16.0)).abs() < 1e-3, "octave {octave}: {position}");
    }
    assert_eq!(shader.color(1e-9), shader.floor());
    let signed = Shader::new(ColorMap::Diverging, Scale::Log, ValueRange { low: -1.0, high: 1.0 });
    assert_eq!(signed.color(1.0), ColorMap::Diverging.at(1.0));
    assert_eq!(signed.color(-1.0), ColorMap::Diverging.at(0.0));
}

#[test]
fn each_row_reaches_its_own_maximum() {
    let shader = Shader::new(ColorMap::Greys, Scale::Row, UNIT);
    let raster = shader.paint(&[0.1, 0.2, 0.4, 0.8, 0.0, 0.0], 2);
    let white = [255; 4];
    assert_eq!((raster.width, raster.height), (2, 3));
    assert_eq!([raster.pixels[1], raster.pixels[3]], [white; 2]);
    assert_eq!(raster.pixels[4..], [[0, 0, 0, 255]; 2], "a row of nothing is the floor");
    let part = shader.paint_rows(&[0.1], 1, Some(&[0.2]));
    assert!((126..=129).contains(&part.pixels[0][0]), "a part is measured against its whole row");
}

#[test]
fn a_signed_map_has_nothing_at_zero_however_flat_the_row() {
    for scale in Scale::iter() {
        let shader = Shader::new(ColorMap::DivergingLight, scale, ValueRange::symmetric(&[0.0, 0.0]));
        let raster = shader.paint(&[0.0, 0.0], 2);
        assert_eq!(raster.pixels, [shader.floor(); 2], "{}", scale.id());
    }
}

#[test]
fn many_values_are_painted_as_few_are() {
    let values: Vec<f32> = (0..400 * 300).map(|i| (i % 977) as f32 / 977.0).collect();
    for scale in Scale::iter() {
        let shader = Shader::new(ColorMap::Magma, scale, UNIT);
        let whole = shader.paint(&values, 400);
        let rows = values.chunks(400).flat_map(|row| shader.paint(row, 400).pixels);
        assert!(whole.pixels.into_iter().eq(rows), "{}", scale.id());
    }
}

fn plain(pattern: Pattern<'_>) -> Plain<'_> {
    Plain { pattern, quantity: Quantity::Weights }
}

#[test]
fn tiles_put_together_are_the_whole_map() {
    let trace = trace(300);
    let pattern = trace.pattern(HeadId { layer: 0, head: 1 });
    let whole = pattern.tile(0..300, 0..300);
    for key in tiles::covering(0, 0..300, 0..300) {
        let tile = tiles::tile(&plain(pattern), key, Scale::Linear).expect("nobody breaks off");
        for (index, value) in tile.values.iter().enumerate() {
            let (row, column) = (index / tile.columns, index % tile.columns);
            let (q, k) = (key.queries(300).start + row, key.keys(300).start + column);
            assert!((value - whole[q * 300 + k]).abs() < 1e-6, "{key:?} at {q}, {k}");
        }
    }
}

#[test]
fn a_coarse_tile_keeps_the_greatest() {
    let trace = trace(300);
    let pattern = trace.pattern(HeadId { layer: 1, head: 0 });
    assert_eq!(tiles::levels(300, 300), 2);
    let key = TileKey { level: 1, row: 0, column: 0 };
    let tile = tiles::tile(&plain(pattern), key, Scale::Row).expect("nobody breaks off");
    assert_eq!((tile.rows, tile.columns), (150, 150));
    let whole = pattern.tile(0..300, 0..300);
    for row in 0..150 {
        for column in 0..150 {
            let cells =
                [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(q, k)| whole[(2 * row + q) * 300 + 2 * column + k]);
            let greatest = cells.into_iter().fold(0.0, f32::max);
            assert!((tile.values[row * 150 + column] - greatest).abs() < 1e-6, "{row}, {column}");
        }
        let peak = whole[2 * row * 300..(2 * row + 2) * 300].iter().copied().fold(0.0, f32::max);
        let peaks = tile.peaks.as_ref().expect("asked for by the scale");
        assert!((peaks[row] - peak).abs() < 1e-6, "peak of row {row}");
    }
}

#[test]
fn coarse_scores_keep_the_one_farthest_from_zero() {
    let trace = trace(60);
    let pattern = trace.pattern(HeadId { layer: 0, head: 0 });
    let whole = pattern.scores_tile(0..60, 0..60);
    let pooled = tiles::pooled(&pattern, Quantity::Scores, 0..60, 0..60, 20, 20);
    for (index, &value) in pooled.iter().enumerate() {
        let (row, column) = (index / 20 * 3, index % 20 * 3);
        let cells = (0..9).map(|i| whole[(row + i / 3) * 60 + column + i % 3]);
        let farthest = cells.filter(|cell| cell.is_finite()).fold(f32::NEG_INFINITY, |best: f32, cell| {
            if !best.is_finite() || cell.abs() > best.abs() { cell } else { best }
        });
        let masked = farthest == f32::NEG_INFINITY && value == f32::NEG_INFINITY;
        assert!(masked || (value - farthest).abs() < 1e-5, "{index}: {value}, not {farthest}");
    }
}

#[test]
fn the_level_never_has_more_values_than_pixels() {
    assert_eq!(tiles::level_for(3.0, 5), 0);
    assert_eq!(tiles::level_for(1.0, 5), 0);
    assert_eq!(tiles::level_for(0.5, 5), 1);
    assert_eq!(tiles::level_for(0.3, 5), 1);
    assert_eq!(tiles::level_for(0.001, 3), 2);
    let child = TileKey { level: 0, row: 5, column: 2 };
    assert_eq!(child.parent(), TileKey { level: 1, row: 2, column: 1 });
}

#[test]
fn a_heads_range_leaves_out_the_query_that_has_no_choice() {
    let trace = trace(20);
    for head in trace.head_ids() {
        let pattern = trace.pattern(head);
        let greatest = pattern.tile(1..20, 0..20).into_iter().fold(0.0, f32::max);
        // The range comes from the pass, the tile from q, k and log-sum-exp: they agree as far as `check` asks
        let range = tiles::weight_range(&trace, head);
        assert!(
            range.low == 0.0 && (range.high - greatest).abs() < 1e-5,
            "{head}: {range:?}, not {greatest}"
        );
    }
}
