package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// terminalTest is the engine in a real terminal of 80 columns and 24 lines.
type terminalTest struct {
	t            *testing.T
	socket, temp string
	env          []string
}

// newTerminalTest starts nothing yet. The test is left out where there is no tmux.
func newTerminalTest(t *testing.T) *terminalTest {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("tmux is not installed")
	}
	dir := t.TempDir()
	tt := &terminalTest{t: t, socket: filepath.Join(dir, "tmux"), temp: filepath.Join(dir, "tmp")}
	if err := os.Mkdir(tt.temp, 0o755); err != nil {
		t.Fatal(err)
	}
	tt.env = append(os.Environ(), asEngine+"=1", "XDG_STATE_HOME="+filepath.Join(dir, "state"), "HOME="+dir, "TMPDIR="+tt.temp, "LC_ALL=C.UTF-8", "TERM=xterm")
	t.Cleanup(func() { _ = tt.command("kill-server").Run() }) // may have ended by itself
	return tt
}

func (tt *terminalTest) command(args ...string) *exec.Cmd {
	cmd := exec.Command("tmux", append([]string{"-S", tt.socket, "-f", "/dev/null"}, args...)...)
	cmd.Env = tt.env
	return cmd
}

func (tt *terminalTest) tmux(args ...string) string {
	tt.t.Helper()
	out, err := tt.command(args...).CombinedOutput()
	if err != nil {
		tt.t.Fatalf("tmux %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// inShell runs a program and leaves its process id and its exit code in files. Ctrl-C is
// for the program; the window stays open after its end.
const inShell = `trap : INT; sh -c 'echo $$ > "$0.pid"; exec "$@"' "$0" "$@"; echo $? > "$0.new"; mv "$0.new" "$0.code"; exec sleep 1000`

// start runs the engine in a window of its own.
func (tt *terminalTest) start(window string, args ...string) {
	tt.t.Helper()
	tt.tmux(append([]string{"new-session", "-d", "-x", "80", "-y", "24", "-s", window, "sh", "-c", inShell, tt.note(window), os.Args[0]}, args...)...)
}

// note is the path of the files about a window, but for their ending.
func (tt *terminalTest) note(window string) string {
	return filepath.Join(filepath.Dir(tt.socket), window)
}

// keys presses keys: Enter, Tab, Up, C-c and such, or the letters of a text.
func (tt *terminalTest) keys(window string, keys ...string) {
	tt.t.Helper()
	for _, key := range keys {
		// tmux takes a semicolon at the end for the end of its own command.
		if strings.HasSuffix(key, ";") {
			key = key[:len(key)-1] + `\;`
		}
		tt.tmux("send-keys", "-t", window, key)
	}
}

func (tt *terminalTest) screen(window string) string {
	tt.t.Helper()
	return tt.tmux("capture-pane", "-p", "-t", window)
}

// wait waits until the screen is as wanted, and returns it.
func (tt *terminalTest) wait(window, what string, wanted func(screen string) bool) string {
	tt.t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		screen := tt.screen(window)
		if wanted(screen) {
			return screen
		}
		if time.Now().After(end) {
			tt.t.Fatalf("waited in vain for %s; the screen shows\n%s", what, screen)
		}
	}
}

func (tt *terminalTest) waitFor(window, text string) string {
	tt.t.Helper()
	return tt.wait(window, strconv.Quote(text), func(screen string) bool { return strings.Contains(screen, text) })
}

// waitPrompt waits for an empty prompt at the end.
func (tt *terminalTest) waitPrompt(window string) string {
	tt.t.Helper()
	return tt.wait(window, "a prompt", func(screen string) bool { return strings.HasSuffix(strings.TrimSpace(screen), "pullscope>") })
}

// ended waits for the end of the engine, and returns its exit code.
func (tt *terminalTest) ended(window string) (code string) {
	tt.t.Helper()
	tt.wait(window, "the end", func(string) bool {
		text, err := os.ReadFile(tt.note(window) + ".code")
		code = strings.TrimSpace(string(text))
		return err == nil
	})
	return code
}

// pid is the process of the engine.
func (tt *terminalTest) pid(window string) int {
	tt.t.Helper()
	text, err := os.ReadFile(tt.note(window) + ".pid")
	if err != nil {
		tt.t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		tt.t.Fatal(err)
	}
	return pid
}

// nothingLeft wants no snapshot to be left behind.
func (tt *terminalTest) nothingLeft() {
	tt.t.Helper()
	if left, err := os.ReadDir(tt.temp); err != nil || len(left) > 0 {
		tt.t.Errorf("%v is left in the folder for temporary files, %v", left, err)
	}
}

func promptData(t *testing.T) string {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	mustEngine(t, "run", "--data", data, "--input", writeFile(t, "log.csv", promptLog))
	return data
}

const endless = "select count(*) from range(1000000000) a, range(100000) b;"

// Typing, completion, a statement of two lines, results, mistakes and the end.
func TestPromptInATerminal(t *testing.T) {
	tt := newTerminalTest(t)
	data := promptData(t)
	tt.start("p", "query", "--data", data)
	tt.waitFor("p", ".help lists commands")
	tt.waitPrompt("p")

	// One candidate is taken, of several what they share.
	tt.keys("p", "select namesp", "Tab")
	tt.waitFor("p", "pullscope> select namespace")
	tt.keys("p", ", count(*) as pulls", "Enter", "from act", "Tab")
	tt.waitFor("p", "from actions")
	tt.keys("p", " group by all order by all;", "Enter")
	screen := tt.waitFor("p", "(2 rows)")
	if want := "namespace  pulls\nacme           1\nglobex         1\n(2 rows)\npullscope>"; !strings.Contains(screen, want) {
		t.Errorf("got\n%swant\n%s", screen, want)
	}
	tt.keys("p", ".sch", "Tab")
	tt.waitFor("p", "pullscope> .schema")
	tt.keys("p", " pub", "Tab")
	tt.waitFor("p", "pullscope> .schema publishe")
	tt.keys("p", "rs", "Enter")
	tt.waitFor("p", "publisher_name  VARCHAR")

	// Mistakes leave the prompt as it was, and Ctrl-C leaves the line.
	tt.waitPrompt("p")
	tt.keys("p", "select nope from actions;", "Enter")
	tt.waitFor("p", `Referenced column "nope" not found`)
	tt.waitPrompt("p")
	tt.keys("p", "select 'unfinished", "C-c")
	tt.waitPrompt("p")
	tt.keys("p", "select 40 + 2 as answer;", "Enter")
	tt.waitFor("p", "answer\n    42\n")

	// Below a full screen there is room for a statement of two lines, but not for every word.
	tt.keys("p", "from range(30);", "Enter")
	tt.waitFor("p", "(30 rows)")
	tt.waitPrompt("p")
	tt.keys("p", "select ", "Tab")
	if screen := tt.waitFor("p", "words may stand here; type some letters"); !strings.Contains(screen, "(30 rows)\npullscope> select") {
		t.Errorf("the statement is out of sight\n%s", screen)
	}
	tt.keys("p", "1,", "Enter", "2;")
	tt.wait("p", "both lines at the end of the screen", func(screen string) bool {
		return strings.HasSuffix(strings.TrimSpace(screen), "(30 rows)\npullscope> select 1,\n           2;")
	})
	tt.keys("p", "C-c")

	tt.waitPrompt("p")
	tt.keys("p", "C-d")
	if code := tt.ended("p"); code != "0" {
		t.Errorf("exit code %s after Ctrl-D", code)
	}
	tt.nothingLeft()
}

// Ctrl-C ends a query, whose wait is shown meanwhile and then wiped away.
func TestPromptCancels(t *testing.T) {
	tt := newTerminalTest(t)
	data := promptData(t)
	tt.start("p", "query", "--data", data)
	tt.waitPrompt("p")
	for range 2 {
		tt.keys("p", endless, "Enter")
		tt.waitFor("p", "running")
		tt.keys("p", "C-c")
		tt.waitFor("p", "the query was cancelled")
		if screen := tt.waitPrompt("p"); strings.Contains(screen, "running") {
			t.Errorf("the wait is still shown:\n%s", screen)
		}
		tt.keys("p", "C-l") // an empty screen
		tt.wait("p", "an empty screen", func(screen string) bool { return strings.TrimSpace(screen) == "pullscope>" })
	}
	// What is typed while a query runs is not lost.
	tt.keys("p", endless, "Enter")
	tt.waitFor("p", "running")
	tt.keys("p", "C-c", "select count(*) as n from requests;", "Enter")
	tt.waitFor("p", "n\n2\n(1 row)")

	// Outside of the prompt it ends the engine, and a signal ends the prompt.
	tt.start("q", "query", "--data", data, endless)
	tt.waitFor("q", "running")
	tt.keys("q", "C-c")
	if code := tt.ended("q"); code != "1" {
		t.Errorf("exit code %s after Ctrl-C without a prompt", code)
	}
	tt.waitPrompt("p")
	if err := syscall.Kill(tt.pid("p"), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := tt.ended("p"); code != "1" {
		t.Errorf("exit code %s after SIGTERM", code)
	}
	tt.nothingLeft()
}

// A result fits the terminal, also when its size changes, and the arrow key brings
// statements back, also those of the last prompt.
func TestPromptWidthAndHistory(t *testing.T) {
	tt := newTerminalTest(t)
	data := promptData(t)
	tt.start("p", "query", "--data", data)
	tt.waitPrompt("p")
	tt.keys("p", "select repeat('wide ', 40) as a, repeat('too ', 40) as b from requests;", "Enter")
	narrow := tt.waitFor("p", "(2 rows)")
	if got := widest(narrow, "wide"); got != 80 {
		t.Errorf("the rows have %d columns, want 80\n%s", got, narrow)
	}
	if !strings.Contains(narrow, "(cut to fit the terminal: 4 values; .format csv has all)") {
		t.Errorf("what is cut is not said\n%s", narrow)
	}
	tt.waitPrompt("p")
	tt.tmux("resize-window", "-t", "p", "-x", "120", "-y", "30")
	tt.keys("p", "C-l", "Up")
	tt.waitFor("p", "pullscope> select repeat('wide ', 40)")
	tt.keys("p", "Enter")
	if got := widest(tt.waitFor("p", "(2 rows)"), "wide"); got != 120 {
		t.Errorf("the rows have %d columns in the wider terminal, want 120", got)
	}
	tt.waitPrompt("p")
	tt.keys("p", "select 1", "Enter", "as one;", "Enter")
	tt.waitFor("p", "one\n  1\n")
	tt.waitPrompt("p")
	tt.keys("p", ".quit", "Enter")
	tt.ended("p")

	tt.start("again", "query", "--data", data)
	tt.waitPrompt("again")
	tt.keys("again", "Up", "Up")
	tt.wait("again", "the statement of two lines", func(screen string) bool {
		return strings.Contains(strings.Join(strings.Fields(screen), " "), "pullscope> select 1 as one;")
	})
	tt.keys("again", "Enter")
	tt.waitFor("again", "one\n  1\n")
	tt.keys("again", "C-d")
	tt.ended("again")
	tt.nothingLeft()
}

// widest is how wide the widest line is that begins so.
func widest(screen, begin string) int {
	width := 0
	for line := range strings.Lines(screen) {
		if strings.HasPrefix(line, begin) {
			width = max(width, len([]rune(strings.TrimRight(line, "\n"))))
		}
	}
	return width
}
