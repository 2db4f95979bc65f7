"""Times single calls of the wheel, by the protocol of `../native/src/main.rs`: a line `call FILE`
on standard input scores the file's bytes for a prompt, and the milliseconds are printed.

    python calls_peer.py MODEL
"""

import sys
import time
from pathlib import Path

from pickscore import Scorer

PROMPT = "a fox in the snow"

scorer = Scorer(sys.argv[1], device="cpu", precision="f32")
print("ready", flush=True)
for line in sys.stdin:
    image = Path(line.split()[1]).read_bytes()
    start = time.perf_counter()
    scorer.score(PROMPT, [image])
    print((time.perf_counter() - start) * 1e3, flush=True)
