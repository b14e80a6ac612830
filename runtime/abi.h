//===- abi.h - what compiled code and the runtime agree on ------*- C -*-===//
//
// The one header that the compiler, the code it emits and the runtime share.
// Generated code defines `ingot_descriptor`, and a step function per row range
// and code variant; the runtime defines `ingot_team_*`. All layouts are
// plain C with explicit widths; the static assertions at the end fix them, and
// the code generator checks its LLVM types against the same numbers.
//
// Include nothing of the runtime or of the compiler here.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_ABI_H
#define INGOT_RUNTIME_ABI_H

#include <stddef.h>
#include <stdint.h>

// NOLINTBEGIN(readability-identifier-naming): a C interface has C names.

#ifdef __cplusplus
extern "C" {
#endif

#define INGOT_ABI_MAGIC 0x544f474eu /* "NGOT", little-endian */
#define INGOT_ABI_VERSION 4u

/// A huge page of x86-64. Address and file offset of embedded weights are equal modulo this.
#define INGOT_HUGE_PAGE_BYTES (UINT64_C(2) << 20)

/// p_paddr of the PT_LOAD header over embedded weights, by which the runtime finds them: "INGOT", little-endian. Linux
/// ignores physical addresses, and tools that rewrite executables keep them.
#define INGOT_WEIGHTS_TAG UINT64_C(0x544f474e49)

/// Element types of tensors that cross the boundary.
enum IngotElement {
  INGOT_ELEMENT_F32 = 0,
  INGOT_ELEMENT_F16 = 1,
  INGOT_ELEMENT_BF16 = 2,
  INGOT_ELEMENT_I32 = 3,
  INGOT_ELEMENT_I8 = 4,
};

/// How long the bytes of an arena live.
enum IngotLifetime {
  INGOT_LIFETIME_CONSTANT = 0,  ///< weights: mapped from the executable, read-only
  INGOT_LIFETIME_STATE = 1,     ///< key-value cache: zeroed once, lives across steps
  INGOT_LIFETIME_TRANSIENT = 2, ///< activations: dead between steps, never zeroed
};

enum IngotEntryKind {
  INGOT_ENTRY_GENERATE = 0, ///< tokens, positions -> logits of the wanted rows
  INGOT_ENTRY_ENCODE = 1,   ///< whole sequences -> a vector of each: wanted are their first rows, one after the other
  INGOT_ENTRY_GRAPH = 2,    ///< named tensors -> named tensors
  INGOT_ENTRY_HIDDEN = 3,   ///< whole sequences -> a vector of each row: all are wanted
};

/// Bits of `IngotVariant::features`. The table in runtime/cpu/features.cpp maps
/// each to CPUID; the code generator sets a bit for each LLVM subtarget feature
/// of the same name, so that a variant runs only where all of its bits are there.
enum IngotFeature {
  INGOT_FEATURE_SSE4_2 = 0,
  INGOT_FEATURE_POPCNT = 1,
  INGOT_FEATURE_AVX = 2,
  INGOT_FEATURE_F16C = 3,
  INGOT_FEATURE_FMA = 4,
  INGOT_FEATURE_AVX2 = 5,
  INGOT_FEATURE_BMI = 6,
  INGOT_FEATURE_BMI2 = 7,
  INGOT_FEATURE_LZCNT = 8,
  INGOT_FEATURE_MOVBE = 9,
  INGOT_FEATURE_AVX512F = 10,
  INGOT_FEATURE_AVX512CD = 11,
  INGOT_FEATURE_AVX512BW = 12,
  INGOT_FEATURE_AVX512DQ = 13,
  INGOT_FEATURE_AVX512VL = 14,
  INGOT_FEATURE_AVX512IFMA = 15,
  INGOT_FEATURE_AVX512VBMI = 16,
  INGOT_FEATURE_AVX512VBMI2 = 17,
  INGOT_FEATURE_AVX512VNNI = 18,
  INGOT_FEATURE_AVX512BITALG = 19,
  INGOT_FEATURE_AVX512VPOPCNTDQ = 20,
  INGOT_FEATURE_AVX512BF16 = 21,
  INGOT_FEATURE_AVXVNNI = 22,
  INGOT_FEATURE_GFNI = 23,
  INGOT_FEATURE_VAES = 24,
  INGOT_FEATURE_VPCLMULQDQ = 25,
  INGOT_FEATURE_AVX512FP16 = 26,
  INGOT_FEATURE_AVX512VP2INTERSECT = 27,
  INGOT_FEATURE_AVXVNNIINT8 = 28,
  INGOT_FEATURE_AMX_TILE = 29,
  INGOT_FEATURE_AMX_INT8 = 30,
  INGOT_FEATURE_AMX_BF16 = 31,
  INGOT_FEATURE_SSE3 = 32,
  INGOT_FEATURE_SSSE3 = 33,
  INGOT_FEATURE_SSE4_1 = 34,
  INGOT_FEATURE_ADX = 35,
  INGOT_FEATURE_SSE4A = 36,
  INGOT_FEATURE_MOVDIRI = 37,
  INGOT_FEATURE_PRFCHW = 38,
};

/// One step: any mix of decode rows and prompt chunks. A row is one token of one
/// sequence. All arrays belong to the caller and are read-only to generated code.
typedef struct IngotStep {
  uint32_t rows;                ///< tokens in this step, 1 <= rows <= bound of the range
  uint32_t sequences;           ///< sequences in this step, <= bound of the entry
  uint32_t wanted_rows;         ///< rows whose logits are wanted, may be 0
  uint32_t pages_per_sequence;  ///< row stride of page_tables, in pages
  const int32_t *tokens;        ///< [rows]
  const int32_t *positions;     ///< [rows] position in its sequence; ascending within a sequence
  const int32_t *row_sequences; ///< [rows] index of the row's sequence in this step
  /// [cache groups][sequences][pages_per_sequence] physical page of each logical page; of a group with a window, of
  /// each page of the ring
  const int32_t *page_tables;
  const int32_t *wanted; ///< [wanted_rows] ascending row indices
} IngotStep;

/// The workers that run one step together; owned by the runtime.
typedef struct IngotTeam IngotTeam;

/// Waits until all workers of the team arrived. The memory written by any worker
/// before its arrival is visible to all after it.
void ingot_team_barrier(IngotTeam *team, uint32_t worker);

/// Grains of a launch that one worker is to compute: begin <= grain < end.
typedef struct IngotShare {
  uint64_t begin;
  uint64_t end;
} IngotShare;

/// Begins a launch of `grains` < 2^32 grains. Every worker of the team begins the same launches in the same order.
IngotShare *ingot_team_launch(IngotTeam *team, uint32_t worker, uint64_t grains);

/// Whether grains of the launch are left for this worker: 1, and `share` says which, until it is called again; or 0.
/// Every grain goes to exactly one worker, which one depends on who has time.
uint32_t ingot_team_claim(IngotShare *share);

/// Runs one worker's share of a step. `arenas[i]` is the base address of
/// descriptor arena i. Every worker of the team calls it with the same step.
typedef void (*IngotStepFunction)(const IngotStep *step, uint8_t *const *arenas, IngotTeam *team, uint32_t worker);

/// A step function and the row counts it serves (first <= rows <= last).
typedef struct IngotRowRange {
  uint32_t first;
  uint32_t last;
  uint32_t launches;       ///< compute launches in one step
  uint32_t barriers;       ///< barriers in one step
  uint32_t layer_launches; ///< of these, in a middle layer; 0 for a model of one layer
  uint32_t layer_barriers;
  IngotStepFunction function;
} IngotRowRange;

/// The same entry compiled for one instruction set. Variants stand best first.
typedef struct IngotVariant {
  const char *name;            ///< LLVM CPU name
  uint64_t features;           ///< IngotFeature bits that the code needs
  const IngotRowRange *ranges; ///< ascending, without gaps, from row 1
  uint32_t range_count;
  uint32_t reserved;
} IngotVariant;

/// A tensor that the host reads or writes: rows of `row_stride` bytes.
typedef struct IngotTensor {
  const char *name;
  uint32_t element;    ///< IngotElement
  uint32_t arena;      ///< index into the descriptor's arenas
  uint64_t offset;     ///< bytes from the arena's base
  uint64_t row_stride; ///< bytes from row to row
  uint32_t rows;       ///< bound
  uint32_t columns;
} IngotTensor;

typedef struct IngotEntry {
  const char *name;
  uint32_t kind;        ///< IngotEntryKind
  uint32_t sequences;   ///< bound on sequences in a step
  uint32_t rows;        ///< bound on rows in a step: the prompt chunk
  uint32_t wanted_rows; ///< bound on wanted rows in a step
  const IngotVariant *variants;
  uint32_t variant_count;
  uint32_t output_count;
  const IngotTensor *outputs; ///< outputs[0], of the wanted rows; generate: logits [wanted_rows, vocabulary]
  const char *const *labels;  ///< [columns of outputs[0]] what each is the probability (or score) of; NULL: of nothing
} IngotEntry;

typedef struct IngotArena {
  const char *name;
  uint64_t bytes;
  uint32_t alignment;
  uint32_t lifetime; ///< IngotLifetime
} IngotArena;

/// Layers that share page tables. Physical page p of every layer in the group
/// belongs to the same 64 (page_rows) positions of the same sequence. With a
/// window, these are the newest of the positions whose page has the same number
/// modulo sequence_pages: a ring, which holds what the rows of one step may
/// look at.
typedef struct IngotCacheGroup {
  const char *name;
  uint32_t page_rows;      ///< positions in a page
  uint32_t pages;          ///< physical pages
  uint32_t window;         ///< positions that a row looks at, its own included; 0: the whole context
  uint32_t context;        ///< most positions of one sequence
  uint32_t sequence_pages; ///< pages of one sequence: of its context, or of its ring
  uint32_t reserved;
  uint64_t bytes_per_position; ///< of all layers: what a step reads for each position that a row looks at
} IngotCacheGroup;

/// Bytes that the compiler prepared for the runtime; {NULL, 0} when absent.
typedef struct IngotBlob {
  const uint8_t *data;
  uint64_t bytes;
} IngotBlob;

typedef struct IngotWeights {
  uint64_t bytes;       ///< of the constant arena; 0: the model has none
  uint64_t checksum;    ///< XXH3-64 of those bytes, 0: not computed
  const char *external; ///< file name beside the executable, NULL: embedded
} IngotWeights;

typedef struct IngotDescriptor {
  uint32_t magic;
  uint32_t version;
  uint32_t size; ///< sizeof(IngotDescriptor)
  uint32_t vocabulary;
  const char *model_name;
  const char *compiler_version;
  const IngotEntry *entries;
  const IngotArena *arenas;
  const IngotCacheGroup *cache_groups;
  uint32_t entry_count;
  uint32_t arena_count;
  uint32_t cache_group_count;
  uint32_t layers; ///< for per-layer statistics
  uint64_t kernel_bodies;
  uint64_t step_weight_bytes; ///< weight bytes that one decode step reads
  IngotWeights weights;
  IngotBlob tokenizer; ///< runtime/text/tokenizer.h
  IngotBlob report;    ///< JSON: the plan, licences, formats
} IngotDescriptor;

/// Defined by generated code.
extern const IngotDescriptor ingot_descriptor;

#ifdef __cplusplus
} // extern "C"

static_assert(sizeof(void *) == 8, "Ingot runs on 64-bit targets");
static_assert(sizeof(IngotStep) == 56, "layout of IngotStep");
static_assert(sizeof(IngotRowRange) == 32, "layout of IngotRowRange");
static_assert(sizeof(IngotVariant) == 32, "layout of IngotVariant");
static_assert(sizeof(IngotTensor) == 40, "layout of IngotTensor");
static_assert(sizeof(IngotEntry) == 56, "layout of IngotEntry");
static_assert(sizeof(IngotArena) == 24, "layout of IngotArena");
static_assert(sizeof(IngotCacheGroup) == 40, "layout of IngotCacheGroup");
static_assert(sizeof(IngotBlob) == 16, "layout of IngotBlob");
static_assert(sizeof(IngotWeights) == 24, "layout of IngotWeights");
static_assert(sizeof(IngotDescriptor) == 144, "layout of IngotDescriptor");
#endif

// NOLINTEND(readability-identifier-naming)

#endif // INGOT_RUNTIME_ABI_H
