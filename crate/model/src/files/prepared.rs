//! Image files as the vision tower reads them, kept in memory for the following models.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use pickscore_common::regular::read_regular;
use pickscore_pixels::{PixelError, Pixels, Processor};
#[cfg(feature = "parallel")]
use rayon::prelude::*;

use super::error::FileError;
use crate::scorer::ImageCache;

/// Maximum size of an image file in bytes. 100 megapixels of uncompressed 16-bit RGBA take 800 MB.
pub const LARGEST_FILE: u64 = 1 << 30;
/// Maximum size of kept images in bytes.
const MOST: usize = 1 << 30;

/// The SHA-256 of a file.
pub(super) type Hash = [u8; 32];
type ByHash = HashMap<Hash, Arc<Pixels>>;

/// Prepared images, at most 1 GB of them. Images beyond that are read again for each model.
#[derive(Debug)]
pub struct Prepared<'a> {
    files: &'a [PathBuf],
    /// The SHA-256 of each file that was read.
    hashes: Vec<Option<Hash>>,
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
    pub(super) hash: Hash,
    pub(super) pixels: Arc<Pixels>,
}

impl<'a> Prepared<'a> {
    /// Nothing of these files has been read.
    pub fn new(files: &'a [PathBuf]) -> Self {
        Self { files, hashes: vec![None; files.len()], kept: Vec::new(), bytes: 0, most: MOST, keeps: false }
    }

    /// Sets whether more models follow. If not, no further images are kept.
    pub fn set_keeps(&mut self, keeps: bool) {
        self.keeps = keeps;
    }

    /// The hash of a file, if it has been read.
    pub(super) fn hash(&self, file: usize) -> Option<Hash> {
        self.hashes[file]
    }

    /// Files, prepared for a model, or why they cannot be read. They are read and decoded on all
    /// cores with the feature `parallel`.
    pub(super) fn get(&mut self, processor: &Processor, files: &[usize]) -> Vec<Result<Content, FileError>> {
        let way = self.way(processor);
        let mut contents: Vec<Option<Result<Content, FileError>>> =
            files.iter().map(|&file| self.take_kept(way, file).map(Ok)).collect();
        let missing: Vec<usize> = (0..files.len()).filter(|&place| contents[place].is_none()).collect();
        let prepare = |&place: &usize| prepare(&self.files[files[place]], processor);
        #[cfg(feature = "parallel")]
        let prepared: Vec<_> = missing.par_iter().map(prepare).collect();
        #[cfg(not(feature = "parallel"))]
        let prepared: Vec<_> = missing.iter().map(prepare).collect();
        for (place, prepared) in missing.into_iter().zip(prepared) {
            contents[place] = Some(prepared.and_then(|(hash, pixels)| {
                self.hashes[files[place]] = Some(hash);
                let content = Content { hash, pixels: Arc::new(pixels?) };
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
        let hash = self.hashes[file]?;
        let pixels = self.kept[way].1.get(&hash)?;
        Some(Content { hash, pixels: Arc::clone(pixels) })
    }

    fn keep(&mut self, way: usize, content: &Content) {
        let bytes = size_of_val(content.pixels.values.as_slice());
        if self.keeps && self.bytes.saturating_add(bytes) <= self.most {
            let kept = self.kept[way].1.insert(content.hash, Arc::clone(&content.pixels));
            self.bytes += if kept.is_none() { bytes } else { 0 };
        }
    }
}

/// Reads an image file of at most [`LARGEST_FILE`] bytes.
///
/// # Errors
///
/// If the file cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    read_regular(path, LARGEST_FILE).map_err(|error| FileError::Unreadable(Arc::new(error)))
}

/// The hash and the pixels of a file.
fn prepare(path: &Path, processor: &Processor) -> Result<(Hash, Result<Pixels, PixelError>), FileError> {
    let bytes = read(path)?;
    Ok((ImageCache::key(&bytes), processor.pixels(&bytes)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{
        super::tests::{FIXTURES, scorer},
        *,
    };

    /// The files are deleted after the first model, so what the second one gets was kept.
    #[test]
    fn images_are_kept_within_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        let scorer = scorer(folder.path());
        let files: Vec<PathBuf> = ["photo.png", "edges.png", "noise.png", "photo.png"]
            .into_iter()
            .enumerate()
            .map(|(at, name)| {
                let file = folder.path().join(at.to_string());
                fs::copy(Path::new(FIXTURES).join(name), &file).unwrap();
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
