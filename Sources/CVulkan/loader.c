#include "CVulkan.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

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

// What drivers call the memory of registers that spilled and of arrays that are indexed at run time: NVIDIA's, RADV's, ANV's.
static const char *const local_memory_names[] = {"Local Memory Size", "Scratch size", "Scratch Memory Size"};

int64_t cv_local_memory(const cv_instance *instance, VkDevice device, VkPipeline pipeline) {
  PFN_vkGetPipelineExecutableStatisticsKHR list = (PFN_vkGetPipelineExecutableStatisticsKHR)instance->vkGetDeviceProcAddr(
    device, "vkGetPipelineExecutableStatisticsKHR");
  if (list == NULL) return -1;
  VkPipelineExecutableInfoKHR info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR, .pipeline = pipeline};
  VkPipelineExecutableStatisticKHR statistics[64];
  for (size_t i = 0; i < 64; i++) {
    statistics[i] = (VkPipelineExecutableStatisticKHR){.sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR};
  }
  uint32_t count = 64;
  if (list(device, &info, &count, statistics) < 0) return -1;
  for (uint32_t i = 0; i < count; i++) {
    for (size_t name = 0; name < sizeof local_memory_names / sizeof *local_memory_names; name++) {
      // The lower half: NVIDIA's driver has something else in the upper one.
      if (strcmp(statistics[i].name, local_memory_names[name]) == 0) return statistics[i].value.u64 & 0xffffffff;
    }
  }
  return -1;
}
