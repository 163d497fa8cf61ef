package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/duck"
	"github.com/pullscope/pullscope/reports"
)

// promptCommand is one command of the prompt. With argument "", or optional, it
// may stand alone.
type promptCommand struct {
	name, argument, help string
	optional             bool
	run                  func(p *prompt, ctx context.Context, argument string) error
}

// promptCommands are all but .help and .quit, which are about these.
var promptCommands = []promptCommand{
	{".tables", "", "list what can be queried", false, (*prompt).listTables},
	{".schema", "TABLE", "list the columns of a table, or of all", true, (*prompt).describe},
	{".reports", "", "list the reports, which are table functions of a period", false, (*prompt).listReports},
	{".format", "FORM", "show results as " + orList(queryFormats), false, (*prompt).setFormat},
	{".limit", "ROWS", "show at most so many rows; 0: all", false, (*prompt).setLimit},
	{".timeout", "TIME", "end queries that take longer, such as 30s; 0: never", false, (*prompt).setTimeout},
	{".timer", "on|off", "say how long each query took", false, (*prompt).setTimer},
	{".output", "FILE", "write the next result to a file", false, (*prompt).setOutput},
	{".param", "NAME=VALUE", "give $name in queries a value", false, (*prompt).setParam},
	{".params", "", "list the parameters", false, (*prompt).listParams},
	{".saved", "NAME", "run a saved query, or list them", true, (*prompt).saved},
	{".refresh", "", "see what runs have stored since the prompt began", false, func(p *prompt, ctx context.Context, _ string) error { return p.refresh(ctx) }},
}

const (
	helpCommand = ".help"
	quitCommand = ".quit"
)

// commandNames are the names of all commands.
func commandNames() []string {
	names := []string{helpCommand, quitCommand}
	for _, command := range promptCommands {
		names = append(names, command.name)
	}
	slices.Sort(names)
	return names
}

// command runs a line that begins with a dot.
func (p *prompt) command(ctx context.Context, line string) (quit bool, err error) {
	name, argument, _ := strings.Cut(line, " ")
	argument = strings.TrimSpace(argument)
	if !strings.Contains(name, "=") {
		name, argument = strings.TrimSuffix(name, ";"), strings.TrimSpace(strings.TrimSuffix(argument, ";"))
	}
	switch name {
	case helpCommand:
		return false, p.help()
	case quitCommand, ".exit":
		return true, nil
	}
	at := slices.IndexFunc(promptCommands, func(command promptCommand) bool { return command.name == name })
	if at < 0 {
		return false, usageError("there is no command %s; .help lists them", name)
	}
	command := promptCommands[at]
	switch {
	case command.argument == "" && argument != "":
		return false, usageError("%s takes nothing more; leave out %s", name, argument)
	case command.argument != "" && argument == "" && !command.optional:
		return false, usageError("%s %s: the %s is missing", name, command.argument, command.argument)
	}
	return false, command.run(p, ctx, argument)
}

func (p *prompt) help() error {
	var rows [][2]string
	for _, command := range promptCommands {
		argument := command.argument
		if command.optional {
			argument = "[" + argument + "]"
		}
		rows = append(rows, [2]string{strings.TrimSpace(command.name + " " + argument), command.help})
	}
	rows = append(rows, [2]string{quitCommand, "end, as Ctrl-D does; Ctrl-C cancels a query or a line"})
	return p.list([2]string{"command", "what it does"}, rows)
}

func (p *prompt) listTables(context.Context, string) error {
	var rows [][2]string
	for _, name := range p.names.Tables {
		rows = append(rows, [2]string{name, strings.Join(p.names.Columns[name], ", ")})
	}
	return p.list([2]string{"table", "columns"}, rows)
}

func (p *prompt) describe(ctx context.Context, table string) error {
	if table != "" && !slices.Contains(p.names.Tables, table) {
		return usageError("there is no table %s; .tables lists them, and a query such as describe from report_trends('2026-W39'); has the columns of a report", table)
	}
	query := "select table_name as \"table\", column_name as \"column\", data_type as type from duckdb_columns() where not internal and schema_name = 'main' order by table_name, column_index"
	if table != "" {
		query = "select column_name as \"column\", column_type as type from (describe " + duck.QuoteName(table) + ")"
	}
	writer := p.table()
	if err := p.querier.Run(ctx, query, nil, engine.Texts, writer.begin, writer.row); err != nil {
		return err
	}
	return writer.end()
}

