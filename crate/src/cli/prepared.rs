//! Image files as the vision tower reads them, kept in memory for the following models.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use rayon::prelude::*;

use super::load;
use crate::{
    pixels::{PixelError, Pixels, Processor},
    preference::image_uid,
};

/// Maximum size of kept images in bytes.
const MOST: usize = 1 << 30;

type ByHash = HashMap<Arc<str>, Arc<Pixels>>;

/// Prepared images, within [`MOST`] bytes. Images beyond that are read again for each model.
pub(super) struct Prepared<'a> {
    files: &'a [PathBuf],
    /// The SHA-256 of each file that was read.
    hashes: Vec<Option<Arc<str>>>,
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
    pub(super) hash: Arc<str>,
    pub(super) pixels: Arc<Pixels>,
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
    pub(super) fn hash(&self, file: usize) -> Option<&Arc<str>> {
        self.hashes[file].as_ref()
    }

    /// Files, prepared for a model, or why they cannot be read. They are read and decoded on all
    /// cores.
    pub(super) fn get(&mut self, processor: &Processor, files: &[usize]) -> Vec<Result<Content, String>> {
        let way = self.way(processor);
        let mut contents: Vec<Option<Result<Content, String>>> =
            files.iter().map(|&file| self.take_kept(way, file).map(Ok)).collect();
        let missing: Vec<usize> = (0..files.len()).filter(|&place| contents[place].is_none()).collect();
        let prepare = |&place: &usize| read(&self.files[files[place]], processor);
        let prepared: Vec<_> = missing.par_iter().map(prepare).collect();
        for (place, prepared) in missing.into_iter().zip(prepared) {
            contents[place] = Some(prepared.and_then(|(hash, pixels)| {
                let hash: Arc<str> = hash.into();
                self.hashes[files[place]] = Some(Arc::clone(&hash));
                let pixels = Arc::new(pixels.map_err(|error| error.to_string())?);
                let content = Content { hash, pixels };
                self.keep(way, &content);
                Ok(content)
            }));
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
        Some(Content { hash: Arc::clone(hash), pixels: Arc::clone(pixels) })
    }

    fn keep(&mut self, way: usize, content: &Content) {
        let bytes = size_of_val(content.pixels.values.as_slice());
        if self.keeps && self.bytes.saturating_add(bytes) <= self.most {
            let kept = self.kept[way].1.insert(Arc::clone(&content.hash), Arc::clone(&content.pixels));
            self.bytes += if kept.is_none() { bytes } else { 0 };
        }
    }
}

/// The hash and the pixels of a file, or why it cannot be read.
fn read(path: &Path, processor: &Processor) -> Result<(String, Result<Pixels, PixelError>), String> {
    let bytes = load::read(path)?;
    Ok((image_uid(&bytes), processor.pixels(&bytes)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use pickscore_generate::{Convention, Dtype, write_directory};

    use super::*;
    use crate::{
        PickScore,
        scorer::{DeviceChoice, OpenOptions},
    };

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
            prepared.get(scorer.processor(), &[0, 1, 2, 3]).into_iter().map(Result::unwrap).collect();
        assert_eq!((prepared.bytes, &first[0].hash), (prepared.most, &first[3].hash));
        files.iter().for_each(|file| fs::remove_file(file).unwrap());
        let again = prepared.get(scorer.processor(), &[0, 1, 2, 3]);
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
