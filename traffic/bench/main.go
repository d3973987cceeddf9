// Command bench measures ingest: a lab that keeps, tracks and reports every
// message, beside a go-smtp server that throws every message away. Both are
// processes of their own on this machine and take the same load in turns, so
// the figure is a ratio within one run. It prints a verdict and ends with status
// 0 also when the bar is missed: a busy machine must not break a build.
//
// The environment sets:
//
//	BENCH_ROUNDS   rounds, whose medians are printed; 3
//	BENCH_SECONDS  of load in each half of a round; 10
//	BENCH_PROCS    GOMAXPROCS of the lab; as the program chooses it
//	BENCH_PPROF    file for a CPU profile of the lab, of the last round; none
//
// A number that is not a whole one from 1 up is passed over.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"esasim/lab"
	"esasim/traffic"
)

const (
	sessions = 200
	size     = 2 << 10
	bar      = 0.6 // of the discarding server, accepted
)

func main() {
	var err error
	if len(os.Args) > 1 && os.Args[1] == "discard" {
		err = discard()
	} else {
		err = bench()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench() error {
	rounds, each := number("BENCH_ROUNDS", 3), time.Duration(number("BENCH_SECONDS", 10))*time.Second
	fmt.Printf("%s/%s, %d CPUs, %s, %s; %d rounds of %s, %d sessions, %d octets\n", runtime.GOOS, runtime.GOARCH,
		runtime.NumCPU(), cpu(), runtime.Version(), rounds, each, sessions, size)
	dir, err := os.MkdirTemp("", "esasim-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	exe := filepath.Join(dir, "esasim")
	if out, err := exec.Command("go", "build", "-o", exe, "./cmd/esasim").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	var base, accepted, told []float64
	for i := range rounds {
		b, err := measureDiscard(each)
		if err != nil {
			return err
		}
		a, t, err := measureLab(exe, filepath.Join(dir, strconv.Itoa(i)), each)
		if err != nil {
			return err
		}
		base, accepted, told = append(base, b), append(accepted, a/b), append(told, t/b)
	}
	fmt.Printf("%-52s %10s %8s  %s\n", "what", "figure", "bar", "verdict")
	row("go-smtp that discards, msg/s", median(base), 0)
	row("lab, accepted, of that", median(accepted), bar)
	row("lab, until the last sighting is investigable, of that", median(told), 0)
	return nil
}

func row(what string, figure, bar float64) {
	verdict, want := "", "-"
	if bar > 0 {
		want, verdict = fmt.Sprintf("%.2f", bar), "met"
		if figure < bar {
			verdict = "MISSED"
		}
	}
	fmt.Printf("%-52s %10.2f %8s  %s\n", what, figure, want, verdict)
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

func number(name string, or int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
		return n
	}
	return or
}

// cpu is the processor's name, where the system tells it.
func cpu() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimSpace(strings.TrimLeft(name, "\t: "))
		}
	}
	return "unknown CPU"
}

func measureDiscard(each time.Duration) (float64, error) {
	cmd := exec.Command(os.Args[0], "discard")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return 0, err
	}
	r, err := load(strings.TrimSpace(addr), each)
	fmt.Printf("  discard: %d accepted, %.0f/s\n", r.Accepted, r.PerSecond())
	return r.PerSecond(), err
}

func load(server string, each time.Duration) (traffic.Result, error) {
	return traffic.Load{Server: server, Sessions: sessions, Size: size, Duration: each}.Run(context.Background())
}

// measureLab gives the accepted messages a second, and those a second until
// the cloud has been told of the last one.
func measureLab(exe, dir string, each time.Duration) (accepted, told float64, err error) {
	file := filepath.Join(filepath.Dir(dir), "addresses.json")
	_ = os.Remove(file)
	cmd := exec.Command(exe, "lab", "--data", dir, "--addresses-file", file,
		"--smtp", "127.0.0.1:0", "--console", "127.0.0.1:0", "--cloud", "AMERICAS=127.0.0.1:0")
	cmd.Stderr = os.Stderr
	cmd.Env = labEnv(os.Environ(), os.Getenv)
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	defer func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait(); _ = os.RemoveAll(dir) }()
	a, err := addresses(file)
	if err != nil {
		return 0, 0, err
	}
	start := time.Now()
	r, err := load(a.SMTP, each)
	if err != nil {
		return 0, 0, err
	}
	pushed, err := caughtUp(a, r.Accepted)
	total := time.Since(start)
	fmt.Printf("  lab:     %d accepted, %.0f/s; %d refused; %d sightings after %.1fs more\n",
		r.Accepted, r.PerSecond(), r.Refused, pushed, (total - r.Elapsed).Seconds())
	return r.PerSecond(), float64(r.Accepted) / total.Seconds(), err
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

func addresses(file string) (a lab.Addresses, err error) {
	for range 200 {
		var b []byte
		if b, err = os.ReadFile(file); err == nil {
			return a, json.Unmarshal(b, &a)
		}
		time.Sleep(50 * time.Millisecond)
	}
	return a, err
}

// caughtUp waits until every sighting has been pushed.
func caughtUp(a lab.Addresses, want int64) (pushed int64, err error) {
	for range 6000 {
		resp, err := http.Get(a.Console + "/_esasim/v1/link")
		if err != nil {
			return pushed, err
		}
		var s struct {
			Pushed int64 `json:"sightings_pushed"`
		}
		b, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err == nil {
			err = json.Unmarshal(b, &s)
		}
		if err != nil {
			return pushed, err
		}
		if pushed = s.Pushed; pushed >= want {
			return pushed, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return pushed, fmt.Errorf("%d sightings of %d after a minute", pushed, want)
}

// discard is the yardstick: go-smtp with nothing behind it.
func discard() error {
	s := gosmtp.NewServer(gosmtp.BackendFunc(func(*gosmtp.Conn) (gosmtp.Session, error) { return nowhere{}, nil }))
	s.Domain = "discard.test"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	return s.Serve(l)
}

type nowhere struct{}

func (nowhere) Reset()                                 {}
func (nowhere) Logout() error                          { return nil }
func (nowhere) Mail(string, *gosmtp.MailOptions) error { return nil }
func (nowhere) Rcpt(string, *gosmtp.RcptOptions) error { return nil }
func (nowhere) Data(r io.Reader) error                 { _, err := io.Copy(io.Discard, r); return err }
