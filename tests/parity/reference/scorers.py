"""Scores of small models by each scorer's own code.

    pip install --no-deps -r tests/parity/reference/authors.lock
    python tests/parity/reference/scorers.py
    python tests/parity/reference/scorers.py full       # takes minutes and 8 GB

Writes tests/parity/fixtures/scorers/: `scorers.json` has the scores of prompts and image files, and
the checkpoints that they belong to are stored as checkpoints.py describes. The code is:

- PickScore, CLIP: transformers, and open_clip's model;
- HPS v1 (align_sd's README), LAION's aesthetic predictors: OpenAI's package `clip`, in PyPI's
  openai-clip;
- HPS v2: `score` of the package hpsv2;
- ICT, HP: `trainer/eval/eval.py` of BarretBa/ICTHP, which uses transformers' model, its processor
  for images converted to RGB, and hpsv2's tokenizer.

Scores are computed in f32 by that code. `scores_f64` are the same in f64, computed without `score`
of hpsv2 and with open_clip's model for OpenAI's, which have no such mode. `spread` is the standard
deviation of one prompt's `scores_f64`, averaged over the prompts. `full` writes
`scorers-full.json`: HPS v1 and LAION's aesthetic predictor v2 at their full size, ViT-L/14, for
some of the prompts and images, without f64.
"""

import json
import sys
import tempfile
import warnings
from pathlib import Path

import authors
import numpy as np
import open_clip
import rows_first  # noqa: F401
import torch
from checkpoints import OUT, fill, save
from end_to_end import PROMPTS
from PIL import Image
from pixels import FILES
from towers import clip
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor
from vocabulary import tokenizer

TEXTS = PROMPTS + ["a", "A painting of an ocean with clouds &amp; birds", "cafÃ© au lait, â€œsoft lightâ€\x9d", "a red fox 🦊 don't\tstop"]
IMAGES = [
    "photo.png", "photo-75.jpg", "edges.gif", "grey-16.png", "rgba.png", "palette.png", "cmyk.jpg", "noise-75.webp", "size-225x224.png", "size-7x300.png",
    "edges.png", "one-bit.png",
]
VOCABULARY = 49408
CASES = []
OPENAI = authors.openai()


def images():
    return [Image.open(FILES / name) for name in IMAGES]


def write(name):
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in {"prompts": TEXTS, "images": IMAGES}.items()]
    lines.append('"cases": [\n' + ",\n".join(json.dumps(case, separators=(",", ":")) for case in CASES) + "\n]")
    (OUT / name).write_text("{\n" + ",\n".join(lines) + "\n}\n")


def unit(features):
    return features / features.norm(dim=-1, keepdim=True)


def record(scorer, code, files, scores, exact, config=None, dtype="f32"):
    """Adds a scorer: scores are [prompts, images], or [images] for one that reads no prompt."""
    scores, exact = np.array(scores, np.float32), np.array(exact, np.float64)
    assert scores.shape == exact.shape and scores.shape[-1] == len(IMAGES)
    spread = exact.std(-1).mean()
    CASES.append({
        "scorer": scorer,
        "code": code,
        "files": files,
        "config": config,
        "scores": np.atleast_2d(scores).astype(float).tolist(),
        "scores_f64": np.atleast_2d(exact).tolist(),
        "reads_prompt": scores.ndim == 2,
        "spread": float(spread),
    })
    error = np.abs(scores - exact).max()
    print(f"{scorer}, {code}: {exact.min():.4f} to {exact.max():.4f}, spread {spread:.4f}, own error {error / spread:.1e} of it")


def in_double(function):
    """Runs with f64 as the default, in which transformers creates its causal mask."""
    torch.set_default_dtype(torch.float64)
    result = function()
    torch.set_default_dtype(torch.float32)
    return result


# Hugging Face.


def hugging_face(source, seed):
    config = CLIPConfig(**json.loads(json.dumps(source)))
    config._attn_implementation = "eager"
    model = CLIPModel(config).eval()
    fill(model, seed)
    return model


def processed(image_list=None):
    processor = CLIPProcessor(CLIPImageProcessor(), tokenizer())
    pixels = processor(images=[image.convert("RGB") for image in image_list or images()], return_tensors="pt").pixel_values
    ids = processor(text=TEXTS, padding="max_length", truncation=True, max_length=77, return_tensors="pt").input_ids
    return pixels, ids


def model_state(model):
    """As published, without the positions, which are numbered."""
    return {name: tensor for name, tensor in model.state_dict().items() if "position_ids" not in name}


def similarity(model, pixels, ids, scale=None):
    with torch.no_grad():
        scores = unit(model.get_text_features(input_ids=ids)) @ unit(model.get_image_features(pixel_values=pixels)).T
    return scores if scale is None else scale(model) * scores


