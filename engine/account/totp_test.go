package account

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The codes of RFC 6238, appendix B, of which six digits remain, are taken in their step and one beside it.
func TestCodesOfTheStandard(t *testing.T) {
	secret := base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))
	for at, code := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037"} {
		step := at / 30
		for off, want := range map[int64]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
			factor := totpRecord{Secret: secret, Counter: -1}
			got, ok := factor.match(code, time.Unix((step+off)*30, 0))
			if ok != want || ok && got != step {
				t.Errorf("%s in step %+d: %d, %v; want %d, %v", code, off, got, ok, step, want)
			}
		}
		used := totpRecord{Secret: secret, Counter: step}
		if _, ok := used.match(code, time.Unix(at, 0)); ok {
			t.Errorf("%s is taken twice", code)
		}
		for _, other := range []string{"", code[1:], code + "0", " " + code, "0" + code[1:] + " ", "000000", "１２３４５６", "\x00\x00\x00\x00\x00\x00", "12345\xff"} {
			if _, ok := (&totpRecord{Secret: secret, Counter: -1}).match(other, time.Unix(at, 0)); ok {
				t.Errorf("%q is taken for %s", other, code)
			}
		}
	}
}

func TestEnableTOTP(t *testing.T) {
	w := newWorld(t)
	w.user("jane@example.com")
	key, err := w.NewTOTP("Jane@example.com")
	w.must(err)
	for _, part := range []string{"otpauth://totp/pullscope:jane@example.com?", "secret=" + key.Secret, "issuer=pullscope", "algorithm=SHA1", "digits=6", "period=30"} {
		if !strings.Contains(key.URL, part) {
			t.Errorf("%s has no %s", key.URL, part)
		}
	}
	if w.mustNamed("jane@example.com").HasTOTP {
		t.Error("the second factor is in use before it was enabled")
	}
	wantError(t, "wrong code", w.EnableTOTP("jane@example.com", key.Secret, w.code(key.Secret, 2)), "the code is not that of the secret now")
	wantError(t, "short secret", w.EnableTOTP("jane@example.com", "ABCDEFGH", ""), "damaged")
	wantError(t, "unknown user", w.EnableTOTP("john", key.Secret, ""), `there is no such user: "john"`)
	w.must(w.EnableTOTP("jane@example.com", key.Secret, w.code(key.Secret, 0)))
	_, err = w.NewTOTP("jane@example.com")
	wantError(t, "twice", err, "has a second factor already")
	wantError(t, "twice", w.EnableTOTP("jane@example.com", key.Secret, ""), "has a second factor already")

	// The code that confirmed is used up.
	login, err := w.login("jane@example.com", goodPassword)
	w.must(err)
	_, err = w.SecondFactor(context.Background(), login.SecondFactor, w.code(key.Secret, 0), client)
	refused(t, "the code that confirmed", err)
	_, err = w.SecondFactor(context.Background(), login.SecondFactor, w.code(key.Secret, 1), client)
	w.must(err)

	login, err = w.login("jane@example.com", goodPassword)
	w.must(err)
	w.clock.add(time.Minute)
	session, err := w.SecondFactor(context.Background(), login.SecondFactor, w.code(key.Secret, 0), client)
	w.must(err)
	w.must(w.DisableTOTP("jane@example.com"))
	_, err = w.Authenticate(session)
	refused(t, "a session of before", err)
	w.session("jane@example.com", goodPassword)
	wantError(t, "disable twice", w.DisableTOTP("jane@example.com"), "has no second factor")
}

// A code is taken once, also by another process and after a restart, and from one of many tries at once.
func TestCodeIsTakenOnce(t *testing.T) {
	w := newWorld(t)
	w.user("jane")
	secret := w.factor("jane")
	code := w.code(secret, 0)
	var taken atomic.Int64
	var group sync.WaitGroup
	for n := range 8 {
		store := w.another()
		group.Go(func() {
			login, err := store.Login(context.Background(), "jane", goodPassword, client)
			if err != nil {
				t.Errorf("process %d: %v", n, err)
				return
			}
			if _, err := store.SecondFactor(context.Background(), login.SecondFactor, code, client); err == nil {
				taken.Add(1)
			} else {
				refused(t, fmt.Sprint("process ", n), err)
			}
		})
	}
	group.Wait()
	if n := taken.Load(); n != 1 {
		t.Errorf("the code was taken %d times", n)
	}
	login, err := w.login("jane", goodPassword)
	w.must(err)
	for _, steps := range []int64{0, -1} {
		_, err = w.SecondFactor(context.Background(), login.SecondFactor, w.code(secret, steps), client)
		refused(t, "a used or older code", err)
	}
	w.clock.add(30 * time.Second)
	_, err = w.SecondFactor(context.Background(), login.SecondFactor, w.code(secret, 0), client)
	w.must(err)
}

