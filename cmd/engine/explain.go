package main

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/enrich"
	"github.com/pullscope/pullscope/engine/enrich/origin"
)

const explainUsage = `Prints what a run would derive from an IP address, a user agent, or a domain or
e-mail address, and for each fact its source, the version of that and the rule
that decided. Nothing is stored.`

func explainCommand() *cli.Command {
	return &cli.Command{
		Name: "explain", Usage: "tell what is derived from an address, user agent or domain, and why", ArgsUsage: "IP|AGENT|DOMAIN",
		Description: explainUsage,
		Flags: append([]cli.Flag{
			dataFlag(), configFlag(),
			&cli.StringFlag{Name: "as", Usage: "take the argument for this `KIND`: ip, agent or domain; else its form decides"},
			&cli.BoolFlag{Name: "json", Usage: "print the facts as JSON"},
		}, logFlags()...),
		OnUsageError: onUsageError,
		Action:       explain,
	}
}

func explain(c *cli.Context) error {
	if c.NArg() != 1 {
		return usageError("one IP address, user agent or domain is expected, in quotes; flags come before it")
	}
	text := strings.TrimSpace(c.Args().First())
	if text == "" {
		return usageError("the argument is empty; name an IP address, user agent or domain")
	}
	kind := enrich.KindOf(text)
	if _, err := netip.ParsePrefix(text); err == nil && c.String("as") == "" {
		return usageError("%q is a range of addresses; name one of them", text)
	}
	if name := c.String("as"); name != "" {
		var err error
		if kind, err = enrich.ParseKind(name); err != nil {
			return &engine.UsageError{Err: err}
		}
	}
	e, err := newEngine(c)
	if err != nil {
		return err
	}
	enricher, err := e.OpenEnricher()
	if err != nil {
		return err
	}
	defer enricher.Close()
	facts, err := enricher.Explain(kind, text)
	if err != nil {
		return &engine.UsageError{Err: err}
	}
	if c.Bool("json") {
		encoder := json.NewEncoder(c.App.Writer)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(facts)
	}
	printFacts(c, kind, facts)
	return nil
}

func printFacts(c *cli.Context, kind enrich.Kind, facts []origin.Fact) {
	t := newTable(c.App.Writer, map[enrich.Kind]string{enrich.IP: "address", enrich.UserAgent: "user agent", enrich.Domain: "domain"}[kind], "value", "from", "because")
	for _, fact := range facts {
		value := fact.Value
		if value == "" {
			value = "(unknown)"
		}
		t.AppendRow([]any{fact.Name, printable(value), printable(fact.Origin), printable(fact.Rule)})
	}
	t.Render()
	if len(facts) == 0 {
		fmt.Fprintln(c.App.Writer, "nothing is known")
	}
}
