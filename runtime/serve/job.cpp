//===- job.cpp - one text to be generated ---------------------------------===//

#include "runtime/serve/job.h"

namespace ingot::runtime::serve {

void Job::append(std::string_view text, uint64_t tokens) {
  std::lock_guard lock(mutex);
  progress.text += text;
  progress.tokens = tokens;
  if (!text.empty())
    changed.notify_one();
}

void Job::finish(FinishReason reason) {
  std::lock_guard lock(mutex);
  progress.done = true;
  progress.reason = reason;
  changed.notify_one();
}

void Job::fail(std::string message) {
  std::lock_guard lock(mutex);
  progress.done = true;
  progress.error = std::move(message);
  changed.notify_one();
}

Job::Progress Job::wait(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex);
  changed.wait_for(lock, time, [&] { return progress.done || !progress.text.empty(); });
  Progress result = progress;
  progress.text.clear();
  return result;
}

bool JobQueue::push(std::shared_ptr<Job> job) {
  std::lock_guard lock(mutex);
  if (closed || waiting.size() >= most + !running)
    return false;
  waiting.push_back(std::move(job));
  changed.notify_one();
  return true;
}

std::shared_ptr<Job> JobQueue::pop() {
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return closed || !waiting.empty(); });
  if (closed)
    return nullptr;
  running = std::move(waiting.front());
  waiting.pop_front();
  return running;
}

void JobQueue::finish() {
  std::lock_guard lock(mutex);
  running = nullptr;
}

void JobQueue::close() {
  std::lock_guard lock(mutex);
  closed = true;
  if (running)
    running->cancelled = true;
  for (const std::shared_ptr<Job> &job : waiting)
    job->fail("the server is going down");
  waiting.clear();
  changed.notify_all();
}

} // namespace ingot::runtime::serve
