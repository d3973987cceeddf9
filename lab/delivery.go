package lab

import "net/http"

func (l *Lab) serveDelivery(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]bool{"suspended": l.appliance.Delivery().Suspended()})
}

func (l *Lab) serveSuspend(w http.ResponseWriter, r *http.Request) {
	l.appliance.Delivery().Suspend()
	l.serveDelivery(w, r)
}

func (l *Lab) serveResume(w http.ResponseWriter, r *http.Request) {
	l.appliance.Delivery().Resume()
	l.serveDelivery(w, r)
}

func (l *Lab) serveWorkQueue(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]bool{"paused": l.appliance.WorkQueue().Paused()})
}

func (l *Lab) servePause(w http.ResponseWriter, r *http.Request) {
	l.appliance.WorkQueue().Pause()
	l.serveWorkQueue(w, r)
}

func (l *Lab) serveUnpause(w http.ResponseWriter, r *http.Request) {
	l.appliance.WorkQueue().Resume()
	l.serveWorkQueue(w, r)
}
