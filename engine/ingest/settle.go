package ingest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// LeaveBegunLine makes the input end with its last complete line: what stands
// behind the last line end of a plain text file is still being written. LeftBytes
// says how much that is. Packed files and Parquet are written whole.
func (in *Input) LeaveBegunLine() error {
	if in.Packing != "" || in.Format == Parquet {
		return nil
	}
	end := in.FileBytes
	chunk := make([]byte, 64<<10)
	for end > 0 {
		part := chunk[:min(int64(len(chunk)), end)]
		if _, err := in.file.ReadAt(part, end-int64(len(part))); err != nil {
			return fmt.Errorf("input %s: %w", in.Path, unwrapPath(err))
		}
		if at := bytes.LastIndexByte(part, '\n'); at >= 0 {
			end -= int64(len(part) - at - 1)
			break
		}
		end -= int64(len(part))
	}
	in.LeftBytes, in.FileBytes = in.FileBytes-end, end
	return nil
}

// CheckComplete reads a packed input to its end, which finds one that is still
// being packed before anything of it is loaded.
func (in *Input) CheckComplete() error {
	if in.Packing == "" {
		return nil
	}
	content, err := in.content(nil)
	if err == nil {
		defer content.Close()
		_, err = io.Copy(io.Discard, content)
	}
	if err != nil {
		return fmt.Errorf("input %s: %w", in.Path, packingError(in.Packing, err))
	}
	return nil
}

// StoredSHA256 fingerprints the stored bytes that are read of the input.
func (in *Input) StoredSHA256() (string, error) {
	hash := sha256.New()
	if _, err := io.Copy(hash, io.NewSectionReader(in.file, 0, in.FileBytes)); err != nil {
		return "", fmt.Errorf("input %s: %w", in.Path, unwrapPath(err))
	}
	return sum(hash), nil
}

// checkParquetEnd tells a Parquet file that is still being written, or was cut
// off, from a whole one.
func (in *Input) checkParquetEnd() error {
	end := make([]byte, 4)
	if in.FileBytes < 12 {
		return incompleteError{errors.New("the Parquet file is cut off; the copy is incomplete or still being written, so fetch it again")}
	}
	if _, err := in.file.ReadAt(end, in.FileBytes-4); err != nil {
		return unwrapPath(err)
	}
	if !bytes.Equal(end, []byte("PAR1")) {
		return incompleteError{errors.New("the Parquet file is cut off (it does not end with PAR1); the copy is incomplete or still being written, so fetch it again")}
	}
	return nil
}
