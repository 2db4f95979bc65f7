//! Hostile files, one test for each case. Reading them takes bounded time, and their valid parts
//! are still read.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use std::time::{Duration, Instant};

use common::{ASCII, USER_COMMENT, compressed, jpeg, jpeg_exif, plain, png, png_texts, tiff, webp};
use pickscore_metadata::Metadata;

const TEXT: &str = "a fox\nSteps: 5, Sampler: Euler a, CFG scale: 7, Seed: 1";

fn sound() -> (&'static [u8; 4], Vec<u8>) {
    plain("parameters", TEXT.as_bytes())
}

fn prompt(file: &[u8]) -> Option<String> {
    let start = Instant::now();
    let found = Metadata::of(file);
    // Generous, for a machine under load.
    assert!(start.elapsed() < Duration::from_secs(20));
    found?.prompt
}

#[test]
fn texts_that_decompress_to_too_much_together_are_skipped() {
    let long = vec![b'a'; 4 << 20];
    let mut chunks = vec![sound()];
    chunks.extend((0..60).map(|_| compressed("Comment", &long)));
    assert_eq!(prompt(&png(&chunks)).as_deref(), Some("a fox"));
}

#[test]
fn json_with_many_small_objects_is_skipped() {
    let text = format!("{{\"a\": [{}1]}}", "{\"a\":1},".repeat(500_000));
    let file = png_texts(&[("prompt", &text), ("Comment", &text), ("parameters", TEXT)]);
    assert_eq!(prompt(&file).as_deref(), Some("a fox"));
}

