//! CodeGen: GPT-J's block; queries, values and keys lie in one tensor, in the four parts it was trained in.
//! Reference: `CodeGenForCausalLM`, `CodeGenModel` in Transformers, `modeling_codegen.py`.

use super::{Family, Map, Rows, from, gptj};
use crate::model::spec::ModelSpec;

pub(super) const FAMILY: Family = Family {
    model_type: "codegen",
    architectures: &["CodeGenForCausalLM", "CodeGenModel"],
    prefixes: &["transformer.", ""],
    spec: |config| gptj::spec(config, "codegen"),
    weights: &[gptj::WEIGHTS, ATTENTION],
};

const ATTENTION: &[Map] = &[
    from("blocks.{l}.attn.W_Q", "h.{l}.attn.qkv_proj.weight").turned().rows(slot::<0>),
    from("blocks.{l}.attn.W_V", "h.{l}.attn.qkv_proj.weight").turned().rows(slot::<1>),
    from("blocks.{l}.attn.W_K", "h.{l}.attn.qkv_proj.weight").turned().rows(slot::<2>),
];

/// [part, (q, v, k), a quarter of the heads]
fn slot<const SLOT: usize>(spec: &ModelSpec, _: usize) -> Rows {
    const PARTS: usize = 4;
    let quarter = spec.width / PARTS;
    let start = |part: usize| (3 * part + SLOT) * quarter;
    Rows { ranges: (0..PARTS).map(|part| start(part)..start(part) + quarter).collect(), of: 3 * spec.width }
}
