// Package account says who may use the data API, and as whom a request comes: users with what they may
// see, passwords, personal access tokens, second factors, sessions and the keys that sign them.
//
// A log-in goes this way, in this order:
//
//  1. The limits (limits.go) let the attempt in, or answer LimitedError before anything is looked at.
//  2. Exactly one argon2id hash is evaluated (login.go), also for users that do not exist, so that
//     neither the answer nor its time tells whether they do.
//  3. A user with a second factor gets a token of five minutes, with which a code of the
//     authenticator is sent (totp.go). Personal access tokens need none: they are for scripts.
//  4. The session is a JWT (session.go). It holds for SessionLifetime, and ends earlier with the
//     password, the second factor, the token or the user that it came from.
//
// Everything lies in access/ of the data directory, which only its owner may enter:
//
//	access/users.json   users, their grants, argon2id hashes of passwords and tokens, and the secrets
//	                    of second factors: these must be readable for checking codes, so guard the file
//	access/keys.json    the keys of sessions and signed URLs; made on first use
//	access/lock         held while one of them is replaced
//
// A Store follows these files: what another process changes holds within a second. A file that cannot
// be read lets nobody in (ErrUnavailable), and one that is missing means that there are no users.
// Names of users, passwords, tokens, codes and addresses are in no log but for the name of a user
// that exists and was locked. Attempts are counted in memory only, and never with a plain name.
package account
