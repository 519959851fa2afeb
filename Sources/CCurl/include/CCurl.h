// The little of libcurl (https://curl.se/libcurl/) that fetching files takes. The library is looked for when something is fetched, so
// that neither building nor drawing needs it. Numbers and signatures are those of its stable interface.
#pragma once

#include <stddef.h>

// What is asked for, by GET.
typedef struct {
  const char *url;
  const char *user_agent;
  // Lines such as "Range: bytes=5-".
  const char *const *headers;
  size_t header_count;
  // Seconds to connect in, and seconds without a byte after which a transfer is given up.
  long connect_seconds, idle_seconds;
} cc_request;

// What is told on the way. Each returns whether to go on; a line of a header has its line break.
typedef struct {
  void *context;
  int (*header)(void *context, const char *line, size_t count);
  int (*body)(void *context, const char *bytes, size_t count);
  int (*goes_on)(void *context);
} cc_receiver;

enum {
  CC_OK = 0,
  CC_UNSUPPORTED_PROTOCOL = 1,
  CC_MALFORMED_ADDRESS = 3,
  CC_NO_PROXY = 5,
  CC_NO_HOST = 6,
  CC_NO_CONNECTION = 7,
  CC_PARTIAL_BODY = 18,
  CC_NOT_RECEIVED = 23,
  CC_TIMED_OUT = 28,
  CC_NO_TLS = 35,
  CC_ABORTED = 42,
  CC_NO_ANSWER = 52,
  CC_UNTRUSTED = 60,
  CC_NO_CERTIFICATES = 77,
};

// Whether libcurl is there. Thread-safe, as all here.
int cc_is_available(void);

// Fetches without following redirections, over HTTP and HTTPS alone, and waits for the end.
//
// Returns one of the numbers above, or another of libcurl's; `message` is then in its words, with a 0 at the end.
int cc_get(const cc_request *request, cc_receiver receiver, long *status, char *message, size_t message_count);
