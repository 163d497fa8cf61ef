// Package origin says where derived facts come from: the databases, tables and
// lists behind them, and the steps that led to one fact.
package origin

// Kinds of origins.
const (
	Database = "database" // an IP database of the user
	Ranges   = "ranges"   // a provider's published address ranges
	Table    = "table"    // a table that comes with the engine
	Lists    = "lists"    // lists of domains
	Override = "override" // a file of the user that wins or extends
)

// Origin is one file or embedded table that facts are derived from.
type Origin struct {
	// Kind is one of the constants above.
	Kind string `json:"kind"`
	// Name is the base name of the file, or the name of the embedded table.
	Name string `json:"name"`
	// Type is what the data calls itself, such as "GeoLite2-Country"; may be empty.
	Type string `json:"type"`
	// Built is when the data was made, as it says itself: RFC 3339, a date or a
	// version; empty when it does not say.
	Built string `json:"built"`
	// SHA256 is the hash of the bytes that were used, in hexadecimal.
	SHA256 string `json:"sha256"`
	// Entries is how many records were read from it: prefixes, rules or domains; 0 when that is not known.
	Entries int64 `json:"entries"`
	// Verified says that every record of a database was read without an error, now or in an earlier run.
	Verified bool `json:"verified,omitempty"`
	// Failures is how many look-ups failed, which left their facts unknown.
	Failures int64 `json:"failures"`
}

// Fact is one derived value and why it is what it is.
type Fact struct {
	// Name is what the value is, such as "country".
	Name string `json:"name"`
	// Value is empty when nothing is known.
	Value string `json:"value"`
	// Origin names the source: name, type and build date of an Origin.
	Origin string `json:"origin"`
	// Rule is what in the source decided: a prefix, a line of a table, a step of reasoning.
	Rule string `json:"rule"`
}

// String names an origin for people: "name (type, built)".
func (o Origin) String() string {
	detail := o.Type
	if o.Built != "" {
		if detail != "" {
			detail += ", "
		}
		detail += o.Built
	}
	if detail == "" {
		return o.Name
	}
	return o.Name + " (" + detail + ")"
}
