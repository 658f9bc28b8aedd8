#!/usr/bin/env python3
"""Make tests/fixtures/unusual: tiny models of classes and settings that are rare, and what Transformers computes on them.

Patterns, residual streams and logits, as held_out.py compares them. Needs torch, transformers and safetensors.

    python tools/fixture_unusual.py [NAME ...]
"""

import shutil
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

from fixture_models import Fixture, load
from fixture_seq2seq import set_weights
from held_out import expected

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "unusual"

_BART = {"vocab_size": 23, "d_model": 12, "decoder_layers": 2, "decoder_attention_heads": 3, "decoder_ffn_dim": 9}
_BART |= {"encoder_layers": 1, "encoder_attention_heads": 2, "encoder_ffn_dim": 7, "max_position_embeddings": 24}
_BART |= {"pad_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 2, "forced_eos_token_id": None}
_ALONE = _BART | {"is_decoder": True, "is_encoder_decoder": False, "decoder_layers": 1}
_T5 = {"vocab_size": 23, "d_model": 12, "d_kv": 5, "d_ff": 9, "num_layers": 1, "num_heads": 3}
_T5 |= {"relative_attention_num_buckets": 8, "relative_attention_max_distance": 14, "decoder_start_token_id": 0}
_PLAIN = {"vocab_size": 23, "hidden_size": 12, "num_attention_heads": 3, "num_hidden_layers": 1, "intermediate_size": 9}
_PLAIN |= {"bos_token_id": 0, "eos_token_id": 2, "pad_token_id": None}
_LLAMA = _PLAIN | {"num_key_value_heads": 1, "head_dim": 6}
_GEMMA = _LLAMA | {"pad_token_id": 0, "query_pre_attn_scalar": 5, "sliding_window": 5}
_GPT = {"vocab_size": 23, "n_embd": 12, "n_head": 3, "n_layer": 1, "n_positions": 24, "eos_token_id": 2}
_SHORT = {"max_position_embeddings": 8}
_YARN = {"rope_type": "yarn", "rope_theta": 1000.0, "factor": 2.0, "original_max_position_embeddings": 6}
_LONG = {"rope_type": "longrope", "rope_theta": 1000.0, "original_max_position_embeddings": 6}
_LONG |= {"short_factor": [1.0, 1.1], "long_factor": [1.5, 4.0]}

_BLOOM = {"vocab_size": 23, "hidden_size": 12, "n_head": 3, "n_layer": 1, "pretraining_tp": 2, "slow_but_exact": True}
_GAINS = {"num_local_experts": 2, "original_max_position_embeddings": 8}
_GAINS |= {"rope_parameters": _LONG | {"short_factor": [1.0, 1.1, 1.3], "long_factor": [1.0, 1.1, 1.3]}}
_GAINS["rope_parameters"] |= {"original_max_position_embeddings": 8, "short_mscale": 1.3, "long_mscale": 0.7}
_OPT = {"vocab_size": 23, "hidden_size": 12, "word_embed_proj_dim": 8, "num_attention_heads": 3, "num_hidden_layers": 1}
_OPT |= {"ffn_dim": 9, "max_position_embeddings": 24, "pad_token_id": 1, "do_layer_norm_before": True}
_XGLM = {"vocab_size": 23, "d_model": 12, "attention_heads": 3, "num_layers": 1, "ffn_dim": 9, "pad_token_id": 1}
_BERT = _PLAIN | {"pad_token_id": 0, "max_position_embeddings": 24}
_DEBERTA = _BERT | {"type_vocab_size": 0, "relative_attention": True, "pos_att_type": ["c2p", "p2c"], "conv_groups": 2}
_DEBERTA |= {"position_buckets": 4, "max_relative_positions": 3, "conv_kernel_size": 3}
_BOTH_WAYS = {"layer_types": ["sliding_attention", "full_attention"], "use_bidirectional_attention": True}
_BOTH_WAYS |= {"num_hidden_layers": 2, "attention_bias": True}
_NEAR = {"relative_attention_num_buckets": 16, "relative_attention_max_distance": 1}
_MODERN = {"pad_token_id": 0, "cls_token_id": 1, "sep_token_id": 2, "local_attention": 6}

_ROPE = {"rope_type": "default", "rope_theta": 1000.0}
_GROWS = {"rope_parameters": _ROPE | {"llama_4_scaling_beta": 0.7, "original_max_position_embeddings": 4}}
_SIGMOIDS = {"n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 5, "n_group": 2, "topk_group": 1}
_SIGMOIDS |= {"first_k_dense_replace": 0, "use_qk_norm": True, "attention_bias": True, "routed_scaling_factor": 1.7}
_KINDS = {"num_hidden_layers": 2, "sliding_window": 4, "layer_types": ["sliding_attention", "full_attention"]}

CASES: list[tuple[str, str, dict]] = [
    ("exaone4-kinds", "Exaone4ForCausalLM", _PLAIN | _KINDS | {"num_key_value_heads": 1}),
    ("nanochat", "NanoChatForCausalLM", _PLAIN | {"num_key_value_heads": 1, "final_logit_softcapping": 3.0, "pad_token_id": 1}),
    ("ministral3-growing", "Ministral3ForCausalLM", _LLAMA | _GROWS),
    ("glm4-moe", "Glm4MoeForCausalLM", _LLAMA | _SIGMOIDS),
    ("jais2", "Jais2ForCausalLM", _LLAMA),
    ("arcee", "ArceeForCausalLM", _LLAMA | {"mlp_bias": True}),
    ("hunyuan", "HunYuanDenseV1ForCausalLM", _LLAMA | {"rope_parameters": _ROPE | {"rope_type": "dynamic", "alpha": 3.0, "factor": 1.0}}),
    ("eurobert", "EuroBertModel", _LLAMA | {"pad_token_id": 1, "attention_bias": True}),
    ("megatron-bert", "MegatronBertForMaskedLM", _BERT),

    ("bart-alone", "BartForCausalLM", _ALONE | {"scale_embedding": True, "encoder_layers": 2, "decoder_layers": 2}),
    ("mbart-alone", "MBartForCausalLM", _ALONE),
    ("pegasus-alone", "PegasusForCausalLM", _ALONE | {"pad_token_id": 0}),
    ("marian-alone", "MarianForCausalLM", _ALONE),
    ("blenderbot-alone", "BlenderbotForCausalLM", _ALONE),
    ("blenderbot-small-alone", "BlenderbotSmallForCausalLM", _ALONE | {"scale_embedding": True}),
    ("umt5-encoder", "UMT5EncoderModel", _T5 | {"num_layers": 2}),
    ("mt5-encoder", "MT5EncoderModel", _T5),
    ("t5-near", "T5ForConditionalGeneration", _T5 | _NEAR),
    ("gpt1-double", "OpenAIGPTDoubleHeadsModel", _GPT),
    ("gpt2-double", "GPT2DoubleHeadsModel", _GPT),
    ("nomic-bert", "NomicBertForMaskedLM", _BERT),
    ("opt-narrow-bare", "OPTModel", _OPT),
    ("bert-next-sentence", "BertForNextSentencePrediction", _BERT),
    ("t5-tags", "T5ForTokenClassification", _T5),
    ("bloom-slices", "BloomForCausalLM", _BLOOM),
    ("gemma3-both-ways", "Gemma3TextModel", _GEMMA | _BOTH_WAYS),
    ("deberta-groups", "DebertaV2ForMaskedLM", _DEBERTA),
    # Gains of short and long prompts apart; the class takes the factors of short ones for both, so these are the same
    ("phimoe-gains", "PhimoeForCausalLM", _LLAMA | _GAINS),
    # Prompts longer than the model was made for
    ("llama-beyond", "LlamaForCausalLM", _LLAMA | _SHORT),
    ("yarn-beyond", "LlamaForCausalLM", _LLAMA | _SHORT | {"rope_parameters": _YARN}),
    ("phi3-beyond", "Phi3ForCausalLM", _PLAIN | _SHORT | {"num_key_value_heads": 1, "rope_parameters": _LONG}),
    ("mistral-beyond", "MistralForCausalLM", _LLAMA | _SHORT | {"sliding_window": 5}),
    ("xglm-beyond", "XGLMForCausalLM", _XGLM | _SHORT),
    ("m2m100-beyond", "M2M100ForConditionalGeneration", _BART | _SHORT | {"decoder_layers": 1}),
    ("modernbert-beyond", "ModernBertForMaskedLM", _PLAIN | _SHORT | _MODERN),
]

def make(name: str, class_name: str, options: dict) -> str:
    """Write one model; return the line that reports it."""
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model_class = getattr(transformers, class_name)
    config = model_class.config_class(**options)
    fixture = Fixture(name, "", model_class, config, set_weights=set_weights)
    model = model_class(config)
    generator = torch.Generator().manual_seed(len(name))
    fixture.set_weights(model, generator)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    tokens = torch.randint(5, config.vocab_size, (13,), generator=generator).tolist()
    reads = class_name.endswith(("EncoderModel", "ForTokenClassification"))
    target = [config.decoder_start_token_id, *tokens[:2:-1]] if config.is_encoder_decoder and not reads else []
    values = expected(load(fixture, folder), tokens, target)
    if config.to_dict().get("word_embed_proj_dim", config.hidden_size) != config.hidden_size and "last" in values:
        values["hook_projected"] = values.pop("last")
    kept = {key: torch.from_numpy(value).contiguous() for key, value in values.items()}
    kept |= {"tokens": torch.tensor(tokens)} | ({"target": torch.tensor(target[1:])} if target else {})
    save_file(kept, folder / "expected.safetensors")
    return f"{name:24} {sum(file.stat().st_size for file in folder.iterdir()) / 1e3:5.0f} kB  {class_name}"

if __name__ == "__main__":
    transformers.logging.set_verbosity_error()
    for case in CASES:
        if case[0] in (sys.argv[1:] or [case[0]]):
            print(make(*case))
