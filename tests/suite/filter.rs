//! Contract: an expression keeps the heads that it says, and one that does not read says where.

use crate::cli::{complains, object, on_ids};
use mnemoscope::{
    analysis::{
        Filter, MEASURES, Named,
        atlas::{ROLES, RoleSet, Scores},
        measure,
    },
    model::HeadId,
    trace::HeadMeasures,
};
use proptest::prelude::*;

fn measures() -> HeadMeasures {
    HeadMeasures {
        induction: 0.75,
        sink: 0.25,
        entropy: 1.5,
        previous_token_head: 0.5,
        ..HeadMeasures::default()
    }
}

/// An induction head that is local, too.
fn roles() -> RoleSet {
    RoleSet::of(&Scores { induction_stripe: Some(0.9), reach: Some(0.1), ..Scores::default() })
}

#[track_caller]
fn check(text: &str, passes: bool) {
    let filter: Filter = text.parse().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(filter.passes(HeadId { layer: 3, head: 5 }, &measures(), roles()), passes, "{text}");
}

#[track_caller]
fn fails(text: &str, character: usize, expected: &str) {
    let error = text.parse::<Filter>().expect_err(text);
    assert_eq!(error.character(), character, "{error}");
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn expressions() {
    check("induction > 0.5", true);
    check("induction>.75", false);
    check("INDUCTION >= .75", true);
    check("layer < 3 and entropy < 2", false);
    check("layer = 3 and head != 4", true);
    check("not sink >= .8", true);
    check("sink ≥ 0.25", true);
    check("not (sink < 1 or induction > 0.5)", false);
    check("sink > 1 or induction > 0.5 and entropy > 9", false);
    check("(sink > 1 or induction > 0.5) and not entropy > 9", true);
    check("1.0, 3.*", true);
    check("*.5", true);
    check("3.4, 4.5", false);
    check("Previous-token head = 0.5 and Sink (token 0) < 1", true);
    check("previous_token_head = 0.5 and previous_token = 0", true);
    check("role = induction and role=LOCAL", true);
    check("role != sink and not role = sink", true);
    check("role = duplicate token or role == none", false);
    check("role != none and induction > 0.5", true);
}

#[test]
fn measures_have_the_names_of_a_language() {
    let entropy = measure("entropy").expect("a measure");
    let filter = Filter::parse("熵 > 1 and 3.5", &[("熵", Named::Measure(entropy))]).expect("it reads");
    assert!(filter.passes(HeadId { layer: 3, head: 5 }, &measures(), roles()));
    assert!("熵 > 1".parse::<Filter>().is_err());
    let induction = ROLES.iter().find(|role| role.id == "induction").expect("a role");
    let names = [("归纳", Named::Role(induction)), ("角色", Named::WordRole), ("无", Named::NoRole)];
    for (text, passes) in [("角色 = 归纳", true), ("角色 = 无", false), ("role != 归纳", false)] {
        let filter = Filter::parse(text, &names).expect("it reads");
        assert_eq!(filter.passes(HeadId { layer: 3, head: 5 }, &measures(), roles()), passes, "{text}");
    }
}

#[test]
fn what_does_not_read_says_where() {
    fails("", 1, "a measure");
    fails("induction", 10, "a comparison");
    fails("induction > ", 13, "a number");
    fails("role > induction", 6, "`=` or `!=`");
    fails("role = 3", 8, "a role such as `induction`");
    fails("role = inductions", 8, "a role such as `induction`");
    fails("layer < 3 entropy", 11, "`and`, `or`");
    fails("(layer < 3", 11, "`)`");
    fails("3", 2, "as in 3.5");
    fails("layer < 3 and 熵 > 1", 15, "a measure");
    fails("inductions > 1", 1, "a measure");
    fails(&"(".repeat(100_000), 66, "fewer brackets");
}

#[test]
fn a_long_expression_takes_no_deep_stack() {
    let chain = |word: &str, term: &str| vec![term; 200_000].join(word);
    check(&chain(" or ", "sink > 2"), false);
    check(&chain(" and ", "sink < 2"), true);
    check(&chain(",", "0.0"), false);
}

#[test]
fn the_command_line_keeps_those_heads() {
    let all = object(&on_ids("heads", &["--json"]));
    let some = object(&on_ids("heads", &["--json", "--where", "layer = 1 and not entropy > 1"]));
    let heads = |object: &serde_json::Value| object["heads"].as_array().expect("heads").clone();
    let mut kept = heads(&all);
    let n = kept.len();
    kept.retain(|head| head["layer"] == 1 && head["entropy"].as_f64().is_some_and(|entropy| entropy <= 1.0));
    assert_eq!(heads(&some), kept);
    assert!(kept.len() < n);
    let wrong = on_ids("heads", &["--where", "layer <"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("character 8"));

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("two.svg");
    let path = path.to_str().expect("plain letters");
    object(&on_ids("export", &["--json", "--where", "0.0, 1.1", "-o", path]));
    assert!(std::fs::read_to_string(path).expect("written").contains("Heads 0.0, 1.1"));
    complains(&on_ids("export", &["--where", "sink > 2", "-o", path]), &["no head passes"]);
}

/// An expression with what it must come to, built without the parser.
fn expression() -> impl Strategy<Value = (String, bool)> {
    let leaf = (0..MEASURES.len(), 0..4_usize, 0..9_u32).prop_map(|(index, operator, tenth)| {
        let (measure, number) = (&MEASURES[index], f64::from(tenth) / 4.0);
        let value = (measure.value)(&measures());
        let (sign, holds) = match operator {
            0 => ("<", value < number),
            1 => ("<=", value <= number),
            2 => (">", value > number),
            _ => (">=", value >= number),
        };
        (format!("{} {sign} {number}", measure.id), holds)
    });
    leaf.prop_recursive(5, 40, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|(text, holds)| (format!("not ({text})"), !holds)),
            (inner.clone(), inner.clone())
                .prop_map(|(a, b)| (format!("({}) and ({})", a.0, b.0), a.1 && b.1)),
            (inner.clone(), inner).prop_map(|(a, b)| (format!("({})or({})", a.0, b.0), a.1 || b.1)),
        ]
    })
}

proptest! {
    #[test]
    fn built_expressions_come_to_what_they_say((text, holds) in expression()) {
        let filter: Filter = text.parse().expect("it reads");
        prop_assert_eq!(filter.passes(HeadId { layer: 3, head: 5 }, &measures(), roles()), holds);
    }

    #[test]
    fn any_text_reads_or_says_where(text in ".{0,60}") {
        if let Err(error) = text.parse::<Filter>() {
            prop_assert!(text.is_char_boundary(error.at));
        }
    }

    #[test]
    fn near_misses_too(text in "[a-z0-9 .,*()<>=!≥-]{0,40}|(not |layer|induction|[<>=]|and |or |[0-9.]+| |\\(|\\)|,){0,14}") {
        if let Err(error) = text.parse::<Filter>() {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
