package lab

import (
	"context"
	"errors"
	"fmt"
	"time"

	"esasim/cloud"
	"esasim/cloud/ctr"
	"esasim/cloud/sse"
	"esasim/cloudlink"
	"esasim/internal/statefile"
)

// What the lab fills in so that an investigation works from the first minute.
const (
	organisation = "esasim lab"
	portalUser   = "Lab User"
)

// openClient makes the API client that every region knows, or takes the one of
// the run before.
func (l *Lab) openClient() error {
	if len(l.clouds) == 0 {
		return nil
	}
	f := statefile.File{FS: l.o.FS, Dir: l.o.Dir, Key: "client.json"}
	found, err := f.Load(&l.client)
	if err != nil {
		return err
	}
	if !found {
		l.client = ctr.NewClient("esasim lab", ctr.Scopes())
		if err := f.Save(l.client); err != nil {
			return err
		}
	}
	l.client.Scopes = ctr.Scopes() // an older lab's had fewer
	for region, c := range l.clouds {
		if !found { // the first start; later it is as somebody left it
			if err := c.SSE().SetServices(context.Background(), sse.Services{ThreatResponse: true}); err != nil {
				return fmt.Errorf("cloud %s: %w", region, err)
			}
		}
		if err := c.CTR().AddClient(context.Background(), l.client); err != nil {
			return fmt.Errorf("cloud %s: %w", region, err)
		}
	}
	return nil
}

// patience is how long the first screen waits for a cloud in another process.
const patience = 5 * time.Second

// prepare registers the appliance and says that the lab is ready. A cloud in
// another process may not be there yet: then the appliance takes mail, and goes
// on trying. From then on a failure, as of a token that expired meanwhile, is
// for its status to tell and no reason to end a running appliance.
func (l *Lab) prepare(ctx context.Context) error {
	late := time.AfterFunc(patience, func() {
		l.o.Logger.Warn("the cloud cannot be reached yet; the appliance goes on trying to register")
		l.setReady()
	})
	defer late.Stop()
	err := l.register(ctx)
	switch {
	case ctx.Err() != nil:
		return nil
	case errors.Is(err, cloudlink.ErrRegistered): // somebody was quicker, over the API
	case err != nil && late.Stop(): // nobody was told yet that the lab is ready
		return err
	case err != nil:
		l.o.Logger.Error("the appliance is not registered", "error", err)
	}
	l.setReady()
	return nil
}

func (l *Lab) setReady() { l.readyOnce.Do(func() { close(l.ready) }) }

func (l *Lab) register(ctx context.Context) error {
	if l.appliance == nil || l.o.Config.Unregistered {
		return nil
	}
	if s := l.appliance.Link().Status(); s.Disabled || s.State == cloudlink.Registered {
		return nil
	}
	if s := l.o.SSE; s != nil {
		if s.Token == "" {
			return nil
		}
		return l.appliance.Link().Register(ctx, s.Region, s.Token)
	}
	region := l.homeRegion()
	if region == "" {
		return nil
	}
	return l.enrol(ctx, region)
}

// homeRegion is the one the lab registers with: the one that the appliance has
// selected, if it is there.
func (l *Lab) homeRegion() string {
	if _, ok := l.o.Config.Cloud[l.o.Config.Appliance.CloudServices.Server]; ok {
		return l.o.Config.Appliance.CloudServices.Server
	}
	names := l.o.Config.Cloud.Names() // AMERICAS sorts first
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

// enrol does what the integration guide has a person do: make a token in
// Security Services Exchange and register the appliance with it.
func (l *Lab) enrol(ctx context.Context, region string) error {
	tokens, err := l.clouds[region].SSE().GenerateTokens(ctx, 1, time.Hour)
	if err != nil {
		return err
	}
	return l.appliance.Link().Register(ctx, region, tokens[0].Token)
}

// adopt adds the module of a device that has just registered, the last step of
// the integration guide. A lab's cloud does it for every device, because there
// is no form for it yet.
func (l *Lab) adopt(c *cloud.Cloud, device string) {
	_, err := c.CTR().AddModule(context.Background(), ctr.Module{Type: ctr.ESAType, DeviceID: device})
	if err != nil {
		l.o.Logger.Error("no module for the new device", "device", device, "error", err)
	}
}

// servers are the clouds the appliance may register with: ours, and the one in
// another process.
func (l *Lab) servers() map[string]string {
	out := map[string]string{}
	for region := range l.regions {
		out[region] = l.url(region)
	}
	if s := l.o.SSE; s != nil {
		out[s.Region] = s.URL
	}
	return out
}

// url is where the appliance, in this process, reaches a region.
func (l *Lab) url(region string) string { return "http://" + reachable(l.regions[region].Addr()) }
