"""PyTorch and ONNX Runtime for the native benchmark; `src/main.rs` describes the protocol.

    python peer.py torch|torch-bf16|onnx|onnx-int8 MODEL_DIRECTORY THREADS

PyTorch runs transformers' CLIPModel with its default attention (sdpa). ONNX Runtime runs the towers
that torch.onnx exports from it, at the highest optimisation level, in f32 or as its
`quantize_dynamic` makes them. The export is kept beside the model. From files to scores, a worker
process of a DataLoader prepares images for PyTorch, and a thread for ONNX Runtime, both in batches
of sixteen.
"""

import os
import queue
import sys
import threading
import time
from pathlib import Path

engine, directory, threads = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
os.environ["OMP_NUM_THREADS"] = str(threads)
os.environ["HF_HUB_OFFLINE"] = "1"
sys.path.insert(0, str(Path(__file__).parents[2] / "parity" / "reference"))
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
from export import DEVIATION, MEAN, Tower, export, load, quantised
from generate import pixels
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from transformers import CLIPConfig, CLIPImageProcessor
from vocabulary import tokenizer

torch.set_num_threads(threads)
torch.set_grad_enabled(False)
SEED = 14
BATCH = 16
# Batches that wait for the session, as in a DataLoader with one worker.
WAITING = 2
PROMPT = "a fox in the snow"
config = CLIPConfig.from_pretrained(directory)
text, vision = config.text_config, config.vision_config


def inputs(tower, count):
    if tower in ("text", "short"):
        context, vocabulary = text.max_position_embeddings, text.vocab_size
        words = 18 if tower == "short" else context - 2
        body = [[(at * 7919 + i * 104729) % (vocabulary - 2) for at in range(words)] for i in range(count)]
        return np.array([[vocabulary - 2] + ids + [vocabulary - 1] * (context - 1 - words) for ids in body])
    return np.stack([pixels(SEED, i, vision.image_size) for i in range(count)])


class Files(Dataset):
    """Image files, each prepared by the processor."""

    def __init__(self, files):
        self.files, self.processor = files, CLIPImageProcessor()

    def __len__(self):
        return len(self.files)

    def __getitem__(self, at):
        image = Image.open(self.files[at]).convert("RGB")
        return self.processor(image, return_tensors="pt")["pixel_values"][0]


def prepared(file):
    """What CLIPImageProcessor computes of a square image."""
    size = vision.image_size
    image = Image.open(file).convert("RGB").resize((size, size), Image.Resampling.BICUBIC)
    return (np.asarray(image, np.float32).transpose(2, 0, 1) / 255 - MEAN) / DEVIATION


def ahead(files):
    """Batches of prepared images, prepared on a thread."""
    ready = queue.Queue(WAITING)

    def prepare():
        for start in range(0, len(files), BATCH):
            ready.put(np.stack([prepared(file) for file in files[start : start + BATCH]]))
        ready.put(None)

    threading.Thread(target=prepare).start()
    while (batch := ready.get()) is not None:
        yield batch


if engine.startswith("torch"):
    dtype = torch.bfloat16 if engine == "torch-bf16" else torch.float32
    model = load(directory).to(dtype)
    towers = {tower: Tower(model, tower) for tower in ("text", "vision")}

    def run(tower, values):
        values = torch.from_numpy(values)
        return towers[tower](values.to(dtype) if tower == "vision" else values).float().numpy()

    loaders = {}

    def batches(files):
        # The worker is started once, as it would be for many files.
        key = tuple(files)
        if key not in loaders:
            loaders[key] = DataLoader(Files(files), batch_size=BATCH, num_workers=1, persistent_workers=True)
        return (batch.numpy() for batch in loaders[key])

    def prompt():
        return tokens(PROMPT, return_tensors="np")["input_ids"]
else:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    exported = quantised if engine == "onnx-int8" else export
    sessions = {t: onnxruntime.InferenceSession(str(exported(directory, t)), options, providers=["CPUExecutionProvider"]) for t in ("text", "vision")}

    def run(tower, values):
        return sessions[tower].run(None, {"input": values})[0]

    batches = ahead

    def prompt():
        padding = {"padding": "max_length", "max_length": text.max_position_embeddings}
        return tokens(PROMPT, return_tensors="np", **padding)["input_ids"]


def scores(texts, images):
    texts, images = (rows.astype(np.float64) for rows in (texts, images))
    texts, images = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (texts, images))
    return (100 * texts @ images.T).flatten()


def score_files(files):
    texts = run("text", prompt())
    return scores(texts, np.concatenate([run("vision", batch) for batch in batches(files)]))


tokens = tokenizer()
print("ready", flush=True)
for line in sys.stdin:
    tower, *rest = line.split()
    if tower == "score":
        count = int(rest[0])
        print(*scores(*(run(tower, inputs(tower, count)) for tower in ("text", "vision"))), flush=True)
        continue
    if tower in ("files", "score-files"):
        files = sorted(Path(rest[1]).iterdir())[: int(rest[0])]
        start = time.perf_counter()
        found = score_files(files)
        print(*(found if tower == "score-files" else [(time.perf_counter() - start) * 1e3]), flush=True)
        continue
    values = inputs(tower, int(rest[0]))
    tower = "text" if tower == "short" else tower
    start = time.perf_counter()
    run(tower, values)
    print((time.perf_counter() - start) * 1e3, flush=True)
