//===- kernel_harness.cpp - generated kernels, run in this process --------===//

#include "test/unit/codegen/kernel_harness.h"

#include "codegen/cpu/Kernels.h"
#include "codegen/cpu/Passes.h"
#include "codegen/cpu/Symbols.h"
#include "codegen/host/ObjectFile.h"
#include "compiler/Registration.h"
#include "dialects/Encoding/Encoding.h"
#include "dialects/Kernel/Kernel.h"
#include "runtime/cpu/team.h"
#include "target/TargetDescription.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ExecutionEngine/RuntimeDyld.h"
#include "llvm/ExecutionEngine/SectionMemoryManager.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/DynamicLibrary.h"
#include "llvm/Support/MemoryBuffer.h"

#include "gtest/gtest.h"

#include <array>
#include <cmath>
#include <cstring>
#include <sys/mman.h>

using namespace ingot;
using namespace ingot::test;

//===----------------------------------------------------------------------===//
// Instruction sets
//===----------------------------------------------------------------------===//

const std::vector<InstructionSet> &test::getInstructionSets() {
  static const std::vector<InstructionSet> sets = [] {
    auto featureBits = [](const std::string &cpu) {
      return llvm::cantFail(codegen::describeCpus(cpu)).front().featureBits;
    };
    std::string hostCpu = codegen::getHostCpu();
    uint64_t host = featureBits(hostCpu);
    auto has = [&](unsigned bit) { return (host >> bit) & 1; };
    std::vector<InstructionSet> candidates = {
        {"plain", "x86-64", ""}, {"avx2", "x86-64-v3", ""}, {"avx2_512", "x86-64-v4", ""}, {"host", hostCpu, ""}};
    // The same intrinsic, in the encoding that the machine has.
    if (has(INGOT_FEATURE_AVXVNNI))
      candidates.push_back({"avxvnni", "x86-64-v3,+avxvnni", ""});
    else if (has(INGOT_FEATURE_AVX512VNNI) && has(INGOT_FEATURE_AVX512VL))
      candidates.push_back({"avxvnni", "x86-64-v3,+avx512vnni,+avx512vl", "avxvnni"});
    std::vector<InstructionSet> runnable;
    for (InstructionSet &candidate : candidates)
      if (!(featureBits(candidate.cpu) & ~host))
        runnable.push_back(std::move(candidate));
    return runnable;
  }();
  return sets;
}

