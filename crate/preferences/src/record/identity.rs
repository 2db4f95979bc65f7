//! Finds duplicate records and pairs that were judged again.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::{choice_record::Record, label::Label};
use pickscore_common::hexadecimal::hexadecimal;

/// A hash of everything in a record but its uid. Records with the same content are duplicates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Content([u8; 32]);

/// The question of a record: rater, prompt and the two images, regardless of their sides.
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
    /// The content.
    pub fn content(&self) -> Content {
        let mut json = self.to_json();
        if let Some(fields) = json.as_object_mut() {
            fields.remove("uid");
        }
        // The keys are sorted, so that equal records give the same text.
        Content(Sha256::digest(json.to_string()).into())
    }

    /// The question.
    pub fn question(&self) -> Question<'_> {
        let (left, right) = (self.left.image_uid.as_str(), self.right.image_uid.as_str());
        let images = if left < right { [left, right] } else { [right, left] };
        Question { rater_uid: &self.rater_uid, prompt: &self.prompt, images }
    }

    /// The label, with the image of the lower uid on the left.
    fn answer(&self) -> Option<Label> {
        let in_order = self.left.image_uid < self.right.image_uid;
        self.label.map(|label| if in_order { label } else { label.swapped() })
    }
}

impl Content {
    /// A uid that is derived from the content, for a record whose uid is taken.
    pub fn uid(&self) -> String {
        hexadecimal(&self.0[..16])
    }
}

/// Records compared with those that are known already.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Comparison {
    /// The new records, in their order.
    pub fresh: Vec<Record>,
    /// The uids of records that are known or occur twice, by their content.
    pub duplicates: Vec<String>,
    /// Uids that two different records had, each with the new uid of the later record, which is
    /// derived from its content.
    pub renamed: Vec<(String, String)>,
}

impl Comparison {
    /// Compares records with the known ones and with each other. A record with new content is never
    /// lost.
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

/// Two labelled records with the same question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// The uids of the records, the earlier first.
    pub records: [String; 2],
    /// Whether both answers are the same.
    pub agrees: bool,
}

/// Every record after the first with the same question, with the one before it. Skipped records,
/// control pairs and duplicates are left out.
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
