"""WebP files of Pillow, and damaged ones. See `pack.py`."""

import io, random
import numpy as np
from PIL import Image
from pack import group, load, readable
rng=np.random.default_rng(3); r=random.Random(6)
def photo(w,h,c=3):
    a=rng.integers(0,256,(max(2,h//7),max(2,w//7),c),dtype=np.uint8)
    return Image.fromarray(a).resize((w,h),Image.BICUBIC)
def ok():
    for w,h in [(1,1),(7,5),(33,31),(101,77),(16,16),(2,40)]:
        rgb=photo(w,h); rgba=photo(w,h,4)
        for q in (1,30,75,90,100):
            for m in (0,4,6):
                o=io.BytesIO(); rgb.save(o,"webp",quality=q,method=m); yield f"l-{w}x{h}-{q}-{m}.webp",o.getvalue()
                o=io.BytesIO(); rgba.save(o,"webp",quality=q,method=m); yield f"la-{w}x{h}-{q}-{m}.webp",o.getvalue()
                o=io.BytesIO(); rgba.save(o,"webp",quality=q,method=m,lossless=True,exact=True); yield f"x-{w}x{h}-{q}-{m}.webp",o.getvalue()
        for ll in (False,True):
            o=io.BytesIO(); rgb.save(o,"webp",save_all=True,append_images=[photo(w,h)],lossless=ll); yield f"an-{w}x{h}-{ll}.webp",o.getvalue()
            o=io.BytesIO(); rgba.save(o,"webp",save_all=True,append_images=[photo(w,h,4)],lossless=ll); yield f"ana-{w}x{h}-{ll}.webp",o.getvalue()
group("webp-ok", ok())
def damage():
    names=[n for n in readable("webp-ok") if any(size in n for size in ("33x31", "7x5"))]
    for n in r.sample(names,60):
        d=load("webp-ok", n)
        for k in range(12):
            b=bytearray(d); at=r.choice([r.randrange(len(b)),r.randrange(4,min(len(b),40))]); b[at]=r.choice([r.randrange(256),b[at]^(1<<r.randrange(8)),0,255]); yield f"f{k}-{n}",bytes(b)
        for k in range(4): yield f"c{k}-{n}", d[:r.randrange(6,len(d))]
        yield f"t-{n}", d+b"junk"
group("webp-damage", damage())
