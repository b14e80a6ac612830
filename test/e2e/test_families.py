"""Tiny random models of every family, as Hugging Face directories, against the float32 logits of transformers."""
import json
import shutil
import struct

import numpy as np
import pytest

from conftest import DATA, EXACT, LOGIT_BOUND, assert_close, run

FOLDER = DATA / "families"
FAMILIES = sorted(path.name for path in FOLDER.iterdir())
GGUF = sorted(path.parent.name for path in FOLDER.glob("*/model.gguf"))


def reference(name):
    stored = np.load(FOLDER / name / "reference.npz")
    return stored["tokens"].tolist(), stored["logits"]


@pytest.mark.parametrize("name", FAMILIES)
def test_exact_logits(ingot, name):
    tokens, logits = reference(name)
    executable = ingot.compile(FOLDER / name, EXACT, "--mcpu=native")
    whole = ingot.logits(executable, tokens)
    assert_close(whole, logits)
    margins = np.sort(logits, axis=1)
    clear = margins[:, -1] - margins[:, -2] > 2 * LOGIT_BOUND * np.abs(logits).max()
    assert clear.sum() >= len(tokens) // 2, "the reference hardly ever decides"
    assert (whole.argmax(1) == logits.argmax(1))[clear].all()
    assert_close(ingot.logits(executable, tokens, chunk=1), whole, bound=1e-4)
    assert_close(ingot.logits(executable, tokens, chunk=7), whole, bound=1e-4)


@pytest.mark.parametrize("name", GGUF)
def test_gguf(ingot, name):
    """The same model by the names of llama.cpp."""
    tokens, logits = reference(name)
    assert_close(ingot.logits(ingot.compile(FOLDER / name / "model.gguf", EXACT, "--mcpu=native"), tokens), logits)


@pytest.mark.parametrize("name", ["llama", "gemma2", "cohere_plus", "olmo2"])
def test_avx2(ingot, name):
    tokens, logits = reference(name)
    assert_close(ingot.logits(ingot.compile(FOLDER / name, EXACT, "--mcpu=x86-64-v3"), tokens), logits)


# What a file may say, and what is made of it.

def read_safetensors(path):
    data = path.read_bytes()
    length, = struct.unpack("<Q", data[:8])
    return json.loads(data[8:8 + length]), data[8 + length:]


def write_safetensors(path, header, data):
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


@pytest.fixture
def model(tmp_path):
    """A copy of the Llama that a test may spoil."""
    folder = tmp_path / "model"
    shutil.copytree(FOLDER / "llama", folder)
    return folder


def change_config(folder, **keys):
    path = folder / "config.json"
    config = {**json.loads(path.read_text()), **keys}
    path.write_text(json.dumps({key: value for key, value in config.items() if value != "absent"}))


def assert_refused(ingot, folder, *expected, options=()):
    out = folder.parent / "out"
    finished = run([ingot.compiler, folder, "-o", out, *options], check=False)
    assert finished.status == 1 and finished.error.startswith("ingotc: error: ") and finished.error.count("\n") == 1, finished
    for text in expected:
        assert text in finished.error
    assert not out.exists()


