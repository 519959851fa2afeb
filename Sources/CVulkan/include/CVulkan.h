// Vulkan's types, and its functions found at run time: a program that uses this starts where no Vulkan is installed.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define VK_NO_PROTOTYPES
#include <vulkan/vulkan.h>

#include "cooperative_matrix.h"

#define CV_GLOBAL_FUNCTIONS(X) \
  X(vkEnumerateInstanceVersion) X(vkEnumerateInstanceLayerProperties) X(vkEnumerateInstanceExtensionProperties) \
  X(vkCreateInstance)

#define CV_INSTANCE_FUNCTIONS(X) \
  X(vkDestroyInstance) X(vkEnumeratePhysicalDevices) X(vkGetPhysicalDeviceProperties2) \
  X(vkGetPhysicalDeviceFeatures2) X(vkGetPhysicalDeviceMemoryProperties) X(vkGetPhysicalDeviceMemoryProperties2) \
  X(vkGetPhysicalDeviceQueueFamilyProperties) X(vkEnumerateDeviceExtensionProperties) X(vkCreateDevice) \
  X(vkGetDeviceProcAddr)

#define CV_DEVICE_FUNCTIONS(X) \
  X(vkDestroyDevice) X(vkGetDeviceQueue) X(vkDeviceWaitIdle) \
  X(vkCreateBuffer) X(vkDestroyBuffer) X(vkGetBufferMemoryRequirements) X(vkBindBufferMemory) \
  X(vkAllocateMemory) X(vkFreeMemory) X(vkMapMemory) \
  X(vkCreateShaderModule) X(vkDestroyShaderModule) X(vkCreateDescriptorSetLayout) X(vkDestroyDescriptorSetLayout) \
  X(vkCreatePipelineLayout) X(vkDestroyPipelineLayout) X(vkCreateComputePipelines) X(vkDestroyPipeline) \
  X(vkCreatePipelineCache) X(vkDestroyPipelineCache) X(vkGetPipelineCacheData) \
  X(vkCreateDescriptorPool) X(vkDestroyDescriptorPool) X(vkAllocateDescriptorSets) X(vkUpdateDescriptorSets) \
  X(vkCreateCommandPool) X(vkDestroyCommandPool) X(vkAllocateCommandBuffers) X(vkFreeCommandBuffers) \
  X(vkBeginCommandBuffer) X(vkEndCommandBuffer) X(vkCmdBindPipeline) X(vkCmdBindDescriptorSets) \
  X(vkCmdPushConstants) X(vkCmdDispatch) X(vkCmdDispatchBase) X(vkCmdPipelineBarrier) X(vkCmdCopyBuffer) \
  X(vkCmdFillBuffer) X(vkCreateQueryPool) X(vkDestroyQueryPool) X(vkGetQueryPoolResults) X(vkCmdResetQueryPool) \
  X(vkCmdWriteTimestamp) \
  X(vkCreateFence) X(vkDestroyFence) X(vkResetFences) X(vkWaitForFences) X(vkQueueSubmit)

#define CV_FIELD(name) PFN_##name _Nonnull name;
typedef struct { CV_GLOBAL_FUNCTIONS(CV_FIELD) } cv_global;
typedef struct { CV_INSTANCE_FUNCTIONS(CV_FIELD) } cv_instance;
typedef struct { CV_DEVICE_FUNCTIONS(CV_FIELD) } cv_device;
#undef CV_FIELD

// Opens the system's Vulkan library for the life of the process. NULL on success, else the name of what is missing: the
// library or one of its functions.
const char *_Nullable cv_load_global(cv_global *_Nonnull functions);
const char *_Nullable cv_load_instance(VkInstance _Nonnull instance, cv_instance *_Nonnull functions);
const char *_Nullable cv_load_device(
  const cv_instance *_Nonnull instance, VkDevice _Nonnull device, cv_device *_Nonnull functions);

// For a device whose functions could not all be loaded.
void cv_destroy_device(const cv_instance *_Nonnull instance, VkDevice _Nonnull device);

// Functions of VK_EXT_debug_utils; NULL where the instance lacks it.
PFN_vkCreateDebugUtilsMessengerEXT _Nullable cv_create_messenger(VkInstance _Nonnull instance);
PFN_vkDestroyDebugUtilsMessengerEXT _Nullable cv_destroy_messenger(VkInstance _Nonnull instance);

// Bytes of memory that an invocation of a pipeline's kernel uses beside registers; -1 where the driver does not tell. The
// pipeline was made with VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR.
int64_t cv_local_memory(
  const cv_instance *_Nonnull instance, VkDevice _Nonnull device, VkPipeline _Nonnull pipeline);
