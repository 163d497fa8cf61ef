package engine

import (
	"bytes"
	"crypto/md5" // tells request ids of a day apart, and guards nothing
	"encoding/binary"

	"github.com/pullscope/pullscope/engine/ingest"
)

// coder turns the records of one input into rows of numbers: it gives the verdict on each and looks
// its texts up. There is one for each goroutine; what they share is in the dimensions.
type coder struct {
	targets, clients, digests, agents, users codeCache

	limits  stampLimits
	rows    codedRows
	rejects []rejected // of the block or batch at work
	tally   map[verdictReason]verdictTally
	facts   ingest.Facts
	text    []byte
	last    codedClient
}

// codedClient is the client that is being judged.
type codedClient struct {
	coded
	err error
}

// rejected is a record that goes to quarantine.
type rejected struct {
	line   int64
	reason ingest.Reason
}

type verdictReason struct {
	verdict ingest.Verdict
	reason  ingest.Reason
}

// verdictTally counts records with one verdict and reason.
type verdictTally struct {
	records, earliestUs, latestUs, firstLine int64
	hasStamp                                 bool
}

func newCoder(w *workspace, sink func(d *dimension) *rowSink) *coder {
	cache := func(table string) codeCache {
		d := w.dimension(table)
		return codeCache{dimension: d, sink: sink(d)}
	}
	return &coder{
		targets: cache("targets"), clients: cache("clients"), digests: cache("digest_texts"), agents: cache("agents"), users: cache("users"),
		tally: map[verdictReason]verdictTally{},
	}
}

// record is one record of an input as canonical texts, which say by their first letter what they
// are (see the resolve functions of the dimensions). Its facts are in the coder.
type record struct {
	line                                int64
	item                                int32
	client, target, digest, agent, user []byte
	hasTarget                           bool
	namesDigest                         bool // the target names the digest by the same text
	isHead                              bool
	requestKey                          int64
	hasKey                              bool
}

// add gives the verdict on a record, and codes it when it is accepted.
func (c *coder) add(r *record) error {
	f := &c.facts
	var target coded
	if r.hasTarget && f.Reject == "" && f.Ignore == "" {
		var err error
		if target, err = c.targets.get(r.target); err != nil {
			return err
		}
	}
	f.TargetIgnored, f.TargetRejected = target.ignored.text(), target.rejected.text()
	f.LateUs = c.limits.lateUs(r.line)
	c.last = codedClient{}
	verdict, reason := c.limits.Judge(f, func() ingest.Reason {
		c.last.coded, c.last.err = c.clients.get(r.client)
		return c.last.rejected.text()
	})
	if c.last.err != nil {
		return c.last.err
	}
	c.count(verdict, reason, r.line)
	switch verdict {
	case ingest.Rejected:
		c.rejects = append(c.rejects, rejected{r.line, reason})
		return nil
	case ingest.Ignored:
		return nil
	}
	return c.accept(r, target)
}

func (c *coder) count(verdict ingest.Verdict, reason ingest.Reason, line int64) {
	key := verdictReason{verdict, reason}
	t := c.tally[key]
	if t.records == 0 {
		t.firstLine = line
	}
	t.records++
	t.firstLine = min(t.firstLine, line)
	if at := c.facts.At; c.facts.HasAt {
		if !t.hasStamp {
			t.earliestUs, t.latestUs, t.hasStamp = at, at, true
		}
		t.earliestUs, t.latestUs = min(t.earliestUs, at), max(t.latestUs, at)
	}
	c.tally[key] = t
}

// accept appends the row of an accepted record.
func (c *coder) accept(r *record, target coded) error {
	agent, err := c.agents.get(r.agent)
	if err != nil {
		return err
	}
	user, err := c.users.get(r.user)
	if err != nil {
		return err
	}
	digest := target.digest
	if len(r.digest) > 0 && !r.namesDigest {
		logged, err := c.digests.get(r.digest)
		if err != nil {
			return err
		}
		if logged.digest != 0 {
			digest = logged.digest
		}
	}
	c.rows.append(codedRow{
		line: r.line, item: r.item, us: c.facts.At, isHead: r.isHead, byTag: target.byTag, ip: c.last.key, image: target.image,
		digest: digest, target: target.id, client: c.last.id, agent: agent.id, user: user.id, request: r.requestKey, hasRequest: r.hasKey,
	})
	return nil
}

