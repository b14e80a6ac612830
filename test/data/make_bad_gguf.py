#!/usr/bin/env python3
"""Writes one small valid GGUF model and every way in which it can be broken.

    make_bad_gguf.py FOLDER

FOLDER gets the files and `cases.tsv`, one line a case: the file, the stage that
must refuse it (`valid`: none; `reader`, `tokenizer`, `importer`), and what the
error must contain (` | ` separates alternatives, one of which suffices).

The model is of the llama architecture: one layer, width 32, two heads of 16 and
one key-value head, 300 tokens of byte-level BPE, with every supported tensor
type in it. Only the Python standard library is used; the bytes are the same on
every run.
"""

import os
import random
import struct
import sys

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
FORMATS = {U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f",
           BOOL: "B", U64: "Q", I64: "q", F64: "d"}

# ggml type numbers with (elements, bytes) of a block.
TYPES = {"F32": (0, 1, 4), "F16": (1, 1, 2), "Q4_0": (2, 32, 18),
         "Q4_1": (3, 32, 20), "Q5_0": (6, 32, 22), "Q5_1": (7, 32, 24),
         "Q8_0": (8, 32, 34), "Q2_K": (10, 256, 84), "Q3_K": (11, 256, 110),
         "Q4_K": (12, 256, 144), "Q5_K": (13, 256, 176), "Q6_K": (14, 256, 210),
         "IQ4_NL": (20, 32, 18), "IQ4_XS": (23, 256, 136), "BF16": (30, 1, 2)}


def string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(data)) + data


def value(kind, payload):
    """The bytes of a metadata value; an array's payload is (element, list)."""
    if kind == STRING:
        return string(payload)
    if kind == ARRAY:
        element, items = payload
        return struct.pack("<IQ", element, len(items)) + b"".join(
            value(element, item) for item in items)
    return struct.pack("<" + FORMATS[kind], payload)


class Tensor:
    def __init__(self, name, dimensions, kind, data=None):
        self.name, self.dimensions = name, list(dimensions)
        number, elements, size = TYPES[kind]
        self.number, self.data = number, data
        count = 1
        for dimension in self.dimensions:
            count *= dimension
        self.bytes = count // elements * size
        self.offset = None  # the writer's choice
        self.rank = None    # the number of dimensions


class Model:
    def __init__(self):
        self.version = 3
        self.keys = []      # [key, type, payload]
        self.tensors = []
        self.alignment = 32
        self.tensor_count = self.key_count = None

    def set(self, key, kind, payload):
        for entry in self.keys:
            if entry[0] == key:
                entry[1:] = [kind, payload]
                return self
        self.keys.append([key, kind, payload])
        return self

    def remove(self, key):
        assert any(entry[0] == key for entry in self.keys), key
        self.keys = [entry for entry in self.keys if entry[0] != key]
        return self

    def tensor(self, name):
        return next(t for t in self.tensors if t.name == name)

    def remove_tensor(self, name):
        self.tensors.remove(self.tensor(name))
        return self

    def replace_tensor(self, name, dimensions, kind):
        index = self.tensors.index(self.tensor(name))
        self.tensors[index] = Tensor(name, dimensions, kind)
        return self

    def write(self, marks=None):
        """The file; `marks` receives the offset at which each thing begins."""
        marks = {} if marks is None else marks
        out = bytearray(b"GGUF" + struct.pack("<I", self.version))
        marks["tensor_count"] = len(out)
        out += struct.pack("<Q", len(self.tensors) if self.tensor_count is None
                           else self.tensor_count)
        marks["key_count"] = len(out)
        out += struct.pack("<Q", len(self.keys) if self.key_count is None
                           else self.key_count)
        for key, kind, payload in self.keys:
            marks["key " + str(key)] = len(out)
            out += string(key)
            marks["type " + str(key)] = len(out)
            out += struct.pack("<I", kind)
            marks["value " + str(key)] = len(out)
            out += payload if isinstance(payload, bytes) and kind != STRING \
                else value(kind, payload)
        offset = 0
        chunks = []
        for t in self.tensors:
            marks["tensor " + t.name] = len(out)
            out += string(t.name)
            marks["rank " + t.name] = len(out)
            out += struct.pack("<I", len(t.dimensions) if t.rank is None
                               else t.rank)
            marks["dimensions " + t.name] = len(out)
            out += b"".join(struct.pack("<Q", d) for d in t.dimensions)
            marks["number " + t.name] = len(out)
            out += struct.pack("<I", t.number)
            marks["offset " + t.name] = len(out)
            out += struct.pack("<Q", offset if t.offset is None else t.offset)
            if t.offset is None:
                size = (t.bytes + self.alignment - 1) // self.alignment \
                    * self.alignment
                data = t.data if t.data is not None else bytes(t.bytes)
                chunks.append(data + bytes(size - len(data)))
                offset += size
        marks["padding"] = len(out)
        out += bytes(-len(out) % self.alignment)
        marks["data"] = len(out)
        out += b"".join(chunks)
        marks["end"] = len(out)
        return bytes(out)


