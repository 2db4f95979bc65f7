"""Scores a dataset with transformers, as its documentation does: CLIPProcessor in a DataLoader
whose worker decodes while the model computes, in batches of sixteen.

    python transformers_peer.py MODEL FOLDER OUT

Writes the scores to OUT.npy. The threads are those of OMP_NUM_THREADS.
"""

import json
import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
sys.path.insert(0, str(Path(__file__).parents[2] / "parity" / "reference"))
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
from export import load
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from transformers import CLIPImageProcessor, CLIPProcessor
from vocabulary import tokenizer

BATCH = 16


class Pairs(Dataset):
    def __init__(self, folder):
        self.folder, self.prompts = folder, json.loads((folder / "prompts.json").read_text())

    def __len__(self):
        return len(self.prompts)

    def __getitem__(self, row):
        return Image.open(self.folder / f"{row:06}.jpg").convert("RGB"), self.prompts[row]


def main(model, folder, out):
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    model = load(model)
    processor = CLIPProcessor(CLIPImageProcessor(), tokenizer())

    def collate(rows):
        images, prompts = zip(*rows)
        return processor(
            text=list(prompts), images=list(images), padding=True, truncation=True, max_length=77, return_tensors="pt"
        )

    scores = []
    with torch.inference_mode():
        for batch in DataLoader(Pairs(folder), batch_size=BATCH, collate_fn=collate, num_workers=1):
            image = model.get_image_features(batch["pixel_values"])
            text = model.get_text_features(batch["input_ids"], batch["attention_mask"])
            cosine = torch.cosine_similarity(image, text)
            scores.append((model.logit_scale.exp() * cosine).numpy())
    np.save(out, np.concatenate(scores))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) / "files", sys.argv[3])
