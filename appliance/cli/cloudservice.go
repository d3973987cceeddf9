package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"esasim/cloudlink"
)

// registerWithin is how long the command waits for the cloud's answer.
const registerWithin = 30 * time.Second

// cloudServiceConfig is the connection to the cloud. Which server and whether it is
// used are drafts; registration is done at once, as on the appliance. Source: AsyncOS
// CLI reference, cloudserviceconfig; the words are recollections.
func cloudServiceConfig(c *call) error {
	if _, err := c.isOn(responseKey); err != nil {
		return err
	}
	ops := func() []operation {
		on, _ := c.isOn(responseKey)
		out := []operation{{"ENABLE", "The Cisco Cloud Service is currently disabled on your appliance."}}
		if on {
			out = []operation{{"DISABLE", "The Cisco Cloud Service is currently enabled on your appliance."},
				{"SETTRS", "Set the Threat Response server."}}
			if c.Link.Status().State == cloudlink.Registered {
				out = append(out, operation{"DEREGISTER", "To deregister the appliance from the Cisco Threat Response portal."})
			} else {
				out = append(out, operation{"REGISTER", "To register the appliance with the Cisco Threat Response portal."})
			}
		}
		return append(out, operation{"STATUS", "Display the status of the registration."})
	}
	for {
		more := len(c.args) == 0
		left := true
		err := c.operateOnce(ops(), func(name string) error { left = false; return c.cloudService(name) })
		if err != nil || !more || left {
			return err
		}
	}
}

func (c *call) cloudService(name string) error {
	switch name {
	case "STATUS":
		return c.cloudStatus()
	case "SETTRS":
		return c.setServer()
	case "REGISTER":
		return c.register()
	case "DEREGISTER":
		return c.deregister()
	}
	if err := c.noMore(); err != nil {
		return err
	}
	if err := c.turn(responseKey, name == "ENABLE"); err != nil {
		return err
	}
	c.say("The Cisco Cloud Service will be %sd when you commit your changes.\n", strings.ToLower(name))
	return nil
}

func (c *call) cloudStatus() error {
	if err := c.noMore(); err != nil {
		return err
	}
	s := c.Link.Status()
	c.say("Status: %s\n", s.State)
	if s.Region != "" {
		c.say("Threat Response server: %s\n", clean(server(s.Region)))
	}
	if s.DeviceID != "" {
		c.say("Device ID: %s\n", clean(s.DeviceID))
	}
	if s.LastError != "" {
		c.say("Last error: %s\n", clean(s.LastError))
	}
	return nil
}

// server is a region with the name of its host. Source: the list Threat Response Server
// of the vendor's integration guide.
func server(region string) string {
	host := map[string]string{"AMERICAS": "api-sse.cisco.com", "EUROPE": "api.eu.sse.itd.cisco.com", "APJC": "api.apj.sse.itd.cisco.com"}[region]
	if host == "" {
		return region
	}
	return region + " (" + host + ")"
}

func (c *call) setServer() error {
	now, err := c.Changes.Value(c.User.Name, serverKey)
	if err != nil {
		return err
	}
	usual := 1 + max(slices.Index(c.Regions, strings.TrimSpace(now)), 0)
	var b strings.Builder
	b.WriteString("Available list of Threat Response servers:\n")
	for i, r := range c.Regions {
		fmt.Fprintf(&b, "%d. %s\n", i+1, server(r))
	}
	b.WriteString("Enter the number of the Threat Response server.\n")
	if len(c.args) > 0 {
		if i := slices.Index(c.Regions, strings.ToUpper(c.args[0])); i >= 0 {
			c.args[0] = fmt.Sprint(i + 1)
		}
	}
	n, err := c.number(b.String(), usual, 1, max(len(c.Regions), 1))
	if err != nil || len(c.Regions) == 0 {
		return err
	}
	if err := c.noMore(); err != nil {
		return err
	}
	if err := c.Changes.Set(c.User.Name, serverKey, c.Regions[n-1]); err != nil {
		return err
	}
	c.say("The Threat Response server will be %s when you commit your changes.\n", server(c.Regions[n-1]))
	return nil
}

// register registers with the server that is in force; a draft has not selected one yet.
func (c *call) register() error {
	if !c.User.Role.MayChange() {
		return c.forbidden()
	}
	c.acts = "cloudserviceconfig register"
	token, err := c.ask("Enter a registration token key to register your appliance with the Cisco Threat Response portal:\n", "")
	if err != nil || token == "" {
		return err
	}
	if err := c.noMore(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.ctx, registerWithin)
	defer cancel()
	err = c.Link.Register(ctx, c.Config.CloudServices.Server, token)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return failed("The Cisco Cloud Service is busy. The appliance goes on trying only while you wait; try again after some time.")
	case err != nil && c.ctx.Err() == nil:
		return failed("The appliance is not registered: %s", clean(err.Error()))
	}
	c.say("The appliance is registered with the Cisco Threat Response portal.\n")
	return nil
}

func (c *call) deregister() error {
	if !c.User.Role.MayChange() {
		return c.forbidden()
	}
	c.acts = "cloudserviceconfig deregister"
	sure, err := c.confirm("Do you want to deregister your appliance from the Cisco Threat Response portal?", false)
	if err != nil || !sure {
		return err
	}
	if err := c.noMore(); err != nil {
		return err
	}
	if err := c.Link.Deregister(c.ctx); err != nil {
		return failed("The appliance is not deregistered: %s", clean(err.Error()))
	}
	c.say("The appliance is deregistered from the Cisco Threat Response portal.\n")
	return nil
}
