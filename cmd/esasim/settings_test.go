package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// What is said by flag or environment overrides the file in both directions;
// what is not said leaves it as it is.
func TestUnregistered(t *testing.T) {
	for _, c := range []struct {
		file, env string
		args      []string
		want      bool
	}{
		{"true", "", nil, true},
		{"false", "", nil, false},
		{"true", "", []string{"--unregistered=false"}, false},
		{"false", "", []string{"--unregistered"}, true},
		{"true", "false", nil, false},
		{"true", "false", []string{"--unregistered"}, true},
	} {
		file := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(file, []byte("unregistered: "+c.file+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("ESASIM_UNREGISTERED", c.env)
		if c.env == "" {
			os.Unsetenv("ESASIM_UNREGISTERED")
		}
		var s settings
		cmd := &cobra.Command{}
		s.common(cmd)
		cmd.Flags().BoolVar(&s.flags.Unregistered, "unregistered", false, "")
		if err := cmd.ParseFlags(append(c.args, "--config", file)); err != nil {
			t.Fatal(err)
		}
		cfg, err := s.load(cmd)
		if err != nil || cfg.Unregistered != c.want {
			t.Errorf("file %s, environment %q, flags %v: %t, %v", c.file, c.env, c.args, cfg.Unregistered, err)
		}
	}
}

// The first Ctrl-C ends the context; a program that does not end for it is
// ended by the next one. The test binary plays that program.
func TestSecondInterrupt(t *testing.T) {
	if os.Getenv("ESASIM_TEST_HANGS") != "" {
		ctx, stop := untilSignal()
		defer stop()
		fmt.Println("running")
		<-ctx.Done()
		fmt.Println("ending")
		<-time.After(time.Minute)
		os.Exit(0)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestSecondInterrupt$")
	cmd.Env = append(os.Environ(), "ESASIM_TEST_HANGS=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	for _, want := range []string{"running", "ending"} {
		var got string
		if _, err := fmt.Fscanln(out, &got); err != nil || got != want {
			t.Fatalf("%q, %v, want %q", got, err, want)
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	for deadline := time.After(10 * time.Second); ; {
		select {
		case err := <-exited:
			status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
			if !ok || status.Signal() != syscall.SIGINT {
				t.Errorf("ended with %v", err)
			}
			return
		case <-time.After(10 * time.Millisecond): // the handler may be back only now
			_ = cmd.Process.Signal(os.Interrupt)
		case <-deadline:
			t.Fatal("not ended by the second Ctrl-C")
		}
	}
}
