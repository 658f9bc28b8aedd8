//! Contract: the interactive page is one sound file that holds the weights within its stated error, reaches for no
//! network, and executes nothing that came from a prompt.

use crate::export::{Run, what};
use crate::export_translation::translated;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mnemoscope::export::{Options, What};
use mnemoscope::trace::HeadId;
use serde_json::Value;
use std::io::Read as _;

fn page(run: &Run) -> String {
    let path = run.export("page.html", &what(&[What::Pattern])).expect("written");
    std::fs::read_to_string(path).expect("UTF-8")
}

/// The JSON between the element that holds it and the next end of a script: as a browser cuts it.
fn data(page: &str) -> Value {
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"data\">").expect("an element");
    let (json, _) = rest.split_once("</script").expect("it ends");
    serde_json::from_str(json).expect("one JSON object")
}

#[test]
fn weights_are_within_the_stated_error() {
    let run = Run::of("gpt2-odd", 13);
    let data = data(&page(&run));
    assert_eq!(data["bits"], 16);
    let heads = data["heads"].as_array().expect("heads");
    assert_eq!(heads.len(), run.trace.head_ids().count());
    for head in heads {
        let number = |name: &str| head[name].as_u64().expect("a number") as usize;
        let id = HeadId { layer: number("layer"), head: number("head") };
        let max = head["max"].as_f64().expect("a maximum") as f32;
        let packed = BASE64_STANDARD.decode(head["data"].as_str().expect("text")).expect("base64");
        let mut bytes = Vec::new();
        flate2::read::ZlibDecoder::new(&packed[..]).read_to_end(&mut bytes).expect("deflated");
        let steps: Vec<u16> = bytemuck::pod_collect_to_vec(&bytes);
        let exact = run.trace.pattern(id).tile(0..13, 0..13);
        assert_eq!(steps.len(), exact.len());
        for (step, exact) in steps.into_iter().zip(exact) {
            let weight = f32::from(step) / 65_535.0 * max;
            assert!((weight - exact).abs() <= 0.51 / 65_535.0 * max, "{id}: {weight} for {exact}");
        }
    }
}

#[test]
fn a_long_prompt_keeps_to_five_megabytes_and_states_its_coarser_steps() {
    let model =
        mnemoscope::engine::load(&mnemoscope::engine::ModelSource::Embedded, &mnemoscope::engine::Job::new())
            .expect("it is in the program");
    let vocab = model.spec().vocab as u32;
    let ids: Vec<u32> = (0..512).map(|i: u32| (i * 7 + i * i / 3) % vocab).collect();
    let trace = crate::parity::run_ids(&model, &ids);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = Run { model, trace, folder };
    let page = page(&run);
    assert!(page.len() <= 5_000_000, "{} bytes", page.len());
    let data = data(&page);
    let bits = data["bits"].as_u64().expect("a number") as i32;
    assert!((5..=8).contains(&bits), "{bits} bits");
    let unit = 1.0 / (2.0_f32.powi(bits) - 1.0);
    assert!(data["about"].as_str().expect("words").contains(&format!("± {:.1e}", 0.5 * unit)));
    let head = &data["heads"][7];
    let id = HeadId {
        layer: head["layer"].as_u64().expect("a layer") as usize,
        head: head["head"].as_u64().expect("a head") as usize,
    };
    let packed = BASE64_STANDARD.decode(head["data"].as_str().expect("text")).expect("base64");
    let mut steps = Vec::new();
    flate2::read::ZlibDecoder::new(&packed[..]).read_to_end(&mut steps).expect("deflated");
    let max = head["max"].as_f64().expect("a maximum") as f32;
    let exact = run.trace.pattern(id).tile(0..512, 0..512);
    for (step, exact) in steps.into_iter().zip(exact) {
        assert!((f32::from(step) * unit * max - exact).abs() <= 0.51 * unit * max, "{id}");
    }
}

#[test]
fn a_token_that_closes_the_script_stays_text() {
    let run = Run::of("gpt2-odd", 5);
    let page = page(&run);
    assert_eq!(page.matches("<script").count(), 2, "the data and our own script, nothing else");
    assert!(!page.contains("alert(1)</script"));
    let shown = data(&page)["tokens"][1].as_str().expect("text").to_owned();
    assert_eq!(shown, run.trace.tokens[1].shown());
    assert!(shown.starts_with("</script><script>alert(1)</script>"));
}

#[test]
fn the_script_writes_text_only_and_asks_nobody() {
    let run = Run::of("gpt2-odd", 3);
    let page = page(&run);
    for banned in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "fetch(",
        "http:",
        "https:",
    ] {
        assert!(!page.contains(banned), "the page says {banned}");
    }
    assert!(page.contains("Content-Security-Policy") && page.contains("default-src 'none'"));
    for mark in ["/*STYLE*/", "/*SCRIPT*/", "/*DATA*/"] {
        assert!(!page.contains(mark), "{mark} was not filled");
    }
}

#[test]
fn only_picked_heads_are_in() {
    let run = Run::of("gpt2-odd", 4);
    let mut options = Options::default();
    options.selection.heads = Some("0".parse().expect("a head"));
    let path = run.export("one.html", &options).expect("written");
    let data = data(&std::fs::read_to_string(path).expect("UTF-8"));
    assert!(data["heads"].as_array().expect("heads").iter().all(|head| head["head"] == 0));
}

#[test]
fn a_page_of_two_texts_has_rows_and_columns_of_its_own_for_each_head() {
    let run = translated();
    let page = page(&run);
    assert_eq!(page.matches("<script").count(), 2);
    let data = data(&page);
    let length = |value: &Value| value.as_array().expect("a list").len();
    assert_eq!((length(&data["source"]), length(&data["tokens"])), (6, 4));
    assert_eq!((length(&data["source_ids"]), length(&data["ids"])), (6, 4));
    let heads = data["heads"].as_array().expect("heads");
    for (part, rows, columns, of_source) in
        [("encoder", 6, 6, (true, true)), ("decoder", 4, 4, (false, false)), ("cross", 4, 6, (false, true))]
    {
        let own: Vec<&Value> = heads.iter().filter(|head| head["part"] == part).collect();
        assert!(!own.is_empty(), "{part}");
        for head in own {
            assert_eq!((head["rows"].as_u64(), head["columns"].as_u64()), (Some(rows), Some(columns)));
            let sides = (head["rows_of_source"].as_bool(), head["columns_of_source"].as_bool());
            assert_eq!(sides, (Some(of_source.0), Some(of_source.1)));
            let packed = BASE64_STANDARD.decode(head["data"].as_str().expect("text")).expect("base64");
            let mut bytes = Vec::new();
            flate2::read::ZlibDecoder::new(&packed[..]).read_to_end(&mut bytes).expect("deflated");
            assert_eq!(bytes.len() as u64, 2 * rows * columns);
            let small = BASE64_STANDARD.decode(head["thumbnail"].as_str().expect("text")).expect("base64");
            assert_eq!(small.len() as u64, rows * columns);
        }
    }
    let named = |name: &str| heads.iter().find(|head| head["name"] == name).expect("a head of that name");
    assert_eq!(named("cross 1.2")["hook"], "decoder.1.cross_attn.hook_pattern[2]");
    assert_eq!(named("cross 1.2")["part_layer"], 1);
}
