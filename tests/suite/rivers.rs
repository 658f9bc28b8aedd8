//! Contract: a river and a map of memory hold the very numbers of a memory trace, and are drawn as wide as they are.

use crate::parity::{fixtures, open, run_ids};
use mnemoscope::analysis::{
    FLOW_MAP_LIMIT, MemoryTraceError, Picture, memory_map, memory_trace, river, sources,
};
use mnemoscope::model::Model;
use mnemoscope::render::ribbons::{Ribbons, apart};
use mnemoscope::trace::Trace;
use serde_json::Value;
use std::ops::ControlFlow;
use std::process::{Command, Output};
use strum::IntoEnumIterator as _;

const FACT: &str = "Tom has a red ball. Anna has a green cup. Tom plays with the";
const IDS: [u32; 8] = [25, 11, 41, 67, 8, 25, 11, 9];

fn go_on(_: f32) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn picture_of(model: &Model, trace: &Trace, token: usize, layer: usize, picture: Picture) -> Vec<f64> {
    let traced = memory_trace(&model.network, trace, token, layer, &mut go_on).expect("it can be traced");
    traced.pictures.into_iter().find(|own| own.0 == picture).expect("it is there").1
}

fn close(found: &[f64], expected: &[f64], what: &str) {
    for (key, expected) in expected.iter().enumerate() {
        let difference = (found[key] - expected).abs();
        assert!(
            difference <= 1e-12 * expected.abs().max(1.0),
            "{what}, token {key}: {} is not {expected}",
            found[key]
        );
    }
    assert!(found[expected.len()..].iter().all(|&value| value == 0.0), "{what}: nobody sees ahead");
}

#[test]
fn a_river_is_a_memory_trace_at_every_layer() {
    for name in ["gpt2-odd", "llama-gqa", "gemma2-odd", "bert-mlm"] {
        let model = open(&fixtures().join(name));
        let trace = run_ids(&model, &IDS);
        for picture in Picture::iter() {
            for token in [0, 4, 7] {
                let found =
                    river(&model.network, &trace, token, picture, &mut go_on).expect("it can be traced");
                assert_eq!(found.values.len(), trace.n_layers());
                for (layer, values) in found.values.iter().enumerate() {
                    assert_eq!(values.len(), sources(&trace, token));
                    let expected = picture_of(&model, &trace, token, layer, picture);
                    close(values, &expected, &format!("{name}, {picture:?} of {token} after {layer}"));
                    let whole: f64 = (0..values.len()).map(|source| found.share(layer, source)).sum();
                    assert!((whole - 1.0).abs() < 1e-6, "{name}, {picture:?}: shares sum to {whole}");
                }
            }
        }
    }
}

#[test]
fn a_map_is_the_memory_of_every_token() {
    for name in ["gpt2-odd", "bert-mlm"] {
        let model = open(&fixtures().join(name));
        let trace = run_ids(&model, &IDS);
        for picture in Picture::iter() {
            let layer = trace.n_layers() - 1;
            let map =
                memory_map(&model.network, &trace, layer, picture, &mut go_on).expect("it can be traced");
            assert_eq!(map.values.len(), IDS.len());
            for (token, row) in map.values.iter().enumerate() {
                close(
                    row,
                    &picture_of(&model, &trace, token, layer, picture),
                    &format!("{name}, {picture:?}"),
                );
            }
        }
    }
}

#[test]
fn what_is_too_long_or_not_wanted_is_not_traced() {
    let model = open(&fixtures().join("gpt2-odd"));
    let trace = run_ids(&model, &IDS);
    let missing = river(&model.network, &trace, 8, Picture::Rollout, &mut go_on);
    assert!(matches!(missing, Err(MemoryTraceError::Missing { token: 8, .. })));
    let mut no = |_| ControlFlow::Break(());
    for picture in Picture::iter() {
        let ended = river(&model.network, &trace, 7, picture, &mut no);
        assert_eq!(ended, Err(MemoryTraceError::Cancelled), "{picture:?}");
        let ended = memory_map(&model.network, &trace, 1, picture, &mut no);
        assert_eq!(ended, Err(MemoryTraceError::Cancelled), "{picture:?}");
    }
    let by_hand = open(&fixtures().join("uniform-by-hand"));
    let ids: Vec<u32> = (0..by_hand.spec().context.unwrap_or(99).min(FLOW_MAP_LIMIT + 1))
        .map(|place| (place % by_hand.spec().vocab) as u32)
        .collect();
    if ids.len() > FLOW_MAP_LIMIT {
        let flow = memory_map(&by_hand.network, &run_ids(&by_hand, &ids), 0, Picture::Flow, &mut go_on);
        assert!(matches!(flow, Err(MemoryTraceError::TooLong { limit: FLOW_MAP_LIMIT, .. })));
    }
}