def transformers_scorers():
    h = clip((64, 1, 2, 256, VOCABULARY, 77, 2, "gelu"), (128, 2, 3, 512, 224, 14, "gelu"), 96)
    pixels, ids = processed()
    for scorer, name, seed in (("pickscore", "PickScore_v1", 31), ("clip", "CLIP-ViT-H-14-laion2B-s32B-b79K", 32)):
        model = hugging_face(h, seed)
        save(f"{name}.bin", model_state(model), seed)
        scale = lambda model: model.logit_scale.exp()
        with torch.no_grad():
            scores = similarity(model, pixels, ids, scale)
            exact = in_double(lambda: similarity(model.double(), pixels.double(), ids, scale))
        record(scorer, "transformers", {f"{name}.bin": f"{name}/pytorch_model.bin"}, scores, exact, {f"{name}/config.json": h})


def ict_and_hp(get_tokenizer):
    """`calculate_ict_hp_scores`: it needs the tokenizer of hpsv2, and images in RGB."""
    h = clip((64, 1, 2, 256, VOCABULARY, 77, 2, "gelu"), (128, 2, 3, 512, 224, 14, "gelu"), 64)
    pixels, _ = processed()
    ids = get_tokenizer("ViT-H-14")(TEXTS)
    model = hugging_face(h, 33)
    save("ict.bin", model_state(model), 33)
    scores = similarity(model, pixels, ids)
    exact = in_double(lambda: similarity(model.double(), pixels.double(), ids))
    record("ict", "transformers", {"ict.bin": "ICT/pytorch_model.bin"}, scores, exact, {"ICT/config.json": {**h, "scorer": "ict"}})

    model, head = hugging_face(h, 34), linear_head(64, hidden=1024)
    fill(head, 35)
    save("hp_backbone.bin", model_state(model), 34)
    save("mlp_pytorch_model.bin", head.state_dict(), 35)
    score = lambda pixels: torch.sigmoid(head(model.get_image_features(pixel_values=pixels)))[:, 0]
    with torch.no_grad():
        scores = score(pixels)
        model, head = model.double(), head.double()
        exact = in_double(lambda: score(pixels.double()))
    files = {"hp_backbone.bin": "hp_backbone/pytorch_model.bin", "mlp_pytorch_model.bin": "hp_backbone/mlp_pytorch_model.bin"}
    record("hp", "transformers", files, scores, exact, {"hp_backbone/config.json": h})


# Heads. Dropout does nothing here, but counts in the names.


