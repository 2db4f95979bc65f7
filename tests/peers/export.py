"""Exports the towers of a model directory to ONNX, from transformers' CLIPModel with torch.onnx.

    python export.py MODEL_DIRECTORY [f16] [q8] [check] [transformers.js]

The files are for the benchmarks that run ONNX. They are written to MODEL_DIRECTORY/onnx/TOWER/ and
kept: `model.onnx` in f32 for any batch size, `f16.onnx` in 16 bits except for inputs and outputs,
and `q8.onnx` with 8-bit weights and dynamically quantised activations (the options used for
transformers.js's own models). Weights of more than 2 GB do not fit in one ONNX file and are stored
beside it in one `.data` file. `check` writes MODEL_DIRECTORY/onnx/check.json: images and prompts
with the embeddings that PyTorch computes for them. `transformers.js` writes
MODEL_DIRECTORY/transformers.js/: the towers in f32 and with 8-bit weights, under the names and with
the configuration, tokenizer and processor that transformers.js expects.
"""

import base64
import json
import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
sys.path.insert(0, str(Path(__file__).parents[1] / "parity" / "reference"))

import numpy as np
import torch
from generate import hashes, pixels
from transformers import CLIPConfig, CLIPModel

TOWERS = ("vision", "text")
SEED = 14
# An ONNX file is a protocol buffer, which is limited to 2 GB.
LARGEST = 1_800_000_000
# The normalisation of CLIPImageProcessor.
MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)[:, None, None]
DEVIATION = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)[:, None, None]
# Prompts of single letters and digits. CLIP's vocabulary begins with the bytes and then the bytes
# that end a word, so these prompts can be encoded without a tokenizer.
PROMPTS = ("a f o x i n 3 d", "q w e r t y u i o p a s d f g h j k l z x c v b n m 7 8 9")


class Tower(torch.nn.Module):
    """One tower of a model as a separate module, so that it can be exported."""

    def __init__(self, model, tower):
        super().__init__()
        self.model = model
        self.tower = tower

    def forward(self, values):
        return (self.model.get_text_features if self.tower == "text" else self.model.get_image_features)(values)


def load(directory):
    return CLIPModel.from_pretrained(directory).float().eval()


def made(path, make):
    """Creates a file, and the files that belong to it, in a temporary folder.

    The files are then moved, so that an incomplete file is never mistaken for a complete one.
    """
    if not path.exists():
        folder = path.with_name(f"{path.stem}.making")
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.iterdir():
            left.unlink()
        make(folder / path.name)
        # The model itself is moved last, because the next run looks for it.
        for file in sorted(folder.iterdir(), key=lambda file: file.name == path.name):
            file.rename(path.with_name(file.name))
        folder.rmdir()
    return path


def example(config, tower):
    """An input that gives the exporter the shapes."""
    if tower == "text":
        text = config.text_config
        return torch.tensor([[text.vocab_size - 2] + [320] * (text.max_position_embeddings - 2) + [text.vocab_size - 1]] * 2)
    return torch.from_numpy(np.stack([pixels(SEED, at, config.vision_config.image_size) for at in range(2)]))


def export(directory, tower):
    """The tower's ONNX file in f32 for any batch size; exported unless it exists."""

    def make(path):
        model = load(directory)
        module = Tower(model, tower)
        names = {"input_names": ["input"], "output_names": ["output"], "dynamic_axes": {"input": {0: "batch"}, "output": {0: "batch"}}}
        torch.onnx.export(module, (example(model.config, tower),), str(path), opset_version=17, dynamo=False, **names)
        if sum(file.stat().st_size for file in path.parent.iterdir()) > LARGEST:
            gather(path)

    return made(directory / "onnx" / tower / "model.onnx", make)


def gather(path):
    """Moves the weights, which the exporter wrote to one file each, into a single file."""
    import onnx

    model = onnx.load(str(path))
    for file in path.parent.iterdir():
        file.unlink()
    onnx.save(model, str(path), save_as_external_data=True, all_tensors_to_one_file=True, location=f"{path.stem}.data", size_threshold=1024)


def half(directory, tower):
    """The tower in 16 bits, except for inputs and outputs."""

    def make(path):
        import onnx
        from onnxruntime.transformers.float16 import convert_float_to_float16

        whole = onnx.load(str(export(directory, tower)))
        onnx.save(convert_float_to_float16(whole, keep_io_types=True, disable_shape_infer=whole.ByteSize() > LARGEST), str(path))

    return made(directory / "onnx" / tower / "f16.onnx", make)


