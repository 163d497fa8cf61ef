// Package engine turns registry access logs into proven actions and reports.
//
// One run (Engine.Run) does this, in this order, under the lock of its data
// directory:
//
//  1. recover: finish or discard what a killed run left (package lake). Refuse a clock
//     that went back, and settings that differ from those of the stored days.
//  2. load: find the inputs, oldest first, whatever logrotate calls them by now (inbox),
//     and read those that are new by content, logs and extension events. One SQL file
//     per format says what a record means (sql/ingest); of CSV and nginx logs, Go takes
//     the usual records apart by itself and leaves the odd ones to that SQL. Every record
//     is accepted, ignored, a duplicate or rejected (package ingest). Each distinct
//     address, user agent and e-mail domain is looked up once (package enrich); the
//     requests carry numbers (coder).
//  3. merge: read back the stored requests that the new ones touch: the days that
//     are rebuilt, and the neighbours that a burst over midnight reaches.
//  4. classify: label every request with window functions (sql/models).
//  5. check: label every request again with the reference classifier, in Go
//     (package classify), and stop at the first difference.
//  6. store: bring order and labels together, day by day; SQL writes the texts beside
//     the numbers (sql/duckdb/day.sql). Seal the commit, rename the days into place
//     (package lake).
//  7. report: publish the reports of every closed week and month whose days
//     changed (package reports). Each report is one query over all publishers,
//     whose rows are split into files.
//  8. prune, if asked: remove what is older than the configuration keeps it, by a
//     commit of its own.
//
// Inputs beyond the batch size go through 2 to 6 in several commits, each with a
// manifest of its own; 7 follows the last. Rebuild goes through 3 to 7 with
// stored days in place of inputs. When to run is up to package worker.
//
// Nothing is stored before step 6 and nothing is published before all of it is
// stored, so an error leaves the data directory as it was. What a run did is in
// its manifest, runs/<run>.json, written last.
package engine
