"""JupyterHub's configuration. The text is the same for every hub: what differs is in values.json."""

import importlib.util
import json
import os
import sys
from pathlib import Path

from tornado.web import HTTPError

c = get_config()  # noqa: F821  (JupyterHub puts it there)

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
import authenticators  # noqa: E402  (it lies beside this file)
import host_check  # noqa: E402

VALUES = json.loads((HERE / "values.json").read_text(encoding="utf-8"))
STATE = Path(os.environ.get("HUB_STATE", "/srv/hub"))  # the claim: users, sessions, the cookie's key
TOKEN = Path(os.environ.get("HUB_RUN", "/run/hub")) / "proxy-token"  # made when the pod starts
HUB_PORT = os.environ.get("HUB_PORT", "8081")
PROXY_PORT = os.environ.get("PROXY_PORT", "8000")
PROXY_API_PORT = os.environ.get("PROXY_API_PORT", "8001")
SPAWNED = {"kfctl.dev/spawned-by": "tf-hub"}  # tells what is this hub's from what another one makes

# What may be typed in the form, for Python and for browsers, which want a - between brackets escaped.
WHOLE = "^[0-9]+$"
QUANTITY = r"^([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+\-]?[0-9]+)?$"
HOST = r"(localhost|[A-Za-z0-9\-]+(\.[A-Za-z0-9\-]+)+|[A-Za-z0-9.\-]+(?=:)|\[[0-9a-f:.]+\])(:[0-9]+)?/"
STEP = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
TAG = r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,127}"
DIGEST = "(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})"
IMAGE = f"^({HOST})?{STEP}(/{STEP})*(:{TAG})?(@{DIGEST})?$"

# KubeSpawner's form, which is older than the Bootstrap of JupyterHub 5.
FORM = """{% include "form.html" %}
<style>
  #kubespawner-profiles-list .profile .option.hidden { display: none; }
  #kubespawner-profiles-list .profile .option label { flex: none; width: 8rem; }
  #kubespawner-profiles-list .profile .option select { appearance: auto; }
</style>
"""


def hub():
    """Where the hub listens and what it keeps."""
    if not os.access(STATE, os.W_OK):
        sys.exit(f"user {os.getuid()} can't write to {STATE}; a hostPath volume needs that user as its owner")
    c.JupyterHub.bind_url = f"http://:{PROXY_PORT}{VALUES['baseUrl']}"
    c.JupyterHub.hub_bind_url = f"http://:{HUB_PORT}"
    c.JupyterHub.hub_connect_url = f"http://{os.environ.get('HUB_HOST', 'tf-hub-0')}:{HUB_PORT}"
    c.JupyterHub.db_url = f"sqlite:///{STATE}/jupyterhub.sqlite"
    c.JupyterHub.cookie_secret_file = str(STATE / "jupyterhub_cookie_secret")  # the hub makes it
    c.JupyterHub.cleanup_servers = False  # users work on while the hub restarts
    c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0}  # at once to the page that shows the progress


def proxy():
    """The proxy is the pod's other container."""
    c.ConfigurableHTTPProxy.should_start = False
    c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{PROXY_API_PORT}"
    c.ConfigurableHTTPProxy.auth_token = TOKEN.read_text(encoding="ascii")
    # A proxy that was started anew knows no route; it gets them back within so many seconds.
    c.JupyterHub.last_activity_interval = 10


def login():
    """Who may log in, and how."""
    c.Authenticator.admin_users = set(VALUES["adminUsers"])
    c.Authenticator.allowed_users = set(VALUES["adminUsers"]) | set(VALUES["allowedUsers"])
    c.Authenticator.allow_all = VALUES["allowAll"]
    # The hub's disk remembers everybody who ever came in, and who was an admin then.
    c.Authenticator.allow_existing_users = False
    c.JupyterHub.load_roles = [{"name": "admin", "users": VALUES["adminUsers"]}]
    kind = AUTHENTICATORS[VALUES["jupyterHubAuthenticator"]]()
    c.JupyterHub.authenticator_class = authenticators.by_parameters(kind)


