//! Fused steps with gradients, for training on the CPU.
//!
//! burn's autodiff splits a layer norm, a softmax or a GELU into up to nine operations, each of
//! which reads and writes whole activations on one core, and so do their gradients. Here each is
//! one forward and one backward pass, registered with autodiff as a custom operation. Products use
//! the same `gemm` as burn's CPU backend. Sums over rows are split into pieces of fixed size and
//! added in a fixed order, so results are bit-identical for a given number of threads.

mod activation;
mod attention;
mod linear;
mod norm;
#[cfg(test)]
mod tests;

use burn::{
    backend::{
        Autodiff, Backend, Dispatch, Flex,
        autodiff::{
            NodeId,
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, NodeGuard, Ops, OpsKind},
        },
        backend_extension,
        tensor::FloatTensor,
    },
    tensor::{Device, Tensor, TensorData},
};
use pickscore_checkpoint::config::Activation;

use crate::towers::{
    operations,
    steps::{Heads, Steps},
};

/// The fused kernels with gradients, on burn's CPU device with autodiff.
#[derive(Debug, Clone)]
pub(in crate::towers) struct FusedTraining {
    pub(in crate::towers) device: Device,
}

impl Steps for FusedTraining {
    type Matrix = Tensor<2>;
    type Vector = Tensor<1>;
    type Weight = Tensor<2>;

    fn matrix(&self, values: Vec<f32>, columns: usize) -> Tensor<2> {
        operations::matrix(values, columns, &self.device)
    }

    fn linear(
        &self,
        input: Tensor<2>,
        weight: &Tensor<2>,
        bias: Option<&Tensor<1>>,
        activation: Option<Activation>,
    ) -> Tensor<2> {
        let output = linear(input, weight.clone(), bias.cloned());
        match activation {
            Some(activation) => activate(output, activation),
            None => output,
        }
    }

    fn linear_add(
        &self,
        input: Tensor<2>,
        weight: &Tensor<2>,
        bias: Option<&Tensor<1>>,
        residual: Tensor<2>,
    ) -> Tensor<2> {
        residual + self.linear(input, weight, bias, None)
    }

    fn linear_add_repeated(
        &self,
        input: Tensor<2>,
        weight: &Tensor<2>,
        bias: Option<&Tensor<1>>,
        residual: &Tensor<2>,
    ) -> Tensor<2> {
        let residual = operations::repeat(residual, input.dims()[0]);
        self.linear_add(input, weight, bias, residual)
    }

    fn layer_norm(&self, input: &Tensor<2>, weight: &Tensor<1>, bias: &Tensor<1>, epsilon: f64) -> Tensor<2> {
        layer_norm(input.clone(), weight.clone(), bias.clone(), epsilon)
    }

    fn attention(&self, qkv: Tensor<2>, heads: Heads) -> Tensor<2> {
        attention(qkv, heads)
    }

    fn gather(&self, matrix: Tensor<2>, rows: &[usize]) -> Tensor<2> {
        operations::gather(matrix, rows)
    }
}

/// A tensor of burn's CPU backend.
type Host = FloatTensor<Flex>;

/// A new tensor `[rows, columns]`, filled by `fill`.
///
/// Unlike burn-flex's `empty`, this does not copy the cleared memory for alignment.
fn matrix(rows: usize, columns: usize, fill: impl FnOnce(&mut [f32])) -> Host {
    let mut values = vec![0.0; rows * columns];
    fill(&mut values);
    Host::from_data(TensorData::new(values, [rows, columns]))
}

/// A new tensor `[length]`.
fn vector(values: Vec<f32>) -> Host {
    let length = values.len();
    Host::from_data(TensorData::new(values, [length]))
}

/// Makes a tensor contiguous, starting at the beginning of its storage.
fn contiguous(tensor: Host) -> Host {
    if tensor.layout().contiguous_offsets() == Some((0, tensor.layout().num_elements())) {
        tensor
    } else {
        tensor.to_contiguous()
    }
}

/// The values of a tensor returned by [`contiguous`].
fn slice(tensor: &Host) -> &[f32] {
    &tensor.storage::<f32>()[..tensor.layout().num_elements()]
}

/// input `[rows, in]`, weight `[out, in]`, bias `[out]` → `input · weightᵀ + bias` `[rows, out]`
fn linear(input: Tensor<2>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<2> {
    let (input, weight) = (input.into_dispatch(), weight.into_dispatch());
    Tensor::from_dispatch(match bias {
        Some(bias) => <Dispatch as Trainable>::linear(input, weight, bias.into_dispatch()),
        None => <Dispatch as Trainable>::product(input, weight),
    })
}

/// `activation(input)`, elementwise
fn activate(input: Tensor<2>, activation: Activation) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as Trainable>::activate(input.into_dispatch(), activation))
}

