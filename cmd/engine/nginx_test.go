package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const nginxConfig = `
daemon off;
master_process on;
worker_processes 2;
pid DIR/nginx.pid;
error_log DIR/error.log;
events { worker_connections 64; }
http {
    log_format engine escape=json '{"time":"$msec","request_id":"$request_id","remote_addr":"$remote_addr","http_x_forwarded_for":"$http_x_forwarded_for","remote_user":"$remote_user",'
        '"method":"$request_method","request_uri":"$request_uri","status":"$status","bytes_sent":"$bytes_sent","request_time":"$request_time",'
        '"user_agent":"$http_user_agent","docker_content_digest":"$sent_http_docker_content_digest"}';
    access_log DIR/logs/access.log engine BUFFER;
    client_body_temp_path DIR/tmp; proxy_temp_path DIR/tmp; fastcgi_temp_path DIR/tmp; uwsgi_temp_path DIR/tmp; scgi_temp_path DIR/tmp;
    server {
        listen 127.0.0.1:PORT;
        location /v2/ {
            add_header Docker-Content-Digest DIGEST;
            return 200 "{}";
        }
    }
}
`

const logrotateConfig = `
DIR/logs/access.log {
    rotate 1000
    compress
    delaycompress
    missingok
    create 0644
    sharedscripts
    postrotate
        kill -USR1 $(cat DIR/nginx.pid)
    endscript
}
`

// nginx starts one that logs below dir, and returns its address.
func startNginx(t *testing.T, dir, buffer string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	for _, sub := range []string{"logs", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	_, port, _ := net.SplitHostPort(address)
	put(t, filepath.Join(dir, "nginx.conf"), strings.NewReplacer("DIR", dir, "PORT", port, "BUFFER", buffer, "DIGEST", "sha256:"+strings.Repeat("a", 64)).Replace(nginxConfig))
	nginx := exec.Command("nginx", "-p", dir, "-c", filepath.Join(dir, "nginx.conf"))
	nginx.Stderr = os.Stderr
	if err := nginx.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nginx.Process.Signal(os.Interrupt); _ = nginx.Wait() })
	for range 100 {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return address
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("nginx does not listen")
	return ""
}

// TestNginxUnderLoad lets a worker read the logs of a real nginx while clients ask
// and logrotate rotates. Every request has a tag of its own: none may be missing,
// none may be there twice.
func TestNginxUnderLoad(t *testing.T) {
	for _, program := range []string{"nginx", "logrotate"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s", program)
		}
	}
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	t.Parallel()
	for name, buffer := range map[string]string{"unbuffered": "", "buffered": "buffer=16k flush=300ms"} {
		t.Run(name, func(t *testing.T) { testNginx(t, buffer) })
	}
}

func testNginx(t *testing.T, buffer string) {
	dir, err := os.MkdirTemp("", "engine-nginx-*") // nginx's workers are another user, who may not enter t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	address := startNginx(t, dir, buffer)
	data := filepath.Join(dir, "data")
	worker := child("run", "--data", data, "--config", "testdata/few_reports.toml", "--format", "nginx-json",
		"--input", filepath.Join(dir, "logs", "access.log*"), "--schedule", "* * * * * *")
	if err := worker.Start(); err != nil {
		t.Fatal(err)
	}

	var asked atomic.Int64
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for client := range 4 {
		clients.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := ask(address, client, n); err != nil {
					t.Error(err)
					return
				}
				asked.Add(1)
				time.Sleep(time.Millisecond)
			}
		})
	}
	put(t, filepath.Join(dir, "logrotate.conf"), strings.ReplaceAll(logrotateConfig, "DIR", dir))
	for range 15 {
		time.Sleep(400 * time.Millisecond)
		out, err := exec.Command("logrotate", "--force", "--state", filepath.Join(dir, "state"), filepath.Join(dir, "logrotate.conf")).CombinedOutput()
		if err != nil {
			t.Fatalf("logrotate: %v\n%s", err, out)
		}
	}
	close(stop)
	clients.Wait()
	time.Sleep(time.Second) // for the buffer

	if err := worker.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if r := wait(t, worker); r.code != 0 {
		t.Fatalf("the worker ended with exit code %d:\n%s", r.code, r.stderr)
	}
	mustEngine(t, "run", "--data", data, "--config", "testdata/few_reports.toml", "--format", "nginx-json", "--once",
		"--input", filepath.Join(dir, "logs", "access.log*"))
	got := queryCSV(t, data, "select count(*), count(distinct tag), max(line) > 1 from requests where namespace = 'acme'")
	if want := fmt.Sprintf("%d,%d,true", asked.Load(), asked.Load()); len(got) == 0 || got[len(got)-1] != want {
		t.Errorf("requests and tags in the lake: %v, want %s", got, want)
	}
	mustEngine(t, "check", "--data", data)
	t.Logf("%d requests", asked.Load())
}

// ask is a request that no other one is like.
func ask(address string, client, n int) error {
	request, err := http.NewRequest([]string{"HEAD", "GET"}[n%2], fmt.Sprintf("http://%s/v2/acme/app/manifests/c%d-%d", address, client, n), nil)
	if err != nil {
		return err
	}
	request.Header.Set("X-Forwarded-For", fmt.Sprintf("192.0.2.%d", client+1))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
