#include "CDemoModel.h"

// Eight-byte alignment lets readers view the tensors in place.
_Alignas(8) static const unsigned char model[] = {
#embed "demo.safetensors" if_empty(0)
};

const void *imagine_demo_model(void) { return model; }
size_t imagine_demo_model_size(void) { return sizeof model; }
