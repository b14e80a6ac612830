#!/usr/bin/env python3
"""llama.cpp's vocabulary pairs: models/ggml-vocab-*.gguf with texts (.inp) and their tokens (.out).

They come with the source package llama-cpp-python on PyPI; the tokens were made without adding and without
parsing special tokens. Every text must give equal tokens.

Needs the Python packages gguf and numpy with --tool; test_tokens.py is the same under pytest.
"""

import argparse
import sys

import downloads

VOCABULARIES = ["gpt-2", "llama-bpe", "qwen2", "llama-spm", "phi-3", "mpt", "starcoder", "refact", "command-r",
                "falcon", "deepseek-llm", "deepseek-coder", "bert-bge", "gemma-4", "qwen35"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    downloads.add_arguments(parser)
    arguments = parser.parse_args()
    models = downloads.llama_cpp_models(arguments.cache)
    different = 0
    for name in VOCABULARIES:
        model, texts, expected = downloads.pairs(models, name)
        different += downloads.compare(name, texts, expected, downloads.tokenize(arguments, model, texts, False))
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
