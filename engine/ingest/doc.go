// Package ingest reads registry access logs and judges what a line means.
//
// It holds what needs no database: which files an input names (Discover), how
// a file is packed and what format it has (Open), how it falls into lines and
// CSV records (Reader, Block), and the rules of SEMANTICS §1 for one value: which
// client a request came from (ResolveClient), which manifest it asked for
// (ParsePath, ParseImage), and why a line is ignored or rejected (Reason).
//
// Every rule looks at one value and is called once per distinct value, so
// clarity comes before speed here; only the line reader is on the hot path.
package ingest
