package api

import (
	"net/http"

	"github.com/pullscope/pullscope/engine"
)

// maxRuns is how many runs are listed.
const maxRuns = 50

// ofAdmin serves what administrators may see.
func ofAdmin(compute func(c *call) (any, error)) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		if !c.access.all {
			return nil, c.refuse()
		}
		if err := newParams(c.URL.RawQuery).err; err != nil {
			return nil, err
		}
		return compute(c)
	}
}

// status is as engine status --json tells it, without where the data are.
func (s *Server) status(c *call) (any, error) {
	status, err := c.live.Engine().Status(true)
	if err != nil {
		return nil, err
	}
	status.Data = ""
	return status, nil
}

// runs are as engine runs --json tells them.
func (s *Server) runs(c *call) (any, error) {
	runs, err := c.live.Engine().Runs(maxRuns)
	if runs == nil {
		runs = []engine.RunSummary{}
	}
	return runs, err
}

// rejects are counts: the lines themselves hold addresses, and do not leave the machine this way.
func (s *Server) rejects(c *call) (any, error) {
	return c.live.Engine().Rejects(c.Context(), engine.RejectsRequest{})
}

// gaps are as engine gaps --json tells them.
func (s *Server) gaps(c *call) (any, error) {
	return c.live.Engine().Gaps()
}

func (s *Server) healthy(w http.ResponseWriter, r *http.Request) error {
	_, _, state, err := s.newest()
	if err != nil {
		s.log.Error("the lake cannot be read", "error", err)
		return &problem{status: http.StatusServiceUnavailable, detail: "the lake cannot be read; the log of the server says why"}
	}
	defer state.Release()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
	return nil
}