/// input `[rows, width]`, weight and bias `[width]` → layer norm of each row
fn layer_norm(input: Tensor<2>, weight: Tensor<1>, bias: Tensor<1>, epsilon: f64) -> Tensor<2> {
    let (weight, bias) = (weight.into_dispatch(), bias.into_dispatch());
    Tensor::from_dispatch(<Dispatch as Trainable>::layer_norm(input.into_dispatch(), weight, bias, epsilon))
}

/// qkv `[batch · sequence, 3 · width]` → `[batch · sequence, width]`
fn attention(qkv: Tensor<2>, heads: Heads) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as Trainable>::attention(qkv.into_dispatch(), heads))
}

/// The operations with fused gradients.
#[backend_extension(Flex, Autodiff)]
trait Trainable: Backend {
    fn linear(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
    fn product(input: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self>;
    fn activate(input: FloatTensor<Self>, activation: Activation) -> FloatTensor<Self>;
    fn layer_norm(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self>;
    fn attention(qkv: FloatTensor<Self>, heads: Heads) -> FloatTensor<Self>;
}

/// The shape of a matrix.
fn dims(tensor: &Host) -> [usize; 2] {
    let shape = tensor.layout().shape();
    [shape[0], shape[1]]
}

impl Trainable for Flex {
    fn linear(input: Host, weight: Host, bias: Host) -> Host {
        let (input, weight, bias) = (contiguous(input), contiguous(weight), contiguous(bias));
        let ([rows, inputs], [outputs, _]) = (dims(&input), dims(&weight));
        matrix(rows, outputs, |output| {
            linear::forward(
                [rows, inputs, outputs],
                slice(&input),
                slice(&weight),
                Some(slice(&bias)),
                output,
            );
        })
    }

    fn product(input: Host, weight: Host) -> Host {
        let (input, weight) = (contiguous(input), contiguous(weight));
        let ([rows, inputs], [outputs, _]) = (dims(&input), dims(&weight));
        matrix(rows, outputs, |output| {
            linear::forward([rows, inputs, outputs], slice(&input), slice(&weight), None, output);
        })
    }

    fn activate(input: Host, activation: Activation) -> Host {
        let input = contiguous(input);
        let [rows, width] = dims(&input);
        matrix(rows, width, |output| activation::forward(slice(&input), activation, output))
    }

    fn layer_norm(input: Host, weight: Host, bias: Host, epsilon: f64) -> Host {
        let (input, weight, bias) = (contiguous(input), contiguous(weight), contiguous(bias));
        let [rows, width] = dims(&input);
        matrix(rows, width, |output| {
            super::norm::layer_norm(slice(&input), slice(&weight), slice(&bias), epsilon as f32, output);
        })
    }

    fn attention(qkv: Host, heads: Heads) -> Host {
        let qkv = contiguous(qkv);
        let [rows, triple] = dims(&qkv);
        let task = super::attention::Attention::new(rows, triple / 3, heads);
        matrix(rows, triple / 3, |output| task.run(slice(&qkv), output))
    }
}

/// A tensor of the CPU backend with a gradient.
type Tracked<C> = FloatTensor<Autodiff<Flex, C>>;

/// Records an operation on the autodiff graph, with the state that its gradient needs.
fn record<B, S, C, const N: usize>(step: B, nodes: [NodeGuard; N], state: S, output: Host) -> Tracked<C>
where
    B: Backward<Flex, N, State = S>,
    S: Clone + Send + std::fmt::Debug + 'static,
    C: CheckpointStrategy,
{
    match step.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish(state, output),
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    }
}

impl<C: CheckpointStrategy> Trainable for Autodiff<Flex, C> {
    fn linear(input: Tracked<C>, weight: Tracked<C>, bias: Tracked<C>) -> Tracked<C> {
        let ((input, x), (weight, w), (bias, b)) =
            (input.into_parts(), weight.into_parts(), bias.into_parts());
        let output = Flex::linear(input.clone(), weight.clone(), bias);
        record::<_, _, C, 3>(Linear, [x, w, b], (input, weight), output)
    }

    fn product(input: Tracked<C>, weight: Tracked<C>) -> Tracked<C> {
        let ((input, x), (weight, w)) = (input.into_parts(), weight.into_parts());
        let output = Flex::product(input.clone(), weight.clone());
        record::<_, _, C, 2>(Product, [x, w], (input, weight), output)
    }

    fn activate(input: Tracked<C>, activation: Activation) -> Tracked<C> {
        let (input, x) = input.into_parts();
        let output = Flex::activate(input.clone(), activation);
        record::<_, _, C, 1>(Activate, [x], (input, activation), output)
    }

    fn layer_norm(input: Tracked<C>, weight: Tracked<C>, bias: Tracked<C>, epsilon: f64) -> Tracked<C> {
        let ((input, x), (weight, w), (bias, b)) =
            (input.into_parts(), weight.into_parts(), bias.into_parts());
        let output = Flex::layer_norm(input.clone(), weight.clone(), bias, epsilon);
        record::<_, _, C, 3>(Norm, [x, w, b], (input, weight, epsilon), output)
    }

    fn attention(qkv: Tracked<C>, heads: Heads) -> Tracked<C> {
        let (qkv, x) = qkv.into_parts();
        let output = Flex::attention(qkv.clone(), heads);
        record::<_, _, C, 1>(Attention, [x], (qkv, heads), output)
    }
}

#[derive(Debug)]
struct Linear;

impl Backward<Flex, 3> for Linear {
    type State = (Host, Host);

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = contiguous(gradients.consume::<Flex>(&ops.node));
        let [input, weight, bias] = ops.parents.map(|parent| parent.map(|node| node.id));
        product_backward(ops.state, &gradient, [input, weight], gradients);
        if let Some(bias) = bias {
            let [_, outputs] = dims(&gradient);
            gradients.register::<Flex>(bias, vector(linear::column_sums(slice(&gradient), outputs)));
        }
    }
}

#[derive(Debug)]
struct Product;

impl Backward<Flex, 2> for Product {
    type State = (Host, Host);

