#!/usr/bin/env python3
"""Writes the inputs from which fuzzing begins.

    make_seeds.py gguf|chat_template|http_request|huggingface_tokenizer|safetensors FOLDER

Small files, so that a mutation is likely to hit what matters; the writer of GGUF
files is that of the bad-input cases, test/data/make_bad_gguf.py.
"""

import json
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "data"))
from make_bad_gguf import (ARRAY, BOOL, F32, F64, I8, I16, I32, I64, STRING,
                           U8, U16, U32, U64, Model, Tensor, split)
from tokenizer_seeds import tokenizer_seeds

SEPARATOR = b"<NEXT PART>"


def values():
    """A key of every value type, alone and as array."""
    model = Model()
    for kind in [U8, I8, U16, I16, U32, I32, F32, U64, I64, F64, BOOL]:
        model.set("s%d" % kind, kind, 1)
        model.set("a%d" % kind, ARRAY, (kind, [0, 1]))
    model.set("s8", STRING, "text")
    model.set("a8", ARRAY, (STRING, ["", "text"]))
    return model


def tensors():
    model = Model()
    model.set("general.alignment", U32, 8)
    model.alignment = 8
    for kind in ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"]:
        model.tensors.append(Tensor("t." + kind, [32], kind))
    for kind in ["Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_XS"]:
        model.tensors.append(Tensor("t." + kind, [256], kind))
    model.tensors.append(Tensor("t.deep", [2, 2, 1, 2], "F32"))
    return model


def tokenizer(kind):
    model = Model()
    prefix = "tokenizer.ggml."
    tokens = ["<s>", "a", "b", "ab"]
    if kind == "llama":
        tokens = ["<unk>", "<s>", "</s>", "<0x41>", "\u2581a", "b"]
        model.set(prefix + "scores", ARRAY, (F32, [0.0] * len(tokens)))
        model.set(prefix + "add_space_prefix", BOOL, 1)
        model.set(prefix + "token_type", ARRAY, (I32, [2, 3, 3, 6, 1, 1]))
        model.set(prefix + "unknown_token_id", U32, 0)
    else:
        model.set(prefix + "pre", STRING, "smollm")
        model.set(prefix + "merges", ARRAY, (STRING, ["a b"]))
        model.set(prefix + "token_type", ARRAY, (I32, [3, 1, 1, 1]))
    model.set(prefix + "model", STRING, kind)
    model.set(prefix + "tokens", ARRAY, (STRING, tokens))
    model.set(prefix + "bos_token_id", U32, 0)
    model.set(prefix + "eos_token_id", U32, 1)
    model.set(prefix + "add_bos_token", BOOL, 1)
    model.set("tokenizer.chat_template", STRING, "{{ x }}")
    return model


def gguf():
    old = values()
    old.version = 2
    seeds = {
        "values": values().write(),
        "values-2": old.write(),
        "tensors": tensors().write(),
        "gpt2": tokenizer("gpt2").write(),
        "llama": tokenizer("llama").write(),
    }
    # The parts of a split model have the default alignment but for the first.
    parts = Model()
    parts.tensors = [Tensor("a", [8], "F32"), Tensor("b", [32], "Q8_0")]
    seeds["split-2"] = SEPARATOR.join(p.write() for p in split(parts, 2))
    return seeds


TEMPLATES = [
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m.content }}{% endfor %}{% if add_generation_prompt %}x{% endif %}",
    "{%- set ns = namespace(n=0, s='') -%}{% for m in messages if m.role != 'tool' %}{% set ns.n = ns.n + loop.index %}"
    "{% set ns.s = ns.s ~ loop.cycle('a', 'b') %}{% else %}none{% endfor %}{{ ns.n }}",
    "{% macro f(a, b=2) %}[{{ a | upper }}{{ caller() if caller }}]{% endmacro %}{% call f(1) %}z{% endcall %}{{ f(*[1], **{'b': 3}) }}",
    "{{ messages | map(attribute='role') | list | tojson(indent=2) }}{{ messages | selectattr('role', 'equalto', 'user') | first }}",
    "{{ 'a-b'.split('-')[::-1] | join(', ') }}{{ 'é%s|{}'.format(1) % 2 }}{{ messages[0].content[1:3].strip() }}{{ -7 // 2 ** 3 % 5 }}",
    "{# c #}{% raw %}{{ x }}{% endraw %}{% filter trim %} {{ tools | length }}{% endfilter %}{% with a = 1 %}{{ a }}{% endwith %}",
    "{{ tools is defined and tools is not none or x is mapping }}{{ strftime_now('%d %b') }}{{ range(3) | sum }}{{ {'a': [1, (2,)]} | dictsort }}",
    "{% set x %}a{% endset %}{% if x in 'abc' %}{{ raise_exception('no') }}{% elif 1 < 2 <= 3 %}{% endif %}{{ 'a' | indent(4, true) | replace('a', 'b') }}",
]


def chat_template():
    return {f"template-{i}": text.encode() for i, text in enumerate(TEMPLATES)}


BODIES = [
    b'{"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}], "temperature": 0.5, "stop": ["x"], "stream": true, '
    b'"stream_options": {"include_usage": true}, "seed": 1, "max_tokens": 5, "n": 1}',
    b'{"prompt": [1, 2, 3], "top_p": 1e0, "top_k": 5, "min_p": 0.1, "logit_bias": {}, "echo": false, "user": "\\u00e9"}',
    b'{"model": "m", "prompt": ["a"], "response_format": {"type": "text"}, "tools": [], "tool_choice": "none"}',
]


def http_request():
    seeds = {f"body-{i}": b"POST /v1/completions HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
             for i, body in enumerate(BODIES)}
    seeds["chunked"] = b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    seeds["get"] = b"GET /v1/models/a%20b?x HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n\r\n"
    return seeds


def safetensors():
    headers = {
        "two": {"a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
                "b": {"dtype": "BF16", "shape": [4], "data_offsets": [24, 32]}, "__metadata__": {"format": "pt"}},
        "empty": {"none": {"dtype": "I64", "shape": [0], "data_offsets": [0, 0]},
                  "scalar": {"dtype": "U8", "shape": [], "data_offsets": [0, 1]}},
        "nothing": {},
    }
    seeds = {}
    for name, header in headers.items():
        text = json.dumps(header).encode()
        last = max([entry["data_offsets"][1] for entry in header.values() if "dtype" in entry], default=0)
        seeds[name] = struct.pack("<Q", len(text)) + text + bytes(last)
    return seeds


KINDS = {"gguf": gguf, "chat_template": chat_template, "http_request": http_request,
         "huggingface_tokenizer": tokenizer_seeds, "safetensors": safetensors}


def main(kind, folder):
    os.makedirs(folder, exist_ok=True)
    for name, data in KINDS[kind]().items():
        with open(os.path.join(folder, name), "wb") as out:
            out.write(data)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in KINDS:
        sys.exit("usage: make_seeds.py gguf|chat_template|http_request|huggingface_tokenizer|safetensors FOLDER")
    main(*sys.argv[1:])
