"""Makes Pillow 13 resample rows before columns, as every version up to 12.2 does.

Pillow 13 resamples the columns of tall images first, which rounds differently. The models were
trained and published with earlier versions.
"""

from PIL import Image

_resize = Image.Image.resize


def resize(self, size, resample=None, box=None, reducing_gap=None):
    """Resizes a whole image; `box` is the whole where Pillow calls this itself, with premultiplied
    colors of RGBA."""
    if self.mode not in ("1", "P", "LA", "RGBA"):
        self = _resize(self, (size[0], self.height), resample)
    return _resize(self, size, resample)


Image.Image.resize = resize
