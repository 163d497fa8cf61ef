package account

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestOpenWritesNothing(t *testing.T) {
	w := newWorld(t)
	users, err := w.List()
	if err != nil || len(users) != 0 {
		t.Errorf("List = %v, %v", users, err)
	}
	_, err = w.login("jane", goodPassword)
	refused(t, "a log-in where there are no users", err)
	_, err = w.Authenticate("a.b.c")
	refused(t, "a session where there are no users", err)
	if _, err := os.Stat(w.data); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the data directory was made, %v", err)
	}
	for _, lifetime := range []time.Duration{-1, time.Second, 8 * 24 * time.Hour, time.Minute + 1} {
		_, err := Open(w.data, Options{SessionLifetime: lifetime})
		wantError(t, lifetime.String(), err, "session lifetime")
	}
	if s, err := Open(w.data, Options{}); err != nil || s.hasher.cost != defaultCost || s.lifetime != 12*time.Hour {
		t.Errorf("Open without options: %+v, %v", s, err)
	}
}

// Only the owner may enter the directory and read the files, whatever they were before.
func TestModes(t *testing.T) {
	w := newWorld(t)
	w.user("jane")
	w.session("jane", goodPassword)
	for _, before := range []fs.FileMode{0, 0o777} {
		if before != 0 {
			for _, name := range []string{".", "users.json", "keys.json"} {
				w.must(os.Chmod(w.path(name), before))
			}
			w.must(w.RotateKeys(false))
			w.must(w.SetPassword(context.Background(), "jane", goodPassword))
		}
		for name, want := range map[string]fs.FileMode{".": 0o700 | fs.ModeDir, "users.json": 0o600, "keys.json": 0o600, "lock": 0o600} {
			if info, err := os.Stat(w.path(name)); err != nil || info.Mode() != want {
				t.Errorf("%s has mode %v, want %v; %v", name, info.Mode(), want, err)
			}
		}
	}
	if info, err := os.Stat(w.data); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("the data directory has mode %v, %v", info.Mode(), err)
	}
}

// What root writes into somebody else's data directory belongs to its owner, who has to read it.
func TestFilesBelongToTheOwnerOfTheDirectory(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can write for others")
	}
	w := newWorld(t)
	w.must(os.Mkdir(w.data, 0o755))
	w.must(os.Chown(w.data, 4711, 4712))
	w.user("jane")
	w.must(w.RotateKeys(false))
	for _, name := range []string{".", "users.json", "keys.json", "lock"} {
		info, err := os.Stat(w.path(name))
		if err != nil || uidOf(info) != [2]uint32{4711, 4712} {
			t.Errorf("%s belongs to %v, %v", name, uidOf(info), err)
		}
	}
}

// uidOf is whose a file is: user and group.
func uidOf(info fs.FileInfo) [2]uint32 {
	stat := info.Sys().(*syscall.Stat_t)
	return [2]uint32{stat.Uid, stat.Gid}
}

// A change of another process holds after a second.
func TestStoreFollowsOtherProcesses(t *testing.T) {
	w := newWorld(t)
	server := w.another()
	steps := []struct {
		what   string
		change func() error
		want   string // the namespaces of jane
	}{
		{"add", func() error { w.user("jane"); return nil }, "[acme]"},
		{"grant", func() error { _, err := w.Grant("jane", Grants{Namespaces: []string{"beta"}}); return err }, "[acme beta]"},
		{"same size", func() error { // as many bytes as before
			_, err := w.Revoke("jane", Grants{Namespaces: []string{"beta"}})
			if err == nil {
				_, err = w.Grant("jane", Grants{Namespaces: []string{"zeta"}})
			}
			return err
		}, "[acme zeta]"},
		{"same size and time", func() error {
			before, err := os.Stat(w.path("users.json"))
			w.must(err)
			_, err = w.Revoke("jane", Grants{Namespaces: []string{"zeta"}})
			w.must(err)
			_, err = w.Grant("jane", Grants{Namespaces: []string{"yeta"}})
			return errors.Join(err, os.Chtimes(w.path("users.json"), before.ModTime(), before.ModTime()))
		}, "[acme yeta]"},
		{"remove", func() error { return w.Remove("jane") }, "nobody"},
		{"no file", func() error { return os.Remove(w.path("users.json")) }, "nobody"},
		{"no directory", func() error { return os.RemoveAll(w.path(".")) }, "nobody"},
		{"again", func() error { w.user("jane"); return nil }, "[acme]"},
	}
	revisions := map[string]string{}
	for _, step := range steps {
		w.must(step.change())
		w.clock.add(time.Second)
		got := "nobody"
		if user, err := server.Named("jane"); err == nil {
			got = fmt.Sprint(user.Namespaces)
			if byID, ok := server.User(user.ID); !ok || byID.Name != "jane" {
				t.Errorf("%s: User(%s) = %+v, %v", step.what, user.ID, byID, ok)
			}
		} else if !errors.Is(err, ErrUnknownUser) {
			t.Errorf("%s: %v", step.what, err)
		}
		if got != step.want {
			t.Errorf("%s: the other process sees %s, want %s", step.what, got, step.want)
		}
		// Nobody is the same state each time, and every jane has an ID of her own.
		revision := server.Revision()
		if before, seen := revisions[revision]; revision == "" || seen && before != "nobody" || seen && step.want != "nobody" {
			t.Errorf("%s: revision %q is that of %s", step.what, revision, before)
		}
		revisions[revision] = step.want
		if _, ok := server.User("nobody"); ok {
			t.Error("there is a user of no ID")
		}
	}
}

