//go:build !linux

package engine

// machineMemory is taken to be enough where the system has no portable answer.
func machineMemory() uint64 { return 2 * defaultMemory }