def test_shards(ingot, model):
    """Two files and their index are the one model; so is the bare model without the prefix."""
    header, data = read_safetensors(model / "model.safetensors")
    metadata = header.pop("__metadata__", None)
    files, index = {}, {}
    for number, (name, entry) in enumerate(sorted(header.items())):
        file = f"model-{number % 2 + 1:05}-of-00002.safetensors"
        begin, end = entry["data_offsets"]
        tensors, blob = files.setdefault(file, ({"__metadata__": metadata} if metadata else {}, bytearray()))
        name = name.removeprefix("model.")
        tensors[name] = {**entry, "data_offsets": [len(blob), len(blob) + end - begin]}
        blob += data[begin:end]
        index[name] = file
    for file, (tensors, blob) in files.items():
        write_safetensors(model / file, tensors, bytes(blob))
    (model / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))
    (model / "model.safetensors").unlink()
    tokens, logits = reference("llama")
    assert_close(ingot.logits(ingot.compile(model, EXACT, "--mcpu=native"), tokens), logits)

    (model / "model-00002-of-00002.safetensors").unlink()
    assert_refused(ingot, model, "model-00002-of-00002.safetensors: cannot open the file")
    index["norm.weight"] = "../elsewhere.safetensors"
    (model / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    assert_refused(ingot, model, "model.safetensors.index.json: tensor 'norm.weight'", "in this directory")


@pytest.mark.parametrize("keys, expected", [
    (dict(model_type="mamba"), ["config.json: key 'model_type' is \"mamba\"", "llama", "qwen3"]),
    (dict(model_type="absent"), ["key 'model_type' is absent"]),
    (dict(num_hidden_layers="absent"), ["key 'num_hidden_layers' is absent; expected an integer of 1 to"]),
    (dict(num_hidden_layers=1.5), ["key 'num_hidden_layers' is 1.5"]),
    (dict(hidden_size=1 << 40), ["key 'hidden_size' is 1099511627776; expected an integer of 1 to 16777216"]),
    (dict(num_key_value_heads=3), ["key 'num_key_value_heads' is 3; expected a divisor of the 4 heads"]),
    (dict(head_dim=7), ["has heads of 7 elements"]),
    (dict(hidden_act="mish"), ["the activation 'mish' is not supported; supported: silu"]),
    (dict(rms_norm_eps="small"), ["key 'rms_norm_eps' is \"small\"; expected a finite number"]),
    (dict(attention_bias=1), ["key 'attention_bias' is 1; expected true or false"]),
    (dict(attention_bias=True), ["has no tensor 'model.layers.0.self_attn.q_proj.bias'"]),
    (dict(num_hidden_layers=3), ["has no tensor 'model.layers.2.input_layernorm.weight'", "with 3 layers"]),
    (dict(num_hidden_layers=1), ["tensor 'model.layers.1.", "has no place in a model of type llama with 1 layers"]),
    (dict(intermediate_size=57), ["has the shape 56x40; expected 57x40 by config.json"]),
    (dict(rope_scaling=dict(rope_type="spiral", factor=2.0)), ["key 'rope_scaling' is of the type 'spiral'; supported:"]),
    (dict(rope_scaling=dict(rope_type="linear")), ["key 'factor' is absent"]),
    (dict(rope_theta=0.5), ["key 'rope_theta' is 0.5; expected a number above 1"]),
    (dict(model_type="gpt2", n_embd=40, n_layer=2, n_head=4, n_positions=64, scale_attn_by_inverse_layer_idx=True),
     ["key 'scale_attn_by_inverse_layer_idx' is true; expected false (others are not supported for gpt2)"]),
])
def test_wrong_config(ingot, model, keys, expected):
    change_config(model, **keys)
    assert_refused(ingot, model, *expected)


@pytest.mark.parametrize("name, keys, expected", [
    ("mixtral", dict(num_experts_per_tok=6), ["key 'num_experts_per_tok' is 6; expected at most the 5 experts"]),
    ("mixtral", dict(num_local_experts=6), ["has the shape 5x40; expected 6x40 by config.json"]),
    ("mixtral", dict(num_local_experts=0), ["key 'num_local_experts' is 0; expected an integer of 1 to 4096"]),
    ("qwen2_moe", dict(mlp_only_layers=[2]), ["key 'mlp_only_layers' is [2]; expected a list of layers' numbers, 0 to 1"]),
    ("qwen2_moe", dict(mlp_only_layers=[1]), ["has no tensor 'model.layers.1.mlp.gate_proj.weight'"]),
    ("qwen2_moe", dict(norm_topk_prob="yes"), ["key 'norm_topk_prob' is \"yes\"; expected true or false"]),
    ("qwen2_moe", dict(use_sliding_window=True),
     ["key 'use_sliding_window' is true; expected false (others are not supported for qwen2_moe)"]),
])
def test_wrong_experts(ingot, tmp_path, name, keys, expected):
    folder = tmp_path / "model"
    shutil.copytree(FOLDER / name, folder)
    change_config(folder, **keys)
    assert_refused(ingot, folder, *expected)


def test_experts_of_several_types(ingot, tmp_path):
    """The matrices of all experts are one to kernels."""
    folder = tmp_path / "model"
    shutil.copytree(FOLDER / "qwen2_moe_normalized", folder)
    header, data = read_safetensors(folder / "model.safetensors")
    name = "model.layers.1.mlp.experts.2.up_proj.weight"
    header[name]["dtype"] = "F16"
    write_safetensors(folder / "model.safetensors", header, data)
    assert_refused(ingot, folder, f"tensor '{name}' is of type F16; expected BF16, the type of other experts' matrices")


def test_wrong_directory(ingot, model):
    assert_refused(ingot, model, "a context of 65 was asked for, and the model has at most 64", options=["--context=65"])
    weights = (model / "model.safetensors").read_bytes()
    (model / "model.safetensors").unlink()
    assert_refused(ingot, model, "holds neither model.safetensors nor model.safetensors.index.json")
    (model / "pytorch_model.bin").write_bytes(b"PK")
    assert_refused(ingot, model, "pytorch_model.bin: is a pickled checkpoint", "convert it")
    (model / "model.safetensors").write_bytes(weights)
    for text, expected in [("{", "config.json: is no JSON"), ("[]", "config.json: is no JSON object"),
                           ("[" * 100000, "nest more than 64 deep"), ("", "config.json: is empty")]:
        (model / "config.json").write_text(text)
        assert_refused(ingot, model, expected)
    (model / "config.json").unlink()
    assert_refused(ingot, model, "holds no config.json")


def test_wrong_safetensors(ingot, model):
    path = model / "model.safetensors"
    good = path.read_bytes()
    header, data = read_safetensors(path)
    name = "model.norm.weight"
    entry = header[name]
    begin, end = entry["data_offsets"]

    def with_entry(**fields):
        return {**header, name: {**entry, **fields}}

    cases = [(header, data[:-1], "lie outside"), (header, data + b"\0", "has 1 bytes after its last tensor"),
             (with_entry(dtype="F31"), data, "is of the unknown type 'F31'"),
             (with_entry(dtype="I32"), data, "is of type I32; expected F32, F16 or BF16"),
             (with_entry(shape=[20]), data, "expected 80 by its type and shape"),
             (with_entry(shape=[-40]), data, "its shape is no list of sizes"),
             (with_entry(shape=[1 << 62, 16]), data, "its shape is no list of sizes"),
             ({**header, "twin": entry}, data, "its tensors overlap at byte"),
             ({key: value for key, value in header.items() if key != "lm_head.weight"}, data, "its tensors leave a gap at byte"),
             (with_entry(data_offsets=[end, begin]), data, "lie outside"),
             ({**header, name: 3}, data, "expected an entry with dtype, shape and two data_offsets"),
             ({**header, "a\nb": entry}, data, "expected text without control characters"),
             ([], data, "its header is no JSON object")]
    for changed, bytes_, expected in cases:
        write_safetensors(path, changed, bytes_)
        assert_refused(ingot, model, "model.safetensors: ", expected)
    for bytes_, expected in [(good[:5], "has 5 bytes"), (b"\xff" * 16, "tell a header of"), (good[:100], "tell a header of"),
                             (struct.pack("<Q", 2) + b"{]", "its header is no JSON")]:
        path.write_bytes(bytes_)
        assert_refused(ingot, model, expected)
    path.write_bytes(good)


def test_resume(ingot, model, tmp_path):
    """A dump names files and views; what no longer fits is refused."""
    change_config(model, model_type="llama")
    dump = tmp_path / "import.mlir"
    run([ingot.compiler, FOLDER / "phi3", EXACT, "--compile-to=import", "-o", dump])
    text = dump.read_text()
    assert "view <" in text or "view<" in text
    out = tmp_path / "resumed"
    run([ingot.compiler, dump, "--compile-from=import", EXACT, "-o", out])
    tokens, logits = reference("phi3")
    assert_close(ingot.logits(out, tokens), logits)
    dump.write_text(text.replace("<1600, [", "<160000, ["))
    assert dump.read_text() != text
    finished = run([ingot.compiler, dump, "--compile-from=import", "-o", tmp_path / "none"], check=False)
    assert finished.status == 1 and "the module's view goes up to number" in finished.error
