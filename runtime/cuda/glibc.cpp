//===- glibc.cpp - what an older C library lacks --------------------------===//
//
// Executables are to start with glibc 2.34. The unwinder of GCC 12 calls a function of
// glibc 2.35; this one stands in its place.
//
//===----------------------------------------------------------------------===//

/// Never finds an object, so that nothing is unwound. The runtime catches no exceptions: what the C++ library throws
/// ends the program, with its message, either way. Hidden from the driver's libraries, whose exceptions are their own.
/// Source: glibc manual, "Dynamic Linker Introspection".
extern "C" __attribute__((visibility("hidden"))) int _dl_find_object(void *, void *) { return -1; }
