"""The ways to log in that JupyterHub does not bring."""

from jupyterhub.auth import Authenticator
from jupyterhub.handlers import BaseHandler
from tornado.web import HTTPError
from traitlets import Unicode


def by_parameters(kind):
    """Return that kind of authenticator, made to forget in a restart whom the parameters no longer name."""

    class ByParameters(kind):
        auth_refresh_strict = True  # JupyterHub 6: tokens too

        async def refresh_user(self, user, handler=None):
            """Let old cookies and tokens count for who is named, or has logged in since the hub's start."""
            known = self.allow_all or user.name in self.allowed_users or user._auth_refreshed
            return known and await super().refresh_user(user, handler)

    return ByParameters


class BlankPasswordAuthenticator(Authenticator):
    """Lets in the users of a list, without a password. Whoever types one expects it to count: refused."""

    async def authenticate(self, handler, data):
        """Return the user's name, or None."""
        return None if data["password"] else data["username"]


class AnyPasswordAuthenticator(Authenticator):
    """Lets in whoever may, with whatever password, as the hub of Kubeflow 0.2.5 did."""

    async def authenticate(self, handler, data):
        """Return the user's name."""
        return data["username"]


class HeaderAuthenticator(Authenticator):
    """Believes the proxy before the hub, which names the user in a header, as NAME or ISSUER:NAME."""

    auto_login = True
    header = Unicode(config=True, help="The header that names the user.")

    def login_url(self, base_url):
        """Return the page that reads the header."""
        return base_url + "header-login"

    def get_handlers(self, app):
        """Return that page."""
        return [("/header-login", HeaderLogin)]

    async def authenticate(self, handler, data):
        """Return the name in the header, or None without one."""
        return handler.request.headers.get(self.header, "").rpartition(":")[2] or None


class HeaderLogin(BaseHandler):
    """Logs in whom the header names."""

    async def get(self):
        """Go on to the page that was asked for."""
        user = await self.login_user({})
        if user is None:
            raise HTTPError(403, f"the header {self.authenticator.header} names nobody who may log in")
        self.redirect(self.get_next_url(user))
