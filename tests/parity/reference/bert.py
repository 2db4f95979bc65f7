"""The classes of characters of BERT's tokenizer, and what transformers' BertTokenizer makes of
strings.

    python tests/parity/reference/bert.py      # after tokens.py

Writes crate/tokens/src/bert/classes.bin, deflated JSON: sets of characters, each a string of first
and last characters of ranges.

Writes tests/parity/fixtures/tokens/bert.bin, deflated: a `vocab.txt` and a zero byte, then for each
string of `strings.bin` the CRC-32 of its 35 ids (two little-endian bytes each), the low half of it;
then, for each block of 256 code points below U+40000, the low half of one CRC-32 of the ids of `{c}
a{c}b` for every code point c.

With a path to the `vocab.txt` of `bert-base-uncased`, writes the file `bert-published.bin` beside
it, which has the same after that vocabulary.
"""

import json
import random
import struct
import sys
import tempfile
import unicodedata
import zlib
from pathlib import Path

from cleaning import every, ranges, strings
from tokens import OUT
from transformers import BertTokenizer
from transformers.models.bert.tokenization_bert import BasicTokenizer, _is_control, _is_punctuation
from vocabulary import OUT as SOURCE

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def classes():
    basic = BasicTokenizer()
    removed = [c for c in every() if basic._clean_text(chr(c)) == ""]
    assert all(_is_control(chr(c)) or c in (0, 0xFFFD) for c in removed)
    rest = sorted(set(every()) - set(removed))
    sets = {
        "control": removed,
        "space": [c for c in rest if not basic._clean_text(chr(c)).split()],
        "punctuation": [c for c in rest if _is_punctuation(chr(c))],
        "chinese": [c for c in rest if basic._is_chinese_char(c)],
        "accent": [c for c in rest if unicodedata.category(chr(c)) == "Mn"],
    }
    return {name: ranges(chars) for name, chars in sets.items()}


def vocabulary():
    """Special tokens, letters, and pieces of the words of some strings."""
    rng = random.Random(35)
    basic = BasicTokenizer()
    pieces = {}
    for text in [text for text in strings()][::40]:
        for word in basic.tokenize(text):
            at = 0
            while at < len(word) and len(word) <= 100:
                end = min(len(word), at + rng.randint(1, 6))
                if rng.random() < 0.8:
                    pieces["##" * (at > 0) + word[at:end]] = None
                at = end
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    pieces.update({prefix + letter: None for letter in letters for prefix in ("", "##")})
    pieces.update({mark: None for mark in "!#$%&'()*+,-./:;<=>?@[]^_`{|}~"})
    return SPECIAL + [f"[unused{n}]" for n in range(3)] + sorted(pieces)[:6000]


def tokenizer(text):
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        bert = BertTokenizer(file.name)
    # `init_tokenizer` of ImageReward's `models/BLIP/blip.py`.
    bert.add_special_tokens({"bos_token": "[DEC]"})
    bert.add_special_tokens({"additional_special_tokens": ["[ENC]"]})
    return bert


def ids(bert, text):
    encoded = bert(text, padding="max_length", truncation=True, max_length=35).input_ids
    return struct.pack("<35H", *encoded)


def special(rng, text):
    """Puts special tokens into some texts."""
    if rng.random() < 0.1:
        at = rng.randint(0, len(text))
        text = text[:at] + rng.choice([*SPECIAL, "[DEC]", "[ENC]", "[enc]", "[CLS", "[[MASK]]", "[unused1]", " [SEP] "]) + text[at:]
    return text


def fixture(vocab):
    bert = tokenizer(vocab)
    data = vocab.encode() + b"\0"
    rng = random.Random(36)
    for text in strings():
        # The test has the strings, and the changed ones are written out.
        changed = special(rng, text)
        raw = changed.encode() if changed != text else b""
        data += struct.pack("<HH", len(raw), zlib.crc32(ids(bert, changed)) & 0xFFFF) + raw
    for block in range(0x400):
        texts = [f"{chr(c)} a{chr(c)}b" for c in range(block * 256, block * 256 + 256) if not 0xD800 <= c < 0xE000]
        data += struct.pack("<H", zlib.crc32(b"".join(ids(bert, text) for text in texts)) & 0xFFFF)
    return zlib.compress(data, 9)


def main():
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = json.dumps(classes(), ensure_ascii=False, separators=(",", ":")).encode()
    data = packed.compress(data) + packed.flush()
    (SOURCE / "bert" / "classes.bin").write_bytes(data)
    print(len(data), "bytes of classes")
    if sys.argv[1:]:
        path = Path(sys.argv[1])
        path.with_name("bert-published.bin").write_bytes(fixture(path.read_text(encoding="utf-8")))
        return
    (OUT / "bert.bin").write_bytes(fixture("\n".join(vocabulary()) + "\n"))
    print(f"Unicode {unicodedata.unidata_version}, {(OUT / 'bert.bin').stat().st_size} bytes")


if __name__ == "__main__":
    main()
