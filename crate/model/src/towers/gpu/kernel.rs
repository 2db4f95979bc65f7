//! What all kernels have in common: text, key, launch.

use burn_cubecl::{
    cubecl::{
        CubeCount, CubeDim,
        client::Client,
        prelude::KernelId,
        server::{Handle, KernelArguments, MetadataBindingInfo},
    },
    template::{KernelSource, SourceKernel, SourceTemplate},
};

use super::{
    attention,
    gemm::{self, Store, Tile},
    norm, rows,
    subgroup::Rows,
};

/// A kernel, as a driver compiles it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kernel {
    Gemm(Tile, Store),
    Norm,
    Scores(Rows),
    Softmax,
    Mix(Rows),
    Rows,
}

/// How kernels may name what they only read. Natively, buffers are parts of one that others write
/// in the same dispatch.
const READ: &str = if cfg!(target_family = "wasm") { "read" } else { "read_write" };

impl Kernel {
    /// Its text: a declaration for each of the buffers, `info` (numbers from the host) after them,
    /// then the kernel's own.
    fn text(self) -> String {
        let (buffers, (enable, body)) = match self {
            Self::Gemm(tile, store) => (store.buffers(), gemm::text(tile, store)),
            Self::Norm => (norm::BUFFERS, ("", norm::text())),
            Self::Scores(rows) => (attention::SCORES, (rows.enable(), attention::scores(rows))),
            Self::Softmax => (attention::SOFTMAX, ("", attention::softmax())),
            Self::Mix(rows) => (attention::MIX, (rows.enable(), attention::mix(rows))),
            Self::Rows => (rows::BUFFERS, ("", rows::BODY.into())),
        };
        let mut text = String::from(enable);
        for (binding, (name, of)) in buffers.iter().enumerate() {
            let access = if *name == "output" { "read_write" } else { READ };
            text += &format!("@group(0) @binding({binding}) var<storage, {access}> {name}: array<{of}>;\n");
        }
        text += &format!("@group(0) @binding({}) var<storage, read> info: array<u32>;\n", buffers.len());
        text + &body
    }

    /// Puts it into the queue: on these buffers, in the order that the kernel names them in, with
    /// numbers for `info`.
    pub(super) fn launch(self, client: &Client, buffers: &[&Handle], info: &[u32], workgroups: [usize; 3]) {
        if workgroups.contains(&0) {
            return;
        }
        let words = info
            .chunks(2)
            .map(|pair| u64::from(pair[0]) | u64::from(pair.get(1).copied().unwrap_or(0)) << 32)
            .collect();
        let arguments = KernelArguments::new()
            .with_buffers(buffers.iter().map(|&buffer| buffer.clone().binding()).collect())
            .with_info(MetadataBindingInfo::custom(words));
        let [x, y, z] = workgroups.map(|count| count as u32);
        // The size of a workgroup is in the text.
        let kernel = SourceKernel::new(self, CubeDim::new_single());
        client.launch(Box::new(kernel), CubeCount::Static(x, y, z), arguments);
    }
}

impl KernelSource for Kernel {
    fn source(&self) -> SourceTemplate {
        SourceTemplate::new(self.text())
    }

    fn id(&self) -> KernelId {
        KernelId::new::<Self>().info(*self)
    }

    fn lang(&self) -> &'static str {
        "wgsl"
    }
}

/// The buffers of a kernel: name, and what it is an array of.
pub(super) type Buffers = &'static [(&'static str, &'static str)];
