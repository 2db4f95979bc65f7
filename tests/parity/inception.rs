//! Compares the Inception network with the package pytorch-fid, with random weights.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::print_stdout, reason = "what was measured")]

use std::{collections::BTreeMap, fs, path::Path};

use pickscore::{
    evaluate::distance::{Moments, frechet},
    inception::{FEATURES, Inception, InceptionError},
    pixels::Limits,
    weights::Tensor,
};
use pickscore_generate::features;
use serde::Deserialize;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/parity/fixtures");

#[derive(Deserialize)]
struct Reference {
    seed: u64,
    images: Vec<String>,
    sets: [Vec<usize>; 2],
    distance: f64,
    tensors: BTreeMap<String, Vec<usize>>,
}

/// As `numbers` in reference/inception.py.
fn weights(seed: u64, name: &str, shape: &[usize]) -> Tensor {
    let mut values = features(seed, name, shape.iter().product());
    let inputs: usize = shape[1..].iter().product();
    for value in &mut values {
        *value = match name.rsplit_once('.') {
            _ if name.ends_with("conv.weight") => *value * (6.0 / inputs as f64).sqrt() as f32,
            _ if name.ends_with("bn.weight") => 1.0 + 0.25 * *value,
            Some((_, "running_var")) => 1.0 + 0.5 * *value,
            _ => 0.125 * *value,
        };
    }
    Tensor { name: name.into(), shape: shape.into(), values }
}

fn reference() -> Reference {
    serde_json::from_slice(&fs::read(Path::new(FIXTURES).join("inception/inception.json")).unwrap()).unwrap()
}

fn network(reference: &Reference) -> Result<Inception, InceptionError> {
    let tensors = reference.tensors.iter().map(|(name, shape)| weights(reference.seed, name, shape));
    Inception::new(tensors.collect(), Limits::default())
}

#[test]
fn features_and_distance_are_pytorch_fids() {
    let reference = reference();
    let network = network(&reference).unwrap();
    let files: Vec<Vec<u8>> = reference
        .images
        .iter()
        .map(|name| fs::read(Path::new(FIXTURES).join("pixels/files").join(name)).unwrap())
        .collect();
    let mut images: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    images.push(b"no image");
    let mut found = network.features(&images);
    assert!(found.pop().unwrap().is_err());
    let found: Vec<Vec<f32>> = found.into_iter().map(Result::unwrap).collect();
    let expected = fs::read(Path::new(FIXTURES).join("inception/features.f32")).unwrap();
    let expected: Vec<f32> = expected.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    assert_eq!(expected.len(), found.len() * FEATURES);
    let mut worst = 0.0_f32;
    for (found, expected) in found.iter().flatten().zip(&expected) {
        worst = worst.max((found - expected).abs());
    }
    println!("features: ± {worst}");
    assert!(worst < 1e-4, "{worst}");

    let [one, other] = reference.sets.each_ref().map(|images| {
        let mut moments = Moments::new(FEATURES);
        for &image in images {
            moments.add(&[&found[image].iter().copied().map(f64::from).collect::<Vec<_>>()]);
        }
        moments
    });
    let distance = frechet(&one, &other).unwrap();
    println!("distance: {distance}, expected {}", reference.distance);
    assert!((distance - reference.distance).abs() < 1e-3 * reference.distance);
}

#[test]
fn other_weights_are_refused() {
    let mut reference = reference();
    reference.tensors.insert("Mixed_7c.branch_pool.bn.bias".into(), vec![7]);
    assert_eq!(
        network(&reference).unwrap_err().to_string(),
        "`Mixed_7c.branch_pool.bn.bias` has the shape [7]; expected [192], as in pytorch-fid's Inception network"
    );
    reference.tensors.remove("Mixed_5b.branch1x1.conv.weight");
    let error = network(&reference).unwrap_err().to_string();
    assert!(
        error.starts_with("the weights have no `Mixed_5b.branch1x1.conv.weight`; expected pytorch-fid's"),
        "{error}"
    );
    let gone = Inception::open(Path::new("gone.pth"), Limits::default()).unwrap_err().to_string();
    assert!(gone.starts_with("gone.pth: "), "{gone}");
}
