package lab

import (
	"fmt"
	"net/http"

	"esasim/smtp"
)

type listenerStatus struct {
	Interface string `json:"interface"`
	Type      string `json:"type"`
	Address   string `json:"address"`
	Suspended bool   `json:"suspended"`
}

func (l *Lab) serveListeners(w http.ResponseWriter, _ *http.Request) {
	configured := l.o.Config.Appliance.Every()
	out := make([]listenerStatus, 0, len(configured))
	for i, each := range l.appliance.Listeners() {
		out = append(out, listenerStatus{each.Interface(), configured[i].Type, reachable(l.smtp[i].Addr()), each.Suspended()})
	}
	answer(w, http.StatusOK, map[string]any{"listeners": out})
}

func (l *Lab) serveSuspendListeners(w http.ResponseWriter, r *http.Request) {
	l.eachListener(w, r, (*smtp.Listener).Suspend)
}

func (l *Lab) serveResumeListeners(w http.ResponseWriter, r *http.Request) {
	l.eachListener(w, r, (*smtp.Listener).Resume)
}

// eachListener does something to the listener that the request names; without a
// body, to all.
func (l *Lab) eachListener(w http.ResponseWriter, r *http.Request, do func(*smtp.Listener)) {
	var req struct {
		Interface string `json:"interface"`
	}
	if r.ContentLength != 0 {
		if status, problem := readBody(w, r, &req); problem != "" {
			answer(w, status, apiError{`want {"interface": "IncomingMail"} or no body: ` + problem})
			return
		}
	}
	done := false
	for _, each := range l.appliance.Listeners() {
		if req.Interface == "" || req.Interface == each.Interface() {
			do(each)
			done = true
		}
	}
	if !done {
		answer(w, http.StatusNotFound, apiError{fmt.Sprintf("there is no listener %q", req.Interface)})
		return
	}
	l.serveListeners(w, r)
}