def allowed_hosts():
    """Without passwords, a page of another site must not reach the hub by DNS rebinding."""
    if VALUES["jupyterHubAuthenticator"] != "dummy" and not VALUES["allowedHosts"]:
        return
    own = {"localhost", *host_check.service_names(os.environ["POD_NAMESPACE"])}
    host_check.refuse_other_hosts(own | {host.lower() for host in VALUES["allowedHosts"]})


def dummy():
    """No password."""
    if VALUES["allowAll"]:
        return authenticators.AnyPasswordAuthenticator
    return authenticators.BlankPasswordAuthenticator


def shared_password():
    """One password for users, a longer one for admins, out of a Secret."""
    from jupyterhub.authenticators.shared import SharedPasswordAuthenticator

    c.SharedPasswordAuthenticator.user_password = os.environ.get("HUB_USER_PASSWORD")
    c.SharedPasswordAuthenticator.admin_password = os.environ.get("HUB_ADMIN_PASSWORD")
    return SharedPasswordAuthenticator


def native():
    """Users sign up with a password of their own, and an administrator authorizes them."""
    import native_accounts
    import nativeauthenticator

    c.JupyterHub.template_paths = [str(Path(nativeauthenticator.__file__).parent / "templates")]
    c.Authenticator.allow_all = VALUES["allowAll"] or not VALUES["allowedUsers"]
    c.NativeAuthenticator.minimum_password_length = native_accounts.MIN_PASSWORD_CHARACTERS
    c.NativeAuthenticator.check_common_password = True
    c.NativeAuthenticator.allowed_failed_logins = 10
    return native_accounts.NativeAccounts


def oauth():
    """Somebody else's login page."""
    from oauthenticator.generic import GenericOAuthenticator

    c.GenericOAuthenticator.client_id = os.environ["OAUTH_CLIENT_ID"]
    c.GenericOAuthenticator.client_secret = os.environ["OAUTH_CLIENT_SECRET"]
    c.GenericOAuthenticator.authorize_url = VALUES["oauthAuthorizeUrl"]
    c.GenericOAuthenticator.token_url = VALUES["oauthTokenUrl"]
    c.GenericOAuthenticator.userdata_url = VALUES["oauthUserdataUrl"]
    c.GenericOAuthenticator.oauth_callback_url = VALUES["oauthCallbackUrl"]
    c.GenericOAuthenticator.username_claim = oauth_username
    c.GenericOAuthenticator.scope = VALUES["oauthScope"]
    if VALUES["oauthAllowedGroups"]:
        c.GenericOAuthenticator.manage_groups = True
        c.GenericOAuthenticator.auth_state_groups_key = oauth_groups
        c.GenericOAuthenticator.allowed_groups = set(VALUES["oauthAllowedGroups"])
    return GenericOAuthenticator


def oauth_username(answer):
    """Return the user's name; an email address counts unless the login page says that it is not verified."""
    claim = VALUES["oauthUsernameClaim"]
    if claim == "email" and answer.get("email_verified", True) not in (True, "true"):
        raise HTTPError(403, "the login page has not verified your email address")
    return answer.get(claim)


def oauth_groups(state):
    """Return the user's groups."""
    groups = state["oauth_user"].get(VALUES["oauthGroupsClaim"]) or []
    return [groups] if isinstance(groups, str) else groups


def iap():
    """An identity-aware proxy in front of the hub signs who the user is."""
    import signed_header

    c.SignedHeaderAuthenticator.header = VALUES["iapHeader"]
    c.SignedHeaderAuthenticator.algorithm = VALUES["iapAlgorithm"]
    c.SignedHeaderAuthenticator.audience = VALUES["iapAudience"]
    c.SignedHeaderAuthenticator.issuer = VALUES["iapIssuer"]
    c.SignedHeaderAuthenticator.username_claim = VALUES["iapUsernameClaim"]
    c.SignedHeaderAuthenticator.keys_url = VALUES["iapKeysUrl"]
    c.SignedHeaderAuthenticator.keys = VALUES["iapKeys"]
    return signed_header.SignedHeaderAuthenticator


