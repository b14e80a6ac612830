#!/usr/bin/env python3
"""How many rows of a Q8_0 head survive a bound on its high bits: would a lossless two-plane head read less?

A head's codes are split in two planes, c = 16 h + l with l from 0 to 15 (for nibbles). A decode step would read the high
plane alone, estimate each logit as the dot product with 16 h + 7.5, bound what the low plane can add, and read the low
plane only of rows that could still be the largest (or among the 40 largest). This counts those rows, for several bounds,
at the hidden states of a text. The activations are what Ingot's kernels see: 8-bit codes in groups of 32.

    ./smollm2 tokenize -f text.txt --ids > tokens.txt
    two_plane_head.py SmolLM2-135M-Instruct.Q4_1.gguf tokens.txt

Results are in docs/two-plane-head.md. Needs numpy and gguf. Llama architecture only; the head is output.weight or the tied embedding, in Q8_0.
"""
import argparse
import re
import sys

import numpy as np
from gguf import GGUFReader, dequantize

GROUP = 32


class Model:
    """A Llama model of a GGUF file in float32"""

    def __init__(self, path):
        reader = GGUFReader(path)
        self.tensors = {tensor.name: tensor for tensor in reader.tensors}
        field = lambda name: reader.fields[f"llama.{name}"].contents()
        self.layers, self.heads = field("block_count"), field("attention.head_count")
        self.key_value_heads, self.epsilon = field("attention.head_count_kv"), field("attention.layer_norm_rms_epsilon")
        self.base = field("rope.freq_base")

    def weight(self, name):
        tensor = self.tensors[name + ".weight"]
        return dequantize(tensor.data, tensor.tensor_type)

    def head_blocks(self):
        """float32 scales [rows, groups] and int codes [rows, columns]"""
        tensor = self.tensors.get("output.weight", self.tensors["token_embd.weight"])
        if tensor.tensor_type.name != "Q8_0":
            sys.exit(f"{tensor.name} is {tensor.tensor_type.name}; this needs a head in Q8_0")
        rows = tensor.data.shape[0]
        blocks = np.asarray(tensor.data).reshape(rows, -1, 2 + GROUP)
        scales = blocks[:, :, :2].copy().view(np.float16)[:, :, 0].astype(np.float32)
        return scales, blocks[:, :, 2:].copy().view(np.int8).reshape(rows, -1)

    def hidden_states(self, tokens):
        """float32 [tokens, width], as the head sees them"""
        embedding = self.weight("token_embd")
        x = embedding[tokens]
        count, width = x.shape
        size = width // self.heads
        angles = np.arange(count)[:, None] * self.base ** (-np.arange(0, size, 2) / size)
        cosine, sine = np.cos(angles).astype(np.float32)[:, None], np.sin(angles).astype(np.float32)[:, None]
        hidden_later = np.triu(np.full((count, count), -np.inf, np.float32), 1)

        def normalize(x, name):
            return x / np.sqrt(np.mean(x * x, axis=1, keepdims=True) + self.epsilon) * self.weight(name)

        def rotate(x):
            even, odd = x[..., 0::2], x[..., 1::2]
            return np.stack([even * cosine - odd * sine, even * sine + odd * cosine], axis=-1).reshape(x.shape)

        for layer in range(self.layers):
            project = lambda name, x: x @ self.weight(f"blk.{layer}.{name}").T
            h = normalize(x, f"blk.{layer}.attn_norm")
            q = rotate(project("attn_q", h).reshape(count, self.heads, size))
            k = rotate(project("attn_k", h).reshape(count, self.key_value_heads, size))
            v = project("attn_v", h).reshape(count, self.key_value_heads, size)
            k, v = (np.repeat(part, self.heads // self.key_value_heads, axis=1) for part in (k, v))
            scores = np.einsum("ihd,jhd->hij", q, k) / np.float32(np.sqrt(size)) + hidden_later
            scores = np.exp(scores - scores.max(axis=2, keepdims=True))
            scores /= scores.sum(axis=2, keepdims=True)
            x = x + project("attn_output", np.einsum("hij,jhd->ihd", scores, v).reshape(count, width))
            h = normalize(x, f"blk.{layer}.ffn_norm")
            gate = project("ffn_gate", h)
            x = x + project("ffn_down", gate / (1 + np.exp(-gate)) * project("ffn_up", h))
        return normalize(x, "output_norm")


def quantize_activations(x):
    """What 8-bit codes in groups of 32 keep of x"""
    groups = x.reshape(len(x), -1, GROUP)
    scales = np.abs(groups).max(axis=2, keepdims=True) / 127
    return (np.rint(groups / np.where(scales == 0, 1, scales)) * scales).reshape(x.shape)


def group_norms(values, order):
    return np.linalg.norm(values.reshape(len(values), -1, GROUP), ord=order, axis=2)


def bounds_of(scales, residuals, largest, x):
    """{name: (largest error of each logit [rows, positions], bytes of a row that it needs beside the plane and its scales)}

    `residuals` [rows, columns] is what the estimate leaves out of each weight, at most `largest` of its scale."""
    groups = scales.shape[1]
    two, infinite = group_norms(residuals, 2), group_norms(residuals, np.inf)
    x_two, x_one = group_norms(x, 2), group_norms(x, 1)
    return {
        "row: L2 . L2": (np.outer(np.linalg.norm(residuals, axis=1), np.linalg.norm(x, axis=1)), 2),
        "group: scale . L1": (largest * np.abs(scales) @ x_one.T, 0),
        "group: Linf . L1": (infinite @ x_one.T, groups),
        "group: L2 . L2": (two @ x_two.T, groups),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("tokens", help="file of token numbers")
    parser.add_argument("--chunk", type=int, default=512, help="positions of one pass")
    parser.add_argument("--chunks", type=int, default=2)
    parser.add_argument("--low-bits", type=int, default=4, help="bits of the low plane")
    arguments = parser.parse_args()
    tokens = np.array(re.findall(r"\d+", open(arguments.tokens).read()), np.int64)
    model = Model(arguments.model)
    pieces = [tokens[i * arguments.chunk:(i + 1) * arguments.chunk] for i in range(arguments.chunks)]
    pieces = [piece for piece in pieces if len(piece) > 1]
    hidden = [model.hidden_states(piece) for piece in pieces]
    x = quantize_activations(np.concatenate(hidden))
    scales, codes = model.head_blocks()
    rows, columns = codes.shape
    wide = np.repeat(scales, GROUP, axis=1)
    bits = arguments.low_bits
    middle = ((1 << bits) - 1) / 2
    estimates = (wide * ((codes >> bits) * 2.0**bits + middle)).astype(np.float32) @ x.T
    residuals = (wide * ((codes & ((1 << bits) - 1)) - middle)).astype(np.float32)
    logits = (wide * codes) @ x.T

    # That this is the model: its perplexity over the text.
    losses, at = [], 0
    for piece in pieces:
        chosen = logits[:, at:at + len(piece) - 1].astype(np.float64)
        largest = chosen.max(axis=0)
        losses += list(np.log(np.exp(chosen - largest).sum(axis=0)) + largest - chosen[piece[1:], np.arange(len(piece) - 1)])
        at += len(piece)
    print(f"{len(x)} positions, {rows} rows of {columns}; perplexity {np.exp(np.mean(losses)):.2f}")

    whole = rows * (columns + 2 * columns // GROUP)
    plane = rows * (columns * (8 - bits) / 8 + 2 * columns / GROUP)
    print(f"the high plane is {plane / whole:.1%} of the head's bytes; the largest error that occurs is "
          f"{np.abs(logits - estimates).max() / logits.std():.2f} standard deviations of a logit")
    print(f"\n| bound | of | survivors: mean | median | 95 % | max | read, by row | read, by panel of 16 |\n|---|---|---|---|---|---|---|---|")
    for name, (bound, extra) in bounds_of(scales, residuals, middle, x).items():
        assert (np.abs(logits - estimates) <= bound * 1.001 + 1e-3).all(), f"{name} is no bound"
        for best in (1, 40):
            # The best case: rows are scored in the order of their estimates, so the threshold is soon the true one.
            threshold = np.partition(logits, rows - best, axis=0)[rows - best]
            survives = estimates + bound >= threshold
            counts = survives.sum(axis=0)
            panels = survives.reshape(-1, 16, len(x)).any(axis=1).sum(axis=0) * 16
            read = [(plane + rows * extra + number.mean() * columns * bits / 8) / whole for number in (counts, panels)]
            print(f"| {name} | {best} | {counts.mean():.0f} | {np.median(counts):.0f} | {np.percentile(counts, 95):.0f} | "
                  f"{counts.max()} | {read[0]:.0%} | {read[1]:.0%} |")


if __name__ == "__main__":
    main()