def byte_alphabet():
    """GPT-2's printable character for each byte."""
    printable = list(range(33, 127)) + list(range(161, 173)) + \
        list(range(174, 256))
    other = [b for b in range(256) if b not in printable]
    table = {b: chr(b) for b in printable}
    table.update({b: chr(256 + i) for i, b in enumerate(other)})
    return [table[b] for b in range(256)]


MERGES = ["t h", "th e", "a n", "i n", "e r", "o n", "r e", "an d", "in g",
          "o r", "e n", "a t", "e d", "i s", "i t", "a l", "a r", "s t",
          "t o", "o f", "o u", "l e", "s e", "l l", "h e", "a s", "v e",
          "c h", "w i", "wi th", "on e", "m e", "b e", "n o", "y ou", "h at",
          "th at", "o w", "g h", "gh t", "u n", "l y"]


def random_data(generator, tensor, kind):
    """Random numbers of moderate size in the tensor's format."""
    _, elements, size = TYPES[kind]
    count = tensor.bytes // size
    out = bytearray()
    for _ in range(count):
        if kind == "F32":
            out += struct.pack("<f", generator.uniform(-0.2, 0.2))
        elif kind == "F16":
            out += struct.pack("<e", generator.uniform(-0.2, 0.2))
        elif kind == "BF16":
            out += struct.pack("<f", generator.uniform(-0.2, 0.2))[2:]
        else:
            out += struct.pack("<e", generator.uniform(0.001, 0.02))
            if kind in ("Q4_1", "Q5_1"):
                out += struct.pack("<e", generator.uniform(-0.2, -0.1))
            out += generator.randbytes(size - (len(out) % size))
    assert len(out) == tensor.bytes
    return bytes(out)


