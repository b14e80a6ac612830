//===- elf_image.cpp - Room for the weights in a linked image -------------===//
//
// The header arithmetic of ELF-64 (System V gABI 4.1, "Object Files").
//
//===----------------------------------------------------------------------===//

#include "codegen/link/elf_image.h"
#include "codegen/link/link.h"
#include "codegen/link/output_file.h"
#include "runtime/abi.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <elf.h>
#include <string>
#include <vector>

namespace ingot::link {

namespace {

template <typename T> llvm::ArrayRef<uint8_t> bytesOf(const T &value) {
  return {reinterpret_cast<const uint8_t *>(&value), sizeof(T)};
}

template <typename T> llvm::MutableArrayRef<uint8_t> mutableBytes(std::vector<T> &values) {
  return {reinterpret_cast<uint8_t *>(values.data()), values.size() * sizeof(T)};
}

/// User-space addresses on x86-64 with four-level page tables end here.
constexpr uint64_t addressEnd = uint64_t(1) << 47;

} // namespace

llvm::Expected<uint64_t> addWeightSegment(int descriptor, uint64_t bytes, llvm::StringRef path) {
  std::vector<Elf64_Ehdr> headers(1);
  if (llvm::Error error = readAt(descriptor, 0, mutableBytes(headers), path))
    return std::move(error);
  Elf64_Ehdr &header = headers.front();
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shnum == 0 ||
      header.e_shstrndx >= header.e_shnum)
    return llvm::createStringError(path + ": cannot link, lld wrote unexpected headers");

  std::vector<Elf64_Phdr> segments(header.e_phnum);
  if (llvm::Error error = readAt(descriptor, header.e_phoff, mutableBytes(segments), path))
    return std::move(error);
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  if (llvm::Error error = readAt(descriptor, header.e_shoff, mutableBytes(sections), path))
    return std::move(error);
  Elf64_Shdr &nameSection = sections[header.e_shstrndx];
  // lld writes the section headers last; they are replaced in place.
  uint64_t imageEnd = header.e_shoff;
  for (const Elf64_Shdr &section : sections)
    if (section.sh_type != SHT_NOBITS && section.sh_offset + section.sh_size > imageEnd)
      return llvm::createStringError(path + ": cannot link, lld wrote unexpected sections");
  std::vector<uint8_t> names(nameSection.sh_size);
  if (llvm::Error error = readAt(descriptor, nameSection.sh_offset, mutableBytes(names), path))
    return std::move(error);

  auto note = llvm::find_if(segments, [](const Elf64_Phdr &segment) { return segment.p_type == PT_NOTE; });
  if (note == segments.end())
    return llvm::createStringError(path + ": cannot link, the image has no PT_NOTE header");
  uint64_t addressOfEnd = 0;
  for (auto segment = segments.begin(); segment != segments.end(); ++segment) {
    if (segment->p_type != PT_LOAD)
      continue;
    if (segment > note)
      return llvm::createStringError(path + ": cannot link, a PT_LOAD follows the PT_NOTE header");
    addressOfEnd = std::max(addressOfEnd, segment->p_vaddr + segment->p_memsz);
  }

  static constexpr char sectionName[] = ".ingot.weights";
  Elf64_Shdr weights = {};
  weights.sh_name = Elf64_Word(names.size());
  names.insert(names.end(), sectionName, sectionName + sizeof(sectionName));
  nameSection.sh_offset = imageEnd;
  nameSection.sh_size = names.size();
  header.e_shoff = llvm::alignTo(imageEnd + names.size(), alignof(Elf64_Shdr));
  uint64_t headersEnd = header.e_shoff + (sections.size() + 1) * sizeof(Elf64_Shdr);

  // Address and offset agree modulo a huge page, so that one could map them,
  // without padding the file to one.
  uint64_t offset = llvm::alignTo(headersEnd, weightAlignment);
  uint64_t address = llvm::alignTo(addressOfEnd, INGOT_HUGE_PAGE_BYTES) + offset % INGOT_HUGE_PAGE_BYTES;
  if (bytes > addressEnd - address)
    return llvm::createStringError(path + ": cannot link, the weights have " + llvm::Twine(bytes) +
                                   " bytes and exceed the address space");
  *note = {};
  note->p_type = PT_LOAD;
  note->p_flags = PF_R;
  note->p_offset = offset;
  note->p_vaddr = address;
  note->p_paddr = INGOT_WEIGHTS_TAG;
  note->p_filesz = bytes;
  note->p_memsz = bytes;
  note->p_align = INGOT_HUGE_PAGE_BYTES;

  weights.sh_type = SHT_PROGBITS;
  weights.sh_flags = SHF_ALLOC;
  weights.sh_addr = address;
  weights.sh_offset = offset;
  weights.sh_size = bytes;
  weights.sh_addralign = weightAlignment;
  sections.push_back(weights);
  header.e_shnum = Elf64_Half(sections.size());

  std::vector<uint8_t> tail(headersEnd - imageEnd);
  llvm::copy(names, tail.begin());
  llvm::copy(mutableBytes(sections), tail.begin() + (header.e_shoff - imageEnd));
  if (llvm::Error error = writeAt(descriptor, imageEnd, tail, path))
    return std::move(error);
  if (llvm::Error error = writeAt(descriptor, header.e_phoff, mutableBytes(segments), path))
    return std::move(error);
  if (llvm::Error error = writeAt(descriptor, 0, bytesOf(header), path))
    return std::move(error);
  return offset;
}

} // namespace ingot::link