def quantise(whole, path):
    """Quantises the weights of a tower to 8 bits."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # The only convolution, the patch embedding, stays in f32: onnxruntime-web has no 8-bit kernel
    # for it.
    operations = ["MatMul", "Gemm", "Gather"]
    quantize_dynamic(str(whole), str(path), weight_type=QuantType.QInt8, per_channel=False, reduce_range=False, op_types_to_quantize=operations)


def quantised(directory, tower):
    """The tower with 8-bit weights."""
    return made(directory / "onnx" / tower / "q8.onnx", lambda path: quantise(export(directory, tower), path))


def for_transformers_js(directory):
    """The model as transformers.js loads it."""
    from transformers import CLIPImageProcessor
    from vocabulary import tokenizer

    folder = directory / "transformers.js"
    inputs = {"vision": ("pixel_values", "image_embeds"), "text": ("input_ids", "text_embeds")}
    for tower, names in inputs.items():

        def make(path):
            model = load(directory)
            # Prompts are as long as their tokenizer makes them.
            axes = {names[0]: {0: "batch", **({1: "sequence"} if tower == "text" else {})}, names[1]: {0: "batch"}}
            options = {"input_names": [names[0]], "output_names": [names[1]], "dynamic_axes": axes}
            torch.onnx.export(Tower(model, tower), (example(model.config, tower),), str(path), opset_version=17, dynamo=False, **options)

        whole = made(folder / "onnx" / f"{tower}_model.onnx", make)
        made(folder / "onnx" / f"{tower}_model_quantized.onnx", lambda path: quantise(whole, path))

    size = CLIPConfig.from_pretrained(directory).vision_config.image_size
    processor = CLIPImageProcessor(size={"shortest_edge": size}, crop_size={"height": size, "width": size})
    for part in (tokenizer(), processor, CLIPConfig.from_pretrained(directory)):
        part.save_pretrained(folder)


def letters(prompt, text):
    """Token ids of a prompt of single letters and digits."""
    ids = [text.vocab_size - 2] + [256 + ord(letter) - 33 for letter in prompt.split()] + [text.vocab_size - 1]
    return ids + [text.vocab_size - 1] * (text.max_position_embeddings - len(ids))


def pictures(size):
    """Two images for a check: their levels in base64, and their pixels as a processor does it."""
    levels = [(hashes(SEED, f"levels.{at}", size * size * 3) % np.uint64(256)).astype(np.uint8).reshape(size, size, 3) for at in range(2)]
    # To a model, all noise looks the same. A rectangle of a different colour in each image tells
    # them apart.
    for at, picture in enumerate(levels):
        picture[size // 4 : size // 2 + at * size // 4, size // 4 :] = (250, 30, 60) if at else (10, 200, 90)
    values = np.stack([(picture.transpose(2, 0, 1).astype(np.float32) / 255 - MEAN) / DEVIATION for picture in levels])
    return [base64.b64encode(picture.tobytes()).decode() for picture in levels], torch.from_numpy(values)


def check(directory):
    """Inputs with their embeddings, to compare engines with PyTorch before they are timed."""

    @torch.no_grad()
    def make(path):
        model = load(directory)
        size = model.config.vision_config.image_size
        levels, values = pictures(size)
        ids = torch.tensor([letters(prompt, model.config.text_config) for prompt in PROMPTS])
        unit = lambda features: torch.nn.functional.normalize(features, dim=-1).tolist()
        found = {
            "size": size,
            "images": levels,
            "prompts": PROMPTS,
            "imageEmbeddings": unit(model.get_image_features(values)),
            "textEmbeddings": unit(model.get_text_features(ids)),
        }
        path.write_text(json.dumps(found))

    return made(directory / "onnx" / "check.json", make)


def main(directory, *wanted):
    torch.set_grad_enabled(False)
    for tower in TOWERS:
        export(directory, tower)
        if "f16" in wanted:
            half(directory, tower)
        if "q8" in wanted:
            quantised(directory, tower)
    if "check" in wanted:
        check(directory)
    if "transformers.js" in wanted:
        for_transformers_js(directory)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
