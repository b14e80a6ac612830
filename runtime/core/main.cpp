//===- main.cpp - entry of every compiled executable ----------------------===//

#include "runtime/core/program.h"

int main(int argc, char **argv) { return ingot::runtime::runProgram(ingot_descriptor, argc, argv); }
