//! Image files as the vision tower reads them, kept in memory for the following models.

use std::{collections::HashMap, path::PathBuf, rc::Rc};

use super::load;
use crate::{
    PickScore,
    pixels::{Pixels, Processor},
    preference::image_uid,
};

/// Maximum size of kept images in bytes.
const MOST: usize = 1 << 30;

type ByHash = HashMap<Rc<str>, Rc<Pixels>>;

/// Prepared images, within [`MOST`] bytes. Images beyond that are read again for each model.
pub(super) struct Prepared<'a> {
    files: &'a [PathBuf],
    /// The SHA-256 of each file that was read.
    hashes: Vec<Option<Rc<str>>>,
    /// The kept images of each way of preparing them, by hash.
    kept: Vec<(Processor, ByHash)>,
    bytes: usize,
    /// Maximum of `bytes`.
    most: usize,
    /// Whether more models follow.
    keeps: bool,
}

/// A file's content.
pub(super) struct Content {
    pub(super) hash: Rc<str>,
    pub(super) pixels: Rc<Pixels>,
}

impl<'a> Prepared<'a> {
    pub(super) fn new(files: &'a [PathBuf]) -> Self {
        Self { files, hashes: vec![None; files.len()], kept: Vec::new(), bytes: 0, most: MOST, keeps: false }
    }

    /// Sets whether more models follow. If not, no further images are kept.
    pub(super) fn set_keeps(&mut self, keeps: bool) {
        self.keeps = keeps;
    }

    /// The hash of a file, if it has been read.
    pub(super) fn hash(&self, file: usize) -> Option<&Rc<str>> {
        self.hashes[file].as_ref()
    }

    /// Files, prepared for a model, or why they cannot be read.
    pub(super) fn get(&mut self, scorer: &PickScore, files: &[usize]) -> Vec<Result<Content, String>> {
        let way = self.way(scorer.processor());
        let mut contents: Vec<Option<Result<Content, String>>> =
            files.iter().map(|&file| self.take_kept(way, file).map(Ok)).collect();
        let (mut places, mut encoded) = (Vec::new(), Vec::new());
        for (place, &file) in files.iter().enumerate() {
            if contents[place].is_some() {
                continue;
            }
            match load::read(&self.files[file]) {
                Ok(bytes) => {
                    let hash: Rc<str> = image_uid(&bytes).into();
                    self.hashes[file] = Some(Rc::clone(&hash));
                    places.push((place, hash));
                    encoded.push(bytes);
                }
                Err(reason) => contents[place] = Some(Err(reason)),
            }
        }
        let encoded: Vec<&[u8]> = encoded.iter().map(Vec::as_slice).collect();
        for ((place, hash), pixels) in places.into_iter().zip(scorer.pixels_of(&encoded)) {
            let content = pixels.map(|pixels| Content { hash, pixels: Rc::new(pixels) });
            if let Ok(content) = &content {
                self.keep(way, content);
            }
            contents[place] = Some(content.map_err(|error| error.to_string()));
        }
        contents.into_iter().flatten().collect()
    }

    /// The place of a way of preparing images.
    fn way(&mut self, processor: &Processor) -> usize {
        if let Some(way) = self.kept.iter().position(|(known, _)| known == processor) {
            return way;
        }
        self.kept.push((processor.clone(), HashMap::new()));
        self.kept.len() - 1
    }

    fn take_kept(&mut self, way: usize, file: usize) -> Option<Content> {
        let hash = self.hashes[file].as_ref()?;
        let pixels = self.kept[way].1.get(hash)?;
        Some(Content { hash: Rc::clone(hash), pixels: Rc::clone(pixels) })
    }

    fn keep(&mut self, way: usize, content: &Content) {
        let bytes = size_of_val(content.pixels.values.as_slice());
        if self.keeps && self.bytes.saturating_add(bytes) <= self.most {
            let kept = self.kept[way].1.insert(Rc::clone(&content.hash), Rc::clone(&content.pixels));
            self.bytes += if kept.is_none() { bytes } else { 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use pickscore_generate::{Convention, Dtype, write_directory};

    use super::*;
    use crate::scorer::{DeviceChoice, OpenOptions};

    const MODEL: &str = r#"{
        "projection_dim": 12,
        "text_config": {"hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 1, "intermediate_size": 16},
        "vision_config": {"hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 1,
                          "intermediate_size": 32, "image_size": 32, "patch_size": 8}
    }"#;

    /// The files are deleted after the first model, so what the second one gets was kept.
    #[test]
    fn images_are_kept_within_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        write_directory(&folder.path().join("model"), MODEL, Convention::HuggingFace, 5, Dtype::F32, 1)
            .unwrap();
        let options = OpenOptions { device: DeviceChoice::Cpu, ..OpenOptions::default() };
        let scorer = PickScore::open(&folder.path().join("model"), &options).unwrap();
        let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/parity/fixtures/pixels/files");
        let files: Vec<PathBuf> = ["photo.png", "edges.png", "noise.png", "photo.png"]
            .into_iter()
            .enumerate()
            .map(|(at, name)| {
                let file = folder.path().join(at.to_string());
                fs::copy(format!("{fixtures}/{name}"), &file).unwrap();
                file
            })
            .collect();
        let mut prepared = Prepared::new(&files);
        // Two images of 3 × 32 × 32 values.
        prepared.most = 2 * 3 * 32 * 32 * 4;
        prepared.set_keeps(true);
        let first: Vec<Content> =
            prepared.get(&scorer, &[0, 1, 2, 3]).into_iter().map(Result::unwrap).collect();
        assert_eq!((prepared.bytes, &first[0].hash), (prepared.most, &first[3].hash));
        files.iter().for_each(|file| fs::remove_file(file).unwrap());
        let again = prepared.get(&scorer, &[0, 1, 2, 3]);
        assert_eq!(again.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false, true]);
        for (again, first) in again.iter().zip(&first) {
            assert!(again.as_ref().map_or(true, |again| again.pixels == first.pixels));
        }
        // Kept for this way of preparing images only.
        let processor = Processor::hps(32);
        let way = prepared.way(&processor);
        assert!(prepared.take_kept(way, 0).is_none());
    }
}
