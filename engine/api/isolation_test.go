package api

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// foreign finds, for each user, what no answer to them may name, in CSV, JSON and Parquet that was turned into JSON.
var foreign = map[string]*regexp.Regexp{
	"ann":    regexp.MustCompile(`(?i)globex|library\b|\bnobody[/,"]`),
	"gil":    regexp.MustCompile(`(?i)\bacme[/,"-]|library\b|\bnobody[/,"]`),
	"lab":    regexp.MustCompile(`(?i)globex|library\b|\bnobody[/,"]|\bacme(/|,|",?"repo(sitory)?":")(agent|base|cli|db-migrate|proxy|web|worker)\b|dev-tools|image-audit`),
	"new":    regexp.MustCompile(`(?i)acme|globex|library\b|\bnobody[/,"]`),
	"nobody": regexp.MustCompile(`(?i)acme|globex|library\b|\bnobody[/,"]`),
}

// checkForeign fails the test when an answer names what the user may not see. Which images are used together with
// one's own is what the technographic reports are about, whoever owns them.
func checkForeign(t *testing.T, who string, answer reply) {
	t.Helper()
	text := answer.body
	switch kind := answer.Header.Get("Content-Type"); {
	case kind == "application/vnd.apache.parquet":
		text = parquetJSON(t, text)
	case strings.HasPrefix(kind, "text/csv"):
		text = csvJSON(t, text)
	}
	text = regexp.MustCompile(`(?i)"paired_image":"[^"]*"`).ReplaceAll(text, nil)
	// Descriptions of columns are the same for all.
	text = regexp.MustCompile(`"columns":\[.*?\],"data"`).ReplaceAll(text, nil)
	if at := foreign[who].FindIndex(text); at != nil {
		t.Errorf("%s sees what is not theirs at %s: …%s…", who, answer.Request.URL.Path, text[max(0, at[0]-60):min(len(text), at[1]+60)])
	}
}

// csvJSON is a CSV file as JSON objects, a line each.
func csvJSON(t *testing.T, text []byte) []byte {
	t.Helper()
	rows := must(csv.NewReader(bytes.NewReader(text)).ReadAll())(t)
	var lines bytes.Buffer
	for _, row := range rows[1:] {
		for i, value := range row {
			fmt.Fprintf(&lines, "%q:%q,", rows[0][i], value)
		}
		lines.WriteByte('\n')
	}
	return lines.Bytes()
}

