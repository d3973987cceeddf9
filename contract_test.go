package esasim_test

import (
	"errors"
	"net/http"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/cloud"
	"esasim/cloud/contract"
)

// The answers of the cloud are held to the vendor's contracts as those of the
// appliance to its OpenAPI document: on the way. The cloud's own tests see to it that
// every route is asked.
var cloudContract = sync.OnceValues(func() (*contract.Oracle, error) {
	c, err := cloud.Open(cloud.Options{Region: "AMERICAS", FS: vfs.NewMem(), Dir: "cloud"})
	if err != nil {
		return nil, err
	}
	o, err := contract.New(c.Routes())
	return o, errors.Join(err, c.Close())
})

// contracted makes a transport check the answers of the cloud, where the contracts
// are.
func contracted(next http.RoundTripper) http.RoundTripper {
	o, err := cloudContract()
	if errors.Is(err, contract.ErrMissing) {
		return next // the cloud's own tests say so, and fail in CI
	}
	if err != nil {
		return undescribed{err}
	}
	return o.Transport(next)
}
