package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/account"
)

func passwordFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "password-stdin", Usage: "read the password, one line, from standard input"},
		&cli.BoolFlag{Name: "generate", Usage: "make a password and print it"},
	}
}

// newPassword is the password that the flags name, or that is asked for; generated is set when it has to be shown.
func newPassword(c *cli.Context, name string) (password, generated string, err error) {
	chosen := 0
	for _, flag := range []string{"password-stdin", "generate", "no-password"} {
		if c.Bool(flag) {
			chosen++
		}
	}
	switch {
	case chosen > 1:
		return "", "", usageError("--password-stdin, --generate and --no-password exclude one another; take one of them")
	case c.Bool("no-password"):
		return "", "", nil
	case c.Bool("generate"):
		generated = account.GeneratePassword()
		return generated, generated, nil
	case c.Bool("password-stdin"):
		line, err := readLine(c.Context, bufio.NewReader(io.LimitReader(c.App.Reader, maxLine)))
		if err != nil {
			return "", "", fmt.Errorf("read the password from standard input: %w", err)
		}
		if line == "" {
			return "", "", usageError("there is no password on standard input")
		}
		return line, "", nil
	case !typesOn(c.App.Reader):
		return "", "", usageError("there is no terminal to ask for the password; take --password-stdin or --generate")
	}
	password, err = askPassword(c, "password of "+printable(name)+": ")
	if err != nil {
		return "", "", err
	}
	again, err := askPassword(c, "once more: ")
	if err != nil {
		return "", "", err
	}
	if password != again {
		return "", "", errors.New("the two passwords differ; nothing was changed")
	}
	if password == "" {
		return "", "", usageError("the password is empty; nothing was changed")
	}
	return password, "", nil
}

// maxLine is more than a password may have, so that a longer one is told and not cut.
const maxLine = 64 << 10

// askPassword reads what is typed without showing it.
func askPassword(c *cli.Context, prompt string) (string, error) {
	file := c.App.Reader.(*os.File) // see typesOn
	// Raw before the prompt stands there, so that nothing is shown of what is typed at once.
	state, err := term.MakeRaw(int(file.Fd()))
	if err != nil {
		return "", fmt.Errorf("ask for the password: %w", err)
	}
	fmt.Fprint(c.App.ErrWriter, prompt)
	typed, err := inBackground(c.Context, func() (string, error) {
		typed, err := term.ReadPassword(int(file.Fd()))
		return string(typed), err
	})
	// Also after Ctrl-C: the terminal would go on showing nothing.
	err = errors.Join(err, term.Restore(int(file.Fd()), state))
	fmt.Fprintln(c.App.ErrWriter)
	if err != nil {
		return "", fmt.Errorf("ask for the password: %w", err)
	}
	return typed, nil
}

// readLine reads a line without its end.
func readLine(ctx context.Context, r *bufio.Reader) (string, error) {
	return inBackground(ctx, func() (string, error) {
		line, err := r.ReadString('\n')
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), err
	})
}

// inBackground waits for a reader that knows no context, or for the end of the context.
func inBackground(ctx context.Context, read func() (string, error)) (string, error) {
	type result struct {
		text string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := read()
		done <- result{text, err}
	}()
	select {
	case r := <-done:
		return r.text, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func userToken(c *cli.Context) error {
	return ofUser(c, func(store *account.Store, _ *engine.Engine, name string) error {
		if c.Bool("list") && c.IsSet("revoke") || (c.Bool("list") || c.IsSet("revoke")) && (c.IsSet("label") || c.IsSet("expires")) {
			return usageError("--list and --revoke stand alone; --label and --expires are for a new token")
		}
		if c.Bool("json") && !c.Bool("list") {
			return usageError("--json is for --list")
		}
		switch {
		case c.Bool("list"):
			return tokenList(c, store, name)
		case c.IsSet("revoke"):
			if err := store.RevokeToken(name, c.String("revoke")); err != nil {
				return err
			}
			fmt.Fprintf(c.App.Writer, "revoked token %s of %s\n", c.String("revoke"), strings.ToLower(name))
			return nil
		}
		var lifetime engine.Duration
		if c.IsSet("expires") {
			if err := lifetime.UnmarshalText([]byte(c.String("expires"))); err != nil || lifetime.Duration <= 0 {
				return usageError("--expires %q is no time such as 90d or 12h", c.String("expires"))
			}
		}
		secret, token, err := store.AddToken(c.Context, name, c.String("label"), lifetime.Duration)
		if err != nil {
			return err
		}
		until := "until it is revoked"
		if !token.ExpiresAt.IsZero() {
			until = "until " + timeText(token.ExpiresAt)
		}
		fmt.Fprintf(c.App.ErrWriter, "made token %s of %s, which holds %s; it is shown this once\n", token.ID, strings.ToLower(name), until)
		_, err = fmt.Fprintln(c.App.Writer, secret)
		return err
	})
}

func tokenList(c *cli.Context, store *account.Store, name string) error {
	user, err := store.Named(name)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, user.Tokens)
	}
	if len(user.Tokens) == 0 {
		fmt.Fprintf(c.App.Writer, "%s has no tokens\n", user.Name)
		return nil
	}
	printTokens(c.App.Writer, *user)
	return nil
}

// codeTries is how often a code may be typed.
const codeTries = 3

func userTOTP(c *cli.Context) error {
	return ofUser(c, func(store *account.Store, _ *engine.Engine, name string) error {
		shown := strings.ToLower(name)
		if c.Bool("disable") {
			if err := store.DisableTOTP(name); err != nil {
				return err
			}
			fmt.Fprintf(c.App.Writer, "%s has no second factor any more, and logs in anew\n", shown)
			return nil
		}
		key, err := store.NewTOTP(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.App.Writer, "secret: %s\naddress: %s\n", key.Secret, key.URL)
		if c.Bool("no-confirm") || !typesOn(c.App.Reader) {
			err = store.EnableTOTP(name, key.Secret, "")
		} else {
			err = confirmTOTP(c, store, name, key.Secret)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(c.App.ErrWriter, "%s has a second factor, and logs in anew\n", shown)
		return nil
	})
}

// confirmTOTP puts a second factor to use once a code of it was typed.
func confirmTOTP(c *cli.Context, store *account.Store, name, secret string) (err error) {
	lines := bufio.NewReader(c.App.Reader)
	for range codeTries {
		fmt.Fprint(c.App.ErrWriter, "code that the app shows: ")
		code, readErr := readLine(c.Context, lines)
		if readErr != nil {
			return fmt.Errorf("ask for a code: %w", readErr)
		}
		if code = strings.ReplaceAll(code, " ", ""); code == "" {
			return usageError("no code was given; the second factor is not in use")
		}
		var wrong *account.InvalidError
		if err = store.EnableTOTP(name, secret, code); !errors.As(err, &wrong) {
			return err
		}
		fmt.Fprintln(c.App.ErrWriter, err)
	}
	return fmt.Errorf("the second factor is not in use: %w", err)
}
