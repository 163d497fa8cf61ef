package account

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestNames(t *testing.T) {
	for given, want := range map[string]string{
		"jane": "jane", "Jane": "jane", "JANE.DOE": "jane.doe", "a": "a", "0": "0", "jane@example.com": "jane@example.com", "Jane+ci@Example.com": "jane+ci@example.com",
		"a-b_c.d": "a-b_c.d", strings.Repeat("a", 63): strings.Repeat("a", 63),
		"": "", ".a": "", "-a": "", "@a": "", "+a": "", "_a": "", "a b": "", " a": "", "a ": "", "a/b": "", "a\\b": "", "a\x00": "", "a\n": "", "é": "", "\u212Aane": "", "\xff": "",
		"a%00": "", "a:b": "", strings.Repeat("a", 64): "", strings.Repeat("a", 1<<20): "",
	} {
		got, ok := normalName(given)
		if got != want || ok != (want != "") {
			t.Errorf("normalName(%.80q) = %q, %v; want %q", given, got, ok, want)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		given := rapid.String().Draw(r, "name")
		name, ok := normalName(given)
		if again, stable := normalName(name); ok && (again != name || !stable || !strings.EqualFold(name, given) || len(name) != len(given)) {
			r.Fatalf("normalName(%q) = %q, and of that %q", given, name, again)
		}
	})
}

func TestAdd(t *testing.T) {
	w := newWorld(t)
	grants := Grants{Publishers: []string{"globex", "acme", "acme"}, Namespaces: []string{"b", "a"}, Repositories: []string{"c/d/e"}}
	user, err := w.Add(context.Background(), "Jane", goodPassword, grants)
	w.must(err)
	want := &User{ID: user.ID, Name: "jane", Grants: Grants{Publishers: []string{"acme", "globex"}, Namespaces: []string{"a", "b"}, Repositories: []string{"c/d/e"}},
		HasPassword: true, Tokens: []Token{}, CreatedAt: w.clock.now()}
	if !reflect.DeepEqual(user, want) || len(user.ID) != 16 {
		t.Errorf("Add = %+v, want %+v", user, want)
	}
	if read := w.mustNamed("JANE"); !reflect.DeepEqual(read, want) {
		t.Errorf("Named = %+v, want %+v", read, want)
	}
	for what, c := range map[string]struct {
		name, password, want string
		grants               Grants
	}{
		"twice":                     {"jane", goodPassword, "user jane exists already", Grants{}},
		"twice, case":               {"JANE", goodPassword, "user jane exists already", Grants{}},
		"name":                      {"jane doe", goodPassword, `user name "jane doe" cannot be one`, Grants{}},
		"huge name":                 {strings.Repeat("a", 1<<20), goodPassword, "…", Grants{}},
		"short password":            {"john", "short", "shorter than 10", Grants{}},
		"name as password":          {"john.johnson", "John.Johnson", "is the user name", Grants{}},
		"namespace":                 {"john", goodPassword, `namespace "acme/app" is no name of a namespace`, Grants{Namespaces: []string{"acme/app"}}},
		"empty namespace":           {"john", goodPassword, `namespace ""`, Grants{Namespaces: []string{""}}},
		"namespace with a line end": {"john", goodPassword, "namespace", Grants{Namespaces: []string{"a\nb"}}},
		"repository":                {"john", goodPassword, `repository "acme" is no repository`, Grants{Repositories: []string{"acme"}}},
		"half a repository":         {"john", goodPassword, `repository "acme/"`, Grants{Repositories: []string{"acme/"}}},
		"publisher":                 {"john", goodPassword, `publisher ""`, Grants{Publishers: []string{""}}},
	} {
		user, err := w.Add(context.Background(), c.name, c.password, c.grants)
		wantError(t, what, err, c.want)
		var wrong *InvalidError
		if errors.As(err, &wrong) == strings.HasPrefix(what, "twice") || user != nil || len(err.Error()) > 500 {
			t.Errorf("%s: %v, %+v", what, err, user)
		}
	}
	if users, err := w.List(); err != nil || len(users) != 1 {
		t.Errorf("there are %d users, %v", len(users), err)
	}
	content, err := os.ReadFile(w.path("users.json"))
	w.must(err)
	if strings.Contains(string(content), goodPassword) {
		t.Error("the file has the password")
	}
}

