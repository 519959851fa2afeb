"""Writes Tests/Goldens/tokenizer/prompts.json: prompts and their token ids by transformers' CLIPTokenizer.

    python Tests/References/tokenizer_prompts.py

Needs transformers 5.23. The vocabulary is built from Sources/CVocabulary/merges.txt: nothing is downloaded.
Each case is [text, [ids without start and end of text]]; `long` cases are [text, the 77 ids of the padded sequence].
"""

import json
import random
from pathlib import Path

from transformers import CLIPTokenizer

ROOT = Path(__file__).resolve().parents[2]


def build_tokenizer():
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    letters = [chr(b) for b in printable]
    letters += [chr(0x100 + n) for n in range(256 - len(printable))]
    lines = (ROOT / "Sources/CVocabulary/merges.txt").read_text(encoding="utf-8").splitlines()
    merges = [tuple(line.split(" ")) for line in lines]
    names = letters + [c + "</w>" for c in letters] + ["".join(m) for m in merges]
    names += ["<|startoftext|>", "<|endoftext|>"]
    vocab = {name: i for i, name in enumerate(names)}
    assert len(vocab) == 49408
    return CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=77)


PROMPTS = [
    "", " ", "\n\t \r\n", "a", "!", "a photo of a cat", "A Photo  of\ta CAT\n", "café naïve façade",
    "cafe\u0301 (decomposed)", "don't we'll I'm it's they've I'd you're", "DON'T WE'LL I'M IT'S THEY'VE I'D",
    "rock 'n' roll", "'sure 'tis 'remote 'verify 'more 'llama 'dig", "''s ''' '' 's's's", "’s don’t “quoted”",
    "1girl, 2024, 3.14159, 100%", "!!!??? ... --- ((masterpiece:1.2))", "日本語のテキスト 猫", "한국어 텍스트",
    "\u1112\u1161\u11ab\u1100\u1173\u11af jamo", "中文提示词，高质量。「杰作」", "🐱 cat 👨‍👩‍👧 emoji", "👍🏽 🏳️‍🌈 🇩🇪 1️⃣ ❤️‍🔥",
    "masterpiece,best quality,ultra-detailed,8k", "Ünïcödé ẞ ǅ İstanbul ı I", "ΟΔΥΣΣΕΥΣ Σ ΑΣ σς ΆΈ", "ǅ ǈ ǋ ǲ ᾈ ᾼ Ⓐ Ⅷ 𐐀 𞤀",
    "hello_world #tag @user https://example.com/a?b=c", "½ ² Ⅷ ٣ ० ④ 五", "Привет мир ЁЖ й и\u0306", "ﬁ ﬂ ｆｕｌｌ　ｗｉｄｔｈ",
    "antidisestablishmentarianism supercalifragilisticexpialidocious", "שלום עולם", "שָׁלוֹם", "مرحبا بالعالم ١٢٣", "\u202eRTL\u202c text",
    "नमस्ते दुनिया", "สวัสดีชาวโลก", "ကမ္ဘာ", "ক\u09c7\u09beটি ো", "தமிழ் கொ", "Tiếng Việt ủ ữ ệ", "Ti\u0065\u0302\u0301ng",
    "q\u0323\u0307 q\u0307\u0323 a\u0308\u0301 A\u030a \u212b \u2126 \u212a", "\u0344 \u0958 \u2adc \ufb1d \u1e9b\u0323",
    "z\u0335\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308alg\u0334\u0316\u0317o", " \u0301lone mark", "a\n\u0301b", "\r\u0301\n\u0308",
    "no\u00a0break\u3000ideographic\u2003em\u2028line\u2029para\u0085nel\u1680ogham", "zero\u200bwidth\u200djoiner\u200c\ufeffbom\u2060",
    "\u180emongolian", "nul\x00byte\x01\x02 esc\x1b[31m del\x7f", "\x1c\x1d\x1e\x1f \x0b\x0c", "soft\u00adhyphen", "tab\there", "a\r\nb\rc",
    "<|startoftext|>", "<|endoftext|>", "<|endoftext|><|endoftext|>", "a <|endoftext|> b", "a<|startoftext|>b", "<|ENDOFTEXT|>",
    "x<|EndOfText|>y", "!!<|ENDOFTEXT|>!!", "<|STARTOFTEXT|>!! .<|StartOfText|>", "<|endoftext|", "|endoftext|>", "< |endoftext| >",
    "<|endoftext|>\u0338 <\u0338 >\u0338", "<start_of_text> <end_of_text>", "e<|endoftext|>\u0301", "<<|endoftext|>>",
    "</w>", "a</w> b", "Ġ Ċ ĉ Ã©", "mojibake Ã© â€™", "&amp; &lt;b&gt; &#39;", "C:\\path\\to\\file", "\\(escaped\\) [a|b] {x} `y` ~z~ ^",
    "".join(chr(c) for c in range(0x20, 0x7F)), " ".join(chr(c) for c in range(0x21, 0x7F)),
    "".join(chr(c) for c in range(0x01, 0x20)), " ".join(chr(c) for c in range(0x80, 0x180)),
    "$100 £5 €3 ¥7", "50% off!!! (limited-time)", "e=mc² ∑∫√∞ ≠ ≤", "→ ← ↑ ★☆ ♥", "@@@###$$$", "a.b.c.d", "...a...", "1,000,000.00", "12ab34",
    "x" * 60, "ab" * 40, "haha" * 15, "!" * 70, "1" * 40, "é" * 40, "🐱" * 12, "a" * 2, "a" * 3, "a" * 5, "in" * 9,
    "𝕳𝖊𝖑𝖑𝖔 𝓦𝓸𝓻𝓵𝓭 Ｈｅｌｌｏ", "𠮷野家 𪚥", "\U0010ffff\U000e0001", "\ufffd\uffff", "\ua7ce \ua7d2 \u088f \U00011de0 later letters",
    "a portrait of a woman, oil on canvas, by Rembrandt, chiaroscuro", "lighthouse at dusk, 35mm, f/1.8, bokeh",
    "(masterpiece, best quality:1.3), 1girl, solo, <lora:name:0.8>", "worst quality, low quality, jpeg artifacts, bad anatomy",
]

