//! Activations and their derivatives.

use super::super::{for_each_chunk, math, vectorize::vectorized};
use pickscore_checkpoint::config::Activation;

/// Numbers of a task.
const PIECE: usize = 1 << 14;

/// `output = activation(input)`
pub(super) fn forward(input: &[f32], activation: Activation, output: &mut [f32]) {
    for_each_chunk(output, PIECE, |piece, output| {
        math::activate(&input[piece * PIECE..][..output.len()], output, activation);
    });
}

/// `output = gradient · activation'(input)`
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
