// A Vulkan driver for Chromium that is Mesa's lavapipe and says that it is SwiftShader.
//
// Of drivers that compute on the CPU, Chromium lets WebGPU use SwiftShader alone, which it recognises by vendor and device. This library takes SwiftShader's
// place in a copy of Chromium's folder: everything is lavapipe's, but for those two numbers. lavapipe compiles kernels with LLVM, so that measurements
// there are nearer to a real GPU's, and it computes in 16 bits.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PUBLIC __attribute__((visibility("default")))

typedef void (*function)(void);
typedef function (*lookup)(void *instance, const char *name);
typedef void (*query)(void *physical_device, void *properties);

enum { SWIFTSHADER_VENDOR = 0x1AE0, SWIFTSHADER_DEVICE = 0xC0DE };

// VkPhysicalDeviceProperties begins with the versions of API and driver, vendor and device; VkPhysicalDeviceProperties2 has it after its type and chain.
enum { VENDOR = 2, DEVICE = 3, BEFORE_PROPERTIES = 16 };

static void *lavapipe;
static query plain, extended, extended_khr;

static lookup lavapipes(const char *name) {
    if (!lavapipe) {
        const char *path = getenv("LVP_SO");
        lavapipe = dlopen(path ? path : "libvulkan_lvp.so", RTLD_NOW | RTLD_LOCAL);
        if (!lavapipe) {
            fprintf(stderr, "lavapipe: %s\n", dlerror());
            return NULL;
        }
    }
    return (lookup)dlsym(lavapipe, name);
}

static void disguise(void *properties) {
    uint32_t *numbers = properties;
    numbers[VENDOR] = SWIFTSHADER_VENDOR;
    numbers[DEVICE] = SWIFTSHADER_DEVICE;
}

static void get_plain(void *device, void *out) {
    plain(device, out);
    disguise(out);
}

static void get_extended(void *device, void *out) {
    extended(device, out);
    disguise((char *)out + BEFORE_PROPERTIES);
}

static void get_extended_khr(void *device, void *out) {
    extended_khr(device, out);
    disguise((char *)out + BEFORE_PROPERTIES);
}

// What stands in for a function of lavapipe's, and where the original is kept.
static const struct {
    const char *name;
    query *original;
    query ours;
} replaced[] = {
    {"vkGetPhysicalDeviceProperties", &plain, get_plain},
    {"vkGetPhysicalDeviceProperties2", &extended, get_extended},
    {"vkGetPhysicalDeviceProperties2KHR", &extended_khr, get_extended_khr},
};

PUBLIC function vk_icdGetInstanceProcAddr(void *instance, const char *name) {
    // Asked for itself it must answer with itself: the loader would get round the disguise otherwise.
    if (!strcmp(name, "vkGetInstanceProcAddr") || !strcmp(name, "vk_icdGetInstanceProcAddr")) return (function)vk_icdGetInstanceProcAddr;
    lookup find = lavapipes("vk_icdGetInstanceProcAddr");
    function found = find ? find(instance, name) : NULL;
    if (!found) return NULL;
    for (size_t at = 0; at < sizeof replaced / sizeof *replaced; at++) {
        if (strcmp(name, replaced[at].name)) continue;
        *replaced[at].original = (query)found;
        return (function)replaced[at].ours;
    }
    return found;
}

PUBLIC function vkGetInstanceProcAddr(void *instance, const char *name) { return vk_icdGetInstanceProcAddr(instance, name); }
PUBLIC function vk_icdGetPhysicalDeviceProcAddr(void *instance, const char *name) { return vk_icdGetInstanceProcAddr(instance, name); }

PUBLIC int vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *version) {
    enum { VK_ERROR_INITIALIZATION_FAILED = -3 };
    int (*negotiate)(uint32_t *) = (int (*)(uint32_t *))lavapipes("vk_icdNegotiateLoaderICDInterfaceVersion");
    return negotiate ? negotiate(version) : VK_ERROR_INITIALIZATION_FAILED;
}
