//===- FuseQueryKeyValue.cpp - q, k and v in one product ------------------===//
//
// Three products on one input become one; what is done to their results alike, rotation
// and append follow in the same kernel.
//
//===----------------------------------------------------------------------===//

#include "passes/fuse/Forward.h"
#include "passes/fuse/Passes.h"
#include "passes/fuse/Recipes.h"
#include "passes/fuse/Regions.h"
#include "passes/fuse/Remarks.h"

namespace ingot::kernel {
#define GEN_PASS_DEF_FUSEQUERYKEYVALUE
#include "passes/fuse/Passes.h.inc"
} // namespace ingot::kernel

using namespace mlir;
using namespace ingot;
using namespace ingot::kernel;

static constexpr llvm::StringLiteral joinName = "query-key-value";
static constexpr llvm::StringLiteral appendName = "rope-append";

namespace {
/// One of the three products.
struct Projection {
  MatmulOp matmul;
  model::LoadParameterOp weight;
  /// What its epilogue takes: vectors.
  SmallVector<model::LoadParameterOp, 1> operands;
};

/// What belongs together around one append.
struct Group {
  AppendOp append;
  AttentionOp attention;
  PairHeadsOp queryPairs, keyPairs;
  Projection query, key, value;
};
} // namespace

/// The product that `value` is, or a reason against fusing it.
static std::string findProjection(Value value, StringRef role, Projection &projection) {
  projection.matmul = value.getDefiningOp<MatmulOp>();
  if (!projection.matmul)
    return (role + " is not a product").str();
  if (!value.hasOneUse())
    return (role + " has several users").str();
  projection.weight = projection.matmul.getWeight().getDefiningOp<model::LoadParameterOp>();
  if (!projection.weight)
    return (role + "'s weight is not a parameter").str();
  for (Value operand : projection.matmul.getOperands_()) {
    auto load = operand.getDefiningOp<model::LoadParameterOp>();
    if (!load || cast<RankedTensorType>(operand.getType()).getRank() != 1)
      return (role + "'s epilogue takes more than vectors of parameters").str();
    projection.operands.push_back(load);
  }
  return {};
}

/// Whether an epilogue leaves zeros of what is padding, of its vectors too, zero.
static bool keepsZeros(Region &epilogue) {
  return llvm::all_of(epilogue.front().without_terminator(),
                      [](Operation &op) { return isa<arith::AddFOp, arith::SubFOp, arith::MulFOp>(op); });
}

/// Fills in `group` from its append; returns a reason where there is none.
static std::string findGroup(Group &group) {
  for (Operation *user : group.append.getResult().getUsers())
    if (auto attention = dyn_cast<AttentionOp>(user)) {
      if (group.attention)
        return "several attentions read the cache";
      group.attention = attention;
    }
  if (!group.attention)
    return "no attention reads the cache";
  group.queryPairs = group.attention.getQuery().getDefiningOp<PairHeadsOp>();
  group.keyPairs = group.append.getKey().getDefiningOp<PairHeadsOp>();
  if (!group.queryPairs || !group.keyPairs)
    return "queries or keys are not laid out in pairs";
  if (!group.queryPairs->hasOneUse() || !group.keyPairs->hasOneUse())
    return "pairs of queries or keys have several users";
  if (group.queryPairs.getTable() != group.keyPairs.getTable() ||
      group.queryPairs->getAttrDictionary() != group.keyPairs->getAttrDictionary())
    return "queries and keys are rotated differently";
  if (group.append.getStep() != group.attention.getStep())
    return "append and attention belong to different steps";
  std::string reason = findProjection(group.queryPairs.getInput(), "the query", group.query);
  if (reason.empty())
    reason = findProjection(group.keyPairs.getInput(), "the key", group.key);
  if (reason.empty())
    reason = findProjection(group.append.getValue(), "the value", group.value);
  if (!reason.empty())
    return reason;
  for (const Projection *projection : {&group.key, &group.value}) {
    Projection other = *projection;
    if (other.matmul.getInput() != group.query.matmul.getInput())
      return "the products have different inputs";
    if (encoding::getStorage(other.weight.getResult().getType()) !=
        encoding::getStorage(group.query.weight.getResult().getType()))
      return "the weights have different formats: " + group.query.weight.getParameter().str() + " and " +
             other.weight.getParameter().str();
    if (!OperationEquivalence::isRegionEquivalentTo(&group.query.matmul.getEpilogue(), &other.matmul.getEpilogue(),
                                                    OperationEquivalence::IgnoreLocations))
      return "different arithmetic follows the products";
    for (auto [mine, theirs] : llvm::zip_equal(group.query.operands, other.operands))
      if (encoding::getStorage(mine.getResult().getType()) != encoding::getStorage(theirs.getResult().getType()))
        return "the epilogues' vectors have different formats: " + mine.getParameter().str() + " and " +
               theirs.getParameter().str();
  }
  // The rotation of padding gives zeros whatever it is.
  int64_t dimension = group.queryPairs.getDimension();
  if (!group.queryPairs.getTable() && pairedHeadColumns(dimension) != dimension &&
      !keepsZeros(group.query.matmul.getEpilogue()))
    return "the arithmetic that follows the products may give other numbers than 0 in the padding of heads";
  return {};
}

