"""What 8 bits cost in score, on the page's small model, whose weights are trained.

    python rounding.py PICKSCORE

PICKSCORE is the command. Scores of the page's sample images and of their degraded copies, for the
samples' captions, in f32 by transformers, in every precision by the command, and by ONNX Runtime's
`quantize_dynamic`. The model is stored in 8-bit blocks, so the rounding of weights costs the
command's q8 nothing here: what is measured is the rounding of activations, and ONNX Runtime's of
the weights.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
import onnxruntime
import torch
from export import TOWERS, quantised
from PIL import Image, ImageFilter
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel

ROOT = Path(__file__).parents[2]
MODEL, SAMPLES = ROOT / "www/public/models/pickscore-tiny", ROOT / "www/public/samples"
BLOCK = 32
MODULES = {"attention.out": "self_attn.out_proj", "mlp.up": "mlp.fc1", "mlp.down": "mlp.fc2", "norm1": "layer_norm1", "norm2": "layer_norm2"}
PRECISIONS = ("f32", "f16", "q8", "q8-fast")


def weights():
    """The stored tensors in f32, with Hugging Face's names."""
    stored = load_file(MODEL / "model.safetensors")
    for name, values in stored.items():
        if name.endswith(".scales"):
            continue
        if f"{name}.scales" in stored:
            scales = stored[f"{name}.scales"].repeat_interleave(BLOCK, dim=1)
            values = values.reshape(len(values), -1).float() * scales[:, : values[0].numel()]
        yield from renamed(name, values.float())


def renamed(name, values):
    tower, _, rest = name.partition(".")
    prefix = f"{tower}_model."
    if name == "logit_scale":
        yield name, values.reshape(())
    elif rest == "projection.weight":
        yield ("visual" if tower == "vision" else "text") + "_projection.weight", values
    elif rest.startswith("blocks."):
        _, layer, module = rest.split(".", 2)
        module, kind = module.rsplit(".", 1)
        layer = f"{prefix}encoder.layers.{layer}."
        if module == "attention.qkv":
            for letter, part in zip("qkv", values.chunk(3)):
                yield f"{layer}self_attn.{letter}_proj.{kind}", part
        else:
            yield f"{layer}{MODULES[module]}.{kind}", values
    else:
        names = {"class": "embeddings.class_embedding", "patch.weight": "embeddings.patch_embedding.weight", "position": "embeddings.position_embedding.weight"}
        names |= {"token": "embeddings.token_embedding.weight"}
        norms = {"pre_norm": "pre_layrnorm", "post_norm": "post_layernorm", "final_norm": "final_layer_norm"}
        module, _, kind = rest.partition(".")
        yield prefix + (names[rest] if rest in names else f"{norms[module]}.{kind}"), values


def build():
    config = CLIPConfig.from_json_file(MODEL / "config.json")
    model = CLIPModel(config).eval()
    state = dict(weights())
    name = "vision_model.embeddings.patch_embedding.weight"
    state[name] = state[name].reshape(model.state_dict()[name].shape)
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected and all("position_ids" in name for name in missing), (missing, unexpected)
    return model


def images(folder):
    """The samples and degraded copies of them."""
    changes = {
        "same": lambda image: image,
        "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(3)),
        "turned": lambda image: image.rotate(20),
        "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        "dark": lambda image: image.point(lambda level: level // 2),
    }
    for path in sorted(SAMPLES.glob("*/*.png")):
        image = Image.open(path).convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
        for name, change in changes.items():
            written = folder / f"{path.parent.name}-{path.stem}-{name}.png"
            change(image).save(written)
            yield written


def cosines(texts, images):
    unit = lambda rows: rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit(texts.astype(np.float64)) @ unit(images.astype(np.float64)).T


@torch.no_grad()
def main(command):
    model = build()
    scale = float(model.logit_scale.exp())
    samples = json.loads((SAMPLES / "samples.json").read_text())
    prompts = sorted({image["caption"] for image in samples["images"]} | set(samples["ideas"]))
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    text = model.config.text_config
    context, end = text.max_position_embeddings, text.eos_token_id
    ids = [tokenizer.encode(prompt).ids for prompt in prompts]
    ids = torch.tensor([(row + [end] * context)[:context] for row in ids])
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        files = list(images(folder))
        pixels = CLIPImageProcessor.from_pretrained(MODEL)([Image.open(file) for file in files], return_tensors="pt")["pixel_values"]
        exact = scale * cosines(model.get_text_features(ids).numpy(), model.get_image_features(pixels).numpy())
        saved = folder / "model"
        model.save_pretrained(saved)
        sessions = [onnxruntime.InferenceSession(str(quantised(saved, tower)), providers=["CPUExecutionProvider"]) for tower in TOWERS]
        vision, texts = [session.run(None, {"input": values.numpy()})[0] for session, values in zip(sessions, (pixels, ids))]
        found = {"ONNX Runtime int8": scale * cosines(texts, vision)}
        for precision in PRECISIONS:
            options = ["--device", "cpu", "--precision", precision, "--format", "json"]
            given = [argument for prompt in prompts for argument in ("--prompt", prompt)]
            out = subprocess.run([command, "score", "--model", MODEL, *given, *options, *files], check=True, capture_output=True, text=True)
            rows = [[image["score"] for image in of_prompt["images"]] for of_prompt in json.loads(out.stdout)["prompts"]]
            found[f"PickScore {precision}"] = np.array(rows)
    print(f"{exact.size} scores from {exact.min():.1f} to {exact.max():.1f}\n")
    print("| engine | largest difference of a score | mean |\n|---|---|---|")
    for name, scores in found.items():
        differences = np.abs(scores - exact)
        print(f"| {name} | {differences.max():.4f} | {differences.mean():.4f} |")


if __name__ == "__main__":
    main(sys.argv[1])
