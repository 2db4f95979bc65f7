"""TIFF files of Pillow and tifffile, and damaged ones. See `pack.py`."""

import io, itertools, random, struct, zlib
import numpy as np, tifffile
from PIL import Image
from pack import group, load, readable
rng=np.random.default_rng(5)
def arr(w,h,c,bits=8):
    shape=(h,w) if c==1 else (h,w,c)
    x=np.cumsum(rng.integers(-9,10,shape),axis=1)+rng.integers(0,256)
    if bits==16: x=x*200+rng.integers(0,200,shape); return (x%65536).astype(np.uint16)
    return (x%256).astype(np.uint8)
SZ=[(1,1),(7,5),(33,31),(101,77),(64,16)]
def pil():
    for w,h in SZ:
        rgb=Image.fromarray(arr(w,h,3))
        ims={"L":rgb.convert("L"),"RGB":rgb,"RGBA":Image.fromarray(arr(w,h,4),"RGBA"),"CMYK":Image.fromarray(arr(w,h,4),"CMYK"),"1":rgb.convert("1"),"P":rgb.quantize(200),"P16":rgb.quantize(13),"LA":Image.fromarray(arr(w,h,2),"LA"),"I16":Image.fromarray(arr(w,h,1,16)),"I":rgb.convert("L").convert("I"),"F":rgb.convert("L").convert("F"),"YCbCr":rgb.convert("YCbCr"),"LAB":None,"I16big":Image.fromarray(arr(w,h,1,16)).convert("I")}
        for m,im in ims.items():
            if im is None: continue
            for c in (None,"tiff_lzw","tiff_deflate","tiff_adobe_deflate","packbits","group3","group4","tiff_ccitt","jpeg","zstd","lzma"):
                for big in (False,True):
                  for pred in (None,2):
                    if big and c not in (None,"tiff_lzw"): continue
                    if pred and c not in ("tiff_lzw","tiff_adobe_deflate"): continue
                    try:
                        o=io.BytesIO(); ti={317:pred} if pred else {}
                        im.save(o,"tiff",compression=c,big_tiff=big,tiffinfo=ti); yield f"p-{w}x{h}-{m}-{c}-{int(big)}-{pred}.tif",o.getvalue()
                    except Exception as e: pass
        for ori in range(0,10):
            for c in (None,"tiff_lzw"):
                o=io.BytesIO()
                try: rgb.save(o,"tiff",compression=c,tiffinfo={274:ori})
                except Exception: continue
                yield f"ori-{w}x{h}-{ori}-{c}.tif",o.getvalue()
        o=io.BytesIO(); rgb.save(o,"tiff",save_all=True,append_images=[ims["L"]]); yield f"multi-{w}x{h}.tif",o.getvalue()
