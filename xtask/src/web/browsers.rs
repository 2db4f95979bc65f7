//! The browsers that tests run: Debian's, installed where they are absent.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::process::{apt_install, step};

/// Programs and the packages that bring them. Mesa's lavapipe is Firefox's WebGPU without a GPU.
const NEEDED: [(&str, &str); 3] = [
    ("/usr/bin/chromium", "chromium"),
    ("/usr/bin/firefox-esr", "firefox-esr"),
    ("/usr/share/vulkan/icd.d/lvp_icd.x86_64.json", "mesa-vulkan-drivers"),
];

/// Installs what is missing. Browsers of one's own are named by `PICKSCORE_CHROMIUM` and `PICKSCORE_FIREFOX`.
pub(super) fn install() -> Result<()> {
    let own = ["PICKSCORE_CHROMIUM", "PICKSCORE_FIREFOX"].iter().all(|name| std::env::var_os(name).is_some());
    let missing: Vec<&str> =
        NEEDED.iter().filter(|(path, _)| !Path::new(path).exists()).map(|(_, package)| *package).collect();
    if own || missing.is_empty() {
        return Ok(());
    }
    for command in apt_install(&missing)?.iter_mut() {
        step("browsers", command).with_context(|| {
            format!(
                "browsers are needed: install {} or set PICKSCORE_CHROMIUM and PICKSCORE_FIREFOX",
                missing.join(", ")
            )
        })?;
    }
    Ok(())
}
