//! Compares each step and its gradient with burn's operations, over odd shapes.

use burn::tensor::{DType, Device, Tensor, TensorData, activation};
use proptest::prelude::*;

use super::*;
use crate::towers::definitions::numbers;

/// The output of `forward` and the gradients of its leaves, for the loss Σ output · r with random
/// r. The leaves have the given lengths.
fn outcome(lengths: &[usize], seed: u64, forward: impl Fn(&[Tensor<1>]) -> Tensor<2>) -> Vec<Vec<f32>> {
    let device = Device::flex().autodiff();
    let leaf = |(index, &length): (usize, &usize)| {
        let values = numbers(length, seed ^ index as u64);
        Tensor::<1>::from_data(values.as_slice(), (&device, DType::F32)).require_grad()
    };
    let leaves: Vec<Tensor<1>> = lengths.iter().enumerate().map(leaf).collect();
    let output = forward(&leaves);
    let [rows, width] = output.dims();
    let factors = TensorData::new(numbers(rows * width, 99), [rows, width]);
    let factors = Tensor::from_data(factors, (&device, DType::F32));
    let gradients = (output.clone() * factors).sum().backward();
    let values = |tensor: Tensor<1>| tensor.into_data().try_into_vec::<f32>().unwrap();
    let mut all = vec![values(output.inner().reshape([rows * width]))];
    all.extend(leaves.iter().map(|leaf| values(leaf.grad(&gradients).unwrap())));
    all
}

fn close(found: &[Vec<f32>], expected: &[Vec<f32>], bound: f32) -> Result<(), TestCaseError> {
    prop_assert_eq!(found.len(), expected.len());
    for (part, (found, expected)) in found.iter().zip(expected).enumerate() {
        prop_assert_eq!(found.len(), expected.len());
        let size = expected.iter().fold(1f32, |size, x| size.max(x.abs()));
        for (found, expected) in found.iter().zip(expected) {
            prop_assert!((found - expected).abs() <= bound * size, "part {}: {} {}", part, found, expected);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn linear_and_its_gradients(rows in 1usize..600, inputs in 1usize..70, outputs in 1usize..70, seed: u64) {
        let lengths = [rows * inputs, outputs * inputs, outputs];
        let shaped = |leaves: &[Tensor<1>]| {
            (leaves[0].clone().reshape([rows, inputs]), leaves[1].clone().reshape([outputs, inputs]))
        };
        let found = outcome(&lengths, seed, |leaves| {
            let (input, weight) = shaped(leaves);
            linear(input, weight, Some(leaves[2].clone()))
        });
        let expected = outcome(&lengths, seed, |leaves| {
            let (input, weight) = shaped(leaves);
            input.matmul(weight.transpose()) + leaves[2].clone().unsqueeze()
        });
        close(&found, &expected, 1e-5)?;
        let found = outcome(&lengths[..2], seed, |leaves| {
            let (input, weight) = shaped(leaves);
            linear(input, weight, None)
        });
        let expected = outcome(&lengths[..2], seed, |leaves| {
            let (input, weight) = shaped(leaves);
            input.matmul(weight.transpose())
        });
        close(&found, &expected, 1e-5)?;
    }

    #[test]
    fn activations_and_their_gradients(rows in 1usize..300, width in 1usize..90, seed: u64) {
        let input = |leaves: &[Tensor<1>]| leaves[0].clone().reshape([rows, width]).mul_scalar(6.0);
        let length = [rows * width];
        let found = outcome(&length, seed, |leaves| activate(input(leaves), Activation::Gelu));
        let expected = outcome(&length, seed, |leaves| activation::gelu(input(leaves)));
        close(&found, &expected, 1e-6)?;
        let found = outcome(&length, seed, |leaves| activate(input(leaves), Activation::QuickGelu));
        let expected = outcome(&length, seed, |leaves| {
            let input = input(leaves);
            input.clone() * activation::sigmoid(input.mul_scalar(1.702))
        });
        close(&found, &expected, 1e-6)?;
    }

    #[test]
    fn layer_norm_and_its_gradients(rows in 1usize..300, width in 4usize..90, seed: u64) {
        let lengths = [rows * width, width, width];
        let found = outcome(&lengths, seed, |leaves| {
            layer_norm(leaves[0].clone().reshape([rows, width]), leaves[1].clone(), leaves[2].clone(), 1e-5)
        });
        // The definition in elementary operations.
        let expected = outcome(&lengths, seed, |leaves| {
            let input = leaves[0].clone().reshape([rows, width]);
            let centred = input.clone() - input.mean_dim(1);
            let variance = (centred.clone() * centred.clone()).mean_dim(1);
            let normed = centred / (variance + 1e-5).sqrt();
            normed * leaves[1].clone().unsqueeze() + leaves[2].clone().unsqueeze()
        });
        close(&found, &expected, 2e-5)?;
    }

    #[test]
    fn attention_and_its_gradient(
        batch in 1usize..4,
        sequence in 1usize..30,
        heads in 1usize..4,
        head_width in 1usize..20,
        causal: bool,
        seed: u64,
    ) {
        let width = heads * head_width;
        let length = [batch * sequence * 3 * width];
        let qkv = |leaves: &[Tensor<1>]| {
            leaves[0].clone().reshape([batch * sequence, 3 * width]).mul_scalar(2.0)
        };
        let heads = Heads { sequence, count: heads, causal };
        let found = outcome(&length, seed, |leaves| attention(qkv(leaves), heads));
        let expected = outcome(&length, seed, |leaves| operations::attention(qkv(leaves), heads));
        close(&found, &expected, 1e-5)?;
    }
}
