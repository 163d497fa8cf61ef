package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"github.com/pullscope/pullscope/engine"
	"github.com/pullscope/pullscope/engine/account"
	"github.com/pullscope/pullscope/engine/api"
	"github.com/pullscope/pullscope/engine/dashboard"
	"github.com/pullscope/pullscope/engine/lake"
)

const serveUsage = `Serves the data API over HTTP: the paths of Docker's DVP Data API under
/api/publisher/analytics/v1, log-in at /v2/users/login, published reports, reports on
demand and badges. /docs describes all of it, /openapi.json for programs.

It reads the data directory and may run beside runs and workers. Who may see what is told
with engine user; changes hold at once. SIGHUP makes it read the configuration again,
SIGTERM and SIGINT end it. It speaks plain HTTP: beyond this machine, put it behind a proxy
that speaks TLS, and name its address as serve.public_url in the configuration.

With --with-worker it also runs on a schedule, as engine run --schedule does.`

// serveExcludes are flags of engine run that are not for a worker.
var serveExcludes = []string{"period", "include-open", "json", "readmit", "accept-clock", "once"}

// serveOwn are flags that a server has without a worker, too.
var serveOwn = []string{"data", "config", "memory", "threads", "log-format", "log-level"}

func serveCommand() *cli.Command {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "listen", Value: "127.0.0.1:8080", Usage: "serve at this `ADDRESS`, such as :8080 for all addresses of the machine"},
		&cli.BoolFlag{Name: "no-login", Usage: "let everybody who reaches the server see everything; only at an address of this machine alone, such as 127.0.0.1"},
		&cli.BoolFlag{Name: "with-worker", Usage: "also run on a schedule; then --schedule, --input and the like are as for engine run"},
	}
	for _, flag := range runFlags() {
		if !slices.Contains(serveExcludes, flag.Names()[0]) {
			flags = append(flags, flag)
		}
	}
	return &cli.Command{
		Name: "serve", Usage: "serve the data API", Description: serveUsage,
		Flags: flags, OnUsageError: onUsageError, Action: serve,
	}
}

func serve(c *cli.Context) error {
	if c.NArg() > 0 {
		return usageError("argument %q is unexpected; the address is given with --listen", c.Args().First())
	}
	if err := checkServe(c); err != nil {
		return err
	}
	e, err := newEngine(c)
	if err != nil {
		return err
	}
	if c.Bool("with-worker") {
		if _, err := newSettings(c); err != nil {
			return err
		}
		// The first run may make the directory only later.
		if _, err := lake.Open(e.Dir); err != nil {
			return err
		}
	}
	accounts, err := account.Open(e.Dir, account.Options{Log: e.Log, SessionLifetime: e.Config.Serve.SessionLifetime.Duration})
	if err != nil {
		return err
	}
	defer accounts.Close()
	live, err := e.OpenLive()
	if err != nil {
		return err
	}
	server := api.New(live, accounts, e.Log)
	defer server.Close()
	listener, err := api.Listen(c.String("listen"))
	if err != nil {
		return err
	}
	if c.Bool("no-login") {
		if !isLoopback(listener.Addr()) {
			listener.Close()
			return usageError("--no-login shows everything to everybody, and %s is reached from other machines; serve at 127.0.0.1 or log in", listener.Addr())
		}
		server.OpenToAll()
	}
	sayServing(c.App.Writer, e, accounts, listener.Addr(), c.Bool("no-login"))
	group, ctx := errgroup.WithContext(c.Context)
	group.Go(func() error { return server.Serve(ctx, listener) })
	group.Go(func() error { reloadServer(ctx, c, e, server); return nil })
	if c.Bool("with-worker") {
		group.Go(func() error {
			worker := *c
			worker.Context = ctx
			return runWorker(&worker)
		})
	}
	return group.Wait()
}

// checkServe refuses flags that do not go together.
func checkServe(c *cli.Context) error {
	if c.Bool("with-worker") {
		if !c.IsSet("schedule") {
			return usageError("--with-worker needs --schedule, which says when it runs: hourly, daily, weekly, monthly or a cron expression")
		}
		return checkUnattended(c)
	}
	for _, flag := range runFlags() {
		name := flag.Names()[0]
		if !slices.Contains(serveOwn, name) && !slices.Contains(serveExcludes, name) && c.IsSet(name) {
			return usageError("--%s is for runs; give it with --with-worker, or to engine run", name)
		}
	}
	return nil
}

// sayServing tells where the API is, and what is missing to use it.
func sayServing(w io.Writer, e *engine.Engine, accounts *account.Store, address net.Addr, open bool) {
	url := "http://" + reachable(address)
	fmt.Fprintf(w, "serving %s at %s/api/publisher/analytics/v1, described at %s/docs\n", e.Dir, url, url)
	if dashboard.Built() {
		fmt.Fprintf(w, "the dashboard is at %s\n", url)
	}
	if users, err := accounts.List(); err == nil && len(users) == 0 && len(e.Config.Serve.Anonymous) == 0 && !open {
		fmt.Fprintf(w, "nobody may log in yet: engine user add NAME --namespace NAMESPACE --data %s\n", e.Dir)
	}
}

func isLoopback(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// reachable is how the address is reached from this machine.
func reachable(address net.Addr) string {
	tcp, ok := address.(*net.TCPAddr)
	if ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("localhost:%d", tcp.Port)
	}
	return address.String()
}

// reloadServer reads the configuration again at SIGHUP, until ctx ends.
func reloadServer(ctx context.Context, c *cli.Context, e *engine.Engine, server *api.Server) {
	hangUps := make(chan os.Signal, 1)
	signal.Notify(hangUps, syscall.SIGHUP)
	defer signal.Stop(hangUps)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangUps:
		}
		next, err := newEngine(c)
		if err == nil {
			var live *engine.Live
			if live, err = next.OpenLive(); err == nil {
				go func() { // it returns when the last request that has begun is done
					if err := server.Reload(live); err != nil {
						e.Log.Error("what was read before cannot be let go of", "error", err)
					}
				}()
			}
		}
		if err != nil {
			e.Log.Error("the configuration cannot be read again, the old one stays", "error", err)
			continue
		}
		e.Log.Info("the configuration was read again; a new serve.session_lifetime holds after a restart")
	}
}
