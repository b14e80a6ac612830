//===- ObjectFile.cpp - from the llvm dialect to an object file -----------===//

#include "codegen/host/ObjectFile.h"

#include "codegen/host/Descriptor.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"

#include <mutex>

using namespace mlir;
using namespace ingot::codegen;

static llvm::GlobalVariable *addBytes(llvm::Module &module, StringRef name, StringRef bytes) {
  llvm::Constant *data = llvm::ConstantDataArray::getString(module.getContext(), bytes, /*AddNull=*/false);
  auto *global = new llvm::GlobalVariable(module, data->getType(), /*isConstant=*/true,
                                          llvm::GlobalValue::InternalLinkage, data, name);
  global->setAlignment(llvm::Align(64));
  return global;
}

static void fillDescriptor(llvm::Module &module, const LinkTimeContents &contents) {
  llvm::GlobalVariable *descriptor = module.getGlobalVariable(descriptorSymbol);
  llvm::Constant *old = descriptor->getInitializer();
  SmallVector<llvm::Constant *> fields;
  for (unsigned index = 0; llvm::Constant *field = old->getAggregateElement(index); ++index)
    fields.push_back(field);
  if (!contents.tokenizer.empty()) {
    fields[tokenizerDataField] = addBytes(module, "ingot.tokenizer", contents.tokenizer);
    fields[tokenizerBytesField] =
        llvm::ConstantInt::get(fields[tokenizerBytesField]->getType(), contents.tokenizer.size());
  }
  if (!contents.externalWeights.empty())
    fields[externalWeightsField] = addBytes(module, "ingot.external_weights", contents.externalWeights + '\0');
  descriptor->setInitializer(llvm::ConstantStruct::get(cast<llvm::StructType>(old->getType()), fields));
}

/// An exported IngotBlob of runtime/abi.h.
static void addBlob(llvm::Module &module, StringRef symbol, StringRef bytes) {
  llvm::LLVMContext &context = module.getContext();
  auto *type = llvm::StructType::get(llvm::PointerType::get(context, 0), llvm::Type::getInt64Ty(context));
  llvm::Constant *size = llvm::ConstantInt::get(type->getElementType(1), bytes.size());
  auto *value = llvm::ConstantStruct::get(type, {addBytes(module, (symbol + ".bytes").str(), bytes), size});
  new llvm::GlobalVariable(module, type, /*isConstant=*/true, llvm::GlobalValue::ExternalLinkage, value, symbol);
}

namespace {
/// One module on its way through LLVM.
class Translation {
public:
  llvm::Error translate(ModuleOp source) {
    static std::once_flag initialized;
    std::call_once(initialized, [] {
      LLVMInitializeX86TargetInfo();
      LLVMInitializeX86Target();
      LLVMInitializeX86TargetMC();
      LLVMInitializeX86AsmPrinter();
    });
    registerBuiltinDialectTranslation(*source.getContext());
    registerLLVMDialectTranslation(*source.getContext());
    // Parameters, recipes and arenas stay in the module for the linker; LLVM sees code and constants.
    OwningOpRef<ModuleOp> code = ModuleOp::create(source.getLoc());
    for (Operation &op : *source.getBody())
      if (isa<LLVM::LLVMDialect>(op.getDialect())) {
        Operation *clone = op.clone();
        clone->removeAttr("ingot.dot");
        code->getBody()->push_back(clone);
      }
    module = translateModuleToLLVMIR(*code, context, "ingot");
    if (!module)
      return llvm::createStringError("internal: translation to LLVM IR failed");

    llvm::Triple triple("x86_64-unknown-linux-gnu");
    std::string error;
    const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
    if (!target)
      return llvm::createStringError(error);
    // The CPU stands on each function; what is outside of functions runs anywhere.
    llvm::TargetOptions options;
    options.FunctionSections = true;
    machine.reset(target->createTargetMachine(triple, "x86-64", "", options, llvm::Reloc::Static,
                                              llvm::CodeModel::Small, llvm::CodeGenOptLevel::Default));
    module->setTargetTriple(triple);
    module->setDataLayout(machine->createDataLayout());
    return llvm::Error::success();
  }

  void optimize() {
    llvm::LoopAnalysisManager loops;
    llvm::FunctionAnalysisManager functions;
    llvm::CGSCCAnalysisManager callGraph;
    llvm::ModuleAnalysisManager modules;
    llvm::PipelineTuningOptions tuning;
    // Tiles are written as vectors, unrolled as far as registers go; more would only spill.
    tuning.LoopVectorization = false;
    tuning.SLPVectorization = false;
    tuning.LoopUnrolling = false;
    tuning.LoopInterleaving = false;
    llvm::PassBuilder builder(machine.get(), tuning);
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(callGraph);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, callGraph, modules);
    // Kernels stay functions of their own, so that a profile shows them.
    for (llvm::Function &function : *module)
      if (!function.isDeclaration())
        function.addFnAttr(llvm::Attribute::NoInline);
    builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2).run(*module, modules);
  }

  llvm::Error emit(llvm::raw_pwrite_stream &stream, llvm::CodeGenFileType type) {
    llvm::legacy::PassManager manager;
    if (machine->addPassesToEmitFile(manager, stream, nullptr, type))
      return llvm::createStringError("internal: LLVM cannot write this file type");
    manager.run(*module);
    return llvm::Error::success();
  }

  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module;
  std::unique_ptr<llvm::TargetMachine> machine;
};
} // namespace

llvm::Expected<SmallVector<char, 0>> ingot::codegen::emitObjectFile(ModuleOp module, const LinkTimeContents &contents) {
  Translation translation;
  if (llvm::Error error = translation.translate(module))
    return std::move(error);
  fillDescriptor(*translation.module, contents);
  for (const auto &[symbol, bytes] : contents.blobs)
    addBlob(*translation.module, symbol, bytes);
  translation.optimize();
  SmallVector<char, 0> object;
  llvm::raw_svector_ostream stream(object);
  if (llvm::Error error = translation.emit(stream, llvm::CodeGenFileType::ObjectFile))
    return std::move(error);
  return object;
}

llvm::Expected<std::string> ingot::codegen::emitText(ModuleOp module, TextKind kind) {
  Translation translation;
  if (llvm::Error error = translation.translate(module))
    return std::move(error);
  // A reader wants to see kernels that no program calls, too.
  for (llvm::Function &function : *translation.module)
    function.setLinkage(llvm::GlobalValue::ExternalLinkage);
  translation.optimize();
  SmallString<0> text;
  llvm::raw_svector_ostream stream(text);
  if (kind == TextKind::LlvmIr)
    translation.module->print(stream, nullptr);
  else if (llvm::Error error = translation.emit(stream, llvm::CodeGenFileType::AssemblyFile))
    return std::move(error);
  return text.str().str();
}
