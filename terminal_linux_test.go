package esasim_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// A program whose terminal is closed ends, although the signal for that is the one at
// which it reads its configuration again.
func TestEndsWithItsTerminal(t *testing.T) {
	exe, err := esasimBinary()
	if err != nil {
		t.Fatal(err)
	}
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		lacks(t, "pseudo terminals (%v)", err)
	}
	defer screen.Close()
	var unlocked, n int32
	ioctl(t, screen, 0x40045431, &unlocked) // TIOCSPTLCK
	ioctl(t, screen, 0x80045430, &n)        // TIOCGPTN
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file, addresses := filepath.Join(dir, "esasim.yaml"), filepath.Join(dir, "addresses.json")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, ports("--config", file, "--addresses-file", addresses)...)
	cmd.Stdin = tty
	var said output
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tty.Close()
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	defer func() { _ = cmd.Process.Kill() }()
	eventually(t, "the program", func() error { _, err := os.Stat(addresses); return err })
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil { // the terminal is there
		t.Fatal(err)
	}
	select {
	case err := <-exited:
		t.Fatalf("a signal alone ended it: %v\n%s", err, said.String())
	case <-time.After(300 * time.Millisecond):
	}
	screen.Close()
	select {
	case err := <-exited:
		if err != nil || strings.Contains(said.String(), "panic") {
			t.Errorf("it ended with %v\n%s", err, said.String())
		}
	case <-time.After(10 * time.Second):
		t.Error("it goes on without its terminal")
	}
}

func ioctl(t *testing.T, f *os.File, request uintptr, v *int32) {
	t.Helper()
	if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(unsafe.Pointer(v))); e != 0 {
		t.Fatal(e)
	}
}
