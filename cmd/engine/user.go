package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/account"
	"github.com/pullscope/pullscope/engine/lake"
)

const userAddUsage = `Adds a user of the data API. The password is asked for twice, without showing it;
--password-stdin reads it, --generate makes one and prints it, once, alone on stdout.

What the user may see is named by at least one of --namespace, --publisher, --repository
and --admin; each but the last may be given many times.`

const userTokenUsage = `Makes a personal access token and prints it, once, alone on stdout. It stands in place
of the password at the log-in, for scripts, and needs no second factor:

  TOKEN=$(engine user token jane --label ci --expires 90d)

Sessions that came from a token end when it expires or is revoked.`

const userTOTPUsage = `Makes a second factor (TOTP: SHA-1, 6 digits, 30 seconds) and prints its secret and the
otpauth:// address that authenticator apps take. On a terminal a code confirms it first.
From then on the password needs a code of the app; tokens do not. Sessions end.

The secret lies readable in access/users.json of the data directory.`

func userCommand() *cli.Command {
	sub := func(name, args, usage, description string, action cli.ActionFunc, flags ...cli.Flag) *cli.Command {
		return &cli.Command{
			Name: name, Usage: usage, ArgsUsage: args, Description: description,
			Flags:        slices.Concat([]cli.Flag{dataFlag()}, flags, logFlags()),
			OnUsageError: onUsageError, HideHelpCommand: true, Action: action,
		}
	}
	return &cli.Command{
		Name: "user", Usage: "manage the users of the data API",
		OnUsageError: onUsageError, HideHelpCommand: true,
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usageError("command %q is unknown; take user add, list, password, grant, token, totp, remove or rotate-keys", c.Args().First())
			}
			return cli.ShowSubcommandHelp(c)
		},
		Subcommands: []*cli.Command{
			sub("add", "NAME", "add a user", userAddUsage, userAdd, slices.Concat(grantFlags(), passwordFlags(), []cli.Flag{
				&cli.BoolFlag{Name: "no-password", Usage: "a user that can only come with a token"},
			})...),
			sub("list", "", "list users, what they may see, and their tokens", "", userList, jsonFlag()),
			sub("password", "NAME", "give a user another password, which ends its sessions", "", userPassword, passwordFlags()...),
			sub("grant", "NAME", "let a user see more, or less", "", userGrant, append(grantFlags(),
				&cli.BoolFlag{Name: "revoke", Usage: "take away what is named"})...),
			sub("token", "NAME", "make, list or revoke personal access tokens", userTokenUsage, userToken,
				&cli.StringFlag{Name: "label", Usage: "what the token is for, a `TEXT`"},
				&cli.StringFlag{Name: "expires", Usage: "it holds for this `TIME`, such as 90d; default: until it is revoked"},
				&cli.BoolFlag{Name: "list", Usage: "list the tokens of the user"},
				&cli.StringFlag{Name: "revoke", Usage: "revoke the token of this `ID`"},
				jsonFlag()),
			sub("totp", "NAME", "give a user a second factor, or remove it", userTOTPUsage, userTOTP,
				&cli.BoolFlag{Name: "no-confirm", Usage: "do not ask for a code first"},
				&cli.BoolFlag{Name: "disable", Usage: "remove the second factor"}),
			sub("remove", "NAME", "remove a user with its tokens, which ends its sessions", "", userRemove),
			sub("rotate-keys", "", "make a new key for sessions and signed URLs", "", userRotateKeys,
				&cli.BoolFlag{Name: "now", Usage: "forget the old keys at once: everybody logs in anew, and given URLs end"}),
		},
	}
}

func grantFlags() []cli.Flag {
	return []cli.Flag{
		configFlag(),
		&cli.StringSliceFlag{Name: "namespace", Usage: "may see this `NAMESPACE`"},
		&cli.StringSliceFlag{Name: "publisher", Usage: "may see the namespaces of the publisher of this `ID`, checked against --config"},
		&cli.StringSliceFlag{Name: "repository", Usage: "may see this `REPOSITORY`, as in acme/app"},
		&cli.BoolFlag{Name: "admin", Usage: "may see everything"},
	}
}

// openUsers opens the users of the data directory that the flags name.
func openUsers(c *cli.Context) (*account.Store, *engine.Engine, error) {
	e, err := newEngine(c)
	if err != nil {
		return nil, nil, err
	}
	store, err := account.Open(e.Dir, account.Options{})
	return store, e, err
}

