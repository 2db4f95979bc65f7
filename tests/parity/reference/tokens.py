"""Strings of every kind, and how transformers' CLIPTokenizerFast encodes them.

    python tests/parity/reference/tokens.py      # writes tests/parity/fixtures/tokens/

For each string, `strings.bin` (deflated) contains its UTF-8 length (u32), its bytes, its number of
tokens before truncation (u32), the number of tokens that follow (u16), and those tokens (u16 each)
at context 77. For each 256 code points, `code_points.bin` contains a CRC-32 of the tokens of each
code point, alone and between two letters. `small.json` and `small.bin` are a tokenizer that the
`tokenizers` package trained and its strings. `variants.json.zlib` lists changes to `small.json` and
to CLIP's own `tokenizer.json` that occur in people's files, with texts and the ids that
transformers gives for the changed file.
"""

import json
import random
import struct
import tempfile
import unicodedata
import zlib
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import CLIPTokenizer, CLIPTokenizerFast, PreTrainedTokenizerFast
from vocabulary import code_points, merges, tokenizer, vocabulary

OUT = Path(__file__).parent.parent / "fixtures" / "tokens"
CONTEXT = 77
COUNT = 24_000

SCRIPTS = {
    "latin": [(0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x24F), (0x1E00, 0x1EFF)],
    "greek": [(0x370, 0x3FF), (0x1F00, 0x1FFF)],
    "cyrillic": [(0x400, 0x52F), (0x1C80, 0x1C88)],
    "armenian and georgian": [(0x531, 0x58F), (0x10A0, 0x10FF)],
    "hebrew": [(0x591, 0x5F4)],
    "arabic": [(0x600, 0x6FF), (0x750, 0x77F), (0xFB50, 0xFDFF)],
    "indic": [(0x900, 0xDFF)],
    "thai, lao, tibetan, burmese": [(0xE00, 0x109F)],
    "ethiopic, cherokee, khmer, mongolian": [(0x1200, 0x13FF), (0x1780, 0x18AF)],
    "hangul": [(0x1100, 0x11FF), (0xAC00, 0xD7A3)],
    "kana": [(0x3040, 0x30FF), (0x31F0, 0x31FF), (0xFF65, 0xFF9F)],
    "han": [(0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0xF900, 0xFAFF)],
    "mathematics": [(0x2070, 0x22FF), (0x1D400, 0x1D7FF)],
    "ancient": [(0x10000, 0x10FFF), (0x12000, 0x123FF), (0x13000, 0x1342F)],
    "private and beyond": [(0xE000, 0xF8FF), (0xE0000, 0xE01EF), (0x10FF00, 0x10FFFF)],
}
WHITE = [chr(c) for c in [9, 10, 11, 12, 13, 0x1C, 0x1D, 0x1E, 0x1F, 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200E), 0x2028, 0x2029,
                          0x202F, 0x205F, 0x2060, 0x3000, 0xFEFF, 0x180E]]
