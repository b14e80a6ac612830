"""Reads the tokenizer of a GGUF file; writes it as test/unit/text/description_file.h reads it."""

from gguf import GGUFReader

SINGLE = [
    "model", "pre", "bos_token_id", "eos_token_id", "eot_token_id", "eom_token_id", "unknown_token_id",
    "seperator_token_id", "padding_token_id", "mask_token_id", "fim_pre_token_id", "fim_suf_token_id",
    "fim_mid_token_id", "fim_pad_token_id", "fim_rep_token_id", "fim_sep_token_id", "add_bos_token",
    "add_eos_token", "add_space_prefix", "remove_extra_whitespaces",
]
ARRAYS = {"tokens": "token", "scores": "score", "token_type": "token_type", "merges": "merge"}


def read(path):
    """All `tokenizer.ggml.` keys without that prefix; strings of arrays as bytes."""
    keys = {}
    for name, field in GGUFReader(path).fields.items():
        if name.startswith("tokenizer.ggml."):
            key = name[len("tokenizer.ggml."):]
            if key in ("tokens", "merges"):
                keys[key] = [bytes(field.parts[index]) for index in field.data]
            elif key == "precompiled_charsmap":
                keys[key] = bytes(number & 0xff for number in field.contents())
            else:
                keys[key] = field.contents()
        elif name == "tokenizer.chat_template":
            keys["chat_template"] = field.contents()
        elif name == "general.name":
            keys["name"] = field.contents()
    return keys


def write_description(keys, path):
    with open(path, "wb") as output:
        def record(name, value):
            if isinstance(value, bool):
                value = int(value)
            if not isinstance(value, bytes):
                value = str(value).encode()
            output.write(b"%s %d\n%s\n" % (name.encode(), len(value), value))

        for key in SINGLE + ["precompiled_charsmap", "chat_template", "name"]:
            if key in keys:
                record(key, keys[key])
        for key, name in ARRAYS.items():
            for value in keys.get(key, []):
                record(name, value)