WORDS = (
    "photo cat dog cyberpunk Tokyo, (best) quality:1.2 8k 4K ultra-detailed HDR it's they'll naïve über straße Ærø "
    "日本 한글 мир 🐱 👩‍🚀 ½ n°5 #1 ... !!! -- _x_ [a|b] {c} <lora:x:1> \"q\" 'z' a/b a+b=c 50% <|endoftext|> l'été ŒUVRE ŁÓDŹ ĲSSEL"
).split()


def random_phrase(rng):
    return "".join(rng.choice(WORDS) + rng.choice([" ", "  ", ", ", ",", "\n", "", " ", " "]) for _ in range(rng.randint(1, 7)))


def random_unicode(rng):
    ranges = [
        (0x20, 0x7E), (0x00, 0xFF), (0x100, 0x24F), (0x300, 0x36F), (0x370, 0x52F), (0x590, 0x6FF), (0x900, 0xDFF), (0x1100, 0x11FF),
        (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x2070, 0x2BFF), (0x3000, 0x30FF), (0x4E00, 0x4EFF), (0xAC00, 0xACFF), (0xF900, 0xFAFF),
        (0xFB00, 0xFDFF), (0xFE00, 0xFFFF), (0x1F300, 0x1F6FF), (0x10000, 0x1FFFF),
    ]
    one = rng.choice(ranges)
    text = ""
    for _ in range(rng.randint(1, 12)):
        low, high = one if rng.random() < 0.5 else rng.choice(ranges)
        text += chr(rng.randint(low, high)) if not rng.random() < 0.15 else rng.choice("a 1!'s\u0301")
    return text


def random_marks(rng):
    bases = "aeoAEOyYuσΣиกकকஎ\u09c7\u0bc6\u1100\u1161\uac00<>= \n"
    marks = "\u0300\u0301\u0302\u0303\u0304\u0308\u030a\u031b\u0323\u0327\u0328\u0334\u0338\u0345\u05b0\u093c\u09be\u0bbe\u1161\u11a8\u200d\ufe0f"
    return "".join(rng.choice(bases) + "".join(rng.choice(marks) for _ in range(rng.randint(0, 4))) for _ in range(rng.randint(1, 5)))


def long_prompts(rng):
    yield "word " * 90
    yield "word " * 75
    yield "word " * 76
    yield "Café ÉCLAIR, " * 40
    yield "🐱" * 60
    yield "<|endoftext|> " * 80
    yield ", ".join(rng.choice(WORDS) for _ in range(90))
    yield "x" * 700
    yield ""
    yield "a photo of a cat"


def main():
    tokenizer = build_tokenizer()
    rng = random.Random(20240607)
    texts = list(PROMPTS)
    texts += [random_phrase(rng) for _ in range(120)]
    texts += [random_unicode(rng) for _ in range(350)]
    texts += [random_marks(rng) for _ in range(100)]
    texts = list(dict.fromkeys(texts))
    cases = [[t, tokenizer(t, add_special_tokens=False)["input_ids"]] for t in texts]
    long = [[t, tokenizer(t, padding="max_length", truncation=True)["input_ids"]] for t in long_prompts(rng)]

    def rows(items):
        return ",\n".join(json.dumps(item, separators=(",", ":")) for item in items)

    path = ROOT / "Tests/Goldens/tokenizer/prompts.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"cases":[\n%s\n],"long":[\n%s\n]}\n' % (rows(cases), rows(long)), encoding="utf-8")
    print(len(cases), "prompts,", path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
