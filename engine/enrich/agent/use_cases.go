package agent

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/pullscope/pullscope/engine/enrich/origin"
)

//go:embed use_cases.csv
var useCasesCSV []byte

const (
	useCasesTitle = "use cases"
	unknown       = "Unknown"
)

var useCaseColumns = []string{"role", "use_case", "on_cloud"}

// steps are the use cases in the order in which a cloud address shifts them by one.
var steps = []string{"Local Dev", "CI/CD", "Prod"}

// useCase is one row of use_cases.csv.
type useCase struct {
	base, onCloud string
	table         string // the origin, for people
	where         string // table and line
}

// UseCases maps roles to use cases. It is safe for concurrent use.
type UseCases struct {
	byRole  map[string]useCase
	origins []origin.Origin
}

var defaultUseCases = sync.OnceValues(func() (*UseCases, error) {
	t, err := embeddedTable("use_cases.csv", useCasesTitle, useCasesCSV, useCaseColumns)
	if err != nil {
		return nil, err
	}
	return new(UseCases).extend(t)
})

// DefaultUseCases returns the table that comes with the engine.
func DefaultUseCases() *UseCases {
	useCases, err := defaultUseCases()
	if err != nil {
		panic("embedded table: " + err.Error())
	}
	return useCases
}

// Extend returns the use cases with those of a user's table in place of their
// own. It has the form of the embedded use_cases.csv. Errors name the file and the line.
func (u *UseCases) Extend(path string) (*UseCases, error) {
	t, err := userTable(path, useCasesTitle, useCaseColumns)
	if err != nil {
		return nil, err
	}
	return u.extend(t)
}

func (u *UseCases) extend(t table) (*UseCases, error) {
	byRole := maps.Clone(u.byRole)
	if byRole == nil {
		byRole = map[string]useCase{}
	}
	seen := map[string]int{}
	for _, row := range t.rows {
		role, next := row.fields[0], useCase{row.fields[1], row.fields[2], t.origin.String(), fmt.Sprintf("%s:%d", t.name, row.line)}
		switch {
		case !slices.Contains(roles, role):
			return nil, row.errorf(t.path, "role %q is unknown; take one of %s", role, strings.Join(roles, ", "))
		case seen[role] > 0:
			return nil, row.errorf(t.path, "role %s is in line %d already; keep one of the two", role, seen[role])
		case !isUseCase(next.base) || !isUseCase(next.onCloud):
			return nil, row.errorf(t.path, "use cases %q and %q must both be one of %s, %s", next.base, next.onCloud, strings.Join(steps, ", "), unknown)
		case !isOneStep(next.base, next.onCloud):
			return nil, row.errorf(t.path, "a cloud address leaves %s as it is or shifts it by one step of %s, not to %s", next.base, strings.Join(steps, ", "), next.onCloud)
		}
		seen[role], byRole[role] = row.line, next
	}
	return &UseCases{byRole, append(slices.Clone(u.origins), t.origin)}, nil
}

func isUseCase(text string) bool { return text == unknown || slices.Contains(steps, text) }

// isOneStep reports whether a cloud address may shift one use case to the other (SEMANTICS §4).
func isOneStep(base, onCloud string) bool {
	if base == unknown || onCloud == unknown {
		return true
	}
	shift := slices.Index(steps, onCloud) - slices.Index(steps, base)
	return shift == 0 || shift == 1
}

// Of returns the use case of a role, and that on the address of a cloud
// provider: "Local Dev", "CI/CD", "Prod" or "Unknown".
func (u *UseCases) Of(role string) (base, onCloud string) {
	if found, ok := u.byRole[role]; ok {
		return found.base, found.onCloud
	}
	return unknown, unknown
}

// Explain tells the facts "use case" and "use case on a cloud" of a role.
func (u *UseCases) Explain(role string) []origin.Fact {
	base, onCloud := u.Of(role)
	found, rule := u.byRole[role], fmt.Sprintf("role %q is in no table", role)
	if found.where != "" {
		rule = found.where + ", role " + role
	}
	return []origin.Fact{
		{Name: "use case", Value: base, Origin: found.table, Rule: rule},
		{Name: "use case on a cloud", Value: onCloud, Origin: found.table, Rule: rule + ", on the address of a cloud provider"},
	}
}

// Origins lists the embedded table and those of the user.
func (u *UseCases) Origins() []origin.Origin { return slices.Clone(u.origins) }
