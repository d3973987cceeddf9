// Package health is the part of the AsyncOS REST API that answers how the appliance
// stands: its load, its queue, the hosts it delivers to.
package health

import (
	"context"
	"fmt"

	"esasim/appliance/asyncos/rest"
	"esasim/appliance/delivery"
	"esasim/appliance/status"
)

// Options of the area; both are required.
type Options struct {
	Report       func(ctx context.Context) status.Report
	Destinations func() []delivery.Destination // that are in memory
}

// Routes are the calls of the area.
func Routes(o Options) []rest.Route {
	a := &api{o}
	out := make([]rest.Route, 0, 3)
	for _, t := range []struct {
		path, privilege string
		serve           func(*rest.Call) (any, error)
	}{
		{"health", "e_health", a.serveHealth},
		{"health/delivery_status", "e_health_delivery_status", a.serveDelivery},
		{"health/system_status", "e_health_system_status", a.serveSystem},
	} {
		out = append(out, rest.Route{Method: "GET", Path: t.path, Privilege: t.privilege, Takes: []string{"device_type"}, Serve: t.serve})
	}
	return out
}

type api struct{ Options }

// load is the answer to health. Source: the appliance's own description of its API.
type load struct {
	RAM          int `json:"percentage_ram_utilization"`
	CPU          int `json:"percentage_cpu_load"`
	Swap         int `json:"percentage_swap_utilization"`
	DiskIO       int `json:"percentage_diskio"`
	Queue        int `json:"percentage_queue_utilization"`
	WorkQueue    int `json:"messages_in_workqueue"`
	Quarantines  int `json:"messages_in_pvo_quarantines"`
	Conservation int `json:"resource_conservation"`
}

func (a *api) serveHealth(c *rest.Call) (any, error) {
	if err := device(c); err != nil {
		return nil, err
	}
	r := a.Report(c.Request.Context())
	g := &r.Gauges
	return rest.Data{Data: load{g.RAM, g.CPU, g.Swap, g.DiskIO, g.Queue(), g.WorkQueue, g.Quarantined, g.Conservation}}, nil
}

// device refuses what is asked of other devices than this one.
func device(c *rest.Call) error {
	if t := c.Get("device_type"); t != "" && t != "esa" {
		return rest.Wrong("device_type", rest.Clip(t)+" is not esa")
	}
	return nil
}

// results is the envelope that public clients read.
type results struct {
	ResultSet any `json:"resultSet"`
}

type host struct {
	Domain      string `json:"destination_domain"`
	Status      string `json:"latest_host_status"`
	Active      int    `json:"active_recipients"`
	Delivered   uint64 `json:"delivered_recipients"`
	SoftBounces uint64 `json:"soft_bounces"`
	HardBounces uint64 `json:"hard_bounces"`
	Connections int    `json:"connections_out"`
}

func (a *api) serveDelivery(c *rest.Call) (any, error) {
	if err := device(c); err != nil {
		return nil, err
	}
	list := a.Destinations()
	out := make([]host, len(list))
	for i, d := range list {
		out[i] = host{d.Domain, hostStatus(d.Status), d.Active(), d.Delivered, d.SoftBounces, d.HardBounces, d.Connections}
	}
	return rest.Data{Data: results{out}}, nil
}

// hostStatus is the word of the page "Delivery Status" (inferred).
func hostStatus(s string) string {
	return map[string]string{delivery.HostUp: "Up", delivery.HostDown: "Down", delivery.HostUnknown: "Unknown"}[s]
}

// object is one with keys that are made.
type object map[string]any

func (a *api) serveSystem(c *rest.Call) (any, error) {
	if err := device(c); err != nil {
		return nil, err
	}
	r := a.Report(c.Request.Context())
	return rest.Data{Data: results{map[string][1]object{
		"rates": {rates(&r)}, "gauges": {gauges(&r)}, "counters": {counters(&r)},
		"mail_system_status": {{"system_status": r.Gauges.System, "up_since": r.UpSince(), "oldest_message": r.Oldest()}},
		"version_details":    {{"model": r.Model, "operating_system": r.Version, "serial_number": r.Serial, "raid_status": "Unknown"}},
	}}}, nil
}

func rates(r *status.Report) object {
	out := object{}
	for name, c := range map[string]status.Counter{
		"messages_received": status.Messages, "delivered_recipients": status.Delivered,
		"hard_bounced_recipients": status.HardBounced, "soft_bounced_events": status.SoftBounces,
	} {
		n := r.Rates[c]
		out[name+"_rate_one"], out[name+"_rate_five"], out[name+"_rate_fifteen"] = n.One, n.Five, n.Fifteen
	}
	return out
}

func gauges(r *status.Report) object {
	g := &r.Gauges
	percent := func(n int) string { return fmt.Sprintf("%d%%", n) }
	return object{
		"overall_cpu_load": percent(g.CPU), "ram_utilization": percent(g.RAM), "disk_io_utilization": percent(g.DiskIO),
		"total_queue_utilized": percent(g.Queue()), "msgs_in_work_queue": g.WorkQueue, "msgs_in_quarantine": g.Quarantined,
		"total_active_recipients": g.Active(), "current_incoming_connections": g.Inbound,
		"current_outgoing_connections": g.Outbound, "dest_objects_in_memory": g.Destinations,
	}
}

func counters(r *status.Report) object {
	up := &r.Uptime
	return object{
		"messages_received_uptime": up[status.Messages], "delivered_recipients_uptime": up[status.Delivered],
		"soft_bounced_events_uptime": up[status.SoftBounces], "rejected_recipients_uptime": up[status.Rejected],
		"dropped_messages_uptime": up[status.Dropped], "total_hard_bounces_uptime": up[status.HardBounced],
	}
}