// parquetJSON is a Parquet file in the same form.
func parquetJSON(t *testing.T, content []byte) []byte {
	t.Helper()
	file := must(parquet.OpenFile(bytes.NewReader(content), int64(len(content))))(t)
	var lines bytes.Buffer
	names := file.Schema().Columns()
	for _, group := range file.RowGroups() {
		rows := group.Rows()
		buffer := make([]parquet.Row, 100)
		for {
			n, err := rows.ReadRows(buffer)
			for _, row := range buffer[:n] {
				for _, value := range row {
					fmt.Fprintf(&lines, "%q:%q,", names[value.Column()][0], value.String())
				}
				lines.WriteByte('\n')
			}
			if n == 0 || err != nil {
				break
			}
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return lines.Bytes()
}

// urls finds the signed URLs in an answer.
func (r reply) urls(t *testing.T) (found []string) {
	t.Helper()
	var list struct {
		Data    []json.RawMessage
		Reports []struct{ Files []struct{ URL string } }
	}
	if json.Unmarshal(r.body, &list) != nil {
		return nil // such as a list of namespaces
	}
	for _, report := range list.Reports {
		for _, file := range report.Files {
			found = append(found, file.URL)
		}
	}
	for _, text := range list.Data {
		var file struct{ URL string }
		if json.Unmarshal(text, &file) == nil && file.URL != "" {
			found = append(found, file.URL)
		}
	}
	return found
}

// allPaths are all paths of the API with all namespaces and repositories in them.
func allPaths() []string {
	paths := []string{"/", "/namespaces"}
	for _, of := range sights {
		for _, p := range namespacePaths {
			paths = append(paths, "/namespaces/"+of.namespace+p.path)
		}
		for _, p := range repoPaths {
			paths = append(paths, "/namespaces/"+of.namespace+"/repos/"+of.repo+p)
		}
		paths = append(paths, "/repos/pulls?repos="+of.namespace+"/"+of.repo, "/repos/pulls?group=namespace&repos=acme/api,"+of.namespace+"/"+of.repo,
			"/repos/pulls?repos=globex/web&repos="+of.namespace+"/"+of.repo)
	}
	return append(paths, "/namespaces/acme/repos/api/pulls", "/namespaces/acme/repos/api/badge", "/namespaces/acme-labs/reports/technographic_companies?period=2026-09")
}

func TestNobodySeesWhatIsOfOthers(t *testing.T) {
	s := shared(t)
	downloads := 0
	for who := range foreign {
		got := map[string]bool{}
		for _, path := range allPaths() {
			answer := s.get(t, who, path)
			if who == "nobody" {
				answer.want(t, http.StatusUnauthorized)
			}
			if answer.StatusCode == http.StatusOK {
				checkForeign(t, who, answer)
			}
			for _, url := range answer.urls(t) {
				if name, _, _ := strings.Cut(url, "?"); !got[name] {
					got[name] = true
					checkForeign(t, who, s.get(t, "nobody", url).want(t, http.StatusOK))
					downloads++
				}
			}
		}
		if want := map[string]int{"ann": 64, "gil": 34, "lab": 4}[who]; len(got) < want {
			t.Errorf("%s downloads %d files, want at least %d", who, len(got), want)
		}
	}
	if downloads == 0 {
		t.Error("nothing was downloaded")
	}
}

// TestForeignNamesFindsThem says that the search of the test above finds what it is for.
func TestForeignNamesFindsThem(t *testing.T) {
	s := shared(t)
	for _, path := range []string{"/", "/namespaces/library/pulls", "/repos/pulls?repos=library/nginx"} {
		if answer := s.get(t, "root", path).want(t, http.StatusOK); !foreign["ann"].Match(answer.body) {
			t.Errorf("%s is not seen to name a namespace of others: %s", path, answer.body)
		}
	}
	for who, text := range map[string]string{
		"ann": "\nglobex,web,1", "gil": `"namespace":"acme"`, "lab": `"namespace":"acme","repo":"agent"`, "new": "acme-labs-raw", "nobody": `"library"`,
	} {
		if !foreign[who].MatchString(text) {
			t.Errorf("%q is not found as foreign to %s", text, who)
		}
	}
	if own := `"namespace":"acme","repo":"api","owner":"Acme Corp" acme/api acme-labs/sandbox`; foreign["lab"].MatchString(own) {
		t.Error("what is granted is taken as foreign")
	}
}

// TestForeignIsAsIfItWereNotThere says that not a byte tells what is of others from what does not exist.
func TestForeignIsAsIfItWereNotThere(t *testing.T) {
	s := shared(t)
	for _, who := range []string{"ann", "gil", "lab", "new", "nobody"} {
		for _, of := range sights {
			sees := map[string]string{"ann": of.ann, "gil": of.gil, "lab": of.lab, "new": of.new, "nobody": "-"}[who]
			if sees != "-" {
				continue
			}
			paths := []string{"/repos/pulls?repos=NAMESPACE/REPO", "/repos/pulls?timespan=weeks&repos=NAMESPACE/REPO"}
			for _, p := range namespacePaths {
				paths = append(paths, "/namespaces/NAMESPACE"+p.path)
			}
			for _, p := range repoPaths {
				paths = append(paths, "/namespaces/NAMESPACE/repos/REPO"+p)
			}
			paths = append(paths, "/namespaces/NAMESPACE?unheard-of=1", "/namespaces/NAMESPACE/pulls?limit=none", "/namespaces/NAMESPACE/reports?cursor=x",
				"/namespaces/NAMESPACE/pulls/exports/years/none/weeks", "/namespaces/NAMESPACE/badge?label=", "/namespaces/NAMESPACE/reports/trends?period=none")
			for _, path := range paths {
				for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut} {
					there := s.exact(t, who, method, strings.NewReplacer("NAMESPACE", of.namespace, "REPO", of.repo).Replace(path))
					gone := s.exact(t, who, method, strings.NewReplacer("NAMESPACE", "no-such", "REPO", "thing").Replace(path))
					if !reflect.DeepEqual(there, gone) {
						t.Fatalf("%s %s as %s with namespace %s answers\n%v, and with one that does not exist\n%v", method, path, who, of.namespace, there, gone)
					}
				}
			}
		}
	}
	// Of one's own namespace, a repository of which there are no pulls is no other than one of somebody else.
	there := s.exact(t, "lab", http.MethodGet, "/namespaces/acme/repos/agent/pulls")
	if gone := s.exact(t, "lab", http.MethodGet, "/namespaces/acme/repos/no-such/pulls"); !reflect.DeepEqual(there, gone) || there[0] != 404 {
		t.Errorf("a repository of others answers %v, and one that is not there %v", there, gone)
	}
}

// exact is all of an answer but the id of the request.
func (s *site) exact(t *testing.T, who, method, path string) []any {
	t.Helper()
	r := must(request(method, apiPath(path), nil, s.as(who), with("Accept-Encoding", "gzip")))(t)
	recorder := httptest.NewRecorder()
	s.ServeHTTP(recorder, r)
	header := recorder.Result().Header
	header.Del("X-Request-Id")
	return []any{recorder.Code, recorder.Body.String(), header}
}

// TestCursorsOfOthersAreOfNoUse gives each user the cursors of another.
func TestCursorsOfOthersAreOfNoUse(t *testing.T) {
	s := shared(t)
	next := s.get(t, "ann", "/namespaces/acme/pulls?limit=1").want(t, 200).field(t, "next")
	s.get(t, "ann", "/namespaces/acme/pulls?limit=1&cursor="+next).want(t, 200)
	s.get(t, "gil", "/namespaces/acme/pulls?limit=1&cursor="+next).want(t, 404)
	s.get(t, "gil", "/namespaces/globex/pulls?limit=1&cursor="+next).want(t, 410)
	s.get(t, "root", "/namespaces/acme/pulls?limit=1&cursor="+next).want(t, 410)
	s.get(t, "nobody", "/namespaces/acme/pulls?limit=1&cursor="+next).want(t, 401)
}
