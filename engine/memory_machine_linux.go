package engine

import "golang.org/x/sys/unix"

// machineMemory is the memory of the machine in bytes.
func machineMemory() uint64 {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 2 * defaultMemory
	}
	return uint64(info.Totalram) * uint64(info.Unit)
}
