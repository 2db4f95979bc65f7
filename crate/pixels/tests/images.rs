//! Files that are damaged, hostile or not images.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use pickscore_pixels::{Format, Limits, Picture, PixelError, decode};
use proptest::prelude::*;

/// Records the largest allocation, to test that a header's claim allocates nothing.
struct Counting;

static LARGEST: AtomicUsize = AtomicUsize::new(0);

#[allow(unsafe_code, reason = "an allocator is unsafe by its trait")]
// SAFETY: both functions forward to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller upholds the system allocator's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller upholds the system allocator's contract.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller upholds the system allocator's contract.
        unsafe { System.alloc_zeroed(layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn fixtures() -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/parity/fixtures/pixels/files");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect();
    files.sort();
    files
}

fn fixture(name: &str) -> Vec<u8> {
    fixtures().into_iter().find(|(path, _)| path.ends_with(name)).unwrap().1
}

fn refusal(bytes: &[u8]) -> PixelError {
    decode(bytes, &Limits::default()).unwrap_err()
}

#[test]
fn an_empty_file() {
    assert_eq!(refusal(b""), PixelError::Empty);
}

#[test]
fn other_kinds_are_named() {
    for (bytes, expected) in [
        (&b"<svg xmlns"[..], "SVG or other XML"),
        (b"<!DOCTYPE html>", "a web page"),
        (b"%PDF-1.7", "PDF"),
        (b"\0\0\0\x18ftypmp42", "a video"),
    ] {
        assert_eq!(refusal(bytes), PixelError::OtherFormat { found: expected });
    }
    assert_eq!(refusal(b"hello"), PixelError::NoImage);
    assert_eq!(refusal(b"\x89PN"), PixelError::NoImage);
}

#[test]
fn a_converter_is_named_for_formats_that_have_one() {
    for (bytes, found, extension) in [
        (&b"\0\0\0\x1cftypavif\0\0\0\0"[..], "AVIF", "avif"),
        (b"\0\0\0\x1cftypavis\0\0\0\0", "AVIF", "avif"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif", "AVIF", "avif"),
        (b"\0\0\0\x18ftypheic", "HEIC", "heic"),
        (b"\0\0\0\x18ftypheix", "HEIC", "heic"),
        (b"\0\0\0\x18ftyphevc", "HEIC", "heic"),
        (b"\0\0\0\x18ftypheim", "HEIC", "heic"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC", "heic"),
        (b"\xff\x0a\x00", "JPEG XL", "jxl"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL", "jxl"),
        (b"8BPS\0\x01", "a Photoshop document", "psd"),
    ] {
        assert_eq!(refusal(bytes), PixelError::Convertible { found, extension });
    }
    assert_eq!(
        refusal(b"\0\0\0\x1cftypavif\0\0\0\0").to_string(),
        "the image is AVIF, which is not read here; convert it to PNG, for example with ImageMagick: magick \
         image.avif image.png"
    );
}

/// A truncated file is refused, unless only its trailer is missing.
#[test]
fn truncated_files_are_refused_or_whole() {
    let mut cuts = 0;
    for (path, bytes) in fixtures() {
        let whole = decode(&bytes, &Limits::default()).unwrap();
        let strict = matches!(Format::of(&bytes).unwrap(), Format::Jpeg | Format::WebP);
        // Every prefix of small files, a hundred prefixes of others.
        let step = (bytes.len() / 100).max(1);
        for end in (0..bytes.len()).step_by(step) {
            cuts += 1;
            match decode(&bytes[..end], &Limits::default()) {
                Err(_) => {}
                Ok(_) if strict => panic!("{} of {} bytes of {}", end, bytes.len(), path.display()),
                Ok(image) => assert_eq!(image, whole, "{} bytes of {}", end, path.display()),
            }
        }
    }
    assert!(cuts > 10_000);
}

/// A header that claims a huge image is refused before anything is allocated for it.
#[test]
fn bombs_cost_nothing() {
    let be = |x: u32| x.to_be_bytes();
    let mut png = fixture("photo.png");
    png[16..24].copy_from_slice(&[be(50_000), be(50_000)].concat());
    let crc = crc32fast::hash(&png[12..29]);
    png[29..33].copy_from_slice(&be(crc));
    let mut jpeg = fixture("photo-75.jpg");
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
    let mut gif = fixture("photo.gif");
    gif[6..10].copy_from_slice(&[0xff; 4]);
    let mut bmp = fixture("photo.bmp");
    bmp[18..26].copy_from_slice(&[60_000u32.to_le_bytes(), 60_000u32.to_le_bytes()].concat());
    let mut webp = fixture("photo-75.webp");
    let at = webp.windows(3).position(|bytes| bytes == [0x9d, 0x01, 0x2a]).unwrap() + 3;
    webp[at..at + 4].copy_from_slice(&[0xff, 0x3f, 0xff, 0x3f]);
    for (bytes, name) in [(png, "png"), (jpeg, "jpeg"), (gif, "gif"), (bmp, "bmp"), (webp, "webp")] {
        LARGEST.store(0, Ordering::Relaxed);
        let error = refusal(&bytes);
        assert!(matches!(error, PixelError::TooLarge { .. }), "{name}: {error}");
        assert!(error.to_string().ends_with("expected at most 100000000 in all"), "{error}");
        // Other tests of this file decode small images at the same time.
        assert!(LARGEST.load(Ordering::Relaxed) < 16 << 20, "{name}: {}", LARGEST.load(Ordering::Relaxed));
    }
}

#[test]
fn the_limit_is_the_callers() {
    let bytes = fixture("photo.png");
    let error = decode(&bytes, &Limits { max_pixels: 101 * 77 - 1 }).unwrap_err();
    assert_eq!(error, PixelError::TooLarge { width: 101, height: 77, most: 7776 });
    assert!(decode(&bytes, &Limits { max_pixels: 101 * 77 }).is_ok());
}

#[test]
fn images_without_pixels() {
    let mut bmp = fixture("photo.bmp");
    bmp[18..26].fill(0);
    assert_eq!(refusal(&bmp), PixelError::NoPixels { width: 0, height: 0 });
    let limits = Limits::default();
    assert!(matches!(Picture::from_rgb(0, 5, vec![], &limits), Err(PixelError::NoPixels { .. })));
}

#[test]
fn images_of_the_wrong_length() {
    let error = Picture::from_rgba(2, 2, &[0; 15], &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "15 bytes were given for 2 × 2 pixels of 4 bytes; expected 16");
    assert!(Picture::from_rgb(usize::MAX, 2, vec![], &Limits::default()).is_err());
}

/// Compressed text and profiles are never inflated, whatever their size.
#[test]
fn expanding_chunks_are_skipped() {
    let png = fixture("photo.png");
    let mut packed = b"name\0\0".to_vec();
    packed.extend(miniz_oxide::deflate::compress_to_vec_zlib(&vec![0; 64 << 20], 9));
    for kind in [b"iCCP", b"zTXt"] {
        let mut bomb = png[..33].to_vec();
        bomb.extend((packed.len() as u32).to_be_bytes());
        bomb.extend(kind);
        bomb.extend(&packed);
        let mut crc = crc32fast::Hasher::new();
        crc.update(kind);
        crc.update(&packed);
        bomb.extend(crc.finalize().to_be_bytes());
        bomb.extend(&png[33..]);
        assert_eq!(decode(&bomb, &Limits::default()), decode(&png, &Limits::default()));
    }
}

#[test]
fn damage_says_which_format_and_why() {
    let mut png = fixture("photo.png");
    let middle = png.len() / 2;
    png[middle] ^= 0xff;
    let message = refusal(&png).to_string();
    assert!(message.starts_with("the image cannot be decoded as PNG: "), "{message}");
    let jpeg = fixture("photo-75.jpg");
    let message = refusal(&jpeg[..jpeg.len() - 2]).to_string();
    assert_eq!(message, "the image cannot be decoded as JPEG: the file is truncated");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn damaged_files_never_panic(file in 0usize..120, at in any::<prop::sample::Index>(), bytes in prop::collection::vec(any::<u8>(), 1..5)) {
        let files = fixtures();
        let mut image = files[file % files.len()].1.clone();
        let at = at.index(image.len());
        for (offset, byte) in bytes.iter().enumerate() {
            if let Some(target) = image.get_mut(at + offset) {
                *target = *byte;
            }
        }
        let _ = decode(&image, &Limits { max_pixels: 1_000_000 });
    }

    #[test]
    fn any_bytes_after_a_magic_never_panic(magic in 0usize..6, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let magics: [&[u8]; 6] = [b"II*\0\x08\0\0\0", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b"GIF89a", b"BM"];
        let _ = decode(&[magics[magic], &bytes].concat(), &Limits { max_pixels: 1_000_000 });
    }
}
