#!/usr/bin/env python3
"""Cuts test/data/text.txt out of the copy of "Alice's Adventures in Wonderland" that PyPI's Brotli 1.1.0 source package carries.

usage: make_text.py  (needs pip; writes text.txt beside itself)
"""
import pathlib
import subprocess
import sys
import tarfile
import tempfile

MEMBER = "Brotli-1.1.0/tests/testdata/alice29.txt"
FIRST, LAST = "CHAPTER I\n", "CHAPTER III\n"
BYTES = 17_000  # at least 4,096 SmolLM2 tokens: eight perplexity chunks


def main():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:",
                        "Brotli==1.1.0", "-d", folder], check=True)
        with tarfile.open(pathlib.Path(folder) / "Brotli-1.1.0.tar.gz") as archive:
            text = archive.extractfile(MEMBER).read().decode("ascii")
    lines = [line.strip() for line in text.replace("\r\n", "\n").split("\n")]
    text = "\n".join(lines)
    text = text[text.index(FIRST):text.index(LAST)]
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    end = text.index("\n\n", BYTES)
    pathlib.Path(__file__).with_name("text.txt").write_text(text[:end] + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
