package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"esasim/cloud/sse"
)

// Token makes a registration token for one appliance in one of the lab's own
// clouds, good for an hour.
func (l *Lab) Token(ctx context.Context, region string) (string, error) {
	c, ok := l.clouds[region]
	if !ok {
		return "", fmt.Errorf("token of %q: the lab has no such region", region)
	}
	tokens, err := c.SSE().GenerateTokens(ctx, 1, sse.DefaultExpiry)
	if err != nil {
		return "", fmt.Errorf("token of %s: %w", region, err)
	}
	return tokens[0].Token, nil
}

// RequestToken makes a registration token in a cloud in another process, with
// the portal's own call.
func RequestToken(ctx context.Context, url, expiry string) (string, error) {
	body, err := json.Marshal(map[string]any{"devices": 1, "expiry": expiry})
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(url, "/")+"/sse/api/v1/tokens", bytes.NewReader(body))
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	client := tokenClient()
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	return readToken(resp.StatusCode, b)
}

// tokenClient goes to the cloud itself, never through a proxy: the answer is a
// credential, and the cloud is on this machine or one beside it.
func tokenClient() *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{Proxy: nil}}
}

func readToken(status int, body []byte) (string, error) {
	var ans struct {
		Tokens []struct {
			Token string `json:"token"`
		} `json:"tokens"`
		Message string `json:"message"`
	}
	err := json.Unmarshal(body, &ans)
	switch {
	case err != nil:
		return "", fmt.Errorf("token: the answer (%d) is not an esasim cloud's: %w", status, err)
	case status != http.StatusCreated:
		return "", fmt.Errorf("token: %d %s", status, ans.Message)
	case len(ans.Tokens) == 0:
		return "", errors.New("token: the answer holds none")
	}
	return ans.Tokens[0].Token, nil
}
