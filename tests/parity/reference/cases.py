"""What Pillow decodes from `fixtures/pixels/cases`, files reduced from public bug reports.

    python tests/parity/reference/cases.py      # writes tests/parity/fixtures/pixels/cases.json
"""

import json
import warnings
import zlib
from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).parent.parent / "fixtures" / "pixels" / "cases"


def verdict(path):
    try:
        image = Image.open(path).convert("RGB")
        return [image.width, image.height, zlib.crc32(image.tobytes())]
    except Exception:
        return "refused"


warnings.simplefilter("ignore")
lines = ",\n".join(json.dumps({"name": path.name, "expected": verdict(path)}) for path in sorted(FOLDER.iterdir()))
FOLDER.with_suffix(".json").write_text(f"[\n{lines}\n]\n")
