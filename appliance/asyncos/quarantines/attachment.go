package quarantines

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"esasim/appliance/asyncos/rest"
	"esasim/appliance/letter"
)

// serveAttachment answers with a part as base64 on one line. That it is not JSON is
// how clients know a file. Source: public clients.
func (a *api) serveAttachment(c *rest.Call) (any, error) {
	if err := onlyPVO(c.Parameters); err != nil {
		return nil, err
	}
	h, err := a.held(c, pvo)
	if err != nil {
		return nil, err
	}
	id, err := rest.ID[uint64](c.Parameters, "attachmentId")
	if err != nil {
		return nil, err
	}
	if id == 0 {
		return nil, rest.Missing("attachmentId")
	}
	mid := h.Message.MID
	l, err := a.Keeper.Letter(c.Request.Context(), mid)
	if err != nil {
		return nil, refused(mid, err)
	}
	if id > uint64(len(l.Parts)) {
		return nil, rest.Wrong("attachmentId", fmt.Sprintf("MID %d has no such attachment", mid))
	}
	p := &l.Parts[id-1]
	header := c.Writer.Header()
	header.Set("Content-Type", "application/octet-stream")
	header.Set("Content-Disposition", disposition(fileName(p)))
	header.Set("X-Content-Type-Options", "nosniff")
	encoder := base64.NewEncoder(base64.StdEncoding, c.Writer)
	if err := a.Keeper.Part(c.Request.Context(), mid, p.Index, encoder); err != nil {
		panic(http.ErrAbortHandler) // so that nobody takes what was sent for all of it
	}
	_ = encoder.Close() // an error: the client is gone
	return nil, nil
}

// fileName is a part's name, or one for it.
func fileName(p *letter.Part) string { return cmp.Or(p.Name, fmt.Sprintf("part-%d", p.Index+1)) }

// disposition names a file. Senders choose the name, so only what cannot end the
// quotes, or the line, is in it; a name that has more is there besides, as RFC 6266
// has it.
func disposition(name string) string {
	if r := []rune(name); len(r) > 200 {
		name = string(r[:200])
	}
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || strings.ContainsRune(`"\/%;`, r) {
			return '_'
		}
		return r
	}, name)
	out := `attachment; filename="` + plain + `"`
	if plain != name {
		out += "; filename*=UTF-8''" + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
	}
	return out
}
