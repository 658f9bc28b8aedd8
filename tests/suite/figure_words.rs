//! Contract: a figure's own words are all in the language that is asked for, in every format; files of numbers are the
//! same in both.

use crate::export::{Run, what};
use crate::parity::storyteller_run;
use crate::views::of;
use mnemoscope::analysis::atlas::{ROLES, columns};
use mnemoscope::analysis::{MEASURES, Picture};
use mnemoscope::engine::{View, ViewAsk};
use mnemoscope::export::figure::Drawing;
use mnemoscope::export::figure::drawing::Face;
use mnemoscope::export::picture::{self, Limits};
use mnemoscope::export::words::{atlas, names, page};
use mnemoscope::export::{Body, Lang, Look, Options, Plate, Preset, Says, Source, What};
use mnemoscope::render::Scale;
use mnemoscope::trace::{FirstToken, HeadId, Steps, Trace, Weigh};
use std::ops::ControlFlow;
use strum::IntoEnumIterator as _;

/// Names and signs that are the same in every language: of models, formats, formulas, and of people.
const SIGNS: &[&str] = &[
    "mnemoscope",
    "logit",
    "logits",
    "softmax",
    "mlp",
    "min",
    "max",
    "norm",
    "scale",
    "unembed",
    "final",
    "fact",
    "hook",
    "jensen",
    "shannon",
    "resid",
    "pre",
    "pattern",
    "attn",
    "blocks",
    "memory",
    "alti",
    "contributions",
    "embed",
    "weight",
    "gpt",
    "kv",
    "all",
    "none",
    "sinks",
    "recent",
    "induction",
    "stripe",
    "previous",
    "f32",
    "f16",
    "bf16",
    "mul",
    "num",
    "softcap",
    "toys",
];

/// Whether every word that the figure itself writes is Chinese: tokens and what the model is called apart.
#[track_caller]
pub(crate) fn reads_chinese(drawing: &Drawing, plate: &Plate, trace: &Trace, what: &str) {
    let mut quoted: Vec<String> = vec![trace.model_name.clone()];
    quoted.extend(trace.tokens.iter().chain(trace.source.iter()).map(mnemoscope::trace::Token::shown));
    quoted.extend(trace.next.iter().map(|next| mnemoscope::model::shown(&next.text)));
    // What a plate says alike in both languages is a name, a token or a formula
    let alike = |says: &Says| (says.en == says.zh).then(|| says.en.to_string());
    quoted.extend([&plate.title, &plate.subtitle, &plate.hook].into_iter().filter_map(alike));
    quoted.extend(plate.subtitle.en.split(" · ").next().map(str::to_owned));
    quoted.sort_by_key(|text| usize::MAX - text.len());
    let mut chinese = 0;
    for text in drawing.texts() {
        chinese += text.text.chars().filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).count();
        // Letters of one width are for tokens, numbers and names of parts; what is said in words is not
        if text.face == Face::Mono {
            continue;
        }
        let own = quoted
            .iter()
            .filter(|text| text.len() > 1)
            .fold(text.text.clone(), |own, text| own.replace(text, " "));
        for word in own.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() > 2) {
            let known = SIGNS.contains(&&*word.to_lowercase());
            assert!(known, "{what}: `{word}` is no Chinese, in `{}`", text.text);
        }
    }
    let bare = matches!(plate.body, Body::Chips(_) | Body::River(_))
        && drawing.texts().all(|text| text.face == Face::Mono);
    assert!(chinese > 0 || bare, "{what} has no word of Chinese");
}

