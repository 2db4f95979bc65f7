"""Compares a tokenizer written by `pickscore-demonstration vocabulary` with CLIP's full tokenizer.

    python3 check_tokenizer.py FOLDER CLIP CAPTIONS

Both are run by Hugging Face's own code. FOLDER contains tokenizer.json and token_map.json. CLIP is
CLIP's tokenizer.json with all 49,408 tokens, or open_clip's bpe_simple_vocab_16e6.txt.gz. CAPTIONS
has one caption per line.
"""

import gzip
import json
import sys
from pathlib import Path

from tokenizers import Tokenizer
from transformers import CLIPTokenizerFast


def published(merges_file, template):
    """CLIP's full tokenizer from its published merges; the rest comes from the template."""
    lines = gzip.open(merges_file, "rt", encoding="utf-8").read().split("\n")
    merges = [tuple(line.split()) for line in lines[1 : 49152 - 256 - 2 + 1]]
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    order = printable + [byte for byte in range(256) if byte not in printable]
    characters = [chr(byte) for byte in printable] + [chr(256 + at) for at in range(256 - len(printable))]
    assert len(order) == len(characters) == 256
    tokens = characters + [character + "</w>" for character in characters]
    tokens += ["".join(merge) for merge in merges] + ["<|startoftext|>", "<|endoftext|>"]
    whole = json.loads(json.dumps(template))
    whole["model"]["vocab"] = {token: at for at, token in enumerate(tokens)}
    whole["model"]["merges"] = [list(merge) for merge in merges]
    for added, at in zip(whole["added_tokens"], (len(tokens) - 2, len(tokens) - 1)):
        added["id"] = at
    whole["post_processor"]["cls"][1], whole["post_processor"]["sep"][1] = len(tokens) - 2, len(tokens) - 1
    return Tokenizer.from_str(json.dumps(whole))


def main(folder, clip, captions):
    folder = Path(folder)
    template = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    pruned = Tokenizer.from_file(str(folder / "tokenizer.json"))
    fast = CLIPTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    whole = published(clip, template) if clip.endswith(".gz") else Tokenizer.from_file(clip)
    kept = json.loads((folder / "token_map.json").read_text(encoding="utf-8"))
    assert len(kept) == pruned.get_vocab_size() and sorted(pruned.get_vocab().values()) == list(range(len(kept)))
    assert fast.bos_token_id == len(kept) - 2 and fast.eos_token_id == len(kept) - 1
    wrong = 0
    lines = [line for line in Path(captions).read_text(encoding="utf-8").split("\n") if line]
    for caption in lines:
        small, large = pruned.encode(caption), whole.encode(caption)
        same = small.tokens == large.tokens and [kept[at] for at in small.ids] == large.ids
        if not same or fast(caption)["input_ids"] != small.ids:
            wrong += 1
            print(f"{caption!r}: {small.tokens} {large.tokens}", file=sys.stderr)
    print(f"{len(lines)} captions, {wrong} cut otherwise, {len(kept)} tokens")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