AUTHENTICATORS = {
    "dummy": dummy,
    "shared-password": shared_password,
    "native": native,
    "oauth": oauth,
    "iap": iap,
}


def spawner():
    """The pods of the notebooks."""
    c.JupyterHub.spawner_class = "spawners.FormSpawner"
    c.KubeSpawner.namespace = os.environ["POD_NAMESPACE"]
    c.KubeSpawner.slug_scheme = VALUES["slugScheme"]
    c.KubeSpawner.extra_labels = SPAWNED
    c.KubeSpawner.cmd = VALUES["notebookCommand"]
    c.KubeSpawner.image = from_registry(VALUES["jupyterNotebookImage"])
    c.KubeSpawner.image_pull_policy = VALUES["imagePullPolicy"]
    c.KubeSpawner.image_pull_secrets = VALUES["imagePullSecrets"]
    c.KubeSpawner.node_selector = VALUES["notebookNodeSelector"]
    c.KubeSpawner.tolerations = VALUES["notebookTolerations"]
    c.KubeSpawner.start_timeout = VALUES["startTimeout"]
    c.KubeSpawner.http_timeout = 300
    if VALUES["notebookServiceAccount"]:
        c.KubeSpawner.service_account = literal(VALUES["notebookServiceAccount"])
        c.KubeSpawner.automount_service_account_token = True


def from_registry(image):
    """Return the image, from jupyterNotebookRegistry and jupyterNotebookRepoName where they are given."""
    registry, repository = VALUES["jupyterNotebookRegistry"], VALUES["jupyterNotebookRepoName"]
    if not (registry or repository):
        return image
    return "/".join([registry or "quay.io", repository or "jupyter", image.rpartition("/")[2]])


