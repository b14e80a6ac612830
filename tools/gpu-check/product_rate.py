#!/usr/bin/env python3
"""The seconds that cuBLASLt takes for products in bf16, as PyTorch calls it: what a prompt's products cost without the rest.

usage: product_rate.py '[[rows, outputs, columns, times], …]'; exits with 3 where PyTorch or a GPU is missing.
"""
import json
import statistics
import sys


def main():
    try:
        import torch
    except ImportError as error:
        print(f"no PyTorch ({error})", file=sys.stderr)
        sys.exit(3)
    if not torch.cuda.is_available():
        print("PyTorch sees no GPU", file=sys.stderr)
        sys.exit(3)
    torch.backends.cuda.preferred_blas_library("cublaslt")
    seconds = 0.0
    for rows, outputs, columns, times in json.loads(sys.argv[1]):
        # Random numbers: products of zeros take less power, and run faster.
        a = torch.randn(rows, columns, device="cuda").bfloat16()
        # More weights than the second-level cache holds, as the layers of a model are.
        weights = [torch.randn(outputs, columns, device="cuda").bfloat16()
                   for _ in range(max(2, 2 * 10**8 // (2 * outputs * columns)))]
        out = torch.empty(rows, outputs, device="cuda", dtype=torch.bfloat16)
        samples = []
        for number in range(5 + 20):
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
            torch.mm(a, weights[number % len(weights)].t(), out=out)
            end.record()
            end.synchronize()
            samples.append(begin.elapsed_time(end) / 1e3)
        seconds += times * statistics.median(samples[5:])
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main()
