// Package clickhouse runs a ClickHouse server of its own, for as long as a
// measurement takes: on the loopback address, in a directory that the caller
// removes, with none of the system's configuration or data.
package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// ErrMissing says that the server is not installed.
var ErrMissing = errors.New("clickhouse-server is not installed")

// Server is a running server.
type Server struct {
	url    string
	client http.Client
	cmd    *exec.Cmd
	done   chan struct{} // closed when the process has ended
}

// Start starts a server that keeps its data in dir, and waits until it answers.
func Start(ctx context.Context, dir string) (*Server, error) {
	exe, err := exec.LookPath("clickhouse-server")
	if err != nil {
		return nil, ErrMissing
	}
	ports, err := freePorts()
	if err != nil {
		return nil, err
	}
	config, err := configure(dir, ports)
	if err != nil {
		return nil, fmt.Errorf("configure clickhouse-server: %w", err)
	}
	s := &Server{url: fmt.Sprintf("http://127.0.0.1:%d/", ports[0]), cmd: exec.Command(exe, "--config-file="+config), done: make(chan struct{}),
		client: http.Client{Transport: &http.Transport{}}}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { _ = s.cmd.Wait(); close(s.done) }()
	if err := s.answers(ctx); err != nil {
		s.Stop()
		log, _ := os.ReadFile(filepath.Join(dir, "errors.log")) // perhaps it says why
		return nil, fmt.Errorf("start clickhouse-server: %w\n%.2000s", err, log)
	}
	return s, nil
}

// freePorts are two that nobody listens on, for HTTP and for the server's own
// protocol, without which it does not start.
func freePorts() (ports [2]int, err error) {
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return ports, err
		}
		defer l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

// answers waits for the server's first answer.
func (s *Server) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		_, err := s.Query(ctx, "SELECT 1", nil)
		if err == nil {
			return nil
		}
		select {
		case <-s.done:
			return fmt.Errorf("it ended: %s", s.cmd.ProcessState)
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Stop ends the server; by force if it takes more than ten seconds.
func (s *Server) Stop() {
	s.client.CloseIdleConnections() // it waits for them
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
	case <-time.After(10 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.done
	}
}

// Query makes a query and gives back the answer, tab-separated. data, if any, is
// what an INSERT inserts.
func (s *Server) Query(ctx context.Context, query string, data io.Reader) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"?query="+url.QueryEscape(query), data)
	if err != nil {
		return "", err
	}
	resp, err := s.client.Do(r)
	if err != nil {
		return "", fmt.Errorf("clickhouse: %w", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	if err != nil {
		return "", fmt.Errorf("clickhouse: %.80s: %w: %.400s", query, err, b)
	}
	return strings.TrimSuffix(string(b), "\n"), nil
}

// Quote writes a text as it stands in a query.
func Quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// configure writes the server's two files. zstd, which packs better than the
// default, is what one would take for logs, and what our own store uses.
func configure(dir string, ports [2]int) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	users := filepath.Join(dir, "users.xml")
	config := filepath.Join(dir, "config.xml")
	return config, errors.Join(
		os.WriteFile(users, []byte(usersXML), 0o600),
		os.WriteFile(config, fmt.Appendf(nil, configXML, dir, dir, ports[0], ports[1], dir, dir, users), 0o600))
}

const usersXML = `<yandex>
<profiles><default></default></profiles>
<users><default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default></users>
<quotas><default></default></quotas>
</yandex>
`

const configXML = `<yandex>
<logger><level>warning</level><log>%s/server.log</log><errorlog>%s/errors.log</errorlog></logger>
<http_port>%d</http_port><tcp_port>%d</tcp_port><listen_host>127.0.0.1</listen_host><keep_alive_timeout>3</keep_alive_timeout>
<path>%s/data/</path><tmp_path>%s/tmp/</tmp_path><users_config>%s</users_config>
<default_profile>default</default_profile><default_database>default</default_database>
<mark_cache_size>268435456</mark_cache_size><timezone>UTC</timezone>
<compression><case><min_part_size>0</min_part_size><min_part_size_ratio>0</min_part_size_ratio><method>zstd</method></case></compression>
</yandex>
`
