"""BMP files with every header, palette, mask and compression, and damaged ones. See `pack.py`."""

import io, random, struct, os
import numpy as np
from PIL import Image
from pack import group, load, readable
rng=np.random.default_rng(9); r=random.Random(4)
def enc(im,f,**k):
    o=io.BytesIO(); im.save(o,f,**k); return o.getvalue()
def mk(w,h,bits,header=40,comp=0,masks=None,pal=None,top=False,colors=0,data=None,offset=None,gap=b"",planes=1):
    stride=((w*bits+31)>>3)&~3
    if data is None: data=rng.integers(0,256,stride*h,dtype=np.uint8).tobytes()
    if header==12: info=struct.pack("<IHHHH",12,w,h,planes,bits)
    else:
        info=struct.pack("<IiiHHIIiiII",header,w,-h if top else h,planes,bits,comp,len(data),2835,2835,colors,0)
        m=b"".join(struct.pack("<I",x) for x in (masks or ()))
        info=info+(m if header>40 else b"")
        info=info[:header]+b"\0"*(header-len(info))
        if header==40: info+=m[:12]
    p=pal or b""
    off=14+len(info)+len(p)+len(gap)
    if offset is not None: off=offset
    return b"BM"+struct.pack("<IHHI",14+len(info)+len(p)+len(data),0,0,off)+info+p+gap+data
def pal(n,kind,size=4):
    out=b""
    for i in range(n):
        if kind=="grey": c=(i&255,)*3
        elif kind=="bw": c=((0,255)[i&1],)*3
        else: c=tuple(int(x) for x in rng.integers(0,256,3))
        out+=bytes(c)+(b"\0" if size==4 else b"")
    return out
def rle(w,h,four,short=False):
    out=b""
    n=0
    for y in range(h):
        x=0
        while x<w:
            k=r.randrange(5)
            if k==0 and w-x>3:
                c=r.randrange(3,min(40,w-x)+1); by=[r.randrange(256) for _ in range((c+1)//2 if four else c)]
                out+=bytes([0,c])+bytes(by)+(b"\0" if len(by)%2 else b""); x+=c
            elif k==1 and r.random()<.2:
                out+=bytes([0,2,r.randrange(0,4),r.randrange(0,2)]); x+=2
            elif k==2 and r.random()<.2: break
            else:
                c=r.randrange(1,60); out+=bytes([c,r.randrange(256)]); x+=c
        out+=b"\0\0"
        if short and r.random()<.1: break
    return out+b"\0\1"
def all_():
    for w,h in [(1,1),(7,5),(33,31),(64,9),(3,2),(8,8)]:
        for f in ("L","RGB","1","P","RGBA"):
            im=Image.fromarray(rng.integers(0,256,(h,w,4),dtype=np.uint8),"RGBA").convert(f)
            yield f"pil-{f}-{w}x{h}.bmp", enc(im,"bmp")
        for hd in (12,40,52,56,64,108,124,16,128):
            for bits in (1,2,4,8,16,24,32,0,3):
                for kind in ("grey","bw","rand"):
                    for top in (0,1):
                        n=1<<bits if bits<=8 else 0
                        if bits>8 and kind!="rand": continue
                        yield f"h{hd}-{bits}-{kind}-{top}-{w}x{h}.bmp", mk(w,h,bits,hd,pal=pal(n,kind,3 if hd==12 else 4),top=bool(top) and hd!=12)
        for hd in (40,52,56,108,124):
            for bits,ms in [(32,(0xff0000,0xff00,0xff,0)),(32,(0xff000000,0xff0000,0xff00,0)),(32,(0xff000000,0xff00,0xff,0)),(32,(0xff000000,0xff0000,0xff00,0xff)),(32,(0xff,0xff00,0xff0000,0xff000000)),(32,(0xff0000,0xff00,0xff,0xff000000)),(32,(0xff000000,0xff00,0xff,0xff0000)),(32,(0,0,0,0)),(32,(0x3ff,0xffc00,0x3ff00000,0)),(24,(0xff0000,0xff00,0xff,0)),(24,(0xff,0xff00,0xff0000,0)),(16,(0xf800,0x7e0,0x1f,0)),(16,(0x7c00,0x3e0,0x1f,0)),(16,(0xf00,0xf0,0xf,0)),(16,(0x7c00,0x3e0,0x1f,0x8000)),(8,(1,2,4,0))]:
                yield f"m{hd}-{bits}-{ms[0]:x}-{ms[1]:x}-{ms[3]:x}-{w}x{h}.bmp", mk(w,h,bits,hd,3,ms,pal=pal(256,"rand") if bits==8 else None)
        for colors in (1,2,3,5,16,100,255,256,257,300,65536,65537):
            for bits in (1,4,8):
                for kind in ("grey","rand","bw"):
                    for hd in (40,124):
                        if colors>300 and kind!="rand": continue
                        yield f"c{hd}-{colors}-{bits}-{kind}-{w}x{h}.bmp", mk(w,h,bits,hd,pal=pal(colors,kind),colors=colors)
        for four in (0,1):
            for k in range(12):
                for hd in (40,108):
                    bits=4 if four else 8
                    kind=("rand","grey","rand")[k%3]
                    yield f"r{hd}-{four}-{k}-{w}x{h}.bmp", mk(w,h,bits,hd,2 if four else 1,pal=pal(1<<bits,kind),data=rle(w,h,four,k>8),gap=b"\0" if k%4==0 else b"",top=k==7)
        yield f"rle-wrong-{w}.bmp", mk(w,h,24,40,1)
        for comp in (4,5,6,11): yield f"comp{comp}-{w}.bmp", mk(w,h,24,40,comp)
        yield f"off0-{w}.bmp", mk(w,h,8,40,pal=pal(256,"rand"),offset=0)
        yield f"off54-{w}.bmp", mk(w,h,8,40,pal=pal(256,"rand"),offset=54)
        yield f"off0-24-{w}.bmp", mk(w,h,24,40,offset=0)
        yield f"offbig-{w}.bmp", mk(w,h,24,40,offset=10**6)
        d=mk(w,h,24); 
        for c in (1,2,3,5,9): yield f"cut{c}-{w}.bmp", d[:-c]
group("bmp-ok", all_())
def damage():
    names=[n for n in readable("bmp-ok") if "33x31" in n]
    for n in r.sample(names,120):
        d=load("bmp-ok", n)
        for k in range(10):
            b=bytearray(d); at=r.choice([r.randrange(len(b)),r.randrange(2,min(len(b),140))]); b[at]=r.choice([r.randrange(256),b[at]^(1<<r.randrange(8)),0,255]); yield f"f{k}-{n}",bytes(b)
        for k in range(2): yield f"c{k}-{n}", d[:r.randrange(14,len(d))]
group("bmp-damage", damage())
