//! Which pair of images a taste would learn most from.
//!
//! The answer to a pair reduces the entropy of the posterior by about ½·ln(1 + h·V): V is the
//! variance of the lead, h the information of an answer about it, which is largest where both
//! answers are as likely.

use crate::{
    fit::Fit,
    likelihood::Answers,
    posterior::{Covariance, Pool, Posterior},
};

/// A pair of images of a pool, and what its answer would tell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Informative {
    /// The numbers of the images, the lower first.
    pub images: [usize; 2],
    /// The expected information, in nats.
    pub information: f64,
    /// The probability that the first is preferred, among answers that are not ties.
    pub probability: f64,
}

/// The expected information of the answer to a pair.
fn of_pair(fit: &Fit, scores: &[f64], covariance: &Covariance, images: [usize; 2]) -> Informative {
    let [one, other] = images;
    let lead = scores[one] - scores[other];
    let curvature = Answers::of(lead, fit.tie).curvature().lead;
    let information = (curvature * covariance.of_difference(one, other)).ln_1p() / 2.0;
    Informative { images, information, probability: 1.0 / (1.0 + (-lead).exp()) }
}

/// The most informative pairs of a pool, the best first; of equal ones, the first images first.
/// `asked` says which pairs are not wanted.
pub fn most_informative(
    posterior: &Posterior,
    pool: &Pool,
    count: usize,
    asked: impl Fn([usize; 2]) -> bool,
) -> Vec<Informative> {
    among(posterior, pool, &posterior.covariance(pool), count, asked)
}

pub(crate) fn among(
    posterior: &Posterior,
    pool: &Pool,
    covariance: &Covariance,
    count: usize,
    asked: impl Fn([usize; 2]) -> bool,
) -> Vec<Informative> {
    let scores = pool.scores(posterior.fit());
    let better = |one: &Informative, other: &Informative| {
        other.information.total_cmp(&one.information).then(one.images.cmp(&other.images)).is_lt()
    };
    // The best so far, in order. Few are wanted, so that nothing has to be sorted.
    let mut found: Vec<Informative> = Vec::new();
    for other in 0..pool.count() {
        for one in 0..other {
            if asked([one, other]) {
                continue;
            }
            let pair = of_pair(posterior.fit(), &scores, covariance, [one, other]);
            if found.len() >= count && !found.last().is_some_and(|last| better(&pair, last)) {
                continue;
            }
            let place = found.partition_point(|known| better(known, &pair));
            found.insert(place, pair);
            found.truncate(count);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use pickscore_score::Label;

    use super::*;
    use crate::{Choice, Data, Embeddings, Priors, fit};

    /// Images 0 to 3 along the axes, and 4, a copy of 0.
    fn axes() -> Embeddings {
        let unit = |axis: usize| (0..4).map(move |at| f32::from(u8::from(at == axis)));
        Embeddings::new(4, [0, 1, 2, 3, 0].into_iter().flat_map(unit).collect()).unwrap()
    }

    fn found(choices: Vec<Choice>, asked: impl Fn([usize; 2]) -> bool) -> Vec<Informative> {
        let data = Data::new(axes(), choices).unwrap();
        let posterior = Posterior::new(&data, &fit(&data, Priors::default()).unwrap());
        let pool = Pool::new(axes(), vec![0.0; 5]).unwrap();
        most_informative(&posterior, &pool, 10, asked)
    }

    #[test]
    fn equal_images_tell_nothing_and_known_pairs_less() {
        let all = found(vec![], |_| false);
        // ½·ln(1 + ¼·σ²·|Δe|²) with σ = 2 and |Δe|² = 2.
        assert!((all[0].information - 3.0_f64.ln() / 2.0).abs() < 1e-12 && all[0].images == [0, 1]);
        assert_eq!((all[9].images, all[9].information), ([0, 4], 0.0));
        let choice = Choice { images: [0, 1], lead: 0.0, label: Label::Left, prompt: 0 };
        let after = found(vec![choice; 4], |_| false);
        assert_eq!(after[0].images, [2, 3]);
        let of =
            |all: &[Informative], images| all.iter().find(|one| one.images == images).unwrap().information;
        assert!(of(&after, [0, 1]) < of(&after, [0, 2]) && of(&after, [0, 2]) < of(&all, [0, 2]));
    }

    #[test]
    fn unwanted_pairs_are_left_out_and_few_are_the_best() {
        let all = found(vec![], |pair| pair == [0, 1]);
        assert!(all.len() == 9 && all.iter().all(|one| one.images != [0, 1]));
    }

    #[test]
    fn no_image_has_no_pair() {
        let data = Data::new(axes(), vec![]).unwrap();
        let posterior = Posterior::new(&data, &fit(&data, Priors::default()).unwrap());
        let none = Pool::new(Embeddings::new(4, vec![]).unwrap(), vec![]).unwrap();
        assert_eq!(most_informative(&posterior, &none, 3, |_| false), []);
    }
}
