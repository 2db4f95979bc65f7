//! AdamW with a learning-rate schedule and gradient clipping, over a list of flat parameters.

use burn::{
    optim::{AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, Optimizer as _},
    tensor::Tensor,
};

use super::options::{Decay, OptimizerOptions};

/// A learning-rate schedule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// The highest rate.
    pub highest: f64,
    /// Number of warm-up steps.
    pub warm_up: u64,
    /// Total number of steps.
    pub steps: u64,
    /// The decay after warm-up.
    pub decay: Decay,
}

impl Schedule {
    /// The learning rate of a step, counted from 0, as in transformers'
    /// `get_linear_schedule_with_warmup` and similar functions.
    pub fn rate(&self, step: u64) -> f64 {
        if step < self.warm_up {
            return self.highest * step as f64 / self.warm_up as f64;
        }
        let left = self.steps.saturating_sub(self.warm_up).max(1) as f64;
        let done = ((step - self.warm_up) as f64 / left).min(1.0);
        self.highest
            * match self.decay {
                Decay::Linear => 1.0 - done,
                Decay::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * done).cos()),
                Decay::Constant => 1.0,
            }
    }
}

/// The two moments of a parameter; `None` before the first step.
pub(super) type Moments = Option<[Tensor<1>; 2]>;

/// AdamW with its state.
pub struct Optimizer {
    decayed: AdamW,
    plain: AdamW,
    clip: f32,
    /// Number of completed steps.
    pub(super) steps: u64,
    pub(super) moments: Vec<Moments>,
}

impl std::fmt::Debug for Optimizer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Optimizer").field("steps", &self.steps).finish_non_exhaustive()
    }
}

impl Optimizer {
    /// An optimizer for this many parameters, before its first step.
    pub fn new(options: &OptimizerOptions, parameters: usize) -> Self {
        let adam = |decay: f32| {
            AdamWConfig::new()
                .with_beta_1(options.betas[0])
                .with_beta_2(options.betas[1])
                .with_epsilon(options.epsilon)
                .with_weight_decay(decay)
                .build()
        };
        Self {
            decayed: adam(options.weight_decay),
            plain: adam(0.0),
            clip: options.clip,
            steps: 0,
            moments: vec![None; parameters],
        }
    }

    /// Updates the parameters and returns the norm of the gradient before clipping.
    ///
    /// # Shapes
    ///
    /// - parameters, gradients: one `[length]` per parameter
    /// - decayed: one per parameter, whether weight decay applies
    pub fn step(
        &mut self,
        rate: f64,
        parameters: &mut [Tensor<1>],
        decayed: &[bool],
        gradients: Vec<Tensor<1>>,
    ) -> f32 {
        let squares = gradients.iter().map(|gradient| (gradient.clone() * gradient.clone()).sum());
        let squares = Tensor::cat(squares.collect(), 0).into_data().try_into_vec::<f32>();
        // In f64 and in a fixed order, independent of the device.
        let length = squares.unwrap_or_default().iter().map(|&x| f64::from(x)).sum::<f64>().sqrt() as f32;
        // As in PyTorch's `clip_grad_norm_`.
        let shrink = (self.clip / (length + 1e-6)).min(1.0);
        for (index, gradient) in gradients.into_iter().enumerate() {
            let gradient = if shrink < 1.0 { gradient.mul_scalar(shrink) } else { gradient };
            let state = self.moments[index].take().map(|[first, second]| {
                AdamWState::new(AdaptiveMomentumState::new(self.steps as usize, first, second))
            });
            let adam = if decayed[index] { &self.decayed } else { &self.plain };
            let (moved, state) = adam.step(rate, parameters[index].clone(), gradient, state);
            parameters[index] = moved;
            self.moments[index] = state.map(|state| [state.momentum.moment_1, state.momentum.moment_2]);
        }
        self.steps += 1;
        length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values from transformers 4: `get_linear_schedule_with_warmup(10, 30)` and
    /// `get_cosine_schedule_with_warmup(10, 30)` with a rate of 1.
    #[test]
    fn schedules_equal_those_of_transformers() {
        let schedule = |decay| Schedule { highest: 1.0, warm_up: 10, steps: 30, decay };
        for (step, linear, cosine) in [
            (0, 0.0, 0.0),
            (5, 0.5, 0.5),
            (10, 1.0, 1.0),
            (15, 0.75, 0.853_553_39),
            (20, 0.5, 0.5),
            (30, 0.0, 0.0),
        ] {
            assert!((schedule(Decay::Linear).rate(step) - linear).abs() < 1e-8);
            assert!((schedule(Decay::Cosine).rate(step) - cosine).abs() < 1e-8);
        }
        assert_eq!(schedule(Decay::Constant).rate(29), 1.0);
    }
}
