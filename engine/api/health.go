package api

import (
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
