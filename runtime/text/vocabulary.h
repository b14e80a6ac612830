//===- vocabulary.h - A serialized tokenizer, read in place ---------------===//
//
// Checks and reads the layout of blob.h.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TEXT_VOCABULARY_H
#define INGOT_RUNTIME_TEXT_VOCABULARY_H

#include "runtime/text/blob.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace ingot::text {

/// A view; the bytes must outlive it.
struct Vocabulary {
  const uint8_t *data = nullptr;
  blob::Header header;

  /// Takes bytes at any alignment. Every offset, count and id in them is
  /// checked. Returns nothing on success, else one line that says what is
  /// wrong.
  std::optional<std::string> open(const uint8_t *bytes, size_t size);

  template <typename T> T record(const blob::Section &section, size_t index) const {
    T value;
    std::memcpy(&value, data + section.offset + index * sizeof(T), sizeof(T));
    return value;
  }

  ModelKind kind() const { return ModelKind(header.kind); }

  bool is(ContentsFlag flag) const { return header.flags & flag; }

  uint64_t tokenCount() const { return header.attributes.count; }

  bool contains(int32_t id) const { return id >= 0 && uint64_t(id) < tokenCount(); }

  uint8_t attributesOf(int32_t id) const { return record<uint8_t>(header.attributes, id); }

  double scoreOf(int32_t id) const { return record<double>(header.scores, id); }

  std::string_view string(const blob::Strings &strings, int32_t id) const {
    uint32_t begin = record<uint32_t>(strings.offsets, id);
    uint32_t end = record<uint32_t>(strings.offsets, id + 1);
    return {reinterpret_cast<const char *>(data) + strings.bytes.offset + begin, end - begin};
  }

  std::string_view pieceOf(int32_t id) const { return string(header.pieces, id); }

  std::string_view keyOf(int32_t id) const { return string(header.keys.bytes.count ? header.keys : header.pieces, id); }

  std::string_view characters(const blob::Section &section) const {
    return {reinterpret_cast<const char *>(data) + section.offset, section.count};
  }

  std::string_view text(blob::Text text) const { return characters(header.texts).substr(text.offset, text.length); }

  /// The entry of this hash that matches, if there is one.
  template <typename Entry, typename Matches>
  std::optional<Entry> find(const blob::Buckets &buckets, uint32_t hash, Matches matches) const {
    uint64_t bucket = blob::bucketOf(hash, buckets.starts.count - 1);
    uint32_t end = record<uint32_t>(buckets.starts, bucket + 1);
    for (uint32_t index = record<uint32_t>(buckets.starts, bucket); index < end; ++index) {
      Entry entry = record<Entry>(buckets.entries, index);
      if (matches(entry))
        return entry;
    }
    return std::nullopt;
  }

  /// The token that `key`, of this hash, finds.
  int32_t findKey(std::string_view key, blob::KeyHash hash) const {
    auto found =
        find<blob::Number>(header.tokensByKey, hash.value(), [&](blob::Number id) { return keyOf(id) == key; });
    return found ? int32_t(*found) : noToken;
  }

  int32_t findKey(std::string_view key) const {
    if (key.empty() || key.size() > header.maximumKeyLength)
      return noToken;
    blob::KeyHash hash;
    hash.add(key);
    return findKey(key, hash);
  }

  std::optional<blob::Merge> findMerge(uint32_t left, uint32_t right) const {
    return find<blob::Merge>(header.merges, blob::hashPair(left, right),
                             [&](const blob::Merge &merge) { return merge.left == left && merge.right == right; });
  }

private:
  std::optional<std::string> check(size_t size) const;
};

} // namespace ingot::text

#endif // INGOT_RUNTIME_TEXT_VOCABULARY_H
