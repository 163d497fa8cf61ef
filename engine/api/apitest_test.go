package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// validateDocument is the document and the paths of it, read once for all tests.
var validateDocument = sync.OnceValues(func() (routers.Router, error) {
	document, err := documentLoad(documentJSON)
	if err != nil {
		return nil, err
	}
	return gorillamux.NewRouter(document)
})

// documentLoad reads an OpenAPI document, checks it with its examples, and resolves its references.
func documentLoad(text []byte) (*openapi3.T, error) {
	loader := openapi3.NewLoader()
	document, err := loader.LoadFromData(text)
	if err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	if err := document.Validate(loader.Context); err != nil {
		return nil, fmt.Errorf("check the OpenAPI document: %w", err)
	}
	return document, nil
}

// validateResponse fails the test when the document does not allow the answer to the request:
// when it has no such path, no such status of it, or other headers, type or body. The body is
// what the client got, unpacked. Of files and pages only the type is checked.
func validateResponse(t testing.TB, request *http.Request, response *http.Response, body []byte) {
	t.Helper()
	if err := validateAnswer(request, response, body); err != nil {
		t.Errorf("%s %s answered %d with %.300q, which the OpenAPI document does not allow: %v",
			request.Method, request.URL.RequestURI(), response.StatusCode, body, err)
	}
}

// validateRequest says what the document does not allow of a request that is meant to be right.
// Beside its schemas, a parameter that the document does not have is an error. Tokens are not read.
func validateRequest(request *http.Request) error {
	input, err := validateRoute(request)
	if err != nil {
		return err
	}
	for name := range request.URL.Query() {
		if input.Route.Operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil {
			return fmt.Errorf("%s has no parameter %q", input.Route.Operation.OperationID, name)
		}
	}
	if request.Body != nil { // read here, and sent later
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return err
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
		input.Request.Body = io.NopCloser(bytes.NewReader(body))
	}
	return openapi3filter.ValidateRequest(request.Context(), input)
}

// validateRoute finds the operation of a request, whatever its host. HEAD is answered as GET.
func validateRoute(request *http.Request) (*openapi3filter.RequestValidationInput, error) {
	router, err := validateDocument()
	if err != nil {
		return nil, err
	}
	found := request.Clone(request.Context())
	if found.Method == http.MethodHead {
		found.Method = http.MethodGet
	}
	if strings.HasSuffix(found.URL.Path, "/api/publisher/analytics/v1") {
		found.URL.Path += "/" // both are answered alike
	}
	route, parameters, err := router.FindRoute(found)
	if err != nil {
		return nil, err
	}
	return &openapi3filter.RequestValidationInput{
		Request: found, PathParams: parameters, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc:                openapi3filter.NoopAuthenticationFunc,
			IncludeResponseStatus:             true,
			RejectWhenRequestBodyNotSpecified: true,
			SkipSettingDefaults:               true,
		},
	}, nil
}

func validateAnswer(request *http.Request, response *http.Response, body []byte) error {
	input, err := validateRoute(request)
	if errors.Is(err, routers.ErrMethodNotAllowed) && response.StatusCode == http.StatusMethodNotAllowed {
		// The document says with the methods of a path how the others are answered.
		input, err = validateOtherMethod(request)
	}
	if err != nil {
		return err
	}
	documented := input.Route.Operation.Responses.Status(response.StatusCode)
	if documented == nil {
		return fmt.Errorf("%s has no status %d", input.Route.Operation.OperationID, response.StatusCode)
	}
	for name, header := range documented.Value.Headers {
		if header.Value.Required && response.Header.Get(name) == "" {
			return fmt.Errorf("the header %s is missing", name)
		}
	}
	contentType := response.Header.Get("Content-Type")
	bodiless := request.Method == http.MethodHead || len(documented.Value.Content) == 0
	if bodiless && len(body) > 0 {
		return fmt.Errorf("there are %d bytes of a body where there is none", len(body))
	}
	if len(documented.Value.Content) > 0 && documented.Value.Content.Get(contentType) == nil {
		return fmt.Errorf("the type %q is not one of %s", contentType, strings.Join(validateTypes(documented.Value.Content), ", "))
	}
	mediaType, _, _ := mime.ParseMediaType(contentType)
	isJSON := !bodiless && mediaType == "application/json"
	if isJSON && !json.Valid(body) {
		return errors.New("the body is not one value of JSON")
	}
	input.Options.ExcludeResponseBody = !isJSON
	answer := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: response.StatusCode, Header: response.Header, Options: input.Options,
	}
	answer.SetBodyBytes(bytes.Clone(body))
	return openapi3filter.ValidateResponse(context.Background(), answer)
}

// validateOtherMethod finds any operation of the path of a request.
func validateOtherMethod(request *http.Request) (*openapi3filter.RequestValidationInput, error) {
	var input *openapi3filter.RequestValidationInput
	err := routers.ErrPathNotFound
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		other := request.Clone(request.Context())
		other.Method = method
		if input, err = validateRoute(other); err == nil {
			return input, nil
		}
	}
	return nil, err
}

func validateTypes(content openapi3.Content) []string {
	var types []string
	for mediaType := range content {
		types = append(types, mediaType)
	}
	slices.Sort(types)
	return types
}