// A token allows five tries within five minutes, and one success.
func TestSecondFactorIsBounded(t *testing.T) {
	w := newWorld(t)
	w.user("jane")
	secret := w.factor("jane")
	token := func() string {
		login, err := w.login("jane", goodPassword)
		w.must(err)
		return login.SecondFactor
	}
	second := func(token, code string) error {
		_, err := w.SecondFactor(context.Background(), token, code, client)
		return err
	}
	wrong := w.code(secret, 100)

	once := token()
	w.must(second(once, w.code(secret, 0)))
	refused(t, "second use of a token", second(once, w.code(secret, 1)))
	w.must(second(token(), w.code(secret, 1)))

	w.clock.add(time.Hour)
	late := token()
	w.clock.add(5*time.Minute + leeway)
	refused(t, "after five minutes", second(late, w.code(secret, 0)))
	early := token()
	w.clock.add(5*time.Minute - time.Second)
	w.must(second(early, w.code(secret, 0)))

	// Wrong codes count like wrong passwords: the right password does not forget them.
	w.clock.add(time.Hour)
	for range 4 {
		refused(t, "wrong code", second(token(), wrong))
	}
	fifth := token()
	refused(t, "fifth wrong code", second(fifth, wrong))
	if wait := limited(t, "the right code while locked", second(fifth, w.code(secret, 0))); wait != time.Minute {
		t.Errorf("locked for %s, want 1m", wait)
	}
	_, err := w.login("jane", goodPassword)
	limited(t, "the right password while locked", err)

	// Five tries with one token, whatever the addresses.
	w.clock.add(time.Hour)
	five := token()
	for n := range 5 {
		w.limits.pairs.Purge()
		refused(t, fmt.Sprint("try ", n+1), second(five, wrong))
	}
	w.limits.pairs.Purge()
	refused(t, "the right code at the sixth try", second(five, w.code(secret, 0)))
	w.limits.pairs.Purge()
	w.must(second(token(), w.code(secret, 0)))
}

// A password, a second factor or a user that changed in between ends the log-in.
func TestSecondFactorOfAChangedUser(t *testing.T) {
	for what, change := range map[string]func(w *world) error{
		"password": func(w *world) error { return w.SetPassword(context.Background(), "jane", "another password") },
		"factor":   func(w *world) error { return w.DisableTOTP("jane") },
		"removal":  func(w *world) error { return w.Remove("jane") },
	} {
		w := newWorld(t)
		w.user("jane")
		secret := w.factor("jane")
		login, err := w.login("jane", goodPassword)
		w.must(err)
		w.must(change(w))
		_, err = w.SecondFactor(context.Background(), login.SecondFactor, w.code(secret, 0), client)
		refused(t, what, err)
	}
}

// A user that changed while its code was checked, which another process may do, is not let in.
func TestCodeOfAChangedUser(t *testing.T) {
	for what, change := range map[string]func(w *world) error{
		"nothing":  func(w *world) error { return nil },
		"password": func(w *world) error { return w.SetPassword(context.Background(), "jane", "another password") },
		"factor":   func(w *world) error { return w.DisableTOTP("jane") },
		"removal":  func(w *world) error { return w.Remove("jane") },
		"another": func(w *world) error {
			return errors.Join(w.Remove("jane"), second(w.Add(context.Background(), "jane", "", Grants{})))
		},
	} {
		w := newWorld(t)
		w.user("jane")
		secret := w.factor("jane")
		users, err := w.users()
		w.must(err)
		before := users.byName["jane"]
		w.must(change(w))
		if ok, err := w.useCode(before, w.code(secret, 0)); ok != (what == "nothing") || err != nil {
			t.Errorf("%s: the code is taken: %v, %v", what, ok, err)
		}
	}
}

func second(_ *User, err error) error { return err }
