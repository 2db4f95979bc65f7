"""Embeddings of generated models, computed by transformers' CLIPModel and open_clip.

    python tests/parity/reference/towers.py            # writes towers.json.zlib
    python tests/parity/reference/towers.py full       # writes towers-full.json.zlib
    python tests/parity/reference/towers.py pooling    # writes pooling.json

The files are written to tests/parity/fixtures/. `full` uses ViT-H/14 and takes minutes and 5 GB.
Each case has a configuration, a seed, the unit-length embeddings (f32, eager attention) of
generated prompts and pixels, and their distance from the same embeddings in f64, which is the
reference's own error.
"""

import json
import sys
import zlib
from pathlib import Path

import numpy as np
import open_clip
import torch
from generate import pixels, prompt, weights
from transformers import CLIPConfig, CLIPModel

OUT = Path(__file__).parent.parent / "fixtures"


def fill(model, seed):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(weights(seed, name, tuple(parameter.shape))))


def unit(embeddings):
    return torch.nn.functional.normalize(embeddings.double(), dim=-1)


def run(model, ids, images, open_clip_model):
    with torch.no_grad():
        if open_clip_model:
            return unit(model.encode_text(ids)), unit(model.encode_image(images))
        return unit(model.get_text_features(input_ids=ids)), unit(model.get_image_features(pixel_values=images))


def case(name, source, seed, count, double=True):
    open_clip_model = "vision_cfg" in source
    if open_clip_model:
        model = open_clip.CLIP(source["embed_dim"], dict(source["vision_cfg"]), dict(source["text_cfg"]), quick_gelu=source.get("quick_gelu", False))
        context, vocabulary = source["text_cfg"]["context_length"], source["text_cfg"]["vocab_size"]
        size = source["vision_cfg"]["image_size"]
    else:
        config = CLIPConfig(**json.loads(json.dumps(source)))
        config._attn_implementation = "eager"
        with torch.device("meta" if count > 3 else "cpu"):
            model = CLIPModel(config)
        if count > 3:
            model = model.to_empty(device="cpu")
            for tower in (model.text_model, model.vision_model):
                ids = tower.embeddings.position_ids
                ids.copy_(torch.arange(ids.shape[1])[None])
        context, vocabulary = config.text_config.max_position_embeddings, config.text_config.vocab_size
        size = config.vision_config.image_size
    fill(model, seed)
    model.eval()
    ids = torch.tensor([prompt(seed, i, context, vocabulary) for i in range(count)])
    images = torch.from_numpy(np.stack([pixels(seed, i, size) for i in range(count)]))
    texts, pictures = run(model, ids, images, open_clip_model)
    scale = float(model.logit_scale.detach().exp())
    result = {"name": name, "source": source, "seed": seed, "logit_scale": scale}
    if double:
        # transformers creates its causal mask in the default dtype.
        torch.set_default_dtype(torch.float64)
        exact = run(model.double(), ids, images.double(), open_clip_model)
        torch.set_default_dtype(torch.float32)
        scores, exact_scores = scale * texts @ pictures.T, scale * exact[0] @ exact[1].T
        result["own_error"] = float((scores - exact_scores).abs().max())
    result["texts"] = [[float(np.float32(x)) for x in row] for row in texts]
    result["images"] = [[float(np.float32(x)) for x in row] for row in pictures]
    spread = (pictures @ pictures.T).fill_diagonal_(0).abs().max()
    print(f"{name}: scores {(scale * texts @ pictures.T).min():.2f} to {(scale * texts @ pictures.T).max():.2f}, "
          f"images up to cosine {spread:.3f}, own error {result.get('own_error', 0):.1e}", flush=True)
    return result


def clip(text, vision, projection):
    (tw, th, tl, tm, vocabulary, context, eos, tact) = text
    (vw, vh, vl, vm, size, patch, vact) = vision
    return {
        "projection_dim": projection,
        "text_config": {"hidden_size": tw, "num_attention_heads": th, "num_hidden_layers": tl, "intermediate_size": tm, "vocab_size": vocabulary,
                        "max_position_embeddings": context, "eos_token_id": eos, "hidden_act": tact},
        "vision_config": {"hidden_size": vw, "num_attention_heads": vh, "num_hidden_layers": vl, "intermediate_size": vm, "image_size": size,
                          "patch_size": patch, "hidden_act": vact},
    }


