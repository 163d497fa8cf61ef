package engine

import (
	"net/url"
	"slices"
	"strings"
)

// NotifyConfig says who is told of unattended runs.
type NotifyConfig struct {
	// Command is a program and its arguments; it gets the outcome of a run as JSON on stdin.
	Command []string `toml:"command"`
	// Webhook is an http or https URL, to which the JSON is posted.
	Webhook string `toml:"webhook"`
	// On is which runs are told: change (the default), all or failure.
	On string `toml:"on"`
}

// notifyOn are the values of notify.on; empty means the first.
var notifyOn = []string{"change", "all", "failure"}

func (c *Config) validateNotify() error {
	n := c.Notify
	if len(n.Command) > 0 && strings.TrimSpace(n.Command[0]) == "" {
		return badKey("notify.command", "the program has no name; name one, such as [\"/usr/local/bin/tell\", \"ops\"], or remove the key")
	}
	if n.Webhook != "" {
		// The address is not repeated, since its path is often a secret.
		if u, err := url.Parse(n.Webhook); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return badKey("notify.webhook", "it is no URL such as \"https://example.com/hook\"")
		}
	}
	if n.On != "" && !slices.Contains(notifyOn, n.On) {
		return badKey("notify.on", "%q is unknown; take change, all or failure", n.On)
	}
	return nil
}
