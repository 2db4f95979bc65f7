"""PyTorch and ONNX Runtime for the native benchmark; `src/main.rs` describes the protocol.

    python peer.py torch|onnx MODEL_DIRECTORY THREADS

PyTorch runs transformers' CLIPModel with its default attention (sdpa). ONNX Runtime runs the towers
that torch.onnx exports from it, at the highest optimisation level. The export is kept beside the
model.
"""

import os
import sys
import time
from pathlib import Path

engine, directory, threads = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
os.environ["OMP_NUM_THREADS"] = str(threads)
os.environ["HF_HUB_OFFLINE"] = "1"
sys.path.insert(0, str(Path(__file__).parents[2] / "parity" / "reference"))
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
from export import Tower, export, load
from generate import pixels
from transformers import CLIPConfig

torch.set_num_threads(threads)
torch.set_grad_enabled(False)
SEED = 14
config = CLIPConfig.from_pretrained(directory)
text, vision = config.text_config, config.vision_config


def inputs(tower, count):
    if tower in ("text", "short"):
        context, vocabulary = text.max_position_embeddings, text.vocab_size
        words = 18 if tower == "short" else context - 2
        body = [[(at * 7919 + i * 104729) % (vocabulary - 2) for at in range(words)] for i in range(count)]
        return np.array([[vocabulary - 2] + ids + [vocabulary - 1] * (context - 1 - words) for ids in body])
    return np.stack([pixels(SEED, i, vision.image_size) for i in range(count)])


if engine == "torch":
    model = load(directory)
    towers = {tower: Tower(model, tower) for tower in ("text", "vision")}

    def run(tower, values):
        return towers[tower](torch.from_numpy(values)).numpy()
else:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    sessions = {t: onnxruntime.InferenceSession(str(export(directory, t)), options, providers=["CPUExecutionProvider"]) for t in ("text", "vision")}

    def run(tower, values):
        return sessions[tower].run(None, {"input": values})[0]


print("ready", flush=True)
for line in sys.stdin:
    tower, *rest = line.split()
    if tower == "score":
        a, b = run("text", inputs("text", 1))[0], run("vision", inputs("vision", 1))[0]
        print(100 * float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)), flush=True)
        continue
    values = inputs(tower, int(rest[0]))
    tower = "text" if tower == "short" else tower
    start = time.perf_counter()
    run(tower, values)
    print((time.perf_counter() - start) * 1e3, flush=True)
