package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience ends a test that hangs; nothing waits for it when all is well.
const patience = 20 * time.Second

// listening is a site behind a real address.
type listening struct {
	*site
	address string
	stop    context.CancelFunc
	ended   chan error    // what Serve returned
	closed  chan net.Conn // connections that the server closed
}

// closingListener tells of connections that are closed.
type closingListener struct {
	net.Listener
	closed chan net.Conn
}

func (l *closingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &closingConn{Conn: conn, closed: l.closed}, nil
}

type closingConn struct {
	net.Conn
	once   sync.Once
	closed chan net.Conn
}

func (c *closingConn) Close() error {
	c.once.Do(func() { c.closed <- c.Conn })
	return c.Conn.Close()
}

// listen serves a site of the demo data, with other timeouts.
func listen(t *testing.T, change func(*timeouts)) *listening {
	t.Helper()
	l := &listening{site: demo(t), ended: make(chan error, 1), closed: make(chan net.Conn, 100)}
	if change != nil {
		change(&l.timeouts)
	}
	listener := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	l.address = listener.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	l.stop = stop
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.ended <- l.Serve(ctx, &closingListener{listener, l.closed})
	}()
	t.Cleanup(func() { stop(); <-done })
	return l
}

func (l *listening) dial(t *testing.T) net.Conn {
	t.Helper()
	conn := must(net.Dial("tcp", l.address))(t)
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// waitClosed waits until the server has closed a connection of ours.
func (l *listening) waitClosed(t *testing.T, conn net.Conn) {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case closed := <-l.closed:
			if closed.RemoteAddr().String() == conn.LocalAddr().String() {
				return
			}
		case <-late:
			t.Fatal("the connection is still open")
		}
	}
}

// ask sends a whole request on a new connection.
func (l *listening) ask(t *testing.T, who, method, path string, body io.Reader) (int, string) {
	t.Helper()
	r := must(http.NewRequest(method, "http://"+l.address+path, body))(t)
	l.as(who)(r)
	r.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	answer := must(client.Do(r))(t)
	defer answer.Body.Close()
	return answer.StatusCode, string(must(io.ReadAll(answer.Body))(t))
}

// raw sends bytes, and returns the answer as text.
func (l *listening) raw(t *testing.T, text string) string {
	t.Helper()
	conn := l.dial(t)
	go func() { _, _ = io.WriteString(conn, text) }() // the server may close before it has all
	answer := must(http.ReadResponse(bufio.NewReader(conn), nil))(t)
	defer answer.Body.Close()
	// Where the length is not told, the end is that of the connection, for which the server takes its time.
	return string(must(httputil.DumpResponse(answer, answer.ContentLength >= 0))(t))
}

func TestSlowHeader(t *testing.T) {
	l := listen(t, func(limits *timeouts) { limits.header = 50 * time.Millisecond })
	conn := l.dial(t)
	fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
	if status, _ := l.ask(t, "nobody", "GET", "/healthz", nil); status != 200 {
		t.Errorf("another client is answered %d meanwhile", status)
	}
	l.waitClosed(t, conn)
}

