"""lit: one file a pass, a dialect or a behaviour of the driver."""
import os

import lit.formats

config.name = "Ingot"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir"]
config.excludes = ["Inputs", "data", "e2e", "fuzz", "unit"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = config.ingot_test_folder

for folder in (config.llvm_tools_folder, config.ingot_tools_folder):
    config.environment["PATH"] = os.pathsep.join((folder, config.environment["PATH"]))

# %data: small models and the scripts that make them.
config.substitutions.append(("%data", os.path.join(config.test_source_root, "data")))
