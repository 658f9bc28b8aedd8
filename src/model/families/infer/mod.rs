//! A model whose class nobody told us about: its architecture, as its configuration's keys and its tensors' names and
//! shapes usually mean it. Everything that is taken for granted is said.

mod names;
mod settings;

use super::fused::{self, Rows};
use crate::kernels::Activation;
use crate::model::attention_spec::{AttentionSpec, QkNorm, QkNormAcross};
use crate::model::config::Config;
use crate::model::formats::Tensors;
use crate::model::spec::{
    BlockSpec, EmbeddingSpec, HeadSpec, MlpSpec, ModelSpec, NormKind, NormSpec, Placement, Positions,
};
use crate::model::warning::{Assumption, Described, PositionKind, Warning};
use crate::model::weights::Named;
use names::{Role, Roles};
use settings::Said;

/// What was made out of a model's files.
pub(in crate::model) struct Inferred {
    /// Its architecture
    pub spec: ModelSpec,
    /// The tensor behind each weight, and which of its outputs
    pub names: Vec<(Named, Rows)>,
    /// That it was inferred, and what was assumed
    pub notes: Vec<Warning>,
}

/// Makes out what a model is, or says the first thing that did not fit.
pub(in crate::model) fn read(config: &Config, tensors: &Tensors) -> Result<Inferred, String> {
    let mut said = Said::new(config);
    said.decodes()?;
    let roles = Roles::of(tensors, said.fused_by_head())?;
    let sizes = Sizes::of(&roles, tensors, &said)?;
    let spec = spec(&roles, tensors, &sizes, &mut said)?;
    for block in &spec.blocks {
        super::fits(&block.attention).map_err(|error| error.to_string())?;
    }
    let names = weights(&roles, tensors, &sizes, &spec);
    let mut notes = vec![Warning::Inferred(described(config, &spec))];
    notes.extend(said.assumed().iter().cloned().map(Warning::Assumed));
    Ok(Inferred { spec, names, notes })
}

/// Sizes that shapes tell.
struct Sizes {
    vocab: usize,
    width: usize,
    heads: usize,
    kv_heads: usize,
    head_dim: usize,
    d_mlp: usize,
    gated: bool,
    /// Matrices are stored [out, in]
    turned: bool,
}

impl Sizes {
    fn of(roles: &Roles, tensors: &Tensors, said: &Said<'_>) -> Result<Self, String> {
        let outside = |role| roles.outside.get(&(role, false)).and_then(|name| tensors.map.get(name));
        let embedding = outside(Role::Embedding).ok_or("no token embedding among the tensors")?;
        let &[vocab, width] = &embedding.shape[..] else {
            return Err("the token embedding is no matrix".into());
        };
        said.embedding_is(width)?;
        let heads = said.heads()?;
        let (fused_mlp, gate) = (roles.has(Role::GateIn), roles.has(Role::Gate));
        let into = if fused_mlp { Role::GateIn } else { Role::In };
        let &[first, second] = roles.shape(tensors, into).ok_or("blocks have no MLP that is known")? else {
            return Err("the MLP's weights are no matrices".into());
        };
        let turned = second == width;
        if !turned && first != width {
            return Err(format!("the MLP reads {second}, the embedding is {width} wide"));
        }
        let outputs = |role: Role| {
            let shape = roles.shape(tensors, role)?;
            shape.get(usize::from(!turned)).copied()
        };
        let hidden = if turned { first } else { second };
        let d_mlp = if fused_mlp { hidden / 2 } else { hidden };
        let (head_dim, kv_heads) =
            if let (Some(queries), Some(keys)) = (outputs(Role::Query), outputs(Role::Key)) {
                if !queries.is_multiple_of(heads) || keys == 0 || !keys.is_multiple_of(queries / heads) {
                    return Err(format!(
                        "{queries} queries and {keys} keys cannot be shared among {heads} heads"
                    ));
                }
                (queries / heads, keys / (queries / heads))
            } else {
                let all = outputs(Role::Fused).or_else(|| outputs(Role::FusedByHead));
                let all = all.ok_or("blocks have no queries, keys and values that are known")?;
                let head_dim = said.head_dim()?.unwrap_or(width / heads);
                let pairs = all
                    .checked_sub(heads * head_dim)
                    .filter(|rest| *rest > 0 && rest.is_multiple_of(2 * head_dim));
                (
                    head_dim,
                    pairs.ok_or_else(|| format!("{all} numbers cannot be {heads} heads of {head_dim}"))?
                        / (2 * head_dim),
                )
            };
        if head_dim == 0 || !heads.is_multiple_of(kv_heads) {
            return Err(format!("{heads} heads cannot share {kv_heads} keys"));
        }
        Ok(Self { vocab, width, heads, kv_heads, head_dim, d_mlp, gated: fused_mlp || gate, turned })
    }
}

