"""--quantize: plain weights rounded to block formats while the executable is written.

The rounding itself is compared with ggml's in test/unit/codegen/quantize_row_test.cpp. Here a model that ingotc rounds
equals the same model with weights that numpy rounded before.
"""
import json

import numpy as np
import pytest

from conftest import EXACT, run
from test_families import write_safetensors

WIDTH, HEADS, HIDDEN, VOCABULARY, LAYERS, CONTEXT = 64, 4, 96, 131, 2, 64
TOKENS = [3, 77, 130, 5, 5, 12, 90, 41, 7, 66, 101, 2, 19, 55, 23, 8]


def round_q8_0(blocks):
    scale = np.abs(blocks).max(axis=1, keepdims=True) / np.float32(127)
    scaled = np.divide(blocks, scale, out=np.zeros_like(blocks), where=scale != 0)
    return np.float32(np.float16(scale)) * np.round(scaled)


def round_q4_0(blocks):
    extreme = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=1)[:, None], axis=1)
    scale = extreme / np.float32(-8)
    scaled = np.divide(blocks, scale, out=np.zeros_like(blocks), where=scale != 0)
    return np.float32(np.float16(scale)) * (np.trunc(scaled + 8.5).clip(0, 15) - 8)


def round_q4_1(blocks):
    least = blocks.min(axis=1, keepdims=True)
    scale = (blocks.max(axis=1, keepdims=True) - least) / np.float32(15)
    scaled = np.divide(blocks - least, scale, out=np.zeros_like(blocks), where=scale != 0)
    return np.float32(np.float16(scale)) * np.trunc(scaled + 0.5).clip(0, 15) + np.float32(np.float16(least))


ROUND = {"q8_0": round_q8_0, "q4_0": round_q4_0, "q4_1": round_q4_1}