// Passwords, tokens and log-ins leave the revision as it is.
func TestRevision(t *testing.T) {
	w := newWorld(t)
	w.user("jane")
	before := w.Revision()
	w.must(w.SetPassword(context.Background(), "jane", "another password"))
	w.token("jane", 0)
	secret := w.factor("jane")
	login, err := w.login("jane", "another password")
	w.must(err)
	_, err = w.SecondFactor(context.Background(), login.SecondFactor, w.code(secret, 0), client)
	w.must(err)
	if w.Revision() != before {
		t.Error("the revision changed")
	}
	seen := map[string]bool{before: true}
	for _, more := range []Grants{{Admin: true}, {Publishers: []string{"acme"}}, {Namespaces: []string{"a"}}, {Repositories: []string{"a/b"}}} {
		_, err := w.Grant("jane", more)
		w.must(err)
		if seen[w.Revision()] {
			t.Errorf("%+v did not change the revision", more)
		}
		seen[w.Revision()] = true
	}
	if w.another().Revision() != w.Revision() {
		t.Error("two processes have two revisions")
	}
}

// A file that cannot be read lets nobody in, is told once, and is never overwritten. A good one is taken again.
func TestDamagedFilesFailClosed(t *testing.T) {
	w := newWorld(t)
	jane := w.user("jane")
	session := w.session("jane", goodPassword)
	key, signature, err := w.Sign("m")
	w.must(err)
	good := map[string]string{}
	for _, name := range []string{"users.json", "keys.json"} {
		content, err := os.ReadFile(w.path(name))
		w.must(err)
		good[name] = string(content)
	}
	users := good["users.json"]
	janes := strings.TrimSuffix(users[strings.Index(users, "[")+1:], "\n")
	janes = janes[:strings.LastIndex(janes, "]")]
	for _, c := range []struct{ name, what, content string }{
		{"users.json", "empty", ""}, {"users.json", "blank", " \n"}, {"users.json", "null", "null"}, {"users.json", "no object", "[]"}, {"users.json", "no version", "{}"},
		{"users.json", "half", users[:len(users)/2]}, {"users.json", "text behind", users + "}"}, {"users.json", "no JSON", "\x00\xff"},
		{"users.json", "newer", strings.Replace(users, `"version": 1`, `"version": 2`, 1)},
		{"users.json", "unknown key", strings.Replace(users, `"admin"`, `"readonly": true, "admin"`, 1)},
		{"users.json", "absurd hash", strings.Replace(users, "m=8,", "m=4000000,", 1)},
		{"users.json", "no hash", strings.Replace(users, "$argon2id$", "$plain$", 1)},
		{"users.json", "twice", strings.Replace(users, janes, janes+","+janes, 1)},
		{"users.json", "null as user", `{"version": 1, "users": [null]}`},
		{"users.json", "name", strings.Replace(users, `"jane"`, `"Jane"`, 1)},
		{"users.json", "no epoch", strings.Replace(users, `"epoch": "`, `"epoch": "", "epoch_": "`, 1)},
		{"users.json", "grant", strings.Replace(users, `"acme"`, `"acme/app"`, 1)},
		{"keys.json", "empty", ""}, {"keys.json", "null", "null"}, {"keys.json", "half", good["keys.json"][:len(good["keys.json"])/2]},
		{"keys.json", "short", strings.Replace(good["keys.json"], `"secret": "`, `"secret": "AAAA", "x": "`, 1)}, {"keys.json", "newer", `{"version": 2}`},
	} {
		what := c.name + ", " + c.what
		w.must(os.WriteFile(w.path(c.name), []byte(c.content), 0o600))
		w.clock.add(time.Second)
		w.log.Reset()
		for range 3 {
			w.clock.add(time.Second)
			_, err := w.login("jane", goodPassword)
			unavailable(t, what+": Login", err)
			_, err = w.Authenticate(session)
			unavailable(t, what+": Authenticate", err)
			_, err = w.SecondFactor(context.Background(), session, "000000", client)
			unavailable(t, what+": SecondFactor", err)
		}
		if c.name == "users.json" {
			if _, ok := w.User(jane.ID); ok || w.Revision() != "" {
				t.Errorf("%s: users are known", what)
			}
			_, err := w.List()
			unavailable(t, what+": List", err)
			_, err = w.Add(context.Background(), "john", goodPassword, Grants{})
			unavailable(t, what+": Add", err)
			unavailable(t, what+": Remove", w.Remove("jane"))
		} else {
			if w.Verify("m", key, signature) {
				t.Errorf("%s: the signature holds", what)
			}
			_, _, err = w.Sign("m")
			unavailable(t, what+": Sign", err)
			unavailable(t, what+": RotateKeys", w.RotateKeys(true))
		}
		if now, err := os.ReadFile(w.path(c.name)); err != nil || string(now) != c.content {
			t.Errorf("%s: the file was changed, %v", what, err)
		}
		if _, err := w.open(); err == nil || !strings.Contains(err.Error(), w.path(c.name)) {
			t.Errorf("%s: Open = %v, want an error with the path", what, err)
		}
		if n := strings.Count(w.log.String(), "nobody can log in"); n != 2 { // of this store, and of the one that was opened
			t.Errorf("%s: it was told %d times\n%s", what, n, w.log)
		}
		for _, secret := range []string{w.secret(good["keys.json"]), "$argon2id"} {
			if strings.Contains(w.log.String(), secret) {
				t.Errorf("%s: the log tells a secret", what)
			}
		}
		w.must(os.WriteFile(w.path(c.name), []byte(good[c.name]), 0o600))
		w.clock.add(time.Second)
		if _, err := w.Authenticate(session); err != nil || !w.Verify("m", key, signature) {
			t.Fatalf("%s: after it was restored: %v", what, err)
		}
	}
}