fn spec(roles: &Roles, tensors: &Tensors, sizes: &Sizes, said: &mut Said<'_>) -> Result<ModelSpec, String> {
    let normed = roles.outside.contains_key(&(Role::FinalNorm, false)) || roles.has(Role::Before);
    let biased = roles.has_bias(Role::Before) || roles.outside.contains_key(&(Role::FinalNorm, true));
    let activation = said.activation(sizes.gated)?;
    let norm = said.norm(biased || !normed, sizes.gated && activation == Activation::GeluPytorchTanh)?;
    if roles.has(Role::Fused) {
        said.fused()?;
    }
    let mut block = BlockSpec::new(
        AttentionSpec::causal(sizes.heads, sizes.kv_heads, sizes.head_dim),
        MlpSpec { width: sizes.d_mlp, activation, gated: sizes.gated },
        norm,
        Placement::Pre,
    );
    place_norms(roles, &mut block, norm, said)?;
    let table = roles.outside.get(&(Role::Positions, false)).and_then(|name| tensors.map.get(name));
    let mut context = said.context()?;
    let positions = if let Some(table) = table {
        let rows = table.shape.first().copied().unwrap_or(0);
        Positions::Learned { offset: rows.saturating_sub(context.unwrap_or(rows)) }
    } else {
        let as_glm = roles.has(Role::GateIn) && roles.has(Role::Query);
        said.positions(&mut block.attention, as_glm)?;
        if let Some(rotary) = &block.attention.rotary {
            context = context.map(|context| rotary.context(context));
        }
        Positions::None
    };
    if let Some(across) = qk_norm_of(roles, tensors, sizes) {
        block.attention.qk_norm = Some(QkNorm::new(norm, across));
    }
    said.scores(&mut block)?;
    let mut blocks = vec![block; roles.layers];
    said.each_block(&mut blocks)?;
    let bare = !roles.outside.contains_key(&(Role::Head, false)) && said.is_bare();
    Ok(ModelSpec {
        family: "inferred".into(),
        architecture: said.name().to_owned(),
        width: sizes.width,
        vocab: sizes.vocab,
        context: context.or_else(|| table.and_then(|table| table.shape.first().copied())),
        encoder: None,
        embedding: EmbeddingSpec {
            scale: said.embedding_scale(sizes.width)?,
            positions,
            norm: roles.outside.contains_key(&(Role::EmbeddingNorm, false)).then_some(norm),
            ..EmbeddingSpec::default()
        },
        blocks,
        final_norm: (roles.outside.contains_key(&(Role::FinalNorm, false)) || !roles.has(Role::Before))
            .then_some(norm),
        head: if bare { HeadSpec::None } else { HeadSpec::NextToken },
        logits: said.logits()?,
    })
}

/// Which norms a block has, and so how its parts lie on the residual stream.
fn place_norms(
    roles: &Roles,
    block: &mut BlockSpec,
    norm: NormSpec,
    said: &mut Said<'_>,
) -> Result<(), String> {
    let has = |role| roles.has(role).then_some(norm);
    let (before, after) = (has(Role::Before), has(Role::AfterAttention));
    let (before_mlp, of_attention, of_mlp) = (has(Role::BeforeMlp), has(Role::OfAttention), has(Role::OfMlp));
    let none = [before, after, before_mlp, of_attention, of_mlp].iter().all(Option::is_none);
    block.ln1 = before;
    (block.ln1_post, block.ln2) =
        if after_is_mlps(roles) { (of_attention, after) } else { (of_attention.or(after), before_mlp) };
    block.ln2_post = of_mlp;
    if none {
        said.assume(Assumption::BareNorms);
        (block.ln1, block.ln2) = (Some(norm), Some(norm));
    }
    let parallel = said.is_parallel()?;
    let after_sums = said.norms_follow()? || !none && !roles.outside.contains_key(&(Role::FinalNorm, false));
    if after_sums {
        said.assume(Assumption::NormsAfterSums);
        block.placement = Placement::Post;
    } else if parallel.unwrap_or(false) || block.ln1.is_some() && block.ln2.is_none() && of_mlp.is_none() {
        if parallel.is_none() {
            said.assume(Assumption::SharedNorm);
        }
        block.placement = Placement::Parallel;
    }
    Ok(())
}

/// Whether the norm that is called after attention is the MLP's: it is, unless something else is.
fn after_is_mlps(roles: &Roles) -> bool {
    roles.has(Role::Before)
        && !roles.has(Role::BeforeMlp)
        && (!roles.has(Role::OfMlp) || roles.has(Role::OfAttention))
}

/// What the norms of queries and keys go over, told by their size.
fn qk_norm_of(roles: &Roles, tensors: &Tensors, sizes: &Sizes) -> Option<QkNormAcross> {
    let shape = roles.shape(tensors, Role::QueryNorm)?;
    Some(match shape {
        [size] if *size == sizes.head_dim => QkNormAcross::Head,
        [_] => QkNormAcross::All,
        _ => QkNormAcross::OwnHead,
    })
}

