package api

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// documentSeed reads the facts of Docker's API: what its clients send and expect.
func documentSeed(t *testing.T) *openapi3.T {
	t.Helper()
	// It has facts only, no descriptions, so it is no whole document that would pass a check.
	seed, err := openapi3.NewLoader().LoadFromFile("testdata/docker-dvp-api.json")
	if err != nil {
		t.Fatal(err)
	}
	return seed
}

// TestDocumentServesDockersClients holds our document against Docker's: what a client of Docker's API
// sends is allowed, and what it gets is what it expects.
func TestDocumentServesDockersClients(t *testing.T) {
	seed := documentSeed(t)
	if len(seed.Paths.Map()) != 12 || len(seed.Components.Schemas) != 26 {
		t.Errorf("Docker's API has %d paths and %d schemas, want 12 and 26", len(seed.Paths.Map()), len(seed.Components.Schemas))
	}
	ours, err := documentLoad(documentJSON)
	if err != nil {
		t.Fatal(err)
	}
	for _, difference := range documentDifferences(seed, ours) {
		t.Error(difference)
	}
}

// documentMore are the query parameters that may have more values than Docker's.
var documentMore = []string{"group", "timespan"}

// documentComparison collects what is different. In an answer a client expects what Docker's
// API has; in a request it sends what Docker's API has.
type documentComparison struct{ differences []string }

func (c *documentComparison) differ(format string, values ...any) {
	c.differences = append(c.differences, fmt.Sprintf(format, values...))
}

// documentDifferences lists how ours fails clients of the seed.
func documentDifferences(seed, ours *openapi3.T) []string {
	var c documentComparison
	for path, item := range seed.Paths.Map() {
		servers := seed.Servers
		if len(item.Servers) > 0 {
			servers = item.Servers
		}
		base, err := url.Parse(servers[0].URL)
		if err != nil {
			c.differ("%s: %v", path, err)
			continue
		}
		our := ours.Paths.Value(base.Path + path)
		if our == nil {
			c.differ("there is no path %s", base.Path+path)
			continue
		}
		for method, operation := range item.Operations() {
			if our.GetOperation(method) == nil {
				c.differ("there is no %s %s", method, path)
				continue
			}
			c.operation(operation, our.GetOperation(method), ours.Security)
		}
	}
	for name, schema := range seed.Components.Schemas {
		if ours.Components.Schemas[name] == nil {
			c.differ("there is no schema %s", name)
			continue
		}
		if schema.Value.Enum == nil { // lists of values are compared where they are used
			c.schema("schema "+name, schema, ours.Components.Schemas[name], false)
		}
	}
	slices.Sort(c.differences)
	return c.differences
}

func (c *documentComparison) operation(seed, ours *openapi3.Operation, security openapi3.SecurityRequirements) {
	where := seed.OperationID
	if ours.OperationID != where {
		c.differ("%s has the operationId %q", where, ours.OperationID)
	}
	public := seed.Security != nil && len(*seed.Security) == 0
	if ours.Security != nil {
		security = *ours.Security
	}
	takesToken := slices.ContainsFunc(security, func(r openapi3.SecurityRequirement) bool { _, ok := r["HubAuth"]; return ok })
	if takesToken == public {
		c.differ("%s takes a token: %t", where, takesToken)
	}
	c.parameters(where, seed.Parameters, ours.Parameters)
	if seed.RequestBody != nil {
		if ours.RequestBody == nil {
			c.differ("%s has no body", where)
			return
		}
		c.content(where+" body", seed.RequestBody.Value.Content, ours.RequestBody.Value.Content)
		schema := ours.RequestBody.Value.Content.Get("application/json").Schema.Value
		for _, name := range schema.Required {
			if !slices.Contains(seed.RequestBody.Value.Content.Get("application/json").Schema.Value.Required, name) {
				c.differ("%s body requires %s, which Docker's clients need not send", where, name)
			}
		}
	}
	for status, response := range seed.Responses.Map() {
		our := ours.Responses.Value(status)
		if our == nil {
			c.differ("%s has no answer %s", where, status)
			continue
		}
		if our.Value.Content.Get("application/json") == nil {
			c.differ("%s %s is not answered in JSON", where, status)
			continue
		}
		c.content(where+" "+status, response.Value.Content, our.Value.Content)
	}
}

