package ctr

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"esasim/cloud/route"
	"esasim/cloud/sse"
)

// Exchange is Security Services Exchange as clients with the scope sse manage it.
type Exchange interface {
	Services(ctx context.Context) (sse.Services, error)
	Devices(ctx context.Context) ([]sse.Device, error)
	Device(ctx context.Context, id string) (sse.Device, error)
	Add(ctx context.Context, e sse.Edit, expiry time.Duration) (sse.Device, sse.Token, error)
	Edit(ctx context.Context, id string, e sse.Edit) (sse.Device, error)
	Retoken(ctx context.Context, id string, expiry time.Duration) (sse.Token, error)
	Delete(ctx context.Context, id string) error
	Proxy(ctx context.Context, id string, r sse.Request) (sse.Answer, error)
}

const (
	maxDeviceBody = 64 << 10
	maxProxyBody  = 2*sse.MaxRequestBody + maxDeviceBody // as a JSON string, with its escapes
)

// deviceRoutes are those of /iroh/iroh-sse. Paths and methods: public client. Bodies and
// errors are ours.
func (t *Threat) deviceRoutes(m *route.Mux) {
	const one = "/iroh/iroh-sse/device/{id}"
	m.Scoped("GET /iroh/iroh-sse/device", "sse:read", t.seen(t.listDevices))
	m.Scoped("POST /iroh/iroh-sse/device", "sse:write", t.seen(t.addDevice))
	m.Scoped("GET "+one, "sse:read", t.seen(t.getDevice))
	m.Scoped("PATCH "+one, "sse:write", t.seen(t.editDevice))
	m.Scoped("DELETE "+one, "sse:write", t.seen(t.deleteDevice))
	m.Scoped("POST "+one+"/token", "sse:write", t.seen(t.deviceToken))
	m.Scoped("POST "+one+"/api-proxy", "sse:write", t.seen(t.deviceProxy))
	m.Scoped("GET /iroh/iroh-sse/tenant/token", "sse:read", func(w http.ResponseWriter, r *http.Request) {
		t.fail(w, fault{http.StatusNotImplemented, "not_implemented", "What a tenant's token is good for is not public, so there is none here."})
	})
}

// deviceCall makes the answer of one route. nil: there is none, as of a deletion.
type deviceCall func(w http.ResponseWriter, r *http.Request) (any, error)

// seen lets Threat Response see devices only while its switch is on in the exchange, and
// names who calls to the exchange's audit log.
func (t *Threat) seen(call deviceCall) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := CallerOf(r.Context())
		r = r.WithContext(sse.As(r.Context(), c.UserEmail+" ("+c.ClientID+")"))
		s, err := t.exchange.Services(r.Context())
		if err == nil && !s.ThreatResponse {
			err = fault{http.StatusForbidden, "forbidden", "Cisco Threat Response is off in Security Services Exchange."}
			if r.Method == http.MethodGet && r.PathValue("id") == "" {
				route.JSON(w, http.StatusOK, []sse.Device{}) // source of the empty list: vendor's integration guide
				return
			}
		}
		var v any
		if err == nil {
			v, err = call(w, r)
		}
		switch {
		case err != nil:
			t.failDevice(w, err)
		case v == nil:
			w.WriteHeader(http.StatusNoContent)
		default:
			if a, ok := v.(sse.Answer); ok {
				relay(w, a)
				return
			}
			route.JSON(w, http.StatusOK, v)
		}
	}
}

// failDevice answers an error of the exchange in the form of this API.
func (t *Threat) failDevice(w http.ResponseWriter, err error) {
	for _, e := range []struct {
		is     error
		status int
		code   string
		text   string
	}{
		{sse.ErrUnknownDevice, http.StatusNotFound, "device_not_found", "There is no such device."},
		{sse.ErrInvalid, http.StatusBadRequest, "invalid_request", err.Error()},
		{sse.ErrOffline, http.StatusBadGateway, "device_offline", "The device is offline."},
		{sse.ErrTimeout, http.StatusGatewayTimeout, "device_timeout", "The device did not answer in time."},
		{sse.ErrBusy, http.StatusServiceUnavailable, "device_busy", "The device has too many requests to answer."},
		{sse.ErrAnswer, http.StatusBadGateway, "device_failed", err.Error()},
	} {
		if errors.Is(err, e.is) {
			err = fault{e.status, e.code, e.text}
			break
		}
	}
	var wrong wrongKeys
	if errors.As(err, &wrong) {
		route.JSON(w, http.StatusBadRequest, wrong.body())
		return
	}
	t.fail(w, err)
}

