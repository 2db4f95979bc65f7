//! What all kernels share: their text, their key and how they are launched.

use std::{fmt::Debug, hash::Hash};

use burn_cubecl::{
    cubecl::{
        CubeCount, CubeDim,
        client::Client,
        prelude::KernelId,
        server::{Handle, KernelArguments, MetadataBindingInfo},
    },
    template::{KernelSource, SourceKernel, SourceTemplate},
};

/// Number of values that a kernel reads at once. The width of every operand is a multiple of it.
pub(super) const LANES: usize = 4;

/// The buffers of a kernel: their names and element types.
pub(super) type Buffers = &'static [(&'static str, &'static str)];

/// A kernel. The driver compiles it once for each value of the type.
pub(super) trait Kernel: Copy + Debug + Eq + Hash + Send + Sync + 'static {
    /// The kernel's buffers, in the order of their bindings.
    fn buffers(self) -> Buffers;

    /// Directives at the start of the text.
    fn directives(self) -> &'static str {
        ""
    }

    /// The text after the declarations of the buffers.
    fn body(self) -> String;
}

/// The access mode of buffers that a kernel only reads. Natively, they may be parts of a buffer
/// that the same dispatch writes.
const READ: &str = if cfg!(target_family = "wasm") { "read" } else { "read_write" };

/// Enqueues a kernel on buffers given in the order of [`Kernel::buffers`]. The kernel reads `info`
/// through an array of that name.
pub(super) fn launch(
    kernel: impl Kernel,
    client: &Client,
    buffers: &[&Handle],
    info: &[u32],
    workgroups: [usize; 3],
) {
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
    // The kernel's text states the size of a workgroup.
    let kernel = SourceKernel::new(Source(kernel), CubeDim::new_single());
    client.launch(Box::new(kernel), CubeCount::Static(x, y, z), arguments);
}

struct Source<K>(K);

impl<K: Kernel> KernelSource for Source<K> {
    fn source(&self) -> SourceTemplate {
        let buffers = self.0.buffers();
        let mut text = String::from(self.0.directives());
        for (binding, (name, of)) in buffers.iter().enumerate() {
            let access = if *name == "output" { "read_write" } else { READ };
            text += &format!("@group(0) @binding({binding}) var<storage, {access}> {name}: array<{of}>;\n");
        }
        text += &format!("@group(0) @binding({}) var<storage, read> info: array<u32>;\n", buffers.len());
        SourceTemplate::new(text + &self.0.body())
    }

    fn id(&self) -> KernelId {
        KernelId::new::<Self>().info(self.0)
    }

    fn lang(&self) -> &'static str {
        "wgsl"
    }
}
