"""PNG files of every kind, with valid and invalid chunks, and damaged ones. See `pack.py`."""

import io, random, struct, zlib, itertools
import numpy as np
from PIL import Image, PngImagePlugin
from pack import group, load, readable
rng=np.random.default_rng(2); r=random.Random(8)
def ck(k,d,bad=0): return struct.pack(">I",len(d))+k+d+struct.pack(">I",zlib.crc32(k+d)^bad)
def rows(w,h,bits,color,inter=False,filt=None):
    ch={0:1,2:3,3:1,4:2,6:4}[color]
    ps=[(0,0,8,8),(4,0,8,8),(0,4,4,8),(2,0,4,4),(0,2,2,4),(1,0,2,2),(0,1,1,2)] if inter else [(0,0,1,1)]
    o=b""
    for x,y,dx,dy in ps:
        pw,ph=-(-(w-x)//dx),-(-(h-y)//dy)
        if pw<=0 or ph<=0: continue
        n=(pw*ch*bits+7)//8
        for _ in range(ph):
            f=r.randrange(5) if filt is None else filt
            o+=bytes([f])+rng.integers(0,256,n,dtype=np.uint8).tobytes()
    return o
def png(w,h,bits,color,inter=0,pre=(),post=(),pal=None,data=None,idat=1,end=True,filt=None,hdr=None):
    z=data if data is not None else zlib.compress(rows(w,h,bits,color,inter,filt))
    o=b"\x89PNG\r\n\x1a\n"+ck(b"IHDR",hdr or struct.pack(">IIBBBBB",w,h,bits,color,0,0,inter))
    if pal is None and color==3: pal=rng.integers(0,256,3*(1<<bits),dtype=np.uint8).tobytes()
    if pal: o+=ck(b"PLTE",pal)
    for p in pre: o+=p
    n=max(1,-(-len(z)//idat))
    for i in range(0,len(z),n): o+=ck(b"IDAT",z[i:i+n])
    for p in post: o+=p
    return o+(ck(b"IEND",b"") if end else b"")
COMB=[(1,0),(2,0),(4,0),(8,0),(16,0),(8,2),(16,2),(1,3),(2,3),(4,3),(8,3),(8,4),(16,4),(8,6),(16,6)]
def ok():
    for w,h in [(1,1),(7,5),(33,31),(3,2),(9,1),(5,8)]:
        for b,c in COMB:
            for i in (0,1):
                yield f"a-{w}x{h}-{b}-{c}-{i}.png", png(w,h,b,c,i)
                yield f"n-{w}x{h}-{b}-{c}-{i}.png", png(w,h,b,c,i,idat=7)
                tr=b"\0\1" if c==0 else b"\0\1\0\2\0\3" if c==2 else bytes(r.randrange(256) for _ in range(1<<b)) if c==3 else None
                if tr: yield f"tr-{w}x{h}-{b}-{c}-{i}.png", png(w,h,b,c,i,pre=[ck(b"tRNS",tr)])
        for n in (1,2,3,200): yield f"pal{n}-{w}x{h}.png", png(w,h,8,3,pal=rng.integers(0,256,3*n,dtype=np.uint8).tobytes())
        yield f"pal7b-{w}x{h}.png", png(w,h,8,3,pal=b"1234567")
        yield f"nopal-{w}x{h}.png", png(w,h,8,3,pal=b"")
        yield f"pal300-{w}x{h}.png", png(w,h,8,3,pal=bytes(900))
        yield f"rgbpal-{w}x{h}.png", png(w,h,8,2,pal=bytes(30))
def chunks():
    w,h=7,5
    Z=lambda n: zlib.compress(b"a"*n)
    cs={"gAMA":[b"\0\0\xb1\x8f",b"\0\0\0",b"",b"\0\0\0\0"],"cHRM":[bytes(32),bytes(31)],"sRGB":[b"\0",b"",b"\9"],"pHYs":[bytes(9),bytes(8)],"tEXt":[b"a\0b",b"ab",b"",b"\0x",b"\xff\0\xff"],"zTXt":[b"a\0\0"+Z(9),b"a\0\1"+Z(9),b"a",b"a\0\0junk",b"a\0",b"a\0\0"+Z(1<<20),b"a\0\0"+Z((1<<20)+1),b"a\0\0"+Z(3<<20)],"iTXt":[b"a\0\0\0\0\0hi",b"a\0\1\0\0\0"+Z(9),b"a\0\1\0\0\0"+Z(2<<20),b"a\0\1\1\0\0x",b"a",b"a\0\0\0\0\0\xff\xfe"],"iCCP":[b"a\0\0"+Z(9),b"a\0\1"+Z(9),b"abc",b"",b"a\0\0junk",b"a\0\0"+Z(2<<20),b"a\0"],"eXIf":[b"II*\0",b""],"tIME":[bytes(7),b""],"bKGD":[bytes(6),b""],"hIST":[b"12"],"sBIT":[bytes(3),bytes(9)],"sPLT":[b"x"],"acTL":[bytes(8),struct.pack(">II",2,0),b"1234"],"fcTL":[bytes(26),struct.pack(">IIIIIHHBB",0,7,5,0,0,1,1,0,0),struct.pack(">IIIIIHHBB",1,7,5,0,0,1,1,0,0),struct.pack(">IIIIIHHBB",0,8,5,0,0,1,1,0,0),struct.pack(">IIIIIHHBB",0,3,2,1,1,1,1,0,0),bytes(25)],"abCd":[b"x"],"AbCd":[b"x"],"ABCD":[b"x"],"tRNS":[b"",b"\0",b"\0\0",bytes(5),bytes(6),bytes(300)],"PLTE":[b"",bytes(3),bytes(768),b"abcd",bytes(900)],"IHDR":[struct.pack(">IIBBBBB",7,5,8,2,0,0,0),struct.pack(">IIBBBBB",3,2,8,2,0,0,0)],"1bcd":[b""],"a-cd":[b"x"],"fdAT":[b"\0\0\0\0abc"], "cICP":[bytes(4)],"mDCV":[bytes(24)],"cLLI":[bytes(8)],"dSIG":[b""],"CgBI":[bytes(4)]}
    for k,v in cs.items():
        for j,d in enumerate(v):
            for b,c in ((8,2),(8,3),(8,0),(16,0)):
                for bad in (0,1):
                    yield f"pre-{k}-{j}-{b}-{c}-{bad}.png", png(w,h,b,c,pre=[ck(k.encode(),d,bad)])
                    yield f"post-{k}-{j}-{b}-{c}-{bad}.png", png(w,h,b,c,post=[ck(k.encode(),d,bad)])
                yield f"twice-{k}-{j}-{b}-{c}.png", png(w,h,b,c,pre=[ck(k.encode(),d)]*2)
    for b,c in ((8,2),(8,3),(1,0),(16,6)):
        raw=rows(w,h,b,c); z=zlib.compress(raw)
        V={"short":zlib.compress(raw[:-1]),"short9":zlib.compress(raw[:-9]),"long":zlib.compress(raw+b"abc"),"noadler":z[:-4],"badadler":z[:-4]+b"abcd","halfadler":z[:-2],"trail":z+b"xyz","empty":b"","stored":zlib.compress(raw,0),"filter5":zlib.compress(b"\5"+raw[1:]),"filter9last":None,"cut":z[:len(z)//2],"gz":b"\x1f\x8b"+z,"nohdr":z[2:],"win":bytes([0x18,0x19])+z[2:],"badhdr":b"\x78\x9d"+z[2:],"dict":b"\x78\xbb"+b"\0\0\0\1"+z[2:]}
        for k,d in V.items():
            if d is None: continue
            for n in (1,5):
                if n>1 and len(d)<5: continue
                yield f"z-{k}-{b}-{c}-{n}.png", png(w,h,b,c,data=d,idat=n)
        good=png(w,h,b,c,data=z)
        yield f"noend-{b}-{c}.png", png(w,h,b,c,data=z,end=False)
        yield f"trailing-{b}-{c}.png", good+b"junk"
        i=good.find(b"IDAT"); n=struct.unpack(">I",good[i-4:i])[0]
        x=bytearray(good); x[i+4+n]^=1; yield f"idatcrc-{b}-{c}.png", bytes(x)
        x=bytearray(good); x[-1]^=1; yield f"iendcrc-{b}-{c}.png", bytes(x)
        yield f"split-{b}-{c}.png", png(w,h,b,c,data=z[:9],post=[ck(b"tEXt",b"a\0b"),ck(b"IDAT",z[9:])])
        yield f"zero-{b}-{c}.png", png(w,h,b,c,data=z,post=[ck(b"IDAT",b"")])
        yield f"idatlen-{b}-{c}.png", good[:i-4]+struct.pack(">I",n+5)+good[i:]
        yield f"idatlen2-{b}-{c}.png", good[:i-4]+struct.pack(">I",n-2)+good[i:]
    for hdr in [struct.pack(">IIBBBBB",7,5,b,c,m,f,i) for b in (0,1,3,8,16,32) for c in range(0,8) for m in (0,1) for f in (0,1) for i in (0,1,2)]:
        yield f"hdr-{hdr[8:].hex()}.png", png(7,5,8,2,hdr=hdr,data=zlib.compress(rows(7,5,16,6)))
    yield "ihdr14.png", png(7,5,8,2,hdr=struct.pack(">IIBBBBB",7,5,8,2,0,0,0)+b"x")
    yield "ihdr12.png", png(7,5,8,2,hdr=struct.pack(">IIBBBBB",7,5,8,2,0,0,0)[:12])
    yield "w0.png", png(7,5,8,2,hdr=struct.pack(">IIBBBBB",0,5,8,2,0,0,0))
    g=png(7,5,8,2); yield "firstnotihdr.png", g[:8]+ck(b"tEXt",b"a\0b")+g[8:]
group("png-ok", ok()); write("png-chunks",chunks())
def damage():
    names=[n for n in readable("png-ok") if any(size in n for size in ("33x31", "7x5"))]
    for n in r.sample(names,100):
        d=load("png-ok", n)
        for k in range(20):
            b=bytearray(d); at=r.choice([r.randrange(len(b)),r.randrange(8,60),r.randrange(len(b)-24,len(b))]); b[at]=r.choice([r.randrange(256),b[at]^(1<<r.randrange(8)),0,255]); yield f"f{k}-{n}",bytes(b)
        for k in range(5): yield f"c{k}-{n}", d[:r.randrange(8,len(d))]
        for k in range(4): yield f"e{k}-{n}", d[:len(d)-r.randrange(1,30)]
group("png-damage", damage())
