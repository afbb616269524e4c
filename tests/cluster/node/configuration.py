"""What the programs of a node are told: containerd, kubelet and kube-proxy."""

import json
from pathlib import Path

from tests.cluster.access import write_kubeconfig
from tests.cluster.flags import POD_RANGE
from tests.cluster.node.cgroups import NAME as CGROUP
from tests.cluster.node.space import MACHINE, NODE

NAME = "node"
PODS = POD_RANGE.replace(".0.0/16", ".0.0/24")
DNS = "10.96.0.10"
SANDBOX = "registry.k8s.io/pause:3.10"
# FILE=USER[/GROUP], as the program `certs` reads it.
IDENTITIES = (
    f"kubelet=system:node:{NAME}/system:nodes",
    "proxy=system:kube-proxy",
    "network-policies=system:network-policies",
)
# Pods and the kubelet reach the API server at the machine's end of the cable, where the gateway listens.
CONTROL_PLANE = {
    "kube-apiserver": (
        f"--advertise-address={MACHINE}",
        "--endpoint-reconciler-type=lease",
    ),
    "kube-controller-manager": ("--node-cidr-mask-size=24",),
}


def socket(folder: Path) -> Path:
    """Where containerd listens."""
    return folder / "containerd.sock"


def containerd(folder: Path, root: Path, *, pods: bool) -> str:
    """Containerd with its images in `root`, for pods or only for images."""
    return f"""\
version = 2
root = "{root}"
state = "/run/containerd"
disabled_plugins = [{"" if pods else '"io.containerd.grpc.v1.cri"'}]

[grpc]
  address = "{socket(folder)}"

[plugins."io.containerd.internal.v1.opt"]
  path = "{root / "opt"}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{SANDBOX}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{folder / "cni"}"
"""


def network(folder: Path) -> str:
    """One bridge for all pods."""
    ranges = {
        "ranges": [[{"subnet": PODS}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": str(folder / "addresses"),
    }
    bridge = {
        "type": "bridge",
        "bridge": "pods",
        "isGateway": True,
        "hairpinMode": True,
        "ipam": {"type": "host-local", **ranges},
    }
    return json.dumps({"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge]}, indent=2)


def kubelet(folder: Path) -> str:
    """The kubelet: it trusts the control plane, evicts nobody, and leaves old images alone."""
    return json.dumps(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": NODE,
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(folder / "pki" / "ca.crt")},
            },
            "authorization": {"mode": "Webhook"},
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{CGROUP}",
            "clusterDNS": [DNS],
            "clusterDomain": "cluster.local",
            "containerRuntimeEndpoint": f"unix://{socket(folder)}",
            "enforceNodeAllocatable": [],
            "evictionHard": {
                "memory.available": "100Mi",
                "nodefs.available": "1%",
                "imagefs.available": "1%",
            },
            "failCgroupV1": False,
            "failSwapOn": False,
            "imageGCHighThresholdPercent": 100,
            "resolvConf": str(folder / "resolv.conf"),
            "serializeImagePulls": False,
            "syncFrequency": "10s",  # Secrets and ConfigMaps reach running pods sooner than after a minute
            "volumePluginDir": str(folder / "plugins"),
        },
        indent=2,
    )


def proxy(folder: Path) -> str:
    """Services by firewall rules; it may not change limits of the machine's connection tracking."""
    return json.dumps(
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "clientConnection": {"kubeconfig": str(folder / "proxy.kubeconfig")},
            "clusterCIDR": POD_RANGE,
            "conntrack": {"maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
            "hostnameOverride": NAME,
            "iptables": {"minSyncPeriod": "100ms"},
            "mode": "iptables",
        },
        indent=2,
    )


def write(folder: Path, root: Path, port: int) -> None:
    """Write the files of all the node's programs."""
    files = {
        "containerd.toml": containerd(folder, root, pods=True),
        "images.toml": containerd(folder, root, pods=False),
        "cni/pods.conflist": network(folder),
        "kubelet.json": kubelet(folder),
        "proxy.json": proxy(folder),
        "resolv.conf": "",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for user in ("kubelet", "proxy", "network-policies"):
        write_access(folder, user, port)


def write_access(folder: Path, user: str, port: int) -> None:
    """Write the kubeconfig of one of the node's programs, which comes to the API server over the cable."""
    path = folder / f"{user}.kubeconfig"
    server = f"https://{MACHINE}:{port}"
    write_kubeconfig(path, server=server, pki=folder / "pki", user=user, name="node")
    config = json.loads(path.read_text())
    config["clusters"][0]["cluster"]["tls-server-name"] = (
        "kubernetes"  # the certificate knows no address of a node
    )
    path.write_text(json.dumps(config, indent=2) + "\n")