def valid_model():
    model = Model()
    width, heads, dimension, wide = 32, 2, 16, 64
    tokens = byte_alphabet() + [m.replace(" ", "") for m in MERGES] + \
        ["<|endoftext|>", "<|im_end|>"]
    types = [1] * (len(tokens) - 2) + [3, 3]
    assert len(tokens) == 300 and len(set(tokens)) == 300
    for key, kind, payload in [
            ("general.architecture", STRING, "llama"),
            ("general.name", STRING, "tiny"),
            ("llama.block_count", U32, 1),
            ("llama.context_length", U32, 128),
            ("llama.embedding_length", U32, width),
            ("llama.feed_forward_length", U32, wide),
            ("llama.attention.head_count", U32, heads),
            ("llama.attention.head_count_kv", U32, 1),
            ("llama.attention.layer_norm_rms_epsilon", F32, 1e-5),
            ("llama.rope.dimension_count", U32, dimension),
            ("llama.rope.freq_base", F32, 10000.0),
            ("llama.vocab_size", U32, len(tokens)),
            ("tokenizer.ggml.model", STRING, "gpt2"),
            ("tokenizer.ggml.pre", STRING, "gpt-2"),
            ("tokenizer.ggml.tokens", ARRAY, (STRING, tokens)),
            ("tokenizer.ggml.token_type", ARRAY, (I32, types)),
            ("tokenizer.ggml.merges", ARRAY, (STRING, list(MERGES))),
            ("tokenizer.ggml.bos_token_id", U32, 298),
            ("tokenizer.ggml.eos_token_id", U32, 299),
            ("tokenizer.ggml.add_bos_token", BOOL, 0),
            ("tokenizer.chat_template", STRING,
             "{% for m in messages %}{{ m['content'] }}{% endfor %}")]:
        model.set(key, kind, payload)
    generator = random.Random(3)
    for name, dimensions, kind in [
            ("token_embd.weight", [width, len(tokens)], "Q8_0"),
            ("blk.0.attn_norm.weight", [width], "F32"),
            ("blk.0.attn_q.weight", [width, heads * dimension], "Q4_0"),
            ("blk.0.attn_k.weight", [width, dimension], "Q4_1"),
            ("blk.0.attn_v.weight", [width, dimension], "Q5_0"),
            ("blk.0.attn_output.weight", [heads * dimension, width], "Q5_1"),
            ("blk.0.ffn_norm.weight", [width], "F32"),
            ("blk.0.ffn_gate.weight", [width, wide], "F16"),
            ("blk.0.ffn_up.weight", [width, wide], "BF16"),
            ("blk.0.ffn_down.weight", [wide, width], "Q8_0"),
            ("output_norm.weight", [width], "F32")]:
        tensor = Tensor(name, dimensions, kind)
        tensor.data = random_data(generator, tensor, kind)
        model.tensors.append(tensor)
    return model


def sentencepiece_model():
    """The valid model with a SentencePiece vocabulary of the same size."""
    model = valid_model()
    pieces = ["\u2581" + m.replace(" ", "") for m in MERGES[:41]]
    tokens = ["<unk>", "<s>", "</s>"] + \
        ["<0x%02X>" % byte for byte in range(256)] + pieces
    assert len(tokens) == 300
    prefix = "tokenizer.ggml."
    model.set(prefix + "model", STRING, "llama")
    model.set(prefix + "pre", STRING, "default")
    model.set(prefix + "tokens", ARRAY, (STRING, tokens))
    model.set(prefix + "scores", ARRAY, (F32, [-float(i) for i in range(300)]))
    model.set(prefix + "token_type", ARRAY,
              (I32, [2, 3, 3] + [6] * 256 + [1] * 41))
    model.set(prefix + "bos_token_id", U32, 1)
    model.set(prefix + "eos_token_id", U32, 2)
    model.set(prefix + "unknown_token_id", U32, 0)
    model.set(prefix + "padding_token_id", U32, 2**32 - 1)
    model.set(prefix + "add_space_prefix", BOOL, 1)
    return model.remove(prefix + "merges")


def split(model, parts):
    """The model in `parts` parts, as llama-gguf-split writes them."""
    models = []
    share = (len(model.tensors) + parts - 1) // parts
    for i in range(parts):
        part = Model()
        if i == 0:
            part.keys = [list(entry) for entry in model.keys]
        part.set("split.no", U16, i)
        part.set("split.count", U16, parts)
        part.set("split.tensors.count", I32, len(model.tensors))
        part.tensors = model.tensors[i * share:(i + 1) * share]
        models.append(part)
    return models


def part_name(stem, number, count):
    return "%s-%05d-of-%05d.gguf" % (stem, number, count)


class Cases:
    def __init__(self, folder):
        self.folder, self.lines = folder, []

    def file(self, name, data):
        with open(os.path.join(self.folder, name), "wb") as out:
            out.write(data)

    def add(self, name, stage, expected, data):
        """A case of one file; `data` is its bytes, or a Model to write."""
        if not name.endswith(".gguf"):
            name += ".gguf"
        self.file(name, data.write() if isinstance(data, Model) else data)
        self.lines.append("%s\t%s\t%s\n" % (name, stage, expected))

    def close(self):
        with open(os.path.join(self.folder, "cases.tsv"), "w") as out:
            out.writelines(self.lines)


