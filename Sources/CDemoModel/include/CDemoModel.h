#pragma once
#include <stddef.h>

/// The demonstration model's safetensors file, embedded in the binary.
const void *imagine_demo_model(void);
size_t imagine_demo_model_size(void);
