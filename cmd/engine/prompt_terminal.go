package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/reeflective/readline"
)

// terminal reads from a terminal, with editing, history and completion.
type terminal struct {
	shell      *readline.Shell
	terminated atomic.Bool
}

func newTerminal(p *prompt) *terminal {
	t := &terminal{shell: readline.NewShell()}
	t.shell.Prompt.Primary(func() string {
		width, _ := p.size()
		rows := t.rows(width)
		// So many lines down, which scrolls where there are none, and up again. The library
		// would ask the terminal how far from its bottom it is.
		return strings.Repeat("\x1bD", rows) + fmt.Sprintf("\x1b[%dA", rows) + promptText
	})
	t.shell.AcceptMultiline = func(line []rune) bool { return whole(string(line)) }
	t.shell.Completer = func(line []rune, cursor int) readline.Completions {
		before := string(line[:cursor])
		word, found := complete(before, string(line[cursor:]), p.names)
		width, height := p.size()
		if count := len(found); listRows(found, width) > height-t.rows(width)-2 {
			shared := sharedPrefix(found)
			if len(shared) <= len(word) {
				return readline.CompleteMessage("%d words may stand here; type some letters", count)
			}
			found = []candidate{{shared, ""}}
		}
		return completions(before, word, found)
	}
	for name, value := range map[string]any{
		"menu-complete-display-prefix": true, // first what all candidates share, then one after the other
		"completion-ignore-case":       true,
		"multiline-column":             false,
		"cursor-position-probe":        false, // keys that come with the terminal's answer would be lost
	} {
		_ = t.shell.Config.Set(name, value) // cannot fail
	}
	if file, ok := historyFile(); ok {
		t.shell.History.AddFromFile("history", file)
	}
	go t.endOnSignal()
	return t
}

const promptText = "pullscope> "

// rows is how many lines of the terminal the statement takes.
func (t *terminal) rows(width int) int {
	rows := 0
	for _, line := range strings.Split(string(*t.shell.Line()), "\n") {
		rows += 1 + (len(promptText)+text.StringWidth(line))/max(width, 1)
	}
	return rows
}

// endOnSignal gives up the line when the process is asked to end, so that the
// terminal is left as it was and the snapshot is removed.
func (t *terminal) endOnSignal() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP)
	<-signals
	t.terminated.Store(true)
	for { // the first Ctrl-C may only leave a menu
		t.shell.Keys.Feed(true, '\x03')
		t.shell.Keys.RequestRefresh()
		time.Sleep(100 * time.Millisecond)
	}
}

func (t *terminal) Readline() (string, error) {
	if t.terminated.Load() {
		return "", errTerminated
	}
	line, err := t.shell.Readline()
	if t.terminated.Load() {
		return "", errTerminated
	}
	if errors.Is(err, readline.ErrInterrupt) {
		return "", errInterrupted
	}
	return line, err
}

// completions hands candidates for the word before the cursor to the terminal, which
// takes all since the last space for the word where there is none.
func completions(before, word string, found []candidate) readline.Completions {
	lead := ""
	if word == "" {
		lead = before[strings.LastIndexAny(before, " \t\n")+1:]
	}
	raw := make([]readline.Completion, len(found))
	for i, c := range found {
		raw[i] = readline.Completion{Value: lead + c.text, Display: c.text, Tag: c.kind}
	}
	all := readline.CompleteRaw(raw).NoSort()
	all.PREFIX = lead + word
	return all
}

// historyFile is the file of the statements that were typed, if it can be written.
func historyFile() (string, bool) {
	state := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", false
		}
		state = filepath.Join(home, ".local", "state")
	}
	folder := filepath.Join(state, "pullscope")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", false
	}
	path := filepath.Join(folder, "history")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return "", false
	}
	file.Close()
	return path, true
}
