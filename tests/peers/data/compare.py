"""Compares ways of scoring a dataset on this machine: the command, the wheel, two processes of the
command, Ray with two actors, and transformers. Also times single calls of the wheel.

    python compare.py MODEL ROWS ROUNDS FOLDER

`cargo xtask bench data` starts it, with the paths of programs in the environment. The ways take
turns. Each is a process of its own, so its time includes starting and loading the model; `rows/s`
leaves loading out, which is measured with two rows. Peak memory is of the largest process.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
THREADS = "2"
# Scores of two ways differ at most by this much, on a scale of 100.
SAME = 0.02
CALLS = 200


def main(model, rows, rounds, folder):
    command, peer = os.environ["PICKSCORE_COMMAND"], os.environ["PICKSCORE_PEER"]
    packages, torch = os.environ["PICKSCORE_PYTHON"], os.environ["PICKSCORE_TORCH"]
    options = ["--model", model, "--scorer", "clip", "--device", "cpu", "--precision", "f32"]

    def score(data, out):
        return [command, "score", *options, "--data", str(data / "pairs"), "--out", str(out)]

    ways = {
        "command": lambda data, out: [(score(data, out), THREADS)],
        "wheel": lambda data, out: [([packages, HERE / "wheel_peer.py", model, data, f"{out}.npy"], THREADS)],
        "transformers": lambda data, out: [
            ([torch, "-W", "ignore", HERE / "transformers_peer.py", model, data, f"{out}.npy"], THREADS)
        ],
        "two processes": lambda data, out: [(score(data, out), "1")] * 2,
        "Ray, two actors": lambda data, out: [([packages, HERE / "ray_peer.py", model, data, out], "1")],
    }
    chosen = os.environ.get("PICKSCORE_WAYS")
    ways = {name: way for name, way in ways.items() if not chosen or name in chosen.split(";")}
    data, two_rows = dataset(packages, rows, folder), dataset(packages, 2, folder)
    times = {name: [] for name in ways}
    loading = {name: [] for name in ways}
    memory = dict.fromkeys(ways, 0)
    # Scores of an earlier run, perhaps of another model, would be compared too.
    shutil.rmtree(folder / "out", ignore_errors=True)
    for turn in range(rounds):
        for name, way in ways.items():
            for found, of_data in ((loading, two_rows), (times, data)):
                out = folder / "out" / name.replace(" ", "-").replace(",", "")
                shutil.rmtree(out, ignore_errors=True)
                out.parent.mkdir(exist_ok=True)
                seconds, peak = run(way(of_data, out))
                found[name].append(seconds)
                memory[name] = max(memory[name], peak)
                print(f"── round {turn + 1}, {name}: {seconds:.1f} s", file=sys.stderr)
    check(packages, folder / "out")
    print("| way | rows/s | seconds with loading | seconds of loading | peak memory, MB |\n|---|---|---|---|---|")
    for name in ways:
        all_rows, load = statistics.median(times[name]), statistics.median(loading[name])
        rate = (rows - 2) / (all_rows - load)
        print(f"| {name} | {rate:.2f} | {all_rows:.1f} | {load:.1f} | {memory[name] / 1e6:.0f} |")
    if tiny := os.environ.get("PICKSCORE_TINY"):
        print(f"\n{calls(peer, packages, tiny, data / 'files' / '000000.jpg')}")


def run(processes):
    """Runs processes side by side: the seconds of the slowest, and the largest peak of memory.

    A process that prints `seconds N` has timed itself.
    """
    start = time.perf_counter()
    running = []
    for arguments, threads in processes:
        # Ray's workers would run at a lower priority than the others.
        environment = os.environ | {"RAYON_NUM_THREADS": threads, "OMP_NUM_THREADS": threads, "RAY_worker_niceness": "0"}
        arguments = [str(argument) for argument in arguments]
        running.append(
            subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        )
    seconds, peak = 0.0, 0
    for process in running:
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"{process.args} failed")
        own = [float(line.split()[1]) for line in printed.splitlines() if line.startswith("seconds ")]
        seconds = max([seconds, *(own or [time.perf_counter() - start])])
        peak = max(peak, usage.ru_maxrss * 1024)
    return seconds, peak


def dataset(packages, rows, folder):
    """A generated dataset, kept between runs."""
    data = folder / f"rows-{rows}"
    if not (data / "complete").exists():
        shutil.rmtree(data, ignore_errors=True)
        subprocess.run([packages, HERE / "make.py", str(rows), data], check=True)
    return data


def check(packages, out):
    """Fails if two ways gave different scores."""
    script = (
        "import sys, numpy, pyarrow.parquet as pq\n"
        "from pathlib import Path\n"
        "found = {p.stem: numpy.load(p) for p in Path(sys.argv[1]).glob('*.npy')}\n"
        "for folder in Path(sys.argv[1]).iterdir():\n"
        "    if folder.is_dir():\n"
        "        rows = pq.read_table(folder).sort_by([('file', 'ascending'), ('row', 'ascending')])\n"
        "        found[folder.name] = rows['score'].to_numpy()\n"
        "first = next(iter(found))\n"
        "for name, scores in found.items():\n"
        "    assert len(scores) == len(found[first]), (name, len(scores))\n"
        "    difference = abs(scores - found[first]).max()\n"
        "    assert difference <= float(sys.argv[2]), (name, first, difference)\n"
        "    print(f'── {name} and {first} differ by at most {difference:.6f}', file=sys.stderr)\n"
    )
    subprocess.run([packages, "-c", script, out, str(SAME)], check=True)


def calls(peer, packages, tiny, image):
    """What a call of the wheel takes beyond the library's, with a small model."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    environment = os.environ | {"RAYON_NUM_THREADS": THREADS}
    both = [
        subprocess.Popen([peer, "f32", tiny, THREADS], env=environment, **pipes),
        subprocess.Popen([packages, HERE / "calls_peer.py", tiny], env=environment, **pipes),
    ]
    for process in both:
        assert process.stdout.readline().strip() == "ready"
    times = ([], [])
    for _ in range(CALLS):
        for process, found in zip(both, times):
            process.stdin.write(f"call {image}\n")
            process.stdin.flush()
            found.append(float(process.stdout.readline()))
    for process in both:
        process.stdin.close()
        process.wait()
    library, wheel = (statistics.median(found) for found in times)
    return json.dumps({"call of the library, ms": round(library, 3), "of the wheel, ms": round(wheel, 3)})


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
