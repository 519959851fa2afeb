#include "CCurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const char *const libraries[] = {
#if defined(__APPLE__)
  "libcurl.4.dylib",
#else
  "libcurl.so.4", "libcurl-gnutls.so.4",
#endif
};

// As in curl.h: 0 and up take a long, 10000 a pointer, 20000 a function.
enum {
  OPTION_LOW_SPEED_LIMIT = 19,
  OPTION_LOW_SPEED_TIME = 20,
  OPTION_NO_PROGRESS = 43,
  OPTION_FOLLOW_LOCATION = 52,
  OPTION_CONNECT_TIMEOUT = 78,
  OPTION_HTTP_GET = 80,
  OPTION_HTTP_VERSION = 84,
  OPTION_NO_SIGNAL = 99,
  OPTION_PROTOCOLS = 181,
  OPTION_TCP_KEEPALIVE = 213,
  OPTION_HTTP09_ALLOWED = 285,
  OPTION_WRITE_DATA = 10001,
  OPTION_URL = 10002,
  OPTION_ERROR_BUFFER = 10010,
  OPTION_USER_AGENT = 10018,
  OPTION_HTTP_HEADER = 10023,
  OPTION_HEADER_DATA = 10029,
  OPTION_PROGRESS_DATA = 10057,
  OPTION_WRITE_FUNCTION = 20011,
  OPTION_HEADER_FUNCTION = 20079,
  OPTION_PROGRESS_FUNCTION = 20219,
};

static const long protocols_http_and_https = 3, http_version_1_1 = 2, global_all = 3;
static const int info_response_code = 0x200002;
enum { error_size = 256 };

static struct {
  int is_available;
  void *(*easy_init)(void);
  int (*easy_setopt)(void *, int, ...);
  int (*easy_perform)(void *);
  int (*easy_getinfo)(void *, int, ...);
  void (*easy_cleanup)(void *);
  const char *(*easy_strerror)(int);
  void *(*slist_append)(void *, const char *);
  void (*slist_free_all)(void *);
} curl;

static void load(void) {
  void *library = NULL;
  for (size_t i = 0; library == NULL && i < sizeof libraries / sizeof *libraries; i++) {
    library = dlopen(libraries[i], RTLD_NOW | RTLD_LOCAL);
  }
  if (library == NULL) return;
  int (*global_init)(long) = (int (*)(long))dlsym(library, "curl_global_init");
#define FIND(name) *(void **)&curl.name = dlsym(library, "curl_" #name)
  FIND(easy_init);
  FIND(easy_setopt);
  FIND(easy_perform);
  FIND(easy_getinfo);
  FIND(easy_cleanup);
  FIND(easy_strerror);
  FIND(slist_append);
  FIND(slist_free_all);
#undef FIND
  curl.is_available = global_init != NULL && curl.easy_init != NULL && curl.easy_setopt != NULL
    && curl.easy_perform != NULL && curl.easy_getinfo != NULL && curl.easy_cleanup != NULL
    && curl.easy_strerror != NULL && curl.slist_append != NULL && curl.slist_free_all != NULL
    && global_init(global_all) == 0;
}

int cc_is_available(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load);
  return curl.is_available;
}

// A count other than the one that was given ends the transfer.
static size_t receive_body(char *bytes, size_t size, size_t count, void *context) {
  const cc_receiver *receiver = context;
  return receiver->body(receiver->context, bytes, size * count) ? size * count : !(size * count);
}

static size_t receive_header(char *bytes, size_t size, size_t count, void *context) {
  const cc_receiver *receiver = context;
  return receiver->header(receiver->context, bytes, size * count) ? size * count : !(size * count);
}

static int progress(void *context, long long a, long long b, long long c, long long d) {
  (void)a, (void)b, (void)c, (void)d;
  const cc_receiver *receiver = context;
  return receiver->goes_on(receiver->context) ? 0 : 1;
}

static int perform(void *handle, const cc_request *request, cc_receiver *receiver, void *headers, char *error) {
  int failure = 0;
#define SET(option, value) \
  if (failure == 0) failure = curl.easy_setopt(handle, option, value)
  SET(OPTION_ERROR_BUFFER, error);
  SET(OPTION_URL, request->url);
  SET(OPTION_USER_AGENT, request->user_agent);
  SET(OPTION_HTTP_GET, 1L);
  SET(OPTION_HTTP_HEADER, headers);
  SET(OPTION_HTTP_VERSION, http_version_1_1);
  SET(OPTION_PROTOCOLS, protocols_http_and_https);
  SET(OPTION_FOLLOW_LOCATION, 0L);
  SET(OPTION_NO_SIGNAL, 1L);
  SET(OPTION_TCP_KEEPALIVE, 1L);
  SET(OPTION_CONNECT_TIMEOUT, request->connect_seconds);
  SET(OPTION_LOW_SPEED_LIMIT, 1L);
  SET(OPTION_LOW_SPEED_TIME, request->idle_seconds);
  SET(OPTION_WRITE_FUNCTION, receive_body);
  SET(OPTION_WRITE_DATA, receiver);
  SET(OPTION_HEADER_FUNCTION, receive_header);
  SET(OPTION_HEADER_DATA, receiver);
  SET(OPTION_NO_PROGRESS, 0L);
  SET(OPTION_PROGRESS_FUNCTION, progress);
  SET(OPTION_PROGRESS_DATA, receiver);
#undef SET
  // Not known to every version; those that do not know it refuse such answers anyway.
  curl.easy_setopt(handle, OPTION_HTTP09_ALLOWED, 0L);
  return failure == 0 ? curl.easy_perform(handle) : failure;
}

int cc_get(const cc_request *request, cc_receiver receiver, long *status, char *message, size_t message_count) {
  *status = 0;
  if (message_count > 0) message[0] = 0;
  if (!cc_is_available()) return CC_UNSUPPORTED_PROTOCOL;
  void *handle = curl.easy_init();
  if (handle == NULL) return CC_NO_CONNECTION;
  void *headers = NULL;
  for (size_t i = 0; i < request->header_count; i++) {
    void *longer = curl.slist_append(headers, request->headers[i]);
    if (longer == NULL) {
      curl.slist_free_all(headers);
      curl.easy_cleanup(handle);
      return CC_NO_CONNECTION;
    }
    headers = longer;
  }
  char error[error_size];
  error[0] = 0;
  int code = perform(handle, request, &receiver, headers, error);
  curl.easy_getinfo(handle, info_response_code, status);
  if (code != 0) snprintf(message, message_count, "%s", error[0] != 0 ? error : curl.easy_strerror(code));
  curl.easy_cleanup(handle);
  curl.slist_free_all(headers);
  return code;
}