/// Rows of matrices, or elements of vectors, in the order in which the kernel has them.
static model::LoadParameterOp joinRows(Group &group, model::LoadParameterOp query, model::LoadParameterOp key,
                                       model::LoadParameterOp value, SymbolTable &symbols, OpBuilder &builder) {
  PairHeadsOp pairs = group.queryPairs;
  bool isInterleaved = pairs.getStyle() == model::RopeStyle::Interleaved;
  auto order = isInterleaved ? encoding::HeadOrder::Interleaved : encoding::HeadOrder::Halves;
  int64_t dimension = pairs.getDimension();
  auto function = group.append->getParentOfType<func::FuncOp>();
  RecipeBuilder recipe(symbols, function, query.getLoc(),
                       joinParameterNames({query.getParameter(), key.getParameter(), value.getParameter()}));
  Value queryRows = recipe.headRows(recipe.load(query), dimension, order, pairs.getRotated());
  Value keyRows = recipe.headRows(recipe.load(key), dimension, order, pairs.getRotated());
  Value valueRows = recipe.headRows(recipe.load(value), dimension, encoding::HeadOrder::Natural);
  return recipe.finish(recipe.concatenate({queryRows, keyRows, valueRows}), builder);
}

/// (first, second) turned by the angle of (cosine, sine).
static void createRotation(OpBuilder &builder, Location location, Region &region) {
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Type> types(4, builder.getF32Type());
  Block *block = builder.createBlock(&region, region.end(), types, SmallVector<Location>(4, location));
  Value first = block->getArgument(0), second = block->getArgument(1);
  Value cosine = block->getArgument(2), sine = block->getArgument(3);
  auto multiply = [&](Value left, Value right) -> Value {
    return arith::MulFOp::create(builder, location, left, right);
  };
  Value firstCosine = multiply(first, cosine);
  Value secondSine = multiply(second, sine);
  Value firstSine = multiply(first, sine);
  Value secondCosine = multiply(second, cosine);
  Value newFirst = arith::SubFOp::create(builder, location, firstCosine, secondSine);
  Value newSecond = arith::AddFOp::create(builder, location, firstSine, secondCosine);
  YieldOp::create(builder, location, ValueRange{newFirst, newSecond});
}

static void fuse(AppendOp append, SymbolTable &symbols) {
  Group group;
  group.append = append;
  std::string reason = findGroup(group);
  if (!reason.empty()) {
    remarkMissed(append, joinName) << remark::reason("{0}", reason);
    return;
  }
  // Everything that the fused operation reads stands before the append.
  OpBuilder builder(append);
  MatmulOp product = group.query.matmul;
  model::LoadParameterOp weight =
      joinRows(group, group.query.weight, group.key.weight, group.value.weight, symbols, builder);
  SmallVector<Value> operands;
  for (auto [query, key, value] : llvm::zip_equal(group.query.operands, group.key.operands, group.value.operands))
    operands.push_back(joinRows(group, query, key, value, symbols, builder).getResult());
  Value table = group.queryPairs.getTable();
  auto fused = QkvRopeAppendOp::create(builder, append.getLoc(), group.queryPairs.getResult().getType(),
                                       append.getResult().getType(), product.getInput(), weight.getResult(), operands,
                                       table, append.getCache(), append.getStep(), group.attention.getHeads());
  if (!isPlainProduct(product))
    fused.getEpilogue().takeBody(product.getEpilogue());
  if (table)
    createRotation(builder, append.getLoc(), fused.getRotation());
  remarkFused(append, joinName) << remark::add("queries, keys and values are one product with {0}",
                                               weight.getParameter().str());
  remarkFused(append, appendName) << remark::add(table ? "rotation and append stand in the epilogue of that product"
                                                       : "append stands in the epilogue of that product");
  append.getResult().replaceAllUsesWith(fused.getResult());
  group.queryPairs.getResult().replaceAllUsesWith(fused.getQuery());
  append.erase();
  group.queryPairs.erase();
  group.keyPairs.erase();
  for (Projection *projection : {&group.query, &group.key, &group.value}) {
    projection->matmul.erase();
    projection->operands.push_back(projection->weight);
    for (model::LoadParameterOp load : projection->operands)
      if (load->use_empty())
        load.erase();
  }
}

namespace {
struct FuseQueryKeyValue : kernel::impl::FuseQueryKeyValueBase<FuseQueryKeyValue> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    for (func::FuncOp function : getForwardFunctions(getOperation())) {
      SmallVector<AppendOp> appends(function.getOps<AppendOp>());
      for (AppendOp append : appends)
        fuse(append, symbols);
    }
  }
};
} // namespace
