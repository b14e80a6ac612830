"""Tokens of executables: llama.cpp's vocabulary pairs, and SmolLM2 against Hugging Face `tokenizers`."""
import json

import pytest

import downloads
from conftest import DATA, run
from vocabulary_pairs import VOCABULARIES


@pytest.fixture(scope="session")
def llama_cpp_models():
    return downloads.llama_cpp_models(downloads.CACHE)


def assert_tokens(executable, texts, expected, options, folder):
    text_file = folder / "text"
    for text, wanted in zip(texts, expected, strict=True):
        text_file.write_bytes(text)
        tokens = [int(id) for id in run([executable, "tokenize", *options, "-f", text_file]).out.split()]
        assert tokens == wanted, f"tokens of {text!r}"


@pytest.mark.parametrize("name", VOCABULARIES)
def test_vocabulary_pair(ingot, llama_cpp_models, tmp_path, name):
    model, texts, expected = downloads.pairs(llama_cpp_models, name)
    assert_tokens(ingot.compile(model), texts, expected, ["--no-special"], tmp_path)


def test_smollm2_tokens(ingot, smollm2, tmp_path):
    lines = (DATA / "text" / "smollm_tokens.jsonl").read_text().splitlines()
    pairs = [json.loads(line) for line in lines]
    assert len(pairs) == 500
    texts = [text.encode() for text, _ in pairs]
    assert_tokens(ingot.compile(smollm2), texts, [ids for _, ids in pairs], [], tmp_path)
