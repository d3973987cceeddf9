package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"esasim/esa"
)

// errOver says that no further call is to be made.
var errOver = errors.New("the load is over")

// The user of the factory.
const apiUser, apiPassphrase = "admin", "ironport"

// apiClient is a program that asks the appliance's REST API, on one connection. Half
// of them have a token, half send the passphrase with every call.
type apiClient struct {
	base    string // URL, to which the call is added
	http    http.Client
	token   string
	agent   string
	dice    *rand.Rand
	samples []sample
	begin   time.Time // of the past
	due     time.Time // of the next call; zero: no matter
	took    apiTimes
}

func (b *bench) apiClients(console string, samples []sample) ([]*apiClient, error) {
	var out []*apiClient
	for i := range apiClients {
		c := &apiClient{base: console + "/esa/api/v2.0/", samples: samples, begin: b.end.AddDate(0, 0, -days-1),
			agent: fmt.Sprintf("bench/%d", i), dice: rand.New(rand.NewPCG(seed, uint64(i))),
			http: http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}, Timeout: time.Minute}}
		if i%2 == 0 {
			if err := c.login(); err != nil {
				return nil, err
			}
		}
		out = append(out, c)
	}
	return out, nil
}

func (c *apiClient) login() error {
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	body := fmt.Sprintf(`{"data": {"userName": %q, "passphrase": %q}}`, b64(apiUser), b64(apiPassphrase))
	resp, err := c.http.Post(c.base+"login", "application/json", strings.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var answer struct {
		Data struct {
			Token string `json:"jwtToken"`
		} `json:"data"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Data.Token == "" {
		return fmt.Errorf("login: %s, no token: %w", resp.Status, err)
	}
	c.token = answer.Data.Token
	return nil
}

// run asks one thing after another until ctx ends: each at its moment, every apiPause
// from a first one on, or without a pause. The call that is under way then is
// finished, and counts.
func (c *apiClient) run(ctx context.Context, first time.Time) error {
	defer c.http.CloseIdleConnections()
	c.due, c.took = first, apiTimes{}
	habits := apiHabits()
	for i := c.dice.IntN(len(habits)); ctx.Err() == nil; i++ {
		h := habits[i%len(habits)]
		if err := h.do(c, ctx, h.what); err != nil && !errors.Is(err, errOver) {
			return fmt.Errorf("API, %s: %w", h.what, err)
		}
	}
	return nil
}

// wait waits for the moment of the next call, from which its time counts: when the
// answers are late the next calls are late, too. It is false when ctx has ended.
func (c *apiClient) wait(ctx context.Context) (began time.Time, ok bool) {
	if c.due.IsZero() {
		return time.Now(), ctx.Err() == nil
	}
	began = c.due
	c.due = c.due.Add(apiPause)
	select {
	case <-ctx.Done():
		return began, false
	case <-time.After(time.Until(began)):
		return began, true
	}
}

// call makes a call, and notes how long it took.
func (c *apiClient) call(ctx context.Context, what, path string, p url.Values) ([]byte, error) {
	r, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodGet, c.base+path+"?"+p.Encode(), nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", c.agent)
	if c.token != "" {
		r.Header.Set("jwtToken", c.token)
	} else {
		r.SetBasicAuth(apiUser, apiPassphrase)
	}
	began, ok := c.wait(ctx)
	if !ok {
		return nil, errOver
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s?%s: %s: %s", path, p.Encode(), resp.Status, body)
	}
	c.took[what] = append(c.took[what], time.Since(began))
	return body, nil
}

// since has a search ask for what was received from a moment on.
func since(from time.Time, p url.Values) url.Values {
	minute := func(t time.Time) string { return t.UTC().Truncate(time.Minute).Format("2006-01-02T15:04:05.000Z") }
	p.Set("startDate", minute(from))
	p.Set("endDate", minute(time.Now().Add(time.Hour)))
	return p
}

// search makes one, and gives the MIDs of each row.
func (c *apiClient) search(ctx context.Context, what string, p url.Values) (rows [][]esa.MID, err error) {
	body, err := c.call(ctx, what, "message-tracking/messages", p)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Meta struct {
			Total int `json:"totalCount"`
		} `json:"meta"`
		Data []struct {
			Attributes struct {
				MID []esa.MID `json:"mid"`
			} `json:"attributes"`
		} `json:"data"`
	}
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&answer); err != nil {
		return nil, err
	}
	for _, row := range answer.Data {
		rows = append(rows, row.Attributes.MID)
	}
	if answer.Meta.Total != len(rows) {
		return nil, fmt.Errorf("%s: totalCount %d, and %d rows", p.Encode(), answer.Meta.Total, len(rows))
	}
	return rows, nil
}

// find searches over all of the past for what a sample has, which must be there
// unless the page is full.
func (c *apiClient) find(ctx context.Context, what string, x sample, p url.Values) error {
	limit := []int{20, 50, 100}[c.dice.IntN(3)]
	p.Set("offset", "0")
	p.Set("limit", strconv.Itoa(limit))
	rows, err := c.search(ctx, what, since(c.begin, p))
	if err != nil {
		return err
	}
	if len(rows) < limit && !slices.ContainsFunc(rows, func(mids []esa.MID) bool { return slices.Contains(mids, x.mid) }) {
		return fmt.Errorf("%s: the answer lacks MID %d: %v", p.Encode(), x.mid, rows)
	}
	return nil
}

// pages gets page after page of a search, in which no message may come twice.
func (c *apiClient) pages(ctx context.Context, what string, p url.Values) error {
	const limit, most = 100, 5
	seen := map[esa.MID]bool{}
	for i := range most {
		p.Set("offset", strconv.Itoa(i*limit))
		p.Set("limit", strconv.Itoa(limit))
		rows, err := c.search(ctx, what, p)
		if err != nil {
			return err
		}
		for _, mids := range rows {
			if seen[mids[0]] {
				return fmt.Errorf("%s: MID %d comes twice", p.Encode(), mids[0])
			}
			seen[mids[0]] = true
		}
		if len(rows) < limit || ctx.Err() != nil {
			break
		}
	}
	if len(seen) == 0 {
		return fmt.Errorf("%s: nothing found", p.Encode())
	}
	return nil
}
