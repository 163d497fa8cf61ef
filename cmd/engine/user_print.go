package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/pullscope/pullscope/engine/account"
)

func printUsers(w io.Writer, users []account.User) {
	if len(users) == 0 {
		fmt.Fprintln(w, "there are no users; engine user add makes one")
		return
	}
	t := newTable(w, "user", "may see", "password", "second factor", "tokens", "since")
	tokens := 0
	for _, user := range users {
		t.AppendRow(table.Row{user.Name, grantsText(user.Grants), yesText(user.HasPassword), yesText(user.HasTOTP), len(user.Tokens), timeText(user.CreatedAt)})
		tokens += len(user.Tokens)
	}
	t.Render()
	if tokens > 0 {
		fmt.Fprintln(w)
		printTokens(w, users...)
	}
}

func printTokens(w io.Writer, users ...account.User) {
	now := time.Now()
	t := newTable(w, "token", "of", "label", "made", "expires")
	for _, user := range users {
		for _, token := range user.Tokens {
			expires := "never"
			switch {
			case token.Expired(now):
				expires = "expired"
			case !token.ExpiresAt.IsZero():
				expires = timeText(token.ExpiresAt)
			}
			t.AppendRow(table.Row{token.ID, user.Name, printable(token.Label), timeText(token.CreatedAt), expires})
		}
	}
	t.Render()
}

func yesText(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// grantsText says what a user may see.
func grantsText(g account.Grants) string {
	if g.Admin {
		return "everything"
	}
	var parts []string
	for _, list := range []struct {
		noun  string
		names []string
	}{{"publisher", g.Publishers}, {"namespace", g.Namespaces}, {"repository", g.Repositories}} {
		for _, name := range list.names {
			parts = append(parts, list.noun+" "+printable(name))
		}
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}
