//! The runtime that takes WGSL on a device.

use burn::{backend::DispatchDevice, tensor::Device};
use burn_cubecl::{CubeDevice, cubecl::client::Client};

/// The client that WGSL is launched through, for a device of burn's wgpu backend without gradients.
///
/// A runtime takes kernels in one language. burn's own, compiled with `spirv`, is on Vulkan for
/// SPIR-V; then the kernels have a second one, with a device and memory of its own.
pub(super) fn of(device: &Device) -> Option<Client> {
    let DispatchDevice::Cube(cube) = device.as_dispatch() else { return None };
    let CubeDevice::Wgpu(wgpu) = cube else { return None };
    #[cfg(feature = "spirv")]
    {
        use burn_cubecl::cubecl::{
            Runtime as _,
            wgpu::{WgpuRuntime, WgslCompiler},
        };
        let client = cube.client();
        let is_wgsl = client.name() == "wgpu<wgsl>";
        return Some(if is_wgsl { client } else { WgpuRuntime::<WgslCompiler>::client(wgpu) });
    }
    #[cfg(not(feature = "spirv"))]
    {
        let _ = wgpu;
        Some(cube.client())
    }
}
