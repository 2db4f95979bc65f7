//! What a device can do that not every device can.

/// What the kernels may use on a device. The default is right for every device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// Size of its smallest subgroup, 0 if it has no subgroup operations.
    pub subgroup: usize,
    /// Whether it has WGSL's `packed_4x8_integer_dot_product`.
    pub bytes: bool,
    /// Whether it has WGSL's `f16`.
    pub f16: bool,
    /// Rows and columns of the matrices of f16 that a subgroup multiplies, with sums in f32; 0 for
    /// none. Browsers offer no such matrices yet.
    pub matrix: usize,
    /// Bytes of a workgroup's memory.
    pub shared: usize,
}

#[cfg(not(target_family = "wasm"))]
impl Capabilities {
    /// The capabilities of a native device.
    pub fn of(setup: &burn::tensor::wgpu::WgpuSetup) -> Self {
        use burn::tensor::wgpu::wgpu::{Backend, CooperativeScalarType, Features};

        let features = setup.device.features();
        let info = setup.adapter.get_info();
        let has_subgroups = features.contains(Features::SUBGROUP);
        let subgroup = if has_subgroups { info.subgroup_min_size as usize } else { 0 };
        let needed = Features::SUBGROUP | Features::SHADER_F16 | Features::EXPERIMENTAL_COOPERATIVE_MATRIX;
        // The kernel needs subgroups of a known size, and Vulkan's way to address matrices.
        // NVIDIA's GPUs have one size; some others have several.
        let fits = features.contains(needed)
            && info.subgroup_min_size == info.subgroup_max_size
            && info.backend == Backend::Vulkan;
        let matrices = if fits { setup.adapter.cooperative_matrix_properties() } else { Vec::new() };
        let sides = matrices.iter().filter(|matrix| {
            let types = (matrix.ab_type, matrix.cr_type);
            let is_square = matrix.m_size == matrix.n_size && matrix.n_size == matrix.k_size;
            is_square && types == (CooperativeScalarType::F16, CooperativeScalarType::F32)
        });
        let matrix = sides.map(|matrix| matrix.m_size as usize).max().unwrap_or(0);
        // Where there are no instructions for bytes, the shader compiler emulates them.
        let shared = setup.device.limits().max_compute_workgroup_storage_size as usize;
        Self { subgroup, bytes: true, f16: features.contains(Features::SHADER_F16), matrix, shared }
    }
}
