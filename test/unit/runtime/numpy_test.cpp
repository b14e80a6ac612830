//===- numpy_test.cpp - .npy files, token lists, JSON ---------------------===//

#include "runtime/core/json.h"
#include "runtime/core/numpy.h"
#include "runtime/core/options.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <unistd.h>

using namespace ingot::runtime;

namespace {

std::string temporaryPath(const char *name) { return testing::TempDir() + name + std::to_string(getpid()); }

std::string npy(const std::string &dictionary, const std::string &data, char version = 1) {
  std::string header = dictionary + "\n";
  std::string result = std::string("\x93NUMPY") + version + '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    result += static_cast<char>(header.size() >> 8 * i);
  return result + header + data;
}

template <typename T> std::string bytes(std::vector<T> values) {
  return {reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T)};
}

std::string read(const std::string &contents, IntegerTensor &tensor) {
  std::string path = temporaryPath("read.npy");
  std::ofstream(path, std::ios::binary) << contents;
  std::string error;
  bool good = readIntegers(path, tensor, error);
  EXPECT_EQ(good, error.empty());
  remove(path.c_str());
  return error;
}

TEST(Numpy, ReadsIntegers) {
  IntegerTensor tensor;
  EXPECT_EQ(read(npy("{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }", bytes<int32_t>({1, -2, 3})), tensor),
            "");
  EXPECT_EQ(tensor.shape, std::vector<uint64_t>{3});
  EXPECT_EQ(tensor.values, (std::vector<int32_t>{1, -2, 3}));
  EXPECT_EQ(read(npy("{'shape': (2, 2), 'fortran_order': False, "
                     "'descr': '<i8'}",
                     bytes<int64_t>({4, 5, 6, 7}), 2),
                 tensor),
            "");
  EXPECT_EQ(tensor.shape, (std::vector<uint64_t>{2, 2}));
  EXPECT_EQ(tensor.values, (std::vector<int32_t>{4, 5, 6, 7}));
}

TEST(Numpy, RefusesWhatItCannotRead) {
  IntegerTensor tensor;
  EXPECT_EQ(read("", tensor), "is no .npy file");
  EXPECT_EQ(read("PK\3\4 something else", tensor), "is no .npy file");
  EXPECT_EQ(read(std::string("\x93NUMPY\1\0\xff\xff", 10), tensor), "is no .npy file");
  EXPECT_EQ(read(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "1234"), tensor),
            "holds elements of type '<f4' where int32 or int64 are needed");
  EXPECT_EQ(read(npy("{'descr': '<i4', 'fortran_order': False, 'shape': ()}", "1234"), tensor),
            "has 0 dimensions where one to three are needed");
  EXPECT_EQ(read(npy("{'descr': '<i4', 'fortran_order': False, 'shape': (2,)}", "1234"), tensor),
            "is shorter than its shape says");
  EXPECT_EQ(read(npy("{'descr': '<i8', 'fortran_order': False, 'shape': "
                     "(4294967296, 4294967296)}",
                     ""),
                 tensor),
            "is shorter than its shape says");
  EXPECT_EQ(
      read(npy("{'descr': '<i8', 'fortran_order': False, 'shape': (1,)}", bytes<int64_t>({int64_t{1} << 32})), tensor),
      "holds 4294967296, which does not fit 32 bits");
  EXPECT_EQ(read(npy("{'descr': '<i4', 'fortran_order': True, 'shape': (1, 1)}", "1234"), tensor),
            "is in Fortran order; save it with numpy.ascontiguousarray");
  std::string error;
  EXPECT_FALSE(readIntegers("/nowhere/x.npy", tensor, error));
  EXPECT_EQ(error, "cannot be opened: No such file or directory");
}

TEST(Numpy, WritesFloats) {
  std::string path = temporaryPath("write.npy");
  const float rows[2][3] = {{1, 2, 3}, {4, 5, 6}};
  {
    FloatWriter writer(path, 2, 3);
    writer.append(rows[0]);
    EXPECT_FALSE(std::ifstream(path).good());
    writer.append(rows[1]);
    writer.finish();
  }
  std::stringstream contents;
  contents << std::ifstream(path, std::ios::binary).rdbuf();
  std::string text = contents.str();
  ASSERT_EQ(text.size(), 128u + sizeof(rows));
  EXPECT_NE(text.find("'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)"), std::string::npos);
  EXPECT_EQ(text[127], '\n');
  EXPECT_EQ(memcmp(text.data() + 128, rows, sizeof(rows)), 0);
  remove(path.c_str());
}

TEST(Numpy, AnUnfinishedFileDisappears) {
  std::string path = temporaryPath("unfinished.npy");
  const float row[1] = {1};
  {
    FloatWriter(path, 2, 1).append(row);
  }
  EXPECT_FALSE(std::ifstream(path).good());
  EXPECT_FALSE(std::ifstream(path + ".tmp" + std::to_string(getpid())).good());
}

TEST(Options, TokenLists) {
  using Tokens = std::vector<int32_t>;
  EXPECT_EQ(parseTokens("1,2,3"), (Tokens{1, 2, 3}));
  EXPECT_EQ(parseTokens(" 1, 2 3\n4 ,5\n"), (Tokens{1, 2, 3, 4, 5}));
  EXPECT_EQ(parseTokens(""), Tokens{});
  for (const char *wrong : {"1,,2", "1,", ",1", "-1", "1x", "a", "2147483648"})
    EXPECT_EQ(parseTokens(wrong), std::nullopt) << wrong;
}

TEST(Json, Writes) {
  JsonWriter writer;
  writer.beginObject();
  writer.text("a\"b", "c\n");
  writer.number("n", 1e12);
  writer.number("x", 0.5);
  writer.number("nothing", INFINITY);
  writer.beginArray("list");
  writer.boolean(nullptr, true);
  writer.endArray();
  writer.endObject();
  EXPECT_EQ(writer.value(), "{\n  \"a\\\"b\": \"c\\u000a\",\n"
                            "  \"n\": 1000000000000,\n  \"x\": 0.5,\n"
                            "  \"nothing\": null,\n  \"list\": [\n    true\n"
                            "  ]\n}");
}

TEST(Json, ReadsAsLines) {
  EXPECT_EQ(readableJson(R"({"a": 1, "b": {"c": "d, e"}, "f": ["g", 2],
                             "h": [{"i": 3, "j": {}}, {"k": "\"\n"}]})"),
            "a: 1\nb:\n  c: d, e\nf:\n- g\n- 2\n"
            "h:\n  - i: 3\n    j:\n  - k: \"\n");
  EXPECT_EQ(readableJson("}]],,\"unfinished\\"), "unfinished\\\n");
}

} // namespace
