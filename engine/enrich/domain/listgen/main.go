// Command listgen makes the domain lists that the engine embeds from three
// installed packages, whose versions package.json beside it pins.
//
//	go run ./engine/enrich/domain/listgen -from .cache/lists/node_modules -to engine/enrich/domain/lists/domains.gz
//
// It reads only data files of the packages and runs nothing of them. The same
// packages give the same bytes.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/pullscope/pullscope/engine/enrich/domain/internal/listfile"
)

func main() {
	from := flag.String("from", ".cache/lists/node_modules", "folder that the packages are installed in")
	to := flag.String("to", "engine/enrich/domain/lists/domains.gz", "file to write")
	flag.Parse()
	if err := generate(*from, *to, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "listgen:", err)
		os.Exit(1)
	}
}

// generate writes the lists and one line about them.
func generate(from, to string, report io.Writer) error {
	installed, err := checkPackages(from)
	if err != nil {
		return err
	}
	c, err := collect(from)
	if err != nil {
		return err
	}
	lists := listfile.Lists{Packages: strings.Join(installed, ", "), Kinds: c.kinds}
	file, err := listfile.Encode(lists)
	if err != nil {
		return err
	}
	if err := renameio.WriteFile(to, file, 0o644); err != nil {
		return fmt.Errorf("write the lists: %w", err)
	}
	count := lists.Count()
	_, err = fmt.Fprintf(report, "%s: %d personal, %d disposable and %d university domains, %d academic suffixes; %d entries left out that are no registered domains; %d bytes\n",
		to, count[listfile.Personal], count[listfile.Disposable], count[listfile.University], count[listfile.Suffix], c.skipped, len(file))
	return err
}
