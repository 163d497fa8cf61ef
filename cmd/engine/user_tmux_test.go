package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

// A password is typed twice and not shown, Ctrl-C leaves a terminal that shows what is typed,
// and a second factor is in use only after a code of it.
func TestUserInATerminal(t *testing.T) {
	tt := newTerminalTest(t)
	data := filepath.Join(t.TempDir(), "data")
	start := func(window string, args ...string) {
		tt.start(window, append(append([]string{"user"}, args...), "--data", data)...)
	}

	start("add", "add", "jane", "--admin")
	tt.waitFor("add", "password of jane:")
	tt.keys("add", "correct horse battery", "Enter")
	tt.waitFor("add", "once more:")
	tt.keys("add", "correct horse battery", "Enter")
	screen := tt.waitFor("add", "added jane, who may see everything")
	if code := tt.ended("add"); code != "0" || strings.Contains(screen, "horse") {
		t.Errorf("exit code %s, and the screen shows\n%s", code, screen)
	}

	start("differ", "password", "jane")
	tt.waitFor("differ", "password of jane:")
	tt.keys("differ", "another password", "Enter")
	tt.waitFor("differ", "once more:")
	tt.keys("differ", "another passwort", "Enter")
	tt.waitFor("differ", "the two passwords differ; nothing was changed")
	if code := tt.ended("differ"); code != "1" {
		t.Errorf("exit code %s, want 1", code)
	}

	start("interrupt", "password", "jane")
	tt.waitFor("interrupt", "password of jane:")
	tt.keys("interrupt", "another", "C-c")
	if code := tt.ended("interrupt"); code != "1" {
		t.Errorf("exit code %s, want 1", code)
	}
	tt.keys("interrupt", "seen again")
	tt.waitFor("interrupt", "seen again")

	secretOf := func(window string) string {
		tt.waitFor(window, "code that the app shows:")
		return regexp.MustCompile(`secret: ([A-Z2-7]{32})`).FindStringSubmatch(tt.screen(window))[1]
	}
	start("wrong", "totp", "jane")
	secretOf("wrong")
	tt.keys("wrong", "abcdef", "Enter", "12345", "Enter", "1234567", "Enter")
	tt.waitFor("wrong", "the second factor is not in use")
	if code := tt.ended("wrong"); code == "0" {
		t.Error("exit code 0 without a code")
	}
	if list := mustEngine(t, "user", "list", "--data", data, "--json"); !strings.Contains(list, `"has_totp": false`) {
		t.Errorf("the second factor is in use: %s", list)
	}

	start("right", "totp", "jane")
	code, err := totp.GenerateCode(secretOf("right"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	tt.keys("right", code[:3]+" "+code[3:], "Enter")
	tt.waitFor("right", "jane has a second factor, and logs in anew")
	if code := tt.ended("right"); code != "0" {
		t.Errorf("exit code %s", code)
	}
}
