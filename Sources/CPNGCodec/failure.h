#pragma once

#include <png.h>

#include "CPNGCodec.h"

/// libpng's error callback: keeps the reason in the `png_codec_error` it was given and jumps back to the entry point.
_Noreturn void png_codec_fail(png_structp png, png_const_charp message);

/// libpng's warning callback: warnings concern nothing a caller could act on.
void png_codec_ignore_warning(png_structp png, png_const_charp message);
