// Command manual writes what the comments of the configuration's structs say to
// lab/words.json, and from that the pages: docs/config.schema.json and
// docs/configuration.md. `go generate` runs it in lab/.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"esasim/internal/manual"
	"esasim/lab"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "manual:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return errors.New("want two arguments: the file of words, and the directory of the pages")
	}
	// A field without a comment has that of the field it is a copy of.
	words, err := manual.FromSource(".", "../appliance/config", "../appliance/delivery", "../smtp")
	if err != nil {
		return err
	}
	keys, err := lab.KeysBy("", words)
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{
		args[0]: words.Used(keys).JSON(),
		filepath.Join(args[1], "config.schema.json"): lab.Schema(keys),
		filepath.Join(args[1], "configuration.md"):   []byte(lab.Reference(keys)),
	} {
		if err := os.WriteFile(name, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
