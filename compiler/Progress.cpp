//===- Progress.cpp - a line for whoever waits ----------------------------===//

#include "compiler/Progress.h"

#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>

using namespace ingot::compiler;

Progress::Progress() {
  if (llvm::sys::Process::StandardErrIsDisplayed())
    thread = std::thread([this] { show(); });
}

Progress::~Progress() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    ended = true;
  }
  changed.notify_all();
  if (thread.joinable())
    thread.join();
  clear();
}

void Progress::start(llvm::StringRef what) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    activity = what.str();
  }
  changed.notify_all();
}

void Progress::clear() {
  std::lock_guard<std::mutex> lock(mutex);
  if (shown)
    llvm::errs() << "\r\033[K";
  shown = false;
}

void Progress::show() {
  std::unique_lock<std::mutex> lock(mutex);
  while (!ended) {
    std::string current = activity;
    unsigned seconds = 0;
    // Wakes up when the activity has changed, and every second to count.
    while (!changed.wait_for(lock, std::chrono::seconds(1), [&] { return ended || activity != current; })) {
      ++seconds;
      if (current.empty())
        continue;
      llvm::errs() << "\r\033[K" << current << ": " << seconds << " s";
      llvm::errs().flush();
      shown = true;
    }
  }
}
