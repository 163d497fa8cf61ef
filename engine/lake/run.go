package lake

import (
	"time"

	"github.com/pullscope/pullscope/engine/enrich/origin"
	"github.com/pullscope/pullscope/engine/period"
)

// Run is the manifest of one run: runs/<run>.json.
type Run struct {
	// Run is the id of the run, which is also the name of its file.
	Run string `json:"run"`
	// Engine is the version of the engine that ran.
	Engine string `json:"engine"`
	// StartedAt is when the run began, by the clock of the machine.
	StartedAt time.Time `json:"started_at"`
	// EndedAt is when the run was done; for a recovered run, when its commit was sealed.
	EndedAt time.Time `json:"ended_at"`
	// Window is the longest time between two linked requests, such as "5s".
	Window string `json:"window"`
	// ClientPrefix is how many bits of an IPv6 address make a client, 64 or 128.
	ClientPrefix int `json:"ipv6_client_prefix"`
	// Inputs are the logs that the run read, in their order.
	Inputs []Input `json:"inputs"`
	// Skipped are the logs that it did not read, because it had them already.
	Skipped []Skipped `json:"skipped"`
	// Days are the days of requests that it rebuilt or removed.
	Days []RunDay `json:"days"`
	// ExtensionDays are the days of extension events that it rebuilt or removed.
	ExtensionDays []ExtensionDay `json:"extension_days"`
	// Load is how far a load of several runs is; nil: the run is no part of one.
	Load *Load `json:"load,omitempty"`
	// Check is what the comparison with the reference classifier found.
	Check Check `json:"check"`
	// Published are the report directories that it wrote or found unchanged.
	Published []Published `json:"published"`
	// Versions are those of the rules that it used, by name.
	Versions map[string]string `json:"versions"`
	// Enrichment are the databases, tables and lists that country, network, company, client and use case come from.
	Enrichment []origin.Origin `json:"enrichment"`
	// Timings are the durations of its steps, in their order.
	Timings []Timing `json:"timings"`
	// Pruned is what the run removed because it was older than the configuration keeps it; nil: nothing.
	Pruned *Pruned `json:"pruned,omitempty"`
	// Recovered says that the run crashed after its commit was sealed and that a later one completed it.
	Recovered bool `json:"recovered,omitempty"`
	// Error is why publishing failed after the days had been committed.
	Error string `json:"error,omitempty"`
}

// The kinds of inputs.
const (
	KindRequests        = ""
	KindExtensionEvents = "extension_events"
)

// Input is one log as a run read it.
type Input struct {
	// Source is the id of the log; as text, ids sort as the logs do: by earliest accepted stamp, then content.
	Source string `json:"source"`
	// Path is the base name as given.
	Path string `json:"path"`
	// Kind is what its records are: KindRequests, or KindExtensionEvents.
	Kind string `json:"kind,omitempty"`
	// Format is the name of the input format.
	Format string `json:"format"`
	// Bytes is the size of the content, decompressed.
	Bytes int64 `json:"bytes"`
	// SHA256 is the hash of the content, decompressed.
	SHA256 string `json:"sha256"`
	// FileBytes is the size of the file as stored, compressed or not.
	FileBytes int64 `json:"file_bytes"`
	// FileSHA256 is the hash of the file as stored.
	FileSHA256 string `json:"file_sha256"`
	// Lines is how many lines the log has.
	Lines int64 `json:"lines"`
	// Records is how many records they hold: each is accepted, a duplicate, rejected or ignored.
	Records int64 `json:"records"`
	// Accepted is how many records became requests or extension events of the lake.
	Accepted int64 `json:"accepted"`
	// Duplicates is how many were left out because their request id was known.
	Duplicates int64 `json:"duplicates"`
	// Rejected is how many were quarantined.
	Rejected int64 `json:"rejected"`
	// Rejects is how many were quarantined, by reason.
	Rejects map[string]int64 `json:"rejects"`
	// Ignored is how many were no manifest requests, by reason.
	Ignored map[string]int64 `json:"ignored"`
	// Earliest is the first accepted stamp in RFC 3339, UTC; empty when none was accepted.
	Earliest string `json:"earliest"`
	// Latest is the last accepted stamp, likewise.
	Latest string `json:"latest"`
	// Days are the days of the accepted records, ascending.
	Days []period.Day `json:"days"`
	// Late are the bounds that its records were held against, ascending by line: those that a shorter version was
	// read with stay. None: no bound.
	Late []LateBound `json:"late,omitempty"`
	// Marks are fingerprints of the content up to the ends of lines, which tell a shorter version of a log from another log.
	Marks string `json:"marks,omitempty"`
	// Supersedes are the sources of shorter versions of the same log, whose requests this one replaced.
	Supersedes []string `json:"supersedes"`
}

