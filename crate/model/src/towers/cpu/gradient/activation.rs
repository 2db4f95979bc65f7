//! Activations and their gradients.

use super::super::{math, parallel::for_each_chunk, vectorize::vectorized};
use pickscore_checkpoint::config::Activation;

/// Values per task.
const PIECE: usize = 1 << 14;

/// `output = activation(input)`, elementwise.
pub(super) fn forward(input: &[f32], activation: Activation, output: &mut [f32]) {
    for_each_chunk(output, PIECE, |piece, output| {
        math::activate(&input[piece * PIECE..][..output.len()], output, activation);
    });
}

/// `output = gradient · activation'(input)`, elementwise.
pub(super) fn backward(input: &[f32], gradient: &[f32], activation: Activation, output: &mut [f32]) {
    for_each_chunk(output, PIECE, |piece, output| {
        let input = &input[piece * PIECE..][..output.len()];
        let gradient = &gradient[piece * PIECE..][..output.len()];
        vectorized(
            #[inline(always)]
            || match activation {
                Activation::Gelu => {
                    for (output, (x, gradient)) in output.iter_mut().zip(input.iter().zip(gradient)) {
                        *output = gradient * math::gelu_derivative(*x);
                    }
                }
                Activation::QuickGelu => {
                    for (output, (x, gradient)) in output.iter_mut().zip(input.iter().zip(gradient)) {
                        *output = gradient * math::quick_gelu_derivative(*x);
                    }
                }
            },
        );
    });
}
