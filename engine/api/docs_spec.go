package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// docSpec is what the page shows of an OpenAPI document, in the document's order.
type docSpec struct {
	Info struct{ Title, Version, Description string }
	Tags []docTag
	// Paths hold operations by method in lower case, by path.
	Paths      docEntries[docEntries[*docOperation]]
	Components struct {
		SecuritySchemes docEntries[docTag]
		Parameters      docEntries[*docParameter]
		Headers         docEntries[*docHeader]
		Responses       docEntries[*docResponse]
		Schemas         docEntries[*docSchema]
	}
}

// Good says of an answer's entry that its status is a success.
func (e docEntry[T]) Good() bool { return strings.HasPrefix(e.Name, "2") }

type docTag struct{ Name, Description string }

type docOperation struct {
	OperationID, Summary, Description string

	Tags        []string
	Security    *[]json.RawMessage
	Parameters  []*docParameter
	RequestBody *docResponse
	Responses   docEntries[*docResponse]         // by status
	Samples     []struct{ Label, Source string } `json:"x-codeSamples"`
}

type docParameter struct {
	Ref                   string `json:"$ref"`
	Name, In, Description string
	Required              bool
	Schema                *docSchema
	Example               json.RawMessage
}

type docHeader struct {
	Ref         string `json:"$ref"`
	Description string
}

// docResponse is an answer, or the body of a request.
type docResponse struct {
	Ref         string `json:"$ref"`
	Description string
	Headers     docEntries[*docHeader]
	Content     docEntries[docMedia] // by media type
}

type docMedia struct {
	Schema   *docSchema
	Example  json.RawMessage
	Examples docEntries[struct {
		Summary string
		Value   json.RawMessage
	}]
}

type docSchema struct {
	Ref                       string `json:"$ref"`
	Type, Format, Description string

	Nullable         bool
	Enum             []json.RawMessage
	Default, Example json.RawMessage
	Pattern          string
	Minimum, Maximum *json.Number
	MinItems         *json.Number
	MaxItems         *json.Number
	MaxLength        *json.Number

	Required             []string
	Properties           docEntries[*docSchema]
	AdditionalProperties docAdditional
	Items                *docSchema
	OneOf, AnyOf         []*docSchema
}

// docAdditional is the schema of further properties; nil where it only says yes or no.
type docAdditional struct{ Schema *docSchema }

func (a *docAdditional) UnmarshalJSON(text []byte) error {
	if text[0] != '{' {
		return nil
	}
	return json.Unmarshal(text, &a.Schema)
}

// docEntries is a JSON object whose order counts.
type docEntries[T any] []docEntry[T]

type docEntry[T any] struct {
	Name  string
	Value T
}

func (e *docEntries[T]) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return fmt.Errorf("%.40s is not an object", text)
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		entry := docEntry[T]{Name: name.(string)} // the decoder accepts no other key
		if err := decoder.Decode(&entry.Value); err != nil {
			return fmt.Errorf("%s: %w", entry.Name, err)
		}
		*e = append(*e, entry)
	}
	return nil
}

// docFind returns the component that a reference such as #/components/schemas/Error names.
func docFind[T any](components docEntries[T], ref string) (T, error) {
	name := ref[strings.LastIndexByte(ref, '/')+1:]
	at := slices.IndexFunc(components, func(e docEntry[T]) bool { return e.Name == name })
	if at < 0 {
		var none T
		return none, fmt.Errorf("the OpenAPI document has no %s", ref)
	}
	return components[at].Value, nil
}

// resolve puts parameters, headers and answers in the place of references to them.
// References to schemas stay: the page links to them.
func (s *docSpec) resolve() error {
	var err error
	for _, path := range s.Paths {
		for _, method := range path.Value {
			for i, parameter := range method.Value.Parameters {
				if parameter.Ref == "" {
					continue
				}
				if method.Value.Parameters[i], err = docFind(s.Components.Parameters, parameter.Ref); err != nil {
					return err
				}
			}
			for i := range method.Value.Responses {
				if err := s.resolveResponse(&method.Value.Responses[i].Value); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (s *docSpec) resolveResponse(response **docResponse) (err error) {
	if ref := (*response).Ref; ref != "" {
		if *response, err = docFind(s.Components.Responses, ref); err != nil {
			return err
		}
	}
	headers := (*response).Headers
	for i, header := range headers {
		if header.Value.Ref == "" {
			continue
		}
		if headers[i].Value, err = docFind(s.Components.Headers, header.Value.Ref); err != nil {
			return err
		}
	}
	return nil
}

// Name is the component that the schema stands for; empty where it is its own.
func (s *docSchema) Name() string { return s.Ref[strings.LastIndexByte(s.Ref, '/')+1:] }

// IsRequired says whether a property is always there.
func (s *docSchema) IsRequired(property string) bool { return slices.Contains(s.Required, property) }

// Choices are the alternatives, whether one or more may hold.
func (s *docSchema) Choices() []*docSchema { return slices.Concat(s.OneOf, s.AnyOf) }

// Limits says in words which values the schema admits beside its type and list of values.
func (s *docSchema) Limits() string {
	var limits []string
	for _, limit := range []struct {
		words string
		value *json.Number
	}{
		{"at least %s", s.Minimum}, {"at most %s", s.Maximum},
		{"at least %s items", s.MinItems}, {"at most %s items", s.MaxItems}, {"at most %s characters", s.MaxLength},
	} {
		if limit.value != nil {
			limits = append(limits, fmt.Sprintf(limit.words, *limit.value))
		}
	}
	return strings.Join(limits, ", ")
}

// Of is the schema itself: of its component where it is a reference.
func (s *docSpec) Of(schema *docSchema) (*docSchema, error) {
	if schema.Ref == "" {
		return schema, nil
	}
	return docFind(s.Components.Schemas, schema.Ref)
}
