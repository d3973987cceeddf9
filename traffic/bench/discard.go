package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"esasim/traffic"
)

// discard is the yardstick, a process of its own: go-smtp with nothing behind it.
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

// measureDiscard gives the messages a second that the yardstick takes.
func measureDiscard(each time.Duration) (perSecond float64, err error) {
	cmd := exec.Command(os.Args[0], "discard")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }() // it ends in no other way
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return 0, err
	}
	r, err := load(strings.TrimSpace(addr), each)
	tell("discard: %d accepted, %.0f/s", r.Accepted, r.PerSecond())
	return r.PerSecond(), err
}

const (
	sessions = 200
	size     = 2 << 10
)

func load(server string, each time.Duration) (traffic.Result, error) {
	r, err := traffic.Load{Server: server, Sessions: sessions, Size: size, Duration: each}.Run(context.Background())
	if err == nil && r.Accepted == 0 {
		err = errors.New("no message was accepted")
	}
	return r, err
}