def security():
    """Notebooks run as a plain user and keep to Pod Security `restricted`, unless podSecurity is baseline."""
    c.KubeSpawner.allow_privilege_escalation = False
    c.KubeSpawner.fs_gid = 100
    c.KubeSpawner.pod_security_context = {"seccompProfile": {"type": "RuntimeDefault"}}
    if VALUES["podSecurity"] == "restricted":
        c.KubeSpawner.uid = 1000
        c.KubeSpawner.gid = 100
        c.KubeSpawner.container_security_context = {"runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}}


def resources():
    """What a notebook gets where its user asks for nothing else; Kubernetes' own amounts, such as 1Gi."""
    c.KubeSpawner.extra_resource_guarantees = {
        "cpu": str(VALUES["notebookCpu"]),
        "memory": str(VALUES["notebookMemory"]),
    }
    limits = {
        "cpu": VALUES["notebookCpuLimit"],
        "memory": VALUES["notebookMemoryLimit"],
        "nvidia.com/gpu": VALUES["notebookGpus"],
    }
    c.KubeSpawner.extra_resource_limits = {name: str(amount) for name, amount in limits.items() if amount}
    c.FormSpawner.maximum = VALUES["notebookMaximum"]


def storage():
    """Each user's own claim, and the claims that all share."""
    volumes, mounts = [], []
    if VALUES["jupyterNotebookPVCMount"]:
        c.KubeSpawner.storage_pvc_ensure = True
        c.KubeSpawner.storage_extra_labels = SPAWNED
        c.KubeSpawner.storage_capacity = str(VALUES["notebookPVCSize"])
        c.KubeSpawner.storage_access_modes = ["ReadWriteOnce"]
        if VALUES["storageClass"]:
            c.KubeSpawner.storage_class = VALUES["storageClass"]
        volumes.append({"name": "home", "persistentVolumeClaim": {"claimName": "{pvc_name}"}})
        mounts.append({"name": "home", "mountPath": literal(VALUES["jupyterNotebookPVCMount"])})
    for number, claim in enumerate(VALUES["disks"]):
        volumes.append({"name": f"disk-{number}", "persistentVolumeClaim": {"claimName": literal(claim)}})
        mounts.append({"name": f"disk-{number}", "mountPath": literal(f"/mnt/{claim}")})
    c.KubeSpawner.pvc_name_template = "claim-{user_server}"
    c.KubeSpawner.delete_pvc = False  # a user who is removed from the hub loses no files
    c.KubeSpawner.volumes = volumes
    c.KubeSpawner.volume_mounts = mounts


def literal(text):
    """Return a text in which KubeSpawner finds no {names} to replace."""
    return text.replace("{", "{{").replace("}", "}}")


def form():
    """What a user may choose before the notebook starts."""
    c.KubeSpawner.profile_form_template = FORM
    if VALUES["profiles"]:
        c.KubeSpawner.profile_list = VALUES["profiles"]
    elif VALUES["notebookImages"]:
        own = {"display_name": "Notebook", "slug": "notebook", "default": True, "profile_options": options()}
        c.KubeSpawner.profile_list = [own]


def options():
    """The fields of the form."""
    requests, limits = "extra_resource_guarantees", "extra_resource_limits"
    cpu, memory, gpus = VALUES["notebookCpu"], VALUES["notebookMemory"], VALUES["notebookGpus"]
    return {
        "image": images(),
        "cpu": amount("CPU", requests, "cpu", cpu, QUANTITY, "200m, 1.0, 2.5 …"),
        "memory": amount("Memory", requests, "memory", memory, QUANTITY, "100Mi, 1.5Gi …"),
        "gpus": amount("GPUs", limits, "nvidia.com/gpu", gpus, WHOLE, "0, 1, 2 …"),
    }


def images():
    """The image: one of the list, or any."""
    offered = dict.fromkeys(map(from_registry, [VALUES["jupyterNotebookImage"], *VALUES["notebookImages"]]))
    choices = {f"image-{i}": choice(image, {"image": image}) for i, image in enumerate(offered)}
    return option("Image", choices, IMAGE, "team/image:tag, in lower case", {"image": "{value}"})


def amount(title, kind, name, usual, expected, hint):
    """An amount of a resource: the usual one, or what is typed, as Kubernetes writes it."""
    choices = {"default": choice(str(usual), {kind: {name: str(usual)}} if usual else {})}
    return option(title, choices, expected, hint, {kind: {name: "{value}"}})


def choice(shown, override):
    """One entry of a list."""
    return {"display_name": shown, "kubespawner_override": override}


def option(title, choices, expected, hint, override):
    """A list of which the last entry is a text to type."""
    typed = {
        "enabled": True,
        "display_name": f"like {hint}",
        "validation_regex": expected,
        "validation_message": f"like {hint}",
        "kubespawner_override": override,
    }
    return {"display_name": title, "choices": choices, "unlisted_choice": typed}


def culling():
    """A service of the hub ends notebooks that nobody uses."""
    if not VALUES["cullIdle"]:
        return
    if importlib.util.find_spec("jupyterhub_idle_culler") is None:
        sys.stderr.write("jupyterhub_idle_culler is not in this image: idle notebooks are not ended\n")
        return
    timeout = VALUES["cullTimeout"]
    options = {
        "url": f"http://127.0.0.1:{HUB_PORT}{VALUES['baseUrl']}hub/api",
        "timeout": timeout,
        "cull-every": max(1, min(600, timeout // 2)),
        "concurrency": 10,
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    command = [sys.executable, "-m", "jupyterhub_idle_culler", *flags]
    scopes = ["list:users", "read:users:activity", "read:servers", "delete:servers"]
    c.JupyterHub.services = [{"name": "idle-culler", "command": command}]
    c.JupyterHub.load_roles.append({"name": "idle-culler", "scopes": scopes, "services": ["idle-culler"]})


def extra():
    """The user's own Python, which sees `c` as it is now."""
    path = HERE / "extra_config.py"
    if path.exists():
        program = compile(path.read_text(encoding="utf-8"), str(path), "exec")
        exec(program, {"c": c, "get_config": get_config, "__file__": str(path)})  # noqa: F821


for part in (hub, proxy, login, allowed_hosts, spawner, security, resources, storage, form, culling, extra):
    part()
