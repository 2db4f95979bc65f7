"""Losses, gradients and steps of training, computed by PyTorch and transformers' CLIPModel.

    python tests/parity/reference/training.py        # writes tests/parity/fixtures/training.json

Objectives: each loss and its gradients for generated features, in f64. The preference loss is
computed as in PickScore's `clip_criterion.py`: cross-entropies mixed by the label, ln ½ added for
ties, and weights of one over the number of examples of a prompt. The contrastive loss is
open_clip's `ClipLoss`.

Steps: a generated model and generated batches, with torch's AdamW, transformers' schedule and
`clip_grad_norm_`, in f32. Recorded are the loss and the gradient norm of each step and, at the end,
the sum and norm of every parameter.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from generate import hashes, pixels, prompt, uniform, weights
from towers import clip
from transformers import CLIPConfig, CLIPModel, get_cosine_schedule_with_warmup, get_linear_schedule_with_warmup

OUT = Path(__file__).parent.parent / "fixtures"
SEED = 71
LABELS = [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [1.0, 0.0], [0.5, 0.5]]
COUNTS = [1, 3, 2, 7, 1]


def features(name, rows, width):
    return torch.from_numpy(uniform(hashes(SEED, name, rows * width)).reshape(rows, width).astype(np.float64))


def preference(text, first, second, scale, labels, counts):
    text, first, second = (F.normalize(x, dim=-1) for x in (text, first, second))
    logits = scale.exp() * torch.stack([(text * first).sum(-1), (text * second).sum(-1)], dim=-1)
    zeros = torch.zeros(len(logits), dtype=torch.long)
    loss = labels[:, 0] * F.cross_entropy(logits, zeros, reduction="none")
    loss = loss + labels[:, 1] * F.cross_entropy(logits, zeros + 1, reduction="none")
    loss = loss + (labels[:, 0] == labels[:, 1]) * np.log(0.5)
    weight = 1 / counts
    return (loss * weight / weight.sum()).sum()


def contrastive(text, images, scale):
    text, images = F.normalize(text, dim=-1), F.normalize(images, dim=-1)
    logits = scale.exp() * text @ images.T
    own = torch.arange(len(text))
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2


def gradients(loss, leaves):
    loss.backward()
    return {"loss": float(loss.detach()), "gradients": [[float(x) for x in leaf.grad.flatten()] for leaf in leaves]}


def objectives():
    rows, width = 5, 7
    leaves = [features(name, rows, width).requires_grad_() for name in ("text", "first", "second")]
    scale = torch.tensor([2.5], dtype=torch.float64, requires_grad=True)
    labels, counts = torch.tensor(LABELS, dtype=torch.float64), torch.tensor(COUNTS, dtype=torch.float64)
    found = {"preference": gradients(preference(*leaves, scale[0], labels, counts), [*leaves, scale])}
    leaves = [features(name, rows, width).requires_grad_() for name in ("text", "first")]
    scale = torch.tensor([2.5], dtype=torch.float64, requires_grad=True)
    found["contrastive"] = gradients(contrastive(*leaves, scale[0]), [*leaves, scale])
    return {"seed": SEED, "rows": rows, "width": width, "logit_scale": 2.5, "labels": LABELS, "counts": COUNTS, **found}


SOURCE = clip((32, 4, 2, 64, 60, 12, 59, "gelu"), (40, 4, 2, 96, 32, 8, "gelu"), 24)
STEPS, WARM_UP, RATE, DECAY, CLIP = 6, 2, 1e-3, 0.3, 1.0


def steps(objective):
    config = CLIPConfig(**json.loads(json.dumps(SOURCE)))
    config._attn_implementation = "eager"
    model = CLIPModel(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(weights(SEED, name, tuple(parameter.shape))))
    model.train()
    # Weight decay applies to matrices, but not to norms, biases, positions, the class embedding or
    # the logit scale.
    plain = lambda name, parameter: parameter.ndim < 2 or "position_embedding" in name
    named = list(model.named_parameters())
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for n, p in named if not plain(n, p)], "weight_decay": DECAY},
            {"params": [p for n, p in named if plain(n, p)], "weight_decay": 0.0},
        ],
        lr=RATE, betas=(0.9, 0.999), eps=1e-8,
    )
    make = get_linear_schedule_with_warmup if objective == "preference" else get_cosine_schedule_with_warmup
    schedule = make(optimizer, WARM_UP, STEPS)
    labels, counts = torch.tensor(LABELS), torch.tensor(COUNTS, dtype=torch.float32)
    log = []
    for step in range(STEPS):
        size = len(LABELS)
        ids = torch.tensor([prompt(SEED, step * size + i, 12, 60) for i in range(size)])
        images = torch.from_numpy(np.stack([pixels(SEED, step * 2 * size + i, 32) for i in range(2 * size)]))
        text, images = model.get_text_features(input_ids=ids), model.get_image_features(pixel_values=images)
        if objective == "preference":
            loss = preference(text, images[:size], images[size:], model.logit_scale, labels, counts)
        else:
            loss = contrastive(text, images[:size], model.logit_scale)
        optimizer.zero_grad()
        loss.backward()
        length = torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        schedule.step()
        log.append({"loss": float(loss.detach()), "gradient": float(length)})
    parameters = {n: [float(p.detach().double().sum()), float(p.detach().double().norm())] for n, p in named}
    return {"steps": log, "parameters": parameters}


def main():
    torch.manual_seed(0)
    shared = {"source": SOURCE, "seed": SEED, "warm_up": WARM_UP, "rate": RATE, "decay": DECAY, "clip": CLIP}
    fixture = {"objectives": objectives(), "steps": {**shared, **{name: steps(name) for name in ("preference", "contrastive")}}}
    (OUT / "training.json").write_text(json.dumps(fixture) + "\n")


if __name__ == "__main__":
    main()
