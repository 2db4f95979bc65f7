"""Features and a distance of the package pytorch-fid, with random weights.

    python tests/parity/reference/inception.py [weights.pth]

Writes tests/parity/fixtures/inception/: the features of a few image files, and the distance between
two sets of them. With an argument, it also writes the weights as published weights are stored, to
compare with the command. Needs the packages pytorch-fid, torch and torchvision.
"""

import json
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import torch
import torchvision.transforms.functional as TF
from PIL import Image
from pytorch_fid import inception
from pytorch_fid.fid_score import calculate_frechet_distance

from generate import hashes, uniform

SEED = 17
HERE = Path(__file__).parents[1]
FILES = HERE / "fixtures" / "pixels" / "files"
OUT = HERE / "fixtures" / "inception"
IMAGES = ["photo.png", "noise.png", "photo-75.jpg", "grey-16.png", "edges.png"]


def numbers(name, shape):
    """As `weights` in tests/parity/inception.rs: signals neither grow nor vanish."""
    u = uniform(hashes(SEED, name, int(np.prod(shape))))
    if name.endswith("conv.weight"):
        u = u * np.float32(np.sqrt(6.0 / np.prod(shape[1:])))
    elif name.endswith("bn.weight"):
        u = np.float32(1.0) + np.float32(0.25) * u
    elif name.endswith("running_var"):
        u = np.float32(1.0) + np.float32(0.5) * u
    else:
        u = np.float32(0.125) * u
    return torch.from_numpy(u.reshape(shape))


def state_dict(*_, **__):
    with torch.no_grad():
        network = torch_network()
    return {
        name: tensor if tensor.dtype == torch.int64 else numbers(name, tuple(tensor.shape))
        for name, tensor in network.state_dict().items()
    }


def is_read(name):
    """Whether the features depend on a tensor."""
    return not name.startswith("fc.") and not name.endswith("num_batches_tracked")


def torch_network():
    """The network without weights."""
    with mock.patch.object(inception, "load_state_dict_from_url", lambda *_, **__: {}):
        with mock.patch.object(torch.nn.Module, "load_state_dict", lambda *_: None):
            return inception.fid_inception_v3()


def main():
    state = state_dict()
    with mock.patch.object(inception, "load_state_dict_from_url", lambda *_, **__: state):
        network = inception.InceptionV3().eval()
    features = []
    for name in IMAGES:
        image = TF.to_tensor(Image.open(FILES / name).convert("RGB"))
        with torch.no_grad():
            features.append(network(image[None])[0][0, :, 0, 0].numpy())
    features = np.stack(features)
    one, other = features[:3].astype(np.float64), features[2:].astype(np.float64)
    moments = [part for x in (one, other) for part in (x.mean(axis=0), np.cov(x, rowvar=False))]
    distance = float(calculate_frechet_distance(*moments))
    OUT.mkdir(exist_ok=True)
    (OUT / "features.f32").write_bytes(features.astype("<f4").tobytes())
    read = {name: list(tensor.shape) for name, tensor in state.items() if is_read(name)}
    found = {"seed": SEED, "images": IMAGES, "sets": [[0, 1, 2], [2, 3, 4]], "distance": distance, "tensors": read}
    (OUT / "inception.json").write_text(json.dumps(found) + "\n")
    print(features.mean(), features.std(), features.max(), distance)
    if len(sys.argv) > 1:
        torch.save(state, sys.argv[1])


if __name__ == "__main__":
    main()
