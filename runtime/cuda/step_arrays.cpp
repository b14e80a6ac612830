//===- step_arrays.cpp - the arrays of a step on the device ---------------===//

#include "runtime/cuda/step_arrays.h"
#include "runtime/core/sequence.h"

#include <algorithm>
#include <cstring>

namespace ingot::runtime::cuda {

StepArrays::StepArrays(const IngotDescriptor &descriptor, const IngotEntry &entry)
    : groups(std::max(descriptor.cache_group_count, 1u)), pages(countPagesPerSequence(descriptor)) {
  constexpr uint64_t alignment = 16;
  auto take = [&](uint64_t count) {
    uint64_t offset = total;
    total = (total + count * sizeof(int32_t) + alignment - 1) / alignment * alignment;
    return offset;
  };
  take(3); // rows, sequences, wanted rows
  tokens = take(entry.rows);
  positions = take(entry.rows);
  rowSequences = take(entry.rows);
  wanted = take(entry.wanted_rows);
  pageTables = take(uint64_t{groups} * entry.sequences * pages);
}

void StepArrays::place(uint8_t *host, DeviceAddress device) {
  base = host;
  address = device;
  memset(base, 0, total);
  auto pointer = [&](uint64_t offset) { return reinterpret_cast<const int32_t *>(address + offset); };
  onDevice.counts = reinterpret_cast<const uint32_t *>(address);
  onDevice.tokens = pointer(tokens);
  onDevice.positions = pointer(positions);
  onDevice.row_sequences = pointer(rowSequences);
  onDevice.page_tables = pointer(pageTables);
  onDevice.wanted = pointer(wanted);
  onDevice.pages_per_sequence = pages;
}

void StepArrays::fill(const IngotStep &step) {
  const uint32_t counts[] = {step.rows, step.sequences, step.wanted_rows};
  memcpy(base, counts, sizeof(counts));
  auto put = [&](uint64_t offset, const int32_t *from, uint64_t count) {
    memcpy(base + offset, from, count * sizeof(int32_t));
  };
  put(tokens, step.tokens, step.rows);
  put(positions, step.positions, step.rows);
  put(rowSequences, step.row_sequences, step.rows);
  put(wanted, step.wanted, step.wanted_rows);
  // The caller's rows may be of another length; pages beyond the shorter one are in no use.
  for (uint64_t table = 0; table < uint64_t{groups} * step.sequences; ++table)
    put(pageTables + table * pages * sizeof(int32_t), step.page_tables + table * step.pages_per_sequence,
        std::min(pages, step.pages_per_sequence));
}

void StepArrays::keepOneRow() {
  auto array = [&](uint64_t offset) { return reinterpret_cast<int32_t *>(base + offset); };
  int32_t *counts = array(0);
  counts[0] = counts[2] = 1;
  array(rowSequences)[0] = array(rowSequences)[array(wanted)[0]];
  array(wanted)[0] = 0;
}

DeviceAddress StepArrays::rowCount(bool wanted) const { return address + (wanted ? 2 : 0) * sizeof(uint32_t); }

} // namespace ingot::runtime::cuda
