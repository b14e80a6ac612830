//===- tables.h - what emitted CUDA C++ and its runtime agree on *- C -*-===//
//
// The text that `ingotc --target=cuda` writes begins with this header and ends with
// `ingot_cuda_descriptor`: which kernels there are, and which of them a step runs, in
// what order, on which bytes. All layouts are plain C with explicit widths.
//
// A step of n rows is the program whose rows hold n. Its launches run in their order;
// two of them may run at once where neither awaits the other, directly or not. Nothing
// of a launch depends on the host but the number of its blocks, or of rows where a
// library multiplies.
//
// Include nothing of the runtime or of the compiler here.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CUDA_TABLES_H
#define INGOT_RUNTIME_CUDA_TABLES_H

#include <stdint.h>

// NOLINTBEGIN(readability-identifier-naming): a C interface has C names.

#ifdef __cplusplus
extern "C" {
#endif

#define INGOT_CUDA_VERSION 2u

/// Kernels are for devices of this compute capability and newer ones: 10 * major + minor.
#define INGOT_CUDA_CAPABILITY 80

/// Kernels compiled for this one or a newer one wait for those that they come after: see waitForEarlier of
/// codegen/cuda/ingot_device.cuh.
#define INGOT_CUDA_WAITING_CAPABILITY 90

/// Steps of up to so many rows may be graphs, which have the same blocks for every step.
#define INGOT_CUDA_MOST_GRAPH_ROWS 8

/// One step, as IngotStep of runtime/abi.h, with all arrays in device memory. The first parameter of every kernel, by
/// value: a captured launch serves many steps, whose numbers are copied to the same addresses.
typedef struct IngotCudaStep {
  const uint32_t *counts;       ///< [3] rows, sequences, wanted rows
  const int32_t *tokens;        ///< [rows]
  const int32_t *positions;     ///< [rows] position in its sequence; ascending within a sequence
  const int32_t *row_sequences; ///< [rows] index of the row's sequence in this step
  const int32_t *page_tables;   ///< [cache groups][sequences][pages_per_sequence] physical pages
  const int32_t *wanted;        ///< [wanted rows] ascending row indices
  uint32_t pages_per_sequence;  ///< row stride of page_tables, in pages
  uint32_t reserved;
} IngotCudaStep;

/// Most candidates of a draw on the device: larger --top-k, and none, are for the host's sampler.
#define INGOT_CUDA_MOST_CANDIDATES 256
/// Threads of a block that draws, and tokens of which one finds the candidates.
#define INGOT_CUDA_SAMPLING_THREADS 256
#define INGOT_CUDA_PART_TOKENS 4096
/// Last tokens of a text to which the repeat penalty applies.
#define INGOT_CUDA_PENALTY_WINDOW 64

/// How tokens of one sequence are drawn (SamplerOptions of runtime/core/sampler.h), and how far its text is. In device
/// memory: written by the host before the first draw, then by each draw.
typedef struct IngotCudaSampling {
  double temperature; ///< 0: the best candidate
  double top_p;
  double min_p;
  double repeat_penalty;
  uint64_t seed;
  uint64_t position;  ///< that the next token takes
  uint64_t accepted;  ///< tokens of the text so far
  uint32_t top_k;     ///< 1 to INGOT_CUDA_MOST_CANDIDATES and less than the vocabulary, unless the temperature is 0
  uint32_t remaining; ///< tokens that may still be drawn, at least 1
  uint32_t produced;  ///< tokens drawn
  uint32_t going;     ///< 1: the step has been given the last one drawn; 0: it was the last
  int32_t recent[INGOT_CUDA_PENALTY_WINDOW]; ///< token number i of the text in place i modulo the window
} IngotCudaSampling;

/// A function `extern "C" __global__`. Parameters: the step; `const uint32_t *`, the device address of the number of
/// rows that the launch works on; then `buffers` pointers.
typedef struct IngotCudaKernel {
  const char *name;
  uint32_t threads;      ///< of a block, along x
  uint32_t shared_bytes; ///< dynamic shared memory of a block
  uint32_t buffers;
  uint32_t reserved;
} IngotCudaKernel;

/// IngotCudaProduct's elements.
enum { INGOT_CUDA_F16 = 0, INGOT_CUDA_BF16 = 1 };

/// A product of cuBLASLt: result = input weightᵀ, plus an addend where there is one. Rows stand one after the other.
/// Products are added up in f32; of f32 are result and addend, too. Buffers: input, weight, addend, result, workspace;
/// without an addend, the others.
typedef struct IngotCudaProduct {
  const char *name;
  uint32_t outputs;         ///< rows of the weight, columns of the result
  uint32_t columns;         ///< of input and weight; weight rows follow each other without a gap
  uint32_t element;         ///< of input and weight
  uint32_t addend;          ///< 1: there is one
  uint32_t input_stride;    ///< elements from row to row
  uint32_t result_stride;   ///< f32 numbers from row to row, of the addend likewise
  uint64_t workspace_bytes; ///< of the workspace
} IngotCudaProduct;

/// A stretch of device memory: asked for once, of IngotLifetime (runtime/abi.h).
typedef struct IngotCudaArena {
  const char *name;
  uint64_t bytes;
  uint32_t alignment; ///< bytes
  uint32_t lifetime;
} IngotCudaArena;

/// A buffer: `offset` bytes from the base of arena `arena`.
typedef struct IngotCudaBuffer {
  uint32_t arena;
  uint32_t reserved;
  uint64_t offset;
} IngotCudaBuffer;

/// One launch. Its grid has `grid_x` blocks along x and, along y, one for every `rows_per_block` of the rows that it
/// works on, rounded up: the rows of the step (counts[0]), or the wanted ones (counts[2]). Of no rows, it is left out.
/// Of a product all rows of the buffers may be computed, up to the last of the program: what stands there is of no use.
/// In programs of at most INGOT_CUDA_MOST_GRAPH_ROWS rows, blocks for as many rows as the program serves do as well.
typedef struct IngotCudaLaunch {
  uint32_t kernel; ///< index into the descriptor's kernels, or its products
  uint32_t grid_x;
  uint32_t rows_per_block;
  uint32_t wanted;       ///< 1: on the wanted rows
  uint32_t first_buffer; ///< in the descriptor's buffers: as many as the kernel has, in the order of its parameters
  uint32_t first_await;  ///< in the descriptor's awaits: indices of earlier launches of the same program
  uint32_t await_count;
  uint32_t product; ///< 1: of cuBLASLt, and no kernel
} IngotCudaLaunch;

/// Threads of a block of the kernels that belong to no step.
#define INGOT_CUDA_PLAIN_THREADS 256

enum IngotCudaNumbers {
  INGOT_CUDA_SPLAT = 0,   ///< all are `scale`
  INGOT_CUDA_RANDOM = 1,  ///< of `seed` and the element's index in the parameter, in [-scale, scale]
  INGOT_CUDA_PADDING = 2, ///< `scale` is 0
};

/// Constants that no file holds: `panels` panels of a matrix, of as many lanes as the generator is for. One block of
/// threads fills a panel.
typedef struct IngotCudaFill {
  uint64_t offset; ///< of the first panel, in bytes from the base of the arena of constants
  uint64_t seed;
  uint32_t generator; ///< index into the descriptor's generators
  uint32_t columns;
  uint32_t panels;
  uint32_t panel_step; ///< from one of the panels to the next, in panels
  uint32_t first_lane; ///< in each of them the lanes from this one on …
  uint32_t lanes;      ///< … so many of them
  uint32_t first_row;  ///< of the parameter, in the first of these lanes
  uint32_t lane_rows;  ///< from lane to lane, in rows of the parameter
  uint32_t panel_rows; ///< from panel to panel
  float scale;
  uint32_t numbers; ///< IngotCudaNumbers
  uint32_t reserved;
} IngotCudaFill;

/// All launches of a step of first_row <= rows <= last_row.
typedef struct IngotCudaProgram {
  const char *name;
  uint32_t first_row;
  uint32_t last_row;
  uint32_t first_launch; ///< in the descriptor's launches
  uint32_t launch_count;
} IngotCudaProgram;

/// What draws the next token of a step's wanted row 0, without the host. Two launches, the second after the first:
/// `candidates`, of as many blocks as there are parts: (const IngotCudaSampling *, const float *logits, uint64_t
/// *lists); `choose`, of one block: (IngotCudaStep, IngotCudaSampling *, const uint64_t *lists, const uint32_t *ends,
/// int32_t *tokens, const uint32_t *stop). Lists are [parts][INGOT_CUDA_MOST_CANDIDATES]. Bit i of `ends` says that
/// token i ends a text; `tokens` and `stop` are the host's pinned memory: every token goes to tokens[produced], -1
/// where the largest logit is no finite number, and while *stop is not 0 a token drawn is the last.
typedef struct IngotCudaSampler {
  IngotCudaKernel candidates;
  IngotCudaKernel choose;
  uint32_t parts;
  uint32_t reserved;
} IngotCudaSampler;

/// Keeps a loop going while tokens are: (cudaGraphConditionalHandle, const IngotCudaSampling *), of one thread. It
/// stands in an image of its own, which the text is where INGOT_CUDA_LOOP is defined: drivers before CUDA 12.4 do not
/// load it.
#define INGOT_CUDA_LOOP_KERNEL "ingot_keep_going"

typedef struct IngotCudaDescriptor {
  uint32_t version; ///< INGOT_CUDA_VERSION
  uint32_t size;    ///< sizeof(IngotCudaDescriptor)
  const IngotCudaKernel *kernels;
  const IngotCudaArena *arenas;
  const IngotCudaBuffer *buffers;
  const uint32_t *awaits;
  const IngotCudaLaunch *launches;
  const IngotCudaProgram *programs; ///< ascending, without gaps, from row 1
  const IngotCudaProduct *products; ///< of launches of more than one row
  uint32_t kernel_count;
  uint32_t arena_count;
  uint32_t program_count;
  uint32_t product_count;
  uint32_t reserved;
  /// Bounds of a step.
  uint32_t rows;
  uint32_t sequences;
  uint32_t wanted_rows;
  /// The output of every program: rows of `output_columns` f32, one for each wanted row.
  uint32_t output_columns;
  uint32_t output_stride; ///< bytes from row to row
  IngotCudaBuffer output;
  /// Names of kernels. `reader` (const uint8_t *from, uint64_t bytes, uint32_t unlikely, uint32_t *result) reads. Those
  /// of the generators (IngotCudaFill, uint8_t *constants) fill the arena of constants; there are some where no weights
  /// are in the executable.
  const char *reader;
  const char *const *generators;
  const IngotCudaFill *fills;
  uint32_t generator_count;
  uint32_t fill_count;
  IngotCudaSampler sampler;
} IngotCudaDescriptor;

/// Defined by the emitted text, for the host. Found by name, too, where the text is compiled into a shared object.
extern __attribute__((visibility("default"))) const IngotCudaDescriptor ingot_cuda_descriptor;

#ifdef __cplusplus
} // extern "C"

static_assert(sizeof(IngotCudaStep) == 56, "layout of IngotCudaStep");
static_assert(sizeof(IngotCudaKernel) == 24, "layout of IngotCudaKernel");
static_assert(sizeof(IngotCudaArena) == 24, "layout of IngotCudaArena");
static_assert(sizeof(IngotCudaBuffer) == 16, "layout of IngotCudaBuffer");
static_assert(sizeof(IngotCudaLaunch) == 32, "layout of IngotCudaLaunch");
static_assert(sizeof(IngotCudaFill) == 64, "layout of IngotCudaFill");
static_assert(sizeof(IngotCudaProgram) == 24, "layout of IngotCudaProgram");
static_assert(sizeof(IngotCudaProduct) == 40, "layout of IngotCudaProduct");
static_assert(sizeof(IngotCudaSampling) == 328, "layout of IngotCudaSampling");
static_assert(sizeof(IngotCudaSampler) == 56, "layout of IngotCudaSampler");
static_assert(sizeof(IngotCudaDescriptor) == 208, "layout of IngotCudaDescriptor");
#endif

// NOLINTEND(readability-identifier-naming)

#endif // INGOT_RUNTIME_CUDA_TABLES_H
