"""Expected results of the library's self-test, computed by transformers' CLIPModel.

    python tests/parity/reference/self_test.py     # writes crate/model/src/self_test/expected.json

Weights, prompts and images are functions of a seed and of this project's parameter names; see
crate/model/src/self_test/mod.rs.
"""

import json
from pathlib import Path

import numpy as np
import torch
from generate import hashes, uniform
from towers import clip, unit
from transformers import CLIPConfig, CLIPModel

OUT = Path(__file__).parent.parent.parent.parent / "crate/model/src/self_test/expected.json"
SEED = 7
# Head widths of 64 and 80, as in PickScore, and sequence lengths that are not multiples of a block
# size.
SOURCE = clip((128, 2, 2, 512, 128, 77, 2, "gelu"), (160, 2, 2, 640, 56, 14, "gelu"), 64)


def weights(name, shape, rows=slice(None)):
    count = int(np.prod(shape, dtype=np.int64))
    if name == "logit_scale":
        return np.full(shape, 4.6051702, np.float32)
    u = uniform(hashes(SEED, name, count))
    matrix = len(shape) > 1 and name not in ("text.token", "vision.position", "text.position")
    if "norm" in name and name.endswith("weight"):
        values = np.float32(1) + np.float32(0.2) * u
    else:
        values = np.float32(np.sqrt(3.0 / (count // shape[0])) if matrix else 0.3) * u
    return values.reshape(shape)[rows]


def ours(name, shape):
    """This project's name for a transformers tensor, its shape here, and its rows in that tensor.
    """
    plain = {
        "vision_model.embeddings.class_embedding": "vision.class",
        "vision_model.embeddings.patch_embedding.weight": "vision.patch.weight",
        "vision_model.embeddings.position_embedding.weight": "vision.position",
        "visual_projection.weight": "vision.projection.weight",
        "text_model.embeddings.token_embedding.weight": "text.token",
        "text_model.embeddings.position_embedding.weight": "text.position",
    }
    if name in plain:
        return plain[name], shape, slice(None)
    for theirs, our in {"vision_model.": "vision.", "text_model.": "text.", "encoder.layers.": "blocks.", "self_attn.out_proj": "attention.out",
                        "layer_norm1": "norm1", "layer_norm2": "norm2", "mlp.fc1": "mlp.up", "mlp.fc2": "mlp.down", "pre_layrnorm": "pre_norm",
                        "post_layernorm": "post_norm", "final_layer_norm": "final_norm", "text_projection": "text.projection"}.items():
        name = name.replace(theirs, our)
    for part, letter in enumerate("qkv"):
        if f"self_attn.{letter}_proj" in name:
            whole = (3 * shape[0], *shape[1:])
            return name.replace(f"self_attn.{letter}_proj", "attention.qkv"), whole, slice(part * shape[0], (part + 1) * shape[0])
    return name, shape, slice(None)


def prompt(index, context, vocabulary):
    words = 5 + 20 * index
    body = [int(z % np.uint64(vocabulary - 2)) for z in hashes(SEED, f"prompt.{index}", words)]
    return [vocabulary - 2] + body + [vocabulary - 1] * (context - 1 - words)


def main():
    config = CLIPConfig(**json.loads(json.dumps(SOURCE)))
    config._attn_implementation = "eager"
    model = CLIPModel(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(weights(*ours(name, tuple(parameter.shape)))))
        ids = torch.tensor([prompt(i, 77, 128) for i in range(2)])
        images = torch.from_numpy(np.stack([uniform(hashes(SEED, f"image.{i}", 3 * 56 * 56)).reshape(3, 56, 56) for i in range(2)]))
        texts, pictures = unit(model.get_text_features(input_ids=ids)), unit(model.get_image_features(pixel_values=images))
    rows = lambda embeddings: [[float(np.float32(x)) for x in row] for row in embeddings]
    OUT.write_text(json.dumps({"config": SOURCE, "seed": SEED, "texts": rows(texts), "images": rows(pictures)}) + "\n")
    print("cosine between the images", float(pictures[0] @ pictures[1]), "and the prompts", float(texts[0] @ texts[1]))


if __name__ == "__main__":
    main()
