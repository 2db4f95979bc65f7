"""PyTorch and ONNX Runtime for the native benchmark; `src/main.rs` describes the protocol.

    python peer.py torch|torch-bf16|onnx|onnx-int8 MODEL_DIRECTORY THREADS

PyTorch runs transformers' CLIPModel with its default attention (sdpa). ONNX Runtime runs the towers
that torch.onnx exports from it, at the highest optimisation level, in f32 or as its
`quantize_dynamic` makes them. The export is kept beside the model.
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
from export import Tower, export, load, quantised
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


if engine.startswith("torch"):
    dtype = torch.bfloat16 if engine == "torch-bf16" else torch.float32
    model = load(directory).to(dtype)
    towers = {tower: Tower(model, tower) for tower in ("text", "vision")}

    def run(tower, values):
        values = torch.from_numpy(values)
        return towers[tower](values.to(dtype) if tower == "vision" else values).float().numpy()
else:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    exported = quantised if engine == "onnx-int8" else export
    sessions = {t: onnxruntime.InferenceSession(str(exported(directory, t)), options, providers=["CPUExecutionProvider"]) for t in ("text", "vision")}

    def run(tower, values):
        return sessions[tower].run(None, {"input": values})[0]


print("ready", flush=True)
for line in sys.stdin:
    tower, *rest = line.split()
    if tower == "score":
        texts, images = (run(tower, inputs(tower, int(rest[0]))).astype(np.float64) for tower in ("text", "vision"))
        texts, images = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (texts, images))
        print(*(100 * texts @ images.T).flatten(), flush=True)
        continue
    values = inputs(tower, int(rest[0]))
    tower = "text" if tower == "short" else tower
    start = time.perf_counter()
    run(tower, values)
    print((time.perf_counter() - start) * 1e3, flush=True)
