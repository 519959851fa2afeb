#include "CVulkan.h"

#include <dlfcn.h>
#include <stddef.h>

static const char *const libraries[] = {
#if defined(__APPLE__)
  "libvulkan.1.dylib", "libMoltenVK.dylib",
#else
  "libvulkan.so.1",
#endif
};

// Atomic, since several threads may load the library at once; all of them find the same function.
static _Atomic(PFN_vkGetInstanceProcAddr) get_instance_function;

static PFN_vkVoidFunction find(VkInstance instance, const char *name) { return get_instance_function(instance, name); }

// Looks one function up, and gives its name back if there is none.
#define CV_FIND(name) \
  if ((functions->name = (PFN_##name)FIND(#name)) == NULL) return #name;

const char *cv_load_global(cv_global *functions) {
  void *library = NULL;
  for (size_t i = 0; library == NULL && i < sizeof libraries / sizeof *libraries; i++) {
    library = dlopen(libraries[i], RTLD_NOW | RTLD_LOCAL);
  }
  if (library == NULL) return libraries[0];
  get_instance_function = (PFN_vkGetInstanceProcAddr)dlsym(library, "vkGetInstanceProcAddr");
  if (get_instance_function == NULL) return "vkGetInstanceProcAddr";
#define FIND(name) find(NULL, name)
  CV_GLOBAL_FUNCTIONS(CV_FIND)
#undef FIND
  return NULL;
}

const char *cv_load_instance(VkInstance instance, cv_instance *functions) {
#define FIND(name) find(instance, name)
  CV_INSTANCE_FUNCTIONS(CV_FIND)
#undef FIND
  return NULL;
}

const char *cv_load_device(const cv_instance *instance, VkDevice device, cv_device *functions) {
#define FIND(name) instance->vkGetDeviceProcAddr(device, name)
  CV_DEVICE_FUNCTIONS(CV_FIND)
#undef FIND
  return NULL;
}

void cv_destroy_device(const cv_instance *instance, VkDevice device) {
  PFN_vkDestroyDevice destroy = (PFN_vkDestroyDevice)instance->vkGetDeviceProcAddr(device, "vkDestroyDevice");
  if (destroy != NULL) destroy(device, NULL);
}

PFN_vkCreateDebugUtilsMessengerEXT cv_create_messenger(VkInstance instance) {
  return (PFN_vkCreateDebugUtilsMessengerEXT)find(instance, "vkCreateDebugUtilsMessengerEXT");
}

PFN_vkDestroyDebugUtilsMessengerEXT cv_destroy_messenger(VkInstance instance) {
  return (PFN_vkDestroyDebugUtilsMessengerEXT)find(instance, "vkDestroyDebugUtilsMessengerEXT");
}

PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR cv_cooperative_matrix_properties(VkInstance instance) {
  return (PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR)find(
    instance, "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR");
}
