"""Writes small files with torch.save to tests/parity/fixtures/torch/, and what torch reads back.

    python3 tests/parity/reference/torch_files.py

Expected values are the result of `torch.load` for the same file. For each file, `expected.json` has
the dtype and shape of its tensors, the SHA-256 of their numbers (little-endian, row-major), and the
names of entries that are not tensors. In the legacy format, the keys of storages are addresses, so
those files differ from run to run; their tensors do not.
"""

import argparse
import collections
import hashlib
import io
import json
import pickle
import struct
import sys
import warnings
import zipfile
from pathlib import Path

import numpy
import torch

warnings.filterwarnings("ignore")
OUT = Path(__file__).resolve().parents[1] / "fixtures" / "torch"
DTYPES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.uint16: "U16",
    torch.uint32: "U32",
    torch.uint64: "U64",
    torch.bool: "BOOL",
    torch.complex64: "C64",
    torch.complex128: "C128",
    torch.float8_e4m3fn: "F8_E4M3",
    torch.float8_e5m2: "F8_E5M2",
}
expected = {}


def described(tensor):
    flat = tensor.detach().contiguous().reshape(-1)
    data = flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""
    return {"dtype": DTYPES[tensor.dtype], "shape": list(tensor.shape), "sha256": hashlib.sha256(data).hexdigest()}


def entry_of(value, path):
    for key in path:
        value = value[key]
    if torch.is_tensor(value):
        return {"tensor": value}
    return {str(key): one for key, one in value.items()} if hasattr(value, "items") else {str(i): v for i, v in enumerate(value)}


def expect(name, path=(), passed_over=()):
    """Reads the written file with torch and records what it found under `path`."""
    loaded = torch.load(OUT / name, map_location="cpu", weights_only=False)
    tensors = {key: described(value) for key, value in entry_of(loaded, path).items() if torch.is_tensor(value)}
    expected[name] = {"tensors": tensors, "passed_over": sorted(passed_over)}


def save(name, value, path=(), passed_over=(), **options):
    torch.save(value, OUT / name, **options)
    expect(name, path, passed_over)


def both(name, value, path=(), passed_over=()):
    save(f"{name}.pt", value, path, passed_over)
    save(f"{name}_legacy.pt", value, path, passed_over, _use_new_zipfile_serialization=False)


def numbers(*shape):
    return torch.arange(1, 1 + int(numpy.prod(shape)), dtype=torch.float32).reshape(shape) / 8


def containers():
    both("state_dict", collections.OrderedDict(weight=numbers(3, 4), bias=numbers(3)))
    both("module", torch.nn.Linear(3, 2).state_dict())
    both("plain_dict", {"weight": numbers(3, 4), 7: numbers(2)})
    both("list", [numbers(2), numbers(3)])
    both("tuple", (numbers(2), numbers(3, 1)))
    both("tensor", numbers(2, 2))
    both("defaultdict", collections.defaultdict(list, {"a": numbers(2)}))
    both("parameters", {"w": torch.nn.Parameter(numbers(2, 3)), "b": torch.nn.Parameter(numbers(2), requires_grad=False)})
    attributes = torch.nn.Parameter(numbers(2))
    attributes.tag = "kept"
    both("attributes", {"w": attributes, "v": numbers(1)})
    for protocol in (2, 3, 4, 5):
        save(f"protocol_{protocol}.pt", {"weight": numbers(2, 2), "epoch": 3}, (), ["epoch"], pickle_protocol=protocol)
        save(
            f"protocol_{protocol}_legacy.pt",
            {"weight": numbers(2, 2), "epoch": 3},
            (),
            ["epoch"],
            pickle_protocol=protocol,
            _use_new_zipfile_serialization=False,
        )


