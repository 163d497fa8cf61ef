package api

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// documentOperations calls check with every operation.
func documentOperations(t *testing.T, check func(path, method string, operation *openapi3.Operation)) {
	t.Helper()
	document, err := documentLoad(documentJSON)
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			check(path, method, operation)
		}
	}
}

func TestDocumentDescribesEveryOperation(t *testing.T) {
	document, err := documentLoad(documentJSON)
	if err != nil {
		t.Fatal(err)
	}
	if document.OpenAPI != "3.0.3" {
		t.Errorf("it is OpenAPI %s", document.OpenAPI)
	}
	count := 0
	documentOperations(t, func(path, method string, operation *openapi3.Operation) {
		count++
		if operation.OperationID == "" || operation.Summary == "" || operation.Description == "" {
			t.Errorf("%s %s lacks an operationId, a summary or a description", method, path)
		}
		if len(operation.Tags) != 1 || document.Tags.Get(operation.Tags[0]) == nil {
			t.Errorf("%s %s has not one known tag: %q", method, path, operation.Tags)
		}
		for _, parameter := range operation.Parameters {
			if parameter.Value.Description == "" {
				t.Errorf("%s %s does not describe %s", method, path, parameter.Value.Name)
			}
		}
		for status, response := range operation.Responses.Map() {
			documentCheckAnswer(t, method+" "+path+" "+status, status, response.Value)
		}
		for _, status := range []int{405, 429, 500, 503} {
			if operation.Responses.Status(status) == nil {
				t.Errorf("%s %s has no %d, which every operation may answer", method, path, status)
			}
		}
	})
	if count != 35 {
		t.Errorf("there are %d operations, want 35", count)
	}
}

func documentCheckAnswer(t *testing.T, name, status string, response *openapi3.Response) {
	t.Helper()
	if response.Description == nil || *response.Description == "" {
		t.Errorf("%s has no description", name)
	}
	if response.Headers["X-Request-Id"] == nil {
		t.Errorf("%s has no X-Request-Id", name)
	}
	if (status == "304" || status == "204") != (len(response.Content) == 0) {
		t.Errorf("%s has %d types of content", name, len(response.Content))
	}
	for mediaType, content := range response.Content {
		if content.Schema == nil && content.Example == nil && len(content.Examples) == 0 {
			t.Errorf("%s has neither schema nor example of %s", name, mediaType)
		}
		if mediaType == "application/json" && content.Example == nil && len(content.Examples) == 0 {
			t.Errorf("%s has no example", name)
		}
	}
}

