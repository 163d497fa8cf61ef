// Package classify says what manifest requests mean: the reference that every other classification is checked against.
//
// A registry's client asks for a manifest once or several times for one pull. The rule puts these requests together:
//
//  1. A sequence is the requests of one client for one repository, ordered by start; equal starts by input, line and
//     position within the line (order.go).
//  2. A request is linked to the one before it in its sequence when it starts at most the window (5 seconds) after it.
//  3. A request continues the action of the one before it when it is linked, is a GET, and either
//     the previous is a HEAD of the same digest, where an unknown digest counts as the same; or
//     the previous is a GET that did not itself continue a GET, this one is by digest, and the digests differ, where
//     an unknown digest counts as different.
//  4. Every other request starts an action. So an action is [HEAD] GET [GET], HEAD or GET: one to three requests.
//  5. A lone HEAD by tag is a version check. Everything else is a pull, by tag or by digest as its first request is.
//     The action's digest is the first known one among its requests.
//
// Rules 2 to 5 are the functions of rules.go, one each; [Reference] walks every sequence with them. It is plain Go over
// integers and knows no database, so that it shares no mistake with the SQL that it proves.
//
// Around it: [Compare] finds where another classification differs, [Burst] and [Shrink] cut such a difference down to
// the few requests that show it, and a [Scenario] is the text in which these are printed, kept and read back.
package classify
