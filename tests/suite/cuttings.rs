//! Contract: each pre-tokenizer that GGUF files name cuts a text as the family it is named after does, and one that is
//! not known is told.

use crate::broken_containers::{gguf_file, key, text};
use crate::parity::fixtures;
use mnemoscope::model::gguf::Metadata;
use mnemoscope::model::{Tokenizer, Warning};
use serde::Deserialize;
use std::collections::BTreeSet;

const TEXT: u32 = 8;
const ARRAY: u32 = 9;

#[derive(Deserialize)]
struct Cuttings {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    names: Vec<String>,
    /// Four hexadecimal digits a line
    lines: String,
}

fn read<T: for<'de> Deserialize<'de>>(name: &str) -> T {
    let bytes = std::fs::read(fixtures().join("tokenizers").join(name)).expect("a committed file");
    serde_json::from_slice(&bytes).expect("what the maker writes")
}

fn texts(name: &str, texts: &[String]) -> Vec<u8> {
    let mut value = TEXT.to_le_bytes().to_vec();
    value.extend((texts.len() as u64).to_le_bytes());
    value.extend(texts.iter().flat_map(|entry| text(entry)));
    key(name, ARRAY, &value)
}

/// A tokenizer of merges in a GGUF that says nothing else.
fn tokenizer(kind: &str, pre: &str, tokens: &[String], merges: &[String], more: &[Vec<u8>]) -> Tokenizer {
    let rule = key("tokenizer.ggml.pre", TEXT, &text(pre));
    plain(kind, tokens, merges, &[&[rule][..], more].concat())
}

/// The same without a rule's name.
fn plain(kind: &str, tokens: &[String], merges: &[String], more: &[Vec<u8>]) -> Tokenizer {
    let keys = [
        key("tokenizer.ggml.model", TEXT, &text(kind)),
        texts("tokenizer.ggml.tokens", tokens),
        texts("tokenizer.ggml.merges", merges),
    ];
    let all: Vec<u8> = keys.iter().chain(more).flatten().copied().collect();
    let (_folder, file) = gguf_file(3, 0, (keys.len() + more.len()) as u64, &all);
    let keys = Metadata::open(&file).expect("a sound file");
    let found = Tokenizer::from_gguf(&keys, &file).unwrap_or_else(|error| panic!("{kind}: {error}"));
    found.expect("a tokenizer")
}

/// The letter that a byte is spelled with: printable Latin-1 is itself, the rest follows from U+0100 on.
fn letter(byte: u8) -> char {
    let itself = |byte: u8| matches!(byte, 0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF);
    let before = (0..byte).filter(|&other| !itself(other)).count() as u32;
    if itself(byte) { char::from(byte) } else { char::from_u32(0x100 + before).expect("a letter") }
}

/// Every byte and every pair of neighbours in the lines, in order and in reverse, as the maker has them.
fn vocabularies(lines: &[String]) -> [(Vec<String>, Vec<String>); 2] {
    let mut pairs = BTreeSet::new();
    for line in lines {
        let mut composed = tokenizers::NormalizedString::from(line.as_str());
        composed.nfc();
        for text in [line, composed.get()] {
            let letters: Vec<char> = text.bytes().map(letter).collect();
            pairs.extend(letters.windows(2).map(|pair| (pair[0], pair[1])));
        }
    }
    let alphabet: BTreeSet<char> = (0..=255).map(letter).collect();
    let made = |pairs: Vec<(char, char)>| {
        let tokens = alphabet.iter().map(|&c| String::from(c));
        let merged = pairs.iter().map(|&(a, b)| String::from_iter([a, b]));
        let merges = pairs.iter().map(|(a, b)| format!("{a} {b}")).collect();
        (tokens.chain(merged).chain(["Ġthe".to_owned()]).collect(), merges)
    };
    [made(pairs.iter().copied().collect()), made(pairs.iter().rev().copied().collect())]
}

