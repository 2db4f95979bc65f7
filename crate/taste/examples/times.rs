//! Measures what the page has to do between two clicks, and a first fit.
//!
//! ```sh
//! cargo run --release --package pickscore-taste --example times
//! ```

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and fails by panicking")]

use std::time::Instant;

use pickscore_common::seeded::{hashes, uniform};
use pickscore_taste::{
    Choice, Data, Embeddings, Learner, LearnerPool, Pool, Posterior, Priors, fit, simulated::People,
};

const DIMENSIONS: usize = 1024;

/// Unit vectors with something in common, as images' embeddings have.
fn embeddings(images: usize) -> Embeddings {
    let mut numbers = hashes(1, "embeddings", 0).map(uniform);
    let mut values = Vec::with_capacity(images * DIMENSIONS);
    for _ in 0..images {
        let one: Vec<f32> = numbers.by_ref().take(DIMENSIONS).map(|x| x + 0.8).collect();
        let length = one.iter().map(|x| x * x).sum::<f32>().sqrt();
        values.extend(one.iter().map(|x| x / length));
    }
    Embeddings::new(DIMENSIONS, values).unwrap()
}

fn choices(embeddings: &Embeddings, count: usize) -> Vec<Choice> {
    let images = embeddings.count();
    let numbers: Vec<u64> = hashes(2, "pairs", 0).take(count * 3).collect();
    let pair = |of: &[u64]| {
        let one = (of[0] % images as u64) as usize;
        let other = (one + 1 + (of[1] % (images as u64 - 1)) as usize) % images;
        ([one, other], (of[2] % 1000) as f64 / 250.0 - 2.0, 0)
    };
    let pairs: Vec<_> = numbers.chunks(3).map(pair).collect();
    let people = People { agreement: 1.0, strength: 2.0, tie: Some(-1.0), seed: 3 };
    let person = people.person(0, embeddings, &pairs).unwrap();
    person.answers(embeddings, &pairs)
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let found = work();
    println!("{what:64} {:9.1} ms", start.elapsed().as_secs_f64() * 1000.0);
    found
}

fn main() {
    let priors = Priors { weights: 4.0, ..Priors::default() };
    let images = embeddings(1000);
    let all = choices(&images, 500);
    let mut learner = Learner::new(images.clone(), priors).unwrap();
    all[..490].iter().for_each(|&choice| learner.push(choice).unwrap());
    timed("first fit, 490 choices, products kept", || learner.posterior().map(drop)).unwrap();
    let round: Vec<f32> = (0..500).flat_map(|image| images.of(image)).copied().collect();
    let pool = timed("products of 500 images of a round", || {
        Pool::new(Embeddings::new(DIMENSIONS, round).unwrap(), vec![0.0; 500]).unwrap()
    });
    let mut pool = LearnerPool::new(pool);
    timed("most informative pairs of 500 images, the first time", || {
        learner.most_informative(&mut pool, 10, |_| false)
    })
    .unwrap();
    for &choice in &all[490..493] {
        timed("refit after a choice, 1024 dimensions, about 500 choices", || {
            learner.push(choice).unwrap();
            learner.posterior().map(drop)
        })
        .unwrap();
        timed("most informative pairs of 500 images", || learner.most_informative(&mut pool, 10, |_| false))
            .unwrap();
    }
    for (count, images) in [(5000, 500), (5000, 10_000)] {
        let embeddings = embeddings(images);
        let data = Data::new(embeddings.clone(), choices(&embeddings, count)).unwrap();
        let found = timed(&format!("first fit, {count} choices between {images} images"), || {
            fit(&data, priors).unwrap()
        });
        println!("    {:?}, {} steps", found.solver, found.steps);
        let two: Vec<f32> = (0..2).flat_map(|image| embeddings.of(image)).copied().collect();
        let two = Pool::new(Embeddings::new(DIMENSIONS, two).unwrap(), vec![0.0; 2]).unwrap();
        timed("the uncertainty of two images", || Posterior::new(&data, &found).covariance(&two));
    }
}
