// Command fidelity writes docs/fidelity.md: the claims of every package that
// emulates something, on one page. `make generate` runs it.
package main

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"esasim/appliance"
	"esasim/appliance/amplog"
	"esasim/appliance/asyncos/health"
	"esasim/appliance/asyncos/lists"
	"esasim/appliance/asyncos/logfiles"
	"esasim/appliance/asyncos/messagetracking"
	"esasim/appliance/asyncos/quarantines"
	"esasim/appliance/asyncos/remediation"
	"esasim/appliance/asyncos/reports"
	"esasim/appliance/asyncos/reputation"
	"esasim/appliance/asyncos/rest"
	"esasim/appliance/asyncos/safelist"
	"esasim/appliance/auditlog"
	"esasim/appliance/bouncelog"
	"esasim/appliance/changes"
	"esasim/appliance/cli"
	"esasim/appliance/config"
	"esasim/appliance/console"
	"esasim/appliance/consolidated"
	"esasim/appliance/delivery"
	"esasim/appliance/details"
	"esasim/appliance/dsn"
	"esasim/appliance/engine"
	"esasim/appliance/filter"
	"esasim/appliance/headers"
	"esasim/appliance/letter"
	"esasim/appliance/logs"
	"esasim/appliance/mailbox"
	"esasim/appliance/maillog"
	"esasim/appliance/quarantine"
	"esasim/appliance/slbl"
	"esasim/appliance/sshd"
	"esasim/appliance/status"
	"esasim/appliance/users"
	"esasim/cloud"
	"esasim/cloud/ctia"
	"esasim/cloud/ctr"
	"esasim/cloud/portal"
	"esasim/cloud/relay"
	"esasim/cloud/sse"
	"esasim/cloudlink"
	"esasim/internal/fidelity"
	"esasim/lab"
	"esasim/smtp"
	"esasim/smtp/auth"
	"esasim/smtp/content"
	"esasim/smtp/dialect"
	"esasim/tracking"
)

func main() {
	if err := write(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "fidelity:", err)
		os.Exit(1)
	}
}

func write(args []string) error {
	if len(args) != 1 {
		return errors.New("want one argument: the file to write")
	}
	page, err := fidelity.Page(slices.Concat(
		smtp.Fidelity(), auth.Fidelity(), content.Fidelity(), dialect.Fidelity(),
		tracking.Fidelity(),
		safelist.Fidelity(), slbl.Fidelity(),
		appliance.Fidelity(), changes.Fidelity(), config.Fidelity(), engine.Fidelity(), filter.Fidelity(), quarantine.Fidelity(), delivery.Fidelity(), letter.Fidelity(), dsn.Fidelity(), headers.Fidelity(), mailbox.Fidelity(),
		logs.Fidelity(), maillog.Fidelity(), consolidated.Fidelity(), bouncelog.Fidelity(), amplog.Fidelity(), auditlog.Fidelity(),
		status.Fidelity(), health.Fidelity(),
		details.Fidelity(), console.Fidelity(), users.Fidelity(), rest.Fidelity(), messagetracking.Fidelity(), quarantines.Fidelity(), remediation.Fidelity(), reports.Fidelity(), lists.Fidelity(),
		logfiles.Fidelity(), reputation.Fidelity(),
		cli.Fidelity(), sshd.Fidelity(),
		cloudlink.Fidelity(),
		cloud.Fidelity(), sse.Fidelity(), ctr.Fidelity(), ctia.Fidelity(), relay.Fidelity(), portal.Fidelity(),
		lab.Fidelity(),
	))
	if err != nil {
		return err
	}
	return os.WriteFile(args[0], []byte(page), 0o644)
}
