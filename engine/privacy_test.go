package engine

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/base64"
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine/duck"
)

// secrets are the addresses and users that must not be found, in the forms in which they could be.
type secrets struct {
	texts   map[string]string // form to secret; looked for in raw bytes and in the values of Parquet files
	numbers map[string]string // decimal numbers, compared with whole values
	starts  map[uint32][]string
}

func newSecrets() secrets {
	return secrets{map[string]string{}, map[string]string{}, map[uint32][]string{}}
}

// hide adds a text in its encodings.
func (s secrets) hide(text string) {
	md, sha, sha256 := md5.Sum([]byte(text)), sha1.Sum([]byte(text)), sha256.Sum256([]byte(text))
	forms := []string{
		text, hex.EncodeToString([]byte(text)),
		strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(text)), "="), strings.TrimRight(base64.URLEncoding.EncodeToString([]byte(text)), "="),
		// A hash without a key hides nothing: there are few addresses to try.
		hex.EncodeToString(md[:8]), hex.EncodeToString(sha[:8]), hex.EncodeToString(sha256[:8]),
		base64.StdEncoding.EncodeToString(md[:])[:12], base64.StdEncoding.EncodeToString(sha256[:])[:12],
	}
	for _, form := range forms {
		s.texts[form], s.texts[strings.ToUpper(form)] = text, text
	}
	for _, sum := range [][]byte{md[:8], md[8:], sha[:8], sha256[:8]} {
		for _, order := range []binary.ByteOrder{binary.BigEndian, binary.LittleEndian} {
			number := order.Uint64(sum)
			for _, form := range []uint64{number, number >> 1} {
				s.numbers[strconv.FormatUint(form, 10)], s.numbers[strconv.FormatInt(int64(form), 10)] = text, text
			}
		}
	}
}

// hideAddress adds an address as text, bytes and numbers.
func (s secrets) hideAddress(text string) {
	addr := netip.MustParseAddr(text).Unmap()
	s.hide(addr.String())
	s.hide(addr.StringExpanded())
	raw := addr.AsSlice()
	s.hide(string(raw))
	delete(s.texts, string(raw)) // as raw bytes only where they are too many to be there by chance
	delete(s.texts, strings.ToUpper(string(raw)))
	if addr.Is6() {
		s.texts[string(raw)] = text
		network, _ := addr.Prefix(64)
		s.texts[strings.TrimSuffix(network.Addr().String(), "::")+":"] = text
		s.numbers[new(big.Int).SetBytes(raw).String()] = text
		raw = raw[:8]
	}
	var wide [8]byte
	copy(wide[8-len(raw):], raw)
	for _, order := range []binary.ByteOrder{binary.BigEndian, binary.LittleEndian} {
		number := order.Uint64(wide[:])
		if len(raw) == 4 {
			number = uint64(order.Uint32(raw))
			s.numbers[strconv.FormatInt(int64(int32(number)), 10)] = text
		}
		s.numbers[strconv.FormatUint(number, 10)], s.numbers[strconv.FormatInt(int64(number), 10)] = text, text
	}
}

// find looks for the secrets in a text, all in one pass: by the first four bytes of their forms.
func (s secrets) find(text []byte) (form, secret string) {
	if len(s.starts) == 0 {
		for form := range s.texts {
			if len(form) < 4 {
				continue // too short to mean anything where it is found
			}
			start := binary.BigEndian.Uint32([]byte(form))
			s.starts[start] = append(s.starts[start], form)
		}
	}
	for i := 0; i+4 <= len(text); i++ {
		for _, form := range s.starts[binary.BigEndian.Uint32(text[i:])] {
			if bytes.HasPrefix(text[i:], []byte(form)) {
				return form, s.texts[form]
			}
		}
	}
	return "", ""
}

