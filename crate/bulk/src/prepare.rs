//! Rows as models read them: prompts, and images that are decoded and resized.

use std::{
    collections::{HashMap, VecDeque},
    error::Error,
    fs, io,
    ops::Range,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use pickscore_common::regular::read_regular;
use pickscore_dataset::{
    DatasetError, IMAGE_BYTES,
    table::{TableImage, TableRow},
};
use pickscore_pixels::{Pixels, Processor};
use rayon::{ThreadPool, prelude::*};
use sha2::{Digest as _, Sha256};

use crate::{
    error::BulkError,
    inputs::Input,
    run::within,
    states::{self, State},
};

/// Rows that are read at once.
pub(crate) const PIECE: u64 = 32;
/// Most bytes of the images that are read at once, unless a single row has more.
const MOST: u64 = 192 << 20;
/// Number of images that stay prepared because they may come again soon, as in pairs that keep the
/// preferred image.
const RECENT: usize = 128;

/// A row.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) ranking_id: Option<i64>,
    /// The prompt, or why there is none.
    pub(crate) prompt: Result<String, String>,
    /// The images, or why they cannot be read.
    pub(crate) images: Vec<Result<Arc<Image>, String>>,
    /// The states of the images that are files.
    pub(crate) states: Vec<State>,
}

/// An image as each way of preparing gives it.
#[derive(Debug)]
pub(crate) struct Image {
    /// The SHA-256 of its file.
    pub(crate) hash: [u8; 32],
    pub(crate) pixels: Vec<Pixels>,
}

/// Reads and prepares rows.
#[derive(Debug)]
pub(crate) struct Preparer<'a> {
    pool: Option<&'a ThreadPool>,
    /// The distinct ways of preparing.
    ways: Vec<Processor>,
    recent: HashMap<[u8; 32], Result<Arc<Image>, String>>,
    /// Keys of `recent`, oldest first.
    order: VecDeque<[u8; 32]>,
}

impl<'a> Preparer<'a> {
    pub(crate) fn new(ways: Vec<Processor>, pool: Option<&'a ThreadPool>) -> Self {
        Self { pool, ways, recent: HashMap::new(), order: VecDeque::new() }
    }

    /// Reads and prepares rows of an input. Damaged rows have a reason instead of images.
    ///
    /// # Errors
    ///
    /// If the system fails to read the input.
    pub(crate) fn rows(&mut self, input: &Input, rows: Range<u64>) -> Result<Vec<Prepared>, BulkError> {
        let count = rows.end - rows.start;
        let found = match input.table.read(rows.clone(), MOST) {
            Ok(found) => found,
            Err(error) if is_of_system(&error) => return Err(error.into()),
            // The rows that can be read are found by halves.
            Err(_) if count > 1 => {
                let middle = rows.start + count / 2;
                let mut found = self.rows(input, rows.start..middle)?;
                found.extend(self.rows(input, middle..rows.end)?);
                return Ok(found);
            }
            Err(error) => {
                let row = TableRow::unreadable(&error.to_string(), input.table.layout().images.len());
                vec![TableRow { ranking_id: input.table.ranking_id(rows.start), ..row }]
            }
        };
        Ok(self.prepared(input, found))
    }

