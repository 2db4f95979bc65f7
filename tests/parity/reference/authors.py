"""The authors' packages, without what they ask for beside their models."""

import gzip
import sys
import types
from pathlib import Path

import open_clip
import packaging
import packaging.version


def hpsv2():
    """`hpsv2.img_score`. Its wheel lacks CLIP's vocabulary, which is open_clip's."""
    for name in ("clint", "clint.textui"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["clint.textui"].progress = None
    vocabulary = Path(open_clip.__file__).parent / "bpe_simple_vocab_16e6.txt.gz"
    original = gzip.open
    gzip.open = lambda path, *mode: original(vocabulary if str(path).endswith(vocabulary.name) else path, *mode)
    try:
        from hpsv2 import img_score
    finally:
        gzip.open = original
    return img_score


def openai():
    """OpenAI's package `clip`, which takes `packaging` from a module that setuptools dropped."""
    sys.modules["pkg_resources"] = types.ModuleType("pkg_resources")
    sys.modules["pkg_resources"].packaging = packaging
    import clip.model

    return clip
