#!/usr/bin/env python3
"""Imports a large Hugging Face directory and says what that takes: memory, and time beside a plain copy of its files.

    tools/bench/import_directory.py [--gigabytes=16] [--folder=build/import_directory] [--ingotc=build/bin/ingotc] [-- OPTION...]

The model is a Llama of 8B's widths in bf16 with as many layers as fit, in shards of 4 GB, its numbers drawn from a seeded
pool. Twice as much disk is needed for the executable and, before that, the copy. Both read files that the system holds
no pages of. OPTIONs go to ingotc.

"Private memory" is what the process holds besides pages of files (RssAnon); "resident" counts the mapped files' pages,
too, which the system takes back when it needs them. The bar: at most 1 GiB and the largest tensor.
"""

import argparse
import json
import math
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import time

import numpy

WIDTH, HIDDEN, HEADS, GROUPS, VOCABULARY = 4096, 14336, 32, 8, 128256
SHARD_BYTES = 4 << 30


def shapes(layers):
    yield "model.embed_tokens.weight", (VOCABULARY, WIDTH)
    for layer in range(layers):
        for name, shape in (("input_layernorm", (WIDTH,)), ("post_attention_layernorm", (WIDTH,)),
                            ("self_attn.q_proj", (WIDTH, WIDTH)), ("self_attn.k_proj", (WIDTH // HEADS * GROUPS, WIDTH)),
                            ("self_attn.v_proj", (WIDTH // HEADS * GROUPS, WIDTH)), ("self_attn.o_proj", (WIDTH, WIDTH)),
                            ("mlp.gate_proj", (HIDDEN, WIDTH)), ("mlp.up_proj", (HIDDEN, WIDTH)),
                            ("mlp.down_proj", (WIDTH, HIDDEN))):
            yield f"model.layers.{layer}.{name}.weight", shape
    yield "model.norm.weight", (WIDTH,)
    yield "lm_head.weight", (VOCABULARY, WIDTH)


def tensor_bytes(shape):
    return 2 * math.prod(shape)


def write_directory(folder, layers):
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": WIDTH, "intermediate_size": HIDDEN,
        "num_hidden_layers": layers, "num_attention_heads": HEADS, "num_key_value_heads": GROUPS, "vocab_size": VOCABULARY,
        "max_position_embeddings": 8192, "rms_norm_eps": 1e-5, "hidden_act": "silu", "rope_theta": 500000.0,
        "tie_word_embeddings": False}))
    numbers = numpy.random.default_rng(1).standard_normal(1 << 25, numpy.float32) * numpy.float32(0.02)
    pool = (numbers.view(numpy.uint32) >> 16).astype(numpy.uint16).tobytes()
    shards, used = [[]], 0
    for name, shape in shapes(layers):
        if used and used + tensor_bytes(shape) > SHARD_BYTES:
            shards.append([])
            used = 0
        shards[-1].append((name, shape))
        used += tensor_bytes(shape)
    places = {}
    for index, tensors in enumerate(shards):
        file_name = f"model-{index + 1:05}-of-{len(shards):05}.safetensors"
        header, position = {}, 0
        for name, shape in tensors:
            header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [position, position + tensor_bytes(shape)]}
            position += tensor_bytes(shape)
            places[name] = file_name
        text = json.dumps(header).encode()
        with open(folder / file_name, "wb") as out:
            out.write(struct.pack("<Q", len(text)) + text)
            for number, (name, shape) in enumerate(tensors):
                left, start = tensor_bytes(shape), (index * 7919 + number * 104729) * 2 % len(pool)
                while left:
                    piece = pool[start:start + left]
                    out.write(piece)
                    left -= len(piece)
                    start = 0
            os.fsync(out.fileno())
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))


def drop_pages(folder):
    for path in folder.iterdir():
        with open(path, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def copy(folder, out):
    """Seconds that a copy of all shards into one file takes, until the disk has it."""
    start = time.monotonic()
    with open(out, "wb") as written:
        for path in sorted(folder.glob("*.safetensors")):
            with open(path, "rb") as read:
                shutil.copyfileobj(read, written, 1 << 24)
        os.fsync(written.fileno())
    return time.monotonic() - start


def status_bytes(pid, key):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    return 0


def compile_model(command, out):
    """Seconds until the disk has the executable, the most private memory, the most resident memory."""
    start = time.monotonic()
    process = subprocess.Popen(command)
    private = resident = 0
    while process.poll() is None:
        try:
            private = max(private, status_bytes(process.pid, "RssAnon"))
            resident = max(resident, status_bytes(process.pid, "VmHWM"))
        except (FileNotFoundError, ProcessLookupError):
            break
        time.sleep(0.02)
    if process.wait():
        sys.exit(f"{command[0]} failed")
    with open(out, "rb") as written:
        os.fsync(written.fileno())
    return time.monotonic() - start, private, resident


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=16)
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("build/import_directory"))
    parser.add_argument("--ingotc", default="build/bin/ingotc")
    parser.add_argument("options", nargs="*")
    arguments = parser.parse_args()
    total = lambda layers: sum(tensor_bytes(shape) for _, shape in shapes(layers))
    layers = max(1, round((arguments.gigabytes * 1e9 - total(0)) / (total(1) - total(0))))
    if arguments.folder.exists():
        sys.exit(f"{arguments.folder}: exists already; give a new folder or remove it")
    free = shutil.disk_usage(arguments.folder.absolute().parents[1]).free
    if free < 2.1 * total(layers):
        sys.exit(f"{arguments.folder}: needs {2.1 * total(layers) / 1e9:.1f} GB of disk, found {free / 1e9:.1f}")
    model, out = arguments.folder / "model", arguments.folder / "out"
    try:
        write_directory(model, layers)
        drop_pages(model)
        copied = copy(model, out)
        out.unlink()
        drop_pages(model)
        seconds, private, resident = compile_model([arguments.ingotc, model, "-o", out, *arguments.options], out)
        largest = max(tensor_bytes(shape) for _, shape in shapes(layers))
        print(f"directory: {total(layers) / 1e9:.2f} GB, largest tensor {largest / 2**20:.0f} MiB; executable {out.stat().st_size / 1e9:.2f} GB")
        print(f"private memory {private / 2**20:.0f} MiB, resident {resident / 2**20:.0f} MiB; bar {(1 << 30) / 2**20 + largest / 2**20:.0f} MiB")
        print(f"{seconds:.1f} s; a copy of the files {copied:.1f} s: {seconds / copied:.2f} times")
    finally:
        shutil.rmtree(arguments.folder, ignore_errors=True)


if __name__ == "__main__":
    main()