def patched(data, offset, form, number):
    changed = bytearray(data)
    struct.pack_into(form, changed, offset, number)
    return bytes(changed)


def not_a_model(cases, good):
    cases.add("empty", "reader", "is empty", b"")
    cases.add("one-byte", "reader", "is not a GGUF file", b"G")
    cases.add("text", "reader", "is not a GGUF file",
              b"# A README, and not a model.\n" * 10)
    cases.add("archive", "reader", "is not a GGUF file", b"PK\3\4" + good[4:])
    cases.add("zeros", "reader", "is not a GGUF file", bytes(4096))
    cases.add("before-gguf", "reader", "before GGUF", b"tjgg" + good[4:])
    cases.add("version-0", "reader", "GGUF version 0", patched(good, 4, "<I", 0))
    cases.add("version-1", "reader", "GGUF version 1", patched(good, 4, "<I", 1))
    cases.add("version-4", "reader", "GGUF version 4", patched(good, 4, "<I", 4))
    cases.add("big-endian", "reader", "big-endian", patched(good, 4, ">I", 3))


def truncated(cases, good, marks):
    tokens = "tokenizer.ggml.tokens"
    name = "blk.0.attn_q.weight"
    for what, size, expected in [
            ("magic", 3, "is not a GGUF file"),
            ("version", 6, "version number"),
            ("tensor-count", marks["tensor_count"] + 5, "number of tensors"),
            ("key-count", marks["key_count"] + 5, "number of metadata keys"),
            ("header-only", marks["key_count"] + 8, "tensors"),
            ("key-length", marks["key " + tokens] + 3, "metadata key 14"),
            ("key", marks["key " + tokens] + 12, "metadata key 14"),
            ("value-type", marks["type " + tokens] + 2, tokens),
            ("array-count", marks["value " + tokens] + 7, tokens),
            ("array", marks["value " + tokens] + 500, tokens),
            ("number", marks["value llama.rope.freq_base"] + 2,
             "llama.rope.freq_base"),
            ("string", marks["value tokenizer.chat_template"] + 20,
             "tokenizer.chat_template"),
            ("tensor-name", marks["tensor " + name] + 11, "name of tensor 2"),
            ("tensor-rank", marks["rank " + name] + 1, name),
            ("tensor-dimensions", marks["dimensions " + name] + 9, name),
            ("tensor-type", marks["number " + name] + 2, name),
            ("tensor-offset", marks["offset " + name] + 4, name),
            ("before-data", marks["padding"], "past the end of the file"),
            ("at-data", marks["data"], "past the end of the file"),
            ("in-data", (marks["data"] + marks["end"]) // 2,
             "past the end of the file"),
            ("last-byte", marks["end"] - 1, "output_norm.weight")]:
        cases.add("truncated-" + what, "reader", expected, good[:size])


