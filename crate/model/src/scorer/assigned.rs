//! The GPU that a scheduler assigned to this process.
//!
//! Slurm, Ray and others write it into `CUDA_VISIBLE_DEVICES`, as an index or UUID that only
//! NVIDIA's driver knows. The driver also tells the GPU's address on the PCI bus, by which wgpu
//! knows it.

use std::{fs, path::Path};

/// A GPU that NVIDIA's driver lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Installed {
    /// Its address on the PCI bus, such as `0000:3b:00.0`.
    bus: String,
    /// `GPU-` and a UUID.
    uuid: String,
}

/// The GPU to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Assigned {
    /// None was assigned in particular.
    Any,
    /// The process may use no GPU.
    None,
    /// The one at this address.
    At(String),
}

/// The GPU that was assigned to this process, by `CUDA_VISIBLE_DEVICES`.
///
/// # Errors
///
/// If the variable names a GPU that the driver does not list.
pub(super) fn assigned() -> Result<Assigned, String> {
    let Ok(visible) = std::env::var("CUDA_VISIBLE_DEVICES") else { return Ok(Assigned::Any) };
    of_visible(&visible, &installed(Path::new("/proc/driver/nvidia/gpus")))
}

/// The GPUs that the driver lists, in the order of their addresses, in which it also counts them.
fn installed(folder: &Path) -> Vec<Installed> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let of = |path: &Path| {
        let told = fs::read_to_string(path.join("information")).unwrap_or_default();
        let uuid = told.lines().find_map(|line| line.strip_prefix("GPU UUID:")).unwrap_or_default();
        Some(Installed { bus: path.file_name()?.to_str()?.to_lowercase(), uuid: uuid.trim().to_owned() })
    };
    let mut found: Vec<_> = entries.flatten().filter_map(|entry| of(&entry.path())).collect();
    found.sort_by(|one, other| one.bus.cmp(&other.bus));
    found
}

/// The first GPU of a value of `CUDA_VISIBLE_DEVICES`.
fn of_visible(visible: &str, installed: &[Installed]) -> Result<Assigned, String> {
    // Without NVIDIA's driver the variable says nothing about the GPUs of this machine.
    if installed.is_empty() {
        return Ok(Assigned::Any);
    }
    let first = visible.split(',').next().unwrap_or_default().trim();
    // CUDA ends the list at the first value that is no GPU.
    if first.is_empty() || first == "NoDevFiles" || first.starts_with('-') {
        return Ok(Assigned::None);
    }
    let found = match first.parse::<usize>() {
        Ok(index) => installed.get(index),
        Err(_) => {
            // A UUID may be shortened while it is unambiguous.
            let mut matching = installed.iter().filter(|gpu| gpu.uuid.starts_with(first));
            matching.next().filter(|_| matching.next().is_none())
        }
    };
    let missing = || {
        let count = installed.len();
        format!("CUDA_VISIBLE_DEVICES is \"{visible}\", but the driver lists {count} GPUs and not that one")
    };
    found.map(|gpu| Assigned::At(gpu.bus.clone())).ok_or_else(missing)
}

/// The place, among those adapters that are discrete GPUs, of the one at an address. Each adapter
/// is given by its address and whether it is a discrete GPU.
pub(super) fn place(adapters: &[(String, bool)], bus: &str) -> Option<usize> {
    let discrete = adapters.iter().filter(|(_, is_discrete)| *is_discrete);
    discrete.into_iter().position(|(address, _)| address.eq_ignore_ascii_case(bus))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gpus() -> Vec<Installed> {
        let gpu = |bus: &str, uuid: &str| Installed { bus: bus.into(), uuid: uuid.into() };
        vec![
            gpu("0000:1b:00.0", "GPU-11aa"),
            gpu("0000:3b:00.0", "GPU-22bb"),
            gpu("0001:00:00.0", "GPU-22cc"),
        ]
    }

    #[test]
    fn the_driver_lists_gpus() {
        let folder = tempfile::tempdir().unwrap();
        for (bus, uuid) in
            [("0001:00:00.0", "GPU-22cc"), ("0000:3B:00.0", "GPU-22bb"), ("0000:1b:00.0", "GPU-11aa")]
        {
            let gpu = folder.path().join(bus);
            fs::create_dir(&gpu).unwrap();
            let told = format!(
                "Model: \t\t NVIDIA H200\nIRQ:   \t\t 1\nGPU UUID: \t {uuid}\nBus Location: \t {bus}\n"
            );
            fs::write(gpu.join("information"), told).unwrap();
        }
        assert_eq!(installed(folder.path()), gpus());
        assert_eq!(installed(&folder.path().join("none")), []);
    }

    #[test]
    fn the_first_visible_gpu_is_assigned() {
        let of = |visible: &str| of_visible(visible, &gpus());
        let at = |bus: &str| Ok(Assigned::At(bus.into()));
        assert_eq!(of("0"), at("0000:1b:00.0"));
        assert_eq!(of("2,0"), at("0001:00:00.0"));
        assert_eq!(of("GPU-22bb"), at("0000:3b:00.0"));
        assert_eq!(of("GPU-1"), at("0000:1b:00.0"));
        for none in ["", "-1", "NoDevFiles", "-1,0"] {
            assert_eq!(of(none), Ok(Assigned::None), "{none:?}");
        }
        // Ambiguous, not there, and a part of a GPU, which Vulkan does not have.
        for wrong in ["GPU-22", "3", "GPU-99", "MIG-22bb"] {
            assert!(of(wrong).unwrap_err().contains("lists 3 GPUs"), "{wrong}");
        }
        assert_eq!(of_visible("5", &[]), Ok(Assigned::Any));
    }

    #[test]
    fn an_adapter_is_found_by_its_address() {
        let adapters = [
            ("0000:00:02.0".to_owned(), false),
            ("0000:3B:00.0".to_owned(), true),
            (String::new(), false),
            ("0000:1b:00.0".to_owned(), true),
        ];
        assert_eq!(place(&adapters, "0000:1b:00.0"), Some(1));
        assert_eq!(place(&adapters, "0000:3b:00.0"), Some(0));
        // Not a discrete GPU, and not there.
        assert_eq!(place(&adapters, "0000:00:02.0"), None);
        assert_eq!(place(&adapters, "0000:5b:00.0"), None);
    }
}
