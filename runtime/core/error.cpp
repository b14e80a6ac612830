//===- error.cpp - messages on standard error -----------------------------===//

#include "runtime/core/error.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace ingot::runtime {

static const char *name = "ingot";

void setProgramName(const char *path) {
  const char *slash = strrchr(path, '/');
  name = slash ? slash + 1 : path;
}

const char *programName() { return name; }

static void print(const char *kind, const char *format, va_list arguments) {
  // Standard output first, so that the two come in order on a terminal.
  fflush(stdout);
  fprintf(stderr, "%s: %s: ", name, kind);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
}

void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print("error", format, arguments);
  va_end(arguments);
  exit(1);
}

void failUsage(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print("error", format, arguments);
  va_end(arguments);
  exit(2);
}

void note(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print("note", format, arguments);
  va_end(arguments);
}

} // namespace ingot::runtime
