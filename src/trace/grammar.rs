//! How interventions are spelled, and read.

use super::intervention::{Heads, Intervention, OtherPrompt, Output, Span, Weights};
use crate::model::HeadId;
use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;
use std::str::FromStr;

/// Text that says no intervention.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is no intervention: {why}")]
pub struct NotAnIntervention {
    text: String,
    why: String,
    form: &'static str,
}

impl NotAnIntervention {
    /// What to write instead.
    pub fn hint(&self) -> Option<String> {
        Some(format!("write {}", self.form))
    }
}

/// A kind's name, its form, and how what follows the `=` is read.
type Kind = (&'static str, &'static str, fn(&str) -> Result<Intervention, String>);

const KINDS: &[Kind] = &[
    ("zero", "zero=L.H, zero=mlp.L, zero=attn.L or zero=layer.L", |text| {
        output(text).map(Intervention::Zero)
    }),
    ("mean", "mean=L.H or mean=mlp.L, with :FILE.npz for the mean of another text", mean),
    ("scale", "scale=L.H:X or scale=mlp.L:X", scale),
    ("knockout", "knockout=L.H:qI->kJ, with I and J a position, a range such as 4-22, or *", knockout),
    ("temperature", "temperature=L.H:T, with T above 0", temperature),
    ("pattern", "pattern=L.H:uniform, previous, identity, clean or FILE.npy", pattern),
    ("paint", "paint=L.H:qI:kJ*W,kJ*W…, with weights W from 0 up", paint),
    ("forget", "forget=L:kJ or forget=L.KV:kJ, with @S for the first token that misses it", forget),
    (
        "patch",
        "patch=HOOK@TOKEN<-PROMPT_FILE or patch=HOOK@TOKEN<-text:PROMPT, HOOK perhaps with [HEAD]",
        patch,
    ),
    (
        "add",
        "add=HOOK@TOKEN:FILE.npy*X, add=HOOK@TOKEN<-token:WORD*X or add=HOOK@TOKEN<-texts:[\"A\",\"B\"]*X",
        add,
    ),
];

/// The forms of all kinds, for help and messages.
pub fn forms() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(_, form, _)| *form)
}

impl FromStr for Intervention {
    type Err = NotAnIntervention;

    fn from_str(text: &str) -> Result<Self, NotAnIntervention> {
        let text = text.trim();
        let wrong = |why: String, form| NotAnIntervention { text: text.to_owned(), why, form };
        let kinds = "zero, mean, scale, knockout, temperature, pattern, paint, forget, patch or add=…";
        let (kind, rest) = text.split_once('=').ok_or_else(|| wrong("it has no =".into(), kinds))?;
        let (_, form, read) = KINDS
            .iter()
            .find(|(name, ..)| *name == kind)
            .ok_or_else(|| wrong(format!("there is no kind `{kind}`"), kinds))?;
        read(rest).map_err(|why| wrong(why, form))
    }
}

impl TryFrom<String> for Intervention {
    type Error = NotAnIntervention;
    fn try_from(text: String) -> Result<Self, NotAnIntervention> {
        text.parse()
    }
}

impl From<Intervention> for String {
    fn from(intervention: Intervention) -> Self {
        intervention.to_string()
    }
}

fn mean(text: &str) -> Result<Intervention, String> {
    let (name, from) = match text.split_once(':') {
        Some((name, file)) => (name, Some(path(file)?)),
        None => (text, None),
    };
    Ok(Intervention::Mean { output: output(name)?, from })
}

fn scale(text: &str) -> Result<Intervention, String> {
    let (name, by) = halves(text, ":")?;
    Ok(Intervention::Scale { output: output(name)?, by: number(by)? })
}

fn knockout(text: &str) -> Result<Intervention, String> {
    let (name, edge) = halves(text, ":")?;
    let (queries, keys) = halves(edge, "->")?;
    Ok(Intervention::Knockout { heads: heads(name)?, queries: span(queries, 'q')?, keys: span(keys, 'k')? })
}

fn temperature(text: &str) -> Result<Intervention, String> {
    let (name, by) = halves(text, ":")?;
    match number(by)? {
        by if by > 0.0 => Ok(Intervention::Temperature { heads: heads(name)?, by }),
        by => Err(format!("a temperature of {by} is not above 0")),
    }
}

fn pattern(text: &str) -> Result<Intervention, String> {
    let (name, weights) = halves(text, ":")?;
    let weights = match weights {
        "uniform" => Weights::Uniform,
        "previous" => Weights::Previous,
        "identity" => Weights::Identity,
        "clean" => Weights::Clean,
        file => Weights::File(path(file)?),
    };
    Ok(Intervention::Pattern { heads: heads(name)?, weights })
}

