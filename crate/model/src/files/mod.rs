//! Scores image files: while the model computes a batch, the next is read and decoded.
//!
//! [`PickScore::score_files`] is the short way. [`Work`] also takes chosen prompts for each file,
//! passes on results as they become ready, and shares decoded images among models.

mod ahead;
mod error;
mod prepared;
mod work;

pub use ahead::ahead;
pub use error::FileError;
pub use prepared::{LARGEST_FILE, Prepared, read};
pub use work::{Outcome, Scores, Work};

use std::{collections::HashSet, path::PathBuf};

use crate::scorer::{PickScore, ScoreError};

impl PickScore {
    /// Scores image files for one prompt: → `[files]`, in the given order. A file that cannot be
    /// read does not affect the others. Files with the same content are computed once.
    ///
    /// While a batch of images is computed, the next is read and decoded, so at most three batches
    /// are in memory.
    ///
    /// # Errors
    ///
    /// Fails if the prompt is empty and the scorer reads prompts, or if the device fails.
    pub fn score_files(
        &self,
        prompt: &str,
        files: &[PathBuf],
    ) -> Result<Vec<Result<f32, FileError>>, ScoreError> {
        let work = Work::matrix(vec![prompt.to_owned()], files.to_vec());
        let mut scores = Vec::with_capacity(files.len());
        work.score(self, &mut Prepared::new(files), &HashSet::new(), &mut |_, outcome| {
            scores.push(outcome.clone().map(|scores| scores[0].unwrap_or(f32::NAN)));
            Ok::<_, ScoreError>(())
        })?;
        Ok(scores)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use pickscore_generate::{Convention, Dtype, write_directory};
    use pollster::FutureExt as _;

    use super::*;
    use crate::scorer::{DeviceChoice, OpenOptions};

    pub(super) const FIXTURES: &str =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/parity/fixtures/pixels/files");

    const MODEL: &str = r#"{
        "projection_dim": 12,
        "text_config": {"hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 1, "intermediate_size": 16},
        "vision_config": {"hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 1,
                          "intermediate_size": 32, "image_size": 32, "patch_size": 8}
    }"#;

    /// A small model, written to a folder.
    pub(super) fn scorer(folder: &Path) -> PickScore {
        let model = folder.join("model");
        write_directory(&model, MODEL, Convention::HuggingFace, 5, Dtype::F32, 1).unwrap();
        PickScore::open(&model, &OpenOptions { device: DeviceChoice::Cpu, ..OpenOptions::default() }).unwrap()
    }

    #[test]
    fn files_have_the_scores_of_their_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let scorer = scorer(folder.path());
        // More than a batch; a few repeat.
        let names = ["photo.png", "edges.png", "noise.png", "absent.png", "photo.png"];
        let names = names.into_iter().cycle().take(2 * scorer.batch() + 3);
        let files: Vec<PathBuf> = names.map(|name| Path::new(FIXTURES).join(name)).collect();
        let scores = scorer.score_files("three foxes", &files).unwrap();
        assert_eq!(scores.len(), files.len());
        for (file, score) in files.iter().zip(scores) {
            match std::fs::read(file) {
                Err(_) => assert!(matches!(score, Err(FileError::Unreadable(_))), "{score:?}"),
                Ok(bytes) => {
                    let alone = scorer.score("three foxes", &[&bytes]).block_on().unwrap().remove(0);
                    assert!((score.unwrap() - alone.unwrap()).abs() < 1e-5);
                }
            }
        }
    }

    #[test]
    fn an_empty_prompt_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let scorer = scorer(folder.path());
        let files = [Path::new(FIXTURES).join("photo.png")];
        assert!(matches!(scorer.score_files("", &files), Err(ScoreError::EmptyPrompt)));
    }
}
