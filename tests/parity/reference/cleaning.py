"""The tables of ftfy and of HTML's entities, and what open_clip's tokenizer makes of strings.

    python tests/parity/reference/cleaning.py      # after tokens.py; needs authors.lock

Writes crate/tokens/src/clean/tables.bin, deflated JSON: ftfy's encodings, its expression for
mojibake as sequences of sets (a set is a string of first and last characters of ranges; -1 stands
for the start of the text, -2 for a word character), the sets of its detector of UTF-8, the
characters that it replaces, and HTML's entities.

Writes tests/parity/fixtures/tokens/open_clip.bin, deflated: for each string of `strings.bin` the
CRC-32 of its 77 ids (two little-endian bytes each), the low half of it; then, for strings that have
been decoded wrongly or escaped, their UTF-8 length (u16), bytes and the same sum.
"""

import html
import html.entities
import json
import random
import re
import re._constants as op
import re._parser as parser
import struct
import sys
import unicodedata
import zlib

import ftfy
from ftfy import badness, chardata
from open_clip.tokenizer import SimpleTokenizer
from tokens import EMOJI, ENTITIES, OUT, SCRIPTS, WORDS, WHITE, prompt, script
from vocabulary import OUT as SOURCE

START, WORD = -1, -2


def ranges(chars):
    """Sorted code points as a string of first and last characters."""
    runs = []
    for c in sorted(chars):
        if runs and runs[-1][1] == c - 1:
            runs[-1][1] = c
        else:
            runs.append([c, c])
    return "".join(chr(c) for run in runs for c in run)


def every():
    return (c for c in range(0x110000) if not 0xD800 <= c < 0xE000)


def members(items):
    """The code points of a set of Python's parsed expression."""
    negated = items[0][0] is op.NEGATE
    found = set()
    for kind, value in items[negated:]:
        if kind is op.LITERAL:
            found.add(value)
        elif kind is op.RANGE:
            found.update(range(value[0], value[1] + 1))
        else:
            assert (kind, value) == (op.CATEGORY, op.CATEGORY_SPACE)
            found.update(c for c in every() if chr(c).isspace())
    return set(every()) - found if negated else found


def steps(parsed, sets):
    """The sequences of sets that a parsed sequence stands for."""
    sequences = [[]]
    for kind, value in parsed:
        if kind is op.AT and value is op.AT_BEGINNING:
            choices = [[START]]
        elif kind is op.IN and value == [(op.CATEGORY, op.CATEGORY_WORD)]:
            choices = [[WORD]]
        elif kind is op.BRANCH:
            choices = [sequence for branch in value[1] for sequence in steps(branch, sets)]
        elif kind is op.MAX_REPEAT:
            least, most, inner = value
            assert (least, most) == (0, 1)
            choices = [[]] + steps(inner, sets)
        else:
            if kind is op.ANY:
                chars = set(every()) - {10}
            elif kind is op.NOT_LITERAL:
                chars = set(every()) - {value}
            else:
                chars = members([(kind, value)] if kind is op.LITERAL else value)
            choices = [[sets.setdefault(ranges(chars), len(sets))]]
        sequences = [before + after for before in sequences for after in choices]
    return sequences


def tables():
    sets = {}
    patterns = steps(parser.parse(badness.BADNESS_RE.pattern, re.VERBOSE), sets)
    clues = {}
    for name, chars in chardata.UTF8_CLUES.items():
        clues[name] = members(parser.parse(f"[{chars}]")[0][1])
    first = ["utf8_first_of_2", "utf8_first_of_3", "utf8_first_of_4"]
    assert not any(clues[a] & clues[b] for a in first for b in first if a != b)
    names = [name for name in chardata.CHARMAP_ENCODINGS if name != "latin-1"]
    high = bytes(range(0x80, 0x100))
    return {
        "sets": list(sets),
        "patterns": patterns,
        "first": [ranges(clues[name]) for name in first],
        "continuation": ranges(clues["utf8_continuation"]),
        "strict": ranges(clues["utf8_continuation_strict"]),
        "encodings": [[name.startswith("sloppy"), high.decode(name)] for name in names],
        "replaced": {chr(c): text for part in (chardata.LIGATURES, chardata.WIDTH_MAP) for c, text in part.items()},
        "entities": html.entities.html5,
    }


MOJIBAKE = ["latin-1", "windows-1252", "sloppy-windows-1252", "windows-1251", "windows-1250", "windows-1253", "windows-1254", "windows-1257",
            "iso-8859-2", "macroman", "cp437", "utf-8"]