func TestListIsByNameAndWithoutSecrets(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"zoe", "adam", "jane"} {
		w.user(name)
	}
	secret := w.factor("jane")
	token, _ := w.token("jane", 0)
	users, err := w.List()
	w.must(err)
	var names []string
	for _, user := range users {
		names = append(names, user.Name)
	}
	if got := strings.Join(names, " "); got != "adam jane zoe" {
		t.Errorf("List has %s", got)
	}
	text, err := json.Marshal(users)
	w.must(err)
	for _, part := range []string{secret, token, token[len(token)-32:], "argon2", "epoch", "null"} {
		if strings.Contains(string(text), part) {
			t.Errorf("%s has %q", text, part)
		}
	}
	// What a caller does to it changes nothing here.
	users[1].Namespaces[0], users[1].Tokens[0].Label = "other", "other"
	if jane := w.mustNamed("jane"); jane.Namespaces[0] != "acme" || jane.Tokens[0].Label != "ci" {
		t.Errorf("the store was changed through its result: %+v", jane)
	}
}

func TestGrantAndRevoke(t *testing.T) {
	w := newWorld(t)
	w.user("jane")
	steps := []struct {
		revoke bool
		grants Grants
		want   Grants
	}{
		{false, Grants{Admin: true, Namespaces: []string{"beta", "acme"}}, Grants{true, []string{}, []string{"acme", "beta"}, []string{}}},
		{true, Grants{Admin: true, Namespaces: []string{"acme", "never"}}, Grants{false, []string{}, []string{"beta"}, []string{}}},
		{false, Grants{Publishers: []string{"p"}, Repositories: []string{"a/b", "a/a"}}, Grants{false, []string{"p"}, []string{"beta"}, []string{"a/a", "a/b"}}},
		{true, Grants{Publishers: []string{"p"}, Namespaces: []string{"beta"}, Repositories: []string{"a/a", "a/b"}}, Grants{false, []string{}, []string{}, []string{}}},
	}
	for n, step := range steps {
		change := w.Grant
		if step.revoke {
			change = w.Revoke
		}
		user, err := change("Jane", step.grants)
		if err != nil || !reflect.DeepEqual(user.Grants, step.want) || !reflect.DeepEqual(w.mustNamed("jane").Grants, step.want) {
			t.Errorf("step %d: %+v, %v; want %+v", n+1, user, err, step.want)
		}
	}
	if !w.mustNamed("jane").Empty() || (Grants{Admin: true}).Empty() {
		t.Error("Empty is wrong")
	}
	_, err := w.Grant("jane", Grants{Namespaces: []string{"a/b"}})
	wantError(t, "namespace", err, `namespace "a/b"`)
}

func TestUnknownUsers(t *testing.T) {
	w := newWorld(t)
	w.user("jane")
	_, grantErr := w.Grant("john", Grants{})
	_, revokeErr := w.Revoke("john", Grants{})
	_, namedErr := w.Named(strings.Repeat("x", 1<<20))
	_, totpErr := w.NewTOTP("john")
	_, _, tokenErr := w.AddToken(context.Background(), "john", "", 0)
	for what, err := range map[string]error{
		"Grant": grantErr, "Revoke": revokeErr, "Named": namedErr, "NewTOTP": totpErr, "AddToken": tokenErr,
		"SetPassword": w.SetPassword(context.Background(), "john", goodPassword), "Remove": w.Remove("john"), "RevokeToken": w.RevokeToken("john", "x"),
		"DisableTOTP": w.DisableTOTP("\xff"),
	} {
		if !errors.Is(err, ErrUnknownUser) || len(err.Error()) > 1000 {
			t.Errorf("%s of an unknown user: %v", what, err)
		}
	}
}

