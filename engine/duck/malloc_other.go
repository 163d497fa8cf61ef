//go:build !linux

package duck

func keepFreedMemory() {}

// FreeMemory returns memory that the database does not use any more to the system, where it
// is kept.
func FreeMemory() {}
