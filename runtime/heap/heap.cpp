// heap.cpp: the slow paths of the heap: caches, depots, chunks, large blocks.
//
// Order of the locks: a depot's or that of the caches, then that of the chunks, then that of the
// notes. The samples' lock (mprof.cpp) is taken with none of them held.
#include "runtime/heap/heap.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <iterator>
#include <new>
#include <utility>

#include "runtime/core/reserve.h"
#include "runtime/core/throw.h"
#include "runtime/heap/cache.h"
#include "runtime/heap/held.h"
#include "runtime/heap/mprof.h"

namespace golab::runtime::heap {

constinit Tables tables;
constinit thread_local Cache* cache = nullptr;

namespace {

constexpr size_t kArenaMost = size_t{64} << 30;  // granules have numbers of 32 bits
constexpr size_t kArenaLeast = 16 << 20;
constexpr size_t kLargePageBytes = 8 << 10;  // a large block's size is a multiple, as in Go
constexpr size_t kReleaseBytes = 1 << 20;    // freed blocks of this size lose their pages
constexpr uint32_t kBins = 21;               // free runs by the logarithm of their length
constexpr uint32_t kNowhere = 0;             // chunk 0 is never used: its address is the arena's

// A run of chunks is free, or one large block. Its first chunk describes it.
struct Chunk {
  uint32_t length = 0;          // of the run; also in the last chunk of a free one
  uint32_t head = 0;            // first chunk of the large block that this one is in
  uint32_t prev = 0, next = 0;  // of free runs in one bin
  size_t bytes = 0;             // of the large block
  bool released = false;        // this chunk is free, and has no pages
};

struct Depot {
  mutex lock;
  Magazine* full = nullptr;
  Magazine* empty = nullptr;
  uint32_t next = 0, end = 0;  // granules of the chunk that is being divided into blocks
};

struct Heap {
  // Set once.
  Chunk* chunks = nullptr;
  std::atomic<uint32_t>* sample_of = nullptr;  // by granule: the bucket of a sampled block
  std::atomic<uint64_t>* marks = nullptr;      // a bit by granule
  Range tables;

  Depot depots[kClassesMax + 1];

  mutex chunks_lock;
  std::atomic<uint32_t> top{1};  // chunks below it have been used
  uint32_t bins[kBins] = {};
  std::atomic<size_t> free_chunks{0}, released_chunks{0};
  Tally large_allocs, large_frees, large_alloc_bytes, large_free_bytes;

  mutex notes_lock;
  uintptr_t notes = 0, notes_begin = 0, notes_end = 0;

