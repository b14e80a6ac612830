//===- algorithm_cache.cpp - chosen algorithms, remembered on disk --------===//

#include "runtime/cuda/algorithm_cache.h"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ingot::runtime::cuda {
namespace {

constexpr const char *fileName = "/cublaslt";
constexpr char separator = '\t';
/// A file that is larger is begun anew: some 5,000 lines.
constexpr off_t mostBytes = 1 << 20;

std::string spell(const LtAlgorithm &algorithm) {
  std::string text;
  char word[20];
  for (uint64_t data : algorithm.data) {
    snprintf(word, sizeof(word), "%016" PRIx64, data);
    text += word;
  }
  return text;
}

/// FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv
std::string checkOf(const std::string &text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (char c : text)
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  char word[20];
  snprintf(word, sizeof(word), "%016" PRIx64, hash);
  return word;
}

std::string chooseFolder() {
  if (const char *cache = getenv("XDG_CACHE_HOME"); cache && *cache == '/')
    return std::string(cache) + "/ingot";
  if (const char *home = getenv("HOME"); home && *home == '/')
    return std::string(home) + "/.cache/ingot";
  return {};
}

} // namespace

AlgorithmCache::AlgorithmCache() : folder(chooseFolder()) {
  if (folder.empty())
    return;
  FILE *file = fopen((folder + fileName).c_str(), "re");
  if (!file)
    return;
  std::string line;
  off_t left = mostBytes;
  for (int c; left-- > 0 && (c = getc(file)) != EOF;) {
    if (c != '\n') {
      line += static_cast<char>(c);
      continue;
    }
    readLine(line);
    line.clear();
  }
  fclose(file);
}

void AlgorithmCache::readLine(const std::string &line) {
  const size_t first = line.find(separator),
               second = first == std::string::npos ? first : line.find(separator, first + 1);
  if (second == std::string::npos || line.substr(second + 1) != checkOf(line.substr(0, second)))
    return;
  const std::string key = line.substr(0, first), digits = line.substr(first + 1, second - first - 1);
  LtAlgorithm algorithm = {};
  constexpr size_t digitsOfWord = 16;
  if (digits.size() != digitsOfWord * std::size(algorithm.data))
    return;
  for (size_t i = 0; i < std::size(algorithm.data); ++i)
    algorithm.data[i] = strtoull(digits.substr(i * digitsOfWord, digitsOfWord).c_str(), nullptr, 16);
  algorithms[key] = algorithm;
}

const LtAlgorithm *AlgorithmCache::find(const std::string &key) const {
  auto found = algorithms.find(key);
  return found == algorithms.end() ? nullptr : &found->second;
}

void AlgorithmCache::remember(const std::string &key, const LtAlgorithm &algorithm) {
  algorithms[key] = algorithm;
  if (folder.empty())
    return;
  for (size_t end = folder.find('/', 1); end != std::string::npos; end = folder.find('/', end + 1))
    mkdir(folder.substr(0, end).c_str(), 0700);
  mkdir(folder.c_str(), 0700);
  const int file = open((folder + fileName).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0)
    return;
  if (struct stat status; fstat(file, &status) == 0 && status.st_size >= mostBytes && ftruncate(file, 0) != 0) {
    close(file);
    return;
  }
  const std::string text = key + separator + spell(algorithm), line = text + separator + checkOf(text) + "\n";
  // In one piece, so that lines of other processes stay whole. What is cut short fails its check.
  [[maybe_unused]] const ssize_t written = write(file, line.data(), line.size());
  close(file);
}

} // namespace ingot::runtime::cuda
