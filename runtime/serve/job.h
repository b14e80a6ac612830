//===- job.h - one text to be generated -------------------------*- C++ -*-===//
//
// Connections make jobs, the thread that runs the model does them one by one.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_SERVE_JOB_H
#define INGOT_RUNTIME_SERVE_JOB_H

#include "runtime/core/sampler.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace ingot::runtime::serve {

/// Why a text ended; the names are those of the API.
enum class FinishReason { stop, length };

struct Job {
  // What is wanted.
  std::vector<int32_t> prompt; ///< at least one token, fewer than the context has positions
  SamplerOptions sampler;
  uint64_t mostTokens = UINT64_MAX;
  std::vector<std::string> stops;

  /// Set by the connection when nobody wants the text any more.
  std::atomic<bool> cancelled = false;

  /// What has come since the last call.
  struct Progress {
    std::string text; ///< whole characters
    bool done = false;
    FinishReason reason = FinishReason::stop;
    uint64_t tokens = 0; ///< generated so far, that which ended the text too
    std::string error;   ///< why there is no more, if that is no end of a text
  };

  void append(std::string_view text, uint64_t tokens);
  void finish(FinishReason reason);
  void fail(std::string message);

  /// Waits for something new, at most this long.
  Progress wait(std::chrono::milliseconds time);

private:
  std::mutex mutex;
  std::condition_variable changed;
  Progress progress;
};

/// Jobs in the order in which they came.
class JobQueue {
public:
  /// `most` jobs may wait while one is being done.
  explicit JobQueue(size_t most) : most(most) {}

  /// Returns false where the queue is full or closed.
  bool push(std::shared_ptr<Job> job);

  /// Waits for a job; nullptr once the queue is closed.
  std::shared_ptr<Job> pop();

  /// Tells that the job last popped is done.
  void finish();

  /// From now on there are no jobs; those that wait fail, the one that is being done is cancelled.
  void close();

private:
  const size_t most;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::shared_ptr<Job>> waiting;
  std::shared_ptr<Job> running;
  bool closed = false;
};

} // namespace ingot::runtime::serve

#endif // INGOT_RUNTIME_SERVE_JOB_H