#[test]
fn maps_sheets_and_states_read_chinese() {
    let (model, trace) = storyteller_run("Mary has a red ball. Mary");
    let source = Source { model: Some(&model), trace: &trace, watch: &|_| ControlFlow::Continue(()) };
    let head = HeadId { layer: 4, head: 1 };
    let base = Options { look: Look { lang: Lang::Zh, ..Look::default() }, ..Options::default() };
    let looks = [
        Look { ..base.look },
        Look { scale: Scale::Rank, preset: Some(Preset::Slide), ..base.look },
        Look { scale: Scale::Row, steps: Steps { first: FirstToken::Hide, ..Steps::default() }, ..base.look },
        Look { scale: Scale::Log, steps: Steps { weigh: Weigh::Values, ..Steps::default() }, ..base.look },
    ];
    let mut drawings = Vec::new();
    for look in looks {
        for picked in [vec![head], vec![head, HeadId { head: 2, ..head }], Vec::new()] {
            drawings.push(
                picture::draw(&source, &Options { picked, look, ..base.clone() }, Limits::PIXELS)
                    .expect("drawn"),
            );
        }
    }
    for what in What::iter().filter(|what| picture::quantity(*what).is_none()) {
        if let Ok(drawing) =
            picture::draw(&source, &Options { what: vec![what], ..base.clone() }, Limits::PIXELS)
        {
            drawings.push(drawing);
        }
    }
    assert!(drawings.len() > 15, "{} pictures", drawings.len());
    let plate = of(Some(&model), &trace, &ViewAsk { head, ..ViewAsk::new(View::Norms) }).expect("a plate");
    for (place, drawing) in drawings.iter().enumerate() {
        reads_chinese(drawing, &plate, &trace, &format!("picture {place}"));
    }
}

#[test]
fn numbers_are_the_same_whatever_the_language() {
    let (model, trace) = storyteller_run("Mary has a red ball.");
    let folder = tempfile::tempdir().expect("a folder");
    let plate = of(Some(&model), &trace, &ViewAsk::new(View::Norms)).expect("a plate");
    let written = |lang: Lang, ending: &str| {
        let path = folder.path().join(format!("{lang:?}.{ending}"));
        plate.write(Look { lang, ..Look::default() }, &path).expect("written");
        std::fs::read(path).expect("written")
    };
    for ending in ["csv", "json"] {
        assert_eq!(written(Lang::En, ending), written(Lang::Zh, ending));
    }
    assert_ne!(written(Lang::En, "svg"), written(Lang::Zh, "svg"));
}

/// Names that come from an analysis have their Chinese beside them.
#[test]
fn every_measure_role_picture_and_step_has_a_name() {
    for measure in MEASURES {
        assert!(names::measure_zh(measure.id).is_some(), "{}", measure.id);
    }
    for role in ROLES {
        assert!(names::role_zh(role.id).is_some(), "{}", role.id);
    }
    for role in columns() {
        let axis = names::axis(role.score, "?".to_owned());
        assert_ne!(axis.zh, "?", "{}", role.score);
    }
    for picture in Picture::iter() {
        let said = names::picture(picture.into());
        assert_ne!(said.en, said.zh, "{picture:?}");
    }
    let (model, trace) = storyteller_run("Mary has");
    let plate = of(Some(&model), &trace, &ViewAsk::new(View::Walk)).expect("a walk");
    let Body::Steps(steps) = &plate.body else { panic!("steps") };
    let signs = ["q, k, v", "softmax", "mlp", "logit", "logits"];
    for row in steps.iter().flat_map(|step| &step.rows) {
        let told = row.name.en != row.name.zh || signs.contains(&&*row.name.en);
        assert!(told, "{}", row.name.en);
    }
}

/// The page asks for words by name: each that it asks for is there, in both languages, and none is left over.
#[test]
fn the_page_has_every_word_in_both_languages() {
    let script = include_str!("../../assets/html/page.js");
    let body = include_str!("../../assets/html/page.html");
    let asked = |name: &str| {
        script.contains(&format!("say('{name}'"))
            || script.contains(&format!("'{name}' : '"))
            || script.contains(&format!(" : '{name}')"))
            || body.contains(&format!("data-w=\"{name}\""))
            || body.contains(&format!("data-label=\"{name}\""))
    };
    let parts = ["encoder", "decoder", "cross"];
    for (name, _) in page::words(Lang::En) {
        assert!(asked(name) || parts.contains(&name), "nobody asks for `{name}`");
    }
    let known = |name: &str| page::words(Lang::En).any(|(own, _)| own == name);
    for part in script.split("say('").skip(1).chain(body.split("data-w=\"").skip(1)) {
        let name = part.split(['\'', '"']).next().unwrap_or_default();
        assert!(known(name), "the page asks for `{name}`");
    }
    let run = Run::of("gpt2-odd", 5);
    let mut options = what(&[What::Pattern]);
    options.look.lang = Lang::Zh;
    let path = run.export("page.html", &options).expect("written");
    let text = std::fs::read_to_string(path).expect("UTF-8");
    for word in ["下一个词元", "行最大值", "个词元", "归纳"] {
        assert!(text.contains(word), "`{word}` is not in the page");
    }
    assert!(!text.contains("Row maximum") && text.contains("\"lang\":\"zh-CN\""));
}

