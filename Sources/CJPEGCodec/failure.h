#pragma once

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

#include "CJPEGCodec.h"

/// libjpeg's error manager, with the place to go back to. The manager comes first, so that one pointer serves for both.
typedef struct {
  struct jpeg_error_mgr manager;
  jmp_buf place;
  jpeg_codec_error *error;
} jpeg_codec_failure;

/// Sets the callbacks; the caller sets `place` before the first call that can fail.
struct jpeg_error_mgr *jpeg_codec_failure_begin(jpeg_codec_failure *failure, jpeg_codec_error *error);

/// Ends a run with a reason of our own.
_Noreturn void jpeg_codec_fail(j_common_ptr info, const char *message);