/// FNV-1a over ids, folded to sixteen bits.
fn digest(ids: impl Iterator<Item = u32>) -> String {
    let bytes = ids.flat_map(u32::to_le_bytes);
    let hash = bytes.fold(0x811C_9DC5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{:04x}", (hash >> 16) ^ (hash & 0xFFFF))
}

#[test]
fn every_rule_cuts_as_its_family_does() {
    let (lines, cuttings): (Vec<String>, Cuttings) = (read("lines.json"), read("cuttings.json"));
    let [few, _] = vocabularies(&lines[..1]);
    let vocabularies = vocabularies(&lines);
    let mut wrong = Vec::new();
    for rule in &cuttings.rules {
        let (first, others) = rule.names.split_first().expect("a name");
        let made = |name: &str, (tokens, merges): &(Vec<String>, Vec<String>)| {
            let own = tokenizer("gpt2", name, tokens, merges, &[]);
            assert_eq!(own.warnings(), [], "{name} is known");
            own
        };
        let both = vocabularies.each_ref().map(|vocabulary| made(first, vocabulary));
        for (at, line) in lines.iter().enumerate() {
            let ids = both.iter().flat_map(|own| own.encode(line).expect("bytes spell everything"));
            if digest(ids.map(|token| token.id)) != rule.lines[4 * at..4 * at + 4] {
                wrong.push(format!("{first}: {line:?}"));
            }
        }
        // Other names for it mean the same
        for name in others {
            let own = made(name, &few);
            let same = made(first, &few);
            for line in lines.iter().step_by(16) {
                assert_eq!(own.encode(line), same.encode(line), "{name} is {first}");
            }
        }
    }
    assert!(wrong.is_empty(), "{} cut otherwise\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
}

#[test]
fn a_rule_that_is_not_known_is_told() {
    let (tokens, merges) = &vocabularies(&["the cat, 1234".to_owned()])[0];
    let odd = tokenizer("gpt2", "brand-new", tokens, merges, &[]);
    assert_eq!(odd.warnings(), [Warning::UnknownCutting(Some("brand-new".to_owned()))]);
    let usual = tokenizer("gpt2", "default", tokens, merges, &[]);
    assert_eq!(odd.encode("the cat 1234"), usual.encode("the cat 1234"), "the default rule stands in");
    // Older files name none
    let of = |architecture: &str| {
        plain("gpt2", tokens, merges, &[key("general.architecture", TEXT, &text(architecture))])
    };
    assert_eq!(of("llama").warnings(), [Warning::UnknownCutting(None)]);
    let (older, named) = (of("gpt2"), tokenizer("gpt2", "gpt-2", tokens, merges, &[]));
    assert_eq!(older.warnings(), []);
    assert_eq!(older.encode("the cat, 1234"), named.encode("the cat, 1234"));
    assert_ne!(older.encode("the cat, 1234"), usual.encode("the cat, 1234"));
}

#[test]
fn what_stands_round_a_text_follows_its_kind_and_the_files_word() {
    let (mut tokens, merges) = vocabularies(&["the cat".to_owned()])[0].clone();
    let n = tokens.len() as u32;
    tokens.extend(["<s>", "</s>", "<sep>"].map(str::to_owned));
    let id = |role: &str, id: u32| key(&format!("tokenizer.ggml.{role}_token_id"), 4, &id.to_le_bytes());
    let flag = |name: &str, on: bool| key(&format!("tokenizer.ggml.add_{name}_token"), 7, &[u8::from(on)]);
    let round = |pre: &str, flags: &[Vec<u8>]| {
        let mut more = vec![id("bos", n), id("eos", n + 1), id("seperator", n + 2)];
        more.extend_from_slice(flags);
        let own = tokenizer("gpt2", pre, &tokens, &merges, &more).encode("").expect("no text");
        own.iter().map(|token| token.text.clone()).collect::<Vec<_>>()
    };
    assert_eq!(round("gpt-2", &[]), [""; 0]);
    assert_eq!(round("llama-bpe", &[]), ["<s>"]);
    assert_eq!(round("youtu", &[]), [""; 0], "whole words, and no start");
    assert_eq!(round("roberta-bpe", &[]), ["<sep>"]);
    assert_eq!(round("llama-bpe", &[flag("bos", false), flag("eos", true)]), ["</s>"]);
    assert_eq!(round("gpt-2", &[flag("bos", true), flag("sep", true)]), ["<s>", "<sep>"]);
}

#[test]
fn gemmas_pieces_may_come_as_merges() {
    let from = fixtures().join("tokenizers/bpe-gemma.gguf");
    let keys = Metadata::open(&from).expect("a sound file");
    let scored = Tokenizer::from_gguf(&keys, &from).expect("a known kind").expect("a tokenizer");
    let tokens = keys.texts("tokenizer.ggml.tokens").expect("its pieces");
    let kinds = keys.numbers("tokenizer.ggml.token_type").expect("their kinds");
    let kinds: Vec<i32> = kinds.into_iter().map(|kind| kind as i32).collect();
    let scores = keys.numbers("tokenizer.ggml.scores").expect("their scores");
    let normal = |text: &str| tokens.iter().position(|own| own == text).is_some_and(|id| kinds[id] == 1);
    let mut merges = Vec::new();
    for (id, piece) in tokens.iter().enumerate().filter(|(id, _)| kinds[*id] == 1) {
        for (at, _) in piece.char_indices().skip(1) {
            let (left, right) = piece.split_at(at);
            if normal(left) && normal(right) {
                merges.push((-scores[id], id, format!("{left} {right}")));
            }
        }
    }
    merges.sort_by(|a, b| a.partial_cmp(b).expect("scores are numbers"));
    let merges: Vec<String> = merges.into_iter().map(|(_, _, merge)| merge).collect();
    let mut types = 5_u32.to_le_bytes().to_vec();
    types.extend((kinds.len() as u64).to_le_bytes());
    types.extend(kinds.iter().flat_map(|&kind| kind.to_le_bytes()));
    let role = |role: &str| {
        let name = format!("tokenizer.ggml.{role}_token_id");
        key(&name, 4, &(keys.count(&name).expect("a role") as u32).to_le_bytes())
    };
    let more = [key("tokenizer.ggml.token_type", ARRAY, &types), role("bos"), role("unknown")];
    let merged = tokenizer("gemma4", "default", &tokens, &merges, &more);
    assert_eq!(merged.warnings(), []);
    let user_defined: Vec<&String> =
        tokens.iter().zip(&kinds).filter(|(_, kind)| **kind == 4).map(|(text, _)| text).collect();
    // These are looked for in the text as it was typed, where scored pieces are once spaces are spelled
    let spelled = |text: &str| {
        text.contains('▁') || user_defined.iter().any(|own| text.contains(&own.replace('▁', " ")))
    };
    let mut compared = 0;
    for line in read::<Vec<String>>("lines.json").iter().filter(|line| !spelled(line)) {
        compared += 1;
        assert_eq!(merged.encode(line).expect("bytes"), scored.encode(line).expect("bytes"), "{line:?}");
    }
    assert!(compared > 100, "{compared}");
}

/// What Hugging Face's tokenizers of ModernBERT and Phi-3 say of single tokens, and a GGUF has no place for.
#[test]
fn a_mask_takes_the_space_before_it_and_phi_3s_roles_that_behind_them() {
    let (mut tokens, merges) = vocabularies(&["the cat".to_owned()])[0].clone();
    let n = tokens.len() as u32;
    tokens.push("[MASK]".to_owned());
    let array = |name: &str, kind: u32, values: Vec<u8>| {
        let count = (values.len() as u64 / 4).to_le_bytes();
        key(name, ARRAY, &[&kind.to_le_bytes()[..], &count, &values].concat())
    };
    let types = |kinds: Vec<i32>| {
        array("tokenizer.ggml.token_type", 5, kinds.into_iter().flat_map(i32::to_le_bytes).collect())
    };
    let kinds = (0..=n).map(|id| if id == n { 3 } else { 1 }).collect();
    let mask = key("tokenizer.ggml.mask_token_id", 4, &n.to_le_bytes());
    let own = tokenizer("gpt2", "modern-bert", &tokens, &merges, &[types(kinds), mask]);
    let read = |own: &Tokenizer, text: &str| -> Vec<String> {
        let tokens = own.encode(text).expect("spelled");
        tokens.into_iter().map(|token| token.text).collect()
    };
    assert_eq!(read(&own, "a [MASK] b"), ["a", "[MASK]", " ", "b"]);

    let pieces = ["<unk>", "<s>", "<|user|>", "▁", "a", "▁a"].map(str::to_owned);
    let more = |architecture: &str| {
        [
            types(vec![2, 3, 3, 1, 1, 1]),
            array(
                "tokenizer.ggml.scores",
                6,
                [0.0_f32, 0.0, 0.0, -2.0, -3.0, -1.0].map(f32::to_le_bytes).concat(),
            ),
            key("general.architecture", TEXT, &text(architecture)),
            key("tokenizer.ggml.bos_token_id", 4, &1_u32.to_le_bytes()),
        ]
    };
    let of = |architecture: &str| plain("llama", &pieces, &[], &more(architecture));
    assert_eq!(read(&of("phi3"), "<|user|>  a"), ["<s>", "<|user|>", " a"]);
    assert_eq!(read(&of("llama"), "<|user|>  a"), ["<s>", "<|user|>", " ", " ", " a"]);
}
