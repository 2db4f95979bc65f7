#!/bin/sh
# Makes a Chromium in FOLDER whose software WebGPU adapter is Mesa's lavapipe instead of
# SwiftShader: `make.sh FOLDER`, as root on Debian 12 with chromium, mesa-vulkan-drivers and gcc. It
# is started as FOLDER/chromium with LVP_SO=FOLDER/libvulkan_lvp.so in its environment.
#
# lavapipe is that of Debian's backports: stable's own is older and several times slower. It is
# unpacked beside the browser, not installed.
set -eu
folder=$(realpath -m "${1:?FOLDER is missing}")
here=$(dirname "$(realpath "$0")")
# Made again where Chromium has been updated, since the copy would stay behind.
version=$(dpkg-query --show --showformat '${Version}' chromium)
[ "$(cat "$folder/made-from" 2>/dev/null || true)" = "$version" ] && exit 0

making=$folder.making
rm -rf "$making"
mkdir -p "$making/apt/lists/partial" "$making/apt/cache/archives/partial"
cp -a /usr/lib/chromium/. "$making/"

# Backports, from the very mirror that this machine has for Debian itself; the machine's own sources
# stay as they are.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' | sort -u | head -n 1)
signed=signed-by=/usr/share/keyrings/debian-archive-keyring.gpg
for suite in bookworm bookworm-backports; do echo "deb [$signed] $mirror $suite main"; done >"$making/apt/sources.list"
apt() {
    apt-get -qq -o APT::Sandbox::User=root -o Dir::Etc::SourceList="$making/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$making/apt/lists" -o Dir::Cache="$making/apt/cache" "$@"
}
apt update
(cd "$making/apt" && apt download mesa-vulkan-drivers/bookworm-backports)
dpkg-deb --extract "$making"/apt/mesa-vulkan-drivers_*.deb "$making/apt/mesa"
cp "$making"/apt/mesa/usr/lib/*/libvulkan_lvp.so "$making/"
if ldd "$making/libvulkan_lvp.so" | grep 'not found'; then
    echo "lavapipe lacks these libraries" >&2
    exit 1
fi

gcc -O2 -Wall -fPIC -shared -fvisibility=hidden -o "$making/libvk_swiftshader.so" "$here/icd.c" -ldl
# The loader hands out no newer Vulkan than the driver's description claims.
sed -i -E 's/"api_version": *"[^"]*"/"api_version": "1.4.305"/' "$making/vk_swiftshader_icd.json"
rm -rf "$making/apt" "$folder"
echo "$version" >"$making/made-from"
mv "$making" "$folder"
