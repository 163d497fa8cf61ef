//go:build !linux

package engine

import "os"

// systemState is not known where the system has no portable answer.
func systemState(os.FileInfo) (fileState, bool) { return fileState{}, false }