/// So does an atlas's page.
#[test]
fn an_atlas_page_has_every_word_in_both_languages() {
    let script = include_str!("../../assets/html/atlas.js");
    for (name, english) in atlas::words(Lang::En) {
        assert!(
            script.contains(&format!("say(\"{name}\"")) || name == "strongest",
            "nobody asks for `{name}`"
        );
        let chinese = atlas::words(Lang::Zh).find(|(own, _)| *own == name).map(|(_, word)| word);
        assert!(chinese.is_some_and(
            |word| word != english && word.matches("{}").count() == english.matches("{}").count()
        ));
    }
    for part in script.split("say(\"").skip(1) {
        let name = part.split('"').next().unwrap_or_default();
        assert!(atlas::words(Lang::En).any(|(own, _)| own == name), "the page asks for `{name}`");
    }
    for role in ROLES {
        let formula = names::formula(role.score, role.formula);
        assert_ne!(formula.en, formula.zh, "{}", role.id);
    }
}

/// LaTeX sets what a Chinese figure says, where there is a LaTeX with a font for it.
#[test]
fn a_chinese_figure_is_latex() {
    let (model, trace) = storyteller_run("Mary has");
    let plate = of(Some(&model), &trace, &ViewAsk::new(View::Next)).expect("a plate");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("figure.tex");
    plate.write(Look { lang: Lang::Zh, ..Look::default() }, &path).expect("written");
    let text = std::fs::read_to_string(&path).expect("written");
    assert!(text.contains("\\mnemohan{4E0B}{下}") && text.contains("\\usepackage{fontspec}"));
    // LuaLaTeX reads the same lines as XeLaTeX, but looks through every font of the machine first
    for engine in ["pdflatex", "xelatex"] {
        let program = std::process::Command::new(engine)
            .args(["-interaction=nonstopmode", "-halt-on-error", "figure.tex"])
            .current_dir(folder.path())
            .output();
        match program {
            Err(_) => eprintln!("not compiled: there is no {engine} on this machine"),
            Ok(output) => {
                assert!(output.status.success(), "{engine}: {}", String::from_utf8_lossy(&output.stdout));
            }
        }
    }
    let english = plate.draw(Look::default(), Limits::PIXELS).expect("drawn");
    assert!(english.texts().all(|text| text.text.chars().all(|c| (c as u32) < 0x2e80)));
}

#[test]
fn what_was_asked_is_said_in_chinese_words() {
    use mnemoscope::engine::Policy;
    use mnemoscope::export::words::asked;
    let said = |policy: Policy| asked::policy(&policy.to_string()).zh.into_owned();
    assert_eq!(said(Policy::All), "全部保留");
    assert_eq!(said(Policy::Recent { sinks: 3, recent: 1 }), "汇点 3 + 最近 1");
    assert_eq!(said(Policy::Recent { sinks: 0, recent: 4 }), "滑动窗口 4");
    assert_eq!(said(Policy::Heavy { heavy: 2, recent: 5 }), "重击项 2 + 最近 5");
    assert_eq!(said(Policy::Random { budget: 6, seed: 7 }), "随机 6（种子 7）");
    assert_eq!(asked::policy("sinks:3+recent:1").en, "sinks:3+recent:1", "as the command line takes it");
    for template in mnemoscope::engine::Template::iter() {
        let id: &str = template.into();
        let Says { en, zh } = asked::template(id);
        assert!(en == id && zh.chars().all(|c| !c.is_ascii()), "{id}: {zh}");
    }
    assert_eq!(asked::component("conv2").as_deref(), Some("卷积 2"));
    assert_eq!((asked::component("emb").as_deref(), asked::component("mlp3")), (Some("嵌入"), None));
}
