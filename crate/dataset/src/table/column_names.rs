//! Which columns of a table have prompts and images.

use crate::error::DatasetError;

use super::Layout;

/// The columns of prompts and images that were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableColumns {
    /// The column of prompts; by default the first of [`TableColumns::PROMPTS`] that exists.
    pub prompt: Option<String>,
    /// One or two columns of images; by default `jpg_0` and `jpg_1` if both exist, otherwise the
    /// first of [`TableColumns::IMAGES`] that exists.
    pub images: Vec<String>,
    /// Whether prompts are needed.
    pub needs_prompt: bool,
}

impl TableColumns {
    /// Usual names of columns of prompts.
    pub const PROMPTS: [&str; 3] = ["caption", "prompt", "text"];
    /// Usual names of columns of images.
    pub const IMAGES: [&str; 7] = ["image", "jpg_0", "jpg", "image_path", "file_name", "path", "img"];
    /// The columns of images of a pair.
    const PAIR: [&str; 2] = ["jpg_0", "jpg_1"];
    /// Pick-a-Pic's number of a row.
    pub(super) const RANKING_ID: &str = "ranking_id";

    /// The columns of a file that has these.
    ///
    /// # Errors
    ///
    /// If a column is missing.
    pub(super) fn layout(&self, file: &str, columns: &[String]) -> Result<Layout, DatasetError> {
        let has = |name: &str| columns.iter().any(|column| column == name);
        let missing =
            |wanted: String| DatasetError::NoColumn { file: file.into(), wanted, columns: columns.to_vec() };
        let first = |names: &[&str]| names.iter().find(|name| has(name)).map(|name| (*name).to_owned());
        let prompt = match &self.prompt {
            Some(name) if has(name) => Some(name.clone()),
            Some(name) if self.needs_prompt => return Err(missing(format!("`{name}`"))),
            Some(_) => None,
            None => {
                let found = first(&Self::PROMPTS);
                if found.is_none() && self.needs_prompt {
                    return Err(missing(format!("of prompts, such as {}", alternatives(&Self::PROMPTS))));
                }
                found
            }
        };
        let images = match &self.images[..] {
            [] if Self::PAIR.iter().all(|name| has(name)) => Self::PAIR.map(str::to_owned).to_vec(),
            [] => match first(&Self::IMAGES) {
                Some(name) => vec![name],
                None => return Err(missing(format!("of images, such as {}", alternatives(&Self::IMAGES)))),
            },
            names => match names.iter().find(|name| !has(name)) {
                Some(name) => return Err(missing(format!("`{name}`"))),
                None => names.to_vec(),
            },
        };
        let has_ranking_id = has(Self::RANKING_ID);
        Ok(Layout { prompt, images, has_ranking_id, unused_id: None })
    }
}

fn alternatives(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.split_last().map_or_else(String::new, |(last, rest)| format!("{} or {last}", rest.join(", ")))
}
