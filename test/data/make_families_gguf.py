#!/usr/bin/env python3
"""Writes the tiny models of families/ as GGUF files, by the names that llama.cpp gives their parameters.

    python make_families_gguf.py [FAMILY...]      needs torch, safetensors and gguf 0.19.0; make_families.py first

What convert_hf_to_gguf.py of llama.cpp does to a model of the family is done here: rows of queries and keys are put in
pairs where llama.cpp rotates neighbours, fused projections stand in its order, transposed matrices are turned, norms
hold their whole weight. The reference is that of the directory: the numbers are the same.
"""

import argparse
import json
import pathlib

import gguf
import numpy as np
import torch
from safetensors.torch import load_file

FOLDER = pathlib.Path(__file__).parent / "families"

# Model type: architecture.
ARCHITECTURES = {"llama": "llama", "mistral": "llama", "mixtral": "llama", "qwen2": "qwen2", "qwen2_moe": "qwen2moe", "qwen3": "qwen3", "granite": "granite",
                 "gemma": "gemma", "gemma2": "gemma2", "gemma3_text": "gemma3", "phi": "phi2", "gpt2": "gpt2",
                 "gpt_neox": "gptneox", "bloom": "bloom", "falcon": "falcon", "olmo": "olmo", "olmo2": "olmo2",
                 "starcoder2": "starcoder2", "stablelm": "stablelm", "cohere": "command-r"}
# llama.cpp rotates neighbours; these checkpoints rotate halves.
PAIRED = {"llama", "mistral", "mixtral", "granite", "olmo"}
# Scalings that llama.cpp knows by other tensors or keys; weights of experts that it does not normalise.
LEFT_OUT = {"llama3_scaled", "phi3", "qwen2_moe_normalized"}


