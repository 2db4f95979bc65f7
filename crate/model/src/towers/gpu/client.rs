//! The runtime that compiles WGSL for a device.

use burn::{backend::DispatchDevice, tensor::Device};
use burn_cubecl::{CubeDevice, cubecl::client::Client};

/// The client for WGSL kernels on a device of burn's wgpu backend without autodiff; `None` for any
/// other device.
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

/// A runtime accepts kernels in one language. With the feature `spirv`, burn's runtime on Vulkan
/// accepts SPIR-V only, so the WGSL kernels get a second runtime with separate memory.
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
