"""Encoders against transformers: hidden states, pooled vectors and labels, a batch and its texts one by one."""
import json
import os
import pathlib
import shutil
import sys

import numpy as np
import pytest

from conftest import DATA, EXACT, assert_close, run

sys.path.append(str(pathlib.Path(__file__).parent / "text"))
import downloads  # noqa: E402

FOLDER = DATA / "encoders"
CLASSIFIERS = sorted(path.name for path in FOLDER.iterdir() if path.name.endswith("_classifier"))
EMBEDDERS = sorted(path.name for path in FOLDER.iterdir() if path.name not in CLASSIFIERS)
BOUND = 1e-5  # of the largest number; what is promised is 1e-3


def reference(name):
    """The texts as tokens, and the hidden states of each, or the probabilities of its labels."""
    stored = np.load(FOLDER / name / "reference.npz")
    ends = np.cumsum(stored["lengths"])[:-1]
    texts = [text.tolist() for text in np.split(stored["tokens"], ends)]
    return texts, stored["probabilities"] if "probabilities" in stored else np.split(stored["hidden"], ends)


def arguments(texts):
    return [part for text in texts for part in ("--tokens", ",".join(map(str, text)))]


def embed(executable, texts, tmp_path, *options):
    out = tmp_path / "vectors.npy"
    run([executable, "embed", *arguments(texts), "-o", out, *options])
    return np.load(out)


@pytest.mark.parametrize("name", EMBEDDERS)
def test_hidden_states(ingot, name, tmp_path):
    texts, hidden = reference(name)
    executable = ingot.compile(FOLDER / name, EXACT, "--pooling=none")
    together = embed(executable, texts, tmp_path)
    assert_close(together, np.concatenate(hidden), BOUND)
    alone = np.concatenate([embed(executable, [text], tmp_path) for text in texts])
    assert together.tobytes() == alone.tobytes()


@pytest.mark.parametrize("name", EMBEDDERS)
def test_pooled(ingot, name, tmp_path):
    """The mean, as long as 1 where modules.json says so; the same bits alone, in a batch, and for any workers."""
    texts, hidden = reference(name)
    expected = np.stack([states.mean(0) for states in hidden])
    if (FOLDER / name / "modules.json").exists():
        expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    executable = ingot.compile(FOLDER / name, EXACT)
    together = embed(executable, texts, tmp_path)
    assert_close(together, expected, BOUND)
    # More texts than a step takes, and in another order.
    many = (texts * 5)[::-1]
    assert embed(executable, many, tmp_path, "--threads", 1).tobytes() == np.tile(together, (5, 1))[::-1].tobytes()
    for text, vector in zip(texts, together):
        assert embed(executable, [text], tmp_path).tobytes() == vector.tobytes()


def test_first_row(ingot, tmp_path):
    texts, hidden = reference("bert")
    executable = ingot.compile(FOLDER / "bert", EXACT, "--pooling=cls")
    assert_close(embed(executable, texts, tmp_path), np.stack([states[0] for states in hidden]), BOUND)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifier(ingot, name):
    texts, probabilities = reference(name)
    executable = ingot.compile(FOLDER / name, EXACT)
    lines = run([executable, "classify", *arguments(texts)]).out.decode().splitlines()
    labels = json.loads((FOLDER / name / "config.json").read_text()).get("id2label", {"0": "LABEL_0", "1": "LABEL_1"})
    printed = [json.loads(line) for line in lines]
    assert all(list(line) == list(labels.values()) for line in printed)
    assert_close(np.array([list(line.values()) for line in printed], np.float32), probabilities, BOUND)
    alone = [run([executable, "classify", *arguments([text])]).out.decode().strip() for text in texts]
    assert alone == lines


@pytest.mark.parametrize("name", ["bert", "roberta_classifier"])
def test_default_path(ingot, name, tmp_path):
    """What is rounded by default stays near."""
    texts, expected = reference(name)
    executable = ingot.compile(FOLDER / name)
    if name in CLASSIFIERS:
        lines = run([executable, "classify", *arguments(texts)]).out.decode().splitlines()
        found = np.array([list(json.loads(line).values()) for line in lines], np.float32)
    else:
        expected = np.stack([states.mean(0) for states in expected])
        found = embed(executable, texts, tmp_path)
    assert_close(found, expected, 0.05)