def pair_rows(tensor, heads):
    """Row i and row i + half of each head become neighbours, as LlamaModel.permute does."""
    return tensor.reshape(heads, 2, tensor.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(tensor.shape)


def stack_rows(tensor, heads, groups):
    """From the queries, the key and the value of each group to all queries, all keys, all values."""
    dimension = tensor.shape[0] // (heads + 2 * groups)
    parts = tensor.reshape(groups, heads // groups + 2, dimension, -1)
    pieces = parts[:, :-2], parts[:, -2:-1], parts[:, -1:]
    return torch.cat([piece.reshape(-1, parts.shape[-1]) for piece in pieces]).reshape(tensor.shape)


def stack_experts(tensors):
    """The matrices of all experts as one tensor, in the order of their numbers, as llama.cpp calls it."""
    stacked = {}
    for key in sorted(tensors, key=lambda key: [int(part) if part.isdigit() else part for part in key.split(".")]):
        before, mark, after = key.partition(".experts.")
        key = f"{before}.experts.{after.partition('.')[2]}" if mark else key
        stacked.setdefault(key, []).append(tensors[key if not mark else before + mark + after])
    return {key: torch.stack(parts) if ".experts." in key else parts[0] for key, parts in stacked.items()}


def convert(name, config, tensors, tensor_names):
    kind = config["model_type"]
    tensors = stack_experts(tensors)
    heads = config.get("num_attention_heads", config.get("n_head"))
    groups = heads
    if kind == "falcon":
        groups = config["num_kv_heads"] if config["new_decoder_architecture"] else 1 if config["multi_query"] else heads
    elif kind not in ("gpt2", "gpt_neox", "bloom"):
        groups = config.get("num_key_value_heads") or heads
    for key, tensor in tensors.items():
        if key == "lm_head.weight" and config.get("tie_word_embeddings", kind in ("gpt2", "bloom", "falcon")):
            continue
        tensor = tensor.float()
        if "shared_expert_gate" in key:
            tensor = tensor.squeeze()
        if kind == "gpt2" and tensor.dim() == 2 and ".h." in key:
            tensor = tensor.T
        if "query_key_value" in key:
            tensor = stack_rows(tensor, heads, groups)
        if kind in PAIRED and ("q_proj" in key or "k_proj" in key):
            tensor = pair_rows(tensor, heads if "q_proj" in key else groups)
        if kind.startswith("gemma") and "norm" in key:
            tensor = tensor + 1
        # llama.cpp divides by the root of the head's dimension; what is left of the family's factor goes into the queries.
        if "query_pre_attn_scalar" in config and key.endswith("q_norm.weight" if kind == "gemma3_text" else "q_proj.weight"):
            tensor = tensor * np.sqrt(config["head_dim"] / config["query_pre_attn_scalar"])
        found = next(filter(None, (tensor_names.get_name(tried, try_suffixes=(".weight", ".bias"))
                                   for tried in (key, key.removeprefix("transformer.")))), None)
        assert found, f"{name}: {key} has no name in GGUF"
        yield found, np.ascontiguousarray(tensor.numpy())


def add_keys(writer, kind, config):
    get = lambda *keys: next((config[key] for key in keys if config.get(key) is not None), None)
    width, heads = get("hidden_size", "n_embd"), get("num_attention_heads", "n_head")
    hidden = 4 * width if kind in ("gpt2", "bloom", "falcon") else get("intermediate_size")
    writer.add_context_length(get("max_position_embeddings", "n_positions") or 64)
    writer.add_embedding_length(width)
    writer.add_block_count(get("num_hidden_layers", "n_layer"))
    writer.add_feed_forward_length(hidden)
    writer.add_head_count(heads)
    if kind == "falcon":
        writer.add_head_count_kv(config["num_kv_heads"] if config["new_decoder_architecture"] else 1)
    elif kind not in ("gpt2", "gpt_neox", "bloom"):
        writer.add_head_count_kv(config["num_key_value_heads"])
    dimension = get("head_dim") or width // heads
    writer.add_key_length(dimension)
    writer.add_value_length(dimension)
    if kind == "bloom":
        writer.add_max_alibi_bias(8.0)
    if experts := get("num_local_experts", "num_experts"):
        writer.add_expert_count(experts)
        writer.add_expert_used_count(config["num_experts_per_tok"])
    if "moe_intermediate_size" in config:
        writer.add_expert_feed_forward_length(config["moe_intermediate_size"])
        writer.add_expert_shared_feed_forward_length(config["shared_expert_intermediate_size"])
    epsilon = get("rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon", "norm_epsilon") or 1e-5
    if config.get("rms_norm_eps") is not None:
        writer.add_layer_norm_rms_eps(epsilon)
    else:
        writer.add_layer_norm_eps(epsilon)
    writer.add_rope_freq_base(float(get("rope_theta", "rotary_emb_base") or 10000.0))
    writer.add_rope_dimension_count(int(dimension * (get("partial_rotary_factor", "rotary_pct") or 1)))
    if scaling := config.get("rope_scaling"):
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(scaling["factor"])
        writer.add_rope_scaling_orig_ctx_len(scaling["original_max_position_embeddings"])
    if (window := config.get("sliding_window")) and config.get("use_sliding_window", True):
        writer.add_sliding_window(window)
        if "layer_types" in config:
            writer.add_sliding_window_pattern([kind == "sliding_attention" for kind in config["layer_types"]])
    for key, add in [("embedding_multiplier", writer.add_embedding_scale), ("attention_multiplier", writer.add_attention_scale),
                     ("residual_multiplier", writer.add_residual_scale), ("logits_scaling", writer.add_logit_scale),
                     ("logit_scale", writer.add_logit_scale), ("use_parallel_residual", writer.add_parallel_residual),
                     ("attn_logit_softcapping", writer.add_attn_logit_softcapping),
                     ("final_logit_softcapping", writer.add_final_logit_softcapping)]:
        if config.get(key) is not None:
            add(config[key])


def make(name):
    config = json.loads((FOLDER / name / "config.json").read_text())
    kind = config["model_type"]
    architecture = ARCHITECTURES[kind]
    layers = config.get("num_hidden_layers", config.get("n_layer"))
    names = gguf.get_tensor_name_map(next(key for key, value in gguf.MODEL_ARCH_NAMES.items() if value == architecture), layers)
    path = FOLDER / name / "model.gguf"
    writer = gguf.GGUFWriter(path, architecture)
    add_keys(writer, kind, config)
    for found, array in convert(name, config, load_file(FOLDER / name / "model.safetensors"), names):
        writer.add_tensor(found, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    print(f"{name}: {architecture}, {path.stat().st_size >> 10} KiB")


def has_gguf(name):
    config = json.loads((FOLDER / name / "config.json").read_text())
    # llama.cpp has no falcon with ALiBi.
    return config["model_type"] in ARCHITECTURES and name not in LEFT_OUT and not config.get("alibi")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("families", nargs="*", metavar="FAMILY")
    chosen = parser.parse_args().families or sorted(path.name for path in FOLDER.iterdir() if has_gguf(path.name))
    for name in chosen:
        make(name)


if __name__ == "__main__":
    main()
