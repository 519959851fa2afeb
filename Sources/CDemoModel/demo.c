#include "CDemoModel.h"

// clang takes #embed in every language mode and only remarks, when asked to be pedantic, that C23 introduced it.
#pragma clang diagnostic ignored "-Wc23-extensions"

// Eight-byte alignment lets readers view the tensors in place.
_Alignas(8) static const unsigned char model[] = {
#embed "demo.safetensors" if_empty(0)
};

const void *imagine_demo_model(void) { return model; }
size_t imagine_demo_model_size(void) { return sizeof model; }
