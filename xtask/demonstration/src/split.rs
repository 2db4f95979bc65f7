//! Which emoji a model may see.

use std::collections::BTreeMap;

use crate::{catalogue::Concept, random::Random};

/// How emoji are split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Split {
    /// A tenth each for validation and test, which are never trained on.
    Emoji,
    /// All emoji in every split; validation and test have other images of them.
    All,
}

/// Emoji by their index in the gallery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) train: Vec<usize>,
    pub(crate) validation: Vec<usize>,
    pub(crate) test: Vec<usize>,
}

impl Parts {
    /// Splits emoji. Those with the same stem stay together; the same seed gives the same parts.
    pub(crate) fn new(concepts: &[Concept], split: Split, seed: u64) -> Self {
        let all: Vec<usize> = (0..concepts.len()).collect();
        if split == Split::All {
            return Self { train: all.clone(), validation: all.clone(), test: all };
        }
        let mut stems: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, concept) in concepts.iter().enumerate() {
            stems.entry(&concept.stem).or_default().push(at);
        }
        let mut families: Vec<Vec<usize>> = stems.into_values().collect();
        Random::new(seed, "split", 0).shuffle(&mut families);
        let tenth = concepts.len() / 10;
        let mut parts = Self { train: Vec::new(), validation: Vec::new(), test: Vec::new() };
        for family in families {
            // Large families, such as hearts, would dominate a small part.
            let fits =
                |part: &Vec<usize>| part.len() + family.len() <= tenth && family.len() <= 1 + tenth / 12;
            if fits(&parts.validation) {
                parts.validation.extend(family);
            } else if fits(&parts.test) {
                parts.test.extend(family);
            } else {
                parts.train.extend(family);
            }
        }
        for part in [&mut parts.train, &mut parts.validation, &mut parts.test] {
            part.sort_unstable();
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::content::tests::concept;

    proptest! {
        #[test]
        fn parts_share_no_stem_and_lose_nothing(seed: u64, stems in prop::collection::vec(0u8..60, 20..200)) {
            let concepts: Vec<Concept> = stems.iter().map(|stem| concept(&format!("thing {stem}"))).collect();
            let parts = Parts::new(&concepts, Split::Emoji, seed);
            prop_assert_eq!(&parts, &Parts::new(&concepts, Split::Emoji, seed));
            let all: Vec<usize> = [&parts.train, &parts.validation, &parts.test].into_iter().flatten().copied().collect();
            prop_assert_eq!(all.len(), concepts.len());
            for (one, other) in [(&parts.train, &parts.validation), (&parts.train, &parts.test), (&parts.validation, &parts.test)] {
                let shared = one.iter().any(|at| other.iter().any(|other| concepts[*at].stem == concepts[*other].stem));
                prop_assert!(!shared);
            }
            prop_assert!(parts.validation.len() <= concepts.len() / 10 && parts.test.len() <= concepts.len() / 10);
        }
    }

    #[test]
    fn a_split_of_all_keeps_nothing_back() {
        let concepts: Vec<Concept> = (0..30).map(|at| concept(&format!("thing {at}"))).collect();
        let parts = Parts::new(&concepts, Split::All, 1);
        assert!(parts.train.len() == 30 && parts.train == parts.test && parts.train == parts.validation);
    }
}