func (w *world) secret(keys string) string {
	_, secret, _ := strings.Cut(keys, `"secret": "`)
	return secret[:20]
}

func unavailable(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrCredentials) {
		t.Errorf("%s: error %v, want ErrUnavailable", what, err)
	}
}

// A folder in the place of a file is no file, and a file in the place of the folder no folder.
func TestWrongKindsOfFiles(t *testing.T) {
	w := newWorld(t)
	w.must(os.MkdirAll(w.path("users.json"), 0o700))
	_, err := w.open()
	unavailable(t, "a folder", err)
	w.must(os.RemoveAll(w.path(".")))
	w.must(os.WriteFile(w.path("."), nil, 0o600))
	_, err = w.open()
	unavailable(t, "a file as folder", err)
}

// Processes that change users, tokens and keys at once lose nothing of each other.
func TestProcessesChangeAtOnce(t *testing.T) {
	w := newWorld(t)
	w.user("shared")
	var group sync.WaitGroup
	const processes, each = 4, 5
	for p := range processes {
		store := w.another()
		group.Go(func() {
			for n := range each {
				name := fmt.Sprintf("user-%d-%d", p, n)
				_, err := store.Add(context.Background(), name, goodPassword, Grants{Namespaces: []string{name}})
				_, _, tokenErr := store.AddToken(context.Background(), "shared", name, 0)
				_, grantErr := store.Grant("shared", Grants{Namespaces: []string{name}})
				if err := errors.Join(err, tokenErr, grantErr, store.RotateKeys(false)); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
	group.Wait()
	users, err := w.another().List()
	if err != nil || len(users) != processes*each+1 {
		t.Errorf("there are %d users, %v", len(users), err)
	}
	shared, err := w.another().Named("shared")
	w.must(err)
	if len(shared.Tokens) != processes*each || len(shared.Namespaces) != processes*each+1 {
		t.Errorf("%d tokens and %d namespaces", len(shared.Tokens), len(shared.Namespaces))
	}
	if n := len(w.storedKeys()); n != processes*each {
		t.Errorf("%d keys are stored", n)
	}
	if left, _ := filepath.Glob(w.path(".*json*")); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}

// What a killed writer left is removed by the next one.
func TestUnfinishedFilesAreRemoved(t *testing.T) {
	w := newWorld(t)
	w.user("jane")
	w.must(os.WriteFile(w.path(".users.json12345"), []byte("{"), 0o600))
	w.must(w.Remove("jane"))
	if left, _ := filepath.Glob(w.path(".*")); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}
