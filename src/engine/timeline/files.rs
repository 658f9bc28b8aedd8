//! A timeline as JSON, as a table, and as curves.

use crate::analysis::atlas::{ROLES, Role, columns};
use crate::analysis::timeline::{RoleTaken, Seen as _, StepAxis, Timeline, curve, phase_change, roles_taken};
use crate::engine::view::plates::{by_formulas, changed_by};
use crate::export::figure::curves::{Curve, Curves, Plane};
use crate::export::words::{names, views};
use crate::export::{Body, ExportError, Lang, Look, Plate, Says, Table, atomic};
use crate::model::HeadId;
use serde_json::{Value, json};
use std::path::Path;

impl Timeline {
    /// All of it as JSON: `{"mnemoscope", "model", "periods", "prompt", "snapshots", "roles", "phase_change"}`.
    pub fn document(&self) -> Value {
        let mut object = json!(self);
        object["mnemoscope"] = json!(env!("CARGO_PKG_VERSION"));
        object["roles"] = json!(roles_taken(&self.snapshots));
        object["phase_change"] = json!(phase_change(&self.snapshots));
        object
    }

    /// One record a head and checkpoint, with every score that was taken.
    fn table(&self) -> Table {
        let taken: Vec<&Role> = columns().filter(|role| self.has(role)).collect();
        let names = ["step", "checkpoint", "loss", "layer", "head"];
        let rows = self.snapshots.iter().flat_map(|seen| {
            let taken = &taken;
            seen.heads.iter().map(move |entry| {
                let HeadId { layer, head } = entry.head;
                let own = [json!(seen.step), json!(seen.name), json!(seen.loss), json!(layer), json!(head)];
                own.into_iter().chain(taken.iter().map(|role| json!((role.value)(&entry.scores)))).collect()
            })
        });
        Table {
            columns: names.into_iter().chain(taken.iter().map(|role| role.score)).collect(),
            rows: rows.collect(),
        }
    }

    /// Whether a role's score was taken.
    pub fn has(&self, role: &Role) -> bool {
        let heads = self.snapshots.iter().flat_map(|seen| &seen.heads);
        heads.into_iter().any(|entry| (role.value)(&entry.scores).is_some())
    }
}

/// Roles whose curves are drawn where none are named: those that random tokens tell of.
pub(super) fn usual_roles(timeline: &Timeline) -> Vec<&'static Role> {
    ROLES
        .iter()
        .filter(|role| role.over == "probes" || role.id == "sink")
        .filter(|role| timeline.has(role))
        .collect()
}

/// The curves of `roles` (none: those that random tokens tell of), of the best head at each step or of `heads`; the loss
/// above them where there is one.
pub fn timeline_plate(timeline: &Timeline, roles: &[&'static Role], heads: &[HeadId]) -> Plate {
    let (usual, asked) = (usual_roles(timeline), !roles.is_empty());
    let roles = if roles.is_empty() { &usual[..] } else { roles };
    let seen = &timeline.snapshots;
    let steps: Vec<u64> = seen.iter().map(|seen| seen.step).collect();
    let axis = StepAxis::of(&steps);
    let place = |points: Vec<(u64, f64)>| -> Vec<[f64; 2]> {
        points.into_iter().map(|(step, value)| [axis.share(step), value]).collect()
    };
    let owners: Vec<Option<HeadId>> =
        if heads.is_empty() { vec![None] } else { heads.iter().copied().map(Some).collect() };
    let both = roles.iter().flat_map(|role| owners.iter().map(move |head| (*role, *head)));
    let curves: Vec<Curve> = both
        .enumerate()
        .map(|(color, (role, head))| Curve {
            name: head.map_or_else(|| named(role), |head| views::of_head(head, &named(role))),
            color: Some(color),
            points: place(curve(seen, role, head)),
        })
        .collect();
    let values = || curves.iter().flat_map(|curve| &curve.points).map(|[_, value]| *value);
    let range = [values().fold(0.0, f64::min), values().fold(1.0, f64::max)];
    let losses: Vec<(u64, f64)> = seen.iter().filter_map(|seen| Some((seen.step(), seen.loss()?))).collect();
    let highest = losses.iter().map(|(_, loss)| *loss).fold(0.0, f64::max);
    let loss = (!losses.is_empty()).then(|| Plane {
        name: views::PROMPT_LOSS.clone(),
        range: [0.0, round_up(highest)],
        curves: vec![Curve { name: views::LOSS.clone(), color: None, points: place(losses) }],
    });
    let whose = if heads.is_empty() { &views::BEST_HEAD } else { &views::SCORE };
    let scores = Plane { name: whose.clone(), range, curves };
    let flag = |taken: &RoleTaken| (axis.share(taken.step), views::of_head(taken.head, &named(taken.role)));
    let told_of = |id: &str| matches!(id, "previous_token" | "duplicate_token" | "induction");
    let mut flagged: Vec<&str> = Vec::new();
    let mut told = |taken: &&RoleTaken| {
        let own = roles.iter().any(|role| role.id == taken.role.id) && (asked || told_of(taken.role.id));
        let first =
            own && (heads.contains(&taken.head) || heads.is_empty() && !flagged.contains(&taken.role.id));
        flagged.extend(first.then_some(taken.role.id));
        first
    };
    let listed = |lang: Lang, between: &str| {
        roles.iter().map(|role| named(role).get(lang).to_owned()).collect::<Vec<_>>().join(between)
    };
    let (model, n) = (&timeline.model, seen.len());
    let changed = changed_by(&timeline.interventions);
    let [en, zh] = [listed(Lang::En, ", "), listed(Lang::Zh, "、")];
    let plate = Plate {
        formulas: Vec::new(),
        title: views::TIMELINE.clone(),
        subtitle: views::checkpoints(model, n),
        hook: views::TIMELINE_FOOT.clone(),
        says: Says::new(
            format!(
                "Scores of heads of {model} over {n} checkpoints ({en}), on random tokens said twice{}.",
                changed.en
            ),
            format!("{model} 各头的分数，跨 {n} 个检查点（{zh}），在说两遍的随机词元上{}。", changed.zh),
        ),
        body: Body::Curves(Curves {
            across: views::STEP.clone(),
            ticks: axis.marks(6),
            planes: loss.into_iter().chain([scores]).collect(),
            flags: roles_taken(seen).iter().filter(&mut told).map(flag).collect(),
            marked: None,
        }),
        strips: Vec::new(),
        table: timeline.table(),
    };
    by_formulas(plate, roles.iter().map(|role| (named(role), names::formula(role.score, role.formula))))
}

fn named(role: &Role) -> Says {
    names::role(role.id, role.label)
}

/// The next number that is read easily by halves.
fn round_up(value: f64) -> f64 {
    let decade = 10_f64.powf(value.max(1e-6).log10().floor());
    [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0]
        .map(|share| share * decade)
        .into_iter()
        .find(|&end| end >= value)
        .unwrap_or(10.0 * decade)
}

/// Writes it: `.json` is all of it, `.csv` a record a head and checkpoint, pictures are its curves.
pub fn save_timeline(timeline: &Timeline, plate: &Plate, look: Look, path: &Path) -> Result<(), ExportError> {
    if Plate::format_of(path)?.ending == ".json" {
        return atomic::write(path, |out| Ok(writeln!(out, "{}", timeline.document())?));
    }
    plate.write(look, path)
}
