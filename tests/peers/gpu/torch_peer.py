"""PyTorch for `pickscore-gpu`: transformers' CLIP with random weights of the same shapes, in f16 on
a CUDA device and in f32 on the CPU.

Prints its version, device and data type as JSON, then for each line with a number of images the
milliseconds from pixels in memory to embeddings.
"""

import json
import sys
import time

import torch
from transformers import CLIPConfig, CLIPModel

torch.set_grad_enabled(False)
has_cuda = torch.cuda.is_available() and sys.argv[2] != "cpu"
device = "cuda" if has_cuda else "cpu"
dtype = torch.float16 if has_cuda else torch.float32
with open(sys.argv[1], encoding="utf-8") as file:
    config = CLIPConfig.from_dict(json.load(file))
with torch.device(device):
    model = CLIPModel(config).to(dtype).eval()
size = config.vision_config.image_size
name = torch.cuda.get_device_name() if has_cuda else "the CPU"
about = {"version": torch.__version__, "device": name, "dtype": "f16" if has_cuda else "f32"}
print(json.dumps(about), flush=True)
for line in sys.stdin:
    pixels = torch.rand(int(line), 3, size, size)
    start = time.perf_counter()
    found = model.get_image_features(pixel_values=pixels.to(device, dtype))
    # transformers 5 returns an object.
    found = getattr(found, "pooler_output", found)
    found.float().cpu().numpy()
    print((time.perf_counter() - start) * 1e3, flush=True)
