package ingest

import (
	"maps"
	"slices"
)

// Help says what a reason to reject means and what to do about it.
type Help struct {
	// Meaning is what is wrong with the line, in a few words.
	Meaning string `json:"meaning"`
	// Advice is what to do.
	Advice string `json:"advice"`
}

// Help returns what to tell people about a reason to reject; of an unknown one, that it is unknown.
func (r Reason) Help() Help {
	if help, known := rejectHelp[r]; known {
		return help
	}
	return Help{"not recorded", "another version of the engine wrote this; look at the lines themselves"}
}

// IsReject reports whether lines are rejected, and not ignored, for this reason.
func (r Reason) IsReject() bool {
	_, rejects := rejectHelp[r]
	return rejects
}

// RejectReasons lists the reasons to reject by name.
func RejectReasons() []string {
	var names []string
	for _, reason := range slices.Sorted(maps.Keys(rejectHelp)) {
		names = append(names, string(reason))
	}
	return names
}

// resend is what to do about lines that are broken.
const resend = "correct it where the log is written; load corrected lines in a file of their own"

var rejectHelp = map[Reason]Help{
	Unreadable:         {"not of the file's format", "look whether --format fits; a few such lines are normal where a log was cut off"},
	LineTooLong:        {"longer than any request's line", "look whether the file is a text log, with line ends"},
	InvalidTimestamp:   {"no timestamp that can be read", "write ISO 8601, or seconds since 1970"},
	TimestampRange:     {"a timestamp before 2000 or from 2100 on", "look at the unit: seconds are expected, with a fraction, not milliseconds"},
	InvalidClient:      {"no IPv4 or IPv6 address of the client", resend},
	InvalidMethod:      {"no HTTP method", resend},
	InvalidName:        {"no valid name of an image", "mostly probes and scanners; look at the lines only if there are many"},
	InvalidReference:   {"neither a tag nor a digest", "mostly probes and scanners; look at the lines only if there are many"},
	InvalidStatus:      {"no HTTP status", resend},
	InvalidExtension:   {"no extension name such as acme/tool", resend},
	InvalidEvent:       {"none of install, uninstall, update and open", resend},
	UnterminatedQuote:  {"a quote that does not end", resend},
	FieldCountMismatch: {"another number of fields than the header", resend},
	TooLate:            {"further back than late_days before the newest stored day", "if the lines are wanted, load the file once more with --readmit; a larger late_days helps with files that are not read yet"},
	InTheFuture:        {"further ahead of the clock than future_tolerance", "set the clocks; if the lines are right, load the file once more with --readmit when their time has come"},
}
