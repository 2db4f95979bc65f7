//! The command `pickscore`.

fn main() -> std::process::ExitCode {
    #[cfg(all(feature = "gpu", target_os = "linux"))]
    without_device_select();
    pickscore::cli::main()
}

/// Turns off Mesa's device-select layer, which on a machine without a display prints an error for
/// each Vulkan instance. It would only reorder the GPUs by which of them drives the display. A user
/// who has set the variable, even to nothing, decides.
#[cfg(all(feature = "gpu", target_os = "linux"))]
#[allow(unsafe_code, reason = "variables have to be set before the Vulkan loader reads them")]
fn without_device_select() {
    const VARIABLE: &str = "NODEVICE_SELECT";
    if std::env::var_os(VARIABLE).is_none() {
        // SAFETY: this is the first thing that the program does. No other thread exists yet that
        // could read or write the environment.
        unsafe { std::env::set_var(VARIABLE, "1") };
    }
}
