#!/bin/sh
# Runs `pickscore-gpu` from a packed folder: with the Vulkan loader beside it where the system has
# none, and with the first Python that has PyTorch.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd)
export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$here/lib"
# In containers, NVIDIA's manifest may be outside the folders that the loader searches.
nvidia=/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json
known=
for manifest in /etc/vulkan/icd.d/*nvidia* /usr/share/vulkan/icd.d/*nvidia*; do
  if [ -e "$manifest" ]; then known=$manifest; fi
done
if [ -z "${VK_DRIVER_FILES:-}${VK_ICD_FILENAMES:-}$known" ] && [ -f "$nvidia" ]; then
  export VK_DRIVER_FILES="$nvidia"
fi
for option in "$@"; do
  case "$option" in
    -h | --help | --python | --python=*) exec "$here/pickscore-gpu" "$@" ;;
  esac
done
echo "Looking for PyTorch" >&2
for python in python3 python; do
  if "$python" -c "import torch, transformers" >/dev/null 2>&1; then
    exec "$here/pickscore-gpu" --python "$python" "$@"
  fi
done
echo "No Python with torch and transformers was found, so PyTorch is not measured." >&2
exec "$here/pickscore-gpu" "$@"
