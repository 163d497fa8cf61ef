// What does GoAccess cost on the same requests as a combined log?

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// panels are all of GoAccess. Without them it parses and counts only.
var panels = strings.Fields(`VISITORS REQUESTS REQUESTS_STATIC NOT_FOUND HOSTS OS BROWSERS VISIT_TIMES VIRTUAL_HOSTS REFERRERS
	REFERRING_SITES KEYPHRASES STATUS_CODES REMOTE_USER CACHE_STATUS GEO_LOCATION MIME_TYPE TLS_TYPE`)

// goaccess runs the installed program.
type goaccess struct {
	withPanels bool
	dir        string
}

// goaccessVersion fails where the program is not installed.
func goaccessVersion() (string, error) {
	out, _, err := run("goaccess", "--version")
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("goaccess is not installed: install it (Debian: apt install goaccess), or leave it out of -tools")
	}
	if err != nil {
		return "", err
	}
	version, _, _ := strings.Cut(strings.TrimPrefix(string(out), "GoAccess - "), "\n")
	return strings.TrimSuffix(version, "."), nil
}

// run reads a combined log and returns how many requests GoAccess counts.
func (g goaccess) run(log string) (int64, cost, error) {
	report := filepath.Join(g.dir, "goaccess.json")
	defer os.Remove(report)
	args := []string{log, "--log-format=COMBINED", "--no-global-config", "--no-progress", "--output=" + report}
	if !g.withPanels {
		for _, panel := range panels {
			args = append(args, "--ignore-panel="+panel)
		}
	}
	_, took, err := run("goaccess", args...)
	if err != nil {
		return 0, cost{}, err
	}
	text, err := os.ReadFile(report)
	if err != nil {
		return 0, cost{}, fmt.Errorf("read the report of GoAccess: %w", err)
	}
	var counted struct {
		General struct {
			ValidRequests int64 `json:"valid_requests"`
		}
	}
	if err := json.Unmarshal(text, &counted); err != nil {
		return 0, cost{}, fmt.Errorf("read the report of GoAccess: %w", err)
	}
	return counted.General.ValidRequests, took, nil
}
