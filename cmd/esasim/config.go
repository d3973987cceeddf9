package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"esasim/internal/manual"
	"esasim/internal/strictyaml"
	"esasim/lab"
)

func configCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "config", Args: noArguments,
		Short: "Check, show, explain, reload and change the configuration",
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(configCheckCommand(), configShowCommand(), configExampleCommand(), configReloadCommand(), configSchemaCommand())
	changeCommands(c)
	return c
}

func configCheckCommand() *cobra.Command {
	var profile string
	c := &cobra.Command{
		Use: "check FILE", Args: cobra.ExactArgs(1),
		Short: "Say everything that is wrong with a configuration, with its line",
		RunE: func(c *cobra.Command, args []string) error {
			if err := environment(c.Flags(), os.LookupEnv); err != nil {
				return err
			}
			return check(c, profile, args[0])
		},
	}
	profileFlag(c, &profile)
	return c
}

// check reads a file as the program would and prints what is wrong.
func check(c *cobra.Command, profile, name string) error {
	b, err := readConfig(name)
	if err != nil {
		return err
	}
	var faults strictyaml.Faults
	switch _, err := lab.ReadConfigAs(profile, name, b); {
	case errors.As(err, &faults):
		fmt.Fprintln(c.ErrOrStderr(), faults)
		if len(faults) == 1 {
			return fmt.Errorf("%s has a fault", name)
		}
		return fmt.Errorf("%s has %d faults", name, len(faults))
	case err != nil:
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "%s: ok\n", name)
	return nil
}

// maxConfig is how large a configuration may be.
const maxConfig = 16 << 20

func readConfig(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	if len(b) > maxConfig {
		return nil, fmt.Errorf("configuration %s: is larger than %d bytes", name, maxConfig)
	}
	return b, nil
}

func configShowCommand() *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use: "show", Args: noArguments,
		Short: "Print the configuration that a lab would run with, its secrets masked",
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := s.load(c)
			if err == nil {
				err = cfg.Check()
			}
			if err != nil {
				return err
			}
			text, err := manual.Show(cfg)
			fmt.Fprint(c.OutOrStdout(), text)
			return err
		},
	}
	s.sources(c)
	s.labFlags(c)
	return c
}

func configExampleCommand() *cobra.Command {
	var profile string
	c := &cobra.Command{
		Use: "example", Args: noArguments,
		Short: "Print a configuration with every key, its default and what it means",
		RunE: withKeys(&profile, func(keys []manual.Key, w io.Writer) error {
			text, err := lab.Example(keys)
			fmt.Fprint(w, text)
			return err
		}),
	}
	profileFlag(c, &profile)
	return c
}

func configSchemaCommand() *cobra.Command {
	var profile string
	c := &cobra.Command{
		Use: "schema", Args: noArguments,
		Short: "Print the JSON schema of the configuration, for editors",
		RunE: withKeys(&profile, func(keys []manual.Key, w io.Writer) error {
			_, err := w.Write(lab.Schema(keys))
			return err
		}),
	}
	profileFlag(c, &profile)
	return c
}

// withKeys prints what is made of the keys of a profile.
func withKeys(profile *string, write func([]manual.Key, io.Writer) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, _ []string) error {
		if err := environment(c.Flags(), os.LookupEnv); err != nil {
			return err
		}
		keys, err := lab.Keys(*profile)
		if err != nil {
			return err
		}
		return write(keys, c.OutOrStdout())
	}
}

func profileFlag(c *cobra.Command, profile *string) {
	c.Flags().StringVar(profile, "profile", "", "the era of the product: ctr2020 (default), strict2020 or xdr2025")
}