def test_printed(ingot, tmp_path):
    """JSON and numpy hold the same numbers."""
    texts, hidden = reference("bert")
    executable = ingot.compile(FOLDER / "bert", EXACT)
    lines = run([executable, "embed", *arguments(texts)]).out.decode().splitlines()
    printed = np.array([json.loads(line) for line in lines], np.float32)
    assert printed.tobytes() == embed(executable, texts, tmp_path).tobytes()
    executable = ingot.compile(FOLDER / "bert", EXACT, "--pooling=none")
    line, = run([executable, "embed", *arguments(texts[2:3])]).out.decode().splitlines()
    assert_close(np.array(json.loads(line), np.float32), hidden[2], BOUND)


def refused(executable, *arguments):
    finished = run([executable, *arguments], check=False)
    assert finished.status in (1, 2) and finished.error.count("\n") == 1 and not finished.out, finished
    return finished.error


def test_wrong_use(ingot, tmp_path):
    texts, _ = reference("bert")
    embedder, classifier = ingot.compile(FOLDER / "bert", EXACT), ingot.compile(FOLDER / "bert_classifier", EXACT)
    decoder = ingot.compile(DATA / "families" / "llama", EXACT, "--mcpu=native")
    for command in ("chat", "perplexity", "logits", "run", "classify"):
        assert f"{command} is not for this model, which makes vectors of texts; it has: embed, info" in \
            refused(embedder, command)
    assert "continuing a text is not for this model, which makes vectors" in refused(embedder, "-p", "Hello")
    assert "embed is not for this model, which classifies texts; it has: classify" in refused(classifier, "embed", "-p", "a")
    assert "embed is not for this model, which generates text; it has: bench" in refused(decoder, "embed", "-p", "a")
    long = texts[0] + texts[0][:1]
    assert "text 2 has 65 tokens and the model takes 64" in refused(embedder, "embed", *arguments([texts[1], long]))
    assert "text 1 has no tokens" in refused(embedder, "embed", "--tokens", "")
    assert "token 131 is outside the vocabulary of 131 tokens" in refused(embedder, "embed", "--tokens", "5,131")
    assert "is no list of token numbers" in refused(embedder, "embed", "--tokens", "5,x")
    assert "has no tokenizer" in refused(embedder, "embed", "-p", "Hello")
    assert embed(embedder, [long], tmp_path, "--truncate").tobytes() == embed(embedder, texts[:1], tmp_path).tobytes()


def change(folder, **keys):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **keys}))


