"""Exports a short ImageReward to ONNX, from the authors' package image-reward with torch.onnx.

    python export_reward.py MODEL_DIRECTORY

Writes a model with the authors' widths, four blocks in each tower and generated weights:
MODEL_DIRECTORY/ImageReward.pt with `med_config.json`, as it is published, and in
MODEL_DIRECTORY/onnx/ the same towers and `check.json`, as `export.py` does.

`vision/model.onnx` gives an image's tokens, and `text/model.onnx` the reward of a prompt and an
image's tokens. Either input of the latter may be a batch while the other is one: the text encoder
then reads one image's tokens with every prompt, or every image's with one prompt, and computes what
they share once.
"""

import json
import sys
import tempfile
from pathlib import Path

from export import PROMPTS, made, pictures  # noqa: I001, its import finds the next ones

import torch
from checkpoints import fill
from image_reward import PUBLISHED, SEED, VISION, build

BLOCKS = 4
CONFIG = PUBLISHED | {"num_hidden_layers": BLOCKS}
SIZES = VISION | {"width": 1024, "layers": BLOCKS, "heads": 16}
POSITIONS, CLS, SEP = 35, 101, 102
WEIGHTS = "ImageReward.pt"


def model():
    """Inputs are token ids, so the tokenizer needs no words."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as vocabulary:
        vocabulary.write("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n")
        vocabulary.flush()
        found = build(vocabulary.name, CONFIG, SIZES)
    fill(found, SEED)
    return found


def letters(prompt):
    """Token ids of a prompt of single letters and digits, by their places in BERT's vocabulary."""
    words = [ord(letter) - ord("a") + 1037 if letter.isalpha() else ord(letter) - ord("0") + 1014 for letter in prompt.split()]
    return [CLS] + words + [SEP] + [0] * (POSITIONS - 2 - len(words))


class Text(torch.nn.Module):
    """The end of the authors' `score_gard`, after the vision tower."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, ids, mask, tokens):
        seen = torch.ones(tokens.shape[:-1], dtype=torch.long)
        output = self.model.blip.text_encoder(ids, attention_mask=mask, encoder_hidden_states=tokens, encoder_attention_mask=seen, return_dict=True)
        return ((self.model.mlp(output.last_hidden_state[:, 0]) - self.model.mean) / self.model.std)[:, 0]


def export(path, module, inputs, names, axes):
    write = lambda path: torch.onnx.export(
        module, inputs, str(path), opset_version=17, dynamo=False, input_names=names, output_names=["output"], dynamic_axes={name: {0: axis} for name, axis in axes.items()}
    )
    made(path, write)


def main(directory):
    torch.set_grad_enabled(False)
    directory.mkdir(parents=True, exist_ok=True)
    reward = model()
    made(directory / WEIGHTS, lambda path: torch.save(reward.state_dict(), path))
    (directory / "med_config.json").write_text(json.dumps(CONFIG))
    levels, values = pictures(SIZES["image_size"])
    ids = torch.tensor([letters(prompt) for prompt in PROMPTS])
    mask = (ids != 0).long()
    tokens = reward.blip.visual_encoder(values)
    onnx, text = directory / "onnx", Text(reward).eval()
    export(onnx / "vision/model.onnx", reward.blip.visual_encoder, (values,), ["input"], {"input": "images", "output": "images"})
    axes = {"ids": "prompts", "mask": "prompts", "tokens": "images", "output": "pairs"}
    export(onnx / "text/model.onnx", text, (ids, mask, tokens[:1]), ["ids", "mask", "tokens"], axes)
    rewards = [[float(reward.score_gard(ids[at : at + 1], mask[at : at + 1], value[None])) for value in values] for at in range(len(PROMPTS))]
    check = {
        "size": SIZES["image_size"],
        "images": levels,
        "prompts": PROMPTS,
        # `[prompts][images]`
        "rewards": rewards,
        # As in tests/parity/reference/image_reward.py.
        "spread": float(torch.tensor(rewards).std(1, correction=0).mean()),
        "weights": WEIGHTS,
        "precisions": ["f32"],
    }
    made(onnx / "check.json", lambda path: path.write_text(json.dumps(check)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