// addFields is add for a record that a splitter has taken apart.
func (c *coder) addFields(line int64, fields *ingest.Fields, hasPath bool) error {
	r := record{line: line}
	// All texts go into one buffer, one after the other.
	text, begin := c.text[:0], 0
	end := func() []byte {
		part := text[begin:]
		begin = len(text)
		return part
	}
	text = append(text, 'c')
	text = append(text, fields.Get(ingest.FieldClient)...)
	if forwarded := fields.Get(ingest.FieldForwarded); len(forwarded) > 0 && !isDash(forwarded) {
		text = append(append(text, ingest.FieldSeparator), forwarded...)
	}
	r.client = end()
	f := &c.facts
	*f = ingest.Facts{HasStatus: true, Status: 200, HasAt: true, At: fields.At}
	method := fields.Get(ingest.FieldMethod)
	switch {
	case string(method) == "GET" || string(method) == "HEAD":
		f.Method = method
	default:
		f.Method = bytes.ToUpper(method)
	}
	if status := fields.Get(ingest.FieldStatus); len(status) == 3 {
		f.Status = int32(status[0]-'0')*100 + int32(status[1]-'0')*10 + int32(status[2]-'0')
	}
	r.isHead = string(f.Method) == "HEAD" || f.Status == 304
	text, r.hasTarget = appendTarget(text, fields, hasPath)
	r.target = end()
	if hasPath {
		switch path := fields.Get(ingest.FieldPath); {
		case len(method) == 0 || len(path) == 0:
			f.Ignore = ingest.NotHTTP
		case !r.hasTarget:
			f.Ignore = ingest.OtherPath
		}
	}
	text = append(text, 'a')
	if agent := fields.Get(ingest.FieldAgent); !isDash(agent) {
		text = append(text, agent...)
	}
	r.agent = end()
	text = appendUser(text, fields)
	r.user = end()
	r.digest = fields.Get(ingest.FieldDigest)
	r.namesDigest = !hasPath && string(r.digest) == string(fields.Get(ingest.FieldReference))
	if id := fields.Get(ingest.FieldRequestID); len(id) > 0 && !isDash(id) {
		r.requestKey, r.hasKey = requestKey(id), true
	}
	c.text = text[:0]
	return c.add(&r)
}

func isDash(text []byte) bool { return len(text) == 1 && text[0] == '-' }

// appendTarget appends the text of what was asked for. Of a path that is certainly no
// manifest's there is none: it is not worth a distinct text.
func appendTarget(text []byte, fields *ingest.Fields, hasPath bool) ([]byte, bool) {
	join := func(kind byte, parts ...int) ([]byte, bool) {
		text = append(text, kind)
		for i, part := range parts {
			if i > 0 {
				text = append(text, ingest.FieldSeparator)
			}
			text = append(text, fields.Get(part)...)
		}
		return text, true
	}
	switch {
	case hasPath:
		path, _, _ := bytes.Cut(fields.Get(ingest.FieldPath), []byte{'?'})
		if !bytes.Contains(path, []byte("/manifests/")) && bytes.IndexByte(path, '%') < 0 {
			return text, false
		}
		return append(append(text, 'p'), path...), true
	case len(fields.Get(ingest.FieldImage)) > 0 || fields.Get(ingest.FieldNamespace) == nil || fields.Get(ingest.FieldRepository) == nil:
		return join('i', ingest.FieldImage, ingest.FieldReference)
	}
	return join('n', ingest.FieldNamespace, ingest.FieldRepository, ingest.FieldReference)
}

// appendUser appends the text of the user: the domain, given as such or as part of an address, and the id.
func appendUser(text []byte, fields *ingest.Fields) []byte {
	domain := fields.Get(ingest.FieldDomain)
	if len(domain) == 0 {
		email := fields.Get(ingest.FieldEmail)
		if at := bytes.LastIndexByte(email, '@'); at >= 0 {
			domain = email[at+1:]
		}
	}
	text = append(text, 'u')
	text = append(text, bytes.ToLower(domain)...)
	text = append(text, ingest.FieldSeparator)
	if user := fields.Get(ingest.FieldUser); !isDash(user) {
		text = append(text, user...)
	}
	return text
}

// requestKey is the macro id_to_key: 63 bits of the MD5 of a request id.
func requestKey(id []byte) int64 {
	sum := md5.Sum(id)
	return int64(binary.LittleEndian.Uint64(sum[8:]) >> 1)
}

// codeCache looks texts up for one goroutine, and adds those that are new.
type codeCache struct {
	dimension *dimension
	sink      *rowSink
}

func (c *codeCache) get(text []byte) (coded, error) {
	if code, ok := c.dimension.known.find(text); ok {
		return code, nil
	}
	code, row, err := c.dimension.coded(string(text))
	if err == nil && row != nil {
		err = c.sink.add(row)
	}
	return code, err
}
