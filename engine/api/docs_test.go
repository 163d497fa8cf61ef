package api

import (
	"bytes"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"golang.org/x/net/html"
)

// docsParsed is the page's text, and its values of an attribute in their order.
func docsParsed(t *testing.T) (text string, attributes map[string][]string, elements map[string]int) {
	t.Helper()
	page, err := docsPage(documentJSON)
	if err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	attributes, elements = map[string][]string{}, map[string]int{}
	var words strings.Builder
	for node := range root.Descendants() {
		switch node.Type {
		case html.TextNode:
			words.WriteString(node.Data)
		case html.ElementNode:
			elements[node.Data]++
			for _, attribute := range node.Attr {
				attributes[attribute.Key] = append(attributes[attribute.Key], attribute.Val)
			}
		}
	}
	return words.String(), attributes, elements
}

func TestDocsShowEveryOperation(t *testing.T) {
	text, attributes, _ := docsParsed(t)
	ids := map[string]int{}
	for _, id := range attributes["id"] {
		ids[id]++
	}
	wants := func(where, what string) {
		t.Helper()
		if what != "" && !strings.Contains(text, strings.ReplaceAll(what, "`", "")) {
			t.Errorf("the page does not show %q of %s", what, where)
		}
	}
	documentOperations(t, func(path, method string, operation *openapi3.Operation) {
		name := operation.OperationID
		if ids[name] != 1 {
			t.Errorf("the page has %d sections of %s", ids[name], name)
		}
		wants(name, method+" "+path+"\n")
		wants(name, operation.Summary)
		for paragraph := range strings.SplitSeq(operation.Description, "\n\n") {
			wants(name, paragraph)
		}
		for _, parameter := range operation.Parameters {
			wants(name, parameter.Value.Name+" "+parameter.Value.In+", ")
			wants(name, parameter.Value.Description)
		}
		for status, response := range operation.Responses.Map() {
			wants(name, status+" "+*response.Value.Description)
		}
		wants(name, "curl ")
	})
	document, err := documentLoad(documentJSON)
	if err != nil {
		t.Fatal(err)
	}
	for name, schema := range document.Components.Schemas {
		if ids["schema-"+name] != 1 {
			t.Errorf("the page has %d sections of the schema %s", ids["schema-"+name], name)
		}
		wants(name, schema.Value.Description)
		for property, of := range schema.Value.Properties {
			wants(name, property+" ")
			wants(name, of.Value.Description)
		}
	}
	// Written as the reader sees them: the default and the values of a parameter whose schema is a component.
	wants("group", "group query, GroupType\nWhat each row is about. One of repo, namespace, country, tag, use-case. Default repo.")
	wants("repos", "repos query, array of string, required")
	wants("PullModel", "start string, always")
}

// TestDocsStandAlone says that the page needs no JavaScript and nothing of other hosts, and that its links lead somewhere.
func TestDocsStandAlone(t *testing.T) {
	_, attributes, elements := docsParsed(t)
	ids := map[string]int{}
	for _, id := range attributes["id"] {
		if ids[id]++; ids[id] > 1 {
			t.Errorf("two elements have the id %s", id)
		}
	}
	for _, link := range attributes["href"] {
		fragment, inside := strings.CutPrefix(link, "#")
		if inside && ids[fragment] == 0 || !inside && link != "/docs.css" && link != "/openapi.json" {
			t.Errorf("the link %s leads nowhere, or elsewhere", link)
		}
	}
	for _, element := range []string{"script", "style", "img", "iframe", "form", "object"} {
		if elements[element] > 0 {
			t.Errorf("the page has %d elements %s", elements[element], element)
		}
	}
	for _, attribute := range []string{"style", "onclick", "src"} {
		if len(attributes[attribute]) > 0 {
			t.Errorf("the page has attributes %s: %q", attribute, attributes[attribute])
		}
	}
	for element, want := range map[string]int{"h1": 1, "main": 1, "nav": 1, "title": 1} {
		if elements[element] != want {
			t.Errorf("the page has %d elements %s, want %d", elements[element], element, want)
		}
	}
	if strings.Contains(string(docsStyle), "url(") || strings.Contains(string(docsStyle), "@import") {
		t.Error("the style sheet loads something")
	}
	response, _ := documentGet(t, documentServer(t), "GET", "/docs", "")
	if policy := response.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; style-src 'self'; ") {
		t.Errorf("the policy is %q", policy)
	}
	if sniff := response.Header.Get("X-Content-Type-Options"); sniff != "nosniff" {
		t.Errorf("X-Content-Type-Options is %q", sniff)
	}
}

func TestDocsEscapeTheDocument(t *testing.T) {
	page, err := docsPage([]byte(`{"info": {"title": "<script>x</script>", "description": "a & b\n\n- one <b>\n- ` + "`two`" + `"}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"<title>&lt;script&gt;x&lt;/script&gt;</title>", "<p>a &amp; b</p>", "<ul>\n<li>one &lt;b&gt;</li>\n<li><code>two</code></li>\n</ul>",
	} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestDocsRefuseDocuments(t *testing.T) {
	operation := func(text string) string { return `{"paths": {"/a": {"get": ` + text + `}}}` }
	for document, want := range map[string]string{
		`{`:            "read the OpenAPI document: unexpected end",
		`{"paths": 1}`: "1 is not an object",
		operation(`{"parameters": [{"$ref": "#/components/parameters/Gone"}]}`):                     "has no #/components/parameters/Gone",
		operation(`{"responses": {"200": {"$ref": "#/components/responses/Gone"}}}`):                "has no #/components/responses/Gone",
		operation(`{"responses": {"200": {"headers": {"A": {"$ref": "#/components/headers/B"}}}}}`): "has no #/components/headers/B",
	} {
		if _, err := docsPage([]byte(document)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the document %s gives %v, want %s", document, err, want)
		}
	}
}

// TestDocsContrast computes the contrast of every text with every ground that it stands on, light,
// dark and printed: at least 4.5 to 1 (WCAG 2.2, 1.4.3).
func TestDocsContrast(t *testing.T) {
	schemes := regexp.MustCompile(`:root \{([^}]*--text[^}]*)\}`).FindAllStringSubmatch(string(docsStyle), -1)
	if len(schemes) != 3 {
		t.Fatalf("the style sheet has %d color schemes, want light, dark and print", len(schemes))
	}
	for i, scheme := range schemes {
		colors := map[string]float64{}
		for _, color := range regexp.MustCompile(`--([a-z]+): #([0-9a-f]{6})`).FindAllStringSubmatch(scheme[1], -1) {
			colors[color[1]] = docsLuminance(t, color[2])
		}
		for _, ink := range []string{"text", "faint", "link"} {
			for _, ground := range []string{"page", "box"} {
				light, dark := max(colors[ink], colors[ground]), min(colors[ink], colors[ground])
				if contrast := (light + 0.05) / (dark + 0.05); contrast < 4.5 {
					t.Errorf("scheme %d: %s on %s has a contrast of %.2f", i, ink, ground, contrast)
				}
			}
		}
	}
}

// docsLuminance is the relative luminance of a color written rrggbb, from 0 to 1.
func docsLuminance(t *testing.T, color string) float64 {
	t.Helper()
	value, err := strconv.ParseUint(color, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	luminance := 0.0
	for i, weight := range []float64{0.0722, 0.7152, 0.2126} {
		part := float64(value>>(8*i)&0xff) / 255
		if part <= 0.04045 {
			part /= 12.92
		} else {
			part = math.Pow((part+0.055)/1.055, 2.4)
		}
		luminance += weight * part
	}
	return luminance
}