    fn backward(self, ops: Ops<Self::State, 2>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = contiguous(gradients.consume::<Flex>(&ops.node));
        let parents = ops.parents.map(|parent| parent.map(|node| node.id));
        product_backward(ops.state, &gradient, parents, gradients);
    }
}

/// Registers the gradients of `input · weightᵀ`: input `[rows, in]`, weight `[out, in]`, gradient
/// `[rows, out]`.
fn product_backward(
    (input, weight): (Host, Host),
    gradient: &Host,
    [input_node, weight_node]: [Option<NodeId>; 2],
    gradients: &mut Gradients,
) {
    let (input, weight) = (contiguous(input), contiguous(weight));
    let ([rows, inputs], [outputs, _]) = (dims(&input), dims(&weight));
    let shape = [rows, inputs, outputs];
    if let Some(node) = input_node {
        let output = matrix(rows, inputs, |output| {
            linear::input_gradient(shape, slice(gradient), slice(&weight), output);
        });
        gradients.register::<Flex>(node, output);
    }
    if let Some(node) = weight_node {
        let output = matrix(outputs, inputs, |output| {
            linear::weight_gradient(shape, slice(gradient), slice(&input), output);
        });
        gradients.register::<Flex>(node, output);
    }
}

#[derive(Debug)]
struct Activate;

impl Backward<Flex, 1> for Activate {
    type State = (Host, Activation);

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = contiguous(gradients.consume::<Flex>(&ops.node));
        let [Some(node)] = ops.parents else { return };
        let (input, activation) = (contiguous(ops.state.0), ops.state.1);
        let [rows, width] = dims(&input);
        let output = matrix(rows, width, |output| {
            activation::backward(slice(&input), slice(&gradient), activation, output);
        });
        gradients.register::<Flex>(node.id, output);
    }
}

#[derive(Debug)]
struct Norm;

impl Backward<Flex, 3> for Norm {
    type State = (Host, Host, f64);

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = contiguous(gradients.consume::<Flex>(&ops.node));
        let (input, weight, epsilon) = ops.state;
        let (input, weight) = (contiguous(input), contiguous(weight));
        let [rows, width] = dims(&input);
        let mut parameters = (Vec::new(), Vec::new());
        let output = matrix(rows, width, |output| {
            parameters =
                norm::backward(slice(&input), slice(&weight), slice(&gradient), epsilon as f32, output);
        });
        let [input, weight, bias] = ops.parents;
        for (node, gradient) in
            [(input, output), (weight, vector(parameters.0)), (bias, vector(parameters.1))]
        {
            if let Some(node) = node {
                gradients.register::<Flex>(node.id, gradient);
            }
        }
    }
}

#[derive(Debug)]
struct Attention;

impl Backward<Flex, 1> for Attention {
    type State = (Host, Heads);

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = contiguous(gradients.consume::<Flex>(&ops.node));
        let [Some(node)] = ops.parents else { return };
        let (qkv, heads) = ops.state;
        let qkv = contiguous(qkv);
        let [rows, triple] = dims(&qkv);
        let task = super::attention::Attention::new(rows, triple / 3, heads);
        let output = matrix(rows, triple, |output| {
            attention::backward(&task, slice(&qkv), slice(&gradient), output);
        });
        gradients.register::<Flex>(node.id, output);
    }
}
