package sse

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"esasim/cloud/ctim"
	"esasim/cloud/route"
)

// readJSON reads a body of maxBody bytes at most into v. An unknown key, a
// wrong type and a second value are refused, never ignored.
func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	return readLong(w, r, maxBody, v)
}

// readLong is readJSON for a body of limit bytes at most.
func readLong(w http.ResponseWriter, r *http.Request, limit int64, v any) error {
	if err := isJSON(r); err != nil {
		return err
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return refusal{http.StatusUnsupportedMediaType, "unsupported_media_type", "Content-Encoding " + e + " is not taken here."}
	}
	b, err := route.Body(w, r, limit)
	if errors.Is(err, route.ErrTooLarge) {
		return tooLarge(fmt.Sprintf("The body is longer than %d bytes.", limit))
	}
	if errors.Is(err, route.ErrLate) {
		return late()
	}
	if err != nil {
		return badRequest("The body ended early.")
	}
	if err := json.Unmarshal(b, v, json.RejectUnknownMembers(true)); err != nil {
		return badRequest("The body cannot be read: " + explain(err) + ".")
	}
	return nil
}

// isJSON refuses a body that says it is something else.
func isJSON(r *http.Request) error {
	t := r.Header.Get("Content-Type")
	if t == "" {
		return nil
	}
	if m, _, err := mime.ParseMediaType(t); err != nil || m != "application/json" {
		return refusal{http.StatusUnsupportedMediaType, "unsupported_media_type", "Content-Type: want application/json."}
	}
	return nil
}

// readBatch reads a batch of sightings, gzip or plain, unpacking no more than
// maxBatchSize bytes however little was sent.
func readBatch(w http.ResponseWriter, r *http.Request) ([]arrival, error) {
	if err := isJSON(r); err != nil {
		return nil, err
	}
	text, err := unpack(w, r)
	if err != nil {
		return nil, err
	}
	if all := scanBatch(text); all != nil {
		return all, nil
	}
	var req sightingsRequest
	// Text that is not UTF-8 and doubled keys are the fault of one sighting:
	// they are refused there.
	err = json.Unmarshal([]byte(text), &req, json.RejectUnknownMembers(true),
		jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	switch {
	case err != nil:
		return nil, badRequest("The body cannot be read: " + explain(err) + ".")
	case req.Sightings == nil:
		return nil, badRequest("The body cannot be read: sightings is missing.")
	case len(req.Sightings) > maxBatch:
		return nil, tooLarge(fmt.Sprintf("A batch has at most %d sightings.", maxBatch))
	}
	all := make([]arrival, len(req.Sightings))
	for i, raw := range req.Sightings {
		all[i] = readSighting(raw)
	}
	return all, nil
}

// scanBatch reads a batch as our own appliance writes it, which saves two thirds
// of the time that JSON of any form takes (measured: BenchmarkPush). It is nil
// for any other batch, whatever the reason.
func scanBatch(text string) []arrival {
	rest, ok := strings.CutPrefix(text, `{"sightings":[`)
	all := make([]arrival, 0, min(len(text)/1024, maxBatch))
	var s ctim.Sighting
	for ok && len(all) < maxBatch {
		n := s.Scan(rest)
		if n == 0 || n > maxSighting {
			return nil
		}
		all = append(all, arrivalOf(rest[:n], &s))
		if rest = rest[n:]; rest == "]}" {
			return all
		}
		rest, ok = strings.CutPrefix(rest, ",")
	}
	return nil
}

// unpack reads the whole body. It is a text because what is scanned of it, and
// kept, are parts of it.
func unpack(w http.ResponseWriter, r *http.Request) (string, error) {
	over := tooLarge(fmt.Sprintf("A batch has at most %d bytes.", maxBatchSize))
	var in io.Reader = http.MaxBytesReader(w, r.Body, maxBatchSize)
	room := r.ContentLength
	switch e := r.Header.Get("Content-Encoding"); e {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(in)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return "", late()
		}
		if err != nil {
			return "", badRequest("The body is not gzip.")
		}
		in, room = z, 8*room
	default:
		return "", refusal{http.StatusUnsupportedMediaType, "unsupported_media_type", "Content-Encoding: want gzip or none."}
	}
	// Room for what is probably coming spares copying it as it grows.
	var b strings.Builder
	b.Grow(int(max(512, min(room, maxBatchSize))))
	_, err := io.Copy(&b, io.LimitReader(in, maxBatchSize+1))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long) || b.Len() > maxBatchSize:
		return "", over
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "", late()
	case err != nil:
		return "", badRequest("The body ended early or is damaged.")
	}
	return b.String(), nil
}

// explain says what is wrong with a JSON text in the words of its sender: the
// place and the fault, and none of our type names.
func explain(err error) string {
	var wrong *json.SemanticError
	var syntax *jsontext.SyntacticError
	switch {
	case errors.As(err, &wrong):
		place := strings.ReplaceAll(strings.TrimPrefix(string(wrong.JSONPointer), "/"), "/", ".")
		if place == "" {
			place = "body"
		}
		switch {
		case errors.Is(wrong, json.ErrUnknownName):
			return place + ": unknown key"
		case wrong.Err != nil && wrong.JSONKind == 0:
			return place + ": " + wrong.Err.Error()
		case wrong.JSONKind != 0:
			return place + ": a " + wrong.JSONKind.String() + " is not what belongs there"
		}
		return place + ": wrong value"
	case errors.As(err, &syntax):
		return fmt.Sprintf("not JSON at byte %d: %v", syntax.ByteOffset, syntax.Err)
	}
	return err.Error()
}
