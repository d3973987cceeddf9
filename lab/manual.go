package lab

import (
	_ "embed"
	"strings"

	"esasim/appliance/config"
	"esasim/cloud/ctr"
	"esasim/internal/manual"
)

// words is what the comments of the configuration's structs say, for the program
// that has no source.
//
//go:embed words.json
var words []byte

//go:generate go run esasim/cmd/manual words.json ../docs

// Keys are all keys of the configuration, with their defaults in a profile and what
// they mean.
func Keys(profile string) ([]manual.Key, error) {
	w, err := manual.ReadWords(words)
	if err != nil {
		return nil, err
	}
	return KeysBy(profile, w)
}

// KeysBy is Keys with the words as they are in the source now.
func KeysBy(profile string, w manual.Words) ([]manual.Key, error) {
	c, err := ProfileConfig(profile)
	if err != nil {
		return nil, err
	}
	return manual.Keys(manual.Options{Defaults: c, Words: w, Choices: choices}), nil
}

func choices(structName, key string) []string {
	switch structName + "." + key {
	case "Config.profile":
		return config.Profiles()
	case "ThreatResponse.envelope":
		return ctr.Envelopes()
	case "APIUser.role":
		return ctr.Roles()
	}
	return config.Choices(structName, key)
}

// Schema is the JSON schema of the configuration.
func Schema(keys []manual.Key) []byte { return manual.Schema("configuration of esasim", keys) }

// Example is a configuration with every key and its default.
func Example(keys []manual.Key) (string, error) {
	return manual.Example("The configuration of esasim: every key with its default. A file needs only what it changes; a list in it takes the place of the whole default list.", keys)
}

// Reference is the page of all keys.
func Reference(keys []manual.Key) string {
	const head = `# Configuration

Every key of the configuration file, with its default. This page is generated from the code (` + "`make generate`" + `); do not edit it.
A file needs only what it changes. A list in the file takes the place of the whole default list. Durations are written as
` + "`30s`, `5m`, `72h`" + `, sizes as a number of bytes, or one with ` + "`K` or `M`" + ` (1024 and 1024 × 1024).

` + "`esasim config example`" + ` prints a file with all of them, ` + "`esasim config check FILE`" + ` says what is wrong with one, and
[config.schema.json](config.schema.json) lets an editor do so while it is written.

`
	return strings.TrimSuffix(manual.Page(head, keys), "\n") + "\n"
}
