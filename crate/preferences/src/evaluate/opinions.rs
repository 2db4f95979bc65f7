//! People's choices, in as little memory as the human baselines need.

use pickscore_score::Label;

use super::{
    agreement::Opinion,
    comparison::Comparison,
    numbers::{Digest, Numbers, digest},
};

/// Choices between images, with numbered prompts and raters. A choice takes 32 bytes, so the ten
/// million choices of a large dataset fit in memory.
#[derive(Debug, Clone, Default)]
pub struct Opinions {
    choices: Vec<Choice>,
    prompts: Numbers,
    raters: Numbers,
}

#[derive(Debug, Clone, Copy)]
struct Choice {
    /// Of the prompt and the two images, in alphabetical order.
    pair: Digest,
    prompt: u32,
    /// [`NOBODY`] if the rater is unknown, or if both images are the same one.
    rater: u32,
    /// As in [`Opinion`].
    verdict: Label,
}

/// The rater of a choice that says nothing about how people agree.
const NOBODY: u32 = u32::MAX;

impl Opinions {
    /// Adds a rater's choice between two images.
    pub fn add(&mut self, prompt: &str, images: [&str; 2], verdict: Label, rater: Option<&str>) {
        let [left, right] = images;
        let rater = rater.filter(|_| left != right).map_or(NOBODY, |rater| self.raters.number(rater));
        let (images, verdict) =
            if left > right { ([right, left], verdict.swapped()) } else { ([left, right], verdict) };
        let pair = digest(&[prompt, images[0], images[1]]);
        self.choices.push(Choice { pair, prompt: self.prompts.number(prompt), rater, verdict });
    }

    /// The number of each choice's prompt, and its label, in order.
    pub fn labels(&self) -> impl ExactSizeIterator<Item = (u32, Label)> {
        self.choices.iter().map(|choice| (choice.prompt, choice.verdict))
    }

    /// The choices without those that are ties.
    pub(super) fn decided(&self) -> Self {
        let mut decided = Self::default();
        decided.choices.extend(self.choices.iter().filter(|choice| choice.verdict != Label::Tie));
        decided
    }

    /// The choices about pairs that were judged more than once, in order, and the number of the
    /// prompt of each.
    pub(super) fn repeated(&self) -> (Vec<Opinion>, Vec<usize>) {
        let pair = |at: u32| self.choices[at as usize].pair;
        let has_rater = |&at: &u32| self.choices[at as usize].rater != NOBODY;
        let mut order: Vec<u32> = (0..self.choices.len() as u32).filter(has_rater).collect();
        order.sort_unstable_by_key(|&at| (pair(at), at));
        let mut numbered: Vec<(u32, u32)> = Vec::new();
        let repeated = order.chunk_by(|&one, &other| pair(one) == pair(other)).filter(|all| all.len() > 1);
        for (number, all) in (0..).zip(repeated) {
            numbered.extend(all.iter().map(|&at| (at, number)));
        }
        numbered.sort_unstable();
        let of = |&(at, pair): &(u32, u32)| {
            let Choice { rater, verdict, prompt, .. } = self.choices[at as usize];
            (Opinion { pair, rater, verdict }, prompt as usize)
        };
        numbered.iter().map(of).unzip()
    }
}

impl<'a> FromIterator<&'a Comparison> for Opinions {
    fn from_iter<T: IntoIterator<Item = &'a Comparison>>(comparisons: T) -> Self {
        let mut opinions = Self::default();
        for Comparison { left, right, verdict, prompt, rater } in comparisons {
            opinions.add(prompt, [left, right], *verdict, rater.as_deref());
        }
        opinions
    }
}
