//! Which records are the same, and which ask the same again.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::{Label, Record};
use pickscore_common::hexadecimal::hexadecimal;

/// What a record says, without its uid: records with the same are duplicates, whatever they are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Content([u8; 32]);

/// Whom and what a record asked: rater, prompt and the two images, whatever their sides.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Question<'a> {
    /// The rater's uid.
    pub rater_uid: &'a str,
    /// The prompt.
    pub prompt: &'a str,
    /// The uids of the images, the lower first.
    pub images: [&'a str; 2],
}

impl Record {
    /// What it says.
    pub fn content(&self) -> Content {
        let mut json = self.to_json();
        if let Some(fields) = json.as_object_mut() {
            fields.remove("uid");
        }
        // Keys are in alphabetical order, so that the text is the same for the same record.
        Content(Sha256::digest(json.to_string()).into())
    }

    /// Whom and what it asked.
    pub fn question(&self) -> Question<'_> {
        let (left, right) = (self.left.image_uid.as_str(), self.right.image_uid.as_str());
        let images = if left < right { [left, right] } else { [right, left] };
        Question { rater_uid: &self.rater_uid, prompt: &self.prompt, images }
    }

    /// Its label, where the image of the lower uid counts as the left one.
    fn answer(&self) -> Option<Label> {
        let in_order = self.left.image_uid < self.right.image_uid;
        self.label.map(|label| if in_order { label } else { label.swapped() })
    }
}

impl Content {
    /// A uid made of it, for a record whose own is another's already.
    pub fn uid(&self) -> String {
        hexadecimal(&self.0[..16])
    }
}

/// Records beside those that are known already.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Comparison {
    /// Those that are new, in their order.
    pub fresh: Vec<Record>,
    /// The uids of those that are known, or were there twice, by their content.
    pub duplicates: Vec<String>,
    /// Uids under which two different records came. Both are kept: the later one under a uid made of its content.
    pub renamed: Vec<(String, String)>,
}

impl Comparison {
    /// Compares records with those that are known and with each other. No record that says something new is lost.
    pub fn of(known: &[Record], incoming: Vec<Record>) -> Self {
        let mut contents: BTreeSet<Content> = known.iter().map(Record::content).collect();
        let mut uids: BTreeSet<String> = known.iter().map(|record| record.uid.clone()).collect();
        let mut compared = Self::default();
        for mut record in incoming {
            let content = record.content();
            if !contents.insert(content) {
                compared.duplicates.push(record.uid);
                continue;
            }
            if uids.contains(&record.uid) {
                let renamed = content.uid();
                let from = std::mem::replace(&mut record.uid, renamed.clone());
                compared.renamed.push((from, renamed));
            }
            uids.insert(record.uid.clone());
            compared.fresh.push(record);
        }
        compared
    }
}

/// Two labelled records that ask the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// Their uids, the earlier first.
    pub records: [String; 2],
    /// Whether the same image was preferred, or neither, both times.
    pub agrees: bool,
}

/// Every judgement after the first of its question, beside the one before it: conflicts are kept, and told. Skipped records say nothing, control
/// pairs are left out, duplicates are one.
pub fn repeats(records: &[Record]) -> Vec<Repeat> {
    let mut questions: BTreeMap<Question<'_>, Vec<(&Record, Label)>> = BTreeMap::new();
    let mut contents = BTreeSet::new();
    for record in records.iter().filter(|record| record.control.is_none()) {
        if let Some(answer) = record.answer()
            && contents.insert(record.content())
        {
            questions.entry(record.question()).or_default().push((record, answer));
        }
    }
    let mut repeats = Vec::new();
    for judged in questions.values_mut() {
        judged.sort_by_key(|(record, _)| (record.created_at, &record.uid));
        for two in judged.windows(2) {
            let [(before, first), (after, second)] = two else { continue };
            repeats
                .push(Repeat { records: [before.uid.clone(), after.uid.clone()], agrees: first == second });
        }
    }
    repeats
}
