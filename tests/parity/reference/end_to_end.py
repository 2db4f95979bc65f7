"""Scores of image files and prompts, computed as on PickScore's model card.

    python tests/parity/reference/end_to_end.py        # writes end-to-end.json
    python tests/parity/reference/end_to_end.py full   # writes end-to-end-full.json

The files are written to tests/parity/fixtures/. `full` uses ViT-H/14 and takes minutes and 5 GB.
The pipeline is CLIPProcessor, CLIPModel, normalisation to unit length, logit scale. The images are
the files of fixtures/pixels/, the weights are generated, and the prompts are listed below.
"""

import json
import sys

import rows_first  # noqa: F401
import torch
from PIL import Image
from towers import FULL, OUT, clip, fill
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor
from vocabulary import tokenizer

PROMPTS = [
    "a fox in the snow",
    "A portrait of an astronaut riding a horse, oil on canvas, dramatic lighting, by an old master, 8k",
    "Ein kleines Café am Fluß – naïve Malerei, 日本の庭 🏯",
    "highly detailed " * 60,
]
IMAGES = [
    "photo.png", "photo-lossless.webp", "photo.bmp", "photo.gif", "edges.png", "edges-lossless.webp", "noise.png", "grey-16.png", "rgba-16.png", "rgba.png",
    "palette-alphas.png", "palette-4-interlaced.png", "one-bit.png", "animated.gif", "size-300x7.png", "size-225x224.png", "size-3x3.png", "photo-95.jpg",
    "photo-420-progressive.jpg", "cmyk.jpg", "turned-by-exif.jpg", "photo-75.webp",
]
# The depth and patch count of a real model, but narrow enough to generate in a second.
NARROW = clip((64, 4, 6, 256, 49408, 77, 2, "gelu"), (96, 4, 8, 384, 224, 28, "gelu"), 64)


def case(name, source, seed, images):
    config = CLIPConfig(**json.loads(json.dumps(source)))
    config._attn_implementation = "eager"
    model = CLIPModel(config).eval()
    fill(model, seed)
    processor = CLIPProcessor(CLIPImageProcessor(), tokenizer())
    # As in the reference's own dataset, every file is converted to RGB.
    pictures = [Image.open(OUT / "pixels" / "files" / image).convert("RGB") for image in images]
    with torch.no_grad():
        inputs = processor(images=pictures, padding=True, truncation=True, max_length=77, return_tensors="pt")
        pictures = model.get_image_features(**inputs)
        inputs = processor(text=PROMPTS, padding="max_length", truncation=True, max_length=77, return_tensors="pt")
        texts = model.get_text_features(**inputs)
        pictures = pictures / torch.norm(pictures, dim=-1, keepdim=True)
        texts = texts / torch.norm(texts, dim=-1, keepdim=True)
        scores = model.logit_scale.exp() * texts @ pictures.T
    print(f"{name}: scores {scores.min():.2f} to {scores.max():.2f}")
    rows = [[float(x) for x in row] for row in scores]
    return {"name": name, "source": source, "seed": seed, "prompts": PROMPTS, "images": images, "scores": rows}


def main():
    if sys.argv[1:] == ["full"]:
        written, name = case("ViT-H/14", FULL["ViT-H/14"], 14, IMAGES[::3]), "end-to-end-full.json"
    else:
        written, name = case("narrow", NARROW, 21, IMAGES), "end-to-end.json"
    (OUT / name).write_text(json.dumps(written, indent=0) + "\n")


if __name__ == "__main__":
    main()