CONTROL = [chr(c) for c in [*range(0, 32), *range(0x7F, 0xA0), 0xAD, 0x200B, 0x200E, 0x202E, 0x2066, 0xFFF9, 0xFFFD, 0xFFFF]]
MARKS = [chr(c) for c in range(0x300, 0x370)] + [chr(c) for c in [0x483, 0x591, 0x5BF, 0x64B, 0x93C, 0xE38, 0x1DC0, 0x20D0, 0x20E3, 0x3099]]
EMOJI = ["😀", "👩‍💻", "👨‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "❤️", "🇺🇸", "🇯🇵", "1️⃣", "🧑🏿‍🚀", "☕", "✨", "🫠", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "♂️", "㊗️"]
ENTITIES = ["&amp;", "&lt;b&gt;", "&#39;", "&quot;", "&nbsp;", "&#x1F600;", "&eacute;", "<br/>", "&amp;amp;"]
CONTRACTIONS = ["it's", "don't", "we're", "they've", "I'm", "she'll", "he'd", "'s", "'tis", "rock'n'roll", "IT'S", "o’clock", "''ll", "x's's"]
SPECIAL = ["<|startoftext|>", "<|endoftext|>", "<|ENDOFTEXT|>", "<|endoftext|", "<end_of_text>", "<|StartOfText|>", "|>", "</w>", "a</w>"]
WORDS = """a an the of in on with and portrait photo photograph painting oil watercolor digital art concept artstation trending highly
detailed intricate cinematic lighting volumetric unreal engine octane render 4k 8k hdr ultra realistic hyperrealistic cat dog dragon robot
castle forest city street night sunset neon cyberpunk steampunk fantasy warrior princess astronaut horse riding moon mars ocean beach mountain
snow rain foggy misty golden hour studio ghibli style anime manga comic sketch pencil charcoal minimalist logo vector icon isometric pixel low
poly 3d clay plush toy cute kawaii beautiful woman man child old young wearing dress armor hat glasses holding sword umbrella book tea cup
coffee pizza burger sushi cake flowers roses garden butterfly spider frog owl wolf fox lion tiger elephant penguin shark whale jellyfish
submarine spaceship car bicycle train airplane vintage retro 1950s 1980s victorian medieval ancient egyptian greek statue marble bronze wooden
glass crystal translucent glowing holographic iridescent symmetrical close-up wide-angle bokeh depth-of-field macro aerial view from above
below behind back-lit silhouette black white red green blue purple teal orange yellow pastel vibrant muted colors award-winning masterpiece
best quality f/1.8 35mm kodak portra fujifilm polaroid double-exposure long-exposure tilt-shift""".split()
PUNCTUATION = list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~¡¿§¶†‡•…–—‘’“”«»‹›€£¥₹¢°±×÷≤≥≠∞∑√™©®№")


def script(rng, name):
    while True:
        low, high = rng.choice(SCRIPTS[name])
        c = rng.randint(low, high)
        if not 0xD800 <= c < 0xE000:
            return chr(c)


def pools(rng):
    return {name: ["".join(script(rng, name) for _ in range(rng.randint(1, 9))) for _ in range(60)] for name in SCRIPTS}


def prompt(rng):
    words = [rng.choice(WORDS) for _ in range(rng.randint(1, 60))]
    text = ""
    for word in words:
        if rng.random() < 0.08:
            word = word.upper() if rng.random() < 0.5 else word.capitalize()
        if rng.random() < 0.05:
            word = f"({word}:{rng.randint(0, 20) / 10})"
        text += word + rng.choices([" ", ", ", ". ", " - ", "; ", "! "], [70, 22, 3, 2, 1, 2])[0]
    return text.strip() if rng.random() < 0.8 else text


def piece(rng, words):
    kind = rng.random()
    if kind < 0.30:
        return rng.choice(words[rng.choice(list(SCRIPTS))])
    if kind < 0.42:
        return rng.choice(WORDS)
    if kind < 0.50:
        return "".join(rng.choice(WHITE) for _ in range(rng.randint(1, 4)))
    if kind < 0.57:
        return rng.choice(EMOJI)
    if kind < 0.63:
        return rng.choice(WORDS)[:2] + "".join(rng.choice(MARKS) for _ in range(rng.randint(1, 4)))
    if kind < 0.68:
        return "".join(rng.choice(CONTROL) for _ in range(rng.randint(1, 3)))
    if kind < 0.75:
        return str(rng.randint(0, 10 ** rng.randint(1, 12)))
    if kind < 0.80:
        return rng.choice(CONTRACTIONS)
    if kind < 0.84:
        return rng.choice(ENTITIES)
    if kind < 0.87:
        return rng.choice(SPECIAL)
    if kind < 0.96:
        return "".join(rng.choice(PUNCTUATION) for _ in range(rng.randint(1, 4)))
    name = rng.choice(list(SCRIPTS))
    return unicodedata.normalize(rng.choice(["NFD", "NFC", "NFKD"]), "".join(script(rng, name) for _ in range(rng.randint(1, 3))))


def strings(count):
    rng = random.Random(20230502)
    words = pools(rng)
    out = ["", " ", "\n", "a", "'", "''", "’s", "\0", "\ufeff", "ﬁ", "ß", "ẞ", "İ", "ı", "Σ", "ΑΣ", "ς", "Å", "Å", "각", "각", "a" * 2000,
           "😀" * 400, "1" * 300, " " * 2000, "'" * 200, "é" * 1000, "\u0301" * 1000]
    while len(out) < count:
        choice = rng.random()
        if choice < 0.35:
            out.append(prompt(rng)[:2000])
            continue
        target = rng.choices([4, 12, 40, 120, 400, 2000], [20, 30, 30, 14, 5, 1])[0]
        length = rng.randint(1, target)
        text, glue = "", rng.choice(["", " ", " ", ", ", "\n"])
        while len(text) < length:
            text += piece(rng, words) + glue
        out.append(text[:length])
    return out


def record(encode, text, wide=False):
    # An encoding comes from the tokenizer itself; the rest is layout.
    ids, whole = encode(text)
    raw = text.encode("utf-8")
    return struct.pack("<I", len(raw)) + raw + struct.pack("<IH", whole, len(ids)) + struct.pack(f"<{len(ids)}H", *ids)


def published(fast):
    def encode(text):
        ids = fast(text, truncation=True, max_length=CONTEXT).input_ids
        return ids, len(fast(text).input_ids)

    return encode


def small():
    """A tokenizer of the same kind with another vocabulary and other ids."""
    made = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>", fuse_unk=False))
    reference = tokenizer().backend_tokenizer
    made.normalizer, made.pre_tokenizer = reference.normalizer, reference.pre_tokenizer
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=900, special_tokens=["<unk>", "<s>", "</s>"], initial_alphabet=alphabet, end_of_word_suffix="</w>", show_progress=False
    )
    rng = random.Random(7)
    made.train_from_iterator([prompt(rng) for _ in range(400)] + list(EMOJI), trainer)
    made.add_tokens([AddedToken("<Style>", normalized=False), AddedToken("<Artist>", normalized=True)])
    made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 1), trim_offsets=False, add_prefix_space=False)
    return made