// relay gives a device's answer as it is. The header says that it is the device's, and
// not one of this API.
func relay(w http.ResponseWriter, a sse.Answer) {
	w.Header().Set("Content-Type", cmp.Or(a.Header["Content-Type"], "application/octet-stream"))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("X-Esasim-Answered-By", "device")
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // the client is gone; there is nobody to tell
}

func (t *Threat) listDevices(_ http.ResponseWriter, r *http.Request) (any, error) {
	return t.exchange.Devices(r.Context())
}

func (t *Threat) getDevice(_ http.ResponseWriter, r *http.Request) (any, error) {
	return t.exchange.Device(r.Context(), r.PathValue("id"))
}

func (t *Threat) deleteDevice(_ http.ResponseWriter, r *http.Request) (any, error) {
	return nil, t.exchange.Delete(r.Context(), r.PathValue("id"))
}

func (t *Threat) addDevice(w http.ResponseWriter, r *http.Request) (any, error) {
	var b struct {
		Name        *string `json:"name"`
		Description *string `json:"description"`
		Expiry      *string `json:"expiry"`
	}
	if err := readKeys(w, r, maxDeviceBody, &b); err != nil {
		return nil, err
	}
	if b.Name == nil {
		return nil, wrongKeys{"name": missingKey}
	}
	d, _, err := t.exchange.Add(r.Context(), sse.Edit{Name: b.Name, Description: b.Description}, expiry(b.Expiry))
	return d, err
}

func (t *Threat) editDevice(w http.ResponseWriter, r *http.Request) (any, error) {
	var b struct {
		Name        *string `json:"name"`
		Description *string `json:"description"`
	}
	if err := readKeys(w, r, maxDeviceBody, &b); err != nil {
		return nil, err
	}
	return t.exchange.Edit(r.Context(), r.PathValue("id"), sse.Edit{Name: b.Name, Description: b.Description})
}

// deviceToken makes a token, the first or another: both are one path. Without a body it
// has the usual expiry.
func (t *Threat) deviceToken(w http.ResponseWriter, r *http.Request) (any, error) {
	var b struct {
		Expiry *string `json:"expiry"`
	}
	if r.ContentLength != 0 {
		if err := readKeys(w, r, maxDeviceBody, &b); err != nil {
			return nil, err
		}
	}
	return t.exchange.Retoken(r.Context(), r.PathValue("id"), expiry(b.Expiry))
}

func expiry(text *string) time.Duration {
	if text == nil {
		return sse.DefaultExpiry
	}
	return sse.ExpiryOf(*text)
}

// deviceProxy has a device make a call of its own API. What it takes is what the
// vendor's workflow action of this purpose takes (public code); the names of the keys
// are ours. A body that is not a text is sent as JSON.
func (t *Threat) deviceProxy(w http.ResponseWriter, r *http.Request) (any, error) {
	var b struct {
		Path    *string           `json:"path"`
		Method  string            `json:"method"`
		Headers map[string]string `json:"headers"`
		Body    json.RawMessage   `json:"body"`
		Timeout *int              `json:"timeout"` // seconds
	}
	if err := readKeys(w, r, maxProxyBody, &b); err != nil {
		return nil, err
	}
	if b.Path == nil {
		return nil, wrongKeys{"path": missingKey}
	}
	q := sse.Request{Method: b.Method, Path: *b.Path, Header: b.Headers, Body: b.Body}
	var text string
	if string(b.Body) == "null" {
		q.Body = nil
	} else if json.Unmarshal(b.Body, &text) == nil {
		q.Body = []byte(text)
	}
	if b.Timeout != nil {
		if most := int(sse.MaxTimeout / time.Second); *b.Timeout < 1 || *b.Timeout > most {
			return nil, invalidRequest(fmt.Sprintf("timeout: want 1 to %d seconds.", most))
		}
		q.Timeout = time.Duration(*b.Timeout) * time.Second
	}
	return t.exchange.Proxy(r.Context(), r.PathValue("id"), q)
}
