//! In place of `gpu` where its kernels are not compiled in: no device is one for them.

use burn::tensor::{Device, Tensor};

use pickscore_checkpoint::config::Activation;
use pickscore_checkpoint::weights::Values;

/// There is none.
#[derive(Debug)]
pub(super) enum DeviceWeight {}

impl DeviceWeight {
    /// Gives the values back.
    pub(super) fn new(values: Values, _: [usize; 2], _: &Device) -> Result<Self, Values> {
        Err(values)
    }
}

const ABSENT: &str = "callers ask `runs_on` first";

pub(super) async fn tune(_: &Device, _: Option<&str>, _: usize, _: &dyn Fn() -> f64) -> Option<&'static str> {
    None
}

pub(super) fn runs_on(_: &Device) -> bool {
    false
}

pub(super) fn takes_heads(_: usize) -> bool {
    false
}

pub(super) fn linear(
    _: Tensor<2>,
    weight: &DeviceWeight,
    _: Option<Tensor<1>>,
    _: Option<Activation>,
    _: Option<Tensor<2>>,
) -> Tensor<2> {
    match *weight {}
}

pub(super) fn layer_norm(_: Tensor<2>, _: Tensor<1>, _: Tensor<1>, _: f64) -> Tensor<2> {
    unreachable!("{ABSENT}")
}

pub(super) fn attention(_: Tensor<2>, _: usize, _: usize, _: bool) -> Tensor<2> {
    unreachable!("{ABSENT}")
}

pub(super) fn rows(_: Tensor<2>, _: &[u32]) -> Tensor<2> {
    unreachable!("{ABSENT}")
}
