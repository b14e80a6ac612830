//===- Dialect.td - the encoding dialect's story -----------*- tablegen -*-===//

#ifndef INGOT_DIALECTS_ENCODING_DIALECT
#define INGOT_DIALECTS_ENCODING_DIALECT

include "mlir/IR/OpBase.td"

def Encoding_Dialect : Dialect {
  let name = "encoding";
  let cppNamespace = "::ingot::encoding";
  let summary = "How the elements of a tensor are stored";
  let description = [{
    A transformer computes on real numbers; files and kernels store them in 4-, 5- and
    8-bit groups, in orders and layouts that suit one processor. This dialect keeps the
    two apart: the element type of a tensor says what a number *means* (`f32`), and one
    attribute on the tensor type, `#encoding.storage`, says how it is *stored*.

    ```mlir
    // A matrix as the GGUF file stores it, and an activation quantised when it was produced.
    tensor<576x576xf32, #encoding.storage<format = #encoding.ggml<q4_1>>>
    tensor<?x576xf32, #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>>
    ```

    A derived parameter carries its recipe: a region of row movements over the parameters
    of the file, evaluated panel by panel when the weights are written. Fusing Q, K and V,
    interleaving gate and up, and packing for an instruction set only edit recipes.

    ```mlir
    encoding.assemble @layer.0.query_key_value : tensor<960x576xf32, #q4_1_panels> {
      %q = encoding.load @blk.0.attn_q.weight : tensor<576x576xf32, #q4_1>
      %k = encoding.load @blk.0.attn_k.weight : tensor<192x576xf32, #q4_1>
      %v = encoding.load @blk.0.attn_v.weight : tensor<192x576xf32, #q4_1>
      %qh = encoding.head_rows %q {dimension = 64, order = interleaved} : …
      %kh = encoding.head_rows %k {dimension = 64, order = interleaved} : …
      %all = encoding.concatenate %qh, %kh, %v : …
      encoding.yield %all : …
    }
    ```

    No tensor with an encoding reaches an upstream bufferization pass: that drops encodings.
  }];
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["mlir::tensor::TensorDialect"];
}

#endif // INGOT_DIALECTS_ENCODING_DIALECT