def wrappers():
    state = collections.OrderedDict(weight=numbers(3, 2), bias=numbers(3))
    optimizer = torch.optim.AdamW([torch.nn.Parameter(numbers(3, 2))], lr=0.1)
    optimizer.param_groups[0]["params"][0].grad = numbers(3, 2)
    optimizer.step()
    both(
        "open_clip_training",
        {"epoch": 7, "name": "run", "state_dict": state, "optimizer": optimizer.state_dict(), "scaler": None},
        ["state_dict"],
        ["epoch", "name", "optimizer", "scaler"],
    )
    both("blip", {"model": state, "config": {"image_size": 224}, "epoch": 1}, ["model"], ["config", "epoch"])
    both("nested", {"model": {"state_dict": state, "version": "2"}}, ["model", "state_dict"], ["model.version"])
    both("one_of_any_name", {"anything": state, "step": 5}, ["anything"], ["step"])
    both("step_is_a_tensor", {"weights_of_it": state, "step": torch.tensor(5)}, ["weights_of_it"], ["step"])
    both(
        "strangers",
        {
            "state_dict": state,
            "best": numpy.float64(0.5),
            "args": argparse.Namespace(lr=0.1, names=["a"]),
            "table": numpy.arange(5000.0),
            "precise": 2**200,
            "ratio": 0.25,
            "set": {1, 2},
            "frozen": frozenset(["a"]),
            "raw": b"bytes" * 400,
            "long": "text" * 1000,
            "when": slice(1, 2),
            "device": torch.device("cuda", 0),
            "dtype": torch.float16,
            "size": torch.Size([1, 2]),
            "kind": torch.nn.Linear,
            "many": list(range(3000)),
            "none": None,
            "yes": True,
            "no": False,
            "negative": -5,
            "large": 1 << 40,
        },
        ["state_dict"],
        "best args table precise ratio set frozen raw long when device dtype size kind many none yes no negative large".split(),
    )
    both("strangers_within", {"weight": numbers(2), "epoch": 3, "extra": {"a": 1}}, (), ["epoch", "extra"])
    loop = []
    loop.append(loop)
    both("cycle", {"state_dict": state, "loop": loop}, ["state_dict"], ["loop"])


def storages():
    save("dtypes.pt", {DTYPES[dtype]: numbers(2, 3).to(dtype) for dtype in DTYPES})
    # torch itself cannot read the untyped storages of the others in this format.
    typed = [dtype for dtype in DTYPES if not str(dtype).startswith(("torch.uint16", "torch.uint32", "torch.uint64", "torch.float8"))]
    options = {"_use_new_zipfile_serialization": False}
    save("dtypes_legacy.pt", {DTYPES[dtype]: numbers(2, 3).to(dtype) for dtype in typed}, **options)
    shared = numbers(4, 6)
    both("shared", {"first": shared, "second": shared, "part": shared[1:3], "last": shared.reshape(-1)[20:]})
    both("views_in_a_row", {"b": shared.reshape(-1)[10:20], "a": shared.reshape(-1)[:10], "c": shared.reshape(-1)[21:23]})
    both(
        "strided",
        {
            "transposed": numbers(3, 5).t(),
            "permuted": numbers(2, 3, 4).permute(2, 0, 1),
            "columns": numbers(4, 6)[:, 1:4],
            "every_second": numbers(10)[1::2],
            "expanded": torch.tensor([1.5, 2.5]).unsqueeze(1).expand(2, 7),
            "scalar_expanded": torch.tensor(3.5).expand(3, 2),
            "one_row": numbers(4, 6)[2:3, ::2],
            "diagonal": numbers(4, 4).diagonal(),
            "channels_last": numbers(1, 3, 2, 2).contiguous(memory_format=torch.channels_last),
            "large": numbers(150, 200).t(),
        },
    )
    both("offset", {"middle": numbers(5, 4)[2], "end": numbers(3, 3)[1:]})
    both(
        "empty",
        {
            "none": torch.empty(0),
            "rows": torch.empty(0, 4),
            "columns": torch.empty(3, 0),
            "one": numbers(1),
            "scalar": torch.tensor(2.5),
            "slice": numbers(4)[4:],
        },
    )
    many = collections.OrderedDict((f"layers.{index}.weight", numbers(index + 1)) for index in range(12))
    both("many", many)


def machines():
    """Tensors from a GPU; only the location differs."""
    original = torch.serialization.location_tag
    torch.serialization.location_tag = lambda storage: "cuda:0"
    try:
        torch.save({"weight": numbers(2, 2)}, OUT / "gpu.pt")
        torch.save({"weight": numbers(2, 2)}, OUT / "gpu_legacy.pt", _use_new_zipfile_serialization=False)
    finally:
        torch.serialization.location_tag = original
    expect("gpu.pt")
    expect("gpu_legacy.pt")


class Old:
    """Pickled as `torch._utils._rebuild_tensor`, as before PyTorch 0.4."""

    def __init__(self, tensor):
        self.tensor = tensor

    def __reduce__(self):
        tensor = self.tensor
        return torch._utils._rebuild_tensor, (tensor.storage(), tensor.storage_offset(), tuple(tensor.size()), tensor.stride())


