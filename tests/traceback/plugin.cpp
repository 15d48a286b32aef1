// plugin.cpp: a library to be loaded and unloaded. Several are built from it, of one size:
// PLUGIN_FUNCTION is the name of its first function, PLUGIN_WORDS how much that one moves the stack
// pointer, so that what the unwind tables say differs between two of them at one address.
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

extern "C" void PLUGIN_FUNCTION() {
  asm volatile("subq $" TEXT(PLUGIN_WORDS) "*8, %rsp\n"
               ".cfi_adjust_cfa_offset " TEXT(PLUGIN_WORDS) "*8\n"
               "nop\nnop\nnop\nnop\nnop\nnop\nnop\nnop\n"
               "addq $" TEXT(PLUGIN_WORDS) "*8, %rsp\n"
               ".cfi_adjust_cfa_offset -" TEXT(PLUGIN_WORDS) "*8\n");
}

// Without debug information this function has no name.
__attribute__((noinline)) static void nameless(void (*f)(void*), void* arg) {
  f(arg);
  asm volatile("");
}
extern "C" void plugin_calls(void (*f)(void*), void* arg) {
  nameless(f, arg);
  asm volatile("");
}
