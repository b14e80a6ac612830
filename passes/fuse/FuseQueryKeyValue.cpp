//===- FuseQueryKeyValue.cpp - q, k and v in one product ------------------===//
//
// Three products on one input become one, and rotation and append its epilogue.
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
};

/// What belongs together around one append.
struct Group {
  AppendOp append;
  AttentionOp attention;
  RopeOp queryRope, keyRope;
  Projection query, key, value;
};
} // namespace

/// The product that `value` is, or a reason against fusing it.
static std::string findProjection(Value value, StringRef role, Projection &projection) {
  projection.matmul = value.getDefiningOp<MatmulOp>();
  if (!projection.matmul)
    return (role + " is not a product").str();
  if (!isPlainProduct(projection.matmul))
    return (role + " has an epilogue of its own").str();
  if (!value.hasOneUse())
    return (role + " has several users").str();
  projection.weight = projection.matmul.getWeight().getDefiningOp<model::LoadParameterOp>();
  if (!projection.weight)
    return (role + "'s weight is not a parameter").str();
  return {};
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
  group.queryRope = group.attention.getQuery().getDefiningOp<RopeOp>();
  group.keyRope = group.append.getKey().getDefiningOp<RopeOp>();
  if (!group.queryRope || !group.keyRope)
    return "queries or keys are not rotated";
  if (!group.queryRope->hasOneUse() || !group.keyRope->hasOneUse())
    return "rotated queries or keys have several users";
  if (group.queryRope.getTable() != group.keyRope.getTable() ||
      group.queryRope.getStyle() != group.keyRope.getStyle() ||
      group.queryRope.getDimension() != group.keyRope.getDimension())
    return "queries and keys are rotated differently";
  if (group.append.getStep() != group.attention.getStep())
    return "append and attention belong to different steps";
  std::string reason = findProjection(group.queryRope.getInput(), "the query", group.query);
  if (reason.empty())
    reason = findProjection(group.keyRope.getInput(), "the key", group.key);
  if (reason.empty())
    reason = findProjection(group.append.getValue(), "the value", group.value);
  if (!reason.empty())
    return reason;
  for (Projection other : {group.key, group.value}) {
    if (other.matmul.getInput() != group.query.matmul.getInput())
      return "the products have different inputs";
    if (encoding::getStorage(other.weight.getResult().getType()) !=
        encoding::getStorage(group.query.weight.getResult().getType()))
      return "the weights have different formats: " + group.query.weight.getParameter().str() + " and " +
             other.weight.getParameter().str();
  }
  return {};
}

static model::LoadParameterOp joinWeights(Group &group, SymbolTable &symbols, OpBuilder &builder) {
  auto order = group.queryRope.getStyle() == model::RopeStyle::Halves ? encoding::HeadOrder::Halves
                                                                      : encoding::HeadOrder::Interleaved;
  int64_t dimension = group.queryRope.getDimension();
  Projection query = group.query, key = group.key, value = group.value;
  auto function = group.append->getParentOfType<func::FuncOp>();
  RecipeBuilder recipe(
      symbols, function, query.weight.getLoc(),
      joinParameterNames({query.weight.getParameter(), key.weight.getParameter(), value.weight.getParameter()}));
  Value queryRows = recipe.headRows(recipe.load(query.weight), dimension, order);
  Value keyRows = recipe.headRows(recipe.load(key.weight), dimension, order);
  Value valueRows = recipe.headRows(recipe.load(value.weight), dimension, encoding::HeadOrder::Natural);
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
  Value input = group.query.matmul.getInput();
  model::LoadParameterOp weight = joinWeights(group, symbols, builder);
  auto fused = QkvRopeAppendOp::create(
      builder, append.getLoc(), group.queryRope.getResult().getType(), append.getResult().getType(), input,
      weight.getResult(), group.queryRope.getTable(), append.getCache(), append.getStep(), group.attention.getHeads());
  createRotation(builder, append.getLoc(), fused.getRotation());
  remarkFused(append, joinName) << remark::add("queries, keys and values are one product with {0}",
                                               weight.getParameter().str());
  remarkFused(append, appendName) << remark::add("rotation and append stand in the epilogue of that product");
  append.getResult().replaceAllUsesWith(fused.getResult());
  group.queryRope.getResult().replaceAllUsesWith(fused.getQuery());
  append.erase();
  group.queryRope.erase();
  group.keyRope.erase();
  for (Projection projection : {group.query, group.key, group.value}) {
    projection.matmul.erase();
    if (projection.weight->use_empty())
      projection.weight.erase();
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
