"""PyTorch's ImageReward for the native benchmark; the protocol is that of `src/main.rs`.

    python reward_peer.py torch MODEL_DIRECTORY THREADS

Runs the authors' model of the package image-reward with generated weights, and its formula, which
`score_gard` computes for a batch. `images N` scores N images for one prompt, `prompts N` one image
for N prompts, with the vision tower run once; `short 1` is `images 1` with a prompt of 18 words.
Prompts fill the 35 positions.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

threads = int(sys.argv[3])
os.environ["OMP_NUM_THREADS"] = str(threads)
os.environ["HF_HUB_OFFLINE"] = "1"
PARITY = Path(__file__).parents[2] / "parity"
sys.path.insert(0, str(PARITY / "reference"))

import numpy as np
import torch
from checkpoints import fill
from generate import pixels
from image_reward import SEED, build

torch.set_num_threads(threads)
torch.set_grad_enabled(False)
FIXTURE = PARITY / "fixtures" / "scorers" / "image-reward-full.json"
POSITIONS, CLS, SEP = 35, 101, 102
FIRST_WORD, WORDS = 1996, 28000


def model():
    """Inputs are token ids, so the tokenizer needs no words."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as vocabulary:
        vocabulary.write("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n")
        vocabulary.flush()
        made = build(vocabulary.name, json.loads(FIXTURE.read_text())["med_config"], None)
    fill(made, SEED)
    return made


def prompts(count, words=POSITIONS - 2):
    body = [[FIRST_WORD + (at * 7919 + i * 104729) % WORDS for at in range(words)] for i in range(count)]
    ids = torch.tensor([[CLS] + row + [SEP] + [0] * (POSITIONS - 2 - words) for row in body])
    return ids, (ids != 0).long()


def images(count):
    return torch.from_numpy(np.stack([pixels(14, i, 224) for i in range(count)]))


def rewards(model, ids, mask, pictures):
    """`score_gard`, with an image's tokens repeated for each prompt."""
    count = max(len(ids), len(pictures))
    tokens = model.blip.visual_encoder(pictures).expand(count, -1, -1)
    ids, mask = ids.expand(count, -1), mask.expand(count, -1)
    output = model.blip.text_encoder(
        ids, attention_mask=mask, encoder_hidden_states=tokens, encoder_attention_mask=torch.ones(tokens.shape[:-1], dtype=torch.long), return_dict=True
    )
    return (model.mlp(output.last_hidden_state[:, 0]) - model.mean) / model.std


model = model()
print("ready", flush=True)
for line in sys.stdin:
    case, count = (line.split() + ["1"])[:2]
    count = int(count)
    ids, mask = prompts(count if case == "prompts" else 1, 18 if case == "short" else POSITIONS - 2)
    pictures = images(count if case == "images" else 1)
    start = time.perf_counter()
    result = rewards(model, ids, mask, pictures)
    milliseconds = (time.perf_counter() - start) * 1e3
    print(float(result[0]) if case == "score" else milliseconds, flush=True)
