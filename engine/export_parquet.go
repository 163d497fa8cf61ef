package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/reports"
	sqlfiles "github.com/pullscope/pullscope/sql"
)

// ExportParquet writes a folder that a publisher may be given: its actions and extension
// events as Parquet, its published reports, and a README.txt. Users and clients are numbers
// of this export, which say nothing anywhere else. The folder appears whole or not at all;
// the same state of the lake gives the same bytes.
func (e *Engine) ExportParquet(ctx context.Context, dir string, options ExportOptions) (Exported, error) {
	var done Exported
	if options.Publisher == "" {
		return done, &UsageError{errors.New("an export for a publisher needs its id")}
	}
	target, err := emptyTarget(dir)
	if err != nil {
		return done, err
	}
	temporary, err := os.MkdirTemp(filepath.Dir(target), ".engine-*")
	if err != nil {
		return done, fmt.Errorf("write %s: %w", dir, withoutPath(err))
	}
	defer os.RemoveAll(temporary)
	staged := filepath.Join(temporary, "export")
	err = e.export(ctx, options, filepath.Join(temporary, "spill"), func(x *exporter) (err error) {
		if err = os.RemoveAll(staged); err == nil {
			err = os.Mkdir(staged, 0o755)
		}
		if err != nil {
			return fmt.Errorf("write %s: %w", dir, withoutPath(err))
		}
		done, err = x.writeFolder(ctx, staged)
		return err
	})
	if err != nil {
		return done, err
	}
	if err := syncFiles(staged); err != nil {
		return done, fmt.Errorf("write %s: %w", dir, err)
	}
	// A folder that is there is empty, or this fails.
	if err = os.Remove(target); err == nil || errors.Is(err, fs.ErrNotExist) {
		err = os.Rename(staged, target)
	}
	if err != nil {
		return done, fmt.Errorf("write %s: %w", dir, err)
	}
	return done, nil
}

// emptyTarget is the absolute path of a folder that is not there yet, or is empty.
func emptyTarget(dir string) (string, error) {
	bad := func(format string, args ...any) (string, error) {
		return "", &UsageError{fmt.Errorf("folder %s: %s", dir, fmt.Sprintf(format, args...))}
	}
	path, err := filepath.Abs(dir)
	if err != nil {
		return bad("%s", err)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	entries, err := os.ReadDir(path)
	switch {
	case err == nil && len(entries) > 0:
		return bad("it is not empty; name another one, or remove what is in it")
	case err == nil:
		return path, nil
	case !errors.Is(err, fs.ErrNotExist):
		return bad("%s; name one that is not there yet", withoutPath(err))
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return bad("there is no folder %s to make it in; create that first", filepath.Dir(dir))
	}
	return path, nil
}

// writeFolder fills the staged folder.
func (x *exporter) writeFolder(ctx context.Context, staged string) (Exported, error) {
	done := Exported{Periods: len(x.published)}
	numbers, err := duck.Render(sqlfiles.Files, "duckdb/export_publisher.sql", x.options, nil)
	if err != nil {
		return done, err
	}
	if err := x.db.Exec(ctx, numbers); err != nil {
		return done, err
	}
	// One thread, so that row groups end where they ended before.
	err = x.db.Ordered(ctx, func() error {
		for _, table := range []string{"actions", "extension_events"} {
			query, err := duck.Render(sqlfiles.Files, "duckdb/export_"+table+".sql", nil, nil)
			if err != nil {
				return err
			}
			if err := x.db.Exec(ctx, copyParquet(query, filepath.Join(staged, table+".parquet"))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return done, err
	}
	if err := x.db.Value(ctx, "select (select count(*) from export_actions), (select count(*) from export_extension_events)", &done.Actions, &done.ExtensionEvents); err != nil {
		return done, err
	}
	for _, published := range x.published {
		target := filepath.Join(staged, "reports", published.manifest.Granularity, published.manifest.DateReference)
		if err := copyPublished(published, target); err != nil {
			return done, err
		}
	}
	return done, x.writeReadme(ctx, filepath.Join(staged, "README.txt"), done)
}

// copyPublished copies the files that a manifest names, and the manifest.
func copyPublished(published publishedReports, target string) error {
	if err := os.MkdirAll(target, 0o755); err != nil {
		return fmt.Errorf("copy reports: %w", err)
	}
	if err := copyFile(filepath.Join(published.path, reports.ManifestFile), filepath.Join(target, reports.ManifestFile)); err != nil {
		return err
	}
	var files []reports.File
	for _, report := range published.manifest.Reports {
		files = append(files, report.Files...)
	}
	if workbook := published.manifest.Workbook; workbook != nil {
		files = append(files, *workbook)
	}
	for _, file := range files {
		from := filepath.Join(published.path, file.Name)
		if err := copyFile(from, filepath.Join(target, file.Name)); err != nil {
			return err
		}
		copied, err := reports.Describe(target, file.Name)
		if err != nil {
			return err
		}
		if copied[0] != file {
			return fmt.Errorf("report file %s is not what its manifest says; remove its folder and run the engine again to publish it anew", from)
		}
	}
	return nil
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("copy reports: %w", err)
	}
	defer source.Close()
	file, err := os.Create(to)
	if err != nil {
		return fmt.Errorf("copy reports: %w", err)
	}
	_, err = io.Copy(file, source)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("copy %s: %w", from, err)
	}
	return nil
}

// syncFiles brings what is below a directory to the disk, before it gets its name.
func syncFiles(dir string) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		return errors.Join(file.Sync(), file.Close())
	})
}
