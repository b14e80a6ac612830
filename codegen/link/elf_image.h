//===- elf_image.h - Room for the weights in a linked image -----*- C++ -*-===//
//
// Edits the headers of a linked ELF image so that the kernel maps the weights
// that follow it.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_CODEGEN_LINK_ELF_IMAGE_H
#define INGOT_CODEGEN_LINK_ELF_IMAGE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>

namespace ingot::link {

/// Turns the PT_NOTE header of the static ELF-64 image in `descriptor` into a
/// read-only PT_LOAD of `bytes` > 0 bytes and adds the section header
/// ".ingot.weights" over them. Returns the file offset at which the caller is
/// to write the weights; both it and the address are multiples of
/// weightAlignment and equal modulo INGOT_HUGE_PAGE_BYTES, the address above
/// all other segments, as PT_LOADs must ascend. The kernel starts brk above the
/// highest segment, that is above the weights. Errors name `path`.
llvm::Expected<uint64_t> addWeightSegment(int descriptor, uint64_t bytes, llvm::StringRef path);

} // namespace ingot::link

#endif // INGOT_CODEGEN_LINK_ELF_IMAGE_H