// ofUser runs a command about one user, whose name is its only argument.
func ofUser(c *cli.Context, run func(store *account.Store, e *engine.Engine, name string) error) error {
	args, err := interspersed(c)
	if err != nil {
		return err
	}
	if len(args) != 1 {
		return usageError("the name of one user is expected: engine user %s NAME", c.Command.Name)
	}
	store, e, err := openUsers(c)
	if err != nil {
		return err
	}
	defer store.Close()
	return userError(run(store, e, args[0]))
}

// userError tells wrong values from what failed.
func userError(err error) error {
	var wrong *account.InvalidError
	if errors.As(err, &wrong) || errors.Is(err, account.ErrUnknownUser) {
		return &engine.UsageError{Err: err}
	}
	return err
}

// grants are what the flags name; publishers must be in the configuration, where there is one.
func grants(c *cli.Context, e *engine.Engine) (account.Grants, error) {
	named := account.Grants{
		Admin: c.Bool("admin"), Publishers: c.StringSlice("publisher"),
		Namespaces: c.StringSlice("namespace"), Repositories: c.StringSlice("repository"),
	}
	if named.Empty() {
		return named, usageError("it is not said what the user may see; take --namespace, --publisher, --repository or --admin")
	}
	if path := c.String("config"); path != "" && !c.Bool("revoke") {
		for _, id := range named.Publishers {
			if !slices.ContainsFunc(e.Config.Publishers, func(p engine.Publisher) bool { return p.ID == id }) {
				return named, usageError("--publisher %q is no publisher of %s; add it there, or name its namespaces with --namespace", id, path)
			}
		}
	}
	return named, named.Validate()
}

func userAdd(c *cli.Context) error {
	return ofUser(c, func(store *account.Store, e *engine.Engine, name string) error {
		may, err := grants(c, e)
		if err != nil {
			return err
		}
		password, generated, err := newPassword(c, name)
		if err != nil {
			return err
		}
		user, err := store.Add(c.Context, name, password, may)
		if err != nil {
			return err
		}
		return tellPassword(c, generated, fmt.Sprintf("added %s, who may see %s", user.Name, grantsText(user.Grants)))
	})
}

func userPassword(c *cli.Context) error {
	return ofUser(c, func(store *account.Store, _ *engine.Engine, name string) error {
		user, err := store.Named(name)
		if err != nil {
			return err
		}
		password, generated, err := newPassword(c, user.Name)
		if err != nil {
			return err
		}
		if err := store.SetPassword(c.Context, name, password); err != nil {
			return err
		}
		return tellPassword(c, generated, fmt.Sprintf("%s has another password, and logs in anew", user.Name))
	})
}

// tellPassword prints what was done, to stderr when stdout is for the password.
func tellPassword(c *cli.Context, generated, done string) error {
	if generated == "" {
		_, err := fmt.Fprintln(c.App.Writer, done)
		return err
	}
	fmt.Fprintf(c.App.ErrWriter, "%s; the password is shown this once\n", done)
	_, err := fmt.Fprintln(c.App.Writer, generated)
	return err
}

func userGrant(c *cli.Context) error {
	return ofUser(c, func(store *account.Store, e *engine.Engine, name string) error {
		named, err := grants(c, e)
		if err != nil {
			return err
		}
		change := store.Grant
		if c.Bool("revoke") {
			change = store.Revoke
		}
		user, err := change(name, named)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.App.Writer, "%s may see %s\n", user.Name, grantsText(user.Grants))
		return nil
	})
}

func userRemove(c *cli.Context) error {
	return ofUser(c, func(store *account.Store, _ *engine.Engine, name string) error {
		if err := store.Remove(name); err != nil {
			return err
		}
		fmt.Fprintf(c.App.Writer, "removed %s\n", strings.ToLower(name))
		return nil
	})
}

func userRotateKeys(c *cli.Context) error {
	if c.NArg() > 0 {
		return usageError("argument %q is unexpected", c.Args().First())
	}
	store, _, err := openUsers(c)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := store.RotateKeys(c.Bool("now")); err != nil {
		return err
	}
	if c.Bool("now") {
		fmt.Fprintln(c.App.Writer, "made a new key; all sessions and signed URLs have ended")
	} else {
		fmt.Fprintln(c.App.Writer, "made a new key; sessions and signed URLs hold until they expire")
	}
	return nil
}

func userList(c *cli.Context) error {
	if c.NArg() > 0 {
		return usageError("argument %q is unexpected", c.Args().First())
	}
	store, e, err := openUsers(c)
	if err != nil {
		return err
	}
	defer store.Close()
	if _, err := lake.OpenExisting(e.Dir); err != nil { // rather than that a mistyped one has no users
		return err
	}
	users, err := store.List()
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, users)
	}
	printUsers(c.App.Writer, users)
	return nil
}
