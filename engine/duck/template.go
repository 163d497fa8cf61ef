package duck

import (
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"text/template"
	"time"
)

// Render fills the template of the file at path in files. Templates choose
// structure; values go through the functions
//
//	text x        a text literal
//	date x        a date literal from "2026-09-25"
//	timestamp x   a timestamp literal from a time.Time, UTC
//	file x        the rendered text of another file, to nest models
//
// and whatever funcs adds.
func Render(files fs.FS, path string, data any, funcs template.FuncMap) (string, error) {
	source, err := fs.ReadFile(files, path)
	if err != nil {
		return "", fmt.Errorf("read SQL file %s: %w", path, err)
	}
	return RenderText(files, path, string(source), data, funcs)
}

// RenderText is Render for a template that is at hand.
func RenderText(files fs.FS, name, source string, data any, funcs template.FuncMap) (string, error) {
	all := template.FuncMap{
		"text":      Quote,
		"texts":     QuoteList,
		"date":      func(day any) string { return "date " + Quote(fmt.Sprint(day)) },
		"timestamp": func(t time.Time) string { return "timestamp " + Quote(t.UTC().Format("2006-01-02 15:04:05.999999")) },
		"file":      func(path string, data any) (string, error) { return Render(files, path, data, funcs) },
	}
	maps.Copy(all, funcs)
	parsed, err := template.New(name).Funcs(all).Option("missingkey=error").Parse(source)
	if err != nil {
		return "", fmt.Errorf("parse SQL file %s: %w", name, err)
	}
	var out strings.Builder
	if err := parsed.Execute(&out, data); err != nil {
		return "", fmt.Errorf("render SQL file %s: %w", name, err)
	}
	return out.String(), nil
}