def added(content, **flags):
    usual = {"id": 0, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
    return {**usual, **flags}


SMALL_SPECIAL = [added("<unk>", special=True), added("<s>", id=1, special=True), added("</s>", id=2, special=True)]
CLIP_SPECIAL = [
    added("<|startoftext|>", id=49406, special=True, normalized=True),
    added("<|endoftext|>", id=49407, special=True, normalized=True),
]
FLAGS = ["single_word", "lstrip", "rstrip", "normalized", "special"]
NEWER = r"""<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"""
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": True}


def template(start, end):
    return {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": start[0], "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                   {"SpecialToken": {"id": end[0], "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {name: {"id": name, "ids": [id], "tokens": [name]} for name, id in (start, end)},
    }


def variants():
    """Name, file to change, changes (JSON pointer and value), tokens to compose texts from."""
    flagged = [added(f"<t{i}>", id=900 + i, **{flag: bool(i >> at & 1) for at, flag in enumerate(FLAGS)}) for i in range(32)]
    yield "every combination of flags", "small", {"/added_tokens": SMALL_SPECIAL + flagged}, [token["content"] for token in flagged]
    words = [added("fox", id=900, single_word=True), added("Sunset", id=901, single_word=True, normalized=True), added("é", id=902),
             added("日本", id=903, single_word=True), added("...", id=904, lstrip=True, rstrip=True)]
    yield "words as tokens", "small", {"/added_tokens": SMALL_SPECIAL + words}, ["fox", "Sunset", "sunset", "é", "e\u0301", "日本", "...", "の"]
    ids = [added("<a>", id=5000), added("<b>", id=12), added("cat</w>", id=77), added("<c>", id=901), added("", id=902), added("<a>", id=5000),
           added("<b>", id=3, lstrip=True), added("<C>", normalized=True, id=1), added("<d>", special=True, id=2_000_000_000)]
    yield "ids that the file only claims", "small", {"/added_tokens": SMALL_SPECIAL + ids}, ["<a>", "<b>", "cat</w>", "<c>", "<C>", "<d>"]
    same = [added("<Style>", id=900, normalized=True), added("<style>", id=901, normalized=True, rstrip=True), added("<STYLE>", id=902),
            added("<style>x", id=903), added("<sty", id=904), added("<st", id=905, single_word=True)]
    yield "tokens that begin alike", "small", {"/added_tokens": SMALL_SPECIAL + same}, ["<Style>", "<style>", "<STYLE>", "<style>x", "<sty", "<st"]
    yield "no added tokens", "small", {"/added_tokens": []}, ["<s>", "</s>", "<unk>"]
    yield "merges ignored", "small", {"/model/ignore_merges": True}, ["portrait", "cat", "ing", "the", "a", "é"]
    newer = {"/pre_tokenizer/pretokenizers/0/pattern/Regex": NEWER, "/added_tokens": []}
    specials = ["<|startoftext|>", "<|endoftext|>", "<|EndOfText|>", "<|endoftext"]
    yield "the expression of transformers 5", "small", newer, specials
    yield "the same without GPT-2's", "small", {**newer, "/pre_tokenizer/pretokenizers/1/use_regex": False}, specials
    left = {"direction": "Left", "max_length": 20, "strategy": "LongestFirst", "stride": 0}
    yield "truncation on the left", "small", {"/truncation": left}, ["portrait", "<s>", "cat dog bird " * 12]
    padding = {"strategy": {"Fixed": 30}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": "<unk>"}
    right = {**left, "direction": "Right"}
    yield "truncation and padding", "small", {"/truncation": right, "/padding": padding}, ["portrait", "cat dog bird " * 12]
    sequence = {"type": "Sequence", "processors": [BYTE_LEVEL, template(("<s>", 1), ("</s>", 2))]}
    yield "a sequence of processors", "small", {"/post_processor": sequence}, ["portrait", "<s>"]
    yield "published", "clip", {}, specials
    yield "an unknown token fused", "clip", {"/model/fuse_unk": True, "/model/byte_fallback": True}, specials
    swapped = template(("<|endoftext|>", 49407), ("<|startoftext|>", 49406))
    yield "start and end swapped", "clip", {"/post_processor": swapped}, specials
    inversion = [added("<cat-toy>", id=49408), added("<Moeb1us>", id=49409, normalized=True), added("sks", id=49410, single_word=True),
                 added("<new>", id=49411, special=True, lstrip=True, rstrip=True)]
    yield ("textual inversion", "clip", {"/added_tokens": CLIP_SPECIAL + inversion},
           ["<cat-toy>", "<moeb1us>", "<Moeb1us>", "sks", "sksy", "<new>", "<|endoftext|>"])
    raw = [{**token, "normalized": False} for token in CLIP_SPECIAL] + [added("[PAD]", id=49408, special=True)]
    yield "special tokens as they are written", "clip", {"/added_tokens": raw}, specials + ["[PAD]", "[pad]"]


def clip_json():
    """CLIP's `tokenizer.json` as transformers 4.x writes it."""
    return json.loads(tokenizer().backend_tokenizer.to_str())


def changed(document, changes):
    document = json.loads(json.dumps(document))
    for pointer, value in changes.items():
        *path, last = pointer.split("/")[1:]
        place = document
        for key in path:
            place = place[int(key) if isinstance(place, list) else key]
        place[last] = value
    return document


LISTED = ["You should've done this", "! !! !!!", "impact?<|endoftext|>", "impact?<|startoftext|>fox", "I'M SHE'LL don't", "👩‍💻 ❤️", "日本の城 🏯", "e\u0301 a\u030a",
          "a" * 400, "<|endoftext|><|endoftext|>", "", " ", *(" ".join(["fox"] * count) for count in range(72, 80)),
          *(" ".join(["fox"] * count) + "<|endoftext|>" for count in (73, 74, 75, 76))]


def mixture(rng, tokens):
    text = ""
    for _ in range(rng.randint(1, 9)):
        piece = rng.choice(tokens) if rng.random() < 0.55 else rng.choice(WORDS[:40] + ["_", "9", "é", "\u0301", "٣", "’", "!", "x", "ſ", "K", "²"])
        text += rng.choice([str.lower, str.upper, str, str, str])(piece) + rng.choice(["", "", " ", "  ", "\t", "\u3000", "\n "])
    return text


def slow_tokenizer():
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "vocab.json").write_text(json.dumps(vocabulary()))
        (Path(folder) / "merges.txt").write_text("\n".join(["#version: 0.2"] + [" ".join(pair) for pair in merges()]) + "\n")
        return CLIPTokenizer(str(Path(folder) / "vocab.json"), str(Path(folder) / "merges.txt"))


def variant_lines(bases, count):
    rng = random.Random(20)
    for name, base, changes, tokens in variants():
        document = changed(bases[base], changes)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "tokenizer.json"
            path.write_text(json.dumps(document))
            fast = (CLIPTokenizerFast if base == "clip" else PreTrainedTokenizerFast)(tokenizer_file=str(path))
        texts = LISTED + [mixture(rng, tokens) for _ in range(count)]
        cases = [[text, len(fast(text).input_ids), fast(text, truncation=True, max_length=CONTEXT).input_ids] for text in texts]
        yield {"name": name, "base": base, "changes": changes, "cases": cases}


def check_slow(line):
    """Checks that the slow tokenizer gives the same ids as the fast one on listed ASCII texts.

    It changes other texts first, in a way that depends on whether the package ftfy is installed.
    """
    slow = slow_tokenizer()
    for text, _, ids in line["cases"][: len(LISTED)]:
        assert not text.isascii() or slow(text, truncation=True, max_length=CONTEXT).input_ids == ids, text


def write_variants(path, count=40):
    bases = {"small": json.loads((OUT / "small.json").read_text()), "clip": clip_json()}
    lines = list(variant_lines(bases, count))
    check_slow(next(line for line in lines if line["name"] == "published"))
    document = json.dumps(lines, ensure_ascii=False, separators=(",", ":"))
    path.write_bytes(zlib.compress(document.encode(), 9))


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    fast = tokenizer()
    encode = published(fast)
    texts = strings(COUNT)
    data = b"".join(record(encode, text) for text in texts)
    (OUT / "strings.bin").write_bytes(zlib.compress(data, 9))

    sums, crc = [], 0
    for c in range(0x110000):
        if not 0xD800 <= c < 0xE000:
            for text in (chr(c), f"a{chr(c)}b"):
                ids = fast.backend_tokenizer.encode(text).ids
                crc = zlib.crc32(struct.pack(f"<{len(ids)}H", *ids), crc)
        if c % 256 == 255:
            sums.append(crc)
            crc = 0
    (OUT / "code_points.bin").write_bytes(struct.pack(f"<{len(sums)}I", *sums))

    made = small()
    (OUT / "small.json").write_text(made.to_str())
    truncating = Tokenizer.from_str(made.to_str())
    truncating.enable_truncation(CONTEXT)
    texts = strings(1500) + [f"{a}{b}" for a in ["<style> x", "<Style>", "<artist>y", "<ARTIST>", "<unk>"] for b in ["", " cat <Style>dog"]]
    data = b"".join(record(lambda t: (truncating.encode(t).ids, len(made.encode(t).ids)), text) for text in texts)
    (OUT / "small.bin").write_bytes(zlib.compress(data, 9))
    write_variants(OUT / "variants.json.zlib")
    for path in sorted(OUT.iterdir()):
        print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main()