def absurd(cases, good, marks):
    huge = 2**64 - 1
    for what, mark, form, number, expected in [
            ("tensor-count", "tensor_count", "<Q", huge, "tensors"),
            ("tensor-count-plausible", "tensor_count", "<Q", 5000,
             "claims 5000 tensors"),
            ("key-count", "key_count", "<Q", 2**62, "metadata keys"),
            ("key-count-plausible", "key_count", "<Q", 9000,
             "claims 9000 metadata keys"),
            ("key-count-low", "key_count", "<Q", 3, "tensor"),
            ("key-length", "key llama.block_count", "<Q", huge,
             "metadata key 2"),
            ("string-length", "value general.name", "<Q", 2**63,
             "general.name"),
            ("array-count", "value tokenizer.ggml.token_type", "<xxxxQ", 2**62,
             "tokenizer.ggml.token_type"),
            ("string-array-count", "value tokenizer.ggml.tokens", "<xxxxQ",
             2**61, "tokenizer.ggml.tokens"),
            ("token-length", "value tokenizer.ggml.tokens", "<xxxxxxxxxxxxQ",
             huge, "tokenizer.ggml.tokens"),
            ("tensor-name-length", "tensor blk.0.attn_q.weight", "<Q", 2**40,
             "name of tensor 2"),
            ("rank", "rank blk.0.attn_q.weight", "<I", 2**32 - 1,
             "blk.0.attn_q.weight"),
            ("rank-5", "rank blk.0.attn_q.weight", "<I", 5,
             "blk.0.attn_q.weight"),
            ("rank-0", "rank blk.0.attn_q.weight", "<I", 0,
             "blk.0.attn_q.weight"),
            ("dimension", "dimensions blk.0.attn_q.weight", "<Q", 2**63,
             "blk.0.attn_q.weight"),
            ("dimension-0", "dimensions blk.0.attn_q.weight", "<Q", 0,
             "blk.0.attn_q.weight"),
            ("offset", "offset blk.0.attn_q.weight", "<Q", 2**64 - 32,
             "blk.0.attn_q.weight"),
            ("offset-end", "offset blk.0.attn_q.weight", "<Q", 2**40,
             "blk.0.attn_q.weight"),
            ("offset-unaligned", "offset blk.0.attn_q.weight", "<Q", 33,
             "alignment")]:
        offset = marks[mark] + form.count("x")
        cases.add("absurd-" + what, "reader", expected,
                  patched(good, offset, form.replace("x", ""), number))

    name = "blk.0.attn_q.weight"
    for what, dimensions, kind in [
            ("product-overflow", [2**32, 2**32], "F32"),
            ("product-sign", [2**32, 2**31], "F32"),
            ("bytes-overflow", [2**62], "F32"),
            ("product-wraps-to-valid", [32, 2**59 + 32], "F32")]:
        model = valid_model()
        model.tensor(name).dimensions = dimensions
        model.tensor(name).number = TYPES[kind][0]
        cases.add("absurd-" + what, "reader", name, model)


def metadata(cases, good, marks):
    cases.add("key-empty", "reader", "is empty",
              valid_model().set("", U32, 1))
    cases.add("key-bad-utf8", "reader", "UTF-8",
              valid_model().set(b"general.\xff\xfe", U32, 1))
    cases.add("key-newline", "reader", "UTF-8",
              valid_model().set("general.a\nb", U32, 1))
    cases.add("key-long", "reader", "70000", valid_model().set("k" * 70000,
                                                               U32, 1))
    twice = valid_model()
    twice.keys.append(["llama.block_count", U32, 2])
    cases.add("key-twice", "reader", "'llama.block_count' stands twice", twice)
    cases.add("value-type-unknown", "reader", "unknown value type 13",
              patched(good, marks["type general.name"], "<I", 13))
    cases.add("value-type-huge", "reader", "unknown value type 4294967295",
              patched(good, marks["type general.name"], "<I", 2**32 - 1))
    cases.add("array-type-unknown", "reader", "unknown value type 77",
              patched(good, marks["value tokenizer.ggml.tokens"], "<I", 77))
    nested = value(ARRAY, (U32, [1, 2]))
    cases.add("array-nested", "reader", "array of arrays",
              valid_model().set("general.x", ARRAY,
                                struct.pack("<IQ", ARRAY, 1) + nested))
    cases.add("bool-two", "reader", "general.x",
              valid_model().set("general.x", BOOL, 2))
    cases.add("bool-array-two", "reader", "general.x",
              valid_model().set("general.x", ARRAY, (BOOL, [0, 1, 255])))
    for number in [0, 1, 4, 48, 2**31]:
        cases.add("alignment-%d" % number, "reader", "general.alignment",
                  valid_model().set("general.alignment", U32, number))
    cases.add("alignment-string", "reader", "general.alignment",
              valid_model().set("general.alignment", STRING, "32"))
    # The offsets of a file for 32 are not those of a file for 4096.
    cases.add("alignment-other", "reader", "alignment 4096",
              valid_model().set("general.alignment", U32, 4096))


