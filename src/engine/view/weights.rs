//! Heads by their weights and roles as figures: circuits, the graph of who reads whom, the atlas.

use super::{Beside, Progress, ViewAsk, ViewError, by_formula, by_formulas, changed_by, of_weights};
use crate::analysis::atlas::clusters;
use crate::analysis::circuits::{Entry, Kind, Link, WordTable, compose, head_circuits};
use crate::export::figure::bars::{Bar, Bars, signed};
use crate::export::figure::graph::Graph;
use crate::export::figure::paths::{Groups, Paths};
use crate::export::words::{maps, names, views};
use crate::export::{Body, Plate, Says, Table};
use crate::model::{HeadId, Model, shown};
use crate::trace::Trace;
use serde_json::json;

/// Entries of a list.
const LISTED: usize = 14;

pub(super) fn circuits(
    model: &Model,
    trace: &Trace,
    ask: &ViewAsk,
    progress: Progress<'_>,
) -> Result<Plate, ViewError> {
    let mut first = |done: f32| progress(done / 2.0);
    let found = head_circuits(&model.network, ask.head, ask.circuits, &mut first)?;
    let mut sides = vec![(&views::LOOKS_FOR, "looks", &found.looks)];
    if let Ok(table) = &found.writes {
        sides.push((&views::WRITES, "writes", table));
    }
    let text = |word: u32| model.token(word).text;
    let (mut lists, mut rows) = (Vec::new(), Vec::new());
    for (place, (name, id, table)) in sides.into_iter().enumerate() {
        let mut later = |done: f32| progress(0.5 + (place as f32 + done) / 4.0);
        let entries = entries(table, ask, &mut later).ok_or(ViewError::Cancelled)?;
        for entry in &entries {
            rows.push(vec![
                json!(id),
                json!(entry.row),
                json!(text(entry.row)),
                json!(entry.column),
                json!(text(entry.column)),
                json!(entry.value),
            ]);
        }
        let bar = |entry: &Entry| Bar {
            name: format!("{} → {}", shown(&text(entry.row)), shown(&text(entry.column))).into(),
            value: entry.value,
            label: signed(entry.value),
            faint: false,
        };
        let quantity = if id == "looks" { &views::SCORE_BY_WEIGHTS } else { &views::LOGIT_ADDED };
        let bars = entries.iter().map(bar).collect();
        lists.push((name.clone(), Bars { bars, quantity: quantity.clone(), sums: false, wide: true }));
    }
    let name = model.spec().head_name(ask.head);
    let which = match (ask.word, ask.least) {
        (Some(word), _) => {
            let word = text(word);
            Says::new(format!("pairs with “{word}”"), format!("含 “{word}” 的词对"))
        }
        (None, false) => Says::new("greatest pairs of words", "值最大的词对"),
        (None, true) => Says::new("least pairs of words", "值最小的词对"),
    };
    let left_out: Vec<&str> = found.left_out.iter().map(|what| what.text()).collect();
    let left_out =
        if left_out.is_empty() { String::new() } else { format!(" (left out: {})", left_out.join("; ")) };
    let says = Says::new(
        format!(
            "QK and OV circuits of head {name}, {} over the whole vocabulary{left_out} (Elhage et al. 2021),",
            which.en
        ),
        format!("头 {name} 的 QK 与 OV 回路，整个词表中{}（Elhage et al. 2021）", which.zh),
    );
    let title = (views::circuits(&name), "W_E·W_Q·W_Kᵀ·W_Eᵀ; W_E·W_V·W_O·W_U");
    let columns = vec!["circuit", "row", "row_text", "column", "column_text", "value"];
    let plate = of_weights(trace, title, says, Body::Lists(lists), Table { columns, rows });
    Ok(by_formulas(plate, circuit_formulas(ask.circuits.plain)))
}