def llama():
    config = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": WIDTH, "vocab_size": VOCABULARY,
              "intermediate_size": HIDDEN, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
              "num_key_value_heads": 2, "max_position_embeddings": CONTEXT, "rms_norm_eps": 1e-5, "hidden_act": "silu",
              "rope_theta": 10000.0, "tie_word_embeddings": True}
    shapes = {"model.embed_tokens.weight": (VOCABULARY, WIDTH), "model.norm.weight": (WIDTH,)}
    for layer in range(LAYERS):
        layer_shapes = {"input_layernorm": (WIDTH,), "post_attention_layernorm": (WIDTH,),
                        "self_attn.q_proj": (WIDTH, WIDTH), "self_attn.k_proj": (WIDTH // 2, WIDTH),
                        "self_attn.v_proj": (WIDTH // 2, WIDTH), "self_attn.o_proj": (WIDTH, WIDTH),
                        "mlp.gate_proj": (HIDDEN, WIDTH), "mlp.up_proj": (HIDDEN, WIDTH), "mlp.down_proj": (WIDTH, HIDDEN)}
        shapes |= {f"model.layers.{layer}.{name}.weight": shape for name, shape in layer_shapes.items()}
    return config, shapes, ()


def gpt2():
    """Matrices are transposed, and q, k, v one of them; the table of positions stays as it is."""
    config = {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_embd": WIDTH, "vocab_size": VOCABULARY,
              "n_layer": LAYERS, "n_head": HEADS, "n_positions": CONTEXT, "n_inner": HIDDEN, "layer_norm_epsilon": 1e-5,
              "activation_function": "gelu_new"}
    shapes = {"transformer.wte.weight": (VOCABULARY, WIDTH), "transformer.wpe.weight": (CONTEXT, WIDTH),
              "transformer.ln_f.weight": (WIDTH,), "transformer.ln_f.bias": (WIDTH,)}
    for layer in range(LAYERS):
        for name, rows, columns in (("attn.c_attn", WIDTH, 3 * WIDTH), ("attn.c_proj", WIDTH, WIDTH),
                                    ("mlp.c_fc", WIDTH, HIDDEN), ("mlp.c_proj", HIDDEN, WIDTH)):
            shapes[f"transformer.h.{layer}.{name}.weight"] = (rows, columns)
            shapes[f"transformer.h.{layer}.{name}.bias"] = (columns,)
        for name in ("ln_1.weight", "ln_1.bias", "ln_2.weight", "ln_2.bias"):
            shapes[f"transformer.h.{layer}.{name}"] = (WIDTH,)
    return config, shapes, ("transformer.h.",)


MODELS = {"llama": llama, "gpt2": gpt2}


def write_model(folder, config, tensors):
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    header, data = {}, b""
    for name, values in tensors.items():
        values = np.ascontiguousarray(values, "<f4")
        header[name] = {"dtype": "F32", "shape": values.shape, "data_offsets": [len(data), len(data) + values.nbytes]}
        data += values.tobytes()
    write_safetensors(folder / "model.safetensors", header, data)
    return folder


def make_tensors(shapes):
    generator = np.random.default_rng(11)
    return {name: generator.standard_normal(shape, np.float32) * np.float32(0.3) + np.float32(len(shape) == 1)
            for name, shape in shapes.items()}


@pytest.mark.parametrize("format", ROUND)
@pytest.mark.parametrize("name", MODELS)
def test_equals_weights_rounded_before(ingot, tmp_path, name, format):
    config, shapes, transposed = MODELS[name]()
    tensors = make_tensors(shapes)
    rounded = {}
    for key, values in tensors.items():
        if values.ndim == 2 and "wpe" not in key:
            isTransposed = key.startswith(tuple(transposed))
            rows = values.T if isTransposed else values
            blocks = ROUND[format](np.ascontiguousarray(rows).reshape(-1, 32)).reshape(rows.shape)
            values = blocks.T if isTransposed else blocks
        rounded[key] = values
    plain = ingot.compile(write_model(tmp_path / "plain", config, tensors), EXACT)
    expected = ingot.logits(ingot.compile(write_model(tmp_path / "rounded", config, rounded), EXACT), TOKENS)
    logits = ingot.logits(ingot.compile(tmp_path / "plain", EXACT, f"--quantize={format}"), TOKENS)
    assert np.abs(logits - expected).max() <= 1e-4 * np.abs(expected).max()
    # The test would not see a rounding that changes nothing.
    assert np.abs(ingot.logits(plain, TOKENS) - expected).max() > 1e-3 * np.abs(expected).max()


def test_what_no_scale_holds_is_refused(ingot, tmp_path):
    config, shapes, _ = llama()
    tensors = make_tensors(shapes)
    tensors["model.layers.1.mlp.up_proj.weight"][7, 3] = np.inf
    folder = write_model(tmp_path / "model", config, tensors)
    finished = run([ingot.compiler, folder, "-o", tmp_path / "out", "--quantize=q4_0"], check=False)
    assert finished.status == 1 and finished.error.count("\n") == 1
    assert "row 7 of 'model.layers.1.mlp.up_proj.weight' cannot be rounded" in finished.error
    assert not (tmp_path / "out").exists()


def test_a_dump_keeps_the_choice(ingot, tmp_path):
    config, shapes, _ = llama()
    folder = write_model(tmp_path / "model", config, make_tensors(shapes))
    dump = tmp_path / "import.mlir"
    run([ingot.compiler, folder, "--quantize=q4_k", "--compile-to=import", "-o", dump])
    assert "q4_k" in dump.read_text() and "q5_0" not in dump.read_text()
    resumed = tmp_path / "model.mlir"
    run([ingot.compiler, dump, "--compile-from=import", "--compile-to=model", "-o", resumed])
    # No width is a multiple of 256.
    assert "ggml<q5_0>" in resumed.read_text() and "ggml<q4_k>" not in resumed.read_text()
    for source, phase, expected in ((dump, "import", "--quantize=q8_0 contradicts the dump, which was made for q4_k"),
                                    (resumed, "model", "--quantize=q8_0 contradicts the dump, which was made for q4_k")):
        finished = run([ingot.compiler, source, f"--compile-from={phase}", "-o", tmp_path / "out", "--quantize=q8_0"],
                       check=False)
        assert finished.status == 1 and expected in finished.error and finished.error.count("\n") == 1


def test_a_program_behind_the_import_is_refused(ingot, tmp_path):
    source = tmp_path / "shape.mlir"
    source.write_bytes(run([ingot.compiler.parent / "ingot-shape"]).out)
    finished = run([ingot.compiler, source, "-o", tmp_path / "out", "--quantize=q8_0"], check=False)
    assert finished.status == 1 and "--quantize=q8_0 needs the model itself" in finished.error
