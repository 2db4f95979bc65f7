"""Scores a dataset on a Ray cluster of this machine with two actors of one thread each.

    python ray_peer.py MODEL FOLDER OUT

Writes the files of `pickscore score --data` to OUT, and prints the seconds that this took. Starting
the cluster is not part of them, starting the actors is.
"""

import sys
import time
from pathlib import Path

import ray
from pickscore.ray import score_data

model, folder, out = sys.argv[1], Path(sys.argv[2]) / "pairs", sys.argv[3]
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
start = time.perf_counter()
score_data(model, folder, out, concurrency=2, num_cpus=1, device="cpu", precision="f32", scorer="clip")
print(f"seconds {time.perf_counter() - start}")