def old():
    """Views of storages, and tensors without gradients, as in files from before PyTorch 0.4."""
    data = numbers(12)
    storage = torch.FloatStorage(data.tolist())
    views = {"x": ("10", 0, 4), "y": ("11", 6, 6)}
    parts = {name: torch.FloatTensor(storage)[offset : offset + size] for name, (_, offset, size) in views.items()}
    value = {name: Old(part.clone()) for name, part in parts.items()}
    named = {id(value[name].tensor.storage()._untyped_storage): views[name] for name in views}
    del named

    class Pickler(pickle.Pickler):
        """Makes the storages of both tensors views of one storage."""

        order = iter(views.values())

        def persistent_id(self, object):
            if isinstance(object, torch.storage.TypedStorage):
                key, offset, size = next(self.order)
                return ("storage", torch.FloatStorage, "0", "cpu", 12, (key, offset, size))
            return None

    out = io.BytesIO()
    pickle.dump(0x1950A86A20F9469CFC6C, out, protocol=2)
    pickle.dump(1001, out, protocol=2)
    sizes = {"short": 2, "int": 4, "long": 4}
    pickle.dump({"protocol_version": 1001, "little_endian": True, "type_sizes": sizes}, out, protocol=2)
    Pickler(out, protocol=2).dump(value)
    pickle.dump(["0"], out, protocol=2)
    out.write(struct.pack("<q", 12) + data.numpy().tobytes())
    (OUT / "old_views_legacy.pt").write_bytes(out.getvalue())
    expect("old_views_legacy.pt")


def rewritten():
    """The same zips as other programs write them."""
    source = OUT / "state_dict.pt"
    with zipfile.ZipFile(source) as read:
        entries = [(info.filename, read.read(info)) for info in read.infolist()]
    with zipfile.ZipFile(OUT / "sizes_in_front.pt", "w") as write:
        for name, data in entries:
            write.writestr(zipfile.ZipInfo(name), data)
    expect("sizes_in_front.pt")
    with zipfile.ZipFile(OUT / "zip64.pt", "w") as write:
        for name, data in entries:
            with write.open(zipfile.ZipInfo(name), "w", force_zip64=True) as entry:
                entry.write(data)
    expect("zip64.pt")

    class Stream(io.RawIOBase):
        """An output that cannot seek, so that sizes follow the entries."""

        def __init__(self):
            self.data = bytearray()

        def writable(self):
            return True

        def write(self, data):
            self.data += data
            return len(data)

    for name, force in (("streamed.pt", False), ("streamed_zip64.pt", True)):
        stream = Stream()
        with zipfile.ZipFile(stream, "w") as write:
            for entry_name, data in entries:
                with write.open(zipfile.ZipInfo(entry_name), "w", force_zip64=force) as entry:
                    entry.write(data)
        (OUT / name).write_bytes(bytes(stream.data))
        expect(name)
    with zipfile.ZipFile(OUT / "commented.pt", "w") as write:
        write.comment = b"a comment"
        for name, data in entries:
            write.writestr(zipfile.ZipInfo(name), data)
    expect("commented.pt")