func TestSlowBody(t *testing.T) {
	l := listen(t, func(limits *timeouts) { limits.body = 100 * time.Millisecond })
	said := l.raw(t, "POST "+loginPath+" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
	if !strings.HasPrefix(said, "HTTP/1.1 400 ") {
		t.Errorf("a body that does not come is answered %q", said)
	}
}

func TestIdleConnection(t *testing.T) {
	l := listen(t, func(limits *timeouts) { limits.idle = 50 * time.Millisecond })
	conn := l.dial(t)
	fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
	l.waitClosed(t, conn)
	if said := string(must(io.ReadAll(conn))(t)); !strings.HasSuffix(said, "\r\n\r\nok\n") {
		t.Errorf("an idle connection was answered %q", said)
	}
}

// TestReaderThatDoesNotRead asks for more than buffers take, and reads nothing.
func TestReaderThatDoesNotRead(t *testing.T) {
	l := listen(t, func(limits *timeouts) { limits.block = 50 * time.Millisecond })
	file := strings.TrimPrefix(l.files(t, "ann", rawOfAcme)[0].URL, "http://pulls.example.com")
	conn := l.dial(t)
	if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	sent := make(chan error, 1)
	go func() {
		_, err := io.WriteString(conn, strings.Repeat("GET "+file+" HTTP/1.1\r\nHost: x\r\n\r\n", 200)) // 50 MB
		sent <- err
	}()
	if status, _ := l.ask(t, "nobody", "GET", "/healthz", nil); status != 200 {
		t.Errorf("another client is answered %d meanwhile", status)
	}
	l.waitClosed(t, conn)
	conn.Close()
	<-sent
}

func TestLargeRequests(t *testing.T) {
	l := listen(t, nil)
	large := "POST " + loginPath + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10485760\r\n\r\n" + strings.Repeat(" ", 10<<20)
	if said := l.raw(t, large); !strings.HasPrefix(said, "HTTP/1.1 413 ") || !strings.Contains(said, "16384 bytes") {
		t.Errorf("a body of 10 MB is answered %q", said)
	}
	for what, header := range map[string]string{
		"100 kB":        "X-Large: " + strings.Repeat("a", 100_000) + "\r\n",
		"10,000 fields": strings.Repeat("X-Many: a\r\n", 10_000),
		"a long token":  "Authorization: Bearer " + strings.Repeat("a", 100_000) + "\r\n",
	} {
		if said := l.raw(t, "GET /healthz HTTP/1.1\r\nHost: x\r\n"+header+"\r\n"); !strings.HasPrefix(said, "HTTP/1.1 431 ") {
			t.Errorf("a header of %s is answered %.100q", what, said)
		}
	}
	if said := l.raw(t, "GET /"+strings.Repeat("a", 100_000)+" HTTP/1.1\r\nHost: x\r\n\r\n"); !strings.HasPrefix(said, "HTTP/1.1 431 ") {
		t.Errorf("a path of 100 kB is answered %.100q", said)
	}
	if status, _ := l.ask(t, "nobody", "GET", "/healthz", nil); status != 200 {
		t.Errorf("the server answers %d then", status)
	}
}

// TestBrokenRequests sends what no client of ours would.
func TestBrokenRequests(t *testing.T) {
	l := listen(t, nil)
	const end = " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	for text, status := range map[string]string{
		"GET /healthz\r\nX-Injected: yes" + end:               "400",
		"GET /healthz\x00" + end:                              "400",
		"GET healthz" + end:                                   "400",
		"GET /%zz" + end:                                      "400",
		"GET /healthz HTTP/1.1\r\n\r\n":                       "400",
		"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n": "400",
		"GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n":          "400",
		"GET /healthz HTTP/1.1\r\nHost: x\r\nX A: b\r\n\r\n":  "400",
		"POST /v2/users/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n": "400",
		"POST /v2/users/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, x\r\n\r\n":          "501",
		"GET /../../etc/passwd" + end:        "404",
		"GET //healthz" + end:                "404",
		"GET http://elsewhere/healthz" + end: "200",
		"GET /healthz" + end:                 "200",
		"BREW /healthz" + end:                "405",
		"OPTIONS /healthz" + end:             "405",
		"TRACE /healthz" + end:               "405",
		"CONNECT /healthz" + end:             "405",
		"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\x0bb\r\nConnection: close\r\n\r\n":             "400",
		"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\tX-Injected: yes\r\nConnection: close\r\n\r\n": "200",
	} {
		said := l.raw(t, text)
		if !strings.HasPrefix(said, "HTTP/1.1 "+status+" ") || strings.Contains(said, "\nX-Injected") || strings.Contains(said, "Location") {
			t.Errorf("%q is answered %q, want %s", text, said, status)
		}
	}
}

// TestShutdown stops the server while it answers a log-in, whose body has not come yet.
func TestShutdown(t *testing.T) {
	l := listen(t, nil)
	conn := l.dial(t)
	body := fmt.Sprintf(`{"username": %q, "password": %q}`, userNames["ann"], passwordOf("ann"))
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", loginPath, len(body))
	reader := bufio.NewReader(conn)
	// The server asks for the body when its handler reads it, so it has begun.
	if line := must(reader.ReadString('\n'))(t); line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("the server says %q", line)
	}
	must(reader.ReadString('\n'))(t)
	l.stop()
	for { // until nobody is let in any more
		late, err := net.Dial("tcp", l.address)
		if err != nil {
			break
		}
		late.Close()
	}
	select {
	case err := <-l.ended:
		t.Fatalf("the server ended before its answer: %v", err)
	default:
	}
	io.WriteString(conn, body)
	answer := must(http.ReadResponse(reader, nil))(t)
	text := string(must(io.ReadAll(answer.Body))(t))
	if answer.StatusCode != 200 || !strings.HasPrefix(text, `{"token":"`) || !strings.HasSuffix(text, "\"}\n") {
		t.Errorf("the answer that had begun is %d %q", answer.StatusCode, text)
	}
	if err := <-l.ended; err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

// TestShutdownDoesNotWaitForEver says that who never ends is cut off.
func TestShutdownDoesNotWaitForEver(t *testing.T) {
	l := listen(t, func(limits *timeouts) { limits.last = 20 * time.Millisecond })
	conn := l.dial(t)
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n", loginPath)
	must(bufio.NewReader(conn).ReadString('\n'))(t)
	l.stop()
	select {
	case err := <-l.ended:
		if err != nil {
			t.Errorf("the server ended with %v", err)
		}
	case <-time.After(patience):
		t.Error("the server waits for ever")
	}
}

func TestListen(t *testing.T) {
	first := must(Listen("127.0.0.1:0"))(t)
	defer first.Close()
	if _, err := Listen(first.Addr().String()); err == nil || !strings.Contains(err.Error(), "another program has this address") {
		t.Errorf("an address that is taken gives %v", err)
	}
	for _, address := range []string{"nowhere", "127.0.0.1:99999", "300.0.0.1:1"} {
		if _, err := Listen(address); err == nil || !strings.Contains(err.Error(), "give an address such as") {
			t.Errorf("%s gives %v", address, err)
		}
	}
	if err := shared(t).Serve(context.Background(), closedListener{}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a listener that is closed gives %v", err)
	}
}

type closedListener struct{}

func (closedListener) Accept() (net.Conn, error) { return nil, net.ErrClosed }
func (closedListener) Close() error              { return nil }
func (closedListener) Addr() net.Addr            { return &net.TCPAddr{} }
