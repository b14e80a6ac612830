#!/usr/bin/env python3
"""Families of the Llama's shape against the Llama, in turn: what their norms, biases and multipliers cost.

usage: families.py [FAMILY...] [options]

The tiny models of test/data/families, every dimension 16 times as long and with 24 layers, their numbers random, the
weights rounded to --format: gated feed-forward layers, four heads, two of keys and values. A rate counts bytes of
weights a second, since some have wider heads. Prints medians (lowest–highest) of the rounds and of the ratios to the
Llama in the same round; the bar is 0.95.
"""
import argparse
import json
import os
import pathlib
import struct
import sys
import tempfile

import numpy

from compare import samples_of
from figures import Figure, order_of
from report import spread, table
from workspace import Cannot, output_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
FACTOR, LAYERS = 16, 24
FAMILIES = ["mistral", "qwen2", "qwen3", "granite", "olmo", "olmo2", "phi3", "gemma", "gemma2", "gemma3", "cohere", "stablelm"]
SCALED = {"hidden_size", "intermediate_size", "vocab_size", "max_position_embeddings", "head_dim",
          "original_max_position_embeddings", "query_pre_attn_scalar"}


def stretched(key, value):
    if key in SCALED and value is not None:
        return value * FACTOR
    if key == "num_hidden_layers":
        return LAYERS
    if key == "layer_types":
        return ["full_attention"] * LAYERS
    if key == "sliding_window":
        return None
    if key == "rope_scaling" and value:
        return {name: each * FACTOR if isinstance(each, list) else each for name, each in value.items()}
    return value


def write_model(name, folder):
    """The family's tiny model, stretched; returns the bytes of its matrices at one byte an element."""
    source = ROOT / "test/data/families" / name
    data = (source / "model.safetensors").read_bytes()
    length, = struct.unpack("<Q", data[:8])
    tiny = {key: entry["shape"] for key, entry in json.loads(data[8:8 + length]).items() if key != "__metadata__"}
    config = json.loads((source / "config.json").read_text())
    layers = config["num_hidden_layers"]
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({key: stretched(key, value) for key, value in config.items()}))
    shapes = {}
    for key, shape in tiny.items():
        prefix, _, rest = key.partition(".layers.")
        number, _, suffix = rest.partition(".")
        copies = range(int(number), LAYERS, layers) if suffix else [None]
        for layer in copies:
            shapes[key if layer is None else f"{prefix}.layers.{layer}.{suffix}"] = [size * FACTOR for size in shape]
    generator = numpy.random.default_rng(1)
    header, pieces, position = {}, [], 0
    for key, shape in shapes.items():
        values = generator.standard_normal(shape, numpy.float32) * numpy.float32(0.03) + numpy.float32(len(shape) == 1)
        header[key] = {"dtype": "F32", "shape": shape, "data_offsets": [position, position + values.nbytes]}
        pieces.append(values.tobytes())
        position += values.nbytes
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(b"".join([struct.pack("<Q", len(text)), text, *pieces]))
    return sum(numpy.prod(shape) for key, shape in shapes.items() if len(shape) == 2 and ".layers." in key)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*", default=FAMILIES, metavar="FAMILY")
    parser.add_argument("--ingotc", default=ROOT / "build/bin/ingotc", type=pathlib.Path)
    parser.add_argument("--format", default="q8_0")
    for name, default in (("rounds", 6), ("threads", min(2, len(os.sched_getaffinity(0)))), ("prompt", 256), ("new", 48),
                          ("depth", 256)):
        parser.add_argument(f"--{name}", type=int, default=default)
    arguments = parser.parse_args()
    names = ["llama", *(name for name in arguments.families if name != "llama")]
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        weights = []
        for name in names:
            weights.append(write_model(name, scratch / "model"))
            output_of([arguments.ingotc, scratch / "model", "-o", scratch / name, f"--quantize={arguments.format}"])
            for path in sorted((scratch / "model").iterdir()):
                path.unlink()
            (scratch / "model").rmdir()
        runs = [[] for _ in names]
        for number in range(arguments.rounds):
            for index in order_of(number, list(range(len(names)))):
                prefill, decode, _ = samples_of(scratch / names[index], arguments)
                runs[index].append((prefill * weights[index] / 1e9, decode * weights[index] / 1e9))
    figures = [[Figure(tuple(rates)) for rates in zip(*rounds)] for rounds in runs]
    rows = [(name, spread(prefill, 1), spread(prefill.divided_by(figures[0][0]), 3), spread(decode, 2),
             spread(decode.divided_by(figures[0][1]), 3)) for name, (prefill, decode) in zip(names, figures)]
    print(table(("family", "prefill, 10⁹ weights/s", "ratio", "decode, 10⁹ weights/s", "ratio"), rows))


if __name__ == "__main__":
    try:
        main()
    except Cannot as error:
        sys.exit(f"families.py: error: {error}")
