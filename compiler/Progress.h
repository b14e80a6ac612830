//===- Progress.h - a line for whoever waits ---------------------*- C++
//-*-===//
//
// Tells on a terminal what takes longer than a second, and for how long; says
// nothing where standard error is a file or a pipe.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_PROGRESS_H
#define INGOT_COMPILER_PROGRESS_H

#include "llvm/ADT/StringRef.h"

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace ingot::compiler {

class Progress {
public:
  Progress();
  ~Progress();

  /// What is being done from now on.
  void start(llvm::StringRef what);
  /// Removes the line, so that something else can be written.
  void clear();

private:
  void show();

  std::mutex mutex;
  std::condition_variable changed;
  std::string activity;
  bool ended = false, shown = false;
  /// Runs only where there is a terminal.
  std::thread thread;
};

} // namespace ingot::compiler

#endif // INGOT_COMPILER_PROGRESS_H
