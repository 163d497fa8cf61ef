package engine

import (
	"os"
	"time"

	"github.com/pullscope/pullscope/engine/ingest"
)

// hashes remembers the fingerprints of files that have not changed since, so that
// a worker over a folder of rotated logs does not read them all at each run.
type hashes struct {
	known map[fileState]string
	used  map[fileState]string // since the last forget
}

// fileState changes whenever the content of a file may have changed.
type fileState struct {
	device, inode     uint64
	bytes             int64 // that are read of it
	modified, changed time.Time
}

// of is the fingerprint of the stored bytes of an input. A file that is settling is
// never remembered: it may change within the resolution of its stamps.
func (h *hashes) of(input *ingest.Input, settling bool) (string, error) {
	state, ok := stateOfFile(input.Info)
	if !ok || settling {
		return input.StoredSHA256()
	}
	state.bytes = input.FileBytes
	sha, ok := h.known[state]
	if !ok {
		var err error
		if sha, err = input.StoredSHA256(); err != nil {
			return "", err
		}
	}
	if h.used == nil {
		h.used = map[fileState]string{}
	}
	h.used[state] = sha
	return sha, nil
}

// forget drops what the run did not ask for.
func (h *hashes) forget() { h.known, h.used = h.used, nil }

func stateOfFile(info os.FileInfo) (fileState, bool) {
	state, ok := systemState(info)
	state.modified = info.ModTime()
	return state, ok
}
