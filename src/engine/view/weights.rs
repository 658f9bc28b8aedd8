//! Heads by their weights and roles as figures: circuits, the graph of who reads whom, the atlas.

use super::{Beside, Progress, ViewAsk, ViewError, of_weights};
use crate::analysis::atlas::clusters;
use crate::analysis::circuits::{Entry, Link, WordTable, compose, head_circuits};
use crate::export::figure::bars::{Bar, Bars, signed};
use crate::export::figure::graph::Graph;
use crate::export::figure::paths::{Groups, Paths};
use crate::export::{Body, Plate, Table};
use crate::model::{HeadId, Model, shown};
use crate::trace::{Trace, said_with};
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
    let mut sides = vec![("Looks for: query → key", "looks", &found.looks)];
    if let Ok(table) = &found.writes {
        sides.push(("Writes: read → written", "writes", table));
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
            name: format!("{} → {}", shown(&text(entry.row)), shown(&text(entry.column))),
            value: entry.value,
            label: signed(entry.value),
            faint: false,
        };
        let quantity = if id == "looks" { "Score by weights" } else { "Logit that is added" };
        let bars = entries.iter().map(bar).collect();
        lists.push((name.to_owned(), Bars { bars, quantity: quantity.to_owned(), sums: false, wide: true }));
    }
    let name = model.spec().head_name(ask.head);
    let which = match (ask.word, ask.least) {
        (Some(word), _) => format!("pairs with “{}”", text(word)),
        (None, false) => "greatest pairs of words".to_owned(),
        (None, true) => "least pairs of words".to_owned(),
    };
    let left_out: Vec<&str> = found.left_out.iter().map(|what| what.text()).collect();
    let left_out =
        if left_out.is_empty() { String::new() } else { format!(" (left out: {})", left_out.join("; ")) };
    let says = format!(
        "QK and OV circuits of head {name}, {which} over the whole vocabulary{left_out} (Elhage et al. 2021),"
    );
    let title = (format!("Circuits of head {name}"), "W_E·W_Q·W_Kᵀ·W_Eᵀ; W_E·W_V·W_O·W_U".to_owned());
    let columns = vec!["circuit", "row", "row_text", "column", "column_text", "value"];
    Ok(of_weights(trace, title, &says, Body::Lists(lists), Table { columns, rows }))
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
        layers: (0..spec.layers()).map(|layer| (spec.layer_name(layer), heads(layer))).collect(),
        links: drawn
            .iter()
            .rev()
            .map(|link| ([link.from, link.to].map(|head| (head.layer, head.head)), link.score - less))
            .collect(),
        marked: Some((ask.head.layer, ask.head.head)).filter(|_| trace.has(ask.head)),
        quantity: if own.above_random { "Score above random".into() } else { "Composition score".into() },
    };
    let row = |link: &&Link| {
        let id = |head: HeadId| json!(spec.head_name(head));
        vec![id(link.from), id(link.to), json!(link.score - less)]
    };
    let kind: &'static str = own.kind.into();
    let kind = kind.to_uppercase();
    let table = Table { columns: vec!["from", "to", "score"], rows: drawn.iter().map(row).collect() };
    let folded = if own.folded { ", with the norms' weights and centring" } else { "" };
    let says = format!(
        "{kind}-composition ‖AB‖/(‖A‖‖B‖) of every pair of heads with a score from {from:.3} on{folded}: layers down, \
         heads across (Elhage et al. 2021; random weights score {:.3}),",
        found.random
    );
    let title = (format!("{kind}-composition"), "‖AB‖_F / (‖A‖_F·‖B‖_F)".to_owned());
    Ok(of_weights(trace, title, &says, Body::Graph(graph), table))
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
    let group = |place: usize| {
        if ask.axes.alike {
            groups.clusters.get(place).map_or_else(String::new, |own| traits(place, &own.traits))
        } else {
            format!("L{place}")
        }
    };
    let body = Paths {
        names,
        points,
        axes: [&x.label, &y.label].map(Clone::clone),
        marked,
        groups: Some(Groups { of, names: (0..=most).map(group).collect(), ordered: !ask.axes.alike }),
    };
    let texts = atlas.ran.texts.as_deref().unwrap_or("none");
    let says = format!(
        "Every head by {} ({}) and {} ({}), over {} probes of random tokens said twice and {} passages (texts: {texts}){},",
        x.label,
        x.formula,
        y.label,
        y.formula,
        atlas.ran.probes,
        atlas.ran.passages,
        said_with(&atlas.ran.interventions)
    );
    let title = ("Head atlas".to_owned(), format!("{} × {}", x.id, y.id));
    let table = Table { columns: vec!["layer", "head", "x", "y", "cluster"], rows };
    let plate = of_weights(trace, title, &says, Body::Paths(body), table);
    Ok(Plate { subtitle: format!("{} · {} heads", atlas.model, atlas.heads.len()), ..plate })
}

/// A cluster by what sets it apart.
fn traits(place: usize, traits: &[(String, f64)]) -> String {
    let most = traits.first().map(|(name, by)| format!(": {name} {}", signed(*by)));
    format!("cluster {}{}", place + 1, most.unwrap_or_default())
}
