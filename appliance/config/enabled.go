package config

// A section of a mail policy is on unless it says enabled: false, and what it says
// nothing of is as from the factory; a treatment is taken as a whole.

// UnmarshalYAML reads a treatment, whatever stood there before.
func (t *Treatment) UnmarshalYAML(decode func(any) error) error {
	type plain Treatment
	var p plain
	err := decode(&p)
	*t = Treatment(p)
	return err
}

// UnmarshalYAML reads what is done with a violation. It has that of the treatment in
// it, too, which would take none of its own keys.
func (a *DLPAction) UnmarshalYAML(decode func(any) error) error {
	type treatment Treatment
	var p struct {
		T       treatment `yaml:",inline"`
		Encrypt bool      `yaml:"encrypt"`
		Notify  []string  `yaml:"notify"`
	}
	err := decode(&p)
	*a = DLPAction{Treatment: Treatment(p.T), Encrypt: p.Encrypt, Notify: p.Notify}
	return err
}

// UnmarshalYAML reads what antispam does.
func (c *AntiSpam) UnmarshalYAML(decode func(any) error) error {
	type plain AntiSpam
	p := plain(*factoryAntiSpam())
	p.Enabled = true
	err := decode(&p)
	*c = AntiSpam(p)
	return err
}

// UnmarshalYAML reads what antivirus does.
func (c *AntiVirus) UnmarshalYAML(decode func(any) error) error {
	type plain AntiVirus
	p := plain(*factoryAntiVirus())
	p.Enabled = true
	err := decode(&p)
	*c = AntiVirus(p)
	return err
}

// UnmarshalYAML reads what graymail detection does.
func (c *Graymail) UnmarshalYAML(decode func(any) error) error {
	type plain Graymail
	p := plain(*factoryGraymail())
	p.Enabled = true
	err := decode(&p)
	*c = Graymail(p)
	return err
}

// UnmarshalYAML reads what AMP does.
func (c *AMP) UnmarshalYAML(decode func(any) error) error {
	type plain AMP
	p := plain(*factoryAMP())
	p.Enabled = true
	err := decode(&p)
	*c = AMP(p)
	return err
}

// UnmarshalYAML reads what outbreak filters do.
func (c *OutbreakFilters) UnmarshalYAML(decode func(any) error) error {
	type plain OutbreakFilters
	p := plain(*factoryOutbreak())
	p.Enabled = true
	err := decode(&p)
	*c = OutbreakFilters(p)
	return err
}