/// What both tables hold; `e` is a word's vector as it enters the block.
fn circuit_formulas(plain: bool) -> [(Says, Says); 2] {
    let looks = "scale·⟨W_Q·norm(e_query) + b_Q, W_K·norm(e_key) + b_K⟩";
    let writes = "⟨norm(e)·W_V·W_O, W_U⟩";
    let less = |formula: &str, over: &str, zh: &str| {
        if plain {
            formula.into()
        } else {
            Says::new(format!("{formula} − mean over {over}"), format!("{formula} − {zh}"))
        }
    };
    [
        (Says::new("looks for", "寻找"), less(looks, "keys", "各键的均值")),
        (Says::new("writes", "写入"), less(writes, "words", "各词的均值")),
    ]
}

/// The entries of one table that answer what was asked.
fn entries(table: &WordTable, ask: &ViewAsk, progress: Progress<'_>) -> Option<Vec<Entry>> {
    let ends = match ask.word {
        None => table.scan(LISTED, progress)?.ends,
        Some(word) if (word as usize) < table.size().0 => table.row(word, LISTED),
        Some(_) => return Some(Vec::new()),
    };
    Some(if ask.least { ends.least } else { ends.most })
}

pub(super) fn composition(
    model: &Model,
    trace: &Trace,
    ask: &ViewAsk,
    progress: Progress<'_>,
) -> Result<Plate, ViewError> {
    let own = ask.links;
    let mut found = compose(&model.network, own.kind, own.folded, progress).ok_or(ViewError::Cancelled)?;
    found.links = found.strongest(found.links.len());
    let less = if own.above_random { found.random } else { 0.0 };
    let from = own.threshold.unwrap_or_else(|| found.usual_threshold() - less);
    let spec = model.spec();
    let name = |head: HeadId| format!("{}.{}", spec.index_in_part(head.layer), head.head);
    let heads = |layer: usize| (0..spec.heads(layer)).map(|head| name(HeadId { layer, head })).collect();
    let drawn: Vec<&Link> = found.links.iter().take_while(|link| link.score - less >= from).collect();
    let graph = Graph {
        layers: (0..spec.layers())
            .map(|layer| (maps::named(&spec.layer_name(layer)), heads(layer)))
            .collect(),
        links: drawn
            .iter()
            .rev()
            .map(|link| ([link.from, link.to].map(|head| (head.layer, head.head)), link.score - less))
            .collect(),
        marked: Some((ask.head.layer, ask.head.head)).filter(|_| trace.has(ask.head)),
        quantity: if own.above_random { &views::ABOVE_RANDOM } else { &views::COMPOSITION }.clone(),
    };
    let row = |link: &&Link| {
        let id = |head: HeadId| json!(spec.head_name(head));
        vec![id(link.from), id(link.to), json!(link.score - less)]
    };
    let kind: &'static str = own.kind.into();
    let kind = kind.to_uppercase();
    let table = Table { columns: vec!["from", "to", "score"], rows: drawn.iter().map(row).collect() };
    let folded = if own.folded {
        Says::new(", with the norms' weights and centring", "，计入归一化的权重与中心化")
    } else {
        Says::default()
    };
    let random = found.random;
    let says = Says::new(
        format!(
            "{kind}-composition of every pair of heads with a score from {from:.3} on{}: layers down, heads across \
             (Elhage et al. 2021; random weights score {random:.3}),",
            folded.en
        ),
        format!(
            "分数不低于 {from:.3} 的各对头的 {kind} 组合{}：行为层，列为头（Elhage et al. 2021；随机权重的分数为 {random:.3}）",
            folded.zh
        ),
    );
    let title = (views::composition(&kind), "‖AB‖_F / (‖A‖_F·‖B‖_F)");
    let plate = of_weights(trace, title, says, Body::Graph(graph), table);
    // What of the later head reads
    let later = match own.kind {
        Kind::Q => "W_Q·W_Kᵀ",
        Kind::K => "W_K·W_Qᵀ",
        Kind::V => "W_V·W_O",
    };
    let less = if own.above_random { " − 1/√width" } else { "" };
    let score = format!("‖AB‖_F / (‖A‖_F·‖B‖_F){less}");
    let formula = Says::new(
        format!("{score}, A = W_V·W_O of the earlier head, B = {later} of the later"),
        format!("{score}，A 为较早的头的 W_V·W_O，B 为较晚的头的 {later}"),
    );
    Ok(by_formula(plate, formula))
}

