//! What callers tell people about a model or its prompts, in the same words everywhere.

use super::pick_score::Scoring;

/// Maximum number of prompts in notices; the rest are counted.
pub const LISTED_PROMPTS: usize = 3;
/// Number of characters of a prompt in a notice.
const EXCERPT: usize = 40;

impl Scoring {
    /// That the scorer was guessed from a name, and `option` chooses another. `None` if it was not,
    /// or if it scores as every CLIP model does.
    pub fn assumption(&self, option: &str) -> Option<String> {
        let name = self.scorer.name;
        let matters = self.is_guess && !self.scorer.has_probabilities();
        matters.then(|| format!("assuming the scorer {name} from the model's name; {option} chooses another"))
    }
}

/// That prompts were cut off: the first [`LISTED_PROMPTS`] of them, and how many `more` there were.
pub fn cut_off<'a>(first: impl IntoIterator<Item = &'a str>, more: usize) -> Vec<String> {
    let start = |text: &str| text.chars().take(EXCERPT).collect::<String>();
    let listed = first.into_iter().take(LISTED_PROMPTS);
    let said =
        |text| format!("the prompt \"{}…\" is longer than the model reads and was cut off", start(text));
    let mut notices: Vec<String> = listed.map(said).collect();
    if more > 0 {
        let (are, were) = if more == 1 { ("prompt is", "was") } else { ("prompts are", "were") };
        notices.push(format!("{more} more {are} longer than the model reads and {were} cut off"));
    }
    notices
}
