"""Tokens of `tokenizer.json` files against Hugging Face `tokenizers`, stored by test/data/text/make_tokenizers.py; and
what is said of a file that is broken or needs what is not supported."""
import copy
import json
import struct
import tarfile

import pytest

import downloads
from conftest import DATA, run

NAMES = ["albert", "bert", "bert_cased", "bloom", "continuing", "deepseek", "distinct", "falcon", "gemma", "gpt2",
         "gpt4o", "kimi", "llama2", "llama3", "mistral", "openai_gpt", "qwen2", "roberta", "starcoder", "t5",
         "xlm_roberta"]


@pytest.fixture(scope="session")
def stored():
    with tarfile.open(DATA / "text" / "tokenizers.tar.xz") as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}


@pytest.fixture(scope="session")
def serialize(ingot):
    """The library alone, asked for many texts at once."""
    return ingot.compiler.parent / "ingot-serialize-tokenizer"


@pytest.fixture(scope="session")
def tokenize(ingot, serialize, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizers")

    def tokenize(model, texts):
        """The tokens of each text and what they are decoded to."""
        run([serialize, model, folder / "bytes"])
        (folder / "texts").write_bytes(b"\xff".join(text.encode() for text in texts))
        tool = ingot.compiler.parent / "ingot-text-tokenize"
        lines = run([tool, folder / "bytes", "batch", "--decode", folder / "texts"]).out.decode().split("\n")
        return ([[int(id) for id in line.split()] for line in lines[0:-1:2]],
                [bytes.fromhex(line).decode(errors="replace") for line in lines[1::2]])

    return tokenize


def unpack(data):
    """Runs of 16-bit numbers, each after its length."""
    numbers = struct.unpack(f"<{len(data) // 2}H", data)
    runs, index = [], 0
    while index < len(numbers):
        runs.append(list(numbers[index + 1:index + 1 + numbers[index]]))
        index += 1 + numbers[index]
    return runs


def test_all_are_here(stored):
    assert sorted(NAMES) == sorted(name[:-len(".tokens")] for name in stored if name.endswith(".tokens"))
    assert len(json.loads(stored["texts.json"])) >= 2000


@pytest.mark.parametrize("name", NAMES)
def test_tokens(stored, tokenize, tmp_path, name):
    texts = json.loads(stored["texts.json"])
    (tmp_path / "tokenizer.json").write_bytes(stored[f"{name}.json"])
    tokens, decoded = tokenize(tmp_path / "tokenizer.json", texts)
    for text, got, wanted in zip(texts, tokens, unpack(stored[f"{name}.tokens"]), strict=True):
        assert got == wanted, f"tokens of {text!r}"
    for text, got, wanted in zip(texts[::20], decoded[::20], json.loads(stored[f"{name}.decoded.json"]), strict=True):
        assert got == wanted, f"the text of the tokens of {text!r}"


def test_minilm_tokens(stored, tokenize):
    texts = json.loads(stored["texts.json"])
    tokens, _ = tokenize(downloads.minilm(downloads.CACHE), texts)
    # The file truncates to 128 tokens, which is the model's business.
    for text, got, wanted in zip(texts, tokens, unpack(stored["minilm"]), strict=True):
        assert got == wanted, f"tokens of {text!r}"


def test_executable(ingot, stored, tmp_path):
    """A model.text of a tokenizer.json, and what the files beside it say."""
    (tmp_path / "tokenizer.json").write_bytes(stored["llama3.json"])
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(
        {"bos_token": {"content": "<|endoftext|>"}, "eos_token": "<|im_start|>", "chat_template": "{{ messages }}",
         "tokenizer_class": "LlamaTokenizer", "add_eos_token": True}))
    (tmp_path / "model.mlir").write_text(f'module {{\n  model.text from "{tmp_path}/tokenizer.json"\n}}\n')
    executable = ingot.compile(tmp_path / "model.mlir")
    texts = json.loads(stored["texts.json"])
    index = texts.index("Hello, world!")
    tokens = run([executable, "tokenize", "-p", "Hello, world!"]).out.split()
    vocabulary = json.loads(stored["llama3.json"])
    start = next(token["id"] for token in vocabulary["added_tokens"] if token["content"] == "<|im_start|>")
    assert [int(id) for id in tokens] == [0, *unpack(stored["llama3.tokens"])[index], start]


def remove(*path):
    def change(data):
        for key in path[:-1]:
            data = data[key]
        del data[path[-1]]
    return change


def put(value, *path):
    def change(data):
        for key in path[:-1]:
            data = data[key]
        data[path[-1]] = value
    return change


