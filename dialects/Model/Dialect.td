//===- Dialect.td - the model dialect's story --------------*- tablegen -*-===//

#ifndef INGOT_DIALECTS_MODEL_DIALECT
#define INGOT_DIALECTS_MODEL_DIALECT

include "mlir/IR/OpBase.td"

def Model_Dialect : Dialect {
  let name = "model";
  let cppNamespace = "::ingot::model";
  let summary = "What a transformer computes, in its own words";
  let description = [{
    Operations act on the last dimension, with the rows of a *step* before it: any mix of decode rows and prompt
    chunks. Parameters are named references into a file (or splats, or seeded random numbers); they are
    never dense data in the IR. The key-value cache is a value: an append consumes one version and yields the next, so
    that the update is in place and never a copy. Elementwise arithmetic is `arith`, not operations of our own.

    ```mlir
    model.cache_group "full" {context = 2048, page_rows = 64, pages = 32}
    model.parameter @blk.0.attn_norm.weight : tensor<576xf32, #f32> from "m.gguf"::"blk.0.attn_norm.weight"

    func.func @forward(%step: !model.step<rows = 512, sequences = 1, wanted = 16>,
                       %cache: !model.key_value<3 x 64 x f16, "full">)
        -> (tensor<?x49152xf32>, !model.key_value<3 x 64 x f16, "full">) {
      %table = model.load_parameter @token_embd.weight : tensor<49152x576xf32, #q8_0>
      %x = model.embedding %table, %step : …
      …
    }
    ```
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let dependentDialects = ["::ingot::encoding::EncodingDialect", "mlir::func::FuncDialect", "mlir::arith::ArithDialect"];
}

#endif // INGOT_DIALECTS_MODEL_DIALECT
