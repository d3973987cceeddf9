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
