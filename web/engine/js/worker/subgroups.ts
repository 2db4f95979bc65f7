/**
 * Requests subgroup operations for the engine's kernels. wgpu requests every feature that it knows,
 * but does not know this one.
 */

/**
 * Adds subgroups to the features of all devices that are requested from now on. The returned
 * function gives the smallest subgroup size of the last device, 0 if it has no subgroup operations.
 */
export function requestSubgroups(): () => number {
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