  mutex caches_lock;
  std::atomic<Cache*> caches{nullptr};
  Cache* free_caches = nullptr;
};
constinit Heap h;

constexpr std::array<uint32_t, kClassesMax + 1> kReciprocals = [] {  // of kClassBytes, times 2^32
  std::array<uint32_t, kClassesMax + 1> r{};
  for (uint32_t c = 1; c <= kClassesMax; c++)
    r[c] = static_cast<uint32_t>(((uint64_t{1} << 32) + kClassBytes[c] - 1) / kClassBytes[c]);
  return r;
}();

// How many blocks a magazine of a class may hold: 16 KiB of them, but at least two.
constexpr uint32_t room_of(uint32_t cls) {
  return std::clamp<uint32_t>((16 << 10) / kClassBytes[cls], 2, Magazine::kMost);
}

uintptr_t chunk_address(uint32_t chunk) { return tables.base + chunk * kChunkBytes; }
uint32_t first_granule(uint32_t chunk) {
  return static_cast<uint32_t>(chunk * (kChunkBytes / kGranuleBytes));
}
uint32_t granule_of(uintptr_t address) {
  return static_cast<uint32_t>((address - tables.base) / kGranuleBytes);
}

// ---- The beginning ------------------------------------------------------------------------------

// The arena, and what lies beside it, are two reservations: of what is never touched, the kernel
// keeps nothing. Tables of which few bytes are used must not come in huge pages.
void reserve_all() {
  for (size_t n = share_of_address_space(kArenaMost, 6) & ~(kChunkBytes - 1); n >= kArenaLeast;
       n = (n / 2) & ~(kChunkBytes - 1)) {
    const size_t granules = n / kGranuleBytes, chunks = n / kChunkBytes;
    const size_t parts[] = {granules,                          // states
                            chunks,                            // chunk_class
                            chunks * sizeof(Chunk),            // chunks
                            granules * sizeof(uint32_t),       // sample_of
                            granules / 8,                      // marks
                            n / 4};                            // notes
    constexpr size_t kPage = 4096;
    size_t total = 0;
    for (size_t part : parts) total += (part + kPage - 1) & ~(kPage - 1);
    void* arena = reserve(n + kChunkBytes);
    if (arena == nullptr) continue;
    void* beside = reserve(total);
    if (beside == nullptr) {
      munmap(arena, n + kChunkBytes);
      continue;
    }
    madvise(beside, total, MADV_NOHUGEPAGE);
    uintptr_t at[std::size(parts)];
    auto next = reinterpret_cast<uintptr_t>(beside);
    h.tables = {next, next + total};
    for (size_t i = 0; i < std::size(parts); i++) {
      at[i] = next;
      next += (parts[i] + kPage - 1) & ~(kPage - 1);
    }
    tables.states = reinterpret_cast<std::atomic<uint8_t>*>(at[0]);
    tables.chunk_class = reinterpret_cast<std::atomic<uint8_t>*>(at[1]);
    h.chunks = reinterpret_cast<Chunk*>(at[2]);
    h.sample_of = reinterpret_cast<std::atomic<uint32_t>*>(at[3]);
    h.marks = reinterpret_cast<std::atomic<uint64_t>*>(at[4]);
    h.notes = h.notes_begin = at[5];
    h.notes_end = at[5] + n / 4;
    tables.base = (reinterpret_cast<uintptr_t>(arena) + kChunkBytes - 1) & ~(kChunkBytes - 1);
    tables.bytes = n;
    return;
  }
  out_of_memory(kArenaLeast, "the heap");
}

// Memory for notes, of zeros. It is never given back, only used again. Null: there is no more.
void* note_bytes(size_t bytes) {
  Held held(h.notes_lock);
  bytes = (bytes + kGranuleBytes - 1) & ~(kGranuleBytes - 1);
  if (h.notes_end - h.notes < bytes) return nullptr;
  const uintptr_t at = h.notes;
  h.notes += bytes;
  return reinterpret_cast<void*>(at);
}

// ---- Chunks -------------------------------------------------------------------------------------
// All of these are called with chunks_lock held.

uint32_t bin_of(uint32_t length) { return static_cast<uint32_t>(std::bit_width(length)) - 1; }

void insert_run(uint32_t head, uint32_t length) {
  Chunk& run = h.chunks[head];
  uint32_t& first = h.bins[bin_of(length)];
  run.length = h.chunks[head + length - 1].length = length;
  h.chunks[head + length - 1].head = head;
  run.head = head;
  run.prev = kNowhere;
  run.next = first;
  if (first != kNowhere) h.chunks[first].prev = head;
  first = head;
  h.free_chunks += length;
}

void remove_run(uint32_t head) {
  Chunk& run = h.chunks[head];
  if (run.prev != kNowhere)
    h.chunks[run.prev].next = run.next;
  else
    h.bins[bin_of(run.length)] = run.next;
  if (run.next != kNowhere) h.chunks[run.next].prev = run.prev;
  h.free_chunks -= run.length;
}

bool is_free(uint32_t chunk) {
  return chunk != kNowhere && chunk < h.top.load(std::memory_order_relaxed) &&
         tables.chunk_class[chunk].load(std::memory_order_relaxed) == kNoClass;
}

// Gives a run back, joined with its free neighbours.
void free_run(uint32_t head, uint32_t length, bool released) {
  for (uint32_t i = 0; i < length; i++) {
    tables.chunk_class[head + i].store(kNoClass, std::memory_order_relaxed);
    h.chunks[head + i].released = released;
  }
  if (released) h.released_chunks += length;
  if (is_free(head + length)) {
    const uint32_t more = h.chunks[head + length].length;
    remove_run(head + length);
    length += more;
  }
  if (is_free(head - 1)) {
    const uint32_t before = h.chunks[head - 1].head;
    length += h.chunks[before].length;
    remove_run(before);
    head = before;
  }
  insert_run(head, length);
}

// The first chunk from `chunk` on whose address is a multiple of `align` chunks.
uint64_t aligned_chunk(uint32_t chunk, uint32_t align) {
  const uint64_t base = tables.base / kChunkBytes;
  return (base + chunk + align - 1) / align * align - base;
}

// Where a run of `length` chunks fits into the free run at `head`; kNowhere: it does not.
uint32_t fits(uint32_t head, uint32_t length, uint32_t align) {
  const uint64_t begin = aligned_chunk(head, align);
  const uint64_t end = uint64_t{head} + h.chunks[head].length;
  return begin + length <= end ? static_cast<uint32_t>(begin) : kNowhere;
}

// Takes [at, at + length) out of the free run at `head`.
void cut(uint32_t head, uint32_t at, uint32_t length) {
  const uint32_t end = head + h.chunks[head].length;
  remove_run(head);
  if (at > head) insert_run(head, at - head);
  if (end > at + length) insert_run(at + length, end - at - length);
  for (uint32_t i = 0; i < length; i++)
    if (std::exchange(h.chunks[at + i].released, false)) h.released_chunks--;
}

// Returns `length` chunks whose address is a multiple of `align` chunks; kNowhere: there are none.
uint32_t take_run(uint32_t length, uint32_t align) {
  constexpr int kLooks = 16;  // at runs of a bin, which may be too short
  for (uint32_t bin = bin_of(length); bin < kBins; bin++) {
    int looks = 0;
    for (uint32_t head = h.bins[bin]; head != kNowhere && looks < kLooks;
         head = h.chunks[head].next, looks++) {
      const uint32_t at = fits(head, length, align);
      if (at == kNowhere) continue;
      cut(head, at, length);
      return at;
    }
  }
  const uint32_t top = h.top.load(std::memory_order_relaxed);
  const uint64_t at = aligned_chunk(top, align);
  if (at + length > tables.bytes / kChunkBytes) return kNowhere;
  h.top.store(static_cast<uint32_t>(at + length), std::memory_order_release);
  if (at > top) insert_run(top, static_cast<uint32_t>(at - top));
  return static_cast<uint32_t>(at);
}

// ---- Magazines ----------------------------------------------------------------------------------

Magazine* new_magazine() {
  void* at = note_bytes(sizeof(Magazine));
  return at != nullptr ? new (at) Magazine : nullptr;
}

void load(Slot& slot, Magazine* m, uint32_t cls) {
  slot.loaded = m;
  slot.blocks = m != nullptr ? m->blocks : nullptr;
  slot.n = m != nullptr ? m->n : 0;
  slot.room = m != nullptr ? room_of(cls) : 0;
}

void exchange_spare(Slot& slot, uint32_t cls) {
  slot.loaded->n = slot.n;
  Magazine* spare = std::exchange(slot.spare, slot.loaded);
  load(slot, spare, cls);
}

void push(Magazine*& list, Magazine* m) {
  m->next = list;
  list = m;
}
Magazine* pop(Magazine*& list) {
  Magazine* m = list;
  if (m != nullptr) list = m->next;
  return m;
}

// Fills an empty magazine with blocks that were never used. No page of theirs is touched.
bool fill(Depot& depot, Magazine* m, uint32_t cls) {
  const uint32_t step = kClassBytes[cls] / kGranuleBytes;
  if (depot.end - depot.next < step) {
    uint32_t chunk = kNowhere;
    {
      Held held(h.chunks_lock);
      chunk = take_run(1, 1);
      if (chunk == kNowhere) return false;
      tables.chunk_class[chunk].store(static_cast<uint8_t>(cls), std::memory_order_release);
    }
    depot.next = first_granule(chunk);
    depot.end = first_granule(chunk + 1);
  }
  const uint32_t n = std::min((depot.end - depot.next) / step, room_of(cls));
  for (uint32_t i = 0; i < n; i++) m->blocks[n - 1 - i] = depot.next + i * step;  // lowest first
  m->n = n;
  depot.next += n * step;
  return true;
}

// Makes sure that `loaded` has a block. False: out of memory.
bool refill(Slot& slot, uint32_t cls) {
  if (slot.spare != nullptr && slot.spare->n > 0) {
    exchange_spare(slot, cls);
    return true;
  }
  Depot& depot = h.depots[cls];
  Held held(depot.lock);
  if (slot.loaded != nullptr) slot.loaded->n = 0;
  if (Magazine* full = pop(depot.full)) {
    if (slot.loaded != nullptr) push(depot.empty, slot.loaded);
    load(slot, full, cls);
    return true;
  }
  Magazine* m = slot.loaded;
  if (m == nullptr) m = pop(depot.empty);
  if (m == nullptr) m = new_magazine();
  if (m == nullptr) return false;
  bool filled = fill(depot, m, cls);
  load(slot, m, cls);
  return filled;
}

// Makes sure that `loaded` has room for a block. False: there is no memory for another magazine.
bool make_room(Slot& slot, uint32_t cls) {
  if (slot.spare != nullptr && slot.spare->n == 0) {
    exchange_spare(slot, cls);
    return true;
  }
  Depot& depot = h.depots[cls];
  Held held(depot.lock);
  Magazine* m = pop(depot.empty);
  if (m == nullptr) m = new_magazine();
  if (m == nullptr) return false;
  m->n = 0;
  if (slot.loaded != nullptr) {
    slot.loaded->n = slot.n;
    if (slot.spare == nullptr)
      slot.spare = slot.loaded;
    else
      push(depot.full, slot.loaded);
  }
  load(slot, m, cls);
  return true;
}

// ---- Caches -------------------------------------------------------------------------------------

pthread_key_t cache_key;

// A thread ends: others may use its blocks, and its cache. If a destructor calls new afterwards,
// the thread gets another cache, and comes here again.
void give_up_cache(void* of_this_thread) {
  auto* c = static_cast<Cache*>(of_this_thread);
  cache = nullptr;
  for (uint32_t cls = 1; cls <= kClassesMax; cls++) {
    Slot& slot = c->slots[cls];
    if (slot.loaded == nullptr) continue;
    slot.loaded->n = slot.n;
    Depot& depot = h.depots[cls];
    Held held(depot.lock);
    for (Magazine* m : {slot.loaded, slot.spare}) {
      if (m != nullptr) push(m->n > 0 ? depot.full : depot.empty, m);
    }
    slot.spare = nullptr;
    load(slot, nullptr, cls);
  }
  Held held(h.caches_lock);
  c->next_free = h.free_caches;
  h.free_caches = c;
}

mutex* all_locks(uint32_t i) {
  if (i <= kClassesMax) return &h.depots[i].lock;
  mutex* others[] = {&h.caches_lock, &h.chunks_lock, &h.notes_lock};
  i -= kClassesMax + 1;
  return i < std::size(others) ? others[i] : nullptr;
}

// Around fork(): the child has one thread, and all locks must be free in it. The blocks in the
// caches of the others are lost to it.
void before_fork() {
  go_inside();
  for (uint32_t i = 0; mutex* l = all_locks(i); i++) lock(l);
  mprof_lock_for_fork();
}
void after_fork() {
  mprof_unlock_after_fork();
  for (uint32_t i = 0; mutex* l = all_locks(i); i++) unlock(l);
  come_out(getm());
}

mutex begin_lock;
bool begun = false;  // guarded by begin_lock

void begin() {
  Held held(begin_lock);
  if (begun) return;
  reserve_all();
  if (pthread_key_create(&cache_key, give_up_cache) != 0) throw_("heap: no thread-specific key");
  mprof_begin();
  begun = true;
}

[[gnu::noinline]] Cache* new_cache() {
  begin();
  Cache* c = nullptr;
  bool first = false;
  {
    Held held(h.caches_lock);
    c = h.free_caches;
    if (c != nullptr) {
      h.free_caches = c->next_free;
    } else if (void* at = note_bytes(sizeof(Cache))) {
      c = new (at) Cache;
      if (getrandom(&c->random, sizeof c->random, GRND_NONBLOCK) < 0) c->random = 0;
      c->random |= 1;
      c->next = h.caches.load(std::memory_order_relaxed);
      first = c->next == nullptr;
      h.caches.store(c, std::memory_order_release);
      c->rate = MemProfileRate.load(std::memory_order_relaxed);
      c->next_sample = mprof_next_sample(c->rate, &c->random);
    }
  }
  if (c == nullptr) return nullptr;
  cache = c;
  // Both may call malloc, so no lock is held.
  if (first) pthread_atfork(before_fork, after_fork, after_fork);
  pthread_setspecific(cache_key, c);
  return c;
}

Cache* this_cache() { return cache != nullptr ? cache : new_cache(); }

// ---- Blocks -------------------------------------------------------------------------------------

// The class for blocks of `bytes` at multiples of `align`; kLargeClass: none has such blocks.
uint32_t class_for(size_t bytes, size_t align) {
  if (bytes > kSmallMax || align > kSmallMax) return kLargeClass;
  uint32_t cls = class_of(std::max(bytes, align > kGranuleBytes ? align : 0));
  while (cls <= kClassesMax && kClassBytes[cls] % align != 0) cls++;
  return cls;
}

// Returns the first granule of a large block; 0: out of memory.
uint32_t new_large(size_t bytes, size_t align, size_t* size) {
  if (bytes > tables.bytes || align > tables.bytes) return 0;
  *size = (std::max<size_t>(bytes, 1) + kLargePageBytes - 1) & ~(kLargePageBytes - 1);
  const auto length = static_cast<uint32_t>((*size + kChunkBytes - 1) / kChunkBytes);
  const auto multiple = static_cast<uint32_t>(std::max<size_t>(align / kChunkBytes, 1));
  Held held(h.chunks_lock);
  const uint32_t head = take_run(length, multiple);
  if (head == kNowhere) return 0;
  h.chunks[head].length = length;
  h.chunks[head].bytes = *size;
  for (uint32_t i = 0; i < length; i++) {
    h.chunks[head + i].head = head;
    tables.chunk_class[head + i].store(kLargeClass, std::memory_order_release);
  }
  h.large_allocs.add(1);
  h.large_alloc_bytes.add(*size);
  return first_granule(head);
}

void free_large(uint32_t at) {
  const auto head = static_cast<uint32_t>(at / (kChunkBytes / kGranuleBytes));
  const size_t bytes = h.chunks[head].bytes;
  const uint32_t length = h.chunks[head].length;
  const bool release = bytes >= kReleaseBytes;
  if (release) madvise(reinterpret_cast<void*>(chunk_address(head)), bytes, MADV_DONTNEED);
  Held held(h.chunks_lock);
  h.large_frees.add(1);
  h.large_free_bytes.add(bytes);
  free_run(head, length, release);
}

// True if the next sample is due. Draws anew after a change of the rate.
bool sample_due(Cache* c, size_t bytes) {
  const int rate = MemProfileRate.load(std::memory_order_relaxed);
  if (rate != c->rate) {
    c->rate = rate;
    c->next_sample = mprof_next_sample(rate, &c->random);
  }
  c->next_sample -= static_cast<int64_t>(bytes);
  if (c->next_sample >= 0) return false;
  c->next_sample = mprof_next_sample(rate, &c->random);
  return rate > 0;
}

}  // namespace

[[gnu::noinline]] void* allocate_slow(size_t bytes, size_t align, const void* frame) {
  const int saved = errno;
  Cache* c = this_cache();
  if (c == nullptr) return nullptr;
  const uint32_t cls = class_for(bytes, align);
  size_t size = kClassBytes[cls];
  uint32_t at = 0;
  if (cls == kLargeClass) {
    at = new_large(bytes, align, &size);
    if (at == 0) return nullptr;
  } else {
    Slot& slot = c->slots[cls];
    if (slot.n == 0 && !refill(slot, cls)) return nullptr;
    at = slot.blocks[--slot.n];
    slot.allocs.add(1);
  }
  State state = kLive;
  if (sample_due(c, size)) {
    if (uint32_t bucket = mprof_malloc(size, frame); bucket != 0) {
      h.sample_of[at].store(bucket, std::memory_order_relaxed);
      state = kSampled;
    }
  }
  tables.states[at].store(state, std::memory_order_release);
  errno = saved;
  return reinterpret_cast<void*>(tables.base + at * kGranuleBytes);
}

[[gnu::noinline]] void free_slow(void* block) {
  if (block == nullptr) return;
  const int saved = errno;
  const auto address = reinterpret_cast<uintptr_t>(block);
  Block found;
  if (!find(address, &found) || found.base != address)
    fatal("delete of an address that is not the beginning of a block from new");
  if (!found.live) fatal("delete of a block that is free already");
  const uint32_t at = granule_of(address);
  if (tables.states[at].load(std::memory_order_relaxed) == kSampled)
    mprof_free(h.sample_of[at].load(std::memory_order_relaxed));
  tables.states[at].store(kFree, std::memory_order_relaxed);
  const uint32_t cls = tables.chunk_class[(address - tables.base) / kChunkBytes].load();
  if (cls == kLargeClass) {
    free_large(at);
  } else if (Cache* c = this_cache()) {  // without memory for a cache the block stays unused
    Slot& slot = c->slots[cls];
    slot.frees.add(1);
    if (slot.n < slot.room || make_room(slot, cls)) slot.blocks[slot.n++] = at;
  }
  errno = saved;
}

// ---- Looking ------------------------------------------------------------------------------------

bool in_use() { return h.caches.load(std::memory_order_relaxed) != nullptr; }

bool find(uintptr_t address, Block* block) {
  const uintptr_t offset = address - tables.base;
  const auto chunk = static_cast<uint32_t>(offset / kChunkBytes);
  if (offset >= tables.bytes || chunk >= h.top.load(std::memory_order_acquire)) return false;
  const uint8_t cls = tables.chunk_class[chunk].load(std::memory_order_acquire);
  if (cls == kNoClass) return false;
  if (cls == kLargeClass) {
    const uint32_t head = h.chunks[chunk].head;
    block->base = chunk_address(head);
    block->bytes = h.chunks[head].bytes;
    if (address - block->base >= block->bytes) return false;  // the rest of its last chunk
  } else {
    const size_t within = offset % kChunkBytes;
    const size_t index = (within * kReciprocals[cls]) >> 32;
    block->bytes = kClassBytes[cls];
    if ((index + 1) * block->bytes > kChunkBytes) return false;  // the rest of the chunk
    block->base = chunk_address(chunk) + index * block->bytes;
  }
  block->live = tables.states[granule_of(block->base)].load(std::memory_order_acquire) != kFree;
  return true;
}

void for_each_live(void (*f)(const Block& block, void* arg), void* arg) {
  const uint32_t top = h.top.load(std::memory_order_acquire);
  for (uint32_t chunk = 1; chunk < top; chunk++) {
    const uint8_t cls = tables.chunk_class[chunk].load(std::memory_order_acquire);
    if (cls == kNoClass || (cls == kLargeClass && h.chunks[chunk].head != chunk)) continue;
    const size_t bytes = cls == kLargeClass ? h.chunks[chunk].bytes : kClassBytes[cls];
    const size_t most = cls == kLargeClass ? 1 : kChunkBytes / bytes;
    for (size_t i = 0; i < most; i++) {
      const uintptr_t base = chunk_address(chunk) + i * bytes;
      if (tables.states[granule_of(base)].load(std::memory_order_acquire) != kFree)
        f({base, bytes, true}, arg);
    }
  }
}

namespace {

// The word with a block's mark, and the mark in it.
std::pair<std::atomic<uint64_t>*, uint64_t> mark_of(const Block& block) {
  const uint32_t at = granule_of(block.base);
  return {&h.marks[at / 64], uint64_t{1} << (at % 64)};
}

}  // namespace

bool set_mark(const Block& block) {
  const auto mark = mark_of(block);
  return (mark.first->fetch_or(mark.second, std::memory_order_relaxed) & mark.second) == 0;
}

bool marked(const Block& block) {
  const auto mark = mark_of(block);
  return (mark.first->load(std::memory_order_relaxed) & mark.second) != 0;
}

// The kernel has zeros at hand.
void clear_marks() {
  if (!in_use()) return;
  const size_t bytes = h.top.load() * (kChunkBytes / kGranuleBytes / 8);
  madvise(h.marks, (bytes + 4095) & ~size_t{4095}, MADV_DONTNEED);
}

Range blocks_range() { return {tables.base, tables.base + tables.bytes}; }
Range tables_range() { return h.tables; }

Stats stats() {
  Stats s;
  for (Cache* c = h.caches.load(std::memory_order_acquire); c != nullptr; c = c->next) {
    for (uint32_t cls = 1; cls <= kClassesMax; cls++) {
      // Frees first: a block that is freed meanwhile must not be counted as freed but never made.
      s.classes[cls].frees += c->slots[cls].frees.get();
    }
  }
  for (Cache* c = h.caches.load(std::memory_order_acquire); c != nullptr; c = c->next) {
    for (uint32_t cls = 1; cls <= kClassesMax; cls++) {
      s.classes[cls].allocs += c->slots[cls].allocs.get();
    }
  }
  for (uint32_t cls = 1; cls <= kClassesMax; cls++) s.classes[cls].bytes = kClassBytes[cls];
  s.large_frees = h.large_frees.get();
  s.large_free_bytes = h.large_free_bytes.get();
  s.large_allocs = h.large_allocs.get();
  s.large_alloc_bytes = h.large_alloc_bytes.get();
  s.sys = (h.top.load(std::memory_order_relaxed) - 1) * kChunkBytes;
  s.idle = h.free_chunks.load(std::memory_order_relaxed) * kChunkBytes;
  s.released = h.released_chunks.load(std::memory_order_relaxed) * kChunkBytes;
  Held held(h.notes_lock);
  s.notes = h.notes - h.notes_begin;
  return s;
}

}  // namespace golab::runtime::heap
