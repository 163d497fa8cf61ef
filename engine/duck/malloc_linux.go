package duck

/*
#include <malloc.h>

// The database takes and gives back memory in pieces of 256 KiB all the time. By default the C
// library returns such pieces to the system, which clears them again for the next query: a tenth
// of the time of a run. They are kept until a database is closed, or somebody asks (FreeMemory).
static void keep_freed_memory(void) {
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, 2047 << 20);
	mallopt(M_TOP_PAD, 64 << 20);
#endif
}

static void return_freed_memory(void) {
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}
*/
import "C"

import "sync"

var keepFreedMemory = sync.OnceFunc(func() { C.keep_freed_memory() })

// FreeMemory returns memory that the database does not use any more to the system.
func FreeMemory() { C.return_freed_memory() }