def tensors(cases):
    name = "blk.0.attn_q.weight"

    model = valid_model()
    model.tensor(name).number = 99
    cases.add("type-unknown", "reader", "unknown type 99", model)
    model = valid_model()
    model.tensor(name).number = 31
    cases.add("type-removed", "reader", "Q4_0_4_4", model)
    for kind in ["IQ4_NL", "IQ4_XS"]:
        model = valid_model().replace_tensor(name, [256, 4], kind)
        cases.add("type-" + kind.lower(), "importer", kind, model)

    model = valid_model()
    model.tensor(name).dimensions = [31, 32]
    cases.add("block-indivisible", "reader", "no multiple of 32", model)
    model = valid_model()
    model.tensor(name).number, model.tensor(name).dimensions = 12, [128, 8]
    cases.add("block-indivisible-k", "reader", "no multiple of 256", model)
    model = valid_model()
    model.tensors.append(Tensor(name, [32, 32], "Q4_0"))
    cases.add("tensor-twice", "reader", "'%s' stands twice" % name, model)
    model = valid_model()
    model.tensors.append(Tensor("bad\x01name", [32], "F32"))
    cases.add("tensor-name-control", "reader", "UTF-8", model)
    model = valid_model()
    model.tensors.append(Tensor("", [32], "F32"))
    cases.add("tensor-name-empty", "reader", "is empty", model)
    model = valid_model()
    model.tensor(name).offset = 0
    cases.add("overlap-same", "reader", "overlap", model)
    model = valid_model()
    model.tensor(name).offset = 64
    cases.add("overlap-inside", "reader", "overlap", model)
    model = valid_model()
    # Half of the embedding's rows more, into what follows.
    model.tensor("token_embd.weight").dimensions = [32, 301]
    cases.add("overlap-longer", "reader", "overlap", model)


def splits(cases):
    whole = valid_model()
    for i, part in enumerate(split(whole, 3), 1):
        cases.file(part_name("split", i, 3), part.write())
    for i in (1, 2, 3):
        cases.lines.append(part_name("split", i, 3) + "\tvalid\t\n")

    def broken(stem, expected, change, opened=1, left_out=()):
        parts = split(whole, 3)
        change(parts)
        for i, part in enumerate(parts, 1):
            if i not in left_out:
                cases.file(part_name(stem, i, 3), part.write())
        cases.lines.append("%s\treader\t%s\n" % (part_name(stem, opened, 3),
                                                 expected))

    broken("split-missing-2", "part 2 of 3 of a split model",
           lambda parts: None, left_out=(2,))
    broken("split-missing-1", "part 1 of 3 of a split model",
           lambda parts: None, opened=2, left_out=(1,))
    broken("split-order", "should be part 2 of 3",
           lambda parts: parts[1].set("split.no", U16, 2))
    broken("split-count", "should be part 3 of 3",
           lambda parts: parts[2].set("split.count", U16, 4))
    broken("split-foreign", "should be part 2 of 3",
           lambda parts: parts[1].remove("split.no").remove("split.count"))
    broken("split-total", "split.tensors.count is 12",
           lambda parts: parts[0].set("split.tensors.count", I32, 12))
    broken("split-number", "split.no is 3",
           lambda parts: parts[0].set("split.no", U16, 3))
    broken("split-type", "split.count",
           lambda parts: parts[0].set("split.count", STRING, "3"))
    broken("split-negative", "split.no",
           lambda parts: parts[0].set("split.no", I16, -1))
    broken("split-twice", "stands twice",
           lambda parts: setattr(parts[1], "tensors", parts[0].tensors))
    cases.add("split-name", "reader", "-00001-of-00003.gguf",
              split(whole, 3)[0])


