package api

import (
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

const documentPulls = "/api/publisher/analytics/v1/namespaces/{namespace}/pulls"

// TestDocumentComparisonNotices changes our document in each way that would fail a client of
// Docker's API, and sees that the comparison says so.
func TestDocumentComparisonNotices(t *testing.T) {
	seed := documentSeed(t)
	for want, change := range documentChanges {
		ours, err := documentLoad(documentJSON)
		if err != nil {
			t.Fatal(err)
		}
		change(ours)
		differences := documentDifferences(seed, ours)
		if !slices.ContainsFunc(differences, func(s string) bool { return strings.Contains(s, want) }) {
			t.Errorf("the change that means %q gives %q", want, differences)
		}
	}
}

func documentPullsGet(d *openapi3.T) *openapi3.Operation { return d.Paths.Value(documentPulls).Get }

func documentParameter(d *openapi3.T, in, name string) *openapi3.Parameter {
	return documentPullsGet(d).Parameters.GetByInAndName(in, name)
}

func documentSchema(d *openapi3.T, name string) *openapi3.Schema {
	return d.Components.Schemas[name].Value
}

// documentChanges are changes of our document, by what the comparison is to say of them.
var documentChanges = map[string]func(*openapi3.T){
	"there is no path " + documentPulls: func(d *openapi3.T) { d.Paths.Delete(documentPulls) },
	"there is no path /v2/users/login":  func(d *openapi3.T) { d.Paths.Delete("/v2/users/login") },
	"there is no GET /namespaces/{namespace}/pulls": func(d *openapi3.T) {
		item := d.Paths.Value(documentPulls)
		item.Post, item.Get = item.Get, nil
	},
	`getNamespacePulls has the operationId "pulls"`: func(d *openapi3.T) { documentPullsGet(d).OperationID = "pulls" },
	"getNamespacePulls takes a token: false": func(d *openapi3.T) {
		documentPullsGet(d).Security = openapi3.NewSecurityRequirements()
	},
	"PostUsersLogin takes a token: true":                     func(d *openapi3.T) { d.Paths.Value("/v2/users/login").Post.Security = nil },
	"there is no getNamespacePulls query parameter timespan": func(d *openapi3.T) { documentParameter(d, "query", "timespan").Name = "span" },
	"there is no getNamespacePulls query parameter period":   func(d *openapi3.T) { documentParameter(d, "query", "period").In = "header" },
	"getNamespacePulls path parameter namespace is required: false": func(d *openapi3.T) {
		documentParameter(d, "path", "namespace").Required = false
	},
	"getNamespacePulls query parameter group is required: true": func(d *openapi3.T) { documentParameter(d, "query", "group").Required = true },
	"getNamespacePulls requires cursor":                         func(d *openapi3.T) { documentParameter(d, "query", "cursor").Required = true },
	"getNamespacePulls query parameter group lacks the value namespace": func(d *openapi3.T) {
		documentSchema(d, "GroupType").Enum = []any{"repo"}
	},
	"getNamespacePulls query parameter timespan lacks the value weeks": func(d *openapi3.T) {
		documentSchema(d, "PullTimespanType").Enum = []any{"months", "days"}
	},
	"getNamespacePulls query parameter period has values that Docker's clients do not know": func(d *openapi3.T) {
		documentSchema(d, "PeriodType").Enum = append(documentSchema(d, "PeriodType").Enum, "last-1-months")
	},
	"getNamespaceTimespans path parameter timespantype has values": func(d *openapi3.T) {
		documentSchema(d, "TimespanType").Enum = append(documentSchema(d, "TimespanType").Enum, "days")
	},
	"PostUsersLogin has no body": func(d *openapi3.T) { d.Paths.Value("/v2/users/login").Post.RequestBody = nil },
	"PostUsersLogin body requires captcha": func(d *openapi3.T) {
		documentSchema(d, "UsersLoginRequest").Required = []string{"username", "password", "captcha"}
	},
	"PostUsersLogin 401.login_2fa_token is": func(d *openapi3.T) {
		documentSchema(d, "PostUsersLoginErrorResponse").Properties["login_2fa_token"].Value.Nullable = false
	},
	"PostUsersLogin 401 does not require detail": func(d *openapi3.T) {
		documentSchema(d, "PostUsersLoginErrorResponse").Required = nil
	},
	"getNamespacePulls has no answer 404": func(d *openapi3.T) { documentPullsGet(d).Responses.Delete("404") },
	"getNamespacePulls 200 is not answered in JSON": func(d *openapi3.T) {
		documentPullsGet(d).Responses.Value("200").Value.Content = openapi3.Content{"text/csv": nil}
	},
	"getNamespacePulls 200.pulls[].country is not there": func(d *openapi3.T) {
		delete(documentSchema(d, "PullModel").Properties, "country")
	},
	`getNamespacePulls 200.pulls[].ipCount is "number"`: func(d *openapi3.T) {
		documentSchema(d, "PullModel").Properties["ipCount"].Value.Type = &openapi3.Types{"number"}
	},
	`getNamespacePulls 200.pulls[].start is "string" "date"`: func(d *openapi3.T) {
		documentSchema(d, "PullModel").Properties["start"].Value.Format = "date"
	},
	"getNamespacePulls 200.pulls[] requires versionChecks": func(d *openapi3.T) {
		documentSchema(d, "PullModel").Required = append(documentSchema(d, "PullModel").Required, "versionChecks")
	},
	"getNamespacePulls 200 does not allow the example 2": func(d *openapi3.T) {
		documentSchema(d, "PullModel").Required = append(documentSchema(d, "PullModel").Required, "repo")
	},
	"getManyReposPulls 200.repos.* is not there": func(d *openapi3.T) {
		documentSchema(d, "ReposPullData").Properties["repos"].Value.AdditionalProperties.Schema = nil
	},
	"getManyReposPulls query parameter repos[] is": func(d *openapi3.T) {
		repos := d.Paths.Value("/api/publisher/analytics/v1/repos/pulls").Get.Parameters.GetByInAndName("query", "repos")
		repos.Schema.Value.Items.Value.Type = &openapi3.Types{"integer"}
	},
	`getNamespaceDataByTimespan 200.data[].size is "integer" "int32"`: func(d *openapi3.T) {
		documentSchema(d, "ResponseDataFile").Properties["size"].Value.Format = "int32"
	},
	"getNamespaceTimespanMetadata 200 has 1 alternatives": func(d *openapi3.T) {
		documentSchema(d, "TimespanModel").OneOf = documentSchema(d, "TimespanModel").OneOf[:1]
	},
	"getNamespaceTimespans 200 does not allow the example 2": func(d *openapi3.T) {
		documentSchema(d, "WeekModel").Properties["week"].Value.Max = openapi3.Ptr(52.0)
	},
	"there is no schema WeekData": func(d *openapi3.T) { delete(d.Components.Schemas, "WeekData") },
}

// TestDocumentComparisonMissesNothing takes every parameter, answer and property of Docker's API away
// from ours, one at a time.
func TestDocumentComparisonMissesNothing(t *testing.T) {
	seed := documentSeed(t)
	removals := 0
	check := func(what string, remove func(ours *openapi3.T)) {
		removals++
		ours, err := openapi3.NewLoader().LoadFromData(documentJSON)
		if err != nil {
			t.Fatal(err)
		}
		remove(ours)
		if len(documentDifferences(seed, ours)) == 0 {
			t.Errorf("nobody notices that %s is gone", what)
		}
	}
	for name, schema := range seed.Components.Schemas {
		for property := range schema.Value.Properties {
			check(name+"."+property, func(ours *openapi3.T) { delete(documentSchema(ours, name).Properties, property) })
		}
		for _, value := range schema.Value.Enum {
			check(name, func(ours *openapi3.T) {
				enum := documentSchema(ours, name)
				enum.Enum = slices.DeleteFunc(enum.Enum, func(v any) bool { return v == value })
			})
		}
	}
	for path, item := range seed.Paths.Map() {
		full := path
		if len(item.Servers) == 0 {
			full = "/api/publisher/analytics/v1" + path
		}
		for method, operation := range item.Operations() {
			for _, parameter := range operation.Parameters {
				check(path+" "+parameter.Value.Name, func(ours *openapi3.T) {
					our := ours.Paths.Value(full).GetOperation(method)
					our.Parameters = slices.DeleteFunc(our.Parameters, func(p *openapi3.ParameterRef) bool {
						return p.Value.Name == parameter.Value.Name
					})
				})
			}
			for status := range operation.Responses.Map() {
				check(path+" "+status, func(ours *openapi3.T) { ours.Paths.Value(full).GetOperation(method).Responses.Delete(status) })
			}
		}
	}
	if removals != 91 {
		t.Errorf("%d things were taken away, want 91", removals)
	}
}