// TestDocumentUsesEveryComponent finds components that nothing refers to, and schemas of
// objects that neither admit nor refuse further properties by intention.
func TestDocumentUsesEveryComponent(t *testing.T) {
	used := map[string]bool{}
	for _, ref := range regexp.MustCompile(`"\$ref": "([^"]+)"`).FindAllSubmatch(documentJSON, -1) {
		used[string(ref[1])] = true
	}
	var document struct {
		Components map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(documentJSON, &document); err != nil {
		t.Fatal(err)
	}
	for kind, components := range document.Components {
		for name := range components {
			if ref := "#/components/" + kind + "/" + name; kind != "securitySchemes" && !used[ref] {
				t.Errorf("nothing refers to %s", ref)
			}
		}
	}
	// What clients send, and what the commands of the engine print, may have more.
	requests := []string{"UsersLoginRequest", "Users2FALoginRequest", "Status", "Run", "Rejects", "Gaps"}
	for name, text := range document.Components["schemas"] {
		closed := strings.Contains(string(text), `"additionalProperties": false`)
		isObject := strings.Contains(string(text), `"properties"`)
		if isObject && closed == slices.Contains(requests, name) {
			t.Errorf("the schema %s admits properties that are not documented: %t", name, !closed)
		}
	}
}

// TestDocumentSamples holds the curl examples against the operations that they stand at.
func TestDocumentSamples(t *testing.T) {
	documentOperations(t, func(path, method string, operation *openapi3.Operation) {
		request := documentSample(t, method, operation)
		if err := validateRequest(request); err != nil {
			t.Errorf("the example of %s is not allowed: %v", operation.OperationID, err)
		}
		input, err := validateRoute(request)
		if err != nil || input.Route.Operation.OperationID != operation.OperationID {
			t.Errorf("the example of %s leads to %v, %v", operation.OperationID, request.URL, err)
		}
		public := operation.Security != nil && len(*operation.Security) == 0
		if badge := operation.Tags[0] == "Badges"; (public || badge) == (request.Header.Get("Authorization") != "") {
			t.Errorf("the example of %s sends a token where none is needed, or none where one is", operation.OperationID)
		}
	})
}

// documentSample makes the request of an operation's curl example.
func documentSample(t *testing.T, method string, operation *openapi3.Operation) *http.Request {
	t.Helper()
	samples, _ := json.Marshal(operation.Extensions["x-codeSamples"])
	var read []struct{ Source string }
	if err := json.Unmarshal(samples, &read); err != nil || len(read) != 1 {
		t.Fatalf("%s has %d examples of curl: %v", operation.OperationID, len(read), err)
	}
	source := strings.ReplaceAll(read[0].Source, "'$LOGIN_2FA_TOKEN'", "token")
	address := regexp.MustCompile(`"\$SERVER([^"]+)"$`).FindStringSubmatch(source)
	if address == nil {
		t.Fatalf("the example of %s does not end with a URL: %s", operation.OperationID, source)
	}
	data := regexp.MustCompile(`-d '([^']*)'`).FindStringSubmatch(source)
	if strings.Contains(source, "-X POST") != (method == http.MethodPost) || (data != nil) != (method == http.MethodPost) {
		t.Errorf("the example of %s is not a %s: %s", operation.OperationID, method, source)
	}
	body := ""
	if data != nil {
		body = data[1]
	}
	request := httptest.NewRequest(method, "http://pulls.example.com"+address[1], strings.NewReader(body))
	for _, header := range regexp.MustCompile(`-H ['"]([^:]+): ([^'"]+)['"]`).FindAllStringSubmatch(source, -1) {
		request.Header.Set(header[1], header[2])
	}
	return request
}

// documentServer answers what this file's handlers answer, with the id that the server gives to requests.
func documentServer(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("GET /openapi.json", documentHandler())
	mux.Handle("GET /docs", docsHandler())
	mux.Handle("GET /docs.css", docsStyleHandler())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", "1")
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server
}

// documentGet asks the server, holds the answer against the document, and returns it.
func documentGet(t *testing.T, server *httptest.Server, method, path, ifNoneMatch string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequest(method, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if ifNoneMatch != "" {
		request.Header.Set("If-None-Match", ifNoneMatch)
	}
	request.Header.Set("Range", "bytes=0-9") // answered whole
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	validateResponse(t, request, response, body)
	return response, string(body)
}

func TestDocumentHandlers(t *testing.T) {
	server := documentServer(t)
	for path, begins := range map[string]string{
		"/openapi.json": `{` + "\n" + `  "openapi": "3.0.3"`, "/docs": "<!doctype html>", "/docs.css": ":root {",
	} {
		response, body := documentGet(t, server, "GET", path, "")
		if response.StatusCode != 200 || !strings.HasPrefix(body, begins) {
			t.Errorf("%s answers %d %.40q", path, response.StatusCode, body)
		}
		if cache := response.Header.Get("Cache-Control"); cache != "public, max-age=300" {
			t.Errorf("%s may be cached: %q", path, cache)
		}
		tag := response.Header.Get("ETag")
		for _, same := range []string{tag, strings.TrimPrefix(tag, "W/"), "*", `"other", ` + tag, `"other",W/"more",` + tag} {
			if response, body := documentGet(t, server, "GET", path, same); response.StatusCode != 304 || body != "" || response.Header.Get("ETag") != tag {
				t.Errorf("%s answers %d to If-None-Match %s", path, response.StatusCode, same)
			}
		}
		for _, other := range []string{`"other"`, "W/", strings.Trim(tag, `W/"`), `W/""`, ","} {
			if response, _ := documentGet(t, server, "GET", path, other); response.StatusCode != 200 {
				t.Errorf("%s answers %d to If-None-Match %s", path, response.StatusCode, other)
			}
		}
		if response, body := documentGet(t, server, "HEAD", path, ""); response.StatusCode != 200 || body != "" || response.Header.Get("ETag") != tag {
			t.Errorf("HEAD %s answers %d %.40q", path, response.StatusCode, body)
		}
	}
}
