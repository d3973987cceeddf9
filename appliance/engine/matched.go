package engine

import (
	"slices"

	"esasim/appliance/stage"
)

// URLs are those of the message that the condition about URLs holds of; all of them
// if there is none. The message is read for them.
func (c *Condition) URLs(j *stage.Job) ([]string, error) {
	l, err := j.Letter()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(l.URLs(), func(u string) bool { return !fits(c.when.URL, u) }), nil
}