class Head(torch.nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = torch.nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(x)


def linear_head(inputs, hidden=1024):
    """`MLP` of improved-aesthetic-predictor's `simple_inference.py`, and of ICTHP's `eval.py`."""
    linear, dropout = torch.nn.Linear, torch.nn.Dropout
    return Head(linear(inputs, hidden), dropout(0.2), linear(hidden, 128), dropout(0.2), linear(128, 64), dropout(0.1),
                linear(64, 16), linear(16, 1)).eval()


def relu_head(inputs):
    """The same as `ava+logos-l14-reluMSE.pth`, whose layers are 0, 3, 6, 9 and 11."""
    linear, dropout, relu = torch.nn.Linear, torch.nn.Dropout, torch.nn.ReLU
    return Head(linear(inputs, 1024), relu(), dropout(0.2), linear(1024, 128), relu(), dropout(0.2), linear(128, 64), relu(), dropout(0.1),
                linear(64, 16), relu(), linear(16, 1)).eval()


# OpenAI.


def openai_clip_model(seed, size=(96, 128, 64, 3, 2)):
    projection, width, text_width, layers, text_layers = size
    model = OPENAI.model.CLIP(projection, 224, layers, width, 14, 77, VOCABULARY, text_width, text_width // 64, text_layers)
    fill(model, seed)
    return model.float().eval()


def doubled(model):
    """The same model in f64, by open_clip; OpenAI's norms are always in f32."""
    visual, text = model.visual, model.transformer
    vision = {"image_size": 224, "layers": visual.transformer.layers, "width": visual.transformer.width, "head_width": 64, "patch_size": 14}
    text = {"context_length": 77, "vocab_size": VOCABULARY, "width": text.width, "heads": text.width // 64, "layers": text.layers}
    double = open_clip.CLIP(visual.output_dim, vision, text, quick_gelu=True).eval()
    double.load_state_dict(model.state_dict())
    return in_f64(double)


def in_f64(model):
    """An open_clip model in f64; its mask is not a parameter."""
    model = model.double()
    model.attn_mask = model.attn_mask.double()
    return model


def openai_pixels(size=224):
    transform = OPENAI.clip._transform(size)
    return torch.stack([transform(image) for image in images()])


def hps_v1(model, seed, folder="", double=True):
    """The code of align_sd's README. Its tokenizer refuses long prompts unless told to truncate."""
    pixels, ids = openai_pixels(), OPENAI.tokenize(TEXTS, truncate=True)
    save(f"{folder}hpc.pt", {"state_dict": model.state_dict()}, seed, model.state_dict())

    def score(model, pixels):
        with torch.no_grad():
            image_features = model.encode_image(pixels)
            text_features = model.encode_text(ids)
            image_features = image_features / image_features.norm(dim=-1, keepdim=True)
            text_features = text_features / text_features.norm(dim=-1, keepdim=True)
            return (image_features @ text_features.T).T

    scores = score(model, pixels)
    record("hps-v1", "clip", {f"{folder}hpc.pt": "hpc.pt"}, scores, score(doubled(model), pixels.double()) if double else scores)


def aesthetics(model, seed, folder="", double=True, only=""):
    pixels = openai_pixels()
    save(f"{folder}ViT-L-14.pt", model.state_dict(), seed)
    with torch.no_grad():
        features = unit(model.encode_image(pixels))
        exact = unit(doubled(model).encode_image(pixels.double())) if double else features.double()
    width = features.shape[1]
    for scorer, name, head, seed in (
        ("aesthetic-v1", "sa_0_4_vit_l_14_linear.pth", torch.nn.Linear(width, 1), 38),
        ("aesthetic-v2", "sac+logos+ava1-l14-linearMSE.pth", linear_head(width), 39),
        ("aesthetic-v2", "ava+logos-l14-reluMSE.pth", relu_head(width), 40),
    ):
        if only not in name:
            continue
        fill(head, seed)
        save(folder + name, head.state_dict(), seed)
        with torch.no_grad():
            scores = head(features)[:, 0]
            scores_f64 = head.double()(exact)[:, 0]
        record(scorer, f"clip, {name.split('-')[-1]}", {f"{folder}ViT-L-14.pt": "ViT-L-14.pt", folder + name: name}, scores, scores_f64)


# open_clip.


def h_14(module, seed, **more):
    vision = {"image_size": 224, "layers": 3, "width": 128, "head_width": 64, "patch_size": 14}
    text = {"context_length": 77, "vocab_size": VOCABULARY, "width": 64, "heads": 1, "layers": 2}
    model = module.CLIP(96, vision, text, **more).eval()
    fill(model, seed)
    return model, {"embed_dim": 96, "vision_cfg": vision, "text_cfg": text}


def open_clip_scorer():
    model, config = h_14(open_clip, 41)
    pixels, ids = processed()
    save("open_clip_pytorch_model.bin", model.state_dict(), 41)

    def score(model, pixels):
        with torch.no_grad():
            return model.logit_scale.exp() * model.encode_text(ids, normalize=True) @ model.encode_image(pixels, normalize=True).T

    scores = score(model, pixels)
    files = {"open_clip_pytorch_model.bin": "open_clip_pytorch_model.bin"}
    record("clip", "open_clip", files, scores, score(in_f64(model), pixels.double()), {"open_clip_config.json": {"model_cfg": config}})


def hps_v2(img_score):
    """`score`, with a smaller model than it would load; its `amp` does nothing on a CPU."""
    from hpsv2.src import open_clip as package

    transform = package.image_transform(224, is_train=False, resize_longest_max=True)
    for scorer, name, seed in (("hps-v2", "HPS_v2_compressed.pt", 42), ("hps-v2.1", "HPS_v2.1_compressed.pt", 43)):
        model, _ = h_14(package, seed, output_dict=True)
        state = {key: tensor.half() for key, tensor in model.state_dict().items()}
        save(name, {"state_dict": state}, seed, state)
        img_score.model_dict.update(model=model, preprocess_val=transform)
        # Their code fails for an image with alpha; this project drops it.
        pictures = [image.convert("RGB") for image in images()]
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / name)
            torch.save({"state_dict": state}, path)
            scores = [img_score.score(pictures, text, cp=path) for text in TEXTS]
        ids = img_score.get_tokenizer("ViT-H-14")(TEXTS)
        pixels = torch.stack([transform(image) for image in pictures]).double()
        model = in_f64(model)
        with torch.no_grad():
            exact = model.encode_text(ids, normalize=True) @ model.encode_image(pixels, normalize=True).T
        record(scorer, "hpsv2", {name: name}, scores, exact)


def full():
    """ViT-L/14, as OpenAI published it: projection, vision width, text width, layers of each."""
    del TEXTS[4:], IMAGES[6:]
    for seed, scorer in ((44, hps_v1), (45, lambda *arguments: aesthetics(*arguments, only="linearMSE"))):
        scorer(openai_clip_model(seed, (768, 1024, 768, 24, 12)), seed, "full/", False)
    write("scorers-full.json")


def main():
    warnings.simplefilter("ignore")
    if sys.argv[1:] == ["full"]:
        full()
        return
    img_score = authors.hpsv2()
    transformers_scorers()
    open_clip_scorer()
    hps_v1(openai_clip_model(36), 36)
    hps_v2(img_score)
    aesthetics(openai_clip_model(37), 37)
    ict_and_hp(img_score.get_tokenizer)
    write("scorers.json")


if __name__ == "__main__":
    main()