/// The tensor behind each weight.
fn weights(roles: &Roles, tensors: &Tensors, sizes: &Sizes, spec: &ModelSpec) -> Vec<(Named, Rows)> {
    let mut names = Vec::new();
    let mut add = |ours: String, theirs: &str, turned: bool, rows: Option<Rows>| {
        let Some(shape) = spec.weight_shape(&ours) else { return };
        let rows = rows.unwrap_or_else(|| Rows::all(shape[shape.len() - 1]));
        names.push((Named { ours, theirs: theirs.to_owned(), turned: turned && shape.len() > 1 }, rows));
    };
    for (&(role, bias), name) in &roles.outside {
        let ours = match (role, bias) {
            (Role::Embedding, _) => "embed.W_E",
            (Role::Positions, _) => "pos_embed.W_pos",
            (Role::EmbeddingNorm, false) => "embed.ln.w",
            (Role::EmbeddingNorm, true) => "embed.ln.b",
            (Role::FinalNorm, false) => "ln_final.w",
            (Role::FinalNorm, true) => "ln_final.b",
            (Role::Head, false) => "unembed.W_U",
            _ => "unembed.b_U",
        };
        add(ours.to_owned(), name, role == Role::Head, None);
    }
    if let (None, Some(tied)) =
        (roles.outside.get(&(Role::Head, false)), roles.outside.get(&(Role::Embedding, false)))
    {
        add("unembed.W_U".to_owned(), tied, true, None);
    }
    for layer in 0..roles.layers {
        for (&(role, bias), rest) in &roles.block {
            let theirs = format!("{}{layer}.{rest}", roles.stack);
            if !tensors.map.contains_key(&theirs) {
                continue;
            }
            for (stem, rows) in stems(role, roles, spec, layer) {
                let ours = match stem.rsplit_once('.') {
                    _ if stem.contains("norm") || stem.starts_with("ln") => {
                        format!("blocks.{layer}.{stem}.{}", if bias { 'b' } else { 'w' })
                    }
                    Some((part, letter)) => {
                        format!("blocks.{layer}.{part}.{}_{letter}", if bias { 'b' } else { 'W' })
                    }
                    None => continue,
                };
                add(ours, &theirs, sizes.turned, rows);
            }
        }
    }
    names
}

/// Which weights a block's tensor holds: `attn.Q` stands for `attn.W_Q` and `attn.b_Q`.
fn stems(role: Role, roles: &Roles, spec: &ModelSpec, layer: usize) -> Vec<(&'static str, Option<Rows>)> {
    let one = |stem| vec![(stem, None)];
    match role {
        Role::Query => one("attn.Q"),
        Role::Key => one("attn.K"),
        Role::Value => one("attn.V"),
        Role::Output => one("attn.O"),
        Role::QueryNorm => one("attn.q_norm"),
        Role::KeyNorm => one("attn.k_norm"),
        Role::Gate => one("mlp.gate"),
        Role::In => one("mlp.in"),
        Role::Out => one("mlp.out"),
        Role::Fused => vec![
            ("attn.Q", Some(fused::qkv::<0>(spec, layer))),
            ("attn.K", Some(fused::qkv::<1>(spec, layer))),
            ("attn.V", Some(fused::qkv::<2>(spec, layer))),
        ],
        Role::FusedByHead => vec![
            ("attn.Q", Some(fused::qkv_by_group::<0>(spec, layer))),
            ("attn.K", Some(fused::qkv_by_group::<1>(spec, layer))),
            ("attn.V", Some(fused::qkv_by_group::<2>(spec, layer))),
        ],
        Role::GateIn => vec![
            ("mlp.gate", Some(fused::mlp_half::<0>(spec, layer))),
            ("mlp.in", Some(fused::mlp_half::<1>(spec, layer))),
        ],
        Role::Before => one("ln1"),
        Role::BeforeMlp => one("ln2"),
        Role::AfterAttention if after_is_mlps(roles) => one("ln2"),
        Role::AfterAttention | Role::OfAttention => one("ln1_post"),
        Role::OfMlp => one("ln2_post"),
        _ => Vec::new(),
    }
}

/// What it was taken for.
fn described(config: &Config, spec: &ModelSpec) -> Described {
    let block = &spec.blocks[0];
    let attention = &block.attention;
    let norm = spec.final_norm.or(block.ln1).or(block.ln1_post);
    Described {
        class: config.architecture().or_else(|| config.model_type()).map(str::to_owned),
        blocks: spec.layers(),
        heads: attention.heads,
        kv_heads: attention.kv_heads,
        gated: block.mlp.as_ref().is_some_and(|mlp| mlp.gated),
        placement: block.placement,
        norm: norm.map_or(NormKind::Layer, |norm| norm.kind),
        positions: match (&attention.rotary, &attention.bias, spec.embedding.positions) {
            (Some(_), ..) => PositionKind::Rotary,
            (_, Some(_), _) => PositionKind::Alibi,
            (_, _, Positions::None) => PositionKind::None,
            _ => PositionKind::Learned,
        },
    }
}
