package ingest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
)

// Every reason to reject is explained, and no reason to ignore is.
func TestEveryReasonToRejectIsExplained(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "reason.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, decl := range file.Decls {
		consts, ok := decl.(*ast.GenDecl)
		if !ok || consts.Tok != token.CONST {
			continue
		}
		verb := strings.Fields(consts.Doc.Text())[2] // Reasons to ignore …, Reasons to reject …
		for _, spec := range consts.Specs {
			text, err := strconv.Unquote(spec.(*ast.ValueSpec).Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			found[verb]++
			if reason := Reason(text); reason.IsReject() != (verb == "reject") {
				t.Errorf("%s is a reason to %s, but IsReject is %v", reason, verb, reason.IsReject())
			}
		}
	}
	if found["reject"] != len(RejectReasons()) || found["ignore"] < 5 {
		t.Errorf("found %v reasons, explained are %q", found, RejectReasons())
	}
	for _, name := range RejectReasons() {
		if help := Reason(name).Help(); help.Meaning == "" || help.Advice == "" {
			t.Errorf("%s: %+v", name, help)
		}
	}
	if help := Reason("from_tomorrow").Help(); !strings.Contains(help.Advice, "another version") {
		t.Errorf("of an unknown reason: %+v", help)
	}
}
