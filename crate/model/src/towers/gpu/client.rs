//! The runtime that takes WGSL on a device.

use burn::{backend::DispatchDevice, tensor::Device};
use burn_cubecl::{CubeDevice, cubecl::client::Client};

/// The client that WGSL is launched through, for a device of burn's wgpu backend without gradients.
pub(super) fn of(device: &Device) -> Option<Client> {
    match device.as_dispatch() {
        DispatchDevice::Cube(cube @ CubeDevice::Wgpu(_)) => Some(wgsl(cube)),
        _ => None,
    }
}

#[cfg(not(feature = "spirv"))]
fn wgsl(cube: &CubeDevice) -> Client {
    cube.client()
}

/// A runtime takes kernels in one language, and burn's own takes SPIR-V on Vulkan when that is
/// compiled in. The WGSL kernels then have a second runtime, with memory of its own.
#[cfg(feature = "spirv")]
fn wgsl(cube: &CubeDevice) -> Client {
    use burn::backend::DeviceOps as _;
    use burn_cubecl::cubecl::{
        RuntimeId,
        wgpu::{WgpuServer, WgslCompiler},
    };

    let client = cube.client();
    if client.name() == "wgpu<wgsl>" {
        return client;
    }
    Client::load::<WgpuServer<WgslCompiler>>(RuntimeId::strip(cube.id()))
}
