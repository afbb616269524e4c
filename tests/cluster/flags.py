"""What the programs of a control plane are told: files, ports and switches."""

from pathlib import Path

from tests.cluster.ports import ADDRESS, Ports

SERVICE_RANGE = "10.96.0.0/16"  # tests of load make more Services than a /24 has addresses
POD_RANGE = "10.244.0.0/16"
SERVICE_ADDRESS = "10.96.0.1"
SERVICE_NAMES = "localhost,kubernetes,kubernetes.default,kubernetes.default.svc"

# FILE=USER[/GROUP][@HOST,…], as the program `certs` reads it.
IDENTITIES = (
    "admin=admin/system:masters",
    "controller-manager=system:kube-controller-manager",
    "scheduler=system:kube-scheduler",
    f"apiserver=kube-apiserver/system:masters@{ADDRESS},{SERVICE_ADDRESS},{SERVICE_NAMES}",
    f"etcd=etcd@{ADDRESS},localhost",
)


def etcd(folder: Path, ports: Ports) -> list[str]:
    """One member that never waits for the disk: its state is thrown away anyway."""
    pki = folder / "pki"
    peer = f"https://{ADDRESS}:{ports.etcd_peer}"
    client = f"https://{ADDRESS}:{ports.etcd}"
    return [
        "--name=etcd",
        f"--data-dir={folder / 'etcd'}",
        "--unsafe-no-fsync",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=etcd={peer}",
        "--client-cert-auth",
        f"--cert-file={pki / 'etcd.crt'}",
        f"--key-file={pki / 'etcd.key'}",
        f"--trusted-ca-file={pki / 'ca.crt'}",
        "--peer-client-cert-auth",
        f"--peer-cert-file={pki / 'etcd.crt'}",
        f"--peer-key-file={pki / 'etcd.key'}",
        f"--peer-trusted-ca-file={pki / 'ca.crt'}",
        "--log-level=warn",
    ]


def apiserver(folder: Path, ports: Ports) -> list[str]:
    """As kubeadm has it, but that no endpoint is published: it may not be a loopback address."""
    pki = folder / "pki"
    return [
        f"--etcd-servers=https://{ADDRESS}:{ports.etcd}",
        f"--etcd-cafile={pki / 'ca.crt'}",
        f"--etcd-certfile={pki / 'apiserver.crt'}",
        f"--etcd-keyfile={pki / 'apiserver.key'}",
        f"--bind-address={ADDRESS}",
        f"--advertise-address={ADDRESS}",
        "--endpoint-reconciler-type=none",
        f"--secure-port={ports.apiserver}",
        f"--tls-cert-file={pki / 'apiserver.crt'}",
        f"--tls-private-key-file={pki / 'apiserver.key'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--kubelet-client-certificate={pki / 'apiserver.crt'}",
        f"--kubelet-client-key={pki / 'apiserver.key'}",
        "--kubelet-preferred-address-types=InternalIP",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={pki / 'service-accounts.pub'}",
        f"--service-account-signing-key-file={pki / 'service-accounts.key'}",
    ]


def controller_manager(folder: Path, ports: Ports) -> list[str]:
    """Every controller, each with its own account; serves nothing, and is fast at removing namespaces."""
    pki = folder / "pki"
    return [
        f"--kubeconfig={folder / 'controller-manager.kubeconfig'}",
        "--secure-port=0",
        "--leader-elect=false",
        "--use-service-account-credentials",
        f"--service-account-private-key-file={pki / 'service-accounts.key'}",
        f"--root-ca-file={pki / 'ca.crt'}",
        f"--cluster-signing-cert-file={pki / 'ca.crt'}",
        f"--cluster-signing-key-file={pki / 'ca.key'}",
        "--allocate-node-cidrs",
        f"--cluster-cidr={POD_RANGE}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        f"--flex-volume-plugin-dir={folder / 'flexvolume'}",  # else it makes one in /usr
        "--kube-api-qps=200",
        "--kube-api-burst=400",
    ]


def scheduler(folder: Path, ports: Ports) -> list[str]:
    """The default scheduler; serves nothing."""
    return [f"--kubeconfig={folder / 'scheduler.kubeconfig'}", "--secure-port=0", "--leader-elect=false"]
