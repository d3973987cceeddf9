package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// searcher is a client of the console's search page, on one connection.
type searcher struct {
	page   string // URL
	client http.Client
	dice   *rand.Rand
}

func newSearcher(console string) *searcher {
	return &searcher{page: console + "/monitor/message_tracking", dice: rand.New(rand.NewPCG(1, 2)),
		client: http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}, Timeout: time.Minute}}
}

// run searches without pause until over is closed, for what people search for
// in the mail of [load].
func (s *searcher) run(over <-chan struct{}) (took []time.Duration, err error) {
	defer s.client.CloseIdleConnections()
	for i := 0; ; i++ {
		select {
		case <-over:
			return took, nil
		default:
		}
		t, _, err := s.ask(s.question(i))
		if err != nil {
			return took, err
		}
		took = append(took, t)
	}
}

// question is what somebody asks who looks for mail of [load], whose messages
// are counted by session: the newest, by somebody, to somebody, one message.
func (s *searcher) question(i int) url.Values {
	session, n := s.dice.IntN(sessions), s.dice.IntN(100)
	switch i % 7 {
	case 0:
		return url.Values{"action": {"search"}}
	case 1:
		return textIs("sender", fmt.Sprintf("sender%d@example.com", session))
	case 2:
		return textIs("recipient", fmt.Sprintf("rcpt%d@example.org", n))
	case 3:
		return url.Values{"message_id": {fmt.Sprintf("<%d.%d@load.esasim.test>", n, session)}}
	case 4:
		return url.Values{"mid": {strconv.Itoa(1 + n)}}
	case 5: // in many messages
		return url.Values{"subject_match": {"match_contains"}, "subject": {fmt.Sprintf("session %d", session)}}
	}
	// In none.
	return url.Values{"subject_match": {"match_contains"}, "subject": {fmt.Sprintf("invoice %d", n)}}
}

func textIs(field, value string) url.Values {
	return url.Values{field + "_match": {"match_is"}, field: {value}}
}

// ask gets one page, whole.
func (s *searcher) ask(question url.Values) (took time.Duration, page []byte, err error) {
	began := time.Now()
	resp, err := s.client.Get(s.page + "?" + question.Encode())
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	page, err = io.ReadAll(resp.Body)
	took = time.Since(began)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	if err == nil && !bytes.Contains(page, []byte("Displaying ")) {
		err = errors.New("the page has no results")
	}
	if err != nil {
		err = fmt.Errorf("search %s: %w", question.Encode(), err)
	}
	return took, page, err
}
