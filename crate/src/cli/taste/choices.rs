//! Reads people's choices from a dataset, with the embeddings and scores of their images.

use std::collections::{HashMap, HashSet};

use pollster::FutureExt as _;

use super::super::{choices::uid, fault::Fault, judge::PAIRS, load, skipped::Skipped};
use crate::{
    PickScore,
    dataset::{Columns, DatasetFiles, Row, SoundRows},
    score::{Embedding, Label, Scorer},
    scorer::{ImageCache, ImageFeatures, PromptFeatures},
    taste::{Answer, Choice, Embeddings, LeftOut, logit_scale},
};

/// Which rows are read.
pub(super) struct Wanted<'a> {
    /// The only person, by `user_id` or the rater's uid.
    pub(super) user: Option<&'a str>,
    /// Whether choices made while scores were visible are left out.
    pub(super) without_visible: bool,
    /// Whether rows without a label are read too.
    pub(super) unlabelled: bool,
}

/// The choices of people.
pub(super) struct Collected {
    pub(super) embeddings: Embeddings,
    /// Choices with the number of the person; `None` if the person is unknown.
    pub(super) choices: Vec<(Option<usize>, Choice)>,
    /// The people, by their numbers.
    pub(super) people: Vec<String>,
    pub(super) left_out: LeftOut,
    /// Number of rows with a prompt or an image that cannot be read.
    pub(super) unreadable: usize,
    /// The factor that makes the scorer's scores logits.
    pub(super) scale: f64,
}

/// Refuses a scorer without image embeddings.
pub(super) fn check_embeds(scorer: &Scorer) -> Result<(), Fault> {
    if scorer.embeds_images() {
        return Ok(());
    }
    let reason = format!("{} has no image embeddings, which a taste needs", scorer.title);
    Err(Fault::Usage { reason })
}

/// What is known while rows are read.
struct Reading<'a> {
    scorer: &'a PickScore,
    cache: ImageCache,
    embeddings: Option<Embeddings>,
    /// The number of an image, by its uid.
    images: HashMap<String, usize>,
    /// Scores of distinct images of heads, which have no scale of their own.
    scores: Vec<f64>,
    prompts: HashMap<String, (usize, Result<PromptFeatures, String>)>,
    people: HashMap<String, usize>,
    known: HashSet<Identity>,
    choices: Vec<(Option<usize>, Choice)>,
    left_out: LeftOut,
    skipped: Skipped,
    unreadable: usize,
}

/// Reads choices, one row group in memory at a time. Each image is embedded once.
pub(super) fn collect(
    scorer: &PickScore,
    files: &DatasetFiles,
    wanted: &Wanted<'_>,
) -> Result<Collected, Fault> {
    let bar = load::bar("{msg} {wide_bar} {pos}/{len} ({eta} left)");
    bar.set_message("Choices");
    bar.set_length(files.rows());
    let mut reading = Reading {
        scorer,
        cache: ImageCache::default(),
        embeddings: None,
        images: HashMap::new(),
        scores: Vec::new(),
        prompts: HashMap::new(),
        people: HashMap::new(),
        known: HashSet::new(),
        choices: Vec::new(),
        left_out: LeftOut::default(),
        skipped: Skipped::default(),
        unreadable: 0,
    };
    for &group in files.groups() {
        let SoundRows { rows, faults, .. } = files.read_sound(group, Columns::All)?;
        reading.unreadable += faults.len();
        faults.iter().for_each(|fault| reading.skipped.add(None, fault.to_string()));
        let learned: Vec<(&Row, Label)> =
            rows.iter().filter_map(|row| Some((row, reading.label(row, wanted)?))).collect();
        for rows in learned.chunks(PAIRS) {
            reading.take(rows)?;
        }
        bar.inc(group.rows);
    }
    bar.finish_and_clear();
    reading.skipped.report(&mut HashSet::new());
    let factor = logit_scale(scorer.scoring().scorer, &reading.scores);
    reading.choices.iter_mut().for_each(|(_, choice)| choice.lead *= factor);
    let mut people: Vec<(String, usize)> = reading.people.into_iter().collect();
    people.sort_by_key(|(_, number)| *number);
    let embeddings = reading.embeddings.ok_or_else(|| Fault::Nothing {
        reason: match (files.rows(), wanted.user) {
            (0, _) => "the dataset has no rows".into(),
            (_, Some(user)) => format!("no choice of the user {user} can be learned from"),
            (_, None) => "no choice can be learned from".into(),
        },
    })?;
    Ok(Collected {
        embeddings,
        choices: reading.choices,
        people: people.into_iter().map(|(name, _)| name).collect(),
        left_out: reading.left_out,
        unreadable: reading.unreadable,
        scale: factor,
    })
}

