/** Subgroup operations, which the engine's kernels use where they may: wgpu asks a device for every feature that it knows, and does not know this one. */

/** Has the next devices asked for subgroups too. Resolves, once there is one, to the size of its smallest subgroup; 0 where it has none. */
export function askForSubgroups(): () => number {
  let smallest = 0;
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (this: GPUAdapter, descriptor?: GPUDeviceDescriptor) {
    const has = this.features.has("subgroups");
    const features = [...(descriptor?.requiredFeatures ?? []), ...(has ? (["subgroups"] as GPUFeatureName[]) : [])];
    const device = await request.call(this, { ...descriptor, requiredFeatures: features });
    if (device.features.has("subgroups")) smallest = this.info.subgroupMinSize ?? 0;
    return device;
  };
  return () => smallest;
}