pub(super) fn atlas(trace: &Trace, ask: &ViewAsk) -> Result<Plate, ViewError> {
    let Beside::Atlas(atlas) = &ask.beside else { return Err(ViewError::Missing("atlas")) };
    let axes = atlas.axes();
    let axis = |id: &str| axes.iter().find(|axis| axis.id == id).or(axes.first());
    let (Some(x), Some(y)) = (axis(&ask.axes.x), axis(&ask.axes.y)) else { return Err(ViewError::Empty) };
    let groups = clusters(atlas);
    let name = |head: HeadId| {
        if trace.model_name == atlas.model && trace.has(head) {
            trace.spec.head_name(head)
        } else {
            head.to_string()
        }
    };
    let (mut names, mut points, mut of, mut rows) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut marked = None;
    for (place, entry) in atlas.heads.iter().enumerate() {
        let cluster = groups.of.get(place).copied().unwrap_or(0);
        let (Some(across), Some(up)) = (entry.value(&x.id), entry.value(&y.id)) else { continue };
        if entry.head == ask.head && trace.model_name == atlas.model {
            marked = Some(names.len());
        }
        names.push(name(entry.head));
        points.push(vec![[across, up]]);
        of.push(if ask.axes.alike { cluster } else { entry.head.layer });
        let HeadId { layer, head } = entry.head;
        rows.push(vec![json!(layer), json!(head), json!(across), json!(up), json!(cluster)]);
    }
    if names.is_empty() {
        return Err(ViewError::Empty);
    }
    let most = of.iter().copied().max().unwrap_or(0);
    let label = |id: &str| -> Says {
        axes.iter()
            .find(|axis| axis.id == id)
            .map_or_else(|| id.into(), |axis| names::axis(&axis.id, axis.label.clone()))
    };
    let group = |place: usize| -> Says {
        if ask.axes.alike {
            groups.clusters.get(place).map_or_else(Says::default, |own| traits(place, &own.traits, label))
        } else {
            format!("L{place}").into()
        }
    };
    let [across, up] = [x, y].map(|axis| names::axis(&axis.id, axis.label.clone()));
    let body = Paths {
        names,
        points,
        axes: [across.clone(), up.clone()],
        marked,
        groups: Some(Groups { of, names: (0..=most).map(group).collect(), ordered: !ask.axes.alike }),
    };
    let texts = atlas.ran.texts.as_deref().unwrap_or("none");
    let (probes, passages) = (atlas.ran.probes, atlas.ran.passages);
    let alike = if ask.axes.alike {
        Says::new(", coloured by clusters of heads that are alike", "，按相似的头的聚类着色")
    } else {
        Says::default()
    };
    let changed = changed_by(&atlas.ran.interventions);
    let says = Says::new(
        format!(
            "Every head by {} and {}, over {probes} probes of random tokens said twice and {passages} passages (texts: \
             {texts}){}{},",
            x.label, y.label, changed.en, alike.en
        ),
        format!(
            "每个头的 {} 与 {}，来自 {probes} 个说两遍的随机词元探针和 {passages} 段文本（{texts}）{}{}",
            across.zh, up.zh, changed.zh, alike.zh
        ),
    );
    let title = (views::ATLAS.clone(), format!("{} × {}", x.id, y.id));
    let formula = |axis: &crate::analysis::atlas::Axis| names::formula(&axis.id, axis.formula.clone());
    let formulas = [(across, formula(x)), (up, formula(y))];
    let table = Table { columns: vec!["layer", "head", "x", "y", "cluster"], rows };
    let plate = of_weights(trace, title, says, Body::Paths(body), table);
    let subtitle = views::heads(&atlas.model, atlas.heads.len());
    Ok(by_formulas(Plate { subtitle, ..plate }, formulas))
}

/// A cluster by what sets it apart.
fn traits(place: usize, traits: &[(String, f64)], label: impl Fn(&str) -> Says) -> Says {
    match traits.first() {
        None => views::cluster(place + 1, None),
        Some((name, by)) => views::cluster(place + 1, Some((&label(name), &signed(*by)))),
    }
}
