package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/pullscope/pullscope/engine/lake"
)

// Which outcomes are told: Notifier.On.
const (
	OnChange  = "change"  // runs that failed, or that read, stored, published or pruned something
	OnAll     = "all"     // every run
	OnFailure = "failure" // runs that failed
)

const (
	commandLimit = time.Minute
	webhookLimit = 30 * time.Second // of one try
	webhookTries = 3
	maxWait      = 10 * time.Second // between two of them
	shownOutput  = 500              // bytes of what a command that fails has printed
)

// Notifier hands the outcome of runs, as JSON, to a command, a webhook or both. The zero value tells nobody.
type Notifier struct {
	Command []string // a program and its arguments; it gets the JSON on stdin and has a minute
	Webhook string   // an http or https URL; the JSON is posted to it, in three tries of 30 s
	On      string   // OnChange, OnAll or OnFailure; empty: OnChange
	Log     *slog.Logger

	retryWait time.Duration // before the first repetition; 0: a second
}

// message is the JSON.
type message struct {
	OK    bool       `json:"ok"`
	Error string     `json:"error"` // empty when OK
	Runs  []lake.Run `json:"runs"`  // the manifests, without the marks of their inputs
}

// Notify tells of a run, which failed unless failed is nil. That it cannot be told is logged and no more.
func (n Notifier) Notify(ctx context.Context, runs []lake.Run, failed error) {
	if len(n.Command) == 0 && n.Webhook == "" || !n.wants(runs, failed) {
		return
	}
	log := n.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	text, err := encode(runs, failed)
	if err != nil {
		log.Error("the run is told to nobody", "error", err)
		return
	}
	if len(n.Command) > 0 {
		if err := n.runCommand(ctx, text); err != nil {
			log.Error("the command that is told of runs failed", "command", n.Command[0], "error", err)
		}
	}
	if n.Webhook != "" {
		if err := n.post(ctx, text); err != nil {
			log.Error("the webhook that is told of runs failed", "error", err)
		}
	}
}

func (n Notifier) wants(runs []lake.Run, failed error) bool {
	switch {
	case failed != nil || n.On == OnAll:
		return true
	case n.On == OnFailure:
		return false
	}
	for _, run := range runs {
		if len(run.Inputs)+len(run.Days)+len(run.ExtensionDays)+changed(run) > 0 || run.Pruned != nil {
			return true
		}
	}
	return false
}

func encode(runs []lake.Run, failed error) ([]byte, error) {
	m := message{OK: failed == nil, Runs: []lake.Run{}}
	if failed != nil {
		m.Error = failed.Error()
	}
	for _, run := range runs {
		run = run.Normalized() // a copy
		for i := range run.Inputs {
			run.Inputs[i].Marks = "" // long, and of use to the engine only
		}
		m.Runs = append(m.Runs, run)
	}
	text, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode the outcome of a run: %w", err)
	}
	return append(text, '\n'), nil
}

func (n Notifier) runCommand(ctx context.Context, text []byte) error {
	limited, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	cmd := exec.CommandContext(limited, n.Command[0], n.Command[1:]...)
	cmd.Stdin = bytes.NewReader(text)
	var output limitedBuffer
	cmd.Stdout, cmd.Stderr = &output, &output
	// A group of its own is not interrupted with the engine, and ends with everything that it has started.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return errors.New("it was killed, because the engine ends")
	case limited.Err() != nil:
		return fmt.Errorf("it was killed, because it took longer than %s", commandLimit)
	case output.String() != "":
		return fmt.Errorf("%w: %s", err, output.String())
	}
	return err
}

// limitedBuffer keeps the beginning of what is written.
type limitedBuffer struct{ text []byte }

func (b *limitedBuffer) Write(p []byte) (int, error) {
	b.text = append(b.text, p[:min(len(p), shownOutput-len(b.text))]...)
	return len(p), nil
}

func (b *limitedBuffer) String() string { return strings.TrimSpace(string(b.text)) }

func (n Notifier) post(ctx context.Context, text []byte) error {
	wait := n.retryWait
	if wait == 0 {
		wait = time.Second
	}
	client := &retryablehttp.Client{
		HTTPClient:   &http.Client{Timeout: webhookLimit},
		RetryWaitMin: wait, RetryWaitMax: maxWait, RetryMax: webhookTries - 1,
		CheckRetry: retryablehttp.DefaultRetryPolicy,
		// A server may ask for a longer wait than anybody has.
		Backoff: func(least, most time.Duration, attempt int, response *http.Response) time.Duration {
			return min(retryablehttp.DefaultBackoff(least, most, attempt, response), most)
		},
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	defer client.HTTPClient.CloseIdleConnections()
	request, err := retryablehttp.NewRequestWithContext(ctx, http.MethodPost, n.Webhook, text)
	if err != nil {
		return withoutURL(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "pullscope")
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("post to %s: %w", request.URL.Host, withoutURL(err))
	}
	defer response.Body.Close()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("post to %s: the server answers %s", request.URL.Host, response.Status)
	}
	return nil
}

// withoutURL is what went wrong without the address, whose path is often a secret.
func withoutURL(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}
