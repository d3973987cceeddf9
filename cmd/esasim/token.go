package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"esasim/lab"
)

func tokenCommand() *cobra.Command {
	var cloud, expiry string
	c := &cobra.Command{
		Use: "token", Args: noArguments,
		Short: "Make a registration token in a running cloud and print it",
		RunE: func(c *cobra.Command, _ []string) error {
			token, err := lab.RequestToken(c.Context(), cloud, expiry)
			if err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), token)
			return nil
		},
	}
	c.Flags().StringVar(&cloud, "cloud", "http://127.0.0.1:9080", "URL of the region")
	c.Flags().StringVar(&expiry, "expiry", "1h", "how long it can be used: 1h 2h 4h 6h 8h 12h 1d 2d 3d 4d 5d")
	return c
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Args: noArguments, Short: "Print the version",
		Run: func(c *cobra.Command, _ []string) {
			version := "unknown"
			if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
				version = info.Main.Version
			}
			fmt.Fprintf(c.OutOrStdout(), "esasim %s, %s, %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		},
	}
}
