#!/usr/bin/env python3
"""Writes tiny random models of every family as Hugging Face directories, with the logits of transformers.

    python make_families.py [FAMILY...]        needs torch and transformers 4.57.6

For each: families/NAME/{config.json, model.safetensors, reference.npz}. The reference holds the tokens of a text and the
float32 logits after each of them. Weights are random with a seed, widths are odd numbers on purpose (no multiples of
vector lengths), norms and biases are not ones and zeros, so that one that is left out shows.
"""

import argparse
import json
import pathlib
import shutil

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

FOLDER = pathlib.Path(__file__).parent / "families"
POSITIONS = 24
VOCABULARY = 131

# What all have, by the name that most families give it.
COMMON = dict(vocab_size=VOCABULARY, hidden_size=40, intermediate_size=56, num_hidden_layers=2, num_attention_heads=4,
              num_key_value_heads=2, max_position_embeddings=64, bos_token_id=1, eos_token_id=2, pad_token_id=0)
GPT = dict(n_embd=40, n_layer=2, n_head=4, n_positions=64)

# Family: (model type, keys that differ, element type of the file).
FAMILIES = {
    "llama": ("llama", {}, "float32"),
    "llama3_scaled": ("llama", dict(head_dim=16, rope_theta=500000.0, attention_bias=True, mlp_bias=True, rope_scaling=dict(
        rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32)),
                      "bfloat16"),
    "llama_yarn": ("llama", dict(head_dim=16, tie_word_embeddings=True, rope_scaling=dict(
        rope_type="yarn", factor=4.0, original_max_position_embeddings=16)), "float16"),
    "mistral": ("mistral", dict(sliding_window=7), "float32"),
    "mixtral": ("mixtral", dict(num_local_experts=5, num_experts_per_tok=2, sliding_window=9), "float32"),
    "qwen2": ("qwen2", dict(use_sliding_window=True, sliding_window=9, max_window_layers=1), "float32"),
    "qwen3": ("qwen3", dict(head_dim=18), "float32"),
    "qwen2_moe": ("qwen2_moe", dict(num_experts=7, num_experts_per_tok=3, moe_intermediate_size=24,
                                    shared_expert_intermediate_size=40), "float32"),
    # Experts in every second layer, but for one.
    "qwen2_moe_normalized": ("qwen2_moe", dict(num_experts=4, num_experts_per_tok=2, moe_intermediate_size=32,
                                               decoder_sparse_step=2, mlp_only_layers=[3], num_hidden_layers=4,
                                               shared_expert_intermediate_size=16, norm_topk_prob=True), "bfloat16"),
    "granite": ("granite", dict(embedding_multiplier=3.0, attention_multiplier=0.2, residual_multiplier=0.7,
                                logits_scaling=2.5), "float32"),
    "gemma": ("gemma", dict(head_dim=12, num_key_value_heads=1), "bfloat16"),
    "gemma2": ("gemma2", dict(head_dim=12, sliding_window=6, query_pre_attn_scalar=20, attn_logit_softcapping=2.0,
                              final_logit_softcapping=3.0), "float32"),
    "gemma3": ("gemma3_text", dict(head_dim=12, num_hidden_layers=4, sliding_window=6, query_pre_attn_scalar=20, layer_types=[
        "sliding_attention", "sliding_attention", "full_attention", "sliding_attention"]), "float32"),
    "phi": ("phi", dict(num_key_value_heads=4, partial_rotary_factor=0.6), "float32"),
    "phi3": ("phi3", dict(original_max_position_embeddings=16, rope_scaling=dict(
        type="longrope", short_factor=[1.0, 1.1, 1.2, 1.3, 1.4], long_factor=[2.0, 3.0, 4.0, 5.0, 6.0])), "float32"),
    "gpt2": ("gpt2", GPT, "float32"),
    "gptj": ("gptj", dict(GPT, rotary_dim=6), "float32"),
    "gpt_neox": ("gpt_neox", dict(rotary_pct=0.4, num_key_value_heads=None), "float32"),
    "gpt_neox_sequential": ("gpt_neox", dict(rotary_pct=1.0, use_parallel_residual=False, attention_bias=False), "float16"),
    "opt": ("opt", dict(ffn_dim=56), "float32"),
    "opt_350m": ("opt", dict(ffn_dim=56, do_layer_norm_before=False, word_embed_proj_dim=24), "float32"),
    "bloom": ("bloom", dict(hidden_size=36, n_layer=2, n_head=6), "float32"),
    "falcon_7b": ("falcon", dict(), "float32"),
    "falcon_40b": ("falcon", dict(new_decoder_architecture=True, num_kv_heads=2), "float32"),
    "falcon_1b": ("falcon", dict(alibi=True, multi_query=False, parallel_attn=False, bias=True), "float32"),
    "olmo": ("olmo", {}, "float32"),
    "olmo_clipped": ("olmo", dict(clip_qkv=0.8, tie_word_embeddings=True), "bfloat16"),
    "olmo2": ("olmo2", {}, "float32"),
    "starcoder2": ("starcoder2", dict(sliding_window=11), "float32"),
    "stablelm": ("stablelm", dict(use_qkv_bias=True, partial_rotary_factor=0.4), "float32"),
    "stablelm_parallel": ("stablelm", dict(use_parallel_residual=True), "float32"),
    "cohere": ("cohere", dict(logit_scale=0.3), "float32"),
    "cohere_plus": ("cohere", dict(use_qk_norm=True, num_key_value_heads=4), "float32"),
}


