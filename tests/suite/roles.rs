//! Contract: a head has the role that its scores say, from the prompt or from an atlas, alike in filters and tables.

use crate::by_hand::json;
use crate::cli::{complains, object, on_ids};
use crate::parity::{fixtures, open, run_ids};
use mnemoscope::analysis::Filter;
use mnemoscope::analysis::atlas::{Atlas, Basis, HeadEntry, ROLES, Ran, RoleSet, Roles, Scores};
use mnemoscope::model::HeadId;
use mnemoscope::trace::Trace;
use serde_json::Value;

/// The model made by hand on its probe: an exact induction circuit, whose heads are known.
fn by_hand() -> (Trace, HeadId) {
    let probe = json("induction-by-hand/probe.json");
    let number = |value: &Value| value.as_u64().expect("a number");
    let tokens: Vec<u32> =
        probe["tokens"].as_array().expect("ids").iter().map(|id| number(id) as u32).collect();
    let head = |at: usize| number(&probe["induction_head"][at]) as usize;
    let trace = run_ids(&open(&fixtures().join("induction-by-hand")), &tokens);
    (trace, HeadId { layer: head(0), head: head(1) })
}

#[test]
fn a_prompt_tells_the_circuit_made_by_hand() {
    let (trace, induction) = by_hand();
    let roles = Roles::on_prompt(&trace);
    assert_eq!(roles.basis, Basis::Prompt);
    assert_eq!(roles.name(HeadId { layer: 0, head: 0 }).map(|role| role.id), Some("previous_token"));
    assert_eq!(roles.name(induction).map(|role| role.id), Some("induction"));
    let named = |id: &str| {
        let filter: Filter = format!("role = {id}").parse().expect("it reads");
        filter.heads(&trace, &roles).collect::<Vec<_>>()
    };
    assert!(named("induction").contains(&induction));
    assert!(named("previous token").contains(&HeadId { layer: 0, head: 0 }), "by its label too");
}

#[test]
fn scores_on_a_prompt_are_those_of_its_pattern() {
    let (trace, _) = by_hand();
    for head in trace.head_ids() {
        let pattern = trace.pattern(head);
        let ids = trace.ids();
        let n = ids.len();
        let (mut previous, mut first, mut duplicate, mut induction, mut repeated) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for query in 0..n {
            let weight = |key: usize| f64::from(pattern.cell(query, key));
            if query > 0 {
                previous += weight(query - 1);
                first += weight(0);
            }
            let earlier: Vec<usize> = (0..query).filter(|&key| ids[key] == ids[query]).collect();
            repeated += f64::from(u8::from(!earlier.is_empty()));
            duplicate += earlier.iter().map(|&key| weight(key)).sum::<f64>();
            induction += earlier.iter().map(|&key| weight(key + 1)).filter(|&w| w >= 0.01).sum::<f64>();
        }
        let later = (n - 1) as f64;
        let found = Scores::on_prompt(&trace, head);
        let expected = [previous / later, duplicate / repeated, induction / repeated, first / later];
        let told = [found.previous_stripe, found.duplicate_stripe, found.induction_stripe, found.sink];
        for (told, expected) in told.into_iter().zip(expected) {
            let told = told.expect("there are repeats");
            assert!((told - expected).abs() < 1e-5, "{head}: {told} is not {expected}");
        }
        assert_eq!((found.reach, found.copying), (None, None), "a prompt alone does not tell these");
    }
}

#[test]
fn an_atlas_tells_what_its_entries_say() {
    let scores = |induction, sink| Scores {
        induction_stripe: Some(induction),
        sink: Some(sink),
        reach: Some(0.1),
        ..Scores::default()
    };
    let entry =
        |layer, head, scores| HeadEntry { head: HeadId { layer, head }, scores, ..HeadEntry::default() };
    let heads = vec![entry(1, 2, scores(0.9, 0.7)), entry(0, 0, Scores::default())];
    let atlas = Atlas {
        model: "m".into(),
        ran: Ran::default(),
        described: std::collections::BTreeMap::new(),
        passages: vec![],
        heads,
    };
    let roles = Roles::of_atlas(&atlas);
    assert_eq!(roles.basis, Basis::Atlas);
    for entry in &atlas.heads {
        let own: Vec<&str> = roles.of(entry.head).iter().map(|role| role.id).collect();
        assert_eq!(own, entry.roles().map(|role| role.id).collect::<Vec<_>>());
    }
    let set = roles.of(HeadId { layer: 1, head: 2 });
    assert_eq!(set.first().map(|role| role.id), Some("induction"), "the first of the table names it");
    assert_eq!(set.iter().map(|role| role.id).collect::<Vec<_>>(), ["induction", "sink", "local"]);
    // Of what an atlas lacks nothing is known
    for head in [HeadId { layer: 0, head: 0 }, HeadId { layer: 1, head: 9 }, HeadId { layer: 9, head: 0 }] {
        assert_eq!(roles.of(head), RoleSet::default());
    }
    assert_eq!(ROLES.iter().filter(|role| set.has(role)).count(), 3);
}

/// Heads of `heads --json`, and their roles.
fn listed(more: &[&str]) -> Vec<(String, Vec<String>)> {
    let whole = object(&on_ids("heads", &[&["--json"], more].concat()));
    let text = |value: &Value| value.as_str().expect("a name").to_owned();
    let heads = whole["heads"].as_array().expect("heads").iter().map(|head| {
        let roles = head["roles"].as_array().expect("roles").iter().map(text).collect();
        (format!("{}.{}", head["layer"], head["head"]), roles)
    });
    heads.collect()
}

#[test]
fn the_command_line_filters_by_role() {
    let all = listed(&[]);
    let has = |own: &[String], id: &str| own.iter().any(|role| role == id);
    let expect = |keep: &dyn Fn(&[String]) -> bool| -> Vec<_> {
        all.iter().filter(|(_, own)| keep(own)).cloned().collect()
    };
    assert_eq!(listed(&["--where", "role = sink"]), expect(&|own| has(own, "sink")));
    assert_eq!(listed(&["--where", "role != sink"]), expect(&|own| !has(own, "sink")));
    assert_eq!(listed(&["--where", "ROLE == none"]), expect(&<[String]>::is_empty));
    let mixed = "role = previous_token or role = none and layer = 1";
    let keep = |(name, own): &&(String, Vec<String>)| {
        has(own, "previous_token") || own.is_empty() && name.starts_with("1.")
    };
    assert_eq!(listed(&["--where", mixed]), all.iter().filter(keep).cloned().collect::<Vec<_>>());

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("other.json");
    let entry = HeadEntry {
        scores: Scores { induction_stripe: Some(0.9), ..Scores::default() },
        ..HeadEntry::default()
    };
    let other = serde_json::json!({ "model": "other", "ran": Ran::default(), "heads": [entry] });
    crate::files::write(&path, other.to_string().as_bytes());
    let file = path.to_str().expect("a path");
    complains(&on_ids("heads", &["--atlas", file]), &["of the model other"]);
    let own = other.to_string().replace("other", "llama-gqa");
    crate::files::write(&path, own.as_bytes());
    assert_eq!(
        listed(&["--atlas", file, "--where", "role = induction"]),
        [("0.0".into(), vec!["induction".into()])]
    );
}
