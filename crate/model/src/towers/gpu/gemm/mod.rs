//! The product `activation(residual + input · weightᵀ + bias)`.
//!
//! Both operands are stored row by row, so each step reads four neighbouring values of several rows
//! of each and multiplies all pairs. A [`Tile`] states which rows an invocation computes, and
//! whether it reads them alone or shares them with its workgroup. Which tile is fastest depends on
//! the adapter; `tune.rs` measures it.
//!
//! Where a device does so faster, products with q8 weights multiply in f16 (`blocked.rs`), and
//! natively those with f16 and q8 weights multiply matrices of f16 (`matrix.rs`).
//!
//! For `q8-fast`, `round.rs` first rounds the input to bytes, of which a step has sixteen. They are
//! multiplied by WGSL's packed dot product.

mod blocked;
mod direct;
mod epilogue;
pub(super) mod half;
#[cfg(not(target_family = "wasm"))]
pub(super) mod matrix;
pub(super) mod round;
pub(super) mod store;
pub(super) mod tile;
pub(super) mod tuning;

use burn_cubecl::cubecl::server::Handle;
use pickscore_checkpoint::config::Activation;

use super::{
    erf,
    kernel::{self, Buffers, Kernel},
    weight::DeviceWeight,
    wgsl::{Buffer, Wgsl},
};
use store::Store;
use tile::Tile;

/// A product with its epilogue.
pub(super) struct Gemm<'a> {
    pub(super) weight: &'a DeviceWeight,
    /// `[out]`
    pub(super) bias: Option<&'a Handle>,
    pub(super) activation: Option<Activation>,
    /// `[period, out]`, repeated every `period` rows.
    pub(super) residual: Option<&'a Buffer>,
}

impl Gemm<'_> {
    /// Computes the product: input `[rows, in]` → `[rows, out]`
    pub(super) fn run(&self, wgsl: &Wgsl, input: &Buffer) -> Buffer {
        let (weight, outputs) = (self.weight, self.weight.outputs());
        let output = wgsl.empty(input.rows, outputs);
        let rounded = (weight.store() == Store::Bytes).then(|| round::round(wgsl, input));
        let [steps, block] = weight.steps();
        let info = [
            input.rows,
            outputs,
            steps,
            block,
            usize::from(self.bias.is_some()),
            self.residual.map_or(0, |residual| residual.rows),
            match self.activation {
                None => 0,
                Some(Activation::Gelu) => 1,
                Some(Activation::QuickGelu) => 2,
            },
        ];
        let input_buffer = rounded.as_ref().unwrap_or(&input.handle);
        let mut buffers = vec![input_buffer];
        buffers.extend(weight.buffers());
        // Every binding needs a buffer, even if the kernel does not read it.
        buffers.push(self.bias.unwrap_or(input_buffer));
        buffers.push(self.residual.map_or(input_buffer, |residual| &residual.handle));
        buffers.push(&output.handle);
        // Neighbouring workgroups share columns, so weights are read once; the input is small
        // enough to stay in the cache.
        let tile = wgsl.tuning.tile(weight);
        let [height, width] = tile.extent();
        let workgroups = [input.rows.div_ceil(height), outputs.div_ceil(width), 1];
        let kernel = Product { tile, store: weight.store() };
        kernel::launch(kernel, &wgsl.client, &buffers, &info.map(|x| x as u32), workgroups);
        output
    }
}

/// The kernel of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Product {
    tile: Tile,
    store: Store,
}

impl Kernel for Product {
    fn buffers(self) -> Buffers {
        self.store.buffers()
    }

    fn directives(self) -> &'static str {
        match self.tile {
            Tile::Direct { rows, .. } => rows.directives(),
            Tile::Blocked => "",
            Tile::Halves => half::DIRECTIVE,
            #[cfg(not(target_family = "wasm"))]
            Tile::Matrix(_) => matrix::DIRECTIVES,
        }
    }

    fn body(self) -> String {
        let body = match self.tile {
            Tile::Direct { rows, columns, across } => direct::body(self.store, rows, columns, across),
            Tile::Blocked => blocked::body(self.store),
            Tile::Halves => blocked::body_of_halves(),
            #[cfg(not(target_family = "wasm"))]
            Tile::Matrix(matrices) => matrices.body(self.store),
        };
        [erf::TEXT, epilogue::FINISH, self.store.text(), &body].concat()
    }
}
