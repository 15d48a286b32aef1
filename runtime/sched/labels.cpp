// labels.cpp: who holds a set of labels, and when it is freed (see labels.h).
#include "runtime/sched/labels.h"

#include <utility>

#include "runtime/sched/gmp.h"
#include "runtime/sched/proc.h"

namespace golab::runtime {
namespace {

std::atomic<Mortal*> dead{nullptr};  // a list by next_dead
std::atomic<uint32_t> keepers{0};

}  // namespace

void bury(Mortal* mortal) {
  Mortal* head = dead.load(std::memory_order_relaxed);
  do {
    mortal->next_dead = head;
  } while (!dead.compare_exchange_weak(head, mortal));
}

LabelsRef::LabelsRef(LabelMap* labels) : labels_(labels) {
  if (labels != nullptr) hold_labels(labels);
}

LabelsRef::~LabelsRef() {
  if (labels_ != nullptr) release_labels(labels_);
}

void hold_labels(LabelMap* labels) { labels->holders.fetch_add(1, std::memory_order_relaxed); }

void release_labels(LabelMap* labels) {
  if (labels->holders.fetch_sub(1, std::memory_order_acq_rel) == 1) bury(labels);
}

void set_goroutine_labels(LabelMap* labels) {
  if (labels != nullptr) hold_labels(labels);
  if (LabelMap* before = getg()->labels.exchange(labels)) release_labels(before);
}

KeepLabels::KeepLabels() { keepers.fetch_add(1); }
KeepLabels::~KeepLabels() { keepers.fetch_sub(1); }

void reap_labels() {
  if (dead.load(std::memory_order_relaxed) == nullptr || keepers.load() != 0) return;
  Mortal* next = dead.exchange(nullptr);
  bool kept = keepers.load() != 0;
  while (next != nullptr) {
    Mortal* mortal = std::exchange(next, next->next_dead);
    if (kept)
      bury(mortal);
    else
      delete mortal;
  }
}

}  // namespace golab::runtime