#[test]
fn bands_hold_the_greatest_shares_and_all_others() {
    let model = open(&fixtures().join("gpt2-odd"));
    let trace = run_ids(&model, &IDS);
    let found = river(&model.network, &trace, 7, Picture::Rollout, &mut go_on).expect("it can be traced");
    let last = found.values.len() - 1;
    let bands = found.bands(3, last, Some(1));
    assert!(bands.sources.contains(&1) && bands.sources.len() == 3 && bands.sources.is_sorted());
    assert!(bands.begins && bands.shares.len() == last + 2);
    for shares in &bands.shares {
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{shares:?}");
    }
    let kept: f64 = bands.sources.iter().map(|&source| found.share(last, source)).sum();
    assert!((bands.shares[last + 1][3] - (1.0 - kept)).abs() < 1e-9);
    let greatest = found.by_share(last)[0];
    assert!(bands.sources.contains(&greatest));
}

#[test]
fn ribbons_are_as_wide_as_their_shares() {
    let shares = vec![vec![1.0, 0.0, 0.0], vec![0.5, 0.3, 0.2], vec![0.1, 0.6, 0.3]];
    let ribbons = Ribbons::new(&shares);
    for (column, shares) in shares.iter().enumerate() {
        for (band, &share) in ribbons.bands.iter().zip(shares) {
            let [x, upper, lower] = band[column * (band.len() - 1) / 2];
            assert!((x - column as f32 / 2.0).abs() < 1e-6);
            assert!((f64::from(lower - upper) - share).abs() < 1e-6, "{share} at {x}");
        }
    }
    assert_eq!(ribbons.at(1.0, 0.05), Some(0));
    assert_eq!(ribbons.at(1.0, 0.5), Some(1));
    assert_eq!(ribbons.at(0.0, 0.99), Some(0));
    assert_eq!(ribbons.at(0.5, 1.5), None);
    assert!(Ribbons::new(&[]).bands.is_empty());
    let names = apart(&[0.0, 1.0, 2.0, 99.0, 99.5], 10.0, 100.0);
    assert!(names.windows(2).all(|pair| pair[1] - pair[0] >= 9.99), "{names:?}");
    assert!(names[4] <= 100.0 && names[0] >= 0.0);
}

fn mnemoscope(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mnemoscope"));
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").args(arguments).output().expect("runs")
}

