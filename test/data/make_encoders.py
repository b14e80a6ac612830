#!/usr/bin/env python3
"""Writes tiny random encoders as Hugging Face directories, with what transformers computes.

    python make_encoders.py [NAME...]        needs torch and transformers 4.57.6

For each: encoders/NAME/{config.json, model.safetensors, reference.npz}. The reference holds the tokens of a few texts, one
after the other, and their lengths; then the float32 hidden state of each of these rows, or of a classifier the
probabilities of each text's labels. Weights are drawn as those of make_families.py. What stands behind an encoder in a
sentence-transformers directory (modules.json and the files it names) is written beside bert_sentences.
"""

import argparse
import json
import pathlib
import shutil

import numpy as np
import torch
from make_families import VOCABULARY, randomise
from transformers import AutoModel, AutoModelForSequenceClassification
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

FOLDER = pathlib.Path(__file__).parent / "encoders"
# Of the texts: the whole context, one token, and two that are no multiples of anything.
LENGTHS = (64, 1, 7, 29)

COMMON = dict(vocab_size=VOCABULARY, hidden_size=40, intermediate_size=56, num_hidden_layers=2, num_attention_heads=4,
              max_position_embeddings=64, pad_token_id=0)
AFTER_PADDING = dict(max_position_embeddings=66, pad_token_id=1, bos_token_id=0, eos_token_id=2)
DISTILBERT = dict(vocab_size=VOCABULARY, dim=40, hidden_dim=56, n_layers=2, n_heads=4, max_position_embeddings=64)
LABELS = {0: "calm", 1: "glad", 2: 'so-so "quoted"'}

# Name: (model type, keys, class, element type of the file).
ENCODERS = {
    "bert": ("bert", COMMON, AutoModel, "float32"),
    "bert_classifier": ("bert", dict(COMMON, id2label=LABELS), AutoModelForSequenceClassification, "bfloat16"),
    "bert_sentences": ("bert", COMMON, AutoModel, "float16"),
    "roberta": ("roberta", dict(COMMON, **AFTER_PADDING, type_vocab_size=1), AutoModel, "float32"),
    "roberta_classifier": ("roberta", dict(COMMON, **AFTER_PADDING, problem_type="multi_label_classification", id2label=LABELS),
                           AutoModelForSequenceClassification, "float32"),
    "distilbert": ("distilbert", DISTILBERT, AutoModel, "float32"),
    "distilbert_classifier": ("distilbert", DISTILBERT, AutoModelForSequenceClassification, "float32"),
}


def add_sentence_modules(folder):
    """The mean of at most 48 tokens, made as long as 1."""
    types = {"": "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"}
    modules = [dict(idx=index, name=str(index), path=path, type=f"sentence_transformers.models.{kind}")
               for index, (path, kind) in enumerate(types.items())]
    (folder / "modules.json").write_text(json.dumps(modules, indent=2) + "\n")
    (folder / "sentence_bert_config.json").write_text(json.dumps(dict(max_seq_length=48, do_lower_case=False)) + "\n")
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(
        dict(word_embedding_dimension=40, pooling_mode_cls_token=False, pooling_mode_mean_tokens=True,
             pooling_mode_max_tokens=False, pooling_mode_mean_sqrt_len_tokens=False), indent=2) + "\n")


def make(name):
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    model_type, keys, kind, element = ENCODERS[name]
    config = CONFIG_MAPPING[model_type](**keys)
    model = kind.from_config(config, attn_implementation="eager").eval().float()
    randomise(model, seed=sum(name.encode()))
    model.to(getattr(torch, element)).save_pretrained(folder)
    lengths = [min(length, 48) for length in LENGTHS] if name == "bert_sentences" else LENGTHS
    if name == "bert_sentences":
        add_sentence_modules(folder)
    model = kind.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
    # From 3 on: RoBERTa counts no position for its padding token.
    texts = [torch.from_numpy(np.random.default_rng(length).integers(3, VOCABULARY, length)) for length in lengths]
    with torch.no_grad():
        results = [model(text[None]) for text in texts]
    stored = dict(tokens=torch.cat(texts).numpy().astype(np.int32), lengths=np.array(lengths, np.int32))
    if kind is AutoModel:
        stored["hidden"] = torch.cat([result.last_hidden_state[0] for result in results]).numpy()
    else:
        probabilities = torch.sigmoid if config.problem_type == "multi_label_classification" else torch.nn.Softmax(-1)
        stored["probabilities"] = torch.cat([probabilities(result.logits) for result in results]).numpy()
    np.savez_compressed(folder / "reference.npz", **stored)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("encoders", nargs="*", metavar="NAME")
    for name in parser.parse_args().encoders or ENCODERS:
        make(name)
        size = sum(file.stat().st_size for file in (FOLDER / name).rglob("*") if file.is_file())
        print(f"{name}: {size >> 10} KiB")


if __name__ == "__main__":
    main()
