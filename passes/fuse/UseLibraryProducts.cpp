//===- UseLibraryProducts.cpp - many rows by a library for matrices -------===//
//
// What a library does not do, rounding before the product and arithmetic behind it,
// becomes part of what is there, or a kernel of its own.
//
//===----------------------------------------------------------------------===//

#include "dialects/Model/Columns.h"
#include "passes/fuse/Forward.h"
#include "passes/fuse/Passes.h"
#include "passes/fuse/Regions.h"
#include "passes/fuse/Remarks.h"
#include "target/TargetDescription.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

namespace ingot::kernel {
#define GEN_PASS_DEF_USELIBRARYPRODUCTS
#include "passes/fuse/Passes.h.inc"
} // namespace ingot::kernel

using namespace mlir;
using namespace ingot;
using namespace ingot::kernel;
using ingot::model::columnsOf;
using ingot::model::tensorOf;

static constexpr llvm::StringLiteral name = "library-product";

/// Whether the epilogue adds its only operand, [rows, columns], to the accumulator and does nothing else.
static bool addsResidual(MatmulOp matmul) {
  Value addend = getOnlyAddend(matmul);
  return addend && addend.getType() == matmul.getResult().getType();
}

namespace {
/// The products of one function.
class ProductReplacer {
public:
  ProductReplacer(func::FuncOp forward, RowRangeAttr rows, const target::TargetDescription &target)
      : forward(forward), rows(rows), target(target) {}

  void run() {
    findWanted();
    for (Operation &op : llvm::make_early_inc_range(forward.getBody().front()))
      if (isa<MatmulOp, GatedMatmulOp, QkvRopeAppendOp>(op) && isForLibrary(&op))
        products.insert(&op);
    while (!products.empty()) {
      Operation *op = products.front();
      remarkFused(op, name) << remark::add("@{0}", op->getName().stripDialect());
      llvm::TypeSwitch<Operation *>(op).Case<MatmulOp, GatedMatmulOp, QkvRopeAppendOp>(
          [&](auto product) { replace(product); });
      products.remove(op);
      op->erase();
    }
  }

private:
  /// What follows from the wanted rows alone.
  void findWanted() {
    for (Operation &op : forward.getBody().front())
      if (op.hasTrait<model::GathersWanted>() ||
          llvm::any_of(op.getOperands(), [&](Value v) { return wanted.contains(v); }))
        wanted.insert_range(op.getResults());
  }

  bool isForLibrary(Operation *product) {
    auto weight = tensorOf(product->getOperand(1));
    return !wanted.contains(product->getOperand(0)) && encoding::getStorage(weight) &&
           target.getLibraryWorkspace(weight, rows);
  }

  /// Whether the result of `producer` may be of 16 bits.
  static bool canRound(Operation *producer) {
    auto norm = dyn_cast_or_null<NormQuantizeOp>(producer);
    return norm ? norm.getGroups() == 1 : isa_and_nonnull<GatedEpilogueOp, GenericOp>(producer);
  }

  /// `input` in the format of `weight`.
  Value round(OpBuilder &builder, Location location, Value input, RankedTensorType weight) {
    auto format = encoding::getStorage(weight).getFormat();
    auto type = RankedTensorType::get(
        tensorOf(input).getShape(), builder.getF32Type(),
        encoding::StorageAttr::get(builder.getContext(), format, StringAttr(), encoding::PanelsAttr()));
    if (input.getType() == type)
      return input;
    Value &known = rounded[{input, type}];
    if (known)
      return known;
    auto reads = [&](Operation *user) {
      return products.contains(user) && user->getOperand(0) == input && llvm::count(user->getOperands(), input) == 1 &&
             encoding::getStorage(user->getOperand(1).getType()).getFormat() == format;
    };
    Operation *producer = input.getDefiningOp();
    if (canRound(producer) && llvm::all_of(producer->getUsers(), reads)) {
      input.setType(type);
      return input;
    }
    return known = NormQuantizeOp::create(builder, location, type, input);
  }

  /// x Wᵀ of `product`, plus `addend` where there is one.
  Value multiply(OpBuilder &builder, Operation *product, Value addend) {
    Location location = product->getLoc();
    Value weight = product->getOperand(1);
    RankedTensorType weightType = tensorOf(weight);
    Value input = round(builder, location, product->getOperand(0), weightType);
    int64_t height = tensorOf(input).getShape().front(), outputs = weightType.getDimSize(0);
    auto rowsOf = [&](int64_t columns) { return RankedTensorType::get({height, columns}, builder.getF32Type()); };
    return LibraryMatmulOp::create(builder, location, rowsOf(outputs),
                                   rowsOf(*target.getLibraryWorkspace(weightType, rows)), input, weight, addend)
        .getResult();
  }

  void replace(MatmulOp product) {
    OpBuilder builder(product);
    bool isPlain = isPlainProduct(product), addsOnly = addsResidual(product);
    Value result = multiply(builder, product, addsOnly ? product.getOperands_()[0] : Value());
    if (!isPlain && !addsOnly) {
      SmallVector<Value> operands = {result};
      llvm::append_range(operands, product.getOperands_());
      auto generic = GenericOp::create(builder, product.getLoc(), product.getResult().getType(), operands);
      generic.getBody().takeBody(product.getEpilogue());
      result = generic.getResult();
    }
    product.getResult().replaceAllUsesWith(result);
  }

  void replace(GatedMatmulOp product) {
    OpBuilder builder(product);
    auto epilogue = GatedEpilogueOp::create(builder, product.getLoc(), product.getResult().getType(),
                                            multiply(builder, product, Value()), product.getOperands_());
    epilogue.getEpilogue().takeBody(product.getEpilogue());
    product.getResult().replaceAllUsesWith(epilogue.getResult());
  }

  void replace(QkvRopeAppendOp product) {
    OpBuilder builder(product);
    Value multiplied = multiply(builder, product, Value());
    auto epilogue =
        QkvEpilogueOp::create(builder, product.getLoc(), product.getResultTypes(), multiplied, product.getOperands_(),
                              product.getTable(), product.getCache(), product.getStep(), product.getHeads());
    epilogue.getEpilogue().takeBody(product.getEpilogue());
    epilogue.getRotation().takeBody(product.getRotation());
    product.replaceAllUsesWith(epilogue.getResults());
  }

  func::FuncOp forward;
  RowRangeAttr rows;
  const target::TargetDescription &target;
  llvm::DenseSet<Value> wanted;
  /// Those that are still to be replaced.
  llvm::SetVector<Operation *> products;
  llvm::DenseMap<std::pair<Value, Type>, Value> rounded;
};

struct UseLibraryProducts : kernel::impl::UseLibraryProductsBase<UseLibraryProducts> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> forwards = getForwardFunctions(getOperation());
    if (forwards.empty())
      return;
    FailureOr<const target::TargetDescription *> target = target::TargetDescription::of(getOperation());
    if (failed(target))
      return signalPassFailure();
    for (func::FuncOp forward : forwards)
      if (RowRangeAttr rows = getRowRange(forward))
        ProductReplacer(forward, rows, **target).run();
  }
};
} // namespace
