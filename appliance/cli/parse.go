package cli

import (
	"strings"
)

// split takes a line apart into commands and their words. A semicolon ends a
// command. Words with blanks are in quotes, single or double, and a backslash takes
// away the meaning of a quote, of a blank, of a semicolon and of itself; before
// anything else it stands for itself, as in regular expressions.
func split(line string) (commands [][]string, err error) {
	var words []string
	var word strings.Builder
	inWord, quote := false, byte(0)
	end := func() {
		if inWord {
			words = append(words, word.String())
		}
		word.Reset()
		inWord = false
	}
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '\\' && quote != '\'':
			if i+1 == len(line) {
				return nil, failed(`Command contained invalid escape character: \`)
			}
			if escapes(line[i+1], quote) {
				i++
				c = line[i]
			}
			word.WriteByte(c)
			inWord = true
		case c == quote && quote != 0:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, inWord = c, true
		case quote == 0 && (c == ' ' || c == '\t' || c == ';' || c == '\n' || c == '\r'):
			end()
			if c == ';' || c == '\n' {
				commands, words = with(commands, words), nil
			}
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	if quote != 0 {
		return nil, failed("Invalid arguments: no closing quotation")
	}
	end()
	return with(commands, words), nil
}

// escapes tells whether a backslash before c takes away its meaning.
func escapes(c, quote byte) bool {
	if quote == '"' {
		return c == '"' || c == '\\'
	}
	return strings.IndexByte(`"'\; `, c) >= 0
}

func with(commands [][]string, words []string) [][]string {
	if len(words) == 0 {
		return commands
	}
	return append(commands, words)
}
