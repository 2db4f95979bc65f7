"""Rewards of a small ImageReward model, by the authors' package image-reward.

    pip install --no-deps -r tests/parity/reference/authors.lock
    python tests/parity/reference/image_reward.py vocab.txt        # that of bert-base-uncased
    python tests/parity/reference/image_reward.py vocab.txt full   # takes minutes and 8 GB

Writes tests/parity/fixtures/scorers/: `image-reward.json` has the configuration (`med_config.json`)
and what the model makes of prompts and image files, and `image-reward.pt.zlib` the checkpoint with
the published names (see checkpoints.py).

The model is the authors' `ImageReward` with a smaller vision tower and MLP, which their code fixes;
the text encoder's size is in the configuration. Everything is computed in f32, and again in f64,
whose distance is the authors' own error. `spread` is the standard deviation of one prompt's
rewards, averaged over the prompts. `full` writes `image-reward-full.json` and its checkpoint for
some of the prompts and images, with the authors' sizes and without f64.
"""

import importlib.util
import json
import sys
import tempfile
import types
import warnings
import zlib
from pathlib import Path

import numpy as np
import rows_first  # noqa: F401
import torch
import transformers
from checkpoints import OUT, fill, save
from end_to_end import PROMPTS
from PIL import Image
from pixels import FILES

