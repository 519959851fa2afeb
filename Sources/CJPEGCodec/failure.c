#include "failure.h"

#include <jerror.h>
#include <string.h>

_Static_assert(sizeof((jpeg_codec_error *)0)->message >= JMSG_LENGTH_MAX, "libjpeg's messages must fit");

static _Noreturn void leave(j_common_ptr info) {
  jpeg_codec_failure *failure = (jpeg_codec_failure *)info->err;
  info->err->format_message(info, failure->error->message);
  longjmp(failure->place, 1);
}

/// Warnings of damage end the run: libjpeg would fill what is missing with grey. Others concern no pixel.
static void judge(j_common_ptr info, int level) {
  if (level >= 0) return;
  switch (info->err->msg_code) {
  case JWRN_HIT_MARKER:
  case JWRN_HUFF_BAD_CODE:
  case JWRN_ARITH_BAD_CODE:
  case JWRN_MUST_RESYNC:
  case JWRN_JPEG_EOF:
    leave(info);
  default:
    break;
  }
}

static void stay_silent(j_common_ptr info) { (void)info; }

struct jpeg_error_mgr *jpeg_codec_failure_begin(jpeg_codec_failure *failure, jpeg_codec_error *error) {
  failure->error = error;
  jpeg_std_error(&failure->manager);
  failure->manager.error_exit = leave;
  failure->manager.emit_message = judge;
  failure->manager.output_message = stay_silent;
  return &failure->manager;
}

_Noreturn void jpeg_codec_fail(j_common_ptr info, const char *message) {
  jpeg_codec_failure *failure = (jpeg_codec_failure *)info->err;
  snprintf(failure->error->message, sizeof failure->error->message, "%s", message);
  longjmp(failure->place, 1);
}
