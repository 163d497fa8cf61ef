package ingest

// Reason says why a line yields no request. The names appear in run manifests,
// in the quarantine and on screen, so they never change their meaning.
type Reason string

// Reasons to ignore a line: it is in order, but it is no manifest request that
// counts (SEMANTICS §1, "Ignored").
const (
	Header            Reason = "header"             // the line of column names of a CSV file
	Blank             Reason = "blank"              // nothing but white space
	Continuation      Reason = "continuation"       // further lines of a CSV value that holds newlines
	NotHTTP           Reason = "not_http"           // a TLS hello or an empty request on an HTTP port
	OtherPath         Reason = "other_path"         // no /v2/<name>/manifests/<reference>
	OtherMethod       Reason = "other_method"       // neither HEAD nor GET
	Status            Reason = "status"             // outside 200 to 399
	FallbackReference Reason = "fallback_reference" // sha256-<hex>, .sig, .att, .sbom
	Pruned            Reason = "pruned"             // of a day that retain_requests has removed
)

// Reasons to reject a line: it cannot be read as what it claims to be. The
// line is kept in quarantine.
const (
	Unreadable         Reason = "unreadable"             // not of the file's format
	LineTooLong        Reason = "line_too_long"          // more than MaxLine bytes
	InvalidTimestamp   Reason = "invalid_timestamp"      // missing, no ISO 8601 and no epoch seconds
	TimestampRange     Reason = "timestamp_out_of_range" // before 2000 or from 2100 on
	InvalidClient      Reason = "invalid_client_ip"
	InvalidMethod      Reason = "invalid_method"
	InvalidName        Reason = "invalid_image_name"
	InvalidReference   Reason = "invalid_reference"
	InvalidStatus      Reason = "invalid_status"
	InvalidExtension   Reason = "invalid_extension_name" // no namespace/name by the rules of image names
	InvalidEvent       Reason = "invalid_event"          // none of install, uninstall, update, open
	UnterminatedQuote  Reason = "unterminated_quote"
	FieldCountMismatch Reason = "field_count"
	TooLate            Reason = "too_late"      // more than late_days before the newest stored day
	InTheFuture        Reason = "in_the_future" // more than future_tolerance ahead of the clock
)
