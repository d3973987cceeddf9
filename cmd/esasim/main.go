// Command esasim is a Cisco Email Security Appliance on a laptop, with the
// cloud it registers to. Without a command it runs a lab: both, joined.
//
// Flags, files and signals are here, and nothing else: everything that happens
// is in package lab and below.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
)

// memoryGoal is what the program tries to stay below.
const memoryGoal = 304 << 20

func main() {
	// A lab's live memory is small and its turnover large: letting the heap
	// grow fivefold between collections costs some tens of MiB and saves much
	// of their time. GOGC still decides if it is set.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	// With ten million messages tracked the live memory is not small any more; from
	// here on collecting is worth its time. It must have room above what lives then
	// (110 MiB, and 112 of segments that have been searched), or nothing else is done.
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryGoal)
	}
	// Each sync of a log, a mail log, a region's store, a compaction keeps one of
	// Go's processors busy with waiting. On a small machine that is all of them;
	// four more leave the others to work. Of 2, 4, 6, 8 and 12 on two CPUs, 6 took
	// most mail: a third more than 2.
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.NumCPU() + 4)
	}
	ctx, stop := untilSignal()
	err := command().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "esasim:", err)
		os.Exit(1)
	}
}

// untilSignal is a context that the first Ctrl-C, or SIGTERM, ends. From then on
// the system's own way with signals is back: a second one ends the program at
// once, whatever it still waits for.
func untilSignal() (ctx context.Context, stop func()) {
	ctx, stop = signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// noArguments is for commands that take flags only.
func noArguments(c *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case c.HasSubCommands():
		return fmt.Errorf("unknown command %q\nTry '%s --help'", args[0], c.CommandPath())
	}
	return fmt.Errorf("%q: %s takes flags only\nTry '%[2]s --help'", args[0], c.CommandPath())
}

// command is the tree of commands. The root is `esasim lab`.
func command() *cobra.Command {
	root := labCommand("esasim")
	root.Short = "A Cisco Email Security Appliance on a laptop, with the cloud it registers to"
	root.Long = root.Short + `.

Send a test mail, find it in Message Tracking, investigate it in Threat Response:
offline, in one process. Without a command, esasim runs a lab.
esasim is not affiliated with Cisco.`
	root.SilenceUsage, root.SilenceErrors = true, true
	root.AddCommand(labCommand("lab"), applianceCommand(), cloudCommand(), configCommand(), loadCommand(), quarantineCommand(), relayCommand(), seedCommand(), tokenCommand(), trackCommand(), trackingCommand(), versionCommand(), waitCommand())
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fmt.Errorf("%w\nTry '%s --help'", err, c.CommandPath())
	})
	return root
}
