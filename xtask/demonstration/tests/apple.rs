//! What a person would try first: "a red apple" finds the red apple, in every style that the model
//! knows, in newly drawn files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use pickscore::{
    PickScore,
    scorer::{DeviceChoice, OpenOptions},
};

/// The training styles, and the kept-out one.
const STYLES: [&str; 7] =
    ["noto", "noto-v1", "fluent-emoji", "fluent-emoji-flat", "fxemoji", "emojione", "twemoji"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// An emoji as a PNG file, drawn by the command.
fn render(folder: &Path, style: &str, emoji: &str) -> Vec<u8> {
    let file = folder.join(format!("{style} {emoji}.png"));
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("node_modules");
    let run = Command::new(env!("CARGO_BIN_EXE_pickscore-demonstration"))
        .arg("render")
        .arg("--packages")
        .arg(packages)
        .args(["--style", style, "--emoji", emoji, "--size", "224", "--out"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    fs::read(file).unwrap()
}

/// The same image, blurred.
fn blurred(png: &[u8]) -> Vec<u8> {
    let picture = image::load_from_memory(png).unwrap().to_rgb8();
    let mut out = Vec::new();
    image::imageops::blur(&picture, 14.0)
        .write_to(&mut std::io::Cursor::new(&mut out), image::ImageFormat::Png)
        .unwrap();
    out
}

#[test]
fn a_red_apple() {
    let options = OpenOptions { device: DeviceChoice::Cpu, ..OpenOptions::default() };
    let model = root().join("www/public/models/pickscore-tiny");
    let scorer = PickScore::open(&model, &options).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for style in STYLES {
        let red = render(folder.path(), style, "red apple");
        let others = [
            ("a car", render(folder.path(), style, "automobile")),
            ("a green apple", render(folder.path(), style, "green apple")),
            ("a blurred red apple", blurred(&red)),
        ];
        let images: Vec<&[u8]> =
            std::iter::once(&red).chain(others.iter().map(|(_, image)| image)).map(Vec::as_slice).collect();
        let scores: Vec<f32> = pollster::block_on(scorer.score("a red apple", &images))
            .unwrap()
            .into_iter()
            .map(Result::unwrap)
            .collect();
        println!("{style}: {scores:?}");
        let above = others.iter().zip(&scores[1..]).filter(|(_, score)| **score >= scores[0]);
        wrong.extend(above.map(|((what, _), _)| format!("{style}: {what} above the red apple: {scores:?}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
