"""What families do to queries, keys and values on the way to attention, as numpy has it."""
import dataclasses
import re

import numpy as np
import pytest

from conftest import EXACT, assert_close, needs_cpu
from decoder import Decoder
from programs import compile_text, lower, run_step

LAYERS = 2


@dataclasses.dataclass
class Heads:
    """The attention of one family."""
    dimension: int = 24
    heads: int = 4
    key_heads: int = 2
    rope: bool = True
    style: str = "halves"
    rotated: int | None = None
    bases: tuple[float, ...] = (100.0, 100.0)      # of each layer
    windows: tuple[int | None, ...] = (None, None)  # of each layer
    bias: bool = False
    key_bias: bool = True  # where there are biases
    clip: float | None = None
    norm: str | None = None  # of queries and keys, behind their products
    whole_norm: bool = False  # over all heads
    fused: str | None = "qkv_rope_append"  # the kernel that the three products are part of

    def logits(self, decoder):
        width = self.heads * self.dimension
        x = decoder.embedding(width)
        for layer in range(LAYERS):
            normed = decoder.norm(x, "rms_norm")
            parts = [decoder.linear(normed, count * self.dimension, bias=self.bias and bias)
                     for count, bias in ((self.heads, True), (self.key_heads, self.key_bias), (self.key_heads, True))]
            if self.clip:
                parts = [decoder.clip(part, self.clip) for part in parts]
            if self.norm:
                parts[:2] = [decoder.norm(part, self.norm, bias=False, whole=self.norm == "layer_norm",
                                          groups=1 if self.whole_norm else part.columns // self.dimension)
                             for part in parts[:2]]
            turns = {"base": self.bases[layer], "style": self.style, "rotated": self.rotated} if self.rope else {}
            attended = decoder.attention(*parts, self.dimension, window=self.windows[layer], rope=self.rope, **turns)
            x = decoder.add(x, decoder.linear(attended, width, bias=False))
            hidden = decoder.activation(decoder.linear(decoder.norm(x, "rms_norm"), 64), "relu")
            x = decoder.add(x, decoder.linear(hidden, width))
        return decoder.linear(decoder.norm(decoder.wanted_rows(x), "rms_norm"), decoder.vocabulary, bias=False,
                              operation="logits", weight=decoder.table)


FAMILIES = {
    "llama": Heads(dimension=32),
    "qwen2": Heads(bias=True),
    "gpt2": Heads(rope=False, bias=True, key_heads=4, fused="qkv_append"),
    "bloom": Heads(rope=False, bias=True, key_heads=4, dimension=32, fused="qkv_append"),
    "gpt_neox": Heads(dimension=40, rotated=10, bias=True, key_heads=4),
    "gptj": Heads(dimension=32, rotated=8, style="interleaved", key_heads=4),
    "olmo": Heads(clip=0.5),
    "qwen3": Heads(norm="rms_norm", dimension=32, fused=None),
    "olmo2": Heads(norm="rms_norm", whole_norm=True, fused=None),
    "cohere": Heads(norm="layer_norm", style="interleaved", fused=None),
    "gemma3": Heads(norm="rms_norm", bases=(10.0, 1000.0), windows=(16, None), fused=None),
    "apart": Heads(rotated=8, style="interleaved", bias=True, key_bias=False, fused=None),
    "windows": Heads(bases=(10.0, 1000.0), windows=(16, None), rotated=8, bias=True),
}
TOKENS = np.random.default_rng(1).integers(0, 256, 75)


def caches_of(heads):
    """Those that heads of this size can have, apart from f32"""
    return ["f16"] if heads.dimension % 32 else ["f16", "q8_0"]


@pytest.mark.parametrize("name", FAMILIES)
def test_exact(ingot, name, tmp_path):
    """The exact path is numpy's, in one step, token by token, and with any number of workers."""
    decoder = Decoder(format="q8_0" if name in ("qwen2", "llama") else "f32", vectors="bf16")
    logits = FAMILIES[name].logits(decoder)
    executable = compile_text(ingot, decoder.text(logits), tmp_path, EXACT, "--kv=f32", phase="import")
    exact = run_step(executable, TOKENS, threads=2)
    assert_close(exact, logits.compute(TOKENS))
    for rows in (1, 5):
        assert np.array_equal(run_step(executable, TOKENS[:rows], threads=3), exact[:rows])


@pytest.mark.parametrize("name, cache", [(name, cache) for name, heads in FAMILIES.items() for cache in caches_of(heads)])
def test_rounded(ingot, name, cache, tmp_path):
    """With activations of 8 bits and each kind of cache, near numpy; bits are those of few rows and other workers."""
    decoder = Decoder(format="q8_0" if FAMILIES[name].dimension == 32 else "bf16")
    logits = FAMILIES[name].logits(decoder)
    reference = logits.compute(TOKENS)
    executable = compile_text(ingot, decoder.text(logits), tmp_path, f"--kv={cache}", phase="import")
    rounded = run_step(executable, TOKENS, threads=2)
    error = np.sqrt(np.mean((rounded - reference) ** 2) / np.mean(reference**2))
    assert error <= 0.06, f"relative error {error:.3f}"
    assert np.array_equal(run_step(executable, TOKENS[:3], threads=1), rounded[:3])


@pytest.mark.parametrize("name", ["gpt2", "gpt_neox", "gptj", "qwen3"])
def test_of_avx2(ingot, name, tmp_path):
    needs_cpu("x86-64-v3")
    decoder = Decoder()
    logits = FAMILIES[name].logits(decoder)
    executable = compile_text(ingot, decoder.text(logits), tmp_path, EXACT, "--kv=f32", "--mcpu=x86-64-v3", phase="import")
    assert_close(run_step(executable, TOKENS), logits.compute(TOKENS))


@pytest.mark.parametrize("name", FAMILIES)
def test_kernels_of_a_layer(ingot, name, tmp_path):
    """Queries, keys and values are one product, with all that follows it; angles are computed once for layers that turn
    alike."""
    decoder = Decoder(format="q8_0")
    text = lower(ingot, decoder.text(FAMILIES[name].logits(decoder)), "fuse", tmp_path, "--compile-from=import")
    calls = re.findall(r"kernel\.call @(\w+)", text[text.index("func.func @forward.rows_9_to"):])
    assert sum(call.startswith("rope_table") for call in calls) == (len(set(FAMILIES[name].bases)) if FAMILIES[name].rope else 0)
    if FAMILIES[name].fused:
        assert sum(call.startswith(FAMILIES[name].fused) for call in calls) == LAYERS, calls
        assert not any(call.startswith("elementwise") for call in calls), calls