def refused():
    """Files that must be refused; torch itself reads some of them."""

    def zipped(name, entries, compression=zipfile.ZIP_STORED):
        with zipfile.ZipFile(OUT / name, "w", compression) as write:
            for entry_name, data in entries:
                write.writestr(entry_name, data)

    with zipfile.ZipFile(OUT / "state_dict.pt") as read:
        entries = [(info.filename, read.read(info)) for info in read.infolist()]
    zipped("refused_compressed.pt", entries, zipfile.ZIP_DEFLATED)
    zipped("refused_pickle_last.pt", [entry for entry in entries if "data.pkl" not in entry[0]] + entries[:1])
    zipped("refused_big_endian.pt", [(name, b"big" if name.endswith("byteorder") else data) for name, data in entries])
    zipped("refused_twice.pt", entries + [entry for entry in entries if entry[0].endswith("data/0")])
    zipped("refused_missing_storage.pt", [entry for entry in entries if not entry[0].endswith("data/1")])
    zipped(
        "refused_short_storage.pt", [(name, data[:-4] if name.endswith("data/0") else data) for name, data in entries]
    )
    zipped("refused_arrays.npz", [("a.npy", b"\x93NUMPY")])
    zipped("refused.keras", [("metadata.json", b"{}"), ("config.json", b"{}"), ("model.weights.h5", b"")])
    zipped("refused_other.zip", [("readme.txt", b"hello")])
    scripted = torch.jit.script(torch.nn.Linear(2, 2))
    scripted.save(str(OUT / "refused_script.pt"))
    with zipfile.ZipFile(OUT / "refused_script.pt") as read:
        scripted = [(info.filename, read.read(info)) for info in read.infolist()]
    for name, first in (("pickle_first", "data.pkl"), ("code_first", "/code/")):
        zipped(f"refused_script_{name}.pt", sorted(scripted, key=lambda entry: first not in entry[0]))
    for legacy in (False, True):
        suffix = "_legacy.pt" if legacy else ".pt"
        options = {"_use_new_zipfile_serialization": not legacy}
        torch.save(torch.nn.Linear(2, 2), OUT / f"refused_module{suffix}", **options)
        torch.save({"model": torch.nn.Linear(2, 2), "epoch": 1}, OUT / f"refused_module_within{suffix}", **options)
        torch.save({"epoch": 1, "name": "x"}, OUT / f"refused_no_tensors{suffix}", **options)
        torch.save({"a": {"w": numbers(1)}, "b": {"w": numbers(1)}}, OUT / f"refused_several{suffix}", **options)
        torch.save(torch.quantize_per_tensor(numbers(2), 0.1, 0, torch.qint8), OUT / f"refused_quantized{suffix}", **options)
        torch.save({"w": numbers(2, 2).to_sparse()}, OUT / f"refused_sparse{suffix}", **options)
        torch.save({"w": numbers(2), "e": Evil()}, OUT / f"evil_beside{suffix}", **options)
        torch.save({"w": Evil(numbers(2))}, OUT / f"refused_evil{suffix}", **options)
        torch.save({"w": numbers(2), "v": Evil(numbers(2))}, OUT / f"refused_evil_among{suffix}", **options)
    for suffix in (".pt", "_legacy.pt"):
        found = described(numbers(2))
        expected[f"evil_beside{suffix}"] = {"tensors": {"w": found}, "passed_over": ["e"]}
    (OUT / "refused_pickle.pt").write_bytes(pickle.dumps({"epoch": 1, "names": ["a"]}, protocol=4))
    (OUT / "refused_pickled_tensor.pt").write_bytes(pickle.dumps({"w": numbers(2)}, protocol=2))
    (OUT / "refused_evil.pkl").write_bytes(pickle.dumps(Evil(), protocol=4))


class Evil:
    """These are never loaded here: the code in them must not run anywhere."""

    def __init__(self, *given):
        self.given = given

    def __reduce__(self):
        import os

        return os.system, ("touch /tmp/this-file-must-never-exist", *self.given)


def tiny_shapes():
    """The tiny model of crate/checkpoint/tests/common, in the same order."""
    shapes = [
        ("vision_model.embeddings.class_embedding", [8]),
        ("vision_model.embeddings.patch_embedding.weight", [8, 3, 2, 2]),
        ("vision_model.embeddings.position_embedding.weight", [5, 8]),
        ("vision_model.pre_layrnorm.weight", [8]),
        ("vision_model.pre_layrnorm.bias", [8]),
        ("vision_model.post_layernorm.weight", [8]),
        ("vision_model.post_layernorm.bias", [8]),
        ("visual_projection.weight", [6, 8]),
        ("text_model.embeddings.token_embedding.weight", [11, 8]),
        ("text_model.embeddings.position_embedding.weight", [5, 8]),
        ("text_model.final_layer_norm.weight", [8]),
        ("text_model.final_layer_norm.bias", [8]),
        ("text_projection.weight", [6, 8]),
        ("logit_scale", []),
    ]
    for tower in ("vision_model", "text_model"):
        for name, shape in (
            ("self_attn.k_proj", [8, 8]),
            ("self_attn.out_proj", [8, 8]),
            ("self_attn.q_proj", [8, 8]),
            ("self_attn.v_proj", [8, 8]),
            ("mlp.fc1", [12, 8]),
            ("mlp.fc2", [8, 12]),
        ):
            shapes.append((f"{tower}.encoder.layers.0.{name}.weight", shape))
            shapes.append((f"{tower}.encoder.layers.0.{name}.bias", shape[:1]))
        for norm in ("layer_norm1", "layer_norm2"):
            shapes += [(f"{tower}.encoder.layers.0.{norm}.{kind}", [8]) for kind in ("weight", "bias")]
    return shapes


def tiny():
    """Number i of tensor n is n + i / 1000."""
    state = collections.OrderedDict()
    for index, (name, shape) in enumerate(tiny_shapes()):
        count = int(numpy.prod(shape))
        values = numpy.float32(index) + numpy.arange(count, dtype=numpy.float32) / numpy.float32(1000)
        state[name] = torch.from_numpy(values.astype(numpy.float32)).reshape(shape)
    state["text_model.embeddings.position_ids"] = torch.arange(5).expand((1, -1))
    return state