def tokenizers(cases):
    def case(name, expected, change):
        model = valid_model()
        change(model)
        cases.add("tokenizer-" + name, "tokenizer", expected, model)

    prefix = "tokenizer.ggml."
    tokens = next(payload for key, _, payload in valid_model().keys
                  if key == prefix + "tokens")[1]

    def merges(changed):
        return lambda model: model.set(prefix + "merges", ARRAY,
                                       (STRING, changed))

    case("model-unknown", "rwkv",
         lambda model: model.set(prefix + "model", STRING, "rwkv"))
    case("model-number", prefix + "model",
         lambda model: model.set(prefix + "model", U32, 1))
    case("model-missing", prefix + "model",
         lambda model: model.remove(prefix + "model"))
    case("pre-unknown", "no-such-pre",
         lambda model: model.set(prefix + "pre", STRING, "no-such-pre"))
    case("tokens-missing", prefix + "tokens",
         lambda model: model.remove(prefix + "tokens"))
    case("tokens-numbers", prefix + "tokens",
         lambda model: model.set(prefix + "tokens", ARRAY, (U32, [1, 2])))
    case("tokens-none", prefix + "tokens",
         lambda model: model.set(prefix + "tokens", ARRAY, (STRING, [])))
    case("types-short", "token_type",
         lambda model: model.set(prefix + "token_type", ARRAY, (I32, [1] * 299)))
    case("types-strings", "token_type",
         lambda model: model.set(prefix + "token_type", ARRAY,
                                 (STRING, ["1"] * 300)))
    case("scores-short", "scores",
         lambda model: model.set(prefix + "scores", ARRAY, (F32, [0.0] * 7)))
    case("eos-outside", prefix + "eos_token_id",
         lambda model: model.set(prefix + "eos_token_id", U32, 300))
    case("bos-negative", prefix + "bos_token_id",
         lambda model: model.set(prefix + "bos_token_id", I32, -2))
    case("bos-string", prefix + "bos_token_id",
         lambda model: model.set(prefix + "bos_token_id", STRING, "<s>"))
    case("add-bos-number", prefix + "add_bos_token",
         lambda model: model.set(prefix + "add_bos_token", U32, 1))
    case("template-number", "tokenizer.chat_template",
         lambda model: model.set("tokenizer.chat_template", U32, 1))
    case("merges-missing", prefix + "merges",
         lambda model: model.remove(prefix + "merges"))
    case("merges-numbers", prefix + "merges",
         lambda model: model.set(prefix + "merges", ARRAY, (I32, [1, 2])))
    case("merges-no-space", "merges", merges(MERGES[:-1] + ["ly"]))
    case("merges-empty", "merges", merges(MERGES[:-1] + [""]))
    case("merges-unknown-left", "merges", merges(MERGES[:-1] + ["zz y"]))
    case("merges-unknown-right", "merges", merges(MERGES[:-1] + ["l zz"]))
    case("merges-unknown-result", "merges", merges(MERGES[:-1] + ["z z"]))


