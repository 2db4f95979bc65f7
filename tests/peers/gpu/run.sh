#!/bin/sh
# Runs `pickscore-gpu` from a packed folder: with the Vulkan loader beside it, and with the first
# Python that has PyTorch.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
export LD_LIBRARY_PATH="$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
# In containers, NVIDIA's manifest may be outside the folders that the loader searches.
nvidia=/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json
if [ -z "${VK_DRIVER_FILES:-}" ] && [ -f "$nvidia" ] && ! ls /etc/vulkan/icd.d/*nvidia* /usr/share/vulkan/icd.d/*nvidia* >/dev/null 2>&1; then
  export VK_DRIVER_FILES="$nvidia"
fi
for python in python3 python; do
  if "$python" -c "import torch, transformers" >/dev/null 2>&1; then
    exec "$here/pickscore-gpu" --python "$python" "$@"
  fi
done
echo "No Python with torch and transformers was found, so PyTorch is not measured." >&2
exec "$here/pickscore-gpu" "$@"
