// labels.h: the labels of a goroutine: pairs of texts that profiles show with its stack.
//
// A program labels a piece of work (runtime/pprof/labels.h). The goroutine that does it points
// to a set of labels, and so does every goroutine that it starts. A set never changes, so they all
// share one. It counts its holders: goroutines, and contexts.
//
// When is a set freed? Two things stand in the way of freeing it as soon as nothing holds it:
//
//   - The last holder may be a goroutine that ends inside the runtime, where nothing may call free.
//     So the set goes to a list of dead sets, and reap_labels() frees them in the program's code.
//   - A snapshot notes only addresses of sets, and reads them when their goroutines may have ended.
//     So no set is freed during a KeepLabels, which begins before the instant.
//
// reap_labels() takes the whole list first, then looks for a KeepLabels. If it sees none, each one
// that begins later has an instant at which no goroutine points to the sets that were taken.
//
// The ancestors of a goroutine (ancestors.h) die and are freed in the same way.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace golab::runtime {

struct G;

using LabelList = std::vector<std::pair<std::string, std::string>>;  // key, value; sorted by key

// What a goroutine may point to when it ends, and a snapshot may have noted.
struct Mortal {
  virtual ~Mortal() = default;
  Mortal* next_dead = nullptr;
};

struct LabelMap : Mortal {
  explicit LabelMap(LabelList l) : list(std::move(l)) { living.fetch_add(1); }
  ~LabelMap() override { living.fetch_sub(1); }
  LabelMap(const LabelMap&) = delete;
  LabelMap& operator=(const LabelMap&) = delete;

  static inline std::atomic<int64_t> living{0};  // for tests
  const LabelList list;
  std::atomic<uint32_t> holders{0};
};

// One holder of a set, or of none.
class LabelsRef {
 public:
  LabelsRef() = default;
  explicit LabelsRef(LabelMap* labels);
  LabelsRef(const LabelsRef& o) : LabelsRef(o.labels_) {}
  LabelsRef& operator=(LabelsRef o) {
    std::swap(labels_, o.labels_);
    return *this;
  }
  ~LabelsRef();
  LabelMap* get() const { return labels_; }

 private:
  LabelMap* labels_ = nullptr;
};

// Gives the calling goroutine these labels; null: none.
void set_goroutine_labels(LabelMap* labels);
// Requires: called outside of the runtime.
void reap_labels();

// While it lives, no set is freed.
class KeepLabels {
 public:
  KeepLabels();
  ~KeepLabels();
  KeepLabels(const KeepLabels&) = delete;
  KeepLabels& operator=(const KeepLabels&) = delete;
};

// ---- For the scheduler ----

void hold_labels(LabelMap* labels);
void release_labels(LabelMap* labels);
void bury(Mortal* dead);  // nothing points to it any more: the next reap_labels() may free it

}  // namespace golab::runtime
