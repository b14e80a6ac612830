"""What families do to rows apart from attention: norms, biases, activations, positions, residuals, as numpy has them."""
import re

import numpy as np
import pytest

from conftest import EXACT, assert_close, needs_cpu
from decoder import Decoder
from programs import compile_text, lower, run_step

WIDTH, DIMENSION, HIDDEN, LAYERS = 96, 24, 160, 2


def sequential(decoder):
    """As BERT and GPT-2 do: learned positions, a row for all, a norm of the embedding; biases and means everywhere."""
    x = decoder.add(decoder.embedding(WIDTH), decoder.position_embedding(WIDTH, offset=2))
    x = decoder.norm(decoder.add(x, decoder.repeat_row(WIDTH)))
    for _ in range(LAYERS):
        normed = decoder.norm(x)
        query, key, value = (decoder.linear(normed, columns) for columns in (WIDTH, 2 * DIMENSION, 2 * DIMENSION))
        x = decoder.add(x, decoder.linear(decoder.attention(query, key, value, DIMENSION), WIDTH))
        hidden = decoder.activation(decoder.linear(decoder.norm(x), HIDDEN), "gelu")
        x = decoder.add(x, decoder.linear(hidden, WIDTH))
    return decoder.linear(decoder.norm(decoder.wanted_rows(x)), decoder.vocabulary, operation="logits")


def parallel(decoder):
    """As GPT-J, Cohere and Granite do: one norm for both branches, multipliers, norms of queries and keys, tied head."""
    x = decoder.scale(decoder.embedding(WIDTH), 3.0)
    for _ in range(LAYERS):
        normed = decoder.norm(x, weight=False, bias=False)
        query, key, value = (decoder.linear(normed, columns, bias=False) for columns in (WIDTH, 2 * DIMENSION, 2 * DIMENSION))
        query = decoder.norm(query, "rms_norm", groups=WIDTH // DIMENSION)
        key = decoder.norm(key, groups=2, whole=True)
        attended = decoder.linear(decoder.attention(query, key, value, DIMENSION), WIDTH, bias=False)
        hidden = decoder.activation(decoder.linear(normed, HIDDEN, bias=False), "relu")
        mlp = decoder.linear(hidden, WIDTH)
        x = decoder.add(decoder.add(x, decoder.scale(attended, 0.25)), decoder.scale(mlp, 0.5))
    x = decoder.norm(decoder.wanted_rows(x), bias=False)
    logits = decoder.linear(x, decoder.vocabulary, bias=False, operation="logits", weight=decoder.table)
    return decoder.scale(logits, 0.125)


def gated(decoder):
    """A gated layer with biases; and each kind of norm of a whole row."""
    x = decoder.norm(decoder.embedding(WIDTH), "rms_norm")
    for _ in range(LAYERS):
        normed = decoder.norm(x, bias=False)
        query, key, value = (decoder.linear(normed, WIDTH) for _ in range(3))
        x = decoder.norm(decoder.add(x, decoder.linear(decoder.attention(query, key, value, DIMENSION), WIDTH)), weight=False)
        gate = decoder.activation(decoder.linear(x, HIDDEN), "gelu_tanh")
        x = decoder.add(x, decoder.linear(decoder.multiply(gate, decoder.linear(x, HIDDEN)), WIDTH))
    return decoder.linear(decoder.wanted_rows(x), decoder.vocabulary, bias=False, operation="logits")


MODELS = {function.__name__: function for function in (sequential, parallel, gated)}
TOKENS = np.random.default_rng(1).integers(0, 256, 41)


@pytest.mark.parametrize("name, matrices, vectors", [("sequential", "f32", "f32"), ("sequential", "q8_0", "bf16"),
                                                     ("parallel", "q4_1", "f32"), ("gated", "bf16", "f16")])
def test_rows(ingot, name, matrices, vectors, tmp_path):
    """The exact path is numpy's, in one step, token by token, and with any number of workers; rounded activations are
    near it."""
    decoder = Decoder(format=matrices, vectors=vectors)
    logits = MODELS[name](decoder)
    reference = logits.compute(TOKENS)
    executable = compile_text(ingot, decoder.text(logits), tmp_path, EXACT, "--kv=f32", phase="import", name="exact")
    exact = run_step(executable, TOKENS, threads=2)
    assert_close(exact, reference)
    for rows in (1, 5):
        assert np.array_equal(run_step(executable, TOKENS[:rows], threads=3), exact[:rows])
    executable = compile_text(ingot, decoder.text(logits), tmp_path, phase="import", name="default")
    rounded = run_step(executable, TOKENS)
    error = np.sqrt(np.mean((rounded - reference) ** 2) / np.mean(reference**2))
    assert error <= 0.06, f"relative error {error:.3f}"
    assert np.array_equal(run_step(executable, TOKENS[:1]), rounded[:1])


@pytest.mark.parametrize("name", ["parallel", *[pytest.param(name, marks=pytest.mark.full) for name in ("sequential", "gated")]])
def test_of_avx2(ingot, name, tmp_path):
    needs_cpu("x86-64-v3")
    decoder = Decoder(format="q8_0")
    logits = MODELS[name](decoder)
    executable = compile_text(ingot, decoder.text(logits), tmp_path, EXACT, "--kv=f32", "--mcpu=x86-64-v3", phase="import")
    assert_close(run_step(executable, TOKENS), logits.compute(TOKENS))


def test_kernels_of_a_layer(ingot, tmp_path):
    """Biases, activations, multipliers and residuals stand in the epilogues of products, and norms round what they write:
    none is a kernel of its own. (A head of 24 columns is no whole group: what attention leaves is rounded apart.)"""
    for name, embeddings in {"sequential": 2, "parallel": 1, "gated": 1}.items():
        decoder = Decoder(format="q8_0")
        text = lower(ingot, decoder.text(MODELS[name](decoder)), "fuse", tmp_path, "--compile-from=import")
        calls = re.findall(r"kernel\.call @(\w+)", text[text.index("func.func @forward.rows_9_to"):])
        assert not any(call.startswith("elementwise") for call in calls), calls
        assert sum(call.startswith("quantize") for call in calls) == LAYERS, calls
        assert sum("embedding" in call for call in calls) == embeddings, calls