func (c *documentComparison) parameters(where string, seed, ours openapi3.Parameters) {
	for _, parameter := range seed {
		name := where + " " + parameter.Value.In + " parameter " + parameter.Value.Name
		our := ours.GetByInAndName(parameter.Value.In, parameter.Value.Name)
		if our == nil {
			c.differ("there is no %s", name)
			continue
		}
		if our.Required != parameter.Value.Required {
			c.differ("%s is required: %t", name, our.Required)
		}
		more := parameter.Value.In == openapi3.ParameterInQuery && slices.Contains(documentMore, our.Name)
		c.schema(name, parameter.Value.Schema, our.Schema, more)
	}
	for _, parameter := range ours {
		if parameter.Value.Required && seed.GetByInAndName(parameter.Value.In, parameter.Value.Name) == nil {
			c.differ("%s requires %s, which Docker's clients do not send", where, parameter.Value.Name)
		}
	}
}

// content compares the schemas of JSON, and holds the examples of the seed against ours.
func (c *documentComparison) content(where string, seed, ours openapi3.Content) {
	theirs, our := seed.Get("application/json"), ours.Get("application/json")
	if theirs == nil {
		return // the seed says nothing of the body
	}
	if our == nil || our.Schema == nil {
		c.differ("%s has no schema of JSON", where)
		return
	}
	c.schema(where, theirs.Schema, our.Schema, false)
	for name, example := range theirs.Examples {
		if err := our.Schema.Value.VisitJSON(example.Value.Value, openapi3.VisitAsResponse()); err != nil {
			reason, _, _ := strings.Cut(err.Error(), "\n")
			c.differ("%s does not allow the example %s: %s", where, name, reason)
		}
	}
}

// schema compares types, formats, lists of values and properties, of the seed's properties only.
func (c *documentComparison) schema(where string, seed, ours *openapi3.SchemaRef, more bool) {
	if seed == nil || ours == nil {
		if seed != nil {
			c.differ("%s is not there", where)
		}
		return
	}
	their, our := seed.Value, ours.Value
	kind := documentType(their)
	if documentType(our) != kind || our.Format != their.Format || our.Nullable != their.Nullable {
		c.differ("%s is %q %q, nullable %t; want %q %q, %t", where, documentType(our), our.Format, our.Nullable, kind, their.Format, their.Nullable)
	}
	for _, value := range their.Enum {
		if !slices.Contains(our.Enum, value) {
			c.differ("%s lacks the value %v", where, value)
		}
	}
	if len(our.Enum) > len(their.Enum) && !more {
		c.differ("%s has values that Docker's clients do not know: %v", where, our.Enum)
	}
	for name, property := range their.Properties {
		c.schema(where+"."+name, property, our.Properties[name], false)
	}
	for _, name := range their.Required {
		if !slices.Contains(our.Required, name) {
			c.differ("%s does not require %s", where, name)
		}
	}
	for _, name := range our.Required {
		if their.Properties[name] == nil {
			c.differ("%s requires %s, which Docker's API does not have", where, name)
		}
	}
	c.schema(where+"[]", their.Items, our.Items, false)
	c.schema(where+".*", their.AdditionalProperties.Schema, our.AdditionalProperties.Schema, false)
	if len(our.OneOf) != len(their.OneOf) {
		c.differ("%s has %d alternatives, want %d", where, len(our.OneOf), len(their.OneOf))
		return
	}
	for i, choice := range their.OneOf {
		c.schema(fmt.Sprintf("%s|%d", where, i), choice, our.OneOf[i], false)
	}
}

// documentType is the type of a schema; one with properties is an object, said or not.
func documentType(schema *openapi3.Schema) string {
	if schema.Type == nil {
		if len(schema.Properties) > 0 {
			return "object"
		}
		return ""
	}
	return strings.Join(schema.Type.Slice(), "|")
}
