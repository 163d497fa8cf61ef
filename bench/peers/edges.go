// Which small log has every case in which programs could differ?

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"time"
)

// edgeGaps are the times between two requests of a sequence: equal stamps, both sides of the five seconds, and a step back,
// so that the order of the lines is not the order of time.
var edgeGaps = []time.Duration{
	0, 0, 0, time.Microsecond, time.Second, time.Second, 5 * time.Second, 5*time.Second + time.Microsecond,
	5*time.Second - time.Microsecond, -2 * time.Second, time.Minute,
}

// edgeDigests leaves some responses without a digest.
var edgeDigests = []string{"", fmt.Sprintf("sha256:%064x", 1), fmt.Sprintf("sha256:%064x", 2), fmt.Sprintf("sha256:%064x", 3)}

// edgeLog is a CSV log of that many lines of a few addresses and images, in which equal stamps, unknown digests, answers
// 304 and refusals meet in all ways.
func edgeLog(lines int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	clients := []string{"192.0.2.1", "192.0.2.2", "2001:db8::1"}
	images := []string{"acme/app", "acme/web", "globex/api"}
	statuses := []int{200, 200, 200, 200, 304, 307, 401, 404}
	at := map[[2]string]time.Time{}
	out := bytes.NewBufferString("timestamp,client_ip,method,image,reference,digest,status,user_agent,user_id,bytes\n")
	for range lines {
		sequence := [2]string{pick(r, clients), pick(r, images)}
		if _, ok := at[sequence]; !ok {
			at[sequence] = time.Date(2026, time.September, 14, 12, 0, 0, 0, time.UTC)
		}
		at[sequence] = at[sequence].Add(pick(r, edgeGaps))
		digest := pick(r, edgeDigests)
		reference := pick(r, []string{"latest", "1.0", "by digest", "by digest", "by digest"})
		if reference == "by digest" {
			reference = pick(r, edgeDigests[1:])
			digest = pick(r, []string{"", reference})
		}
		fmt.Fprintf(out, "%s,%s,%s,%s,%s,%s,%d,curl/8.5.0,,0\n", at[sequence].Format("2006-01-02T15:04:05.000000Z"),
			sequence[0], pick(r, []string{"HEAD", "GET", "GET"}), sequence[1], reference, digest, pick(r, statuses))
	}
	return out.Bytes()
}

// pick draws one of the values.
func pick[T any](r *rand.Rand, values []T) T { return values[r.IntN(len(values))] }

// checkEdges fails when a peer counts the edge log in another way than the engine.
func checkEdges(path string, engine engine, peers []peer) error {
	if err := os.WriteFile(path, edgeLog(300_000, 7), 0o600); err != nil {
		return fmt.Errorf("write the log of edge cases: %w", err)
	}
	defer os.Remove(path)
	ours, err := engine.run(path)
	if err != nil {
		return err
	}
	want, err := engine.counts()
	if err != nil {
		return err
	}
	if want.Requests == 0 || want.Requests != ours.accepted {
		return fmt.Errorf("the engine accepted %d requests of the edge cases and stored %d", ours.accepted, want.Requests)
	}
	for _, p := range peers {
		theirs, err := p.run(path)
		if err != nil {
			return err
		}
		if theirs.counts != want {
			return fmt.Errorf("%s counts the edge cases as %s, the engine as %s: one of them is wrong", p.name, theirs.counts, want)
		}
	}
	return nil
}