bool test::hasPairProducts(const InstructionSet &set) {
  return llvm::cantFail(codegen::describeCpus(set.cpu)).front().hasPairProducts;
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

static constexpr size_t pageBytes = 4096;

Buffer::Buffer(size_t bytes) {
  bytes = roundUp(bytes, 64);
  mappingBytes = roundUp(bytes, pageBytes) + pageBytes;
  void *address = mmap(nullptr, mappingBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED)
    abort();
  mapping = static_cast<uint8_t *>(address);
  uint8_t *last = mapping + mappingBytes - pageBytes;
  mprotect(last, pageBytes, PROT_NONE);
  begin = last - bytes;
  memset(mapping, 0xff, last - mapping);
}

Buffer::Buffer(Buffer &&other) noexcept
    : mapping(std::exchange(other.mapping, nullptr)), begin(other.begin), mappingBytes(other.mappingBytes) {}

Buffer::~Buffer() {
  if (mapping)
    munmap(mapping, mappingBytes);
}

//===----------------------------------------------------------------------===//
// Compilation
//===----------------------------------------------------------------------===//

namespace {
/// Code of an executable is static and small: it expects to lie in the lowest 2 GiB.
class LowMemory : public llvm::SectionMemoryManager::MemoryMapper {
public:
  llvm::sys::MemoryBlock allocateMappedMemory(llvm::SectionMemoryManager::AllocationPurpose, size_t bytes,
                                              const llvm::sys::MemoryBlock *, unsigned,
                                              std::error_code &error) override {
    void *address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (address == MAP_FAILED) {
      error = std::error_code(errno, std::generic_category());
      return {};
    }
    return {address, bytes};
  }
  std::error_code protectMappedMemory(const llvm::sys::MemoryBlock &block, unsigned flags) override {
    return llvm::sys::Memory::protectMappedMemory(block, flags);
  }
  std::error_code releaseMappedMemory(llvm::sys::MemoryBlock &block) override {
    munmap(block.base(), block.allocatedSize());
    return {};
  }
};

struct Function {
  void *address;
  int64_t (*countGrains)(const IngotStep *step, int64_t rows);
};
} // namespace

struct Kernels::Implementation {
  Implementation() : manager(&memory), loader(manager, manager) {}

  mlir::MLIRContext context;
  LowMemory memory;
  llvm::SectionMemoryManager manager;
  llvm::RuntimeDyld loader;
  llvm::StringMap<Function> functions;
};

Kernels::Kernels(std::unique_ptr<Implementation> implementation) : implementation(std::move(implementation)) {}
Kernels::~Kernels() = default;

static std::string makeModule(const std::string &functions, const std::string &cpu) {
  std::string text =
      "#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>\n"
      "#i8_16 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic, sums = 16>>\n";
  for (const NamedFormat &named : getFormats()) {
    const std::string &alias = named.alias;
    std::string format = encoding::findGgmlFormat(alias)
                             ? "ggml<" + alias + ">"
                             : "block<i4, group = " + std::to_string(named.format.blockColumns) + ", scale = static>";
    text += "#" + alias + " = #encoding.storage<format = #encoding." + format + ", layout = #encoding.panels<16 x " +
            (named.isQuantized() ? "4" : "1") + ">>\n";
  }
  return text + "module attributes {ingot.options = {target = \"cpu\", cpu = \"" + cpu +
         "\", activations = \"auto\", key_value = \"f16\", weights = \"embedded\"}} {\n" + functions + "}\n";
}

static std::string grainsSymbol(const std::string &function) { return function + ".grains"; }

/// Adds what a step function computes before it launches `function`, as a function of the step and the rows.
static void addGrainCount(mlir::ImplicitLocOpBuilder &builder, const codegen::CpuDescription &cpu,
                          const std::string &function, schedule::PartitionAttr partition) {
  codegen::Emitter emit(builder, cpu);
  auto type = mlir::LLVM::LLVMFunctionType::get(emit.i64(), {emit.pointerType(), emit.i64()});
  auto count = mlir::LLVM::LLVMFuncOp::create(builder, grainsSymbol(function), type);
  mlir::OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(count.addEntryBlock(builder));
  mlir::LLVM::ReturnOp::create(builder,
                               codegen::countGrains(emit, partition, count.getArgument(0), count.getArgument(1)));
}

std::unique_ptr<Kernels> Kernels::compile(const std::string &text, const InstructionSet &set) {
  // libm and libgcc, as far as kernels call them.
  llvm::sys::DynamicLibrary::LoadLibraryPermanently(nullptr);
  llvm::sys::DynamicLibrary::AddSymbol(codegen::claimSymbol, reinterpret_cast<void *>(&ingot_team_claim));
  auto result = std::make_unique<Implementation>();
  mlir::MLIRContext &context = result->context;
  context.disableMultithreading();
  mlir::DialectRegistry registry;
  compiler::registerDialects(registry);
  context.appendDialectRegistry(registry);
  context.getOrLoadDialect<schedule::ScheduleDialect>();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(makeModule(text, set.cpu), &context);
  if (!module) {
    ADD_FAILURE() << "does not parse:\n" << text;
    return nullptr;
  }
  auto target = target::TargetDescription::of(*module);
  llvm::SmallVector<codegen::CpuDescription> cpus = llvm::cantFail(codegen::describeCpus(set.cpu));
  std::vector<std::pair<std::string, schedule::PartitionAttr>> partitions;
  for (auto function : module->getOps<kernel::FunctionOp>())
    partitions.emplace_back(function.getSymName().str(),
                            (*target)->getPartition(function.getKernel(), function.getRowRange()));

  mlir::PassManager emission(&context), phase(&context);
  emission.addPass(codegen::createCodegenEmitKernels());
  codegen::addCodegenPhasePasses(phase);
  if (failed(emission.run(*module))) {
    ADD_FAILURE() << "emission failed";
    return nullptr;
  }
  auto builder = mlir::ImplicitLocOpBuilder::atBlockEnd(module->getLoc(), module->getBody());
  for (auto &[name, partition] : partitions)
    addGrainCount(builder, cpus.front(), name, partition);
  for (auto function : llvm::make_early_inc_range(module->getOps<kernel::FunctionOp>()))
    function.erase();
  for (auto function : module->getOps<mlir::LLVM::LLVMFuncOp>()) {
    function.setLinkage(mlir::LLVM::Linkage::External);
    if (!set.dot.empty())
      function->setAttr("ingot.dot", mlir::StringAttr::get(&context, set.dot));
  }
  if (failed(phase.run(*module))) {
    ADD_FAILURE() << "the codegen phase failed";
    return nullptr;
  }
  auto object = codegen::emitObjectFile(*module, {});
  if (!object) {
    ADD_FAILURE() << llvm::toString(object.takeError());
    return nullptr;
  }
  auto file = llvm::object::ObjectFile::createObjectFile(
      llvm::MemoryBufferRef(llvm::StringRef(object->data(), object->size()), "kernels"));
  if (!file) {
    ADD_FAILURE() << llvm::toString(file.takeError());
    return nullptr;
  }
  result->loader.loadObject(**file);
  result->loader.finalizeWithMemoryManagerLocking();
  if (result->loader.hasError()) {
    ADD_FAILURE() << result->loader.getErrorString().str();
    return nullptr;
  }
  for (const auto &named : partitions) {
    const std::string &name = named.first;
    auto find = [&](const std::string &symbol) {
      uint64_t address = result->loader.getSymbol(symbol).getAddress();
      EXPECT_NE(address, 0u) << symbol;
      return reinterpret_cast<void *>(address);
    };
    Function &function = result->functions[name];
    function.address = find(codegen::kernelSymbol(name, cpus.front()));
    function.countGrains = reinterpret_cast<decltype(function.countGrains)>(find(grainsSymbol(name)));
  }
  return std::unique_ptr<Kernels>(new Kernels(std::move(result)));
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

template <size_t> using Pointer = void *;

template <size_t... indices>
static void call(void *address, const IngotStep &step, int64_t rows, IngotShare *share, void *const *pointers,
                 std::index_sequence<indices...>) {
  auto *function = reinterpret_cast<void (*)(const IngotStep *, int64_t, IngotShare *, Pointer<indices>...)>(address);
  function(&step, rows, share, pointers[indices]...);
}

template <size_t count = 1>
static void callWith(void *address, const IngotStep &step, int64_t rows, IngotShare *share,
                     const std::vector<void *> &pointers) {
  if (pointers.size() == count)
    call(address, step, rows, share, pointers.data(), std::make_index_sequence<count>());
  else if constexpr (count < 8)
    callWith<count + 1>(address, step, rows, share, pointers);
  else
    FAIL() << pointers.size() << " pointers";
}

void Kernels::run(const std::string &name, const IngotStep &step, int64_t rows, const std::vector<void *> &pointers,
                  int64_t workers) const {
  auto found = implementation->functions.find(name);
  ASSERT_NE(found, implementation->functions.end()) << name;
  int64_t grains = found->second.countGrains(&step, rows);
  auto launch = [&](IngotTeam *team, uint32_t worker) {
    callWith(found->second.address, step, rows, ingot_team_launch(team, worker, grains), pointers);
  };
  // One thread: workers come one after the other, so that a failure is the same in every run.
  runtime::Team team(workers, /*mostThreads=*/1);
  ASSERT_EQ(team.workers(), workers);
  team.run([](void *context, IngotTeam *team,
              uint32_t worker) { (*static_cast<decltype(launch) *>(context))(team, worker); },
           &launch);
}

IngotStep Step::view() const {
  return {static_cast<uint32_t>(positions.size()),
          static_cast<uint32_t>(sequenceCount),
          static_cast<uint32_t>(wanted.size()),
          static_cast<uint32_t>(pagesPerSequence),
          tokens.data(),
          positions.data(),
          sequences.data(),
          pageTables.data(),
          wanted.data()};
}

int64_t test::getPaddedRows(int64_t rows) { return roundUp(rows, 8); }

//===----------------------------------------------------------------------===//
// Data
//===----------------------------------------------------------------------===//

const std::vector<NamedFormat> &test::getFormats() {
  static const std::vector<NamedFormat> formats = [] {
    std::vector<NamedFormat> result;
    for (const encoding::NamedFormat &named : encoding::getGgmlFormats())
      result.push_back({named.name.str(), named.format});
    for (int64_t group : {32, 64, 128})
      result.push_back({"i4_" + std::to_string(group), encoding::describeI4(group)});
    return result;
  }();
  return formats;
}

std::string test::makeCacheGroup(int64_t pagesPerSequence, int64_t pages, int64_t window, int64_t ring) {
  std::string windowed =
      window ? ", window = " + std::to_string(window) + " : i64, ring = " + std::to_string(ring) + " : i64" : "";
  return "model.cache_group \"full\" {context = " + std::to_string(64 * pagesPerSequence) +
         " : i64, page_rows = 64 : i64, pages = " + std::to_string(pages) + " : i64" + windowed + "}\n";
}

std::string test::activationType(int64_t rows, int64_t columns, Rounding rounding) {
  return "tensor<" + (rows ? std::to_string(rows) : "?") + "x" + std::to_string(columns) + "xf32" +
         (rounding ? ", #" + rounding.getSuffix().substr(1) + ">" : ">");
}

std::string test::weightType(int64_t rows, int64_t columns, const std::string &alias) {
  return "tensor<" + std::to_string(rows) + "x" + std::to_string(columns) + "xf32, #" + alias + ">";
}

float test::roundToBf16(float value) {
  auto bits = llvm::bit_cast<uint32_t>(value);
  return llvm::bit_cast<float>((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000);
}

uint16_t test::toHalf(float value) {
  llvm::APFloat number(value);
  bool losesInformation;
  number.convert(llvm::APFloat::IEEEhalf(), llvm::APFloat::rmNearestTiesToEven, &losesInformation);
  return static_cast<uint16_t>(number.bitcastToAPInt().getZExtValue());
}

static double uniform(Random &random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random);
}

WeightMatrix::WeightMatrix(const encoding::WeightFormat &format, int64_t rows, int64_t columns)
    : rows(rows), columns(columns), packed(roundUp(rows, 16) / 16 * encoding::getPanelBytes(format, columns)),
      values(roundUp(rows, 16) * columns), magnitudes(values.size()) {}

/// One source row, as files store it.
static std::vector<uint8_t> makeRow(Random &random, const encoding::WeightFormat &format, int64_t columns,
                                    Codes codes) {
  using encoding::ElementKind;
  std::vector<uint8_t> bytes(format.getRowBytes(columns));
  auto putHalf = [&](size_t offset, double value) {
    uint16_t half = toHalf(static_cast<float>(value));
    memcpy(&bytes[offset], &half, 2);
  };
  if (!format.isQuantized()) {
    for (int64_t column = 0; column < columns; ++column) {
      float value = static_cast<float>(uniform(random, -1, 1));
      uint32_t bits;
      memcpy(&bits, &value, 4);
      uint16_t upper = static_cast<uint16_t>(bits >> 16);
      if (format.element == ElementKind::F32)
        memcpy(&bytes[column * 4], &value, 4);
      else if (format.element == ElementKind::F16)
        putHalf(column * 2, value);
      else
        memcpy(&bytes[column * 2], &upper, 2);
    }
    return bytes;
  }
  uint8_t largest = format.signedBytes ? 0x7f : 0xff;
  for (uint8_t &byte : bytes)
    byte = codes == Codes::Largest ? largest : static_cast<uint8_t>(random());
  // Sub-scales are integers: with them the numbers stay as large as without.
  double unit = format.subScales == encoding::SubScales::None ? 1 : 1.0 / 32;
  for (size_t block = 0; block < bytes.size(); block += format.blockBytes) {
    putHalf(block + format.scaleOffset, unit * uniform(random, 0.01, 0.1) * (random() % 8 ? 1 : -1));
    if (format.hasMinimum())
      putHalf(block + format.minimumOffset, unit * uniform(random, -1, 1));
  }
  return bytes;
}

WeightMatrix test::makeWeights(Random &random, const encoding::WeightFormat &format, int64_t rows, int64_t columns,
                               Codes codes, bool (*isPadding)(int64_t row)) {
  WeightMatrix matrix(format, rows, columns);
  for (int64_t panel = 0; panel * 16 < rows; ++panel) {
    std::array<std::vector<uint8_t>, 16> sources;
    for (int64_t row = 0; row < 16; ++row)
      if (panel * 16 + row < rows && (!isPadding || !isPadding(panel * 16 + row)))
        sources[row] = makeRow(random, format, columns, codes);
    uint8_t *out = matrix.packed.as<uint8_t>(panel * encoding::getPanelBytes(format, columns));
    weights::packPanel(
        format, columns, [&](int row) { return sources[row].empty() ? nullptr : sources[row].data(); }, out);
    weights::unpackPanel(format, columns, out, &matrix.values[panel * 16 * columns]);
  }
  // A code less its zero point is the difference of two products, and one with a minimum may be: both are at most the
  // largest scale times the largest code.
  double apart = 0;
  if (format.isQuantized()) {
    double subScale = format.subScales == encoding::SubScales::None          ? 1
                      : format.subScales == encoding::SubScales::SignedBytes ? 4
                                                                             : 2;
    int64_t codes = format.zeroPoint ? format.zeroPoint : format.getLargestCode();
    apart = subScale * std::max(3.0, 0.1 * static_cast<double>(codes));
  }
  for (size_t index = 0; index < matrix.values.size(); ++index)
    matrix.magnitudes[index] = static_cast<float>(std::abs(matrix.values[index]) + apart);
  return matrix;
}

static int64_t activationRowBytes(int64_t columns, Rounding rounding) {
  return rounding ? roundUp(columns + columns / 32 * 8 + columns / rounding.sums * 4, 64) : roundUp(columns, 16) * 4;
}

Activation::Activation(int64_t rows, int64_t columns, Rounding rounding, bool padded)
    : rows(rows), columns(columns), rounding(rounding), rowBytes(activationRowBytes(columns, rounding)),
      buffer((padded ? getPaddedRows(rows) : rows) * rowBytes) {}

double Activation::at(int64_t row, int64_t column) const {
  if (!rounding)
    return *buffer.as<float>(row * rowBytes + column * 4);
  double scale = *buffer.as<float>(row * rowBytes + columns + column / 32 * 4);
  return scale * *buffer.as<int8_t>(row * rowBytes + column);
}

float test::getScaledSum(const Activation &activation, int64_t row, int64_t column) {
  int64_t columns = activation.columns, sum = column / activation.rounding.sums;
  return *activation.buffer.as<float>(row * activation.rowBytes + columns + columns / 32 * 4 + sum * 4);
}

double test::getScale(const Activation &activation, int64_t row, int64_t column) {
  if (!activation.rounding)
    return 0;
  return std::abs(*activation.buffer.as<float>(row * activation.rowBytes + activation.columns + column / 32 * 4));
}

uint32_t test::getStoredExponent(const Activation &activation, int64_t row, int64_t column) {
  int64_t columns = activation.columns, sums = columns / activation.rounding.sums;
  int64_t offset = columns + (columns / 32 + sums + column / 32) * 4;
  return *activation.buffer.as<uint32_t>(row * activation.rowBytes + offset);
}

Activation test::makeActivation(Random &random, int64_t rows, int64_t columns, Rounding rounding, Codes codes,
                                bool padded) {
  Activation activation(rows, columns, rounding, padded);
  for (int64_t row = 0; row < rows; ++row) {
    if (!rounding) {
      for (int64_t column = 0; column < columns; ++column)
        activation.f32(row, column) = static_cast<float>(uniform(random, -2, 2));
      continue;
    }
    int8_t *bytes = activation.buffer.as<int8_t>(row * activation.rowBytes);
    float *scales = activation.buffer.as<float>(row * activation.rowBytes + columns), *sums = scales + columns / 32;
    auto *exponents = reinterpret_cast<uint32_t *>(sums + columns / rounding.sums);
    for (int64_t group = 0; group < columns / 32; ++group) {
      int exponent = static_cast<int>(random() % 5) - 10;
      scales[group] = std::ldexp(1.0F + 0.25F * static_cast<float>(random() % 4), exponent);
      exponents[group] = static_cast<uint32_t>(exponent + 64) << 23;
    }
    for (int64_t first = 0; first < columns; first += rounding.sums) {
      int sum = 0;
      for (int64_t column = first; column < first + rounding.sums; ++column) {
        int largest = row % 2 ? -127 : 127;
        bytes[column] = static_cast<int8_t>(codes == Codes::Largest ? largest : static_cast<int>(random() % 255) - 127);
        sum += bytes[column];
      }
      sums[first / rounding.sums] = scales[first / 32] * static_cast<float>(sum);
    }
  }
  return activation;
}