SEED = 22
VISION = {"width": 192, "layers": 2, "heads": 3, "image_size": 224, "patch_size": 16}
CONFIG = {
    "architectures": ["BertModel"],
    "attention_probs_dropout_prob": 0.1,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "hidden_size": 128,
    "initializer_range": 0.02,
    "intermediate_size": 512,
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": 512,
    "model_type": "bert",
    "num_attention_heads": 2,
    "num_hidden_layers": 2,
    "pad_token_id": 0,
    "type_vocab_size": 2,
    "vocab_size": 30524,
    "encoder_width": 768,
    "add_cross_attention": True,
}
PUBLISHED = {**CONFIG, "hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "num_hidden_layers": 12}
TEXTS = PROMPTS + [
    "",
    "a",
    "A painting of an ocean with clouds and birds, day time, low depth field effect",
    "[ENC] a red fox [MASK] 🦊 naïve CAFÉ don't\tstop",
    " ".join(["word"] * 33),
    " ".join(["word"] * 34),
]
IMAGES = [
    "photo.png", "photo-75.jpg", "edges.gif", "grey-16.png", "rgba.png", "palette.png", "cmyk.jpg", "noise-75.webp", "size-225x224.png", "size-7x300.png",
    "edges.png", "one-bit.png",
]


def package():
    """The authors' `ImageReward.py`, without the rest of the package and its dependencies."""
    folder = Path(importlib.util.find_spec("ImageReward").submodule_search_locations[0])
    for name, path in (("ImageReward", folder), ("ImageReward.models", folder / "models")):
        parent = types.ModuleType(name)
        parent.__path__ = [str(path)]
        sys.modules[name] = parent
    # Only gradient checkpointing, in training, calls it.
    checkpointing = types.ModuleType("fairscale.nn.checkpoint.checkpoint_activations")
    checkpointing.checkpoint_wrapper = None
    for name in ("fairscale", "fairscale.nn", "fairscale.nn.checkpoint"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules[checkpointing.__name__] = checkpointing
    # These functions moved since transformers 4.15; the pruning of heads is never called.
    utils = transformers.modeling_utils
    utils.apply_chunking_to_forward = transformers.pytorch_utils.apply_chunking_to_forward
    utils.prune_linear_layer = transformers.pytorch_utils.prune_linear_layer
    utils.find_pruneable_heads_and_indices = transformers.pytorch_utils.find_pruneable_heads_and_indices
    from ImageReward import ImageReward
    from ImageReward.models.BLIP import blip, blip_pretrain

    return ImageReward, blip, blip_pretrain


def build(vocabulary, config, vision):
    """The authors' model, with their vision tower if `vision` is None."""
    module, blip, blip_pretrain = package()
    blip.BertTokenizer = types.SimpleNamespace(from_pretrained=lambda _: transformers.BertTokenizer(vocabulary))
    if vision:

        def create_vit(_vit, image_size, *_):
            tower = blip.VisionTransformer(
                img_size=image_size, patch_size=vision["patch_size"], embed_dim=vision["width"], depth=vision["layers"], num_heads=vision["heads"]
            )
            return tower, vision["width"]

        blip_pretrain.create_vit = create_vit
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(config, file)
        file.flush()
        model = module.ImageReward(med_config=file.name)
    if config["hidden_size"] != model.mlp.input_size:
        model.mlp = module.MLP(config["hidden_size"])
    return model.eval()


def parts(model, prompt, image):
    """The image's tokens, and the text encoder's first token, as `score_gard` computes them."""
    text = model.blip.tokenizer(prompt, padding="max_length", truncation=True, max_length=35, return_tensors="pt")
    with torch.no_grad():
        tokens = model.blip.visual_encoder(model.preprocess(image)[None])
        mask = torch.ones(tokens.shape[:-1], dtype=torch.long)
        output = model.blip.text_encoder(
            text.input_ids, attention_mask=text.attention_mask, encoder_hidden_states=tokens, encoder_attention_mask=mask, return_dict=True
        )
    return tokens[0], output.last_hidden_state[0, 0]


def exact(model, prompts, images):
    """Rewards in f64."""
    torch.set_default_dtype(torch.float64)
    model = model.double()
    rows = []
    with torch.no_grad():
        for prompt in prompts:
            text = model.blip.tokenizer(prompt, padding="max_length", truncation=True, max_length=35, return_tensors="pt")
            rows.append([float(model.score_gard(text.input_ids, text.attention_mask, model.preprocess(image).double()[None])) for image in images])
    torch.set_default_dtype(torch.float32)
    return np.array(rows)


def levels(model, image):
    """The bytes that become the model's pixels."""
    resize, crop, convert, _tensor, _normalise = model.preprocess.transforms
    return zlib.crc32(np.asarray(convert(crop(resize(image)))).tobytes())


def rounded(tensor):
    return [float(np.float32(value)) for value in tensor]


def main():
    warnings.simplefilter("ignore")
    full = sys.argv[2:] == ["full"]
    if full:
        del TEXTS[4:], IMAGES[6:]
    name, config, vision = ("image-reward-full", PUBLISHED, None) if full else ("image-reward", CONFIG, VISION)
    model = build(sys.argv[1], config, vision)
    fill(model, SEED)
    save("full/image-reward.pt" if full else "image-reward.pt", model.state_dict(), SEED)

    images = [Image.open(FILES / image) for image in IMAGES]
    encoded = model.blip.tokenizer(TEXTS, padding="max_length", truncation=True, max_length=35)
    rewards = []
    with torch.no_grad():
        for prompt in TEXTS:
            ranks, row = model.inference_rank(prompt, images)
            assert sorted(ranks) == list(range(1, len(images) + 1))
            assert abs(model.score(prompt, images[0]) - row[0]) < 1e-5
            rewards.append(rounded(row))
    result = {"seed": SEED, "med_config": config, "vision": vision, "prompts": TEXTS, "images": IMAGES, "rewards": rewards}
    double = np.array(rewards)
    if not full:
        inner = []
        for prompt, image in ((0, 0), (3, 4), (4, 9)):
            tokens, first = parts(model, TEXTS[prompt], images[image])
            inner.append({"prompt": prompt, "image": image, "first_image_token": rounded(tokens[0]), "last_image_token": rounded(tokens[-1]),
                          "first_text_token": rounded(first)})
        double = exact(model, TEXTS, images)
        result |= {
            "ids": encoded.input_ids,
            "attention_mask": encoded.attention_mask,
            "levels_crc32": [levels(model, image) for image in images],
            "inner": inner,
            "rewards_f64": [[float(value) for value in row] for row in double],
        }
    result["spread"] = float(double.std(1).mean())
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in result.items())
    (OUT / f"{name}.json").write_text("{\n" + lines + "\n}\n")
    error = np.abs(np.array(rewards) - double)
    print(f"rewards {double.min():.3f} to {double.max():.3f}, spread {double.std(1).mean():.3f}, own error {error.max():.1e}")


if __name__ == "__main__":
    main()
