//===- text_output.cpp - whole characters to standard output --------------===//

#include "runtime/core/text_output.h"
#include "runtime/core/process.h"
#include "runtime/text/utf8.h"

#include <algorithm>
#include <cstring>

namespace ingot::runtime {

void TextOutput::emit(std::string_view text) {
  if (text.empty())
    return;
  writeOutput(text.data(), text.size());
  last = text.back();
}

void TextOutput::append(std::string_view text) {
  // Complete the sequence that was held back byte by byte.
  while (heldSize && !text.empty()) {
    held[heldSize++] = text.front();
    text.remove_prefix(1);
    std::string_view sequence(held, heldSize);
    if (text::isIncompleteSequence(sequence))
      continue;
    heldSize = 0;
    if (text::validSequenceLength(sequence) == sequence.size()) {
      emit(sequence);
      continue;
    }
    // The new byte begins something else; it may be held back in turn.
    emit(sequence.substr(0, sequence.size() - 1));
    held[0] = sequence.back();
    heldSize = text::isIncompleteSequence({held, 1});
    if (!heldSize)
      emit({held, 1});
  }
  // At most three bytes at the end can be an incomplete sequence.
  size_t incomplete = 0;
  for (size_t size = 1; size <= std::min<size_t>(3, text.size()); ++size)
    if (text::isIncompleteSequence(text.substr(text.size() - size)))
      incomplete = size;
  emit(text.substr(0, text.size() - incomplete));
  if (incomplete) {
    memcpy(held, text.data() + text.size() - incomplete, incomplete);
    heldSize = incomplete;
  }
}

void TextOutput::finish() {
  emit({held, heldSize});
  heldSize = 0;
  if (last != '\n')
    emit("\n");
}

} // namespace ingot::runtime