class Palm(torch.nn.Module):
    """arXiv:2204.02311, which transformers does not have: attention and SwiGLU beside each other behind one norm, one
    key-value head, rotary positions, the table as head, no biases. Parameters are called as Llama's."""

    def __init__(self, width=40, hidden=56, layers=2, heads=4):
        super().__init__()
        self.width, self.hidden, self.layers, self.heads, self.dimension = width, hidden, layers, heads, width // heads
        self.names = {"model.embed_tokens.weight": (VOCABULARY, width), "model.norm.weight": (width,)}
        for layer in range(layers):
            for name, shape in {"input_layernorm": (width,), "self_attn.q_proj": (width, width),
                                "self_attn.k_proj": (self.dimension, width), "self_attn.v_proj": (self.dimension, width),
                                "self_attn.o_proj": (width, width), "mlp.gate_proj": (hidden, width),
                                "mlp.up_proj": (hidden, width), "mlp.down_proj": (width, hidden)}.items():
                self.names[f"model.layers.{layer}.{name}.weight"] = shape
        self.weights = {name: torch.nn.Parameter(torch.empty(shape)) for name, shape in self.names.items()}

    def named_parameters(self):
        return self.weights.items()

    def save_pretrained(self, folder):
        folder.mkdir(parents=True)
        save_file({name: weight.detach() for name, weight in self.weights.items()}, folder / "model.safetensors")
        config = dict(model_type="palm", hidden_size=self.width, intermediate_size=self.hidden, num_hidden_layers=self.layers,
                      num_attention_heads=self.heads, vocab_size=VOCABULARY, max_position_embeddings=64)
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")

    def rotate(self, x):
        half = self.dimension // 2
        angles = torch.arange(x.shape[-2])[:, None] * 10000.0 ** (-torch.arange(half) / half)
        first, second = x[..., :half], x[..., half:]
        return torch.cat([first * angles.cos() - second * angles.sin(), second * angles.cos() + first * angles.sin()], -1)

    def forward(self, tokens):
        weight = self.weights
        norm = lambda x, name: torch.nn.functional.layer_norm(x, (self.width,), weight[name], eps=1e-5)
        x = weight["model.embed_tokens.weight"][tokens]
        for layer in range(self.layers):
            linear = lambda x, name: x @ weight[f"model.layers.{layer}.{name}.weight"].T
            y = norm(x, f"model.layers.{layer}.input_layernorm.weight")
            query = self.rotate(linear(y, "self_attn.q_proj").unflatten(-1, (self.heads, -1)).transpose(0, 1))
            key, value = self.rotate(linear(y, "self_attn.k_proj")), linear(y, "self_attn.v_proj")
            attended = torch.nn.functional.scaled_dot_product_attention(
                query, key.expand_as(query), value.expand_as(query), is_causal=True)
            attended = linear(attended.transpose(0, 1).flatten(-2), "self_attn.o_proj")
            gate = torch.nn.functional.silu(linear(y, "mlp.gate_proj"))
            x = x + attended + linear(gate * linear(y, "mlp.up_proj"), "mlp.down_proj")
        return norm(x, "model.norm.weight") @ weight["model.embed_tokens.weight"].T


def randomise(model, seed):
    """All parameters are drawn: matrices keep activations of about their size, norms are near one, biases near zero."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            drawn = torch.randn(parameter.shape, generator=generator)
            isNorm = name.endswith("weight") and parameter.dim() == 1 or "norm" in name and name.endswith("weight")
            if isNorm:
                zero = "gemma" in type(model).__name__.lower()
                parameter.copy_(0.3 * drawn + (0.0 if zero else 1.0))
            elif name.endswith("bias"):
                parameter.copy_(0.3 * drawn)
            else:
                # Large enough that attention is not the mean of all positions.
                parameter.copy_(drawn * 1.5 / np.sqrt(parameter.shape[-1]))


def make_of_transformers(name, folder):
    """A model of transformers, written; the function gives its logits in float32."""
    model_type, keys, element = FAMILIES[name]
    # Older families call the same numbers otherwise, and both names at once would clash.
    renamed = {"n_head": "num_attention_heads", "n_layer": "num_hidden_layers", "n_embd": "hidden_size",
               "n_positions": "max_position_embeddings"}
    base = {key: value for key, value in COMMON.items() if not any(renamed.get(own) == key for own in keys)}
    config = CONFIG_MAPPING[model_type](**{**base, **keys})
    # Falcon's eager attention adds ALiBi's slopes twice, once with the mask.
    attention = "sdpa" if model_type == "falcon" else "eager"
    model = AutoModelForCausalLM.from_config(config, attn_implementation=attention).eval().float()
    randomise(model, seed=sum(name.encode()))
    model.to(getattr(torch, element)).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    # Read again rather than widened: rotary frequencies were rounded, too.
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation=attention, dtype=torch.float32).eval()
    return lambda tokens: model(tokens[None]).logits[0]


def make_palm(folder):
    model = Palm()
    randomise(model, seed=11)
    model.save_pretrained(folder)
    return model


def make(name):
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    forward = make_palm(folder) if name == "palm" else make_of_transformers(name, folder)
    tokens = torch.from_numpy(np.random.default_rng(7).integers(3, VOCABULARY, POSITIONS))
    with torch.no_grad():
        logits = forward(tokens).float().numpy()
    np.savez_compressed(folder / "reference.npz", tokens=tokens.numpy().astype(np.int32), logits=logits.astype(np.float32))
    return logits


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("families", nargs="*", metavar="FAMILY")
    chosen = parser.parse_args().families or [*FAMILIES, "palm"]
    for name in chosen:
        logits = make(name)
        size = sum(file.stat().st_size for file in (FOLDER / name).iterdir())
        print(f"{name}: largest logit {np.abs(logits).max():.2f}, {size >> 10} KiB")


if __name__ == "__main__":
    main()
