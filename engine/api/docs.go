package api

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
)

//go:embed docs.html
var docsTemplate string

//go:embed docs.css
var docsStyle []byte

// docsPolicy lets the page load its style sheet and nothing else, and nobody frame it.
const docsPolicy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// docsHandler answers the document as a page to read. The page is made once, of what is
// embedded: it panics when that does not fit together, which a test would have seen.
func docsHandler() http.HandlerFunc {
	page, err := docsPage(documentJSON)
	if err != nil {
		panic("embedded document: " + err.Error())
	}
	file := documentFile(page, "text/html; charset=utf-8")
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", docsPolicy)
		w.Header().Set("Referrer-Policy", "no-referrer")
		file(w, r)
	}
}

// docsStyleHandler answers the style sheet of the page.
func docsStyleHandler() http.HandlerFunc {
	return documentFile(docsStyle, "text/css; charset=utf-8")
}

// docsPage makes the page of a document.
func docsPage(document []byte) ([]byte, error) {
	var spec docSpec
	if err := json.Unmarshal(document, &spec); err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	if err := spec.resolve(); err != nil {
		return nil, err
	}
	page, err := template.New("docs").Funcs(template.FuncMap{
		"blocks": docBlocks, "spans": docSpans, "json": docPretty, "upper": strings.ToUpper,
	}).Parse(docsTemplate)
	if err != nil {
		return nil, fmt.Errorf("read the template of the page: %w", err)
	}
	var text bytes.Buffer
	if err := page.Execute(&text, &spec); err != nil {
		return nil, fmt.Errorf("make the page of the OpenAPI document: %w", err)
	}
	return text.Bytes(), nil
}

// docBlock is a paragraph, or a list where Items are there.
type docBlock struct {
	Text  string
	Items []string
}

// docBlocks cuts a description at empty lines. A block whose lines begin with "- " is a list.
func docBlocks(description string) []docBlock {
	var blocks []docBlock
	for text := range strings.SplitSeq(description, "\n\n") {
		if items, ok := strings.CutPrefix(text, "- "); ok {
			blocks = append(blocks, docBlock{Items: strings.Split(items, "\n- ")})
		} else {
			blocks = append(blocks, docBlock{Text: text})
		}
	}
	return blocks
}

// docSpan is a stretch of a line, of code where it stood between backticks.
type docSpan struct {
	Text string
	Code bool
}

func docSpans(line string) []docSpan {
	var spans []docSpan
	for i, text := range strings.Split(line, "`") {
		if text != "" {
			spans = append(spans, docSpan{text, i%2 == 1})
		}
	}
	return spans
}

// docPretty writes an example: a text as it is, all else as indented JSON.
func docPretty(example json.RawMessage) (string, error) {
	var text string
	if json.Unmarshal(example, &text) == nil {
		return text, nil
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, example, "", "  "); err != nil {
		return "", fmt.Errorf("write the example %s: %w", example, err)
	}
	return pretty.String(), nil
}

// Groups are the operations by tag, in the order of the tags and of the paths.
func (s *docSpec) Groups() []docGroup {
	groups := make([]docGroup, len(s.Tags))
	for i, tag := range s.Tags {
		groups[i] = docGroup{docTag: tag}
		for _, path := range s.Paths {
			for _, method := range path.Value {
				if slices.Contains(method.Value.Tags, tag.Name) {
					groups[i].Operations = append(groups[i].Operations, docMethod{
						Path: path.Name, Method: strings.ToUpper(method.Name), docOperation: method.Value})
				}
			}
		}
	}
	return groups
}

type docGroup struct {
	docTag
	Operations []docMethod
}

type docMethod struct {
	Path, Method string
	*docOperation
}

// Public says that no token is needed, whatever the operator opened.
func (m docMethod) Public() bool { return m.Security != nil && len(*m.Security) == 0 }