impl Reading<'_> {
    /// The label of a row, if it is learned from.
    fn label(&mut self, row: &Row, wanted: &Wanted<'_>) -> Option<Label> {
        let is_of = |user: &str| {
            let by_number = row.user_id != 0 && row.user_id.to_string() == user;
            by_number || row.rater().is_some_and(|rater| rater == user)
        };
        if wanted.user.is_some_and(|user| !is_of(user)) {
            return None;
        }
        if !self.known.insert(identity(row)) {
            self.left_out.duplicates += 1;
            return None;
        }
        let answer = Answer {
            label: row.verdict().or(wanted.unlabelled.then_some(Label::Tie)),
            is_control: row.is_control(),
            scores_visible: row.collected.as_ref().is_some_and(|collected| collected.scores_visible),
        };
        self.left_out.learned(answer, wanted.without_visible)
    }

    fn take(&mut self, rows: &[(&Row, Label)]) -> Result<(), Fault> {
        self.embed_prompts(rows)?;
        let encoded: Vec<&[u8]> =
            rows.iter().flat_map(|(row, _)| row.images.iter().map(|image| image.bytes.as_slice())).collect();
        let features = self.scorer.image_features_with(&mut self.cache, &encoded).block_on()?;
        for ((row, label), features) in rows.iter().zip(features.chunks(2)) {
            let (prompt, prompted) = &self.prompts[&row.caption];
            let (prompt, read) = match (prompted, features) {
                (Ok(features), [Ok(left), Ok(right)]) => (*prompt, Ok((features, left, right))),
                (Err(reason), _) => (*prompt, Err(reason.clone())),
                (_, [Err(error), _]) => (*prompt, Err(format!("image `jpg_0`: {error}"))),
                (_, [_, Err(error)]) => (*prompt, Err(format!("image `jpg_1`: {error}"))),
                _ => continue,
            };
            let scored = match read {
                Ok((prompt, left, right)) => {
                    let pairs = [(prompt, left), (prompt, right)];
                    Ok((self.scorer.score_features(&pairs).block_on()?, [left.clone(), right.clone()]))
                }
                Err(reason) => Err(reason),
            };
            let ([left, right], scores) = match scored {
                Ok((scores, [ImageFeatures::Embedding(left), ImageFeatures::Embedding(right)])) => {
                    ([left, right], scores)
                }
                Ok(_) => continue,
                Err(reason) => {
                    self.unreadable += 1;
                    self.skipped.add(Some(row.ranking_id), reason);
                    continue;
                }
            };
            let [left_score, right_score] = [scores[0], scores[1]].map(f64::from);
            let images = [
                self.image(&uid(&row.images[0]), &left, left_score)?,
                self.image(&uid(&row.images[1]), &right, right_score)?,
            ];
            let person = row.rater().map(|rater| {
                let next = self.people.len();
                *self.people.entry(rater).or_insert(next)
            });
            let choice = Choice { images, lead: left_score - right_score, label: *label, prompt };
            self.choices.push((person, choice));
        }
        Ok(())
    }

    /// Embeds the prompts that are new.
    fn embed_prompts(&mut self, rows: &[(&Row, Label)]) -> Result<(), Fault> {
        for (row, _) in rows {
            let prompt = &row.caption;
            if self.prompts.contains_key(prompt) {
                continue;
            }
            // An empty prompt cannot be scored, and the others must still be.
            let readable = match self.scorer.scoring().scorer.reads_prompt() {
                true => self.scorer.tokens(prompt).map(drop).map_err(|error| error.to_string()),
                false => Ok(()),
            };
            let features = match readable {
                Ok(()) => Ok(self.scorer.prompt_features(&[prompt]).block_on()?.remove(0)),
                Err(reason) => Err(reason),
            };
            self.prompts.insert(prompt.clone(), (self.prompts.len(), features));
        }
        Ok(())
    }

    /// The number of an image.
    fn image(&mut self, uid: &str, embedding: &Embedding, score: f64) -> Result<usize, Fault> {
        if let Some(&number) = self.images.get(uid) {
            return Ok(number);
        }
        let values = embedding.values();
        let all = match &mut self.embeddings {
            Some(all) => all,
            None => self.embeddings.insert(Embeddings::new(values.len(), Vec::new())?),
        };
        let number = all.push(values)?;
        self.images.insert(uid.to_owned(), number);
        self.scores.push(score);
        Ok(number)
    }
}

/// What rows of the same answer share, in whatever files they are. A pair that was asked again has
/// another time.
type Identity = (Option<String>, String, [String; 2], Option<Label>, [i64; 2]);

fn identity(row: &Row) -> Identity {
    let images = [uid(&row.images[0]), uid(&row.images[1])];
    (row.rater(), row.caption.clone(), images, row.verdict(), [row.ranking_id, row.created_at])
}