BAD = [
    ("gpt2", remove("model"), "the whole is an object of", "expected an object with the key 'model'"),
    ("gpt2", put("WordLevel", "model", "type"), "'model.type' is \"WordLevel\"", "supported: BPE, Unigram, WordPiece"),
    ("gpt2", put({"type": "UnicodeScripts"}, "pre_tokenizer"), "'pre_tokenizer.type' is \"UnicodeScripts\"", "supported: "),
    ("gpt2", put({"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "NFX"}]}, "normalizer"),
     "'normalizer.normalizers[1].type' is \"NFX\"", "supported: BertNormalizer"),
    ("gpt2", put({"type": "CTC"}, "decoder"), "'decoder.type' is \"CTC\"", "supported: "),
    ("gpt2", put({"type": "Else"}, "post_processor"), "'post_processor.type' is \"Else\"", "supported: "),
    ("gpt2", put(0.1, "model", "dropout"), "'model.dropout' is 0.1", "by chance is not supported"),
    ("gpt2", put("yes", "model", "ignore_merges"), "'model.ignore_merges' is \"yes\"", "expected true or false"),
    ("gpt2", put(["a"], "model", "merges", 3), "'model.merges[3]' is a list of 1", "expected two tokens"),
    ("gpt2", put(["a", "nowhere"], "model", "merges", 3), "'model.merges[3]'", "second token is not in 'model.vocab'"),
    ("gpt2", put(-1, "model", "vocab", "a"), "'model.vocab.a' is -1", "expected an id"),
    ("gpt2", put(1 << 21, "model", "vocab", "a"), "'model.vocab'", "too few tokens for such an id"),
    ("gpt2", put(5, "model", "vocab", "a"), "'model.vocab'", "token 5 is spelt in another way too"),
    ("gpt2", put({}, "model", "vocab"), "'model.vocab' is an object of 0 keys", "expected tokens"),
    ("llama3", put({"Regex": "(?~a)"}, "pre_tokenizer", "pretokenizers", 0, "pattern"),
     "'pre_tokenizer.pretokenizers[0].pattern.Regex' is \"(?~a)\"", "not supported"),
    ("llama3", put({"Regex": "(a"}, "pre_tokenizer", "pretokenizers", 0, "pattern"), "'(a'", "missing closing parenthesis"),
    ("llama3", put("Both", "pre_tokenizer", "pretokenizers", 0, "behavior"), "behavior' is \"Both\"", "supported: Isolated"),
    ("t5", put("AAAA", "normalizer", "precompiled_charsmap"), "'normalizer.precompiled_charsmap' is \"AAAA\"",
     "expected a compiled map"),
    ("t5", put(["a"], "model", "vocab", 7), "'model.vocab[7]'", "expected a token and its score"),
    ("t5", put(9999, "model", "unk_id"), "'model.unk_id' is 9999", "expected an integer from 0 to"),
    ("bert", put("[NO]", "model", "unk_token"), "'model.unk_token' is \"[NO]\"", "not in 'model.vocab'"),
    ("bert", put([{"SpecialToken": {"id": "[NO]", "type_id": 0}}], "post_processor", "single"), "is \"[NO]\"",
     "expected a key of 'special_tokens'"),
    ("bert", put([99999], "post_processor", "special_tokens", "[CLS]", "ids"), "outside the vocabulary", "token 99999"),
    ("bert", put("x", "added_tokens", 0, "id"), "'added_tokens[0].id' is \"x\"", "expected an integer"),
]


@pytest.mark.parametrize("index", range(len(BAD)))
def test_bad_tokenizer(stored, serialize, tmp_path, index):
    name, change, *parts = BAD[index]
    data = copy.deepcopy(json.loads(stored[f"{name}.json"]))
    change(data)
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(data))
    finished = run([serialize, path, tmp_path / "out"], check=False)
    assert finished.status == 1 and finished.error.count("\n") == 1, finished.error
    for part in [str(path), *parts]:
        assert part.strip("'") in finished.error, (part, finished.error)


@pytest.mark.parametrize("contents, part", [(b"", "is no JSON"), (b"[" * 1000, "values nest more than 64 deep"), (b"\xff", "UTF-8"),
                                            (b"[]", "the whole is a list of 0"), (b"{\"model\": 1}", "'model' is 1")])
def test_broken_file(serialize, tmp_path, contents, part):
    path = tmp_path / "tokenizer.json"
    path.write_bytes(contents)
    finished = run([serialize, path, tmp_path / "out"], check=False)
    assert finished.status == 1 and finished.error.count("\n") == 1 and part in finished.error, finished.error


def test_missing_file(serialize, tmp_path):
    finished = run([serialize, tmp_path, tmp_path / "out"], check=False)
    assert finished.status == 1 and "tokenizer.json: there is no such file" in finished.error
