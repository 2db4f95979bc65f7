"""Weights, pixels and prompts from a seed, bit for bit equal to the package `tests/generate`.

Number `i` of a tensor is a function of the seed, the tensor's name and `i`. A hash gives a 24-bit
integer, which converts exactly to u in [-1, 1). One multiplication and at most one addition in f32
turn u into a weight. One weight in 256 is four times as large, because trained weights have
outliers.
"""

import numpy as np

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def mix(z):
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def key(seed, name):
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) % 2**64
    return (value + seed * 0xD1342543DE82EF95) % 2**64


def hashes(seed, name, count):
    with np.errstate(over="ignore"):
        index = np.arange(1, count + 1, dtype=np.uint64)
        return mix(np.uint64(key(seed, name)) + index * GOLDEN)


def uniform(z):
    """24 bits as f32 in [-1, 1)."""
    return ((z >> np.uint64(40)).astype(np.int64) - 2**23).astype(np.float32) / np.float32(2**23)


GAINS = {
    "q_proj": 1.2, "k_proj": 1.2, "in_proj_weight": 1.1, "out_proj": 0.7, "fc2": 0.7, "c_proj": 0.7,
    "self.query": 1.2, "self.key": 1.2, "qkv": 1.1, "attn.proj": 0.7, "output.dense": 0.7,
}


def weights(seed, name, shape):
    """One f32 tensor, by its name in the checkpoint."""
    count = int(np.prod(shape, dtype=np.int64))
    if name.endswith("logit_scale"):
        return np.full(shape, 4.6051702, np.float32)
    z = hashes(seed, name, count)
    u = uniform(z)
    norm = any(part in name for part in ("norm", "Norm", "ln_"))
    if norm and name.endswith("weight"):
        values = np.float32(1) + np.float32(0.2) * u
    elif len(shape) == 1 and "class_embedding" not in name:
        values = np.float32(0.05) * u
    elif "position" in name or "pos_embed" in name:
        values = np.float32(0.3) * u
    elif any(part in name for part in ("class_embedding", "token_embedding", "cls_token", "word_embeddings")):
        values = np.float32(0.7) * u
    else:
        transposed = name.endswith("visual.proj") or name.endswith("text_projection")
        inputs = shape[0] if transposed else int(np.prod(shape[1:], dtype=np.int64))
        gain = next((gain for part, gain in GAINS.items() if part in name), 1.0)
        scale = np.float32(gain * np.sqrt(3.0 / inputs))
        u = np.where((z & np.uint64(255)) == 0, u * np.float32(4), u)
        values = scale * u
    assert values.dtype == np.float32
    return values.reshape(shape)


def pixels(seed, index, size):
    """[3, size, size]: large areas of colour with grain."""
    field = uniform(hashes(seed, f"field.{index}", 3 * 64)).reshape(3, 8, 8)
    grain = uniform(hashes(seed, f"grain.{index}", 3 * size * size)).reshape(3, size, size)
    at = np.arange(size) * 8 // size
    return np.float32(1.5) * field[:, at][:, :, at] + np.float32(0.5) * grain


def prompt(seed, index, context, vocabulary):
    """Token ids: the start token, a few random tokens, and end tokens as padding."""
    z = hashes(seed, f"prompt.{index}", context)
    words = 1 + int(z[0] % np.uint64(context - 2))
    body = [int(x % np.uint64(vocabulary - 2)) for x in z[1 : 1 + words]]
    ids = [vocabulary - 2] + body + [vocabulary - 1]
    return ids[:context - 1] + [vocabulary - 1] * (context - len(ids[: context - 1]))
