package engine

import (
	"os"
	"syscall"
	"time"
)

// systemState is what the system knows of a file: its stamp of change cannot be set.
func systemState(info os.FileInfo) (fileState, bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fileState{}, false
	}
	return fileState{device: stat.Dev, inode: stat.Ino, changed: time.Unix(stat.Ctim.Unix())}, true
}