def semantics(cases):
    """What is well-formed GGUF, but no model that Ingot can compile."""
    def case(name, expected, change):
        model = valid_model()
        change(model)
        cases.add("model-" + name, "importer", expected, model)

    for key in ["general.architecture", "llama.block_count",
                "llama.embedding_length", "llama.feed_forward_length",
                "llama.attention.head_count",
                "llama.attention.layer_norm_rms_epsilon"]:
        case("without-" + key, key, lambda model: model.remove(key))
    for name in ["token_embd.weight", "blk.0.attn_norm.weight",
                 "blk.0.attn_q.weight", "blk.0.attn_k.weight",
                 "blk.0.attn_v.weight", "blk.0.attn_output.weight",
                 "blk.0.ffn_norm.weight", "blk.0.ffn_gate.weight",
                 "blk.0.ffn_up.weight", "blk.0.ffn_down.weight",
                 "output_norm.weight"]:
        case("without-" + name, name, lambda model: model.remove_tensor(name))
    for name, dimensions in [("token_embd.weight", [64, 300]),
                             ("token_embd.weight", [32, 299]),
                             ("blk.0.attn_norm.weight", [64]),
                             ("blk.0.attn_norm.weight", [32, 2]),
                             ("blk.0.attn_q.weight", [32, 64]),
                             ("blk.0.attn_k.weight", [32, 32]),
                             ("blk.0.attn_v.weight", [64, 16]),
                             ("blk.0.attn_output.weight", [32, 32, 2]),
                             ("blk.0.ffn_gate.weight", [32, 32]),
                             ("blk.0.ffn_down.weight", [32, 64]),
                             ("output_norm.weight", [31])]:
        case("shape-%s-%s" % (name, "x".join(map(str, dimensions))), name,
             lambda model: model.replace_tensor(name, dimensions, "F32"))

    def number(key, kind, payload, expected=None, label=None):
        case("%s-%s" % (key, payload if label is None else label),
             expected or key, lambda model: model.set(key, kind, payload))

    number("general.architecture", STRING, "mamba", "mamba")
    number("general.architecture", U32, 3)
    number("llama.block_count", U32, 0)
    number("llama.block_count", U32, 2, "blk.1. | llama.block_count")
    number("llama.block_count", U32, 2**32 - 1, "blk.1. | llama.block_count")
    number("llama.block_count", STRING, "1", label="string")
    number("llama.block_count", I32, -1)
    number("llama.embedding_length", U32, 0)
    number("llama.embedding_length", U32, 2**32 - 1,
           "llama.embedding_length | .weight")
    number("llama.embedding_length", F32, 32.0, label="float")
    number("llama.feed_forward_length", U32, 0,
           "llama.feed_forward_length | .weight")
    number("llama.attention.head_count", U32, 0)
    number("llama.attention.head_count", U32, 2**31,
           "llama.attention.head_count | .weight")
    number("llama.attention.head_count_kv", U32, 0)
    number("llama.attention.head_count_kv", U32, 3)
    number("llama.attention.head_count_kv", STRING, "1", label="string")
    number("llama.attention.layer_norm_rms_epsilon", F32, float("nan"))
    number("llama.attention.layer_norm_rms_epsilon", F32, -1.0)
    number("llama.attention.layer_norm_rms_epsilon", U32, 1, label="integer")
    number("llama.rope.dimension_count", U32, 15)
    number("llama.rope.dimension_count", U32, 64)
    number("llama.rope.freq_base", F32, 0.0)
    number("llama.rope.freq_base", F32, float("inf"))
    number("llama.rope.scaling.type", STRING, "no-such-scaling")
    number("llama.context_length", U32, 0)
    number("llama.expert_count", U32, 8, "llama.expert_used_count")
    number("llama.expert_count", U32, 2**31)


def write_cases(folder):
    os.makedirs(folder, exist_ok=True)
    cases = Cases(folder)
    marks = {}
    good = valid_model().write(marks)
    cases.add("valid", "valid", "", good)
    old = valid_model()
    old.version = 2
    cases.add("valid-version-2", "valid", "", old)
    aligned = valid_model().set("general.alignment", U32, 4096)
    aligned.alignment = 4096
    cases.add("valid-aligned", "valid", "", aligned)
    cases.add("valid-suffix.bin.gguf", "valid", "", good)
    without = valid_model()
    without.keys = [entry for entry in without.keys
                    if not entry[0].startswith("tokenizer.")]
    cases.add("valid-without-tokenizer", "valid", "", without)
    cases.add("valid-sentencepiece", "valid", "", sentencepiece_model())
    vocabulary = valid_model()
    vocabulary.tensors = []
    cases.add("valid-vocabulary-only", "valid", "", vocabulary)

    not_a_model(cases, good)
    truncated(cases, good, marks)
    absurd(cases, good, marks)
    metadata(cases, good, marks)
    tensors(cases)
    splits(cases)
    tokenizers(cases)
    semantics(cases)
    cases.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: make_bad_gguf.py FOLDER")
    write_cases(sys.argv[1])
