"""CLIP's published vocabulary, and Hugging Face's fast tokenizer built from it.

    python tests/parity/reference/vocabulary.py      # writes merges.bin and classes.bin

The files are written to crate/tokens/src/. `merges.bin` holds the 48,894 merges that CLIP uses from
the published `bpe_simple_vocab_16e6.txt.gz`, which is part of the package open_clip_torch. Each
merge is the ids of its two parts, as little-endian u16: all first parts come before all second
parts, and within each, all low bytes before all high bytes. The file is deflated. The rest of the
vocabulary follows from the merges.

`classes.bin` holds the code points that the reference's regular expressions treat as white space,
letters and numbers: runs of (class, length), found by testing every code point.
"""

import gzip
import json
import tempfile
import zlib
from pathlib import Path

import open_clip
from tokenizers import Regex
from tokenizers.pre_tokenizers import Split
from transformers import CLIPTokenizerFast
from transformers.models.clip.tokenization_clip import bytes_to_unicode

OUT = Path(__file__).parents[3] / "crate" / "tokens" / "src"
MERGES = 49152 - 256 - 2


def merges():
    path = Path(open_clip.__file__).parent / "bpe_simple_vocab_16e6.txt.gz"
    lines = gzip.open(path).read().decode("utf-8").split("\n")
    return [tuple(line.split()) for line in lines[1 : MERGES + 1]]


def vocabulary():
    alphabet = list(bytes_to_unicode().values())
    words = alphabet + [c + "</w>" for c in alphabet] + ["".join(pair) for pair in merges()]
    words += ["<|startoftext|>", "<|endoftext|>"]
    ids = {word: index for index, word in enumerate(words)}
    assert len(ids) == len(words) == 49408
    return ids


def tokenizer():
    """transformers' `CLIPTokenizerFast`, converted from the published `vocab.json` and
    `merges.txt`.
    """
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "vocab.json").write_text(json.dumps(vocabulary()))
        lines = ["#version: 0.2"] + [" ".join(pair) for pair in merges()]
        (Path(folder) / "merges.txt").write_text("\n".join(lines) + "\n")
        return CLIPTokenizerFast(str(Path(folder) / "vocab.json"), str(Path(folder) / "merges.txt"))


def code_points():
    return (c for c in range(0x110000) if not 0xD800 <= c < 0xE000)


def classes():
    """Runs of (class, length) over all code points; surrogates count as other."""
    splits = [Split(Regex(pattern), "removed") for pattern in (r"\s", r"\p{L}", r"\p{N}")]
    of = bytearray(0x110000)
    for c in code_points():
        for index, split in enumerate(splits):
            if not split.pre_tokenize_str(chr(c)):
                assert of[c] == 0
                of[c] = index + 1
    runs = []
    for c in of:
        if runs and runs[-1][0] == c:
            runs[-1][1] += 1
        else:
            runs.append([c, 1])
    return runs


def varint(value):
    out = bytearray()
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    out.append(value)
    return out


def main():
    ids = vocabulary()
    pairs = [(ids[a], ids[b]) for a, b in merges()]
    planes = [[x & 255 for x, _ in pairs], [x >> 8 for x, _ in pairs], [y & 255 for _, y in pairs], [y >> 8 for _, y in pairs]]
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packed.compress(bytes(sum(planes, []))) + packed.flush()
    (OUT / "merges.bin").write_bytes(data)
    runs = classes()
    # The class is in the two low bits.
    (OUT / "classes.bin").write_bytes(b"".join(bytes(varint(length * 4 + kind)) for kind, length in runs))
    print(f"{len(pairs)} merges in {len(data)} bytes, {len(runs)} runs")


if __name__ == "__main__":
    main()
