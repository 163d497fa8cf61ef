package account

import (
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
)

// What authenticator apps know: SHA-1, six digits, 30 seconds.
const (
	totpStep   = 30 // seconds
	totpSkew   = 1  // steps that the clock of a telephone may be off
	totpDigits = 6
)

// totpRecord is a second factor as the file has it.
type totpRecord struct {
	// Secret is in base32, readable, since codes are computed from it.
	Secret string `json:"secret"`
	// Counter is the step of the last code that was taken; none at or before it is taken again.
	Counter int64 `json:"counter"`
}

var totpBase32 = base32.StdEncoding.WithPadding(base32.NoPadding)

func (t *totpRecord) check() error {
	if t == nil {
		return nil
	}
	if secret, err := totpBase32.DecodeString(t.Secret); err != nil || len(secret) < 16 {
		return errors.New("the secret of its second factor is damaged")
	}
	return nil
}

// TOTPKey is a new second factor that is not in use yet.
type TOTPKey struct {
	// Secret is in base32, for typing.
	Secret string
	// URL is otpauth://…, for QR codes.
	URL string
}

// NewTOTP makes a second factor for a user; EnableTOTP puts it to use.
func (s *Store) NewTOTP(name string) (TOTPKey, error) {
	user, err := s.Named(name)
	if err != nil {
		return TOTPKey{}, err
	}
	if user.HasTOTP {
		return TOTPKey{}, errHasTOTP(user.Name)
	}
	key, err := totp.Generate(totp.GenerateOpts{
		Issuer: issuer, AccountName: user.Name, Period: totpStep, SecretSize: 20, Digits: totpDigits, Algorithm: otp.AlgorithmSHA1,
	})
	if err != nil {
		return TOTPKey{}, fmt.Errorf("make a second factor: %w", err)
	}
	return TOTPKey{Secret: key.Secret(), URL: key.URL()}, nil
}

func errHasTOTP(name string) error {
	return fmt.Errorf("user %s has a second factor already; remove it first with engine user totp --disable", name)
}

// EnableTOTP puts a second factor to use and ends the sessions of the user. A code, where there is one,
// must be that of the secret now, and is used up.
func (s *Store) EnableTOTP(name, secret, code string) error {
	factor := &totpRecord{Secret: secret}
	if err := factor.check(); err != nil {
		return &InvalidError{err}
	}
	if code != "" {
		counter, ok := factor.match(code, s.now())
		if !ok {
			return invalid("the code is not that of the secret now; check the clocks of both machines and try again")
		}
		factor.Counter = counter
	}
	return s.editUser(name, func(user *record) error {
		if user.TOTP != nil {
			return errHasTOTP(user.Name)
		}
		user.TOTP, user.Epoch = factor, randomText(epochLength)
		return nil
	})
}

// DisableTOTP lets the password of a user be enough, and ends its sessions.
func (s *Store) DisableTOTP(name string) error {
	return s.editUser(name, func(user *record) error {
		if user.TOTP == nil {
			return fmt.Errorf("user %s has no second factor", user.Name)
		}
		user.TOTP, user.Epoch = nil, randomText(epochLength)
		return nil
	})
}

// match finds the step whose code this is, among those around now that were not used up.
func (t *totpRecord) match(code string, now time.Time) (counter int64, ok bool) {
	if len(code) != totpDigits {
		return 0, false
	}
	step := now.Unix() / totpStep
	for candidate := step - totpSkew; candidate <= step+totpSkew; candidate++ {
		want, err := hotp.GenerateCodeCustom(t.Secret, uint64(candidate), hotp.ValidateOpts{Digits: totpDigits, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return 0, false
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && candidate > t.Counter {
			counter, ok = candidate, true
		}
	}
	return counter, ok
}

// useCode takes a code of a user as it was at the log-in, once, for all processes.
func (s *Store) useCode(user *record, code string) (ok bool, err error) {
	if user.TOTP == nil {
		return false, nil
	}
	if _, ok := user.TOTP.match(code, s.now()); !ok {
		return false, nil // without the work of the lock
	}
	err = s.editUsers(func(file *usersFile) (bool, error) {
		stored := file.named(user.Name)
		if stored == nil || stored.ID != user.ID || stored.Epoch != user.Epoch || stored.TOTP == nil {
			return false, nil // changed in this moment
		}
		var counter int64
		if counter, ok = stored.TOTP.match(code, s.now()); ok {
			stored.TOTP.Counter = counter
		}
		return ok, nil
	})
	return ok && err == nil, err
}
