package appliance

import (
	"context"
	"errors"
	"net/http"

	"esasim/appliance/users"
	"esasim/internal/web"
)

// cloudToken stands for the cloud with the API. It is no secret: the handler it is for
// is reached through the link alone.
const cloudToken = "cloud"

// fromCloud is who signs in to the API when the cloud calls it: nobody has to, and
// everybody is one operator. The cloud's own users are not the appliance's.
type fromCloud struct{}

var errNoSignIn = errors.New("the cloud does not sign in")

func (fromCloud) SignIn(context.Context, string, string, string) (users.User, error) {
	return users.User{}, users.ErrCredentials
}
func (fromCloud) Token(users.User) (string, error) { return "", errNoSignIn }
func (fromCloud) Bearer(string) (users.User, error) {
	return users.User{Name: cloudToken, Role: users.Operator}, nil
}

// cloudAPI serves the API to the cloud, with an operator's role whatever a request says
// of who calls.
func (a *Appliance) cloudAPI() http.Handler {
	return web.Recover(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Authorization")
		r.Header.Set("jwtToken", cloudToken)
		(*a.toCloud.Load()).ServeHTTP(w, r)
	}), a.o.Logger)
}