// IgnoredTotal returns how many records were ignored, for whatever reason.
func (i Input) IgnoredTotal() int64 {
	var total int64
	for _, count := range i.Ignored {
		total += count
	}
	return total
}

// AddsUp reports whether every record is accounted for exactly once.
func (i Input) AddsUp() bool {
	return i.Accepted+i.Duplicates+i.Rejected+i.IgnoredTotal() == i.Records
}

// Skipped is a log that a run did not read.
type Skipped struct {
	// Path is the base name as given.
	Path string `json:"path"`
	// SHA256 is the hash of the content.
	SHA256 string `json:"sha256"`
	// Reason is why it was not read.
	Reason string `json:"reason"`
	// Of is the run or the source that has its content already.
	Of string `json:"of"`
}

// RunDay is a day of requests as a run left it.
type RunDay struct {
	// Day is the day, UTC.
	Day period.Day `json:"day"`
	// Requests is how many rows the file of the day has.
	Requests int64 `json:"requests"`
	// Actions is how many of them start an action.
	Actions int64 `json:"actions"`
	// Bytes is the size of the file.
	Bytes int64 `json:"bytes"`
	// SHA256 is the hash of the file.
	SHA256 string `json:"sha256"`
	// Removed says that the day has no requests any more, and so no file.
	Removed bool `json:"removed,omitempty"`
}

// ExtensionDay is a day of extension events as a run left it.
type ExtensionDay struct {
	// Day is the day, UTC.
	Day period.Day `json:"day"`
	// Events is how many rows the file of the day has.
	Events int64 `json:"events"`
	// Bytes is the size of the file.
	Bytes int64 `json:"bytes"`
	// SHA256 is the hash of the file.
	SHA256 string `json:"sha256"`
	// Removed says that the day has no events any more, and so no file.
	Removed bool `json:"removed,omitempty"`
}

// Load is a load of inputs in batches, one run each. Until its last run, nothing is published.
type Load struct {
	// Finished says that the run was the last one of the load.
	Finished bool `json:"finished"`
	// LateBefore are the days before which records are too late in all of its runs, by the kind of the inputs;
	// a kind that is missing has no bound.
	LateBefore map[string]period.Day `json:"late_before"`
}

// LateBound says which records of a stretch of lines were too late.
type LateBound struct {
	// Through is the last line of the stretch; 0: the last of the log.
	Through int64 `json:"through,omitempty"`
	// Before is the day before which they were; empty: none was.
	Before period.Day `json:"before,omitempty"`
}

// Pruned is what a run removed because of its age.
type Pruned struct {
	// Horizon is the first day whose requests are kept; empty when no requests were removed by this run.
	Horizon period.Day `json:"horizon,omitempty"`
	// Requests is how many requests were removed. Their days are among the days of the run, as removed.
	Requests int64 `json:"requests"`
	// Bytes is how much their files held.
	Bytes int64 `json:"bytes"`
	// Reports are the directories of reports that were removed, below reports/.
	Reports []string `json:"reports"`
	// Rejects is how many files of quarantined lines were removed.
	Rejects int `json:"rejects"`
	// Runs is how many manifests of runs that did nothing were removed.
	Runs int `json:"runs"`
}

// Check is the comparison of the stored actions with those of the reference classifier.
type Check struct {
	// Requests is how many requests were classified twice.
	Requests int64 `json:"requests"`
	// Actions is how many actions they make.
	Actions int64 `json:"actions"`
	// Differences is how many requests the two disagree on.
	Differences int64 `json:"differences"`
	// AtEdge is how many more requests cannot be compared, since what they depend on was pruned.
	AtEdge int64 `json:"at_edge,omitempty"`
}

// Published is one directory of reports.
type Published struct {
	// Publisher is the publisher's id.
	Publisher string `json:"publisher"`
	// Period is the period's name, 2026-W39 or 2026-09.
	Period string `json:"period"`
	// Granularity is weekly or monthly.
	Granularity string `json:"granularity"`
	// Dir is the directory of the reports.
	Dir string `json:"dir"`
	// Revision counts the versions of this period, from 1.
	Revision int `json:"revision"`
	// Rows is how many rows each report has, by report.
	Rows map[string]int64 `json:"rows"`
	// Changed says that the run wrote a new revision, not found the old one still right.
	Changed bool `json:"changed"`
}

// Timing is how long one step of a run took.
type Timing struct {
	// Step is the name of the step.
	Step string `json:"step"`
	// Seconds is its duration.
	Seconds float64 `json:"seconds"`
}
