#!/usr/bin/env python3
"""SmolLM2's tokens for 500 texts against those of Hugging Face `tokenizers`, stored in test/data/text.

Needs the Python packages gguf and numpy with --tool; test_tokens.py is the same under pytest.
"""

import argparse
import json
import sys
from pathlib import Path

import downloads

STORED = Path(__file__).resolve().parents[2] / "data" / "text" / "smollm_tokens.jsonl"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    downloads.add_arguments(parser)
    arguments = parser.parse_args()
    pairs = [json.loads(line) for line in STORED.read_text(encoding="utf-8").splitlines()]
    texts = [text.encode() for text, _ in pairs]
    tokens = downloads.tokenize(arguments, downloads.smollm2(arguments.cache), texts, True)
    return 1 if downloads.compare("smollm", texts, [ids for _, ids in pairs], tokens) else 0


if __name__ == "__main__":
    sys.exit(main())
