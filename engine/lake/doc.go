// Package lake keeps the data directory: it knows paths and atomicity, and knows no rules.
//
//	requests/day=2026-09-25/requests.parquet   one file per day of requests, replaced whole
//	extension_events/day=…/….parquet           one file per day of extension events, likewise
//	rejects/<run>.parquet                      quarantined lines of one run, kept for a while
//	runs/<run>.json                            manifest of one run, written last and never changed
//	reports/…                                  published directories, each replaced whole (PublishDir)
//	key                                        32 random bytes in hex, made on first use, never replaced
//	lock                                       held by the one run that writes; says who holds it
//	worker.lock                                held by the one worker, likewise
//	attempt.json, worker.json                  how the last run went, and what the worker does next
//	scratch/<run>/                             files staged by a run that has not finished
//	scratch/tmp/                               temporary files of the database
//
// A run changes the lake in five steps:
//
//  1. Begin makes scratch/<run>/, and the run writes its day files and its rejects there.
//  2. Seal hashes and syncs what is staged and writes scratch/<run>/commit.json, the redo record. Until it
//     is there, nothing has happened; from then on, the commit will happen.
//  3. Apply renames each staged file into its place and removes the days that have no rows any more.
//  4. Finish writes runs/<run>.json.
//  5. Finish removes scratch/<run>/.
//
// A crash between any two system calls leaves each day either old or new. Recover, called by the next run,
// throws away a commit that was not sealed and redoes steps 3 to 5 of one that was; each of them may be
// repeated. Files are synced before they are renamed, and directories after.
//
// Days of requests that are too old are removed by such a commit, too, from the oldest on (Run.Pruned). Extension
// events are kept for ever, since their reports tell totals over all time. Manifests of runs that did nothing go
// after a while; all others stay, because they tell what was read.
//
// Whoever writes holds the lock: Recover, NextRunID, Begin, ExpireRejects, RemoveRuns and the first Key are to be called
// between Lock and its release. Readers need no lock, at any time.
package lake
