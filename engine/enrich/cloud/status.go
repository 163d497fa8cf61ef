package cloud

import (
	"time"

	"github.com/pullscope/pullscope/engine/enrich/origin"
)

// FileStatus is the state of one file of the folder.
type FileStatus struct {
	origin.Origin
	// Path is where the file is.
	Path string
	// Modified is when it was last written, or found to be still the same by Update.
	Modified time.Time
	// Bytes is its size.
	Bytes int64
	// Problem says in one sentence why the file cannot be used, which keeps Open from
	// opening the folder; empty when all is well.
	Problem string
}

// Status reads every file that Open would read, sorted by name, and says what it
// is. There are none when the folder does not exist. What is wrong with a file is
// its Problem, not an error.
func Status(dir string) ([]FileStatus, error) {
	paths, err := listFiles(dir)
	if err != nil {
		return nil, err
	}
	var files []FileStatus
	for _, path := range paths {
		status := FileStatus{Path: path}
		text, info, err := readFile(path)
		if info != nil {
			status.Modified, status.Bytes = info.ModTime(), info.Size()
		}
		var l *list
		if err == nil {
			l, err = parse(path, text)
		}
		status.Origin = rangesOrigin(path, text, l)
		if err != nil {
			status.Problem = err.Error()
		}
		files = append(files, status)
	}
	return files, nil
}