@pytest.mark.parametrize("name, keys, expected", [
    ("bert", dict(position_embedding_type="relative_key"), "key 'position_embedding_type' is \"relative_key\""),
    ("bert", dict(is_decoder=True), "key 'is_decoder' is true"),
    ("bert", dict(architectures=["BertForTokenClassification"]), "key 'architectures' is [\"BertForTokenClassification\"]"),
    ("bert", dict(architectures="BertModel"), "expected a list of one name"),
    ("bert", dict(type_vocab_size=0), "key 'type_vocab_size' is 0"),
    ("bert", dict(hidden_act="mish"), "the activation 'mish' is not supported"),
    ("bert_classifier", dict(id2label={"0": "a", "2": "b"}), "expected labels with the numbers 0 to 1"),
    ("bert_classifier", dict(id2label={}), "expected at least one label"),
    ("bert_classifier", dict(id2label={"0": "a"}), "has the shape 3x40; expected 1x40"),
    ("bert_classifier", dict(problem_type="ranking"), "key 'problem_type' is \"ranking\""),
    ("roberta", dict(pad_token_id=65), "key 'pad_token_id' is 65; expected an integer of 0 to 64"),
])
def test_refused_configurations(ingot, name, keys, expected, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(FOLDER / name, folder)
    change(folder, **keys)
    assert expected in refused(ingot.compiler, folder, "-o", tmp_path / "out")


@pytest.mark.parametrize("file, contents, expected", [
    ("modules.json", [dict(path="", type="sentence_transformers.models.Dense")], "is not supported; supported: Transformer"),
    ("modules.json", [dict(path="../x", type="sentence_transformers.models.Pooling")], "expected a path of one folder"),
    ("modules.json", [dict(path="0", type="sentence_transformers.models.Transformer")], "expected the encoder in this"),
    ("modules.json", {}, "modules.json: "),
    ("1_Pooling/config.json", dict(pooling_mode_max_tokens=True), "key 'pooling_mode_max_tokens' is true"),
    ("1_Pooling/config.json", dict(pooling_mode_cls_token=True, pooling_mode_mean_tokens=True), "alone"),
    ("1_Pooling/config.json", {}, "names no pooling"),
    ("sentence_bert_config.json", dict(do_lower_case=True), "key 'do_lower_case' is true"),
    ("sentence_bert_config.json", dict(max_seq_length=65), "a context of 65 was asked for"),
])
def test_refused_modules(ingot, file, contents, expected, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(FOLDER / "bert_sentences", folder)
    (folder / file).write_text(json.dumps(contents))
    assert expected in refused(ingot.compiler, folder, "-o", tmp_path / "out")


def test_refused_options(ingot, tmp_path):
    out = tmp_path / "out"
    assert "has no pooling to choose" in refused(ingot.compiler, FOLDER / "bert_classifier", "--pooling=mean", "-o", out)
    assert "is no encoder" in refused(ingot.compiler, DATA / "families" / "llama", "--pooling=mean", "-o", out)
    assert "expected one of mean, cls, none" in refused(ingot.compiler, FOLDER / "bert", "--pooling=max", "-o", out)
    assert "--batch=0: expected a number of sequences" in refused(ingot.compiler, FOLDER / "bert", "--batch=0", "-o", out)

def test_older_names(ingot, tmp_path):
    """Norms of TensorFlow's checkpoints are gamma and beta; a masked language model is its encoder."""
    folder = tmp_path / "model"
    shutil.copytree(FOLDER / "bert", folder)
    path = folder / "model.safetensors"
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = {name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): entry
              for name, entry in json.loads(data[8:8 + length]).items()}
    header = {name if name == "__metadata__" else "bert." + name: entry for name, entry in header.items()}
    header["cls.predictions.bias"] = header.pop("bert.pooler.dense.bias")
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + length:])
    change(folder, architectures=["BertForMaskedLM"])
    texts, hidden = reference("bert")
    found = embed(ingot.compile(folder, EXACT), texts, tmp_path)
    assert_close(found, np.stack([states.mean(0) for states in hidden]), BOUND)


@pytest.fixture(scope="module")
def minilm():
    """The folder of all-MiniLM-L6-v2."""
    if "INGOT_TEST_CACHE" not in os.environ:
        pytest.skip("INGOT_TEST_CACHE names no folder for downloads (test/run.sh does)")
    return downloads.minilm(downloads.CACHE)


def test_minilm(ingot, minilm, tmp_path):
    """Text to vectors, tokenizer included; one by one, the same bits."""
    expected = np.load(DATA / "minilm" / "embeddings.npy")
    sentences = DATA / "minilm" / "sentences.txt"
    executable = ingot.compile(minilm, EXACT)
    out = tmp_path / "vectors.npy"
    run([executable, "embed", "-f", sentences, "-o", out])
    vectors = np.load(out)
    assert np.abs(vectors - expected).max() <= 1e-5, np.abs(vectors - expected).max(axis=1)
    texts = sentences.read_text(encoding="utf-8").split("\n")[:-1]
    alone = [json.loads(run([executable, "embed", "-p", text]).out) for text in texts[:6]]
    assert np.array(alone, np.float32).tobytes() == vectors[:6].tobytes()
    run([executable, "embed", "-p", texts[-1] * 2, "-o", out, "--truncate"])
    assert "the model takes 256" in refused(executable, "embed", "-p", texts[-1] * 2)
    finished = run([ingot.compile(minilm), "embed", "-f", sentences, "-o", out])
    assert finished.status == 0 and np.abs(np.load(out) - expected).max() <= 2e-3
