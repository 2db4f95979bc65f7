"""GIF files with every palette, position and code size, and damaged ones. See `pack.py`."""

import io, random, struct
import numpy as np
from PIL import Image
from pack import group, load, readable
rng=np.random.default_rng(3); r=random.Random(6)
def lzw(data,bits,early_clear=0,noclear=False,noend=False,grow=True):
    clear=1<<bits; end=clear+1; out=[]; size=bits+1; nxt=end+1; tab={}
    def emit(c): out.append((c,size))
    if not noclear: emit(clear)
    s=None; cnt=0
    for b in data:
        if s is None: s=(b,); continue
        t=s+(b,)
        if t in tab: s=t; continue
        emit(tab[s] if len(s)>1 else s[0])
        if nxt<4096:
            tab[t]=nxt; nxt+=1
            if nxt-1==(1<<size) and size<12: size+=1
        elif grow: 
            emit(clear); tab={}; size=bits+1; nxt=end+1
        s=(b,); cnt+=1
        if early_clear and cnt%early_clear==0:
            pass
    if s: emit(tab[s] if len(s)>1 else s[0])
    if not noend: emit(end)
    acc=0;n=0;o=bytearray()
    for c,k in out:
        acc|=c<<n; n+=k
        while n>=8: o.append(acc&255); acc>>=8; n-=8
    if n: o.append(acc&255)
    return bytes(o)
def blocks(d,size=255,term=True):
    o=b""
    for i in range(0,len(d),size): o+=bytes([len(d[i:i+size])])+d[i:i+size]
    return o+(b"\0" if term else b"")
def gif(w,h,frames,gbits=None,gpal="rand",bg=0,trailer=True,ver=b"GIF89a",aspect=0):
    o=ver+struct.pack("<HHBBB",w,h,(0x80|(gbits-1)) if gbits else 0,bg,aspect)
    if gbits: o+=pal(1<<gbits,gpal)
    for f in frames: o+=f
    return o+(b";" if trailer else b"")
def pal(n,k): return b"".join((bytes([i&255]*3) if k=="grey" else rng.integers(0,256,3,dtype=np.uint8).tobytes()) for i in range(n))
def gce(t=None,disp=0): return b"!\xf9\x04"+bytes([(disp<<2)|(1 if t is not None else 0),0,0,t or 0])+b"\0"
def frame(x,y,w,h,bits,lbits=None,lpal="rand",inter=False,data=None,extra=b"",size=255,term=True,cs=None,**k):
    if data is None: data=rng.integers(0,1<<bits,w*h,dtype=np.uint16)
    if r.random()<.5: data=np.repeat(data,5)[:len(data)]
    o=b","+struct.pack("<HHHHB",x,y,w,h,(0x40 if inter else 0)|((0x80|(lbits-1)) if lbits else 0))
    if lbits: o+=pal(1<<lbits,lpal)
    return o+bytes([cs if cs is not None else max(2,bits)])+blocks(lzw([int(v) for v in data],max(2,bits),**k)+extra,size,term)
