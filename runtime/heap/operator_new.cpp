// operator_new.cpp: operator new and delete in all their forms, by the program's own heap (heap.h).
//
// A library of its own, `heap`, because linking it is how a program asks for that heap. All forms
// are here: the C++ library's own would call one another, and stand as frames in a profile.
#include <new>

#include "runtime/heap/cache.h"

namespace golab::runtime::heap {
namespace {

// As the standard says: asks the new handler for more memory, for as long as there is one.
[[gnu::noinline]] void* allocate_or_throw(size_t bytes, size_t align, const void* frame) {
  while (true) {
    if (void* block = allocate_slow(bytes, align, frame)) return block;
    std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

[[gnu::noinline]] void* allocate_or_null(size_t bytes, size_t align, const void* frame) noexcept {
  try {
    return allocate_or_throw(bytes, align, frame);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

[[gnu::always_inline]] inline void deallocate(void* block) {
  if (!free_fast(block)) [[unlikely]]
    free_slow(block);
}

}  // namespace
}  // namespace golab::runtime::heap

using namespace golab::runtime::heap;

// Each passes its own frame on: a sample's stack begins at its caller.
#define GOLAB_NEW(otherwise, align)                                    \
  {                                                                    \
    if (void* block = allocate_fast(bytes)) [[likely]]                 \
      return block;                                                    \
    return otherwise(bytes, align, __builtin_frame_address(0));        \
  }
#define GOLAB_NEW_ALIGNED(otherwise) \
  { return otherwise(bytes, static_cast<size_t>(align), __builtin_frame_address(0)); }

void* operator new(size_t bytes) GOLAB_NEW(allocate_or_throw, kGranuleBytes)
void* operator new[](size_t bytes) GOLAB_NEW(allocate_or_throw, kGranuleBytes)
void* operator new(size_t bytes, const std::nothrow_t&) noexcept
    GOLAB_NEW(allocate_or_null, kGranuleBytes)
void* operator new[](size_t bytes, const std::nothrow_t&) noexcept
    GOLAB_NEW(allocate_or_null, kGranuleBytes)
void* operator new(size_t bytes, std::align_val_t align) GOLAB_NEW_ALIGNED(allocate_or_throw)
void* operator new[](size_t bytes, std::align_val_t align) GOLAB_NEW_ALIGNED(allocate_or_throw)
void* operator new(size_t bytes, std::align_val_t align, const std::nothrow_t&) noexcept
    GOLAB_NEW_ALIGNED(allocate_or_null)
void* operator new[](size_t bytes, std::align_val_t align, const std::nothrow_t&) noexcept
    GOLAB_NEW_ALIGNED(allocate_or_null)

// The tables know a block's size and alignment, so what the caller says of them is not needed.
void operator delete(void* block) noexcept { deallocate(block); }
void operator delete[](void* block) noexcept { deallocate(block); }
void operator delete(void* block, size_t) noexcept { deallocate(block); }
void operator delete[](void* block, size_t) noexcept { deallocate(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { deallocate(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { deallocate(block); }
void operator delete(void* block, std::align_val_t) noexcept { deallocate(block); }
void operator delete[](void* block, std::align_val_t) noexcept { deallocate(block); }
void operator delete(void* block, size_t, std::align_val_t) noexcept { deallocate(block); }
void operator delete[](void* block, size_t, std::align_val_t) noexcept { deallocate(block); }
void operator delete(void* block, std::align_val_t, const std::nothrow_t&) noexcept {
  deallocate(block);
}
void operator delete[](void* block, std::align_val_t, const std::nothrow_t&) noexcept {
  deallocate(block);
}

// What a link asks for by name, so that these are in it whatever comes before.
extern "C" void golab_heap() {}
