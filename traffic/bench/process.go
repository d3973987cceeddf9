package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"esasim/lab"
)

// build builds the program that is measured.
func build(exe string) error {
	if out, err := exec.Command("go", "build", "-o", exe, "./cmd/esasim").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	return nil
}

// labProcess is `esasim lab`.
type labProcess struct {
	lab.Addresses
	Ready time.Duration // from the start of the process until its addresses were there
	cmd   *exec.Cmd
}

// startLab starts a lab on a data directory and waits until it is ready.
func (b *bench) startLab(data string) (*labProcess, error) {
	file := filepath.Join(b.dir, "addresses.json")
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	cmd := exec.Command(b.exe, "lab", "--data", data, "--addresses-file", file,
		"--smtp", "127.0.0.1:0", "--console", "127.0.0.1:0", "--cloud", "AMERICAS=127.0.0.1:0")
	cmd.Stderr = os.Stderr
	cmd.Env = labEnv(os.Environ(), os.Getenv)
	l := &labProcess{cmd: cmd}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for time.Since(began) < time.Minute {
		text, err := os.ReadFile(file) // it appears whole
		l.Ready = time.Since(began)
		if err == nil {
			return l, errors.Join(json.Unmarshal(text, &l.Addresses))
		}
		time.Sleep(time.Millisecond)
	}
	return nil, errors.Join(errors.New("lab: not ready after a minute"), l.stop())
}

// stop ends the lab and waits for it.
func (l *labProcess) stop() error {
	if l.cmd.Process.Signal(os.Interrupt) != nil { // not on Windows
		_ = l.cmd.Process.Kill()
		_ = l.cmd.Wait()
		return nil
	}
	if err := l.cmd.Wait(); err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	return nil
}

// labEnv is the lab's environment: ours, and what the BENCH_ variables say.
func labEnv(env []string, get func(string) string) []string {
	if profile := get("BENCH_PPROF"); profile != "" {
		env = append(env, "ESASIM_CPUPROFILE="+profile)
	}
	if p := get("BENCH_PROCS"); p != "" {
		env = append(env, "GOMAXPROCS="+p)
	}
	return env
}

// hasProc tells whether the kernel tells how much processes use.
func hasProc() bool { return runtime.GOOS == "linux" }

// memory is what a process has, or had at its highest, of the machine's memory,
// in MiB. name is VmRSS or VmHWM.
func (l *labProcess) memory(name string) (float64, error) {
	file := fmt.Sprintf("/proc/%d/status", l.cmd.Process.Pid)
	n, err := strconv.ParseFloat(strings.TrimSuffix(about(file, name, ""), " kB"), 64)
	if err != nil {
		return 0, fmt.Errorf("%s of %s: %w", name, file, err)
	}
	return n / 1024, nil
}

// cpuTime is what the process has used of the processors so far.
func (l *labProcess) cpuTime() (time.Duration, error) {
	file := fmt.Sprintf("/proc/%d/stat", l.cmd.Process.Pid)
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	// After the name in brackets; the 14th and 15th field are user and system
	// time, in hundredths of a second (proc(5)).
	f := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(f) < 13 {
		return 0, fmt.Errorf("%s: only %d fields", file, len(f))
	}
	user, err := strconv.Atoi(f[11])
	system, err2 := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond, errors.Join(err, err2)
}
