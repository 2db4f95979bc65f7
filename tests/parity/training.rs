//! Compares losses, gradients and steps with PyTorch, transformers' `CLIPModel` and torch's AdamW;
//! see `reference/training.py`.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::ops::ControlFlow;

use burn::tensor::{DType, Device, Tensor, TensorData};
use pickscore_checkpoint::config::ClipConfig;
use pickscore_checkpoint::weights::ModelDirectory;
use pickscore_generate::{Convention, Dtype, features, pixels, prompt, write_directory};
use pickscore_training::{
    Batch, Decay, Objective, Optimizer, OptimizerOptions, Schedule, Trainee, contrastive_loss,
    example_weights, gradients, preference_loss,
};
use serde_json::Value;

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/training.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn labels(value: &Value) -> Vec<[f32; 2]> {
    let row = |row: &Value| numbers(row).iter().map(|&x| x as f32).collect::<Vec<_>>().try_into().unwrap();
    value.as_array().unwrap().iter().map(row).collect()
}

fn counts(value: &Value) -> Vec<i64> {
    value.as_array().unwrap().iter().map(|x| x.as_i64().unwrap()).collect()
}

/// A matrix of the fixture's numbers that tracks gradients.
fn leaf(case: &Value, name: &str) -> Tensor<2> {
    let (rows, width) = (case["rows"].as_u64().unwrap() as usize, case["width"].as_u64().unwrap() as usize);
    let values = features(case["seed"].as_u64().unwrap(), name, rows * width);
    let device = Device::flex().autodiff();
    Tensor::from_data(TensorData::new(values, [rows, width]), (&device, DType::F32)).require_grad()
}

fn close(what: &str, found: &[f32], expected: &[f64], bound: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let size = expected.iter().fold(0f64, |size, x| size.max(x.abs()));
    for (found, expected) in found.iter().zip(expected) {
        assert!((f64::from(*found) - expected).abs() <= bound * size, "{what}: {found}, expected {expected}");
    }
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}

#[test]
fn the_losses_and_their_gradients() {
    let fixture = fixture();
    let case = &fixture["objectives"];
    let device = Device::flex().autodiff();
    for objective in ["preference", "contrastive"] {
        let scale = Tensor::<1>::from_data([2.5f32], (&device, DType::F32)).require_grad();
        let names: &[&str] =
            if objective == "preference" { &["text", "first", "second"] } else { &["text", "first"] };
        let leaves: Vec<Tensor<2>> = names.iter().map(|name| leaf(case, name)).collect();
        let loss = if objective == "preference" {
            let images = Tensor::cat(leaves[1..].to_vec(), 0);
            let weights = example_weights(&counts(&case["counts"]));
            preference_loss(leaves[0].clone(), images, scale.clone(), &labels(&case["labels"]), &weights)
        } else {
            let same: Vec<usize> = (0..leaves[0].dims()[0]).collect();
            contrastive_loss(leaves[0].clone(), leaves[1].clone(), scale.clone(), &same)
        };
        let found = loss.backward();
        let expected = &case[objective];
        close(objective, &values(loss.inner()), &[expected["loss"].as_f64().unwrap()], 1e-5);
        for ((leaf, name), expected) in
            leaves.iter().zip(names).zip(expected["gradients"].as_array().unwrap())
        {
            let what = format!("{objective}: {name}");
            close(&what, &values(leaf.grad(&found).unwrap()), &numbers(expected), 2e-5);
        }
        let expected = numbers(expected["gradients"].as_array().unwrap().last().unwrap());
        close(objective, &values(scale.grad(&found).unwrap()), &expected, 2e-5);
    }
}

#[test]
fn steps_are_those_of_pytorch() {
    let fixture = fixture();
    let (case, objectives) = (&fixture["steps"], &fixture["objectives"]);
    let seed = case["seed"].as_u64().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = case["source"].to_string();
    write_directory(folder.path(), &config, Convention::HuggingFace, seed, Dtype::F32, 1).unwrap();
    let directory = ModelDirectory::open(folder.path()).unwrap();
    let config = ClipConfig::from_json(config.as_bytes()).unwrap();
    let (context, vocabulary, size) = (config.text.context, config.text.vocabulary, config.vision.image_size);
    for (objective, name, decay) in [
        (Objective::Preference, "preference", Decay::Linear),
        (Objective::Contrastive, "contrastive", Decay::Cosine),
    ] {
        let mut trainee =
            Trainee::open(&directory, Device::flex(), &mut |_| ControlFlow::Continue(())).unwrap();
        let expected = case[name]["steps"].as_array().unwrap();
        let options = OptimizerOptions {
            learning_rate: case["rate"].as_f64().unwrap(),
            weight_decay: case["decay"].as_f64().unwrap() as f32,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            clip: case["clip"].as_f64().unwrap() as f32,
            warm_up: case["warm_up"].as_u64().unwrap(),
            decay,
        };
        let schedule = Schedule {
            highest: options.learning_rate,
            warm_up: options.warm_up,
            steps: expected.len() as u64,
            decay,
        };
        let mut optimizer = Optimizer::new(&options, trainee.list().len());
        let decayed = trainee.decayed();
        let labels = labels(&objectives["labels"]);
        let count = labels.len();
        for (step, expected) in (0..).zip(expected) {
            let images = if objective == Objective::Preference { 2 * count } else { count };
            let batch = Batch {
                prompts: (0..count).map(|i| prompt(seed, step * count + i, context, vocabulary)).collect(),
                images: (0..images).map(|i| pixels(seed, step * 2 * count + i, size)).collect(),
                labels: labels.clone(),
                examples_per_prompt: counts(&objectives["counts"]),
                same: (0..count).collect(),
            };
            // Gradients are accumulated two examples at a time. Where patches may be left out, all
            // patches in another order still make the same image.
            let patches = trainee.config().vision.grid().pow(2);
            let shuffled = |image: usize| (0..patches).rev().map(move |at| (at + image) % patches).collect();
            let seen: Option<Vec<Vec<usize>>> = (objective == Objective::Contrastive && step % 2 == 1)
                .then(|| (0..count).map(shuffled).collect());
            let (loss, found) = gradients(&trainee, &batch, seen.as_deref(), objective, 2).unwrap();
            let length = optimizer.step(schedule.rate(step as u64), &mut trainee.values, &decayed, found);
            let what = format!("{name}, step {step}");
            close(&format!("{what}: loss"), &[loss as f32], &[expected["loss"].as_f64().unwrap()], 2e-4);
            close(&format!("{what}: gradient"), &[length], &[expected["gradient"].as_f64().unwrap()], 5e-4);
        }
        // Hugging Face stores query, key and value separately; their sums and squares add up to
        // ours.
        let expected = case[name]["parameters"].as_object().unwrap();
        let total =
            |at: usize, power: i32| expected.values().map(|both| numbers(both)[at].powi(power)).sum::<f64>();
        let ours: Vec<f64> = (0..trainee.list().len())
            .flat_map(|index| trainee.numbers(index).unwrap())
            .map(f64::from)
            .collect();
        let sum: f64 = ours.iter().sum();
        let squares: f64 = ours.iter().map(|x| x * x).sum();
        assert!((sum - total(0, 1)).abs() <= 0.02, "{name}: sum {sum}, expected {}", total(0, 1));
        assert!((squares / total(1, 2) - 1.0).abs() <= 1e-6, "{name}: {squares}, expected {}", total(1, 2));
    }
}
