package cloud

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

const (
	userAgent    = "pullscope"
	maxRedirects = 5
	// maxWait bounds what a server may ask for by Retry-After.
	maxWait = 30 * time.Second
)

// refusal is an error that trying again cannot mend.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

// downloader gets files over HTTP.
type downloader struct {
	client   *retryablehttp.Client
	maxBytes int64
}

func newDownloader(options UpdateOptions) downloader {
	client := *options.Client
	client.CheckRedirect = checkRedirect
	return downloader{
		client: &retryablehttp.Client{
			HTTPClient:   &client,
			RetryWaitMin: options.retryWait,
			RetryWaitMax: maxWait,
			RetryMax:     options.Retries,
			CheckRetry:   checkRetry,
			Backoff:      backoff,
			ErrorHandler: retryablehttp.PassthroughErrorHandler,
		},
		maxBytes: options.MaxBytes,
	}
}

func checkRedirect(request *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return refusal{fmt.Errorf("the server redirects more than %d times", maxRedirects)}
	}
	return checkURL(request.URL, isLoopback(via[0].URL))
}

func checkRetry(ctx context.Context, response *http.Response, err error) (bool, error) {
	var refused refusal
	if errors.As(err, &refused) {
		return false, refused
	}
	return retryablehttp.DefaultRetryPolicy(ctx, response, err)
}

// backoff is how long to wait before a retry: as long as the server asks for, else
// longer each time.
func backoff(least, most time.Duration, attempt int, response *http.Response) time.Duration {
	return min(retryablehttp.DefaultBackoff(least, most, attempt, response), most)
}

// get returns what is at an address, and the address that redirects led to.
func (d downloader) get(ctx context.Context, address string) ([]byte, *url.URL, error) {
	request, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, nil, err
	}
	request.Header.Set("User-Agent", userAgent)
	var body []byte
	// The body is read here, so that a connection that breaks off is tried again.
	request.SetResponseHandler(func(response *http.Response) error {
		var err error
		body, err = d.read(response)
		return err
	})
	response, err := d.client.Do(request)
	if response != nil && response.Body != nil {
		defer response.Body.Close()
	}
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err // the address is named below
	}
	if err == nil && response.StatusCode != http.StatusOK {
		err = statusError(response) // retries ended before the body was looked at
	}
	if err != nil {
		return nil, nil, fmt.Errorf("get %s: %w", request.URL.Redacted(), err)
	}
	return body, response.Request.URL, nil
}

func statusError(response *http.Response) error {
	return refusal{fmt.Errorf("the server answers %s", response.Status)}
}

// read returns the body of an answer.
func (d downloader) read(response *http.Response) ([]byte, error) {
	if response.StatusCode != http.StatusOK {
		return nil, statusError(response)
	}
	// The transport unpacks what it asked for and then removes this header.
	if packed := response.Header.Get("Content-Encoding"); packed != "" && packed != "identity" {
		return nil, refusal{fmt.Errorf("the server sends the file packed as %s, which was not asked for", packed)}
	}
	tooLarge := refusal{fmt.Errorf("the file is larger than %d bytes; allow more or correct the source", d.maxBytes)}
	if response.ContentLength > d.maxBytes {
		return nil, tooLarge
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, d.maxBytes+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > d.maxBytes {
		return nil, tooLarge
	}
	return body, nil
}

// resolveLink returns the address of a link in the text of a page.
func resolveLink(page *url.URL, link string) (*url.URL, error) {
	address, err := page.Parse(html.UnescapeString(link))
	if err != nil {
		return nil, fmt.Errorf("the page %s has a link that is no address: %w", page.Redacted(), err)
	}
	return address, checkURL(address, isLoopback(page))
}