// A user who comes back is another one.
func TestRemovedUserIsGone(t *testing.T) {
	w := newWorld(t)
	first := w.user("jane")
	token, _ := w.token("jane", 0)
	w.must(w.Remove("JANE"))
	_, err := w.login("jane", goodPassword)
	refused(t, "a removed user", err)
	second := w.user("jane")
	if second.ID == first.ID {
		t.Error("the user has the ID of before")
	}
	if _, ok := w.User(first.ID); ok {
		t.Error("the ID of before is known")
	}
	_, err = w.login("jane", token)
	refused(t, "a token of before", err)
}

func TestSetPassword(t *testing.T) {
	w := newWorld(t)
	w.user("jane")
	w.must(w.SetPassword(context.Background(), "Jane", "another password"))
	w.session("jane", "another password")
	_, err := w.login("jane", goodPassword)
	refused(t, "the old password", err)
	wantError(t, "short", w.SetPassword(context.Background(), "jane", "short"), "shorter than 10")
	wantError(t, "empty", w.SetPassword(context.Background(), "jane", ""), "shorter than 10")
	w.session("jane", "another password")
}

func TestAddToken(t *testing.T) {
	w := newWorld(t)
	w.user("jane")
	secret, token, err := w.AddToken(context.Background(), "Jane", "nightly job", 90*24*time.Hour)
	w.must(err)
	want := Token{ID: secret[4:14], Label: "nightly job", CreatedAt: w.clock.now(), ExpiresAt: w.clock.now().Add(90 * 24 * time.Hour)}
	if token != want || len(secret) != 47 || !strings.HasPrefix(secret, "psp_") || secret[14] != '_' {
		t.Errorf("AddToken = %s, %+v; want %+v", secret, token, want)
	}
	if id, ok := parseToken(secret); !ok || id != token.ID {
		t.Errorf("%s is read as %q, %v", secret, id, ok)
	}
	if token.Expired(token.ExpiresAt.Add(-1)) || !token.Expired(token.ExpiresAt) || (Token{}).Expired(token.ExpiresAt) {
		t.Error("Expired is wrong")
	}
	for what, c := range map[string]struct {
		label    string
		lifetime time.Duration
		want     string
	}{
		"label of two lines": {"a\nb", 0, "label"}, "long label": {strings.Repeat("x", 101), 0, "label"}, "label without UTF-8": {"\xff", 0, "label"},
		"negative": {"", -time.Hour, "cannot expire"}, "too soon": {"", 1, "cannot expire"}, "too late": {"", 3651 * 24 * time.Hour, "cannot expire"},
	} {
		_, _, err := w.AddToken(context.Background(), "jane", c.label, c.lifetime)
		wantError(t, what, err, c.want)
	}
	wantError(t, "unknown token", w.RevokeToken("jane", "x"), `user jane has no token "x"`)
	for range maxTokens - 1 {
		w.token("jane", 0)
	}
	_, _, err = w.AddToken(context.Background(), "jane", "", 0)
	wantError(t, "one too many", err, "user jane has 100 tokens")
	w.must(w.RevokeToken("jane", token.ID))
	w.token("jane", 0)
}

func TestParseTokenProperty(t *testing.T) {
	good := "psp_abcdefghij_abcdefghijklmnopqrstuvwxyz234567"
	if id, ok := parseToken(good); !ok || id != "abcdefghij" {
		t.Fatalf("%s is read as %q, %v", good, id, ok)
	}
	rapid.Check(t, func(r *rapid.T) {
		text := []byte(good)
		for range rapid.IntRange(1, 2).Draw(r, "changes") {
			text[rapid.IntRange(0, len(text)-1).Draw(r, "at")] = rapid.Byte().Draw(r, "to")
		}
		changed := string(text[:rapid.IntRange(len(text)-1, len(text)).Draw(r, "length")])
		wellFormed := len(changed) == 47 && strings.HasPrefix(changed, "psp_") && changed[14] == '_' &&
			strings.Trim(changed[4:14], alphabet) == "" && strings.Trim(changed[15:], alphabet) == ""
		if id, ok := parseToken(changed); ok != wellFormed || ok && id != changed[4:14] {
			r.Fatalf("%q is read as %q, %v", changed, id, ok)
		}
	})
}
