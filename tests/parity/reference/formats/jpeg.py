"""JPEG files of Pillow, `cjpeg`, imagecodecs and OpenCV, edited and damaged. See `pack.py`.

`cjpeg` is libjpeg-turbo's. Headers are edited, and data is damaged.
"""

import io, subprocess, random, itertools, struct
import numpy as np
from PIL import Image, ImageFilter
from pack import group, load, readable
rng = np.random.default_rng(7)
def photo(w,h,ch=3):
    a = rng.integers(0,256,(max(2,h//9),max(2,w//9),ch),dtype=np.uint8)
    ims=[Image.fromarray(a[...,i]).resize((w,h),Image.BICUBIC) for i in range(ch)]
    b=np.stack([np.asarray(i) for i in ims],-1).astype(int)+rng.integers(-12,13,(h,w,ch))
    return np.clip(b,0,255).astype(np.uint8)
def enc(im,**k):
    o=io.BytesIO(); im.save(o,"jpeg",**k); return o.getvalue()
def cj(im,*args):
    o=io.BytesIO(); im.save(o,"ppm")
    p=subprocess.run(["cjpeg",*args],input=o.getvalue(),capture_output=True)
    if p.returncode: print(args,p.stderr.decode()); return None
    return p.stdout
SIZES=[(1,1),(2,3),(7,5),(8,8),(9,17),(16,16),(17,16),(33,31),(64,48),(101,77),(3,40),(130,2),(4,4),(5,1)]
def pillow():
    for (w,h) in SIZES:
        rgb=Image.fromarray(photo(w,h)); l=rgb.convert("L"); cmyk=Image.fromarray(photo(w,h,4),"CMYK")
        for sub in (0,1,2,"4:1:1","4:4:0"):
            for prog in (0,1):
                for q in (20,75,95):
                    try: yield f"p-{w}x{h}-{str(sub).replace(':','')}-{prog}-{q}.jpg", enc(rgb,quality=q,subsampling=sub,progressive=bool(prog))
                    except Exception as e: print(sub,e)
        for prog in (0,1):
            yield f"l-{w}x{h}-{prog}.jpg", enc(l,quality=80,progressive=bool(prog))
            for sub in (0,1,2):
                yield f"cmyk-{w}x{h}-{prog}-{sub}.jpg", enc(cmyk,quality=80,progressive=bool(prog),subsampling=sub)
            yield f"rst-{w}x{h}-{prog}.jpg", enc(rgb,quality=80,progressive=bool(prog),restart_marker_blocks=3)
            yield f"rgb-{w}x{h}-{prog}.jpg", enc(rgb,quality=80,progressive=bool(prog),keep_rgb=True)
def noadobe(d):
    i=d.find(b"\xff\xee"); 
    if i<0: return d
    n=struct.unpack(">H",d[i+2:i+4])[0]; return d[:i]+d[i+2+n:]
def nojfif(d):
    i=d.find(b"\xff\xe0"); 
    if i<0: return d
    n=struct.unpack(">H",d[i+2:i+4])[0]; return d[:i]+d[i+2+n:]
def adobe(d,t):
    d=noadobe(d); return d[:2]+b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0"+bytes([t])+d[2:]
def ids(d,new):
    d=bytearray(d)
    i=next(i for i in range(len(d)-1) if d[i]==255 and d[i+1] in (0xc0,0xc1,0xc2,0xc9,0xca))
    n=d[i+9]; old=[d[i+10+3*k] for k in range(n)]
    for k in range(n): d[i+10+3*k]=new[k]
    # Every SOS marker.
    j=i
    while True:
        j=d.find(b"\xff\xda",j+2)
        if j<0: break
        m=d[j+4]
        for k in range(m):
            d[j+5+2*k]=new[old.index(d[j+5+2*k])]
    return bytes(d)
SAMP=["1x1","2x1","1x2","2x2","4x1","1x4","4x2","2x4","4x4","3x1","1x3","3x3","3x2","2x3","1x1,2x1,1x1","1x1,1x1,2x1","2x2,2x1,1x2","2x2,1x2,2x1","2x2,2x2,1x1","2x1,1x2,1x1","4x1,2x1,1x1","4x2,2x2,1x1","1x2,1x1,1x2","1x1,2x2,2x2","4x1,1x1,2x1", "3x2,1x1,1x1", "3x1,2x1,1x1","4x1,3x1,1x1","2x4,1x2,1x1","4x4,1x1,2x2"]
SCANS={
 "multi":"0;\n1;\n2;\n","multi2":"0;\n1,2;\n","two":"0,1;\n2;\n",
 "inc1":"0,1,2: 0-0, 0, 0;\n0: 1-5, 0, 2;\n","inc2":"0,1,2: 0-0, 0, 1;\n","inc3":"0,1,2:0-0,0,1;\n0:1-5,0,2;\n1:1-63,0,1;\n2:1-63,0,1;\n0:6-63,0,2;\n0:1-63,2,1;\n",
 "dc2":"0,1,2:0-0,0,2;\n0,1,2:0-0,2,1;\n0,1,2:0-0,1,0;\n","sep":"0:0-0,0,0;\n1:0-0,0,0;\n2:0-0,0,0;\n0:1-63,0,3;\n0:1-63,3,2;\n0:1-63,2,1;\n0:1-63,1,0;\n1:1-63,0,0;\n2:1-63,0,0;\n",
 "inc4":"0,1,2:0-0,0,0;\n0:1-2,0,0;\n1:1-9,0,0;\n",
}
def cjpegs():
    for (w,h) in [(1,1),(7,5),(17,16),(33,31),(64,48),(101,77),(3,40),(130,2),(16,16),(5,1),(2,2),(40,100)]:
        rgb=Image.fromarray(photo(w,h)); l=rgb.convert("L")
        for s in SAMP:
            for a in ([],["-progressive"],["-arithmetic"],["-arithmetic","-progressive"],["-rgb"]):
                if (w,h) not in [(33,31),(101,77),(3,40),(5,1),(130,2),(40,100)] and a!=[]: continue
                d=cj(rgb,"-quality","85","-sample",s,*a)
                if d: yield f"c-{w}x{h}-{s.replace(',','_')}-{''.join(a)}.jpg", d
        for k,v in SCANS.items():
            open("/tmp/px-scan.txt","w").write(v)
            for a in ([],["-arithmetic"]):
              for s in ("1x1","2x2","2x1"):
               for q in ("85","30"):
                d=cj(rgb,"-quality",q,"-sample",s,"-scans","/tmp/px-scan.txt",*a)
                if d: yield f"s-{w}x{h}-{s}-{k}-{q}{''.join(a)}.jpg", d
        for a in (["-grayscale"],["-grayscale","-progressive"],["-grayscale","-arithmetic"],["-grayscale","-arithmetic","-progressive"],["-restart","1"],["-restart","2B"],["-restart","3B","-progressive"],["-restart","5B","-arithmetic"],["-restart","5B","-arithmetic","-progressive"],["-dct","float"],["-dct","fast"],["-baseline","-quality","1"],["-quality","1"],["-quality","100"],["-optimize"]):
            d=cj(rgb,*a)
            if d: yield f"g-{w}x{h}-{'_'.join(a)}.jpg", d
        gs=cj(rgb,"-grayscale","-sample","2x2")
        if gs: yield f"g22-{w}x{h}.jpg", gs
def edits():
    for (w,h) in [(17,16),(33,31),(64,48)]:
        rgb=Image.fromarray(photo(w,h)); cmyk=Image.fromarray(photo(w,h,4),"CMYK"); l=rgb.convert("L")
        for prog in (False,True):
            for q in (90,):
                base=enc(rgb,quality=q,subsampling=2,progressive=prog); c=enc(cmyk,quality=q,progressive=prog); k=enc(rgb,quality=q,keep_rgb=True,progressive=prog); g=enc(l,progressive=prog)
                for nm,d in (("y",base),("c",c),("k",k),("g",g)):
                    t=f"{nm}-{w}x{h}-{int(prog)}"
                    yield t+"-noadobe.jpg", noadobe(d)
                    yield t+"-nojfif.jpg", nojfif(d)
                    yield t+"-none.jpg", nojfif(noadobe(d))
                    for a in (0,1,2,3,255):
                        yield t+f"-adobe{a}.jpg", adobe(d,a)
                        yield t+f"-nojfif-adobe{a}.jpg", adobe(nojfif(d),a)
                    n={"y":3,"k":3,"c":4,"g":1}[nm]
                    for new in (b"RGBA",b"\0\1\2\3",b"\1\2\3\4",b"\1\x22\x23\x24",b"rgbk",b"CMYK"):
                        for number, f in enumerate((nojfif,noadobe,lambda d:nojfif(noadobe(d)),lambda d:d)):
                            yield t+f"-ids{new.hex()}-{number}.jpg", ids(f(d),new[:n])
                    yield t+"-trail.jpg", d+b"garbage"*50
                    yield t+"-twice.jpg", d+d
                    yield t+"-tail1.jpg", d[:-1]
                    yield t+"-tail2.jpg", d[:-2]
                    yield t+"-tail3.jpg", d[:-3]
                    yield t+"-tail2x.jpg", d[:-2]+b"\xff"
                    yield t+"-tail2soi.jpg", d[:-2]+b"\xff\xd8"
                    yield t+"-tail2rst.jpg", d[:-2]+b"\xff\xd3"
                    yield t+"-tail2app.jpg", d[:-2]+b"\xff\xe1\0\x04ab"
                    yield t+"-tail2appeoi.jpg", d[:-2]+b"\xff\xe1\0\x04ab\xff\xd9"
                    yield t+"-lead.jpg", d[:2]+b"\xff\xff\xff"+d[2:]
                    yield t+"-junk.jpg", d[:2]+b"\xff\xfe\0\4ab"+b"junk"+d[2:]
                    yield t+"-mid.jpg", d[:len(d)//2]
                    yield t+"-mid-eoi.jpg", d[:len(d)//2]+b"\xff\xd9"
                    i=next(i for i in range(len(d)-1) if d[i]==255 and d[i+1] in (0xc0,0xc1,0xc2))
                    for pr in (7,9,12,16):
                        b=bytearray(d); b[i+4]=pr; yield t+f"-prec{pr}.jpg", bytes(b)
                    for m in range(0xc1,0xd0):
                        b=bytearray(d); b[i+1]=m; yield t+f"-sof{m:x}.jpg", bytes(b)
                    for hh in (0,1,h-1,h+1,h+20,h*3):
                        b=bytearray(d); b[i+5:i+7]=struct.pack(">H",hh); yield t+f"-h{hh}.jpg", bytes(b)
                    for ww in (0,1,w-1,w+1,w+20,w*3):
                        b=bytearray(d); b[i+7:i+9]=struct.pack(">H",ww); yield t+f"-w{ww}.jpg", bytes(b)
                    for s in (0x00,0x11,0x12,0x21,0x22,0x41,0x14,0x44,0x51,0x10,0x31):
                        b=bytearray(d); b[i+11]=s; yield t+f"-samp{s:x}.jpg", bytes(b)
                        if n>1:
                            b=bytearray(d); b[i+14]=s; yield t+f"-samp1{s:x}.jpg", bytes(b)
import imagecodecs
def ic():
    for (w,h) in [(17,16),(33,31)]:
        a=photo(w,h)
        for nm,kw in (("lossless",dict(lossless=True)),("l12",dict(bitspersample=12))):
            try:
                x=a if nm=="lossless" else a.astype(np.uint16)*16
                yield f"ic-{w}x{h}-{nm}.jpg", imagecodecs.jpeg8_encode(x,**kw)
                yield f"ic-{w}x{h}-{nm}-g.jpg", imagecodecs.jpeg8_encode(x[...,0].copy(),**kw)
            except Exception as e: print(nm,e)
        import cv2
        for f in (0x411111,0x420000+0x2121-0x2121+0x111111,):
            pass
        for p in ([cv2.IMWRITE_JPEG_QUALITY,77],[cv2.IMWRITE_JPEG_PROGRESSIVE,1],[cv2.IMWRITE_JPEG_RST_INTERVAL,2],[cv2.IMWRITE_JPEG_OPTIMIZE,1]):
            yield f"cv-{w}x{h}-{p[0]}.jpg", cv2.imencode(".jpg",a,p)[1].tobytes()

group("jpeg-ok", itertools.chain(pillow(), cjpegs(), ic()))
group("jpeg-edit", edits())
def damage():
    r=random.Random(3)
    bases={}
    for n in ["p-33x31-0-0-75","p-33x31-2-0-75","p-101x77-1-0-75","p-33x31-2-1-75","p-101x77-0-1-20","l-33x31-0","l-64x48-1","cmyk-33x31-0-0","cmyk-33x31-1-2","rst-33x31-0","rst-64x48-1","rst-101x77-0","p-33x31-411-0-75","p-64x48-2-1-95"]:
        bases[n]=load("jpeg-ok", f"{n}.jpg")
    for n in ["c-33x31-2x2--arithmetic","c-33x31-2x2--arithmetic-progressive","g-33x31--restart_5B_-arithmetic","s-33x31-2x2-multi-85","s-33x31-2x2-sep-85","s-33x31-2x2-inc3-85", "g-33x31--restart_5B_-arithmetic_-progressive"]:
        try: bases[n]=load("jpeg-ok", f"{n}.jpg")
        except Exception as e: print(e)
    for n,d in bases.items():
        sos=d.find(b"\xff\xda")
        for k in range(130):
            b=bytearray(d); at=r.randrange(2,len(b))
            if k%2: at=r.randrange(sos,len(b))
            b[at]=r.choice([r.randrange(256),b[at]^(1<<r.randrange(8)),255,0])
            yield f"d-{n}-flip{k}.jpg", bytes(b)
        for k in range(25):
            at=r.randrange(2,len(d)); yield f"d-{n}-del{k}.jpg", d[:at]+d[at+1:]
            at=r.randrange(2,len(d)); yield f"d-{n}-ins{k}.jpg", d[:at]+bytes([r.randrange(256)])+d[at:]
            at=r.randrange(2,len(d)); yield f"d-{n}-cut{k}.jpg", d[:at]
            at=r.randrange(2,len(d)); yield f"d-{n}-cuteoi{k}.jpg", d[:at]+b"\xff\xd9"
            at=r.randrange(2,len(d)); m=r.choice([0xd0,0xd1,0xd3,0xd7,0xd8,0xd9,0xda,0xc4,0xdb,0x01,0xe0]); yield f"d-{n}-mark{k}-{m:x}.jpg", d[:at]+bytes([255,m])+d[at+2:]
            at=r.randrange(sos,len(d)); q=r.randrange(2,60); yield f"d-{n}-hole{k}.jpg", d[:at]+d[at+q:]
group("jpeg-damage", damage())