// leaks reads every file below dir that keep accepts, Parquet by value too, and tells where secrets are.
func (s secrets) leaks(t *testing.T, dir string, keep func(name string) bool) (leaks []string, files int) {
	t.Helper()
	ctx := context.Background()
	db, err := duck.Open(ctx, duck.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() { // links lead to what is read anyway
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || !keep(name) {
			return err
		}
		files++
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if form, secret := s.find([]byte(name)); form != "" {
			leaks = append(leaks, "the name "+name+" has "+secret+" as "+form)
		}
		if form, secret := s.find(content); form != "" {
			leaks = append(leaks, name+" has "+secret+" as "+form)
		}
		if filepath.Ext(name) != ".parquet" {
			for _, word := range bytes.FieldsFunc(content, func(r rune) bool { return r != '-' && (r < '0' || r > '9') }) {
				if secret := s.numbers[string(word)]; secret != "" {
					leaks = append(leaks, name+" has "+secret+" as the number "+string(word))
				}
			}
			return nil
		}
		return db.Each(ctx, "select columns(*)::varchar from read_parquet("+duck.Quote(path)+")", func(row []driver.Value) error {
			for _, value := range row {
				text, _ := value.(string)
				if form, secret := s.find([]byte(text)); form != "" {
					leaks = append(leaks, name+" has a value with "+secret+" as "+form)
				}
				if secret := s.numbers[text]; secret != "" {
					leaks = append(leaks, name+" has "+secret+" as the number "+text)
				}
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return leaks, files
}

// hidden holds that the secrets are nowhere but in quarantine.
func (s secrets) hidden(t *testing.T, e *Engine) {
	t.Helper()
	leaks, files := s.leaks(t, e.Dir, func(name string) bool { return !strings.HasPrefix(name, "rejects/") })
	if len(s.texts) < 10 || files < 10 {
		t.Fatalf("looked for %d forms in %d files", len(s.texts), files)
	}
	for i, leak := range leaks {
		if i == 10 {
			t.Fatalf("… and %d more", len(leaks)-10)
		}
		t.Error(leak)
	}
}

func TestNoAddressOrUserIsStored(t *testing.T) {
	t.Parallel()
	row := func(minute int, client, user, email string) logRow {
		return logRow{
			at: monday.Add(time.Duration(minute) * time.Minute), client: client, method: "GET", image: "acme/app", reference: "v1",
			agent: "docker/26.1.4 go/go1.21.11", user: user, email: email,
		}
	}
	const email = "quentin.zanzibar@secretive-mail.example"
	broken := row(5, "203.0.113.218", "zanzibar-4713", "")
	broken.image = "not an image"
	rows := []logRow{
		row(0, "203.0.113.217", "zanzibar-4711", email), row(0, "203.0.113.217", "", ""), row(1, "::ffff:203.0.113.219", "zanzibar-4712", ""),
		row(2, "2001:db8:dead:beef:1234:5678:9abc:def0", email, email), row(3, "2001:db8:dead:beef::77", "", ""), broken,
	}
	hide := newSecrets()
	for _, address := range []string{"203.0.113.217", "203.0.113.218", "203.0.113.219", "2001:db8:dead:beef:1234:5678:9abc:def0", "2001:db8:dead:beef::77"} {
		hide.hideAddress(address)
	}
	for _, text := range []string{"zanzibar-4711", "zanzibar-4712", "zanzibar-4713", "zanzibar-4714", "zanzibar-4715", email, "quentin.zanzibar"} {
		hide.hide(text)
	}
	e := newEngine(t.TempDir(), farAway)
	e.Config.Reports.Publish, e.Config.Reports.XLSX = nil, true
	mustRun(t, e, inputFile(t, rows...))
	// Users of extensions are hidden likewise, and are the users of requests.
	events := func(rows ...eventRow) string {
		return writeFile(t, filepath.Join(t.TempDir(), "events.csv"), eventsCSV(rows...))
	}
	runExtensions(t, e, events(
		eventRow{"2026-09-14T10:00:00Z", "acme/tool", "install", "zanzibar-4711"}, eventRow{"2026-09-14T11:00:00Z", "acme/tool", "install", "zanzibar-4714"},
		eventRow{"2026-09-14T12:00:00Z", "acme/tool", "remove", "zanzibar-4715"}))
	runExtensions(t, e, events(eventRow{"2026-09-14T10:00:00Z", "acme/tool", "open", email}))
	// A second run reads the days back and writes them again.
	mustRun(t, e, inputFile(t, row(4, "203.0.113.217", "zanzibar-4711", "")))
	mustCheck(t, e, 6)
	hide.hidden(t, e)

	// The search finds what is there: the quarantine has the broken line as it was.
	if leaks, files := hide.leaks(t, filepath.Join(e.Dir, "rejects"), func(string) bool { return true }); files != 2 || len(leaks) < 2 {
		t.Errorf("in %d quarantine files nothing was found", files)
	}
	// And a number would be found: the day with one more column.
	for _, column := range []string{"3405803993", "-889163303", "'x' || '203.0.113.217'", "md5('203.0.113.217')", "md5_number_lower('zanzibar-4711') >> 1", "2306139570357600256"} {
		dir := t.TempDir()
		day := filepath.Join(dir, "day.parquet")
		writeFile(t, day, mustRead(t, filepath.Join(e.Dir, "requests", "day=2026-09-14", "requests.parquet")))
		rewrite(t, day, "*, "+column+" as planted")
		if leaks, _ := hide.leaks(t, dir, func(string) bool { return true }); (len(leaks) == 0) != (column == "2306139570357600256") {
			t.Errorf("planted %s: found %q", column, leaks)
		}
	}
	if users := query(t, e, "select count(distinct user_key), count(distinct user_key) filter (user_key in (select user_key from requests)) from extension_events"); users[0][0] != "3" || users[0][1] != "2" {
		t.Errorf("users of extensions, and those of them that pulled, are %v, want 3 and 2", users[0])
	}
	if users := query(t, e, "select count(distinct user_key), count(distinct ip_key), count(distinct client_key) from requests"); users[0][0] != "3" || users[0][1] != "4" || users[0][2] != "3" {
		t.Errorf("users, addresses and clients are %v, want 3, 4 and 3", users[0])
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestNoAddressOrUserOfTheFixturesIsStored(t *testing.T) {
	t.Parallel()
	t.Run("captures", func(t *testing.T) {
		hide := newSecrets()
		for _, line := range jsonLines[nginxLine](t, "nginx-access.json.log.gz") {
			hide.hideAddress(line.Client)
			if line.User != "" {
				hide.hide(line.User)
			}
		}
		e := newEngine(t.TempDir(), farAway)
		e.Config.Reports.Publish = nil
		for _, name := range []string{"nginx-access.json.log.gz", "nginx-access.combined.log.gz", "notifications.jsonl.gz"} {
			mustRun(t, e, filepath.Join(captures, name))
		}
		hide.hidden(t, e)
	})
	t.Run("demo", func(t *testing.T) {
		hide := newSecrets()
		for line := range bytes.Lines(gunzip(t, filepath.Join(demo, "registry-east.access.json.gz"))) {
			var request struct {
				Client    string `json:"remote_addr"`
				Forwarded string `json:"http_x_forwarded_for"`
				User      string `json:"remote_user"`
			}
			if err := json.Unmarshal(line, &request); err != nil {
				t.Fatal(err)
			}
			hide.hideAddress(request.Client)
			if first, _, _ := strings.Cut(request.Forwarded, ","); first != "" {
				hide.hideAddress(first)
			}
			if request.User != "" {
				hide.hide(request.User)
			}
		}
		reader := csv.NewReader(bytes.NewReader(mustRead(t, filepath.Join(demo, "registry-west.csv"))))
		reader.FieldsPerRecord = -1
		records, err := reader.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range records[1:] {
			for i, value := range record {
				switch name := records[0][i]; {
				case name == "client_ip" && value != "203.0.113.300":
					hide.hideAddress(value)
				case (name == "user_id" || name == "user_email") && value != "":
					hide.hide(value)
				}
			}
		}
		for line := range strings.Lines(string(mustRead(t, filepath.Join(demo, "mirror.access.log")))) {
			if address, _, _ := strings.Cut(strings.TrimSpace(line), " "); address != "" {
				hide.hideAddress(address)
			}
		}
		e, _ := runDemo(t, t.TempDir())
		hide.hidden(t, e)
	})
}

// The key is for its owner only, and the quarantine, too.
func TestPrivateFiles(t *testing.T) {
	e := newEngine(t.TempDir(), farAway)
	broken := checkRow(monday, "not an image")
	mustRun(t, e, inputFile(t, checkRow(monday, "acme/app"), broken))
	for name, want := range map[string]fs.FileMode{"key": 0o600, "rejects": 0o700 | fs.ModeDir, "scratch": 0o700 | fs.ModeDir} {
		info, err := os.Stat(filepath.Join(e.Dir, name))
		if err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v, want mode %v", name, info.Mode(), err, want)
		}
	}
	left, err := filepath.Glob(filepath.Join(e.Dir, "scratch", "*", "*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left in scratch: %v, %v", left, err)
	}
	// After the retention the next run removes the quarantine.
	if rejects := tree(t, e.Dir, []string{"rejects"}); len(rejects) != 1 {
		t.Fatalf("quarantine %v", rejects)
	}
	e.Now = func() time.Time { return farAway.Add(30 * 24 * time.Hour) }
	mustRun(t, e)
	e.Now = func() time.Time { return farAway.Add(30*24*time.Hour + time.Second) }
	mustRun(t, e)
	if rejects := tree(t, e.Dir, []string{"rejects"}); len(rejects) != 0 {
		t.Errorf("quarantine after its retention %v", rejects)
	}
}

// Two data directories have two keys: what one tells of an address says nothing in the other.
func TestKeysDiffer(t *testing.T) {
	input := inputFile(t, checkRow(monday, "acme/app"))
	var keys []string
	for range 2 {
		e := newEngine(t.TempDir(), farAway)
		mustRun(t, e, input)
		keys = append(keys, strings.Join(query(t, e, "select ip_key, client_key from requests")[0], " "))
	}
	if keys[0] == keys[1] {
		t.Error("an address has the same key in two data directories")
	}
	if first, second, _ := strings.Cut(keys[0], " "); first == second {
		t.Error("an address and its client have the same key")
	}
}
