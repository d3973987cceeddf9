package letter

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"testing"
)

// What is taken out of a message is what reading it finds: the octets that Part has
// size and sum of.
func TestExtract(t *testing.T) {
	seen := 0
	for file, mail := range mails(t) {
		l, err := Read(bytes.NewReader(mail))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range l.Files() {
			var out bytes.Buffer
			err := Extract(&out, bytes.NewReader(mail), p.Index)
			sum := sha256.Sum256(out.Bytes())
			if err != nil || int64(out.Len()) != p.Size || hex.EncodeToString(sum[:]) != p.SHA256 {
				t.Errorf("%s, part %d: %d octets, %v; want %+v", file, p.Index, out.Len(), err, p)
			}
			seen++
			r, w := io.Pipe()
			r.CloseWithError(io.ErrUnexpectedEOF)
			if err := Extract(w, bytes.NewReader(mail), p.Index); p.Size > 0 && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s, part %d: %v, want the error of who it is for", file, p.Index, err)
			}
		}
		for _, none := range []int{-1, len(l.Parts)} {
			if err := Extract(io.Discard, bytes.NewReader(mail), none); !errors.Is(err, ErrNoPart) {
				t.Errorf("%s, part %d: %v", file, none, err)
			}
		}
	}
	if seen < 15 {
		t.Errorf("only %d files", seen)
	}
}
