"""Images of every kind, and the output of Pillow and transformers' CLIPImageProcessor for them.

    python tests/parity/reference/pixels.py      # writes tests/parity/fixtures/pixels/

`files/` contains the encoded images, `index.json` describes the expected results, and
`expected.bin` (deflated) contains the expected levels, concatenated. For each file, these are the
image after `convert("RGB")` [height, width, 3] and the crop [size, size, 3]. For each formula,
whose image the test computes itself, they are only the crop.
"""

import io
import json
import random
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import rows_first  # noqa: F401
from PIL import Image, ImageCms, ImageDraw, ImageFilter
from transformers import CLIPImageProcessor

OUT = Path(__file__).parent.parent / "fixtures" / "pixels"
FILES = OUT / "files"
Image.MAX_IMAGE_PIXELS = None


def crop(image, size):
    # Where the layout is guessed, heights of 1 and 3 are mistaken for channels.
    processor = CLIPImageProcessor(size={"shortest_edge": size}, crop_size=size, do_rescale=False, do_normalize=False)
    levels = processor(image, input_data_format="channels_last", return_tensors="np").pixel_values[0]
    assert levels.dtype == np.uint8
    return levels.transpose(1, 2, 0)


def formula(width, height):
    """Smooth enough to look at, rough enough to reveal errors; `tests/parity/pixels.rs` has the
    same formula.
    """
    x = np.arange(width, dtype=np.int64)[None, :, None]
    y = np.arange(height, dtype=np.int64)[:, None, None]
    c = np.arange(3, dtype=np.int64)[None, None, :]
    smooth = x * (3 + c) + y * (5 - c)
    rough = ((x * 73 + y * 151 + c * 199) * 2654435761 >> 16) & 63
    return (((smooth // 4) + rough) & 255).astype(np.uint8)


def noise(rng, width, height):
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


def photo(rng, width, height):
    small = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    image = Image.fromarray(small).resize((width, height), Image.BICUBIC)
    grain = rng.normal(0, 3, (height, width, 3))
    return Image.fromarray(np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8))


def edges(rng, width, height):
    image = Image.new("RGB", (width, height), (250, 248, 240))
    draw = ImageDraw.Draw(image)
    for _ in range(25):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        color = tuple(int(v) for v in rng.integers(0, 256, 3))
        draw.line([x, y, int(rng.integers(0, width)), int(rng.integers(0, height))], fill=color, width=int(rng.integers(1, 4)))
        draw.ellipse([x, y, x + 9, y + 7], fill=color)
    return image


CONTENT = {"noise": noise, "photo": photo, "edges": edges}


def png16(array, color):
    """A 16-bit PNG of any colour type, which Pillow itself does not write."""
    height, width = array.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 16, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def png_bits(array, bits, color, palette=None, interlaced=False):
    """A PNG with few bits per sample, plain or interlaced (Adam7)."""
    height, width = array.shape[:2]
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)] if interlaced else [(0, 0, 1, 1)]
    data = b""
    for x, y, dx, dy in passes:
        part = array[y::dy, x::dx]
        if not part.size:
            continue
        for row in part:
            if bits == 8:
                packed = row.astype(np.uint8).tobytes()
            else:
                spread = ((row[:, None] >> np.arange(bits - 1, -1, -1)) & 1).astype(np.uint8).reshape(-1)
                packed = np.packbits(spread).tobytes()
            data += b"\0" + packed

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    out = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, int(interlaced)))
    if palette is not None:
        out += chunk(b"PLTE", bytes(palette))
    return out + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def bmp(width, height, bits, rows, masks=None, top_down=False, compression=0, palette=b"", header=40):
    pixels = b"".join(rows if top_down else rows[::-1]) if isinstance(rows, list) else rows
    extra = struct.pack("<III", *masks) if masks else b""
    offset = 14 + header + len(extra) + len(palette)
    info = struct.pack("<IiiHHIIiiII", header, width, -height if top_down else height, 1, bits, compression, len(pixels), 2835, 2835,
                       len(palette) // 4, 0)
    return b"BM" + struct.pack("<IHHI", offset + len(pixels), 0, 0, offset) + info + extra + palette + pixels


def pad4(row):
    return row + b"\0" * (-len(row) % 4)


def encode(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def rle8(array):
    out = b""
    for y in range(array.shape[0] - 1, -1, -1):
        row, x = array[y], 0
        while x < len(row):
            run = 1
            while x + run < len(row) and run < 255 and row[x + run] == row[x]:
                run += 1
            out += bytes([run, int(row[x])])
            x += run
        out += b"\0\0"
    return out + b"\0\1"


def cases(rng):
    pictures = {name: make(rng, 101, 77) for name, make in CONTENT.items()}
    base = pictures["photo"]
    alpha = Image.fromarray(rng.integers(0, 256, (77, 101), dtype=np.uint8))
    rgba = base.copy()
    rgba.putalpha(alpha)
    holes = base.copy()
    holes.putalpha(alpha.point(lambda v: 255 if v > 128 else 0))
    exif = Image.Exif()
    exif[0x0112] = 6
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

    for name, image in pictures.items():
        yield f"{name}.png", encode(image, "png")
        yield f"{name}-lossless.webp", encode(image, "webp", lossless=True)
        yield f"{name}.bmp", encode(image, "bmp")
        yield f"{name}.gif", encode(image.quantize(256), "gif")
        for quality in (30, 75, 95):
            yield f"{name}-{quality}.jpg", encode(image, "jpeg", quality=quality)
            yield f"{name}-{quality}.webp", encode(image, "webp", quality=quality)
    for sampling, text in ((0, "444"), (1, "422"), (2, "420")):
        yield f"photo-{text}.jpg", encode(base, "jpeg", quality=90, subsampling=sampling)
        yield f"photo-{text}-progressive.jpg", encode(base, "jpeg", quality=90, subsampling=sampling, progressive=True)
        yield f"edges-{text}.jpg", encode(pictures["edges"], "jpeg", quality=90, subsampling=sampling)
    yield "photo-411.jpg", encode(base, "jpeg", quality=90, subsampling="4:1:1")
    yield "photo-restart.jpg", encode(base, "jpeg", quality=90, restart_marker_blocks=4)
    yield "photo-optimized.jpg", encode(base, "jpeg", quality=90, optimize=True)
    yield "grey.jpg", encode(base.convert("L"), "jpeg", quality=90)
    yield "grey-progressive.jpg", encode(base.convert("L"), "jpeg", quality=90, progressive=True)
    yield "rgb-kept.jpg", encode(base, "jpeg", quality=90, keep_rgb=True)
    yield "turned-by-exif.jpg", encode(base, "jpeg", quality=90, exif=exif)
    yield "profile.jpg", encode(base, "jpeg", quality=90, icc_profile=srgb)
    cmyk = base.convert("CMYK")
    yield "cmyk.jpg", encode(cmyk, "jpeg", quality=95)
    # The same inks without Adobe's marker, so that decoders do not invert them.
    bare = encode(cmyk, "jpeg", quality=95)
    at = bare.find(b"\xff\xee")
    yield "cmyk-plain.jpg", bare[:at] + bare[at + 2 + struct.unpack(">H", bare[at + 2 : at + 4])[0] :]
    # The same samples declared as YCCK by Adobe's marker.
    at = bare.find(b"Adobe")
    yield "ycck.jpg", bare[: at + 11] + b"\x02" + bare[at + 12 :]

    yield "rgba.png", encode(rgba, "png")
    yield "grey.png", encode(base.convert("L"), "png")
    yield "grey-alpha.png", encode(rgba.convert("LA"), "png")
    yield "palette.png", encode(base.quantize(64), "png")
    yield "palette-transparent.png", encode(base.quantize(64), "png", transparency=3)
    yield "palette-alphas.png", encode(base.quantize(16), "png", transparency=bytes(range(0, 256, 16)))
    yield "grey-transparent.png", encode(base.convert("L"), "png", transparency=100)
    yield "rgb-transparent.png", encode(base, "png", transparency=(1, 2, 3))
    yield "turned-by-exif.png", encode(base, "png", exif=exif)
    yield "profile.png", encode(base, "png", icc_profile=srgb)
    yield "gamma.png", encode(base, "png").replace(b"IDAT", b"IDAT")
    yield "one-bit.png", encode(base.convert("1"), "png")
    for bits in (1, 2, 4, 8):
        grey = rng.integers(0, 2**bits, (45, 61))
        colors = rng.integers(0, 256, 3 * 2**bits).tolist()
        for interlaced in (False, True):
            text = "-interlaced" if interlaced else ""
            yield f"grey-{bits}{text}.png", png_bits(grey, bits, 0, interlaced=interlaced)
            yield f"palette-{bits}{text}.png", png_bits(grey, bits, 3, colors, interlaced=interlaced)
    wide = rng.integers(0, 65536, (45, 61, 4))
    wide[:8] = rng.integers(0, 300, (8, 61, 4))
    for name, color, channels in (("grey", 0, 1), ("grey-alpha", 4, 2), ("rgb", 2, 3), ("rgba", 6, 4)):
        yield f"{name}-16.png", png16(wide[:, :, :channels], color)
    frames = [pictures["photo"], pictures["edges"]]
    yield "animated.png", encode(frames[0], "png", save_all=True, append_images=frames[1:], duration=100)

    yield "alpha.webp", encode(rgba, "webp", quality=80)
    yield "alpha-lossless.webp", encode(rgba, "webp", lossless=True)
    yield "alpha-exact.webp", encode(holes, "webp", lossless=True, exact=True)
    yield "holes.webp", encode(holes, "webp", quality=80)
    yield "palette.webp", encode(base.quantize(12).convert("RGB"), "webp", lossless=True)
    yield "metadata.webp", encode(base, "webp", quality=80, exif=exif, icc_profile=srgb)
    yield "animated.webp", encode(frames[0], "webp", save_all=True, append_images=frames[1:], duration=100, lossless=True)
    yield "animated-lossy.webp", encode(frames[0], "webp", save_all=True, append_images=frames[1:], duration=100, quality=80)
    yield "animated-holes.webp", encode(holes, "webp", save_all=True, append_images=[rgba], duration=100, lossless=True)

    few = base.quantize(7)
    yield "few.gif", encode(few, "gif")
    yield "interlaced.gif", encode(base.quantize(128), "gif", interlace=1)
    yield "transparent.gif", encode(base.quantize(32), "gif", transparency=5)
    yield "grey.gif", encode(base.convert("L"), "gif")
    yield "one-bit.gif", encode(base.convert("1"), "gif")
    yield "animated.gif", encode(frames[0].quantize(64), "gif", save_all=True, append_images=[frames[1].quantize(64)], duration=100)
    # A frame smaller than its canvas, and one that extends beyond it.
    small = encode(base.quantize(64), "gif", transparency=9)
    bare_small = encode(base.quantize(64), "gif")
    yield "canvas-larger.gif", small[:6] + struct.pack("<HH", 130, 99) + small[10:]
    yield "canvas-larger-opaque.gif", bare_small[:6] + struct.pack("<HH", 130, 99) + bare_small[10:]
    at = bare_small.find(b",\0\0\0\0" + struct.pack("<HH", 101, 77))
    yield "frame-moved.gif", bare_small[:6] + struct.pack("<HH", 120, 90) + bare_small[10 : at + 1] + struct.pack("<HH", 11, 6) + bare_small[at + 5 :]
    yield "frame-beyond.gif", bare_small[:6] + struct.pack("<HH", 50, 40) + bare_small[10:]

    array = np.asarray(base)
    rows24 = [pad4(row[:, ::-1].tobytes()) for row in array]
    yield "top-down.bmp", bmp(101, 77, 24, rows24, top_down=True)
    yield "32.bmp", bmp(101, 77, 32, [np.dstack([row[None, :, ::-1], np.zeros((1, 101, 1), np.uint8)])[0].tobytes() for row in array])
    yield "32-alpha.bmp", encode(rgba, "bmp")
    grey = rng.integers(0, 256, (77, 101), dtype=np.uint8)
    colors = b"".join(bytes(rng.integers(0, 256, 3).tolist()) + b"\0" for _ in range(256))
    yield "palette-8.bmp", bmp(101, 77, 8, [pad4(row.tobytes()) for row in grey], palette=colors)
    yield "rle-8.bmp", bmp(101, 77, 8, rle8(grey // 32 * 8), palette=colors, compression=1)
    nibbles = grey // 16
    nibbles = np.concatenate([nibbles, np.zeros((77, 1), np.uint8)], axis=1)
    yield "palette-4.bmp", bmp(101, 77, 4, [pad4((row[::2] * 16 + row[1::2]).astype(np.uint8).tobytes()) for row in nibbles], palette=colors[:64])
    yield "palette-1.bmp", bmp(101, 77, 1, [pad4(np.packbits(row > 127).tobytes()) for row in grey], palette=colors[:8])
    wide = rng.integers(0, 65536, (77, 101), dtype=np.uint16)
    yield "555.bmp", bmp(101, 77, 16, [pad4((row & 0x7FFF).astype("<u2").tobytes()) for row in wide])
    yield "565.bmp", bmp(101, 77, 16, [pad4(row.astype("<u2").tobytes()) for row in wide], masks=(0xF800, 0x7E0, 0x1F), compression=3)
    yield "grey.bmp", encode(base.convert("L"), "bmp")
    yield "one-bit.bmp", encode(base.convert("1"), "bmp")

    for width, height in ((1, 1), (2, 1), (1, 2), (3, 3), (7, 300), (300, 7), (224, 224), (225, 224), (224, 223)):
        yield f"size-{width}x{height}.png", encode(Image.fromarray(formula(width, height)), "png")
    yield "odd-17x13.jpg", encode(photo(rng, 17, 13), "jpeg", quality=90)
    yield "tiny-1x1.jpg", encode(photo(rng, 1, 1), "jpeg", quality=90)
    yield "odd-17x13.webp", encode(photo(rng, 17, 13), "webp", quality=90)
    yield "tiny-1x1.webp", encode(photo(rng, 1, 1), "webp", quality=90)


LOSSY = ("-30.", "-75.", "-95.", ".jpg", "alpha.webp", "holes.webp", "metadata.webp", "lossy.webp", "odd-17x13.webp", "tiny-1x1.webp")
LOSSLESS = ("animated-holes.webp",)


def formulas():
    rng = random.Random(11)
    sizes = [(1, 1), (1, 2), (2, 1), (3, 5), (31, 32), (32, 31), (32, 32), (33, 32), (32, 33), (63, 65), (64, 64), (1, 3000), (3000, 1), (2, 5000),
             (10000, 1), (1, 10000), (10000, 3), (7, 10000), (640, 480), (1920, 1080), (1080, 1920), (6000, 4000), (10000, 8000), (8000, 10000)]
    sizes += [(rng.randint(1, 700), rng.randint(1, 700)) for _ in range(60)]
    out = [(size, 32) for size in sizes]
    return out + [((512, 768), 224), ((1024, 1024), 224), ((100, 60), 224), ((333, 777), 64), ((640, 480), 336)]


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    FILES.mkdir(parents=True)
    rng = np.random.default_rng(20230502)
    index, levels = {"files": [], "formulas": []}, []
    for name, data in cases(rng):
        (FILES / name).write_bytes(data)
        size = 224 if name in ("photo.png", "photo-75.jpg", "photo-75.webp", "size-300x7.png") else 32
        opened = Image.open(io.BytesIO(data))
        mode = opened.mode
        image = opened.convert("RGB")
        lossy = name.endswith(LOSSY) or any(part in name for part in LOSSY[:3])
        index["files"].append({"name": name, "mode": mode, "width": image.width, "height": image.height, "size": size,
                               "lossy": lossy and name not in LOSSLESS})
        levels += [np.asarray(image).tobytes(), crop(Image.open(io.BytesIO(data)), size).tobytes()]
    for (width, height), size in formulas():
        index["formulas"].append({"width": width, "height": height, "size": size})
        levels.append(crop(Image.fromarray(formula(width, height)), size).tobytes())
    whole = CLIPImageProcessor()(Image.open(FILES / "photo.png"), return_tensors="np").pixel_values[0]
    (OUT / "photo.f32").write_bytes(zlib.compress(whole.astype("<f4").tobytes(), 9))
    (OUT / "index.json").write_text(json.dumps(index, indent=0) + "\n")
    (OUT / "expected.bin").write_bytes(zlib.compress(b"".join(levels), 9))
    total = sum(path.stat().st_size for path in OUT.rglob("*") if path.is_file())
    print(len(index["files"]), "files,", len(index["formulas"]), "formulas,", total, "bytes")


if __name__ == "__main__":
    main()