fn object(arguments: &[&str]) -> Value {
    let output = mnemoscope(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one object")
}

#[test]
fn the_command_line_says_what_the_honesty_meter_says() {
    for picture in ["rollout", "values"] {
        let river = object(&["memory", "--prompt", FACT, "--river", "--picture", picture, "--json"]);
        let meter = object(&["memory", "--prompt", FACT, "--layer", "3", "--paths", "direct", "--json"]);
        let pictures = meter["pictures"].as_array().expect("pictures");
        let own = pictures.iter().find(|own| own["name"] == picture).expect("it is there");
        assert_eq!(river["values"][3], own["values"], "{picture}");
        assert_eq!(river["token"], meter["token"]);
        let map = object(&["memory", "--prompt", FACT, "--map", "3", "--picture", picture, "--json"]);
        let token = river["token"].as_u64().expect("a number") as usize;
        assert_eq!(map["values"][token], own["values"]);
    }
}

/// Heights of the bands at the right edge of the river, top to bottom, in the SVG's pixels.
fn right_ends(svg: &str) -> Vec<f64> {
    let corners = |path: &str| -> Vec<[f64; 2]> {
        let numbers = path.trim_start_matches('M').trim_end_matches('Z');
        let pair = |pair: &str| {
            let mut numbers = pair.split(' ').map(|number| number.parse().expect("a number"));
            [numbers.next().expect("x"), numbers.next().expect("y")]
        };
        numbers.split('L').map(pair).collect()
    };
    let paths = svg.split("<path d=\"").skip(1).map(|rest| corners(rest.split('"').next().expect("a path")));
    let ends = paths.map(|corners| {
        let right = corners.iter().map(|[x, _]| *x).fold(f64::MIN, f64::max);
        let edge: Vec<f64> = corners.iter().filter(|[x, _]| right - x < 0.01).map(|[_, y]| *y).collect();
        edge.iter().copied().fold(f64::MIN, f64::max) - edge.iter().copied().fold(f64::MAX, f64::min)
    });
    ends.collect()
}

#[test]
fn files_hold_the_same_numbers() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let [svg, png, csv, npz] = ["r.svg", "r.png", "r.csv", "r.npz"].map(path);
    let base = ["memory", "--prompt", FACT, "--river", "--json", "-o", &svg, &png, &csv, &npz];
    let river = object(&base);
    let last = river["shares"].as_array().and_then(|layers| layers.last()).expect("layers").clone();
    let shares: Vec<f64> = serde_json::from_value(last).expect("numbers");
    let mut greatest = shares.clone();
    greatest.sort_by(|a, b| b.total_cmp(a));
    let svg = std::fs::read_to_string(svg).expect("written");
    let ends = right_ends(&svg);
    // Six bands and the others, then hairlines
    let mut drawn: Vec<f64> = ends[..6].iter().map(|height| height / 360.0).collect();
    drawn.sort_by(|a, b| b.total_cmp(a));
    for (drawn, share) in drawn.iter().zip(&greatest) {
        assert!((drawn - share).abs() < 1e-4, "{drawn} is drawn for {share}");
    }
    assert!(std::fs::read(png).expect("written").starts_with(b"\x89PNG"));
    let rows = csv::Reader::from_path(&csv).expect("written").into_records().map(|row| row.expect("a row"));
    let rows: Vec<csv::StringRecord> = rows.collect();
    assert_eq!(rows.len(), shares.len() * river["shares"].as_array().map_or(0, Vec::len));
    let value: f64 = rows[rows.len() - 1][4].parse().expect("a number");
    assert!((value - shares[shares.len() - 1]).abs() < 1e-12);
    let bytes = std::fs::read(npz).expect("written");
    assert!(bytes.windows(10).any(|some| some == b"memory.npy"));

    let [png, csv, npz, pdf] = ["m.png", "m.csv", "m.npz", "m.pdf"].map(path);
    let map = object(&["memory", "--prompt", FACT, "--map", "2", "--json", "-o", &png, &csv, &npz, &pdf]);
    let mut zip = zip::ZipArchive::new(std::fs::File::open(npz).expect("written")).expect("a zip");
    let mut member = Vec::new();
    std::io::Read::read_to_end(&mut zip.by_name("memory.npy").expect("it is there"), &mut member)
        .expect("read");
    let n = map["tokens"].as_array().map_or(0, Vec::len);
    let numbers = &member[member.len() - n * n * 4..];
    let at = |index: usize| f32::from_le_bytes(numbers[index * 4..index * 4 + 4].try_into().expect("four"));
    let expected = map["values"][n - 1][4].as_f64().expect("a number");
    assert!((f64::from(at((n - 1) * n + 4)) - expected).abs() < 1e-6);
    let table = std::fs::read_to_string(csv).expect("written");
    assert_eq!(table.lines().count(), n * n + 1);
    assert_eq!(mnemoscope(&["memory", "--prompt", FACT, "--map", "2", "-o", "x.txt"]).status.code(), Some(1));
    assert_eq!(mnemoscope(&["memory", "--prompt", FACT, "-o", "x.png"]).status.code(), Some(2));
}