fn paint(text: &str) -> Result<Intervention, String> {
    let (name, row) = halves(text, ":")?;
    let (query, list) = halves(row, ":")?;
    let one = |cell: &str| {
        let (key, weight) = cell.split_once('*').unwrap_or((cell, "1"));
        match number(weight)? {
            weight if weight >= 0.0 => Ok((position(key, 'k')?, weight)),
            weight => Err(format!("a weight of {weight} is below 0")),
        }
    };
    let weights = list.split(',').map(one).collect::<Result<Vec<_>, String>>()?;
    let head = name.parse::<HeadId>().map_err(|error| error.to_string())?;
    Ok(Intervention::Paint { head, query: position(query, 'q')?, weights })
}

fn forget(text: &str) -> Result<Intervention, String> {
    let (name, entry) = halves(text, ":")?;
    let (layer, kv_head) = match name.split_once('.') {
        Some((layer, head)) => (any(layer)?, any(head)?),
        None => (any(name)?, None),
    };
    let (keys, from) = match entry.split_once('@') {
        Some((keys, from)) => (keys, Some(index(from)?)),
        None => (entry, None),
    };
    Ok(Intervention::Forget { layer, kv_head, keys: span(keys, 'k')?, from })
}

fn patch(text: &str) -> Result<Intervention, String> {
    let (at, other) = halves(text, "<-")?;
    let (hook, tokens) = place(at)?;
    let prompt = match other.strip_prefix("text:") {
        Some("") => return Err("the other prompt is missing".to_owned()),
        // In quotes it may hold what a line cannot
        Some(quoted) if quoted.starts_with('"') => OtherPrompt::Text(json(quoted)?),
        Some(plain) => OtherPrompt::Text(plain.to_owned()),
        None => OtherPrompt::File(path(other)?),
    };
    Ok(Intervention::Patch { hook, tokens, prompt })
}

fn add(text: &str) -> Result<Intervention, String> {
    if let Some((at, rest)) = text.split_once("<-token:") {
        let ((hook, tokens), (word, by)) = (place(at)?, factored(rest));
        return match word {
            "" => Err("the word is missing".to_owned()),
            word => Ok(Intervention::AddWord { hook, tokens, word: word.to_owned(), by }),
        };
    }
    if let Some((at, rest)) = text.split_once("<-texts:") {
        let ((hook, tokens), (texts, by)) = (place(at)?, factored(rest));
        return Ok(Intervention::AddDifference { hook, tokens, texts: json(texts)?, by });
    }
    let (at, rest) = halves(text, ":")?;
    let ((hook, tokens), (file, by)) = (place(at)?, factored(rest));
    Ok(Intervention::Add { hook, tokens, vector: path(file)?, by })
}

fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("`{text}` does not read as JSON ({error})"))
}

/// What stands before a factor, and the factor: 1 where none is said.
fn factored(text: &str) -> (&str, f32) {
    let factor = text.rsplit_once('*').and_then(|(what, by)| Some((what, by.parse::<f32>().ok()?)));
    factor.filter(|(_, by)| by.is_finite()).unwrap_or((text, 1.0))
}

/// A hook's name and some tokens. Whether there is such a hook, the model says.
fn place(text: &str) -> Result<(String, Span), String> {
    let (name, tokens) = halves(text, "@")?;
    if name.is_empty() {
        return Err("the hook's name is missing".to_owned());
    }
    Ok((name.to_owned(), span(tokens, 't')?))
}

fn output(text: &str) -> Result<Output, String> {
    let (kind, rest) = text.split_once('.').ok_or_else(|| format!("`{text}` names no head or part"))?;
    match kind {
        "mlp" => any(rest).map(Output::Mlp),
        "attn" => any(rest).map(Output::Attention),
        "layer" => any(rest).map(Output::Layer),
        _ => heads(text).map(Output::Heads),
    }
}

fn heads(text: &str) -> Result<Heads, String> {
    let (layer, head) =
        text.split_once('.').ok_or_else(|| format!("`{text}` is no head: write layer.head"))?;
    Ok(Heads { layer: any(layer)?, head: any(head)? })
}

/// An index, or none for `*`.
fn any(text: &str) -> Result<Option<usize>, String> {
    if text == "*" { Ok(None) } else { index(text).map(Some) }
}

/// How [`any`] is written.
struct Any(Option<usize>);

impl Display for Any {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(index) => index.fmt(f),
            None => f.write_str("*"),
        }
    }
}