ACCENTED = """café naïve façade “quoted” ‘single’ it’s … – — voilà à été über straße größe señor ação ñandú Å å ÆØ Œuvre œil ½ ×² °C € £5 ¥ © ® ™
Ελλάδα γεια σου Москва привет мир Россия Українa łódź źdźbło žluťoučký kůň Ţară ģimene ēka ąžuolas İstanbul ışık ğ ¿qué? ¡sí! « guillemets »
日本語 猫の絵 中文 한국어 ก ข עברית عربى हिन्दी ✔ ♥ ☃ → 😀 👩‍💻 ﬁn ﬂow ＦＵＬＬ　ＷＩＤＴＨ ｶﾀｶﾅ ﾊﾝｶｸ ￣ ￥ ĳs ǆ ŉ""".split()


def mojibake(rng):
    words = [rng.choice(ACCENTED if rng.random() < 0.6 else WORDS) for _ in range(rng.randint(1, 6))]
    text = rng.choice([" ", " ", "", "\n"]).join(words)
    for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
        part = rng.random() < 0.3
        at = rng.randint(0, len(text)) if part else 0
        wrong = text[at:].encode("utf-8").decode(rng.choice(MOJIBAKE), errors=rng.choice(["replace", "ignore", "replace"]))
        text = (text[:at] + wrong)[:300]
    kind = rng.random()
    if kind < 0.15:
        text = text.replace("\xa0", " ")
    elif kind < 0.25:
        text = text.replace("\ufffd", "?")
    elif kind < 0.35:
        text = html.escape(text).replace(" ", rng.choice([" ", "&nbsp;", "&#160;", "&#xA0", "&amp;nbsp;"]))
    elif kind < 0.45:
        name = rng.choice(list(html.entities.html5))
        text += "&" + rng.choice([name, name.rstrip(";"), name.upper(), name.lower(), name + "x", f"#{rng.randint(0, 400)};",
                                  f"#{rng.choice([0, 13, 128, 133, 150, 159, 55296, 64976, 65535, 1114112, 10**12, 38, 59])}", f"#x{rng.randint(0, 70000):x};"])
    elif kind < 0.5:
        text = rng.choice(["\x1b[36;44m", "\x1b[0m", "\ufeff", "\x85", "\r\n", "\u2028", "<b>", "&lt;"]) + text + rng.choice(["\x1b[0m", "<", "\x0b", "\n&amp;"])
    elif kind < 0.55:
        text = "".join(chr(rng.choice([rng.randint(0x80, 0x17F), rng.randint(0x80, 0xFF), 32, 0x20AC, 0x201C, 0x2122])) for _ in range(rng.randint(1, 12)))
    elif kind < 0.6:
        text = "".join(rng.choice("ÃÂâêàðÐÑСВĂÆÎã€™œ�\x9d\x81\x8d ?¡¿\xa0\xad²³¹¼½¾ſ'\u017f") for _ in range(rng.randint(1, 14)))
    elif kind < 0.65:
        high, low = rng.randint(0xD800, 0xDBFF), rng.randint(0xDC00, 0xDFFF)
        wrong = b"".join(chr(c).encode("utf-8", "surrogatepass") for c in (high, low)) if rng.random() < 0.7 else b"\xc0\x80"
        text += wrong.decode(rng.choice(["latin-1", "sloppy-windows-1252", "cp437"]))
    elif kind < 0.7:
        text += rng.choice(["<start_of_text>", "<end_of_text>", "<END_OF_TEXT>", "<ſtart_of_text>", "'S", "'ſ", "don'T", "'LL", "&lt;end_of_text&gt;"]) + rng.choice(["", "x"])
    return text


def strings():
    packed = zlib.decompress((OUT / "strings.bin").read_bytes())
    at = 0
    while at < len(packed):
        (length,) = struct.unpack_from("<I", packed, at)
        yield packed[at + 4 : at + 4 + length].decode()
        (count,) = struct.unpack_from("<H", packed, at + length + 8)
        at += length + 10 + 2 * count


def main():
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = json.dumps(tables(), ensure_ascii=False, separators=(",", ":")).encode()
    data = packed.compress(data) + packed.flush()
    (SOURCE / "clean" / "tables.bin").write_bytes(data)
    print(len(data), "bytes of tables")

    tokenizer = SimpleTokenizer()

    def total(text):
        ids = tokenizer([text])[0].tolist()
        return struct.pack("<H", zlib.crc32(struct.pack("<77H", *ids)) & 0xFFFF)

    data = b"".join(total(text) for text in strings())
    rng = random.Random(22)
    texts = [mojibake(rng) for _ in range(6000)]
    for text in texts:
        raw = text.encode()
        data += struct.pack("<H", len(raw)) + raw + total(text)
    (OUT / "open_clip.bin").write_bytes(zlib.compress(data, 9))
    changed = sum(ftfy.fix_text(text) != text for text in texts)
    print(f"ftfy {ftfy.__version__}, Unicode {unicodedata.unidata_version}, Python {sys.version.split()[0]}: changes {changed} of {len(texts)} texts")


if __name__ == "__main__":
    main()
