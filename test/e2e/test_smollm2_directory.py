"""SmolLM2 as a Hugging Face directory of float32 numbers, made from its GGUF file: the same model, bit by bit."""
import json
import struct

import numpy as np

from conftest import EXACT
from test_families import write_safetensors

NAMES = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "attn_norm": "input_layernorm",
         "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
         "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj",
         "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
HEADS = {"attn_q": 9, "attn_k": 3}
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


class Gguf:
    """Metadata and tensors of a GGUF file (github.com/ggml-org/ggml/blob/master/docs/gguf.md)"""

    def __init__(self, path):
        self.data, self.at = np.memmap(path, np.uint8, "r"), 8
        tensors, keys = self.take("Q"), self.take("Q")
        self.metadata = {}
        for _ in range(keys):
            key = self.text()
            self.metadata[key] = self.value(self.take("I"))
        described = [(self.text(), [self.take("Q") for _ in range(self.take("I"))], self.take("I"), self.take("Q"))
                     for _ in range(tensors)]
        start = -(-self.at // 32) * 32
        self.tensors = {name: (shape[::-1], kind, start + offset) for name, shape, kind, offset in described}

    def take(self, code):
        value, = struct.unpack_from("<" + code, self.data, self.at)
        self.at += struct.calcsize("<" + code)
        return value

    def text(self):
        length = self.take("Q")
        self.at += length
        return bytes(self.data[self.at - length:self.at]).decode()

    def value(self, kind):
        if kind == 8:
            return self.text()
        if kind == 9:
            element, count = self.take("I"), self.take("Q")
            return [self.value(element) for _ in range(count)]
        return self.take(SCALARS[kind])

    def read(self, name):
        shape, kind, offset = self.tensors[name]
        count = int(np.prod(shape))
        if kind == 0:
            return self.data[offset:offset + 4 * count].view("<f4").reshape(shape)
        block = {3: 20, 8: 34}[kind]
        blocks = self.data[offset:offset + count // 32 * block].reshape(-1, block)
        half = lambda first: np.ascontiguousarray(blocks[:, first:first + 2]).view("<f2").astype(np.float32)
        if kind == 8:
            return (half(0) * blocks[:, 2:].view(np.int8)).reshape(shape)
        return (half(0) * np.hstack([blocks[:, 4:] & 15, blocks[:, 4:] >> 4]) + half(2)).reshape(shape)


def write_directory(folder, source):
    gguf = Gguf(source)
    keys = {key.split(".", 1)[1]: value for key, value in gguf.metadata.items() if key.startswith("llama.")}
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_act": "silu", "tie_word_embeddings": True,
        "hidden_size": keys["embedding_length"], "intermediate_size": keys["feed_forward_length"],
        "num_hidden_layers": keys["block_count"], "num_attention_heads": keys["attention.head_count"],
        "num_key_value_heads": keys["attention.head_count_kv"], "max_position_embeddings": keys["context_length"],
        "rms_norm_eps": keys["attention.layer_norm_rms_epsilon"], "rope_theta": keys["rope.freq_base"],
        "vocab_size": gguf.tensors["token_embd.weight"][0][0]}))
    header, data = {}, []
    for name in gguf.tensors:
        parts = name.split(".")
        values = gguf.read(name)
        if heads := HEADS.get(parts[-2]):
            # llama.cpp's rotary pairs are neighbours, those of transformers half a head apart.
            values = values.reshape(heads, -1, 2, values.shape[1]).swapaxes(1, 2).reshape(values.shape)
        layer = f"model.layers.{parts[1]}." if parts[0] == "blk" else ""
        first = sum(len(part) for part in data)
        data.append(np.ascontiguousarray(values, "<f4").tobytes())
        header[f"{layer}{NAMES[parts[-2]]}.weight"] = {"dtype": "F32", "shape": list(values.shape),
                                                        "data_offsets": [first, first + len(data[-1])]}
    write_safetensors(folder / "model.safetensors", header, b"".join(data))
    return folder


def test_same_logits_and_tokens(ingot, smollm2, smollm2_reference, tmp_path):
    directory = ingot.compile(write_directory(tmp_path / "smollm2", smollm2), EXACT)
    file = ingot.compile(smollm2, EXACT)
    reference = smollm2_reference["prompts"]["5"]
    tokens = reference["tokens"] + reference["greedy"]["tokens"][:-1]
    logits = ingot.logits(directory, tokens)
    assert (logits == ingot.logits(file, tokens)).all()
    assert logits[len(reference["tokens"]) - 1:].argmax(axis=1).tolist() == reference["greedy"]["tokens"]
