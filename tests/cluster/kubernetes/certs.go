package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A certificate lives as long as a state folder can be expected to, and is made anew with it.
const lifetime = 10 * 365 * 24 * time.Hour

// An identity is whom a certificate names: a user and its groups, or a server and where it is reached.
type identity struct {
	file   string
	user   string
	groups []string
	hosts  []string
}

type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// writeCertificates FOLDER [FILE=USER[/GROUP][@HOST,HOST...]]...
// makes ca, service-accounts and a pair (FILE.crt, FILE.key) for each identity.
// The authority that is already in the folder goes on being used.
func writeCertificates(args []string) error {
	if len(args) == 0 {
		return errors.New("usage: certs FOLDER [FILE=USER[/GROUP][@HOST,...]]...")
	}
	folder := args[0]
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	ca, err := loadOrMakeAuthority(folder)
	if err != nil {
		return err
	}
	for _, text := range args[1:] {
		who, err := parseIdentity(text)
		if err != nil {
			return err
		}
		if err := ca.issue(folder, who); err != nil {
			return err
		}
	}
	return nil
}

func parseIdentity(text string) (identity, error) {
	file, rest, ok := strings.Cut(text, "=")
	if !ok || file == "" || rest == "" {
		return identity{}, errors.New("an identity is FILE=USER[/GROUP][@HOST,...], not " + text)
	}
	who := identity{file: file}
	rest, hosts, served := strings.Cut(rest, "@")
	if served {
		who.hosts = strings.Split(hosts, ",")
	}
	user, group, grouped := strings.Cut(rest, "/")
	who.user = user
	if grouped {
		who.groups = []string{group}
	}
	return who, nil
}

func loadOrMakeAuthority(folder string) (*authority, error) {
	if ca, err := loadAuthority(folder); !errors.Is(err, os.ErrNotExist) {
		return ca, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	certificate, err := template(identity{user: "kfctl-test-ca"})
	if err != nil {
		return nil, err
	}
	certificate.IsCA, certificate.BasicConstraintsValid = true, true
	certificate.KeyUsage |= x509.KeyUsageCertSign
	ca := &authority{certificate, key}
	if err := ca.sign(folder, "ca", certificate, key); err != nil {
		return nil, err
	}
	if err := writeServiceAccountKey(folder); err != nil {
		return nil, err
	}
	return loadAuthority(folder)
}

func loadAuthority(folder string) (*authority, error) {
	certificate, err := readPEM(filepath.Join(folder, "ca.crt"))
	if err != nil {
		return nil, err
	}
	key, err := readPEM(filepath.Join(folder, "ca.key"))
	if err != nil {
		return nil, err
	}
	ca := &authority{}
	if ca.certificate, err = x509.ParseCertificate(certificate); err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	var ok bool
	if ca.key, ok = parsed.(*ecdsa.PrivateKey); !ok {
		return nil, errors.New("ca.key is not of the kind that certs makes")
	}
	return ca, nil
}

func (ca *authority) issue(folder string, who identity) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	certificate, err := template(who)
	if err != nil {
		return err
	}
	return ca.sign(folder, who.file, certificate, key)
}

func (ca *authority) sign(folder, file string, certificate *x509.Certificate, key *ecdsa.PrivateKey) error {
	der, err := x509.CreateCertificate(rand.Reader, certificate, ca.certificate, key.Public(), ca.key)
	if err != nil {
		return err
	}
	if err := writeKey(filepath.Join(folder, file+".key"), key); err != nil {
		return err
	}
	return writePEM(filepath.Join(folder, file+".crt"), "CERTIFICATE", der)
}

func template(who identity) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	certificate := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: who.user, Organization: who.groups},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(lifetime),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	for _, host := range who.hosts {
		if address := net.ParseIP(host); address != nil {
			certificate.IPAddresses = append(certificate.IPAddresses, address)
		} else {
			certificate.DNSNames = append(certificate.DNSNames, host)
		}
	}
	return certificate, nil
}

// Service account tokens are signed with RSA: the one kind that every reader of such tokens takes.
func writeServiceAccountKey(folder string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	if err := writeKey(filepath.Join(folder, "service-accounts.key"), key); err != nil {
		return err
	}
	return writePEM(filepath.Join(folder, "service-accounts.pub"), "PUBLIC KEY", public)
}

func writeKey(path string, key any) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return writePEM(path, "PRIVATE KEY", der)
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

func readPEM(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New(path + " holds no PEM block")
	}
	return block.Bytes, nil
}
