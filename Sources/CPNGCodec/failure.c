#include "failure.h"

#include <stdio.h>

void png_codec_fail(png_structp png, png_const_charp message) {
  png_codec_error *error = png_get_error_ptr(png);
  snprintf(error->message, sizeof error->message, "%s", message);
  png_longjmp(png, 1);
}

void png_codec_ignore_warning(png_structp png, png_const_charp message) {
  (void)png;
  (void)message;
}
