package main

import (
	"fmt"
	"os"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/urfave/cli/v2"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/enrich/cloud"
	"github.com/pullscope/pullscope/engine/enrich/origin"
)

func dataCommand() *cli.Command {
	return &cli.Command{
		Name: "data", Usage: "show and update the data that facts about clients come from",
		OnUsageError: onUsageError, HideHelpCommand: true,
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usageError("command %q is unknown; take data status or data update", c.Args().First())
			}
			return cli.ShowSubcommandHelp(c)
		},
		Subcommands: []*cli.Command{
			{
				Name: "status", Usage: "list databases, ranges, tables and lists with their age",
				Flags:        append([]cli.Flag{dataFlag(), configFlag()}, logFlags()...),
				OnUsageError: onUsageError, HideHelpCommand: true, Action: dataStatus,
			},
			{
				Name: "update", Usage: "download the cloud providers' published address ranges",
				Description: "The only command that uses the network. A file that cannot be had or read leaves\nits older version in place; the others are updated all the same.",
				Flags: append([]cli.Flag{
					dataFlag(), configFlag(),
					&cli.StringFlag{Name: "sources", Usage: "a `FILE` with other addresses to download from (CSV: provider,file,url,discover)"},
					&cli.DurationFlag{Name: "timeout", Value: time.Minute, Usage: "longest time for one file"},
				}, logFlags()...),
				OnUsageError: onUsageError, HideHelpCommand: true, Action: dataUpdate,
			},
		},
	}
}

func dataStatus(c *cli.Context) error {
	if c.NArg() > 0 {
		return usageError("argument %q is unexpected", c.Args().First())
	}
	e, err := newEngine(c)
	if err != nil {
		return err
	}
	now := time.Now()
	files, err := cloud.Status(e.CloudsDir())
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	if len(files) == 0 {
		fmt.Fprintf(c.App.Writer, "cloud ranges: none in %s; engine data update downloads them\n", e.CloudsDir())
	} else {
		t := newTable(c.App.Writer, "cloud ranges", "of", "prefixes", "built", "downloaded", "")
		for _, file := range files {
			t.AppendRow([]any{file.Path, file.Type, file.Entries, builtText(file.Built, now), ageText(now.Sub(file.Modified)), file.Problem})
		}
		t.Render()
	}
	enricher, err := e.OpenEnricher()
	if err != nil {
		return err
	}
	defer enricher.Close()
	t := newTable(c.App.Writer, "source", "kind", "type", "entries", "built")
	t.SetColumnConfigs([]table.ColumnConfig{{Name: "entries", Align: text.AlignRight, AlignHeader: text.AlignRight}})
	for _, o := range enricher.Origins() {
		if o.Kind == origin.Ranges {
			continue
		}
		entries := ""
		if o.Entries > 0 {
			entries = fmt.Sprint(o.Entries)
		}
		t.AppendRow([]any{o.Name, o.Kind, o.Type, entries, builtText(o.Built, now)})
	}
	t.Render()
	if !enricher.Complete() {
		fmt.Fprintln(c.App.Writer, coreOnly)
	}
	return nil
}

// coreOnly is what a build without the generated lists says.
const coreOnly = "domain lists: only the core is compiled in; make lists && make build adds the full lists"

// builtText adds the age to a date, where it is one.
func builtText(built string, now time.Time) string {
	// AWS and Google have stamps of their own.
	for _, layout := range []string{time.RFC3339, time.DateOnly, "2006-01-02-15-04-05", "2006-01-02T15:04:05.999999"} {
		if at, err := time.Parse(layout, built); err == nil {
			return fmt.Sprintf("%s (%s)", at.Format(time.DateOnly), ageText(now.Sub(at)))
		}
	}
	return built
}

func ageText(age time.Duration) string {
	switch hours := int64(age.Hours()); {
	case age < 0:
		return "in the future"
	case hours < 1:
		return "less than an hour ago"
	case hours < 48:
		return count(hours, "hour") + " ago"
	default:
		return count(hours/24, "day") + " ago"
	}
}

func dataUpdate(c *cli.Context) error {
	if c.NArg() > 0 {
		return usageError("argument %q is unexpected", c.Args().First())
	}
	e, err := newEngine(c)
	if err != nil {
		return err
	}
	sources := cloud.Sources()
	if path := c.String("sources"); path != "" {
		if sources, err = cloud.LoadSources(path); err != nil {
			return &engine.UsageError{Err: err}
		}
	}
	return cloud.Update(c.Context, e.CloudsDir(), sources, cloud.UpdateOptions{Timeout: c.Duration("timeout")}, func(updated cloud.Updated) {
		result := "unchanged"
		switch {
		case updated.Err != nil:
			result = "failed: " + updated.Err.Error()
		case updated.Changed:
			result = "updated"
		}
		if updated.Err == nil {
			result += fmt.Sprintf(", %d prefixes", updated.Prefixes)
			if updated.Built != "" {
				result += ", built " + updated.Built
			}
		}
		fmt.Fprintf(c.App.Writer, "%s: %s\n", updated.Source.File, printable(result))
	})
}
