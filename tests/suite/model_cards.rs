//! Contract: a model's own README is shown beside what its weights say, with nothing fetched and nothing opened by itself.

use crate::cli::{object, program};
use crate::files::{copy_of, write};
use crate::parity::fixtures;
use crate::window::{send, until_seen, window_on};
use egui_kittest::kittest::Queryable as _;
use mnemoscope::app::{
    command::Command,
    layout::Pane,
    markdown::{Block, blocks},
    settings::Settings,
    words::Language,
};
use mnemoscope::engine::ModelSource;
use mnemoscope::model::ModelCard;

const README: &str = "---\n\
# What the hub reads\n\
license: apache-2.0 # permissive\n\
language:\n- en\n- \"zh\"\n\
tags: [tiny, 'test']\n\
model-index:\n- name: x\n  results:\n  - task:\n      type: text\n    datasets: never\n\
datasets:\n  - one/two\n\
---\n\
# A tiny model\n\n\
Made **for tests** by `nobody`; see [the page](https://example.org/a).\n\n\
![a picture](https://example.org/track.png)\n\n\
<script>alert('x')</script>\n\n\
1. first\n2. second\n   - deeper\n\n\
| a | b |\n|---|---|\n| 1 | 2 |\n\n\
```\ncode < here\n```\n";

#[test]
fn the_head_of_a_readme_is_read_as_the_hub_reads_it() {
    let card = ModelCard::parse(README);
    let own = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    assert_eq!(
        card.facts,
        [
            ("license", own(&["apache-2.0"])),
            ("language", own(&["en", "zh"])),
            ("datasets", own(&["one/two"])),
            ("tags", own(&["tiny", "test"])),
        ]
    );
    assert!(card.text.starts_with("# A tiny model"), "{}", card.text);
    let bare = ModelCard::parse("Just words\n---\nand a line");
    assert!(bare.facts.is_empty() && bare.text.starts_with("Just words"));
}

#[test]
fn markdown_becomes_blocks_and_html_is_left_out() {
    let all = blocks(&ModelCard::parse(README).text);
    let plain = |spans: &[mnemoscope::app::markdown::Span]| {
        spans.iter().map(|span| span.text.as_str()).collect::<String>()
    };
    let Block::Heading(1, title) = &all[0] else { panic!("{all:?}") };
    assert_eq!(plain(title), "A tiny model");
    let Block::Paragraph(words) = &all[1] else { panic!("{all:?}") };
    assert_eq!(plain(words), "Made for tests by nobody; see the page.");
    let of = |text: &str| words.iter().find(|span| span.text == text).expect("a span");
    assert!(of("for tests").strong && of("nobody").code);
    assert_eq!(of("the page").link.as_deref(), Some("https://example.org/a"));
    assert!(!all.iter().any(|block| format!("{block:?}").contains("alert")), "{all:?}");
    let items: Vec<_> = all
        .iter()
        .filter_map(|block| match block {
            Block::Item(depth, marker, spans) => Some((*depth, marker.clone(), plain(spans))),
            _ => None,
        })
        .collect();
    let item = |depth, marker: &str, text: &str| (depth, marker.to_owned(), text.to_owned());
    assert_eq!(items, [item(0, "1.", "first"), item(0, "2.", "second"), item(1, "•", "deeper")]);
    let row = |head: bool, a: &str, b: &str| {
        all.iter().any(|block| {
            matches!(block, Block::Row(own, cells) if *own == head
                && cells.iter().map(|cell| plain(cell)).eq([a.to_owned(), b.to_owned()]))
        })
    };
    assert!(row(true, "a", "b") && row(false, "1", "2"), "{all:?}");
    assert!(all.contains(&Block::Code("code < here\n".to_owned())));
}

#[test]
fn info_tells_licence_and_languages() {
    let folder = copy_of(&fixtures().join("gpt2-odd"));
    write(&folder.path().join("README.md"), README.as_bytes());
    let path = folder.path().to_str().expect("a path");
    let told = object(&program().args(["info", path, "--json"]).output().expect("it runs"));
    assert_eq!(told["card"]["facts"]["license"][0], "apache-2.0");
    assert_eq!(told["card"]["facts"]["language"], serde_json::json!(["en", "zh"]));
    let out = program().args(["info", path]).output().expect("it runs");
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(
        text.contains("license          apache-2.0") && text.contains("datasets         one/two"),
        "{text}"
    );
    // A lone file beside a README that says nothing of models
    std::fs::remove_file(folder.path().join("config.json")).expect("a copy");
    write(&folder.path().join("README.md"), b"Downloads");
    assert_eq!(ModelCard::beside(&folder.path().join("model.safetensors")), None);
}

#[test]
fn the_window_shows_the_readme_and_asks_before_a_link_opens() {
    let folder = copy_of(&fixtures().join("induction-by-hand"));
    write(&folder.path().join("README.md"), README.as_bytes());
    let settings = Settings { live: false, dark: Some(true), ..Settings::default() };
    let source = ModelSource::Path(folder.path().to_owned());
    let mut harness = window_on(source, [1440.0, 900.0], settings, Some("1 2 3"));
    send(&mut harness, Command::Maximise(Some(Pane::Weights)));
    until_seen(&mut harness, "the README", |harness| harness.query_by_label("A tiny model").is_some());
    assert!(harness.query_all_by_label("apache-2.0").next().is_some());
    harness.get_by_role_and_label(egui::Role::Link, "the page").click();
    harness.step();
    harness.step();
    let opened = |harness: &egui_kittest::Harness<'_, mnemoscope::app::Window>| {
        harness
            .output()
            .platform_output
            .commands
            .iter()
            .any(|command| matches!(command, egui::OutputCommand::OpenUrl(_)))
    };
    assert!(!opened(&harness), "a click alone opens nothing");
    harness.get_by_label("https://example.org/a");
    // One event, and so one frame, whose output is seen
    harness.get_by_label("Open in the browser").click_accesskit();
    let mut did = false;
    for _ in 0..4 {
        harness.step();
        did |= opened(&harness);
    }
    assert!(did, "who asks for it gets there");
    send(&mut harness, Command::SetLanguage(Language::Chinese));
    assert!(harness.query_all_by_label("许可证").next().is_some());
}
