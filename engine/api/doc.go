// Package api serves the numbers over HTTP: the paths of Docker's DVP Data API under
// /api/publisher/analytics/v1, log-in under /v2/users, and what that API does not have: published reports, reports
// on demand, daily counts, badges. openapi.json describes all of it.
//
// A request goes this way:
//
//  1. observe gives it an id, catches panics and writes the access log, which names nobody (observe.go)
//  2. the router finds its handler, or answers 404 or 405 (server.go)
//  3. the handler learns who asks and what they may see (access.go) and takes the newest state of the lake
//  4. parameters are read strictly: what is not known is an error, not a default (params.go)
//  5. the answer is computed once for all who ask the same of the same state, and has an ETag (answer.go)
//
// Handlers return errors, which become answers in one place (problem.go). What a user may not see is answered like
// what is not there.
package api
