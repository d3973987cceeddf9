package appliance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"esasim/appliance/users"
	"esasim/internal/statefile"
)

// serialNumber is the configured one, or the one made at the first start, in
// the form of a virtual appliance's: 20 and 12 hexadecimal digits (published
// samples: "423ADC9EBD9C5F1A7A64-B81D2582608C").
func serialNumber(o Options) (string, error) {
	if o.Config.Serial != "" {
		return o.Config.Serial, nil
	}
	f := statefile.File{FS: o.FS, Dir: o.Dir, Key: "serial.json"}
	var serial string
	found, err := f.Load(&serial)
	if err != nil || found {
		return serial, err
	}
	u := strings.ToUpper(strings.ReplaceAll(uuid.NewString(), "-", ""))
	serial = u[:20] + "-" + u[20:]
	return serial, f.Save(serial)
}

// signIn is who may sign in. The key of its tokens is made at the first start and
// kept, so that they are good for the next run, too.
func signIn(o Options) (*users.Users, error) {
	f := statefile.File{FS: o.FS, Dir: o.Dir, Key: "tokens.json"}
	var key []byte
	found, err := f.Load(&key)
	if err != nil {
		return nil, err
	}
	if !found {
		key = make([]byte, users.KeySize)
		_, _ = rand.Read(key) // it never fails
		if err := f.Save(key); err != nil {
			return nil, err
		}
	}
	return users.New(users.Options{Accounts: o.Config.Accounts(), Timeout: o.Config.API.SessionTimeout, Key: key})
}

// certificate is the appliance's own, for STARTTLS: self-signed, made at the
// first start and kept.
func certificate(fsys vfs.FS, dir, host string) (*tls.Config, error) {
	const name = "certificate.pem"
	b, err := statefile.Read(fsys, fsys.PathJoin(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		if b, err = selfSigned(host); err == nil {
			err = statefile.Write(fsys, dir, name, b)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	cert, err := tls.X509KeyPair(b, b)
	if err != nil {
		return nil, fmt.Errorf("certificate %s: %w", fsys.PathJoin(dir, name), err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, nil
}

// selfSigned makes a certificate and its key in one PEM file.
func selfSigned(host string) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: host}, DNSNames: []string{host, "localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		NotBefore:   time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(10, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	k, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	out := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return append(out, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: k})...), nil
}
