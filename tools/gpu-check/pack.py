#!/usr/bin/env python3
"""Fills a folder for gpu_check.py: executables, stored logits, and the script itself. Needs ingotc and nvcc, and no GPU.

Small models bring logits of Hugging Face transformers (test/data); of large ones only the shape is compiled, and the GPU
makes the weights.

usage: pack.py FOLDER [--ingotc build/bin/ingotc] [--sm 90a] [--nvcc FILE]
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TINY = ROOT / "test" / "data" / "tiny"
MOST_BYTES = 60 << 20
# How far logits may be off, as a part of the largest: more where numbers are stored in 16 bits.
BOUNDS = {"f16": 1e-2, "bf16": 3e-2}
BOUND = 2e-3
SEED = 1

LLAMA_1B = {"layers": 16, "heads": 32, "key-value-heads": 8, "head-dim": 64, "width": 2048, "hidden": 8192,
            "vocabulary": 128256, "context": 8192, "rope-base": 500000}
LLAMA_8B = {"layers": 32, "heads": 32, "key-value-heads": 8, "head-dim": 128, "width": 4096, "hidden": 14336,
            "vocabulary": 128256, "context": 8192, "rope-base": 500000, "separate-head": True}
TOGETHER = {"sequences": 32, "wanted": 32, "context": 2048}


def bar(figure, goal, **limit):
    return {"figure": figure, "goal": goal, **limit}


NO_ALLOCATION = bar("memory_bytes_since_start", 0, at_most=0)

# name, shape, format of the matrices, texts decoded together, tokens of a prompt, bars
SPEED = [
    ("llama_1b_bf16", LLAMA_1B, "bf16", [1], 2048, [bar("milliseconds_per_token", 0.62, at_most=0.75), NO_ALLOCATION]),
    ("llama_8b_bf16", LLAMA_8B, "bf16", [1], 2048, [bar("tokens_per_second", 265, at_least=220),
                                                    bar("prefill_percent_of_library", 100, at_least=70)]),
    ("llama_8b_i4", LLAMA_8B, "i4", [1], 2048, [bar("tokens_per_second", 620, at_least=500)]),
    ("llama_8b_bf16_many", {**LLAMA_8B, **TOGETHER}, "bf16", [8, 32], 0, []),
    ("llama_8b_i4_many", {**LLAMA_8B, **TOGETHER}, "i4", [8, 32], 0, []),
]


class Packer:
    def __init__(self, folder, ingotc, *options):
        self.folder, self.ingotc, self.options = folder, pathlib.Path(ingotc).resolve(), options
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            sys.exit(f"pack.py: error: {folder}: is not empty; name a new folder")

    def compile(self, model, name, *options):
        command = [self.ingotc, model, "--target=cuda", *self.options, *options, "-o", self.folder / name]
        finished = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
        if finished.returncode != 0:
            sys.exit(f"pack.py: error: {name}: {finished.stderr.strip()}")
        return name

    def add_tiny(self, path):
        reference = json.loads(path.with_suffix(".json").read_text())
        shutil.copyfile(path.with_suffix(".npy"), self.folder / f"{path.stem}.npy")
        tokens = reference["prompt"]
        return {"name": path.stem, "executable": self.compile(path, path.stem), "tokens": tokens,
                "logits": f"{path.stem}.npy", "stride": reference.get("stride", 1),
                "bound": BOUNDS.get(path.stem.rsplit("_", 1)[-1], BOUND), "chunks": [1, 7, len(tokens)]}

    def add_speed(self, name, shape, matrices, batches, prompt, bars):
        options = [f"--{key}" if value is True else f"--{key}={value}" for key, value in shape.items()]
        made = subprocess.run([str(self.ingotc.parent / "ingot-shape"), *options, f"--rows={max(prompt, 512)}",
                               f"--format={matrices}"], capture_output=True, text=True, check=False)
        if made.returncode != 0:
            sys.exit(f"pack.py: error: {name}: {made.stderr.strip()}")
        model = self.folder / "shape.mlir"
        model.write_text(made.stdout)
        executable = self.compile(model, name, f"--weights=random:{SEED}")
        model.unlink()
        heads = shape["heads"] * shape["head-dim"]
        both = shape["key-value-heads"] * shape["head-dim"]
        # Outputs, columns, how many: what a row of a prompt is multiplied by. Only the last row goes through the last
        # feed-forward layer and the head.
        products = [(heads + 2 * both, shape["width"], shape["layers"]), (shape["width"], heads, shape["layers"]),
                    (2 * shape["hidden"], shape["width"], shape["layers"] - 1),
                    (shape["width"], shape["hidden"], shape["layers"] - 1)]
        beside_library = any(bar["figure"] == "prefill_percent_of_library" for bar in bars)
        return {"name": name, "executable": executable, "batches": batches, "prompt": prompt, "bars": bars,
                "new_tokens": min(128, shape["context"] // 8),
                "flops_per_token": sum(2 * outputs * columns * times for outputs, columns, times in products),
                "products": [(prompt, *product) for product in products] if beside_library else []}


def pack(folder, ingotc, options=(), tiny=None, speed=None):
    """Fills the folder; its size in bytes."""
    folder = pathlib.Path(folder)
    packer = Packer(folder, ingotc, *options)
    version = subprocess.run([str(packer.ingotc), "--version"], capture_output=True, text=True, check=True).stdout.strip()
    manifest = {"made_by": version,
                "parity": [packer.add_tiny(path) for path in (sorted(TINY.glob("*.gguf")) if tiny is None else tiny)],
                "speed": [packer.add_speed(*entry) for entry in (SPEED if speed is None else speed)]}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    for name in ("gpu_check.py", "product_rate.py"):
        shutil.copy(HERE / name, folder / name)
    return sum(path.stat().st_size for path in folder.iterdir())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--ingotc", default=ROOT / "build" / "bin" / "ingotc")
    parser.add_argument("--sm", default="90a")
    parser.add_argument("--nvcc")
    arguments = parser.parse_args()
    options = [f"--sm={arguments.sm}"] + ([f"--nvcc={arguments.nvcc}"] if arguments.nvcc else [])
    size = pack(arguments.folder, arguments.ingotc, options)
    for path in sorted(pathlib.Path(arguments.folder).iterdir()):
        print(f"{path.stat().st_size:>10} {path.name}")
    print(f"{size:>10} together, {size / 2**20:.1f} MiB")
    if size > MOST_BYTES:
        sys.exit(f"pack.py: error: {arguments.folder}: more than {MOST_BYTES >> 20} MiB, which is what can be carried")


if __name__ == "__main__":
    main()
