package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// waitBefore is how long a query may take before something moves on the terminal.
const waitBefore = time.Second

// waiting shows on a terminal that a query is still running, and for how long. How
// far it has come, the driver does not tell.
type waiting struct {
	once    sync.Once
	done    chan struct{} // nil: nobody watches
	cleared chan struct{}
}

func startWaiting(on screen) *waiting {
	w := &waiting{}
	if on.errTerminal {
		w.done, w.cleared = make(chan struct{}), make(chan struct{})
		go w.show(on.err)
	}
	return w
}

func (w *waiting) show(to io.Writer) {
	defer close(w.cleared)
	// With an interval of its own the bar would go on when it is no longer wanted.
	bar := progressbar.NewOptions(-1, progressbar.OptionSetWriter(to), progressbar.OptionSpinnerType(14), progressbar.OptionSetSpinnerChangeInterval(0),
		progressbar.OptionSetDescription("running"), progressbar.OptionSetElapsedTime(true))
	select {
	case <-w.done:
		return
	case <-time.After(waitBefore):
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-w.done:
			_ = bar.Clear()
			fmt.Fprint(to, "\r")
			return
		case <-tick.C:
			_ = bar.Add(1) // a bar that cannot be drawn must not end a query
		}
	}
}

// stop clears the line. It may be called often.
func (w *waiting) stop() {
	if w.done == nil {
		return
	}
	w.once.Do(func() { close(w.done) })
	<-w.cleared
}
