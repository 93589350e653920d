/*
 * Instead of library_heap.c in builds with AddressSanitizer, and in tests: its allocator stays, and
 * what claims to be larger than any of our blocks finds no memory there either.
 */
const char *__asan_default_options(void);

__attribute__((visibility("default"))) const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1:max_allocation_size_mb=80";
}