#[test]
fn graphs_with_thousands_of_samplers_switches_and_pipes_take_bounded_time() {
    let graph = |node: &dyn Fn(usize) -> String| {
        let nodes: Vec<String> =
            (0..15_000).map(|number| format!("\"{number}\": {}", node(number))).collect();
        png_texts(&[("prompt", &format!("{{{}}}", nodes.join(", ")))])
    };
    let next = |number: usize| (number + 1) % 15_000;
    let sampler = |number| {
        let next = next(number);
        format!(
            r#"{{"class_type": "KSampler", "inputs": {{"seed": {number}, "positive": ["{next}", 0], "latent_image": ["{next}", 0]}}}}"#
        )
    };
    let _ = prompt(&graph(&sampler));
    let _ = prompt(&graph(&|number| match number % 2 {
        0 => sampler(number),
        _ => format!(r#"{{"class_type": "SaveImage", "inputs": {{"images": ["{}", 0]}}}}"#, next(number)),
    }));
    let _ = prompt(&graph(&|number| match number {
        0 => sampler(number),
        _ => {
            let [one, two] = [next(number), next(next(number))];
            format!(
                r#"{{"class_type": "Switch Concat", "inputs": {{"ctx_1": ["{one}", 0], "ctx_2": ["{two}", 0], "conditioning_1": ["{one}", 0], "conditioning_2": ["{two}", 0], "select": ["{two}", 0]}}}}"#
            )
        }
    }));
}

#[test]
fn exif_with_offsets_outside_of_it() {
    let sound = tiff(true, &[(USER_COMMENT, ASCII, TEXT.as_bytes())], &[]);
    assert_eq!(prompt(&jpeg_exif(&sound)).as_deref(), Some("a fox"));
    for at in 0..sound.len().min(64) {
        for byte in [0, 1, 0x7f, 0xff] {
            let mut damaged = sound.clone();
            damaged[at] = byte;
            let _ = prompt(&jpeg_exif(&damaged));
        }
    }
    let mut cut = sound;
    while cut.pop().is_some() {
        let _ = prompt(&webp(&[(b"EXIF", &cut)]));
    }
}

#[test]
fn exif_directories_in_a_cycle() {
    // The second directory is the first one.
    let mut exif = b"II\x2a\0\x08\0\0\0\x02\0".to_vec();
    exif.extend(b"\x69\x87\x04\0\x01\0\0\0\x08\0\0\0");
    exif.extend(b"\x86\x92\x02\0\x10\0\0\0\xff\xff\xff\xff");
    exif.extend(b"\x08\0\0\0");
    assert_eq!(prompt(&jpeg_exif(&exif)), None);
}

#[test]
fn exif_with_a_thousand_fields_of_the_same_bytes() {
    let long = vec![b'a'; 60_000];
    let field = (USER_COMMENT, ASCII, long.as_slice());
    let exif = tiff(false, &vec![field; 400], &[]);
    assert_eq!(prompt(&webp(&[(b"EXIF", &exif)])), None);
}

#[test]
fn xmp_with_entities_is_skipped() {
    let mut document = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\">".to_owned();
    for level in 0..20 {
        let (name, of) = (char::from(b'b' + level), char::from(b'a' + level));
        document += &format!("<!ENTITY {name} \"&{of};&{of};&{of};&{of};&{of};&{of};&{of};&{of};\">");
    }
    document += "]><x xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:description>&u;</dc:description></x>";
    let file = png_texts(&[("XML:com.adobe.xmp", &document), ("parameters", TEXT)]);
    assert_eq!(prompt(&file).as_deref(), Some("a fox"));
}

#[test]
fn xmp_that_is_nested_too_deeply_is_skipped() {
    let document = "<a>".repeat(100_000);
    let closed = format!("{document}{}", "</a>".repeat(100_000));
    for packet in [document, closed, "<a/>".repeat(100_000), "<".repeat(100_000)] {
        let file =
            jpeg(&[(0xe1, [b"http://ns.adobe.com/xap/1.0/\0", &packet.as_bytes()[..60_000]].concat())]);
        assert_eq!(prompt(&file), None);
        let file = png_texts(&[("XML:com.adobe.xmp", &packet), ("parameters", TEXT)]);
        assert_eq!(prompt(&file).as_deref(), Some("a fox"));
    }
}

#[test]
fn xmp_with_too_many_attributes_or_namespaces_is_skipped() {
    let mut attributes = "<x".to_owned();
    let mut namespaces = String::new();
    for number in 0..100_000 {
        attributes += &format!(" a{number} = '1'");
        namespaces += &format!("<a xmlns:a{number}= 'x'>");
    }
    attributes += "/>";
    for packet in [attributes, namespaces] {
        let file = png_texts(&[("XML:com.adobe.xmp", &packet), ("parameters", TEXT)]);
        assert_eq!(prompt(&file).as_deref(), Some("a fox"));
    }
}

#[test]
fn jpeg_segments_that_claim_too_much_or_too_little() {
    for length in [[0, 0], [0, 1], [0xff, 0xff]] {
        let file = [b"\xff\xd8\xff\xe1".as_slice(), &length, b"Exif\0\0II"].concat();
        assert_eq!(prompt(&file), None);
    }
}

#[test]
fn webp_chunks_that_claim_too_much() {
    let sound = webp(&[(b"EXIF", &tiff(true, &[(USER_COMMENT, ASCII, TEXT.as_bytes())], &[]))]);
    assert_eq!(prompt(&sound).as_deref(), Some("a fox"));
    for at in 12..40 {
        let mut damaged = sound.clone();
        damaged[at] = 0xff;
        let _ = prompt(&damaged);
    }
}

#[test]
fn gif_blocks_that_end_early() {
    let file =
        [b"GIF89a\x01\0\x01\0\0\0\0!\xfe\x40".as_slice(), TEXT.as_bytes(), &[b' '; 9], b"\0;"].concat();
    for length in 0..=file.len() {
        let found = prompt(&file[..length]);
        assert_eq!(found.as_deref(), (length >= file.len() - 1).then_some("a fox"), "{length}");
    }
}

#[test]
fn heif_with_endless_items() {
    let of_box = |kind: &[u8; 4], content: &[u8]| {
        [&((content.len() + 8) as u32).to_be_bytes()[..], kind, content].concat()
    };
    let items =
        of_box(b"iinf", &[&[0, 0, 0, 0, 0, 1][..], &of_box(b"infe", b"\x02\0\0\0\0\x07\0\0Exif\0")].concat());
    // The maximum number of extents, all of size zero.
    let place = [b"\0\0\0\0\0\0\xff\xff".as_slice(), &b"\0\x01\0\0\xff\xff".repeat(20_000)].concat();
    let meta = of_box(b"meta", &[&[0; 4][..], &items, &of_box(b"iloc", &place)].concat());
    let file = [of_box(b"ftyp", b"avif\0\0\0\0avifmif1"), meta].concat();
    assert_eq!(prompt(&file), None);
    // An offset outside of the file.
    let place = b"\0\0\0\0\x44\0\0\x01\0\x07\0\0\0\x01\x7f\xff\xff\xff\x7f\xff\xff\xff";
    let meta = of_box(b"meta", &[&[0; 4][..], &items, &of_box(b"iloc", place)].concat());
    assert_eq!(prompt(&[of_box(b"ftyp", b"avif\0\0\0\0avifmif1"), meta].concat()), None);
}

#[test]
fn a_raw_profile_that_is_truncated_or_not_hexadecimal() {
    for text in [
        "",
        "\nexif\n",
        "\nexif\n   99999999999999999999\nff",
        "\nexif\n 8\nzz",
        "\nexif\n 4\n49492a",
        "\nexif\n 2\n4",
    ] {
        assert_eq!(prompt(&png_texts(&[("Raw profile type exif", text)])), None);
    }
}

/// Found by fuzzing: the file name of a path may be white space.
#[test]
fn a_blank_model_is_no_model() {
    let found = Metadata::of(&common::png_texts(&[
        ("prompt", "a fox"),
        ("seed", "7"),
        ("use_stable_diffusion_model", "C:\\\r\r"),
    ]));
    let found = found.unwrap();
    assert_eq!((found.prompt.as_deref(), found.model), (Some("a fox"), None));
}