def tf():
    for w,h in SZ:
        for bo in "<>":
            for big in (False,True):
                for comp in (None,"lzw","zlib","packbits","jpeg","zstd","deflate"):
                    for pred in (None,True):
                        for tile in (None,(16,16),(32,48)):
                            for rps in (None,1,7):
                                if tile and rps: continue
                                if big and (rps or tile or pred): continue
                                for kind in ("L","LW","RGB","RGBA","RGBa","RGBX","CMYK","L16","RGB16","RGBA16","CMYK16","P","LA","PRGB","PRGB16","PRGBA","PCMYK","S16","I32","F32","F32w","RGB5","YCC", "U32"):
                                    if pred and comp not in ("lzw","zlib"): continue
                                    if comp=="jpeg" and kind not in ("L","RGB","CMYK","YCC","RGBA","PRGB"): continue
                                    if (w,h)!=(33,31) and ((rps or big) or random.Random(str((w,h,bo,comp,pred,tile,kind))).random()<.6): continue
                                    kw=dict(byteorder=bo,bigtiff=big,compression=comp,predictor=pred,tile=tile,rowsperstrip=rps,metadata=None)
                                    ex={}
                                    try:
                                        if kind=="L": a=arr(w,h,1); ex=dict(photometric="minisblack")
                                        elif kind=="LW": a=arr(w,h,1); ex=dict(photometric="miniswhite")
                                        elif kind in("RGB","YCC"): a=arr(w,h,3); ex=dict(photometric="rgb" if kind=="RGB" else "ycbcr")
                                        elif kind=="RGB5": a=arr(w,h,5); ex=dict(photometric="rgb",extrasamples=("unspecified","unspecified"))
                                        elif kind in ("RGBA","RGBa","RGBX"): a=arr(w,h,4); ex=dict(photometric="rgb",extrasamples=({"RGBA":"unassalpha","RGBa":"assocalpha","RGBX":"unspecified"}[kind],))
                                        elif kind=="CMYK": a=arr(w,h,4); ex=dict(photometric="separated")
                                        elif kind=="L16": a=arr(w,h,1,16); ex=dict(photometric="minisblack")
                                        elif kind=="RGB16": a=arr(w,h,3,16); ex=dict(photometric="rgb")
                                        elif kind=="RGBA16": a=arr(w,h,4,16); ex=dict(photometric="rgb",extrasamples=("unassalpha",))
                                        elif kind=="CMYK16": a=arr(w,h,4,16); ex=dict(photometric="separated")
                                        elif kind=="P": a=arr(w,h,1); ex=dict(photometric="palette",colormap=rng.integers(0,65536,(3,256)).astype(np.uint16))
                                        elif kind=="LA": a=arr(w,h,2); ex=dict(photometric="minisblack",extrasamples=("unassalpha",),planarconfig="contig")
                                        elif kind=="PRGB": a=np.ascontiguousarray(arr(w,h,3).transpose(2,0,1)); ex=dict(photometric="rgb",planarconfig="separate")
                                        elif kind=="PRGB16": a=np.ascontiguousarray(arr(w,h,3,16).transpose(2,0,1)); ex=dict(photometric="rgb",planarconfig="separate")
                                        elif kind=="PRGBA": a=np.ascontiguousarray(arr(w,h,4).transpose(2,0,1)); ex=dict(photometric="rgb",planarconfig="separate",extrasamples=("unassalpha",))
                                        elif kind=="PCMYK": a=np.ascontiguousarray(arr(w,h,4).transpose(2,0,1)); ex=dict(photometric="separated",planarconfig="separate")
                                        elif kind=="S16": a=arr(w,h,1,16).astype(np.int16); ex=dict(photometric="minisblack")
                                        elif kind=="I32": a=(arr(w,h,1).astype(np.int32)*3-200); ex=dict(photometric="minisblack")
                                        elif kind=="U32": a=(arr(w,h,1).astype(np.uint32)*3); ex=dict(photometric="minisblack")
                                        elif kind=="F32": a=(arr(w,h,1).astype(np.float32)*1.3-20); ex=dict(photometric="minisblack")
                                        elif kind=="F32w": a=(arr(w,h,1).astype(np.float32)*1.3-20); ex=dict(photometric="miniswhite")
                                        o=io.BytesIO(); tifffile.imwrite(o,a,**kw,**ex)
                                        yield f"t-{w}x{h}-{'I' if bo=='<' else 'M'}{int(big)}-{comp}-{pred}-{tile and tile[0]}-{rps}-{kind}.tif",o.getvalue()
                                    except Exception as e:
                                        errs[str(e)[:60]]=errs.get(str(e)[:60],0)+1
errs={}
group("tiff-ok", itertools.chain(pil(),tf()))
def damage():
    r=random.Random(1)
    ok=[n for n in readable("tiff-ok") if "33x31" in n]
    for n in r.sample(ok,160):
        d=load("tiff-ok", n)
        for k in range(12):
            b=bytearray(d); at=r.choice([r.randrange(len(b)),r.randrange(min(len(b),16)),r.randrange(max(0,len(b)-300),len(b))]); b[at]=r.choice([r.randrange(256),b[at]^(1<<r.randrange(8)),0,255]); yield f"f{k}-{n}",bytes(b)
        for k in range(4):
            yield f"c{k}-{n}", d[:r.randrange(8,len(d))]
group("tiff-damage", damage())