CASES = {
    "as PickScore, narrow": clip((64, 4, 3, 256, 400, 77, 2, "gelu"), (80, 4, 4, 320, 56, 14, "gelu"), 48),
    "as OpenAI's, narrow": clip((64, 8, 3, 256, 400, 77, 399, "quick_gelu"), (96, 6, 3, 384, 64, 16, "quick_gelu"), 64),
    "gelu and quick": clip((48, 3, 2, 192, 99, 20, 98, "gelu"), (64, 2, 2, 100, 48, 12, "quick_gelu"), 32),
    "one head": clip((32, 1, 2, 50, 60, 9, 2, "quick_gelu"), (40, 1, 2, 64, 30, 6, "gelu"), 24),
    "one layer": clip((32, 2, 1, 64, 60, 12, 59, "gelu"), (32, 2, 1, 64, 32, 8, "gelu"), 16),
    "head width 80": clip((160, 2, 2, 320, 128, 33, 2, "gelu"), (160, 2, 3, 640, 42, 14, "gelu"), 96),
    "odd head width": clip((39, 3, 2, 77, 101, 17, 100, "gelu"), (45, 5, 2, 91, 35, 7, "quick_gelu"), 19),
    "patch leaves a rest": clip((32, 4, 2, 128, 77, 16, 2, "gelu"), (48, 4, 2, 192, 37, 8, "gelu"), 40),
    "one patch": clip((32, 4, 2, 128, 77, 16, 2, "quick_gelu"), (48, 4, 2, 192, 32, 32, "quick_gelu"), 40),
    "many patches": clip((48, 4, 2, 96, 77, 8, 76, "gelu"), (48, 3, 2, 96, 80, 4, "gelu"), 33),
    "deep": clip((64, 4, 12, 256, 300, 77, 2, "gelu"), (64, 4, 16, 256, 64, 16, "gelu"), 64),
    "wide": clip((256, 4, 2, 1024, 500, 40, 499, "gelu"), (384, 6, 2, 1536, 64, 16, "gelu"), 256),
    "shortest context": clip((32, 2, 2, 64, 40, 3, 2, "gelu"), (32, 2, 2, 64, 16, 8, "gelu"), 16),
    "open_clip": {
        "embed_dim": 40,
        "vision_cfg": {"image_size": 48, "layers": 3, "width": 80, "head_width": 20, "patch_size": 12},
        "text_cfg": {"context_length": 24, "vocab_size": 150, "width": 64, "heads": 4, "layers": 3},
    },
    "open_clip, quick": {
        "embed_dim": 33,
        "quick_gelu": True,
        "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "head_width": 32, "patch_size": 16, "mlp_ratio": 3.5},
        "text_cfg": {"context_length": 77, "vocab_size": 99, "width": 48, "heads": 3, "layers": 2, "mlp_ratio": 2.0},
    },
    "open_clip, head width 80": {
        "embed_dim": 64,
        "vision_cfg": {"image_size": 56, "layers": 2, "width": 160, "head_width": 80, "patch_size": 14},
        "text_cfg": {"context_length": 77, "vocab_size": 300, "width": 128, "heads": 2, "layers": 2},
    },
}

FULL = {
    "ViT-B/32": clip((512, 8, 12, 2048, 49408, 77, 49407, "quick_gelu"), (768, 12, 12, 3072, 224, 32, "quick_gelu"), 512),
    "ViT-H/14": clip((1024, 16, 24, 4096, 49408, 77, 2, "gelu"), (1280, 16, 32, 5120, 224, 14, "gelu"), 1024),
}


def pooling(name, end, ids):
    """Embeddings of prompts with a token id above the end token's, by transformers alone."""
    source = clip((32, 2, 2, 64, 61, 10, end, "gelu"), (32, 2, 1, 64, 32, 16, "gelu"), 16)
    config = CLIPConfig(**json.loads(json.dumps(source)))
    config._attn_implementation = "eager"
    model = CLIPModel(config)
    fill(model, 7)
    model.eval()
    with torch.no_grad():
        texts = unit(model.get_text_features(input_ids=torch.tensor(ids)))
    scale = float(model.logit_scale.detach().exp())
    return {"name": name, "source": source, "seed": 7, "logit_scale": scale, "ids": ids, "texts": [[float(np.float32(x)) for x in row] for row in texts]}


# The start token is 58, the end token 59, and an added token 60, in a vocabulary of 61.
POOLED = [
    [58, 3, 60, 4, 5, 59, 59, 59, 59, 59],
    [58, 3, 4, 5, 59, 59, 59, 59, 59, 59],
    [58, 60, 3, 60, 59, 59, 59, 59, 59, 59],
    [58, 3, 4, 59, 60, 5, 59, 59, 59, 59],
    [58, 1, 2, 3, 4, 5, 6, 7, 60, 59],
]


def main():
    torch.manual_seed(0)
    if sys.argv[1:] == ["pooling"]:
        cases = [pooling("eos_token_id 2", 2, POOLED), pooling("the end token's own id", 59, POOLED)]
        (OUT / "pooling.json").write_text(json.dumps(cases) + "\n")
        return
    if sys.argv[1:] == ["full"]:
        cases = [case(name, source, 14, 4, double=name == "ViT-B/32") for name, source in FULL.items()]
        (OUT / "towers-full.json.zlib").write_bytes(zlib.compress(json.dumps(cases).encode(), 9))
    else:
        cases = [case(name, source, 100 + i, 3) for i, (name, source) in enumerate(CASES.items())]
        (OUT / "towers.json.zlib").write_bytes(zlib.compress(json.dumps(cases).encode(), 9))


if __name__ == "__main__":
    main()