// table writes to the screen as the results of queries are written.
func (p *prompt) table() resultWriter {
	width, _ := p.size()
	return newResultWriter("table", p.screen.out, screen{width: width, flags: p.screen.flags})
}

// list shows rows of two texts.
func (p *prompt) list(columns [2]string, rows [][2]string) error {
	width, _ := p.size()
	writer := &tableWriter{w: p.screen.out, width: width}
	if err := writer.begin([]duck.Column{{Name: columns[0]}, {Name: columns[1]}}); err != nil {
		return err
	}
	for _, row := range rows {
		if err := writer.row([]*string{&row[0], &row[1]}); err != nil {
			return err
		}
	}
	return writer.end()
}

func (p *prompt) listReports(context.Context, string) error {
	var rows [][2]string
	for _, report := range reports.All() {
		if name := "report_" + report.Name; slices.Contains(p.names.Functions, name) {
			rows = append(rows, [2]string{name + "(period)", report.Question()})
		}
	}
	return p.list([2]string{"report", "answers"}, rows)
}

func (p *prompt) setFormat(_ context.Context, format string) error {
	if !slices.Contains(queryFormats, format) {
		return unknownFormat(format, queryFormats)
	}
	p.options.format = format
	return nil
}

func (p *prompt) setLimit(_ context.Context, text string) error {
	limit, err := strconv.ParseInt(text, 10, 64)
	if err != nil || limit < 0 {
		return usageError(".limit %s: that is no number of rows; 0 is without limit", text)
	}
	p.options.limit = limit
	return nil
}

func (p *prompt) setTimeout(_ context.Context, text string) error {
	timeout, err := time.ParseDuration(text)
	if err != nil || timeout < 0 {
		return usageError(".timeout %s: that is no time such as 30s or 5m; 0 is without limit", text)
	}
	p.options.timeout = timeout
	return nil
}

func (p *prompt) setTimer(_ context.Context, text string) error {
	if text != "on" && text != "off" {
		return usageError(".timer %s: take on or off", text)
	}
	p.timer = text == "on"
	return nil
}

func (p *prompt) setOutput(_ context.Context, file string) error {
	if _, ok := formatOfFile(file, queryFormats); !ok && p.options.format == "table" {
		return usageError("the name %s tells no format; let it end in %s, or choose one with .format", file, orList(endingsOf(queryFormats)))
	}
	if _, err := engine.OutputFile(file); err != nil {
		return err
	}
	p.output = file
	fmt.Fprintf(p.screen.out, "the next result goes to %s\n", file)
	return nil
}

func (p *prompt) setParam(_ context.Context, text string) error {
	param, err := engine.ParseParam(text)
	if err == nil {
		p.options.params = engine.AddParam(p.options.params, param)
		p.given = append(p.given, text)
	}
	return err
}

func (p *prompt) listParams(context.Context, string) error {
	for _, param := range p.options.params {
		value := fmt.Sprint(param.Value)
		switch v := param.Value.(type) {
		case string:
			value = duck.Quote(v)
		case time.Time:
			value = v.Format(time.RFC3339Nano)
		}
		fmt.Fprintf(p.screen.out, "$%s = %s\n", param.Name, printable(value))
	}
	if len(p.options.params) == 0 {
		fmt.Fprintln(p.screen.out, "there are no parameters; .param name=value makes one")
	}
	return nil
}

// saved runs a saved query with those of the parameters that it has.
func (p *prompt) saved(ctx context.Context, name string) error {
	if name == "" {
		return listSaved(p.screen.out, p.engine, false)
	}
	query, err := p.engine.SavedQuery(name)
	if err != nil {
		return err
	}
	var given []string
	for _, text := range p.given {
		set, _, _ := strings.Cut(text, "=")
		if slices.ContainsFunc(query.Params, func(param engine.SavedParam) bool { return strings.EqualFold(param.Name, set) }) {
			given = append(given, text)
		}
	}
	params, err := query.Bind(given)
	if err != nil {
		return err
	}
	return p.run(ctx, query.SQL, params)
}

func ignoreColumns([]duck.Column) error { return nil }
