//! The browsers that tests run, and what serves them: Debian's, installed where they are absent.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::process::{apt_install, step};

/// Programs and the packages that bring them. Mesa's lavapipe is Firefox's WebGPU without a GPU.
const NEEDED: [(&str, &str); 3] = [
    ("/usr/bin/chromium", "chromium"),
    ("/usr/bin/firefox-esr", "firefox-esr"),
    ("/usr/share/vulkan/icd.d/lvp_icd.x86_64.json", "mesa-vulkan-drivers"),
];

/// What the page is tried on beside the hosts that the tests play.
const SERVERS: [(&str, &str); 1] = [("/usr/sbin/nginx", "nginx-light")];

/// Installs what is missing, for the page's own tests the servers too. Browsers of one's own are named by `PICKSCORE_CHROMIUM` and
/// `PICKSCORE_FIREFOX`.
pub(super) fn install(page: bool) -> Result<()> {
    let own = ["PICKSCORE_CHROMIUM", "PICKSCORE_FIREFOX"].iter().all(|name| std::env::var_os(name).is_some());
    let browsers = NEEDED.iter().filter(|_| !own);
    let servers = SERVERS.iter().filter(|_| page);
    let missing: Vec<&str> = browsers
        .chain(servers)
        .filter(|(path, _)| !Path::new(path).exists())
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    for command in apt_install(&missing)?.iter_mut() {
        step("browsers", command).with_context(|| {
            format!(
                "the tests need {}: install what is missing; browsers of your own are named by PICKSCORE_CHROMIUM and PICKSCORE_FIREFOX",
                missing.join(", ")
            )
        })?;
    }
    Ok(())
}
