"""Protection of the hub against DNS rebinding."""

import ipaddress
import re

from jupyterhub.handlers import BaseHandler

HOST = re.compile(r"(?:\[(?P<ipv6>[0-9a-f:.]+)\]|(?P<name>[^\s:@/\[\]]+))(?::[0-9]*)?")
REFUSED = "this hub does not serve the host of this URL; its parameter allowedHosts lists additional hosts\n"


def service_names(namespace):
    """Return the DNS names of the hub's Services, as pods of the cluster write them."""
    suffixes = ("", f".{namespace}", f".{namespace}.svc", f".{namespace}.svc.cluster.local")
    return {service + suffix for service in ("tf-hub-0", "tf-hub-lb") for suffix in suffixes}


def is_allowed(host, names):
    """Return whether a Host header holds one of the names or an IP address.

    A page of another site that rebinds its own name to the hub's address still sends that name. An IP address
    can't be rebound, so probes, NodePorts, and port-forwards that use one are no risk.
    """
    match = HOST.fullmatch(host.lower())
    if match is None:
        return False
    return match["name"] in names or is_address(match["ipv6"] or match["name"])


def is_address(text):
    """Return whether a text is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def refuse_other_hosts(names):
    """Make the hub answer 403 to every request whose Host header is not allowed."""
    prepare = BaseHandler.prepare

    async def checked_prepare(handler):
        if is_allowed(handler.request.host, names):
            await prepare(handler)
        else:
            handler.log.warning("Refused a request for the host %.100r", handler.request.host)
            handler.set_status(403)
            handler.finish(REFUSED)

    BaseHandler.prepare = checked_prepare