def open_clip(state):
    renamed = collections.OrderedDict()
    rules = [
        ("vision_model.embeddings.patch_embedding", "visual.conv1"),
        ("vision_model.embeddings.position_embedding.weight", "visual.positional_embedding"),
        ("vision_model.embeddings.", "visual."),
        ("vision_model.pre_layrnorm", "visual.ln_pre"),
        ("vision_model.post_layernorm", "visual.ln_post"),
        ("text_model.embeddings.position_embedding.weight", "positional_embedding"),
        ("text_model.embeddings.position_ids", ""),
        ("text_model.embeddings.", ""),
        ("text_model.final_layer_norm", "ln_final"),
        ("vision_model.encoder.layers", "visual.transformer.resblocks"),
        ("text_model.encoder.layers", "transformer.resblocks"),
        ("layer_norm", "ln_"),
        ("self_attn", "attn"),
        ("fc1", "c_fc"),
        ("fc2", "c_proj"),
    ]
    for name, tensor in state.items():
        if any(part in name for part in ("q_proj", "k_proj", "v_proj")):
            continue
        if name in ("visual_projection.weight", "text_projection.weight"):
            # A transposed view, which torch saves with its strides.
            renamed["visual.proj" if name.startswith("visual") else "text_projection"] = tensor.t()
            continue
        for old_name, new_name in rules:
            name = name.replace(old_name, new_name)
        if name:
            renamed[name] = tensor
    for tower, prefix in (("vision_model", "visual.transformer"), ("text_model", "transformer")):
        for kind in ("weight", "bias"):
            parts = [state[f"{tower}.encoder.layers.0.self_attn.{part}_proj.{kind}"] for part in "qkv"]
            renamed[f"{prefix}.resblocks.0.attn.in_proj_{kind}"] = torch.cat(parts)
    renamed["attn_mask"] = torch.full((5, 5), float("-inf")).triu_(1)
    return renamed


def models():
    state = tiny()
    torch.save(state, OUT / "tiny.pt")
    torch.save(state, OUT / "tiny_legacy.pt", _use_new_zipfile_serialization=False)
    wrapped = {"epoch": 3, "state_dict": collections.OrderedDict((f"module.{name}", one) for name, one in state.items())}
    torch.save(wrapped, OUT / "tiny_wrapped.pt")
    torch.save({f"model.{name}": one for name, one in state.items()}, OUT / "tiny_model_prefix.pt")
    averaged = {f"model.{name}": one + 1 for name, one in state.items() if one.is_floating_point()}
    torch.save({**averaged, **state}, OUT / "tiny_averaged.pt")
    openai = open_clip(state)
    openai["input_resolution"], openai["context_length"] = torch.tensor(4), torch.tensor(5)
    openai["vocab_size"] = torch.tensor(11)
    torch.save(openai, OUT / "tiny_openai.pt")
    for name, dtype in (("f16", torch.float16), ("bf16", torch.bfloat16), ("f64", torch.float64)):
        cast = {key: one.to(dtype) if one.is_floating_point() else one for key, one in state.items()}
        torch.save(cast, OUT / f"tiny_{name}.pt")
    # One storage for all tensors, as with flattened parameters.
    flat = torch.cat([one.reshape(-1) for one in state.values() if one.is_floating_point()])
    position, views = 0, {}
    for name, one in state.items():
        if one.is_floating_point():
            views[name] = flat[position : position + one.numel()].view(one.shape)
            position += one.numel()
    torch.save(views, OUT / "tiny_flat.pt")
    names = list(state)
    halves = (names[: len(names) // 2], names[len(names) // 2 :])
    files = [f"pytorch_model-{index + 1:05}-of-00002.bin" for index in range(2)]
    folder = OUT / "sharded"
    folder.mkdir(exist_ok=True)
    for file, half in zip(files, halves):
        torch.save({name: state[name] for name in half}, folder / file)
    index = {"metadata": {"total_size": 1}, "weight_map": {n: f for f, half in zip(files, halves) for n in half}}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index))


OUT.mkdir(parents=True, exist_ok=True)
# As published in LAION's aesthetic-predictor (MIT; the licence is in the same folder), saved by
# another version of PyTorch.
expect("heads/sa_0_4_vit_b_32_linear.pth")
containers()
wrappers()
storages()
machines()
old()
rewritten()
refused()
models()
(OUT / "expected.json").write_text(json.dumps(expected, separators=(",", ":")).replace('},"', '},\n"') + "\n")
print(f"{len(expected)} files, torch {torch.__version__}, numpy {numpy.__version__}", file=sys.stderr)
