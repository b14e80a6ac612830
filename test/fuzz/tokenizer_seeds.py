"""The inputs from which fuzzing the reader of tokenizer.json begins; for make_seeds.py."""

import json

SEPARATOR = "<NEXT FILE>"
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}


def added(id, content, **options):
    return {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
            "special": True, **options}


def tokenizer(model, **components):
    return json.dumps({"version": "1.0", "added_tokens": [added(0, "<s>"), added(9, "</s>", rstrip=True)],
                       "normalizer": None, "pre_tokenizer": None, "post_processor": None, "decoder": None,
                       **components, "model": model})


def pairs(**options):
    return {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
            "vocab": {"<s>": 0, "a": 1, "b": 2, "ab": 3, "<0x0A>": 4}, "merges": ["a b"], **options}


def tokenizer_seeds():
    split = {"type": "Split", "pattern": {"Regex": "[^\\r\\n\\p{L}]?\\p{L}+|\\s+(?!\\S)|[a-z&&[^b]]{1,3}+"},
             "behavior": "Isolated", "invert": False}
    seeds = {
        "bytes": tokenizer(pairs(ignore_merges=True), pre_tokenizer={"type": "Sequence", "pretokenizers": [split, BYTES]},
                           decoder=BYTES, normalizer={"type": "NFC"}),
        "fallback": tokenizer(
            pairs(byte_fallback=True, fuse_unk=True, unk_token="<s>", merges=[["a", "b"]]),
            normalizer={"type": "Sequence", "normalizers": [
                {"type": "Prepend", "prepend": "\u2581"},
                {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]},
            decoder={"type": "Sequence", "decoders": [
                {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"},
                {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}),
        "unigram": tokenizer(
            {"type": "Unigram", "unk_id": 0, "vocab": [["<s>", 0.0], ["a", -1.5], ["ab", -2]], "byte_fallback": False},
            normalizer={"type": "Sequence", "normalizers": [
                {"type": "Nmt"}, {"type": "NFKC"}, {"type": "Strip", "strip_left": True, "strip_right": True}]},
            pre_tokenizer={"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": True},
            decoder={"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True}),
        "pieces": tokenizer(
            {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
             "max_input_chars_per_word": 100, "vocab": {"[UNK]": 0, "a": 1, "##b": 2}},
            normalizer={"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                        "strip_accents": None, "lowercase": True},
            pre_tokenizer={"type": "BertPreTokenizer"}, decoder={"type": "WordPiece", "prefix": "##", "cleanup": True},
            post_processor={"type": "TemplateProcessing", "single": [
                {"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                "pair": [], "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}}}),
    }
    configuration = json.dumps({"bos_token": "<s>", "eos_token": {"content": "</s>"}, "tokenizer_class": "LlamaTokenizer",
                                "add_bos_token": True, "chat_template": [{"name": "default", "template": "{{ x }}"}],
                                "added_tokens_decoder": {"10": {"content": "<u>", "special": True}}})
    seeds["folder"] = SEPARATOR.join([seeds["bytes"], configuration, json.dumps({"pad_token": "a"}),
                                      json.dumps({"eos_token_id": [0, 9]}), json.dumps({"bos_token_id": 0}), "{{ x }}"])
    return {name: data.encode() for name, data in seeds.items()}