    fn prepared(&mut self, input: &Input, rows: Vec<TableRow>) -> Vec<Prepared> {
        // Files are read and hashed on all cores; each distinct image is prepared once.
        let read = |image: Result<TableImage, String>| {
            let (bytes, state) = match image? {
                TableImage::Bytes(bytes) => (bytes, None),
                TableImage::Path(path) => {
                    let path = inside(&input.folder, &path)?;
                    let unread = |error| format!("{} cannot be read: {error}", path.display());
                    // Before it is read: if it changes meanwhile, it is scored again.
                    let state = states::of(&fs::metadata(&path).map_err(unread)?);
                    (read_regular(&path, IMAGE_BYTES as u64).map_err(unread)?, Some(state))
                }
            };
            let hash: [u8; 32] = Sha256::digest(&bytes).into();
            Ok((hash, bytes, state))
        };
        let of_row = |row: TableRow| {
            let images: Vec<Result<_, String>> = row.images.into_iter().map(read).collect();
            (row.ranking_id, row.prompt, images)
        };
        let mut rows: Vec<_> = within(self.pool, || rows.into_par_iter().map(of_row).collect());
        let mut unseen = HashMap::new();
        for (.., images) in &mut rows {
            for (hash, bytes, _) in images.iter_mut().flatten() {
                let bytes = std::mem::take(bytes);
                if !self.recent.contains_key(hash) {
                    unseen.entry(*hash).or_insert(bytes);
                }
            }
        }
        let prepare = |(hash, bytes): ([u8; 32], Vec<u8>)| {
            let pixels = self.ways.iter().map(|way| way.pixels(&bytes)).collect::<Result<Vec<_>, _>>();
            let image = pixels.map(|pixels| Arc::new(Image { hash, pixels }));
            (hash, image.map_err(|error| error.to_string()))
        };
        let found: HashMap<_, _> = within(self.pool, || unseen.into_par_iter().map(prepare).collect());
        let image = |image: Result<([u8; 32], Vec<u8>, State), String>| {
            let (hash, ..) = image?;
            let known = found.get(&hash).or_else(|| self.recent.get(&hash));
            known.cloned().unwrap_or_else(|| Err("the image was not prepared".into()))
        };
        let state = |image: &Result<(_, _, State), _>| image.as_ref().ok().and_then(|(.., state)| *state);
        let prepared = |(ranking_id, prompt, images): (_, _, Vec<_>)| Prepared {
            ranking_id,
            prompt,
            states: images.iter().map(state).collect(),
            images: images.into_iter().map(image).collect(),
        };
        let rows = rows.into_iter().map(prepared).collect();
        self.keep(found);
        rows
    }

    fn keep(&mut self, found: HashMap<[u8; 32], Result<Arc<Image>, String>>) {
        self.order.extend(found.keys());
        self.recent.extend(found);
        while self.order.len() > RECENT
            && let Some(oldest) = self.order.pop_front()
        {
            self.recent.remove(&oldest);
        }
    }
}

/// Whether an error is one of the system, which may pass, and not of the file's content.
fn is_of_system(error: &DatasetError) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return !matches!(
                error.kind(),
                io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
            );
        }
        cause = error.source();
    }
    false
}

/// The path of an image in a folder.
///
/// # Errors
///
/// If the path leads out of the folder. Links are followed: they belong to whoever made the folder.
pub(crate) fn inside(folder: &Path, path: &str) -> Result<PathBuf, String> {
    let leaves =
        || format!("the path \"{path}\" is outside the folder of images; --image-folder chooses another");
    let path = Path::new(path);
    let within = match path.is_absolute() {
        true => path.strip_prefix(folder).map_err(|_| leaves())?,
        false => path,
    };
    let mut depth = 0_usize;
    for part in within.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir => depth = depth.checked_sub(1).ok_or_else(leaves)?,
            Component::RootDir | Component::Prefix(_) => return Err(leaves()),
        }
    }
    Ok(folder.join(within))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_their_folder() {
        let folder = Path::new("/data/images");
        for (path, expected) in [
            ("a.png", "/data/images/a.png"),
            ("./b/../a.png", "/data/images/./b/../a.png"),
            ("/data/images/b/a.png", "/data/images/b/a.png"),
        ] {
            assert_eq!(inside(folder, path).unwrap(), Path::new(expected));
        }
        for path in ["../a.png", "b/../../a.png", "/data/a.png", "/etc/passwd", "/data/images/../a.png"] {
            assert!(inside(folder, path).unwrap_err().contains("outside the folder"), "{path}");
        }
        assert_eq!(inside(Path::new("/"), "/etc/a.png").unwrap(), Path::new("/etc/a.png"));
    }
}
