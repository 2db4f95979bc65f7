//! The browsers and the server for the tests: Debian's, installed if missing.

use anyhow::{Context as _, Result};

use crate::process::{self, Program};

pub(crate) const CHROMIUM: Program = ("/usr/bin/chromium", "chromium");
const FIREFOX: Program = ("/usr/bin/firefox-esr", "firefox-esr");
/// Firefox uses Mesa's lavapipe for WebGPU without a GPU.
pub(crate) const LAVAPIPE: Program = ("/usr/share/vulkan/icd.d/lvp_icd.x86_64.json", "mesa-vulkan-drivers");
/// The only real server among the hosts; the tests simulate the others.
const NGINX: Program = ("/usr/sbin/nginx", "nginx-light");

/// Installs what the tests lack; for the page's tests also the server. `PICKSCORE_CHROMIUM` and
/// `PICKSCORE_FIREFOX` name other browsers.
pub(super) fn install(page: bool) -> Result<()> {
    let own = ["PICKSCORE_CHROMIUM", "PICKSCORE_FIREFOX"].iter().all(|name| std::env::var_os(name).is_some());
    let browsers: &[Program] = if own { &[] } else { &[CHROMIUM, FIREFOX, LAVAPIPE] };
    let servers: &[Program] = if page { &[NGINX] } else { &[] };
    require(&[browsers, servers].concat())
}

/// Installs those that are missing.
pub(crate) fn require(programs: &[Program]) -> Result<()> {
    process::require("browsers", programs)
        .context("browsers of your own are named by PICKSCORE_CHROMIUM and PICKSCORE_FIREFOX")
}