def ok():
    for w,h in [(1,1),(7,5),(33,31),(3,9),(64,2)]:
        for bits in (1,2,4,8):
            for inter in (0,1):
                for g in (None,bits,8):
                    for l in (None,bits):
                        for t in (None,0,1,200):
                            for gp in ("rand","grey"):
                                pre=gce(t) if t is not None else b""
                                yield f"g-{w}x{h}-{bits}-{inter}-{g}-{l}-{t}-{gp}.gif", gif(w,h,[pre+frame(0,0,w,h,bits,l,gp,bool(inter))],g,gp)
        for (x,y,fw,fh) in [(0,0,w,h),(1,1,w,h),(2,0,max(1,w-2),h),(0,0,w+3,h+2),(5,5,2,2),(0,1,max(1,w//2),max(1,h//2))]:
            for t in (None,3):
                for g in (None,4):
                    for l in (None,3):
                      for d in (0,2,3):
                        yield f"f-{w}x{h}-{x}.{y}.{fw}.{fh}-{t}-{g}-{l}-{d}.gif", gif(w,h,[(gce(t,d) if t is not None or d else b"")+frame(x,y,fw,fh,3,l), frame(0,0,w,h,3)],g)
        n=w*h
        for k,kw in {"noend":dict(noend=True),"noclear":dict(noclear=True),"nogrow":dict(grow=False),"extra":dict(extra=b"abcdef"),"size1":dict(size=1),"noterm":dict(term=False),"cs9":dict(cs=9),"cs12":dict(cs=12),"cs13":dict(cs=13),"cs1":dict(cs=1),"cs0":dict(cs=0),"cs2":dict(cs=2)}.items():
            for tr in (True,False):
                yield f"k-{w}x{h}-{k}-{int(tr)}.gif", gif(w,h,[frame(0,0,w,h,4,**kw)],4,trailer=tr)
        for m in (n-1,n+1,n+50,n//2,0):
            for inter in (0,1):
                yield f"len-{w}x{h}-{m-n}-{inter}.gif", gif(w,h,[frame(0,0,w,h,4,inter=bool(inter),data=rng.integers(0,16,max(0,m)))],4)
                yield f"lenne-{w}x{h}-{m-n}-{inter}.gif", gif(w,h,[frame(0,0,w,h,4,inter=bool(inter),noend=True,data=rng.integers(0,16,max(0,m)))],4)
        yield f"none-{w}.gif", gif(w,h,[],4)
        yield f"ext-{w}.gif", gif(w,h,[b"!\xfe\3abc\0", b"!\xff\x0bNETSCAPE2.0\3\1\0\0\0", b"!\x01\2ab\0", frame(0,0,w,h,4)],4)
        yield f"junk-{w}.gif", gif(w,h,[b"xyz", frame(0,0,w,h,4)],4)
        yield f"gce2-{w}.gif", gif(w,h,[gce(1),gce(None), frame(0,0,w,h,4)],4)
        yield f"zero-{w}.gif", gif(0,0,[frame(0,0,w,h,4)],4)
        yield f"zerof-{w}.gif", gif(w,h,[frame(0,0,0,0,4)],4)
        yield f"large-{w}.gif", gif(w,h,[frame(0,0,w,h,4,data=rng.integers(0,16,w*h))],2)
        im=Image.fromarray(rng.integers(0,256,(h,w,3),dtype=np.uint8))
        for q in (2,16,256):
            for it in (0,1):
                o=io.BytesIO(); im.quantize(q).save(o,"gif",interlace=it); yield f"pil-{w}x{h}-{q}-{it}.gif", o.getvalue()
    n=np.cumsum(rng.integers(-1,2,300*200)).astype(np.int64)%200
    yield "big.gif", gif(300,200,[frame(0,0,300,200,8,data=n)],8)
    yield "bigr.gif", gif(300,200,[frame(0,0,300,200,8)],8)
    yield "bigrn.gif", gif(300,200,[frame(0,0,300,200,8,grow=False)],8)
group("gif-ok", ok())
def damage():
    names=[n for n in readable("gif-ok") if any(size in n for size in ("33x31", "7x5"))]
    for n in r.sample(names,150):
        d=load("gif-ok", n)
        for k in range(14):
            b=bytearray(d); at=r.choice([r.randrange(len(b)),r.randrange(6,min(len(b),60)),r.randrange(max(6,len(b)-60),len(b))]); b[at]=r.choice([r.randrange(256),b[at]^(1<<r.randrange(8)),0,255]); yield f"f{k}-{n}",bytes(b)
        for k in range(4): yield f"c{k}-{n}", d[:r.randrange(6,len(d))]
        for k in range(3): yield f"e{k}-{n}", d[:len(d)-r.randrange(1,8)]
group("gif-damage", damage())
