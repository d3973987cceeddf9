package manual

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Masked stands for a secret.
const Masked = "********"

// Show is a configuration as YAML, with what is secret Masked: values of keys that
// have one of the words password, passphrase, secret, token or private.
func Show(c any) (string, error) {
	var n yaml.Node
	if err := n.Encode(c); err != nil {
		return "", fmt.Errorf("show the configuration: %w", err)
	}
	Mask(&n)
	return encode(&n)
}

// Mask puts [Masked] in the place of what is secret below a node.
func Mask(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		for _, c := range n.Content {
			Mask(c)
		}
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if v := n.Content[i+1]; !Secret(n.Content[i].Value) {
			Mask(v)
		} else if v.Kind != yaml.ScalarNode || v.Value != "" {
			n.Content[i+1] = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: Masked}
		}
	}
}

// Secret is true for the key of what nobody else should read.
func Secret(key string) bool {
	return slices.ContainsFunc(strings.Split(strings.ToLower(key), "_"), func(w string) bool {
		return slices.Contains([]string{"password", "passwords", "passphrase", "secret", "secrets", "token", "private"}, w)
	})
}
