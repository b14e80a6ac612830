#!/usr/bin/env python3
"""llama.cpp's vocabulary pairs: models/ggml-vocab-*.gguf with texts (.inp) and their tokens (.out).

They come with the source package llama-cpp-python on PyPI; the tokens were made without adding and without
parsing special tokens. Every text of every supported vocabulary must give equal tokens.

  vocabulary_pairs.py --ingotc PATH   compiles each vocabulary and asks the executable's `tokenize`
  vocabulary_pairs.py --tool PATH     asks build/bin/ingot-text-tokenize, the library alone

Needs the Python packages gguf and numpy.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import downloads

VOCABULARIES = ["gpt-2", "llama-bpe", "qwen2", "llama-spm", "phi-3", "mpt", "starcoder", "refact", "command-r"]
SEPARATOR = "\n__ggml_vocab_test__\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--ingotc", type=Path)
    group.add_argument("--tool", type=Path)
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "ingot-tests", help="downloads lie here")
    arguments = parser.parse_args()

    models = downloads.llama_cpp_models(arguments.cache)
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        text_file = folder / "text"
        for name in VOCABULARIES:
            model = models / f"ggml-vocab-{name}.gguf"
            command = downloads.tokenize_command(arguments, model, folder)
            texts = Path(f"{model}.inp").read_bytes().decode().split(SEPARATOR)
            expected = Path(f"{model}.out").read_text().split("\n")[: len(texts)]
            different = 0
            for text, line in zip(texts, expected, strict=True):
                text_file.write_bytes(text.encode())
                run = subprocess.run([*command, "--no-special", "-f", text_file], capture_output=True, text=True)
                if run.returncode != 0:
                    sys.exit(f"{name}: tokenize failed: {run.stderr.strip()}")
                if run.stdout.split() != line.split():
                    different += 1
                    print(f"{name}: {text!r}\n  expected {line.split()}\n  got      {run.stdout.split()}")
            print(f"{name}: {len(texts) - different} of {len(texts)} texts equal")
            failures += different
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