/// A position, a range or `*`, perhaps behind the letter that says of what.
fn span(text: &str, letter: char) -> Result<Span, String> {
    let plain = text.strip_prefix(letter).unwrap_or(text);
    if plain == "*" {
        return Ok(Span::All);
    }
    if plain.starts_with('-') {
        return Err(format!("`{text}` counts from the end: positions are counted from 0 at the beginning"));
    }
    let (first, last) = plain.split_once('-').unwrap_or((plain, plain));
    match (index(first)?, index(last)?) {
        (first, last) if first <= last => Ok(Span::Between(first, last)),
        _ => Err(format!("`{text}` ends before it begins")),
    }
}

fn position(text: &str, letter: char) -> Result<usize, String> {
    index(text.strip_prefix(letter).unwrap_or(text))
}

fn index(text: &str) -> Result<usize, String> {
    // Positions beyond this belong to no model, and would overflow sums
    let found = text.parse::<u32>().map_err(|_| format!("`{text}` is no index from 0 up"))?;
    Ok(found as usize)
}

fn number(text: &str) -> Result<f32, String> {
    let found = text.parse::<f32>().ok().filter(|number| number.is_finite());
    found.ok_or_else(|| format!("`{text}` is no number"))
}

fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() { Err("the file's name is missing".into()) } else { Ok(PathBuf::from(text)) }
}

fn halves<'a>(text: &'a str, between: &str) -> Result<(&'a str, &'a str), String> {
    text.split_once(between).ok_or_else(|| format!("`{between}` is missing in `{text}`"))
}

impl Display for Intervention {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero(output) => write!(f, "zero={output}"),
            Self::Mean { output, from: None } => write!(f, "mean={output}"),
            Self::Mean { output, from: Some(file) } => write!(f, "mean={output}:{}", file.display()),
            Self::Scale { output, by } => write!(f, "scale={output}:{by}"),
            Self::Knockout { heads, queries, keys } => {
                write!(f, "knockout={heads}:{}->{}", Lettered('q', *queries), Lettered('k', *keys))
            }
            Self::Temperature { heads, by } => write!(f, "temperature={heads}:{by}"),
            Self::Pattern { heads, weights } => write!(f, "pattern={heads}:{weights}"),
            Self::Paint { head, query, weights } => {
                write!(f, "paint={head}:q{query}:")?;
                for (i, (key, weight)) in weights.iter().enumerate() {
                    write!(f, "{}k{key}*{weight}", if i == 0 { "" } else { "," })?;
                }
                Ok(())
            }
            Self::Forget { layer, kv_head, keys, from } => {
                write!(f, "forget={}", Any(*layer))?;
                if let Some(kv_head) = kv_head {
                    write!(f, ".{kv_head}")?;
                }
                write!(f, ":{}", Lettered('k', *keys))?;
                from.map_or(Ok(()), |from| write!(f, "@{from}"))
            }
            Self::Patch { hook, tokens, prompt } => {
                write!(f, "patch={hook}@{tokens}<-{prompt}")
            }
            Self::Add { hook, tokens, vector, by } => {
                write!(f, "add={hook}@{tokens}:{}*{by}", vector.display())
            }
            Self::AddWord { hook, tokens, word, by } => write!(f, "add={hook}@{tokens}<-token:{word}*{by}"),
            Self::AddDifference { hook, tokens, texts: [of, less], by } => {
                write!(f, "add={hook}@{tokens}<-texts:[{},{}]*{by}", Quoted(of), Quoted(less))
            }
        }
    }
}

impl Display for OtherPrompt {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.display().fmt(f),
            Self::Text(text) => write!(f, "text:{}", Quoted(text)),
        }
    }
}

/// A text as JSON has it: on one line, whatever is in it.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        serde_json::to_string(self.0).map_err(|_| fmt::Error)?.fmt(f)
    }
}

impl Display for Output {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Heads(heads) => heads.fmt(f),
            Self::Attention(layer) => write!(f, "attn.{}", Any(*layer)),
            Self::Mlp(layer) => write!(f, "mlp.{}", Any(*layer)),
            Self::Layer(layer) => write!(f, "layer.{}", Any(*layer)),
        }
    }
}

impl Display for Heads {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", Any(self.layer), Any(self.head))
    }
}

impl Display for Weights {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uniform => f.write_str("uniform"),
            Self::Previous => f.write_str("previous"),
            Self::Identity => f.write_str("identity"),
            Self::Clean => f.write_str("clean"),
            Self::File(file) => file.display().fmt(f),
        }
    }
}

impl Display for Span {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Between(first, last) if first == last => first.fmt(f),
            Self::Between(first, last) => write!(f, "{first}-{last}"),
        }
    }
}

/// A span behind its letter; `*` stands alone.
struct Lettered(char, Span);

impl Display for Lettered {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.1 {
            Span::All => f.write_str("*"),
            span @ Span::Between(..) => write!(f, "{}{span}", self.0),
        }
    }
}
